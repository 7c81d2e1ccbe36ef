"""The journal's ring over a model of a NOR flash: appends, openings, erases, power cuts, damage."""

import pytest
from model.nor import Nor

from device.journal import layout
from device.journal.ahead import Ahead
from device.journal.check import Check
from device.journal.repair import format_ring
from device.journal.ring import Ring
from device.journal.stored import first_seq, nearly_full

FIRST = 2


def event(n):
    return (b"event %d " % n) * (1 + n % 9)


CHECKPOINT = b"checkpoint" * 30


def record(ring, raw):
    """What the shell does: open the next sector when the event does not fit."""
    seq = ring.append(raw)
    if seq is None:
        ahead = Ahead(ring)
        while ahead.wanted():
            ahead.erase_step()
        assert ring.open(CHECKPOINT)
        seq = ring.append(raw)
    return seq


def fresh(blocks=16):
    flash = Nor(blocks)
    ring = Ring(flash, blocks, FIRST)
    assert ring.scan() == 0
    format_ring(ring)
    ring.open(CHECKPOINT)
    return flash, ring


def with_spare():
    """A ring with one event and sectors that are erased ahead."""
    flash, ring = fresh()
    record(ring, b"one")
    ahead = Ahead(ring)
    while ahead.wanted():
        ahead.erase_step()
    return flash, ring


def again(flash, blocks=16):
    ring = Ring(flash, blocks, FIRST)
    ring.scan()
    sector = ring.read_sector(ring.epoch)
    ring.adopt(sector)
    return ring, sector


def stored(ring):
    """{seq: bytes} of all events that the ring still holds."""
    found = {}
    for epoch in range(ring.oldest, ring.epoch + 1):
        for seq, raw in ring.read_sector(epoch).events:
            found[seq] = bytes(raw)
    return found


@pytest.mark.req("J-01")
def test_what_was_appended_is_read_after_a_boot():
    flash, ring = fresh()
    written = {record(ring, event(n)): event(n) for n in range(60)}
    ring, sector = again(flash)
    found = stored(ring)
    assert {seq: found[seq] for seq in written} == written
    assert sector.gaps == []


@pytest.mark.req("J-03")
def test_the_oldest_sectors_go_first_and_a_loss_is_announced():
    flash, ring = fresh()
    ahead = Ahead(ring)
    announced = []
    for n in range(400):
        while ahead.wanted():
            lost = ahead.would_lose()
            if lost and lost not in announced:
                announced.append(lost)
            ahead.erase_step()
        assert record(ring, event(n)) == ring.seq
    assert ring.oldest > 1
    assert announced[0][0] == 1
    assert announced[-1][1] == first_seq(ring) - 1
    assert sorted(stored(ring)) == list(range(first_seq(ring), ring.seq + 1))


@pytest.mark.req("J-03")
def test_exported_events_are_not_announced_as_lost():
    flash, ring = fresh()
    ahead = Ahead(ring)
    for n in range(400):
        ring.exported = ring.seq
        while ahead.wanted():
            assert ahead.would_lose() is None
            ahead.erase_step()
        record(ring, event(n))
    assert not nearly_full(ring)
    assert again(flash)[0].exported > 0


@pytest.mark.req("J-03")
def test_nearly_full_from_four_fifths_on():
    flash, ring = fresh(64)
    while ring.epoch < 32 * 80 // 100:
        assert not nearly_full(ring)
        record(ring, event(1))
    while ring.epoch < 28:
        record(ring, event(1))
    assert nearly_full(ring)
    ring.exported = ring.seq
    assert not nearly_full(ring)


def test_littlefs_pointers_stand_in_every_block():
    flash, ring = fresh()
    for n in range(300):
        record(ring, event(n))
    for block in range(16):
        wanted = layout.pointers(block, FIRST)
        assert flash.read(block, 0, len(wanted)) == wanted
    assert layout.pointers(6, 2) == b"\x07\0\0\0\x06\0\0\0"
    assert layout.pointers(0, 2) == b""


@pytest.mark.req("J-02", "J-05")
def test_damage_in_one_copy_is_mended_and_in_both_is_a_gap():
    flash, ring = fresh()
    for n in range(6):
        record(ring, b"short %d" % n)
    slot = 7 + 3  # the checkpoint takes 7 slots
    for copy in (0, 8):
        at = copy * layout.BLOCK + slot * layout.SLOT
        flash.memory[at + 20] ^= 1
        ring, sector = again(flash)
        if copy == 0:
            assert sector.gaps == [] and len(sector.events) == 7
            flash.memory[at + 20] |= 1  # whether or not mending could set it right
            flash.memory[at + 60] = 0
    assert sector.gaps == [(4, 4)]
    assert [seq for seq, _ in sector.events] == [1, 2, 3, 5, 6, 7]


@pytest.mark.req("J-02")
def test_a_tail_lost_in_both_copies_is_a_gap_and_its_number_is_not_used_again():
    flash, ring = fresh()
    record(ring, b"one")
    last = record(ring, b"two")
    slot = ring.used - 1
    for copy in (0, 8):
        flash.memory[copy * layout.BLOCK + slot * layout.SLOT + 15] ^= 0x10
    ring, sector = again(flash)
    assert sector.gaps == [(last, last)]
    assert record(ring, b"three") == last + 1


# -- an event that the power has cut off between its copies


def blank_slots(flash, copy, first, end):
    """As if the power had gone before these slots of the first sector were programmed in `copy` of 8 sectors."""
    at = copy * 8 * layout.BLOCK
    flash.memory[at + first * layout.SLOT : at + end * layout.SLOT] = b"\xff" * ((end - first) * layout.SLOT)


@pytest.mark.req("J-01", "J-02")
@pytest.mark.parametrize("length", [5, 200], ids=["one slot", "over two pages"])
def test_an_event_counts_once_copy_b_of_its_last_page_is_begun(length):
    """What stands in copy A alone may be weak tomorrow: a boot makes it void, and the next event gets its number."""
    flash, ring = fresh()
    record(ring, b"kept")
    before = ring.used
    number = record(ring, b"x" * length)
    end = ring.used
    blank_slots(flash, 1, max(before, (end - 1) // 4 * 4), end)
    ring, sector = again(flash)
    assert [seq for seq, _ in sector.events] == [1, 2]
    assert record(ring, b"next") == number
    # whatever its cells do afterwards
    assert not any(
        layout.is_record(flash.read(0, slot * 64, 64)) for slot in range(max(before, (end - 1) // 4 * 4), end)
    )
    ring, sector = again(flash)
    assert sector.events[-1] == (number, b"next") and sector.gaps == [] and ring.seq == number


@pytest.mark.req("J-01", "J-02")
def test_an_event_whose_copy_b_was_begun_counts_and_is_mended():
    flash, ring = fresh()
    number = record(ring, b"kept")
    slot = ring.used - 1
    flash.memory[8 * layout.BLOCK + slot * layout.SLOT + 20] = 0xFF  # a bit or more was not reached
    ring, sector = again(flash)
    assert sector.events[-1] == (number, b"kept")
    assert flash.read(0, slot * 64, 64) == flash.read(8, slot * 64, 64)


@pytest.mark.req("J-01", "S-03")
def test_an_event_that_cannot_be_made_void_is_kept():
    flash, ring = fresh()
    number = record(ring, b"kept")
    blank_slots(flash, 1, ring.used - 1, ring.used)
    flash.refuses = True
    ring, sector = again(flash)
    assert sector.events[-1] == (number, b"kept") and ring.seq == number


@pytest.mark.req("J-01", "S-03")
@pytest.mark.parametrize("copy", [0, 1])
def test_an_event_that_only_one_copy_takes_is_written_twice_and_kept(copy, monkeypatch):
    flash, ring = fresh()
    program = flash.program
    with monkeypatch.context() as patch:
        patch.setattr(
            flash, "program", lambda block, offset, page: None if block // 8 == copy else program(block, offset, page)
        )
        numbers = [record(ring, event) for event in (b"one", b"two")]
        assert numbers == [2, 3]
    ring, sector = again(flash)
    assert sector.events[1:] == [(2, b"one"), (3, b"two")] and sector.gaps == []
    assert record(ring, b"next") == 4


@pytest.mark.req("J-02")
def test_an_opening_counts_once_copy_b_of_its_first_page_is_begun():
    flash, ring = with_spare()
    blank = bytes(flash.memory[9 * layout.BLOCK : 10 * layout.BLOCK])
    assert ring.open(b"small checkpoint")
    flash.memory[9 * layout.BLOCK : 10 * layout.BLOCK] = blank
    ring, sector = again(flash)
    assert ring.epoch == 1 and ring.seq == 2 and sector.events[-1] == (2, b"one")
    assert layout.get_header(flash.read(1, 0, 64)) is None
    # that sector is passed over, and the number is given again
    assert ring.open(CHECKPOINT) and ring.epoch == 3 and ring.seq == 3


def gone_round():
    """A ring whose next sectors hold old events."""
    flash, ring = fresh()
    for n in range(400):
        record(ring, event(n))
    assert Ahead(ring).wanted()
    return flash, ring


def steps(flash, ring, count):
    """The flash operations of so many erases ahead."""
    operations = []
    flash.before = lambda operation: operations.append((operation.kind, operation.block))
    for _ in range(count):
        Ahead(ring).erase_step()
    flash.before = None
    return operations


@pytest.mark.req("J-02", "J-05")
def test_a_mark_is_made_firm_before_the_other_copy_is_erased():
    """Weak, it would be gone later, and a sector that is blank and unmarked in both copies looks as if somebody had erased the newest one."""
    flash, ring = gone_round()
    a, b = ring.index(ring.ready + 1), ring.index(ring.ready + 1) + ring.sectors
    assert steps(flash, ring, 1) == [("erase", a), ("program", a)]
    ring, _ = again(flash)
    assert steps(flash, ring, 2) == [("program", a), ("erase", b), ("program", b)]
    assert ring.is_ready(ring.ready)


@pytest.mark.req("J-02", "J-05")
def test_a_copy_that_is_blank_and_not_marked_is_erased_before_the_other():
    flash, ring = gone_round()
    a, b = ring.index(ring.ready + 1), ring.index(ring.ready + 1) + ring.sectors
    flash.memory[b * layout.BLOCK : (b + 1) * layout.BLOCK] = b"\xff" * layout.BLOCK
    flash.memory[a * layout.BLOCK : a * layout.BLOCK + layout.PAGE] = bytes(layout.PAGE)
    assert steps(flash, ring, 2) == [("erase", b), ("program", b), ("program", b), ("erase", a), ("program", a)]
    assert ring.is_ready(ring.ready)


@pytest.mark.req("J-02", "J-05")
def test_the_copy_that_is_known_is_erased_last():
    """The mark of copy A was torn when it was made firm, and the erase of copy B was cut off: were A erased next and cut off too, nothing would be known."""
    flash, ring = gone_round()
    a, b = ring.index(ring.ready + 1), ring.index(ring.ready + 1) + ring.sectors
    flash.memory[a * layout.BLOCK : (a + 1) * layout.BLOCK] = bytes(layout.PAGE) + b"\xff" * (
        layout.BLOCK - layout.PAGE
    )
    flash.memory[b * layout.BLOCK : (b + 1) * layout.BLOCK] = bytes(layout.BLOCK)
    assert steps(flash, ring, 2) == [("erase", b), ("program", b), ("program", b), ("erase", a), ("program", a)]


@pytest.mark.req("J-02", "J-05")
def test_an_old_sector_with_one_header_whose_erase_was_cut_off_is_no_loss():
    flash, ring = gone_round()
    while ring.ready > ring.epoch:
        ring.open(CHECKPOINT)
    a, b = ring.index(ring.ready + 1), ring.index(ring.ready + 1) + ring.sectors
    flash.memory[b * layout.BLOCK + layout.CRC_AT] ^= 1
    flash.memory[a * layout.BLOCK : a * layout.BLOCK + 2048] = b"\xff" * 2048
    found, _ = again(flash)
    assert not found.ruined and found.epoch == ring.epoch


@pytest.mark.req("J-02", "S-03")
def test_a_sector_whose_copy_b_refuses_its_opening_is_passed_over(monkeypatch):
    flash, ring = with_spare()
    program = flash.program
    with monkeypatch.context() as patch:
        patch.setattr(
            flash, "program", lambda block, offset, page: None if block == 9 else program(block, offset, page)
        )
        assert ring.open(CHECKPOINT)
    assert ring.epoch == 3 and ring.seq == 3
    assert record(ring, b"two") == 4
    ring, sector = again(flash)
    assert ring.epoch == 3 and sector.gaps == [] and [seq for seq, _ in sector.events] == [3, 4]


@pytest.mark.req("J-05")
def test_a_lost_header_does_not_hide_the_newest_sector():
    flash, ring = fresh()
    for n in range(70):
        record(ring, event(n))
    epoch, seq = ring.epoch, ring.seq
    for copy in (0, 8):
        flash.memory[(copy + epoch - 1) * layout.BLOCK + 40] ^= 1
    ring, sector = again(flash)
    assert ring.epoch == epoch
    assert sector.seq == seq


@pytest.mark.req("S-03")
def test_a_flash_that_refuses_writes_is_told():
    flash, ring = fresh()
    flash.refuses = True
    assert ring.append(b"not stored") == 0
    assert ring.lost == (2, 2)
    flash.refuses = False
    assert ring.append(b"stored") == 3


def test_an_event_takes_no_slot_that_is_not_blank():
    flash, ring = fresh()
    flash.memory[ring.used * layout.SLOT + 30] = 0x7F
    where = ring.used
    assert ring.append(b"next") == 2
    assert ring.used == where + 2


@pytest.mark.req("J-04", "J-05")
def test_what_is_appended_and_opened_while_everything_is_checked_is_no_damage():
    steps = 0
    done = False
    while not done:
        # given a ring of four sectors, whose check has come so far
        _, ring = fresh(32)
        while ring.epoch < 4:
            record(ring, event(ring.seq))
        check = Check(ring)
        for _ in range(steps):
            check.step()
        done = check.done
        # when events are appended, so that sectors are opened
        while ring.epoch < 6:
            record(ring, event(ring.seq))
        while not check.done:
            check.step()
        # then nothing is damaged
        assert (check.gaps, check.stale) == ([], []), f"after {steps} steps"
        steps += 1
    assert steps >= 30
