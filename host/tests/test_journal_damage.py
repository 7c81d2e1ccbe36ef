"""What age, wear, a hand or a chip that fails do to the journal: found, mended from the other copy, or told; never taken for true (J-02, J-04, J-05)."""

import random
import struct
from binascii import crc32
from functools import cache, lru_cache
from itertools import count

import pytest
from model.nor import Nor
from power_cuts import GAP, WORDS, Life, Told

from device.journal import layout
from device.journal.check import Check
from device.journal.ring import Ring
from dosecore.events import decode

SECTORS = 12
SMALL = 4
BLOCK = layout.BLOCK


@cache
def written(sectors: int, events: int) -> tuple[bytes, dict[int, bytes]]:
    """A journal that nothing has happened to: the flash and {seq: bytes} of what it holds."""
    flash = Nor(2 * sectors)
    told = Told()
    life = Life(flash, sectors, told, random.Random(1))
    life.begin()
    for n in range(events):
        life.commit("fault", {"code": "test", "words": WORDS[: 37 * n % len(WORDS)]})
        life.upkeep.tidy(life.now)
        while life.upkeep.erase_wanted():
            life.upkeep.erase(life.now)
    ring = Ring(Nor(0, bytes(flash.memory)), 2 * sectors, 2)
    ring.scan()
    return bytes(flash.memory), stored(ring)


def stored(ring: Ring) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    for epoch in range(ring.oldest, ring.epoch + 1):
        a, b = (ring.flash.read(ring.index(epoch) + copy * ring.sectors, 0, BLOCK) for copy in (0, 1))
        for seq, raw in events_of(epoch, ring.sectors, a, b):
            assert found.setdefault(seq, raw) == raw
    return found


@lru_cache(maxsize=64)  # a trial changes one sector: the others are read once
def events_of(epoch: int, sectors: int, a: bytes, b: bytes) -> list[tuple[int, bytes]]:
    """What the ring reads in a sector whose two copies are `a` and `b`."""
    flash = Nor(2 * sectors)
    ring = Ring(flash, 2 * sectors, 2)
    for block, contents in ((ring.index(epoch), a), (ring.index(epoch) + sectors, b)):
        flash.memory[block * BLOCK : (block + 1) * BLOCK] = contents
    sector = ring.read_sector(epoch)
    return [(seq, bytes(raw)) for seq, raw in sector.events] if sector else []


class Found:
    """What a boot and the check after it make of a flash."""

    def __init__(self, memory: bytes | bytearray, sectors: int = SECTORS) -> None:
        self.flash = Nor(2 * sectors, memory)
        self.life = Life(self.flash, sectors, Told(), random.Random(1))
        self.events = stored(self.life.ring)
        check = Check(self.life.ring)
        while not check.done:
            check.step()
        self.stale = check.stale
        replayed = self.life.found
        self.gaps = list(check.gaps) + (list(replayed.gaps) if replayed else [])
        self.sound = replayed is not None and replayed.sound

    def checked_in_service(self) -> "Found":
        """The board goes on and checks its whole journal: copies that have rotted are written anew. What the next boot finds."""
        life = self.life
        life.begin()
        while life.upkeep.check_wanted(life.now):
            life.upkeep.check_step(life.now)
        while life.upkeep.erase_wanted():
            life.upkeep.erase(life.now)
        return Found(life.flash.memory)

    def tells(self, seq: int) -> bool:
        """The device says that something is wrong with this event, or with the whole."""
        return not self.sound or any(first <= seq <= last for first, last in self.gaps)


def judge(memory: bytes | bytearray, truth: dict[int, bytes], what: str, sectors: int = SECTORS) -> bool:
    """No event is lost or altered without a word. True when nothing at all is missing."""
    found = Found(memory, sectors)
    whole = True
    for seq, raw in truth.items():
        if found.events.get(seq) != raw:
            whole = False
            assert found.tells(seq), f"{what}: event {seq} is lost or altered, and nothing tells of it"
    for seq, raw in found.events.items():
        assert truth.get(seq, raw) == raw or found.tells(seq), f"{what}: event {seq} is not what was written"
        assert seq in truth, f"{what}: event {seq} was never written"
    return whole


# -- single bits


@pytest.mark.req("J-02", "J-04")
def test_every_single_bit_flip_of_every_record_is_found() -> None:
    memory, _ = written(24, 1_000)
    flips = 0
    for at in range(0, len(memory), layout.SLOT):
        slot = bytearray(memory[at : at + layout.SLOT])
        if not layout.is_record(slot):
            continue
        for byte in range(layout.SLOT):
            for bit in range(8):
                slot[byte] ^= 1 << bit
                assert not layout.is_record(slot)
                slot[byte] ^= 1 << bit
                flips += 1
    print(f"{flips} flips")
    assert flips > 300_000


def flipped(memory: bytes, places: list[int], bit: int) -> bytearray:
    changed = bytearray(memory)
    for place in places:
        changed[place] ^= 1 << bit
    return changed


@pytest.mark.req("J-02", "J-04", "J-05")
@pytest.mark.parametrize("quarter", range(4))
def test_every_single_bit_flip_in_a_sector_is_harmless_or_found(quarter: int) -> None:
    """One bit in copy A costs nothing; the same bit in both copies is told, wherever an event is lost by it."""
    memory, truth = written(SMALL, 26)  # one sector that is full
    for place in range(quarter * BLOCK // 4, (quarter + 1) * BLOCK // 4):
        for bit in range(8):
            what = f"byte {place} bit {bit}"
            assert judge(flipped(memory, [place], bit), truth, f"{what} of copy A", SMALL)
            if bit == place % 8:
                judge(flipped(memory, [place, place + SMALL * BLOCK], bit), truth, f"{what} of both copies", SMALL)


@pytest.mark.req("J-02", "J-04", "J-05")
def test_two_thousand_bit_flips_elsewhere_are_harmless_or_found() -> None:
    memory, truth = written(SECTORS, 260)
    rng = random.Random(7)
    for n in range(2_000):
        place = rng.randrange(SECTORS * BLOCK)
        places = [place, place + SECTORS * BLOCK] if n % 2 else [place + rng.randrange(2) * SECTORS * BLOCK]
        whole = judge(flipped(memory, places, rng.randrange(8)), truth, f"flip {n} at {places}")
        assert whole or n % 2, "one copy was enough to lose an event"


# -- a hand


def slots_of(memory: bytes | bytearray, seq: int) -> list[int]:
    """Where the records of an event stand in copy A."""
    return [
        at
        for at in range(0, SECTORS * BLOCK, layout.SLOT)
        if layout.is_record(memory[at : at + layout.SLOT]) and layout.record(memory[at : at + layout.SLOT])[4] == seq
    ]


def put(memory: bytearray, at: int, slot: bytes) -> None:
    """The same bytes into both copies."""
    for copy in (0, SECTORS * BLOCK):
        memory[at + copy : at + copy + layout.SLOT] = slot


def sealed(slot: bytearray) -> bytes:
    """A record with its CRC made right again."""
    struct.pack_into("<I", slot, layout.CRC_AT, crc32(bytes(slot[: layout.CRC_AT])) & 0xFFFFFFFF)
    return bytes(slot)


@pytest.mark.req("J-04")
@pytest.mark.parametrize("seq", [30, 75, 110, 149])
def test_an_event_that_somebody_altered_renumbered_removed_or_moved_is_found(seq: int) -> None:
    memory, truth = written(SECTORS, 150)
    first, second = slots_of(memory, seq), slots_of(memory, seq + 1)

    altered = bytearray(memory)
    slot = bytearray(altered[first[0] : first[0] + layout.SLOT])
    slot[layout.PAYLOAD_AT + 8] ^= 1
    put(altered, first[0], sealed(slot))
    assert Found(altered).tells(seq)

    removed = bytearray(memory)
    for at in first:
        put(removed, at, b"\xff" * layout.SLOT)
    assert Found(removed).tells(seq)

    # removed, and those that follow take its place and its number: only the chain can tell
    moved = bytearray(memory)
    if len(first) == len(second) == 1:
        slot = bytearray(memory[second[0] : second[0] + layout.SLOT])
        struct.pack_into("<I", slot, 4, seq)
        put(moved, first[0], sealed(slot))
        assert Found(moved).tells(seq)

    swapped = bytearray(memory)
    for a, b in zip(first, second, strict=False):
        put(swapped, a, memory[b : b + layout.SLOT])
        put(swapped, b, memory[a : a + layout.SLOT])
    assert Found(swapped).tells(seq) or Found(swapped).tells(seq + 1)


@pytest.mark.req("J-05")
@pytest.mark.parametrize("fill", [0x00, 0x5A, 0xFF])
def test_a_newest_sector_that_is_wiped_in_both_copies_is_told(fill: int) -> None:
    memory, _ = written(SECTORS, 150)
    ring = Ring(Nor(0, memory), 2 * SECTORS, 2)
    index = (ring.scan() - 1) % SECTORS
    wiped = bytearray(memory)
    for copy in (0, SECTORS):
        wiped[(index + copy) * BLOCK : (index + copy + 1) * BLOCK] = bytes([fill]) * BLOCK
    found = Found(wiped)
    assert not found.sound and found.gaps
    # and a number that may have been used is not used again
    assert found.life.ring.seq > ring.read_sector(ring.epoch - 1).seq + layout.SLOTS - 1


# -- a copy that has rotted


@pytest.mark.req("J-02", "J-05")
def test_a_copy_that_has_rotted_is_written_anew_from_the_other() -> None:
    memory, truth = written(SECTORS, 150)
    for copy in (0, 1):
        rotten = bytearray(memory)
        at = copy * SECTORS * BLOCK  # the sector of epoch 1
        for place in (50, 1200, 1201, 3000):
            rotten[at + place] ^= 0x41
        found = Found(rotten)
        assert found.stale == [(1, copy)] and found.gaps == [] and found.sound
        again = found.checked_in_service()
        assert again.stale == [] and again.sound and again.gaps == []
        assert {seq: again.events[seq] for seq in truth} == truth


@pytest.mark.req("J-02", "J-05")
@pytest.mark.parametrize("copy", [0, 1])
def test_a_copy_that_alone_holds_an_event_is_not_written_anew(copy: int) -> None:
    """Each copy has lost an event that the other holds: both stay as they are, and nothing is lost."""
    memory, truth = written(SECTORS, 150)
    ring = Ring(Nor(0, memory), 2 * SECTORS, 2)
    ring.scan()
    seqs = [seq for seq, _ in ring.read_sector(1).events]
    holed = bytearray(memory)
    for seq, which in ((seqs[5], copy), (seqs[9], 1 - copy)):
        for at in slots_of(memory, seq):
            holed[at + which * SECTORS * BLOCK : at + which * SECTORS * BLOCK + layout.SLOT] = b"\xff" * layout.SLOT
    found = Found(holed)
    assert found.sound and found.gaps == [] and sorted(found.stale) == [(1, 0), (1, 1)]
    again = found.checked_in_service()
    assert {seq: again.events.get(seq) for seq in truth} == truth


@pytest.mark.req("J-02")
def test_pointers_of_the_filesystem_that_have_rotted_are_written_anew() -> None:
    memory, _ = written(SECTORS, 150)
    rotten = bytearray(memory)
    rotten[BLOCK + 1] ^= 0x10
    found = Found(rotten)
    assert found.stale == [(2, 0)] and found.sound


# -- calls that fail


def lived(flash: Nor, seed: int) -> Told:
    """A boot and forty things that happen; what was confirmed."""
    told = Told()
    life = Life(flash, SMALL, told, random.Random(seed))
    life.begin()
    for _ in range(40):
        life.act()
    return told


@pytest.mark.req("J-02", "J-05", "S-03")
@pytest.mark.parametrize("failing", ["raises", "silent", "after"])
def test_every_write_and_erase_fails_once_and_nothing_confirmed_is_lost(failing: str) -> None:
    seed = 3
    flash = Nor(2 * SMALL)
    lived(flash, seed)
    for number in range(flash.operations):
        flash = Nor(2 * SMALL)
        flash.fails_at, flash.failing = number, failing
        told = lived(flash, seed)
        flash.fails_at = None
        expect_all(flash, told, f"operation {number} {failing}")


@pytest.mark.req("J-02", "J-05")
@pytest.mark.parametrize("lie", ["zeros", "ones", "one bit"])
def test_every_read_lies_once_and_nothing_confirmed_is_lost(lie: str) -> None:
    seed = 4
    reads = count()
    flash = Nor(2 * SMALL)
    flash.lies = lambda at, seen: (next(reads), seen)[1]
    lived(flash, seed)
    total = next(reads)
    rng = random.Random(5)
    numbers = range(total)
    for number in numbers:
        counted = count()

        def lied(at: int, seen: bytes, number: int = number, counted: "count[int]" = counted) -> bytes:
            if next(counted) != number or not seen:
                return seen
            if lie == "one bit":
                place = rng.randrange(len(seen))
                return seen[:place] + bytes([seen[place] ^ 1 << rng.randrange(8)]) + seen[place + 1 :]
            return (b"\x00" if lie == "zeros" else b"\xff") * len(seen)

        flash = Nor(2 * SMALL)
        flash.lies = lied
        told = lived(flash, seed)
        flash.lies = None
        expect_all(flash, told, f"read {number} lied")


def expect_all(flash: Nor, told: Told, what: str) -> None:
    """After the next boot: what was confirmed is there, or the journal tells of it; and the board takes events."""
    found = Found(flash.memory, SMALL)
    losses = [
        (decode(raw).detail["first"], decode(raw).detail["last"]) for raw in found.events.values() if raw[0] == GAP
    ]
    for seq, raw in told.confirmed.items():
        if found.events.get(seq) != raw:
            known = any(first <= seq <= last for first, last in losses) or seq <= told.exported
            assert known or found.tells(seq), f"{what}: event {seq} is lost, and nothing tells of it"
    life = found.life
    life.begin()
    if not life.keeper.recorded:
        life.now = life.keeper.mend_at()
        life.keeper.mend(life.now)
    assert life.keeper.recorded, f"{what}: the board does not come back"


# -- wear


@pytest.mark.req("J-03")
def test_wear_of_ten_years_with_a_thousand_events_a_day_is_below_a_tenth_of_what_the_flash_takes() -> None:
    """Erases counted over 40,000 events on the real geometry; the most worn block, taken to 3,650,000 events."""
    flash = Nor(256)
    life = Life(flash, 128, Told(), random.Random(1))
    life.begin()
    events = 40_000
    for n in range(events):
        life.commit("audio-paused", {})
        if n % 8 == 0:
            life.upkeep.tidy(life.now)
            while life.upkeep.erase_wanted():
                life.upkeep.erase(life.now)
    cycles = max(flash.erases) * 3_650_000 / events
    print(f"{max(flash.erases)} erases of the most worn block in {events} events: {cycles:.0f} in ten years")
    assert 0 < cycles < 10_000
