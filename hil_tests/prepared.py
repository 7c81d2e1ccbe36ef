"""Boards with a past: the flash of a device that has kept courses for a year, made in a second instead of being lived.

The firmware's own pure code (core, keeper, ring) writes the journal over a model of the flash, exactly as the device
would. What the host has been told it has exported, so such a board starts without an alert.
"""

import sys
from functools import cache
from typing import Any

from dosebell.image.files import BOARDS, ROOT
from dosebell.image.micropython import load_micropython

sys.path.append(str(ROOT / "firmware"))  # `device` runs on the board; only tests import its pure modules on the host

from device.journal import layout, stored  # noqa: E402
from device.journal.repair import format_ring  # noqa: E402
from device.journal.ring import Ring  # noqa: E402
from device.keeper import Keeper  # noqa: E402
from device.upkeep import Upkeep  # noqa: E402
from dosecore.decide import decide  # noqa: E402
from dosecore.instant import plus  # noqa: E402
from dosecore.refusals import Refusal  # noqa: E402
from dosecore.regimen_rules import built_in  # noqa: E402
from dosecore.state import State  # noqa: E402

# 2025-01-01, as the link writes it: a year before the bench's first moment.
LONG_AGO = (5 * 365 * 86_400 + 2 * 86_400, 0)
# When its clock was set, in seconds of its first life.
FIRST_SET_S = 1
MINUTE, HOUR = 60, 3600
# Where the newest sector ends: the boot replays what stands in it, so a long tail is the worst case. The keeper opens
# the next sector in a calm moment when fewer than 6 slots are free.
TAIL_FREE = 8

# A course whose slot passes through every phase within minutes, with real minutes (not a `bench` regimen).
QUICK: dict[str, Any] = {
    **built_in()["hd-il2"],
    "name": "quick",
    "interval_min": 60,
    "infusion_min": 1,
    "max_days": 0,
    "cycles": 1,
    "early_min": 5,
    "late_min": 2,
    "overdue_min": 8,
    "missed_min": 60,
    "min_gap_min": 0,
    "hold_remind_min": 30,
    "hold_review_count": 0,
    "supportive_care_review_min": 0,
}


class _Flash:
    """The journal's blocks in a copy of a board's flash, as the ring wants them."""

    def __init__(self, contents: bytes, offset: int, blocks: int) -> None:
        self.contents = bytearray(contents)
        self._offset = offset
        for block in range(blocks):  # a board that was never switched on has nothing there
            at = offset + block * layout.BLOCK
            self.contents[at : at + layout.BLOCK] = b"\xff" * layout.BLOCK

    def _at(self, block: int, offset: int) -> int:
        return self._offset + block * layout.BLOCK + offset

    def read(self, block: int, offset: int, n: int) -> bytes:
        at = self._at(block, offset)
        return bytes(self.contents[at : at + n])

    def program(self, block: int, offset: int, page: bytes) -> None:
        at = self._at(block, offset)
        before = int.from_bytes(self.contents[at : at + layout.PAGE], "big")
        after = before & int.from_bytes(page, "big")  # a cell goes from 1 to 0 only
        self.contents[at : at + layout.PAGE] = after.to_bytes(layout.PAGE, "big")

    def erase(self, block: int) -> None:
        at = self._at(block, 0)
        self.contents[at : at + layout.BLOCK] = b"\xff" * layout.BLOCK


class Past:
    """A device's life so far: `flash` is what it has left behind. Blank until something happens in it."""

    def __init__(self, new_board: bytes) -> None:
        storage = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
        self._flash = _Flash(new_board, storage.journal_offset, storage.journal_blocks)
        first = (storage.journal_offset - storage.start) // layout.BLOCK
        self.ring = Ring(self._flash, storage.journal_blocks, first)
        self._keeper = Keeper(State(), self.ring)
        self._upkeep = Upkeep(self._keeper)
        self.now = (FIRST_SET_S, 0)
        format_ring(self.ring)
        self._do("boot", cause="power-on", warm=False)
        self._do("clock-set", source="host", utc=LONG_AGO, mono=self.now, bound_ms=2)

    @property
    def flash(self) -> bytes:
        return bytes(self._flash.contents)

    @property
    def utc_s(self) -> int:
        """What its clock shows, in seconds since 2020."""
        return LONG_AGO[0] + self.now[0] - FIRST_SET_S

    def _do(self, name: str, **arguments: Any) -> None:
        events = decide(self._keeper.state, name, arguments, self.now)
        assert not isinstance(events, Refusal), f"{name}: {events.code}"
        assert self._keeper.commit(events, self.now), f"{name} was not recorded"

    def _pass(self, seconds: int) -> None:
        """The clock goes on; calm moments are used as the device uses them."""
        self.now = plus(self.now, seconds)
        self._keeper.bring(self.now)
        self._keeper.flush()
        self._upkeep.tidy(self.now)
        while self._upkeep.erase_wanted():
            self._upkeep.erase(self.now)

    def configure(self, regimen: dict[str, Any]) -> None:
        """The device is `ready` with this regimen."""
        self._do("configure", regimen=regimen, label="bed 7", armed=False)

    def course(self) -> None:
        """Two days: six doses given on time, every call answered, the log pulled."""
        self.configure(built_in()["til-il2"])
        self._do("course-start")
        for _ in range(6):
            self._pass(60)
            self._do("start")
            self._pass(15 * 60 + 30)
            self._do("acknowledge", latched=False)
            self._pass(8 * HOUR - 15 * 60 - 90)
        self._pass(8 * HOUR)
        self._do("acknowledge", latched=False)
        self.export()

    def answer_log(self, epoch: int, slot: int, copy: int, sectors: int = 1) -> bytes:
        """What the link answers to `log`."""
        data = stored.whole(self.ring, epoch, sectors, copy) if sectors > 1 and not slot else None
        return bytes(stored.slots(self.ring, epoch, slot, copy) if data is None else data)

    def one_dose(self) -> None:
        """A course begins now, and its first dose is given as it falls due; the infusion lasts a minute and its end is answered."""
        self._do("course-start")
        self._do("start")
        self._pass(MINUTE)
        self._do("acknowledge", latched=False)

    def technical(self, condition: str) -> None:
        """A condition of the device itself has come to stand."""
        self._do("condition", condition=condition, present=True)

    def export(self) -> None:
        """The host has everything."""
        last = self.ring.seq
        self._do("exported", upto=last)
        self.ring.exported = last

    def fill(self, rounds: int = 1) -> None:
        """Courses until the ring has gone round so often; once: as many events as it ever holds."""
        while self.ring.epoch <= rounds * self.ring.sectors:
            self.course()

    def without_spare_sectors(self) -> bytes:
        """The flash as if no sector had been erased ahead: the next calm moment begins with an erase."""
        for epoch in range(self.ring.epoch + 1, self.ring.epoch + 1 + self.ring.ahead):
            for copy in (0, 1):
                block = (epoch - 1) % self.ring.sectors + copy * self.ring.sectors
                self._flash.program(block, 0, b"\x00" * layout.PAGE)
        return self.flash

    def run_course(self, regimen: dict[str, Any], tail_free: int = TAIL_FREE) -> None:
        """A course runs, its first dose is an hour away, and the newest sector has `tail_free` slots left."""
        self.configure(regimen)
        self._do("course-start", at=plus(plus(LONG_AGO, self.now[0]), HOUR))
        self.use_up(tail_free)

    def use_up(self, tail_free: int) -> None:
        """The newest sector is filled until `tail_free` slots are left."""
        while self.ring.free_slots != tail_free:
            self.export()
            self._pass(1)


@cache
def full_and_ready(new_board: bytes) -> bytes:
    """A board with a full journal, configured with QUICK: what most scenes begin with."""
    past = Past(new_board)
    past.fill()
    past.configure(QUICK)
    past.export()
    return past.flash


@cache
def full_and_running(new_board: bytes) -> bytes:
    """A board with a full journal that lost its power while a course ran: the longest boot there is."""
    past = Past(new_board)
    past.fill()
    past.run_course(QUICK)
    return past.flash


@cache
def configured(new_board: bytes, regimen: str = "quick") -> bytes:
    """A young board, configured with QUICK or a built-in regimen."""
    past = Past(new_board)
    past.configure(QUICK if regimen == "quick" else built_in()[regimen])
    return past.flash


def stored_events(flash: bytes) -> list[tuple[int, bytes]]:
    """Every event of a board's journal as (seq, bytes), read by the firmware's own ring."""
    storage = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
    view = _Flash(flash, storage.journal_offset, 0)
    ring = Ring(view, storage.journal_blocks, (storage.journal_offset - storage.start) // layout.BLOCK)
    ring.scan()
    return [
        (seq, bytes(raw)) for epoch in range(ring.oldest, ring.epoch + 1) for seq, raw in ring.read_sector(epoch).events
    ]


def record_bytes(flash: bytes) -> int:
    """Bytes of all whole records of a board's journal, counted in its first copy."""
    storage = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
    end = storage.journal_offset + storage.journal_blocks // 2 * layout.BLOCK
    slots = (flash[at : at + layout.SLOT] for at in range(storage.journal_offset, end, layout.SLOT))
    return sum(layout.SLOT for slot in slots if layout.is_record(slot))
