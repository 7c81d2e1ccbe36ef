"""Power cuts at random flash operations of the emulated board, torn in every way: what was confirmed by its sound is in the flash (J-02).

The journal's code has its own proof (host/tests/test_journal_power_cuts.py); this one has the real driver, the real boot and the buzzer's word. What
stands in the flash is read by the host's reader, which shares no code with the device's.
"""

import random
from functools import partial
from typing import NamedTuple

import pytest

from dosebell.image.files import BOARDS
from dosebell.image.micropython import load_micropython
from dosebell.journal_reader import SLOT_BYTES, Place, follow, header_of, read_sector
from dosebell.sim.flash import FlashOperation
from dosebell.sim.pico import SRAM_BASE, SRAM_BYTES
from hil_tests import scenes
from hil_tests.bench import EmulatedBench, in_a_copy
from hil_tests.conftest import MakeBench
from hil_tests.prepared import QUICK, Past
from hil_tests.scenes import TAKEN_HZ, pitched
from tests.model.nor import ERASE_TEARS, PROGRAM_TEARS, Nor, Operation

STORAGE = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
SECTORS = STORAGE.journal_blocks // 2
SECTOR_BYTES = 4096
# A press is heard after its debouncing, its event and the read-back.
PRESS_S = 0.12
# A boot fetches its modules for so long, before it looks at the journal.
UNREAD_S = 0.3
# The self-test of a boot sounds as a press that was taken does; it is over by then.
SELF_TESTED_S = 1.0 - UNREAD_S
# Beyond what an erase ahead waits for: a quiet minute.
QUIET_S = 75.0


def torn(rng: random.Random, seen: dict[str, int], operation: FlashOperation, before: bytes, after: bytes) -> bytes:
    """A tear of the flash model, on one page or block of the board."""
    erase = operation.kind == "erase"
    how = rng.choice(ERASE_TEARS if erase else PROGRAM_TEARS)
    seen[how] = seen.get(how, 0) + 1
    model = Nor(0, before.ljust(SECTOR_BYTES, b"\xff"))
    model.tear(Operation(operation.kind, 0, 0, None if erase else after), how, rng)
    if rng.random() < 0.5:
        model.settle()
    return bytes(model.memory[: len(before)])


class Journal:
    """The journal as it stands in a flash. `events` and their bytes, `raw`, by number; `gaps` as the host finds them."""

    def __init__(self, flash: bytes) -> None:
        self.events = {}
        self.raw: dict[int, bytes] = {}
        self.gaps = []
        heads: dict[int, int] = {}
        for index in range(SECTORS):
            for copy in (0, 1):
                head = header_of(self._sector(flash, index, copy)[:SLOT_BYTES])
                if head is not None:  # one that was torn may name any sector
                    heads.setdefault(head.epoch, index)
        place = Place()
        for epoch in sorted(heads):
            if epoch <= max(heads) - SECTORS or heads[epoch] != (epoch - 1) % SECTORS:
                continue
            index = heads[epoch]
            found = read_sector(epoch, self._sector(flash, index, 0), partial(self._sector, flash, index, 1))
            if found.header is None:
                continue
            self.gaps += follow(found, place)
            self.events.update({each.seq: each.event for each in found.events})
            self.raw.update({each.seq: each.raw for each in found.events})

    @staticmethod
    def _sector(flash: bytes, index: int, copy: int) -> bytes:
        at = STORAGE.journal_offset + (index + copy * SECTORS) * SECTOR_BYTES
        return flash[at : at + SECTOR_BYTES]

    def presses(self) -> list[int]:
        """The numbers of those that are stored."""
        return [seq for seq, event in self.events.items() if event is not None and event.kind == "audio-paused"]

    def told(self) -> list[str]:
        """What the device itself says of losses and faults; that a torn copy is written anew from the other is neither."""
        return [
            str(event)
            for event in self.events.values()
            if event is not None
            and event.kind in ("journal-gap", "fault")
            and event.detail.get("code") != "journal-copy"
        ]


class Lived(NamedTuple):
    """What is left of a life: the flash, how often PAUSE was pressed and heard as taken, how the flash was torn."""

    flash: bytes
    pressed: int
    heard: int
    tears: dict[str, int]


def live(bench: EmulatedBench, flash: bytes, operation: int, seed: int, quiet: bool) -> Lived:
    """The board, which has not looked at its journal yet, has that flash; one life, to a cut in that flash operation."""
    bench.pico.poke_flash(0, flash)
    tears: dict[str, int] = {}
    bench.pico.cut_power_at(operation, partial(torn, random.Random(seed), tears))
    bench.wait(QUIET_S if quiet else SELF_TESTED_S)
    presses: list[float] = []
    while bench.powered and len(presses) < 8:
        presses.append(bench.now)
        bench.hold("pause", PRESS_S)
        bench.wait(0.02)
    taken = [tone.start for tone in pitched(bench, TAKEN_HZ, presses[0])] if presses else []
    heard = sum(any(0 <= start - pressed <= PRESS_S for start in taken) for pressed in presses)
    if bench.powered:
        bench.cut_power()
    return Lived(bench.pico.snapshot(), len(presses), heard, tears)


class Board:
    """A board that is pressed, cut and judged, again and again. `flash`: what its last life has left.

    bench: a board with the same image that was switched on UNREAD_S ago. Each life goes on from there in a copy, with the flash of the life before.
    """

    def __init__(self, bench: EmulatedBench, flash: bytes, seed: int) -> None:
        self._bench = bench
        self.flash = flash
        self.rng = random.Random(seed)
        self.tears: dict[str, int] = {}
        self.confirmed = 0
        found = Journal(flash)
        self.told = found.told()
        self.kept = found.raw  # what has to be there for ever

    @property
    def cuts(self) -> int:
        return sum(self.tears.values())

    def cut(self, quiet: bool) -> None:
        """One life, from power-on to a cut in one of its first flash operations."""
        operation, seed = self.rng.randrange(14), self.rng.getrandbits(32)
        lived = in_a_copy(lambda: live(self._bench, self.flash, operation, seed, quiet))
        self.flash = lived.flash
        for how, times in lived.tears.items():
            self.tears[how] = self.tears.get(how, 0) + times
        self._judge(lived.heard, lived.pressed)

    def _judge(self, heard: int, pressed: int) -> None:
        what = f"cut {self.cuts}"
        journal = Journal(self.flash)
        lost = [seq for seq, raw in self.kept.items() if journal.raw.get(seq) != raw]
        assert lost == [], f"{what}: events {lost} are lost or changed"
        new = [seq for seq in journal.presses() if seq not in self.kept]
        assert len(new) >= heard, f"{what}: {heard} presses were confirmed, {len(new)} are stored"
        assert len(new) <= pressed + 1, f"{what}: {len(new)} presses are stored, {pressed} were made"
        assert journal.gaps == [], f"{what}: {journal.gaps}"
        assert journal.told() == self.told, f"{what}: a cut alone made the device say {journal.told()[-1:]}"
        self.confirmed += heard
        self.kept = journal.raw
        newest = max(journal.raw)
        if newest not in new or len(new) > heard:
            # The power may have gone while it was written: the next boot decides.
            self.kept = {seq: raw for seq, raw in journal.raw.items() if seq != newest}


def prove(make_bench: MakeBench, flash: bytes, seed: int, cuts: int) -> None:
    bench = make_bench()
    bench.wait(UNREAD_S)
    board = Board(bench, flash, seed)
    lives = 0
    while board.cuts < cuts:
        lives += 1
        board.cut(quiet=lives % 8 == 7)
    # in the end the board is there, with all that was confirmed and no fault
    bench = make_bench(board.flash)
    bench.wait(scenes.BOOTED_S)
    assert scenes.alert(bench, "journal-fault") is None
    assert len(Journal(bench.pico.snapshot()).presses()) >= board.confirmed
    print(f"{board.cuts} cuts, {board.confirmed} confirmed presses, tears {board.tears}")


def nearly_full(new_board: bytes, seed: int) -> bytes:
    """A configured board whose sector is nearly full, and which has no sector erased ahead: openings and erases come soon."""
    past = Past(new_board)
    past.configure(QUICK)
    past.use_up(6 + seed % 20)
    return past.without_spare_sectors() if seed % 2 else past.flash


@pytest.mark.req("J-02", "Q-01")
def test_a_life_that_goes_on_from_a_board_that_has_read_nothing_is_a_life_from_power_on(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given two boards with the same image whose journals differ: one is new, one has a sector that is nearly full
    flash = nearly_full(new_board, 1)
    new, other = make_bench(), make_bench(flash)
    # when both were switched on UNREAD_S ago
    new.wait(UNREAD_S)
    other.wait(UNREAD_S)
    # then the processor has taken the same steps and the memory is the same: nothing of the journal was read
    for bench in (new, other):
        assert bench.pico.flash_spy.operations == []
    assert new.pico.mcu.core.cycles == other.pico.mcu.core.cycles
    assert new.pico.peek(SRAM_BASE, SRAM_BYTES) == other.pico.peek(SRAM_BASE, SRAM_BYTES)
    # and a life of the one with the flash of the other is the other's own life
    assert in_a_copy(lambda: live(new, flash, 9, 1, False)) == live(other, flash, 9, 1, False)
    # but a little later the two are not the same any more
    new.wait(0.1)
    later = make_bench(flash)
    later.wait(UNREAD_S + 0.1)
    assert new.pico.mcu.core.cycles != later.pico.mcu.core.cycles


@pytest.mark.req("J-02", "S-03", "J-05")
@pytest.mark.parametrize("seed", range(1, 7))
def test_power_cuts_on_the_board_lose_nothing_that_was_confirmed(
    make_bench: MakeBench, new_board: bytes, seed: int
) -> None:
    prove(make_bench, nearly_full(new_board, seed), seed, 25)


@pytest.mark.soak
@pytest.mark.req("J-02", "S-03", "J-05")
@pytest.mark.parametrize("seed", range(101, 121))
def test_soak_power_cuts_on_the_board(make_bench: MakeBench, new_board: bytes, seed: int) -> None:
    prove(make_bench, nearly_full(new_board, seed), seed, 100)
