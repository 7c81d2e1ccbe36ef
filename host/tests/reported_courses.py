"""Courses for the report, as a device's journal has them: one in which everything happens, and others. The time is the test's: the same journal every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

from scripted_device import ScriptedDevice

from dosebell import log_pull
from dosebell.archive import Archive
from dosebell.errors import DosebellError
from dosebell.log_pull import Pulled
from dosebell.times import Instant, parse, to_datetime
from dosecore.decide import decide
from dosecore.refusals import Refusal
from dosecore.regimen_rules import built_in
from dosecore.timeline import due, next_cycle_from

MINUTE, HOUR, DAY = 60, 3600, 86_400
BEGINS = "2026-11-20T13:00:00Z"  # the first dose is due
ID = "e66118604b2a5c21"


class Bed(ScriptedDevice):  # type: ignore[misc]  # mypy does not find helpers beside tests
    """A device whose time stands still but for `wait`. `passed`: seconds since BEGINS by the ward's clock. Never entered: the host asks it directly."""

    def __init__(self, *, sectors: int = 40, label: str = "Bed 12", regimen: str = "hd-il2", **changes: Any) -> None:
        self._stood = 0
        super().__init__(ID, sectors=sectors)
        self.passed = 0
        self.set_clock()
        self.do("configure", regimen={**built_in()[regimen], **changes}, label=label, armed=False)

    def now(self) -> tuple[int, int]:
        return (self.shift_s + 5, 0)

    @property
    def utc(self) -> Instant:
        seconds, ms = parse(BEGINS)
        return seconds + self.passed, ms

    def do(self, command: str, **arguments: Any) -> None:
        done = self.happen(command, **arguments)
        assert not isinstance(done, Refusal), f"{command}: {done.code}"

    def set_clock(self) -> None:
        self.do("clock-set", source="host", utc=self.utc, mono=self.now(), bound_ms=3)

    def pass_time(self, seconds: int) -> None:
        self.passed += seconds
        self.wait(seconds)

    def until(self, seconds: int) -> None:
        """Until so many seconds after BEGINS."""
        assert seconds >= self.passed, f"{seconds} is past: {self.passed}"
        self.pass_time(seconds - self.passed)

    def slot(self, number: int, after: int = 0, hours: int = 8) -> None:
        """Until so many seconds after a slot of the first cycle fell due."""
        self.until((number - 1) * hours * HOUR + after)

    def answer(self, after: int) -> None:
        """The end of an infusion is answered."""
        self.pass_time(after)
        self.do("acknowledge", latched=False)

    def give(self, after_infusion: int = 2 * MINUTE) -> None:
        self.do("start")
        self.answer(15 * MINUTE + after_infusion)

    def reason(self, word: str) -> None:
        (number,) = [slot.number for slot in self.state.open.values() if slot.phase == "on-hold"]
        self.pass_time(12)
        self.do("take-reason", slot=number, reason=word)

    def power_cut(self, off: int, *, known: bool = False) -> None:
        self.passed += off
        self.shift_s = 0
        self._append(decide(self.state, "boot", {"cause": "power-on", "warm": False}, self.now())[0])
        self.do("clock-lost")
        if known:
            self.pass_time(MINUTE)
            self.set_clock()

    def pull(self, archive: Path) -> Pulled:
        at = to_datetime(self.utc)
        with Archive(archive, create=True) as opened, patch.object(log_pull, "now_utc", lambda: at):
            return log_pull.pull(_Direct(self), opened)  # type: ignore[arg-type]


class _Direct:
    """A client without a line."""

    def __init__(self, device: ScriptedDevice) -> None:
        self._device = device
        self.identity = device._do_hello({})

    def ask(self, do: str, **given: Any) -> Any:
        answer = self._device._answer_once({"id": f"r{len(self._device.asked):07d}", "do": do, **given})
        if isinstance(answer, dict) and "err" in answer:
            raise DosebellError(str(answer["err"]), by_device=True)
        return answer

    ask_raw = ask

    def same_device(self) -> None:
        """There is no other."""


def everything(bed: Bed) -> None:
    """Nine slots of a first cycle: given, late, on hold and then given, held, missed, partial, taken back, recorded later, interrupted; and a fault."""
    bed.do("course-start")
    bed.slot(1, 2 * MINUTE + 5)
    bed.give()
    bed.slot(2, 76 * MINUTE + 12)
    bed.give()
    bed.slot(3, 6 * MINUTE)
    bed.do("hold")
    bed.reason("hypotension")
    bed.slot(3, 95 * MINUTE)
    bed.give(7 * MINUTE)
    bed.slot(4, 4 * MINUTE)
    bed.do("hold")
    bed.reason("cardiac")
    bed.slot(6, 3 * MINUTE)  # slot 5 is missed
    bed.do("acknowledge", latched=True)
    bed.do("start")
    bed.pass_time(9 * MINUTE + 12)
    bed.do("interrupt")
    bed.pass_time(2 * MINUTE)
    bed.do("stop-infusion")
    bed.answer(MINUTE)
    bed.slot(7, 5 * MINUTE)
    bed.do("start")
    bed.pass_time(20)
    bed.do("undo")
    bed.pass_time(11 * MINUTE)
    bed.give()
    bed.do("fault", code="display", words="SSD1306 does not answer")
    bed.slot(9, 20 * MINUTE)  # slot 8 is missed on the device
    began = bed.utc[0] - 8 * HOUR
    bed.do(
        "dose-record",
        cycle=1,
        slot=8,
        outcome="given",
        started=(began, 0),
        ended=(began + 15 * MINUTE, 0),
        reason="unspecified",
    )
    bed.do("acknowledge", latched=True)
    bed.do("start")
    bed.pass_time(6 * MINUTE)
    bed.do("interrupt")
    bed.pass_time(4 * MINUTE)
    bed.do("start")
    bed.answer(10 * MINUTE)


def under_way(bed: Bed) -> None:
    """The rest of it up to the twelfth slot, which is on hold: one slot was not observed, one was started too early."""
    everything(bed)
    bed.power_cut(16 * HOUR - 20 * MINUTE)
    bed.pass_time(5 * MINUTE)
    bed.set_clock()
    bed.do("acknowledge", latched=True)
    bed.slot(11, 30 * MINUTE)
    bed.give()
    bed.slot(12, 10 * MINUTE)
    bed.do("hold")
    bed.reason("renal")
    bed.pass_time(50 * MINUTE)


def two_cycles(bed: Bed) -> None:
    """28 slots: the first cycle as above, the second one given on time."""
    under_way(bed)
    bed.slot(14, 3 * MINUTE)
    bed.give()
    bed.until(14 * DAY + 30 * MINUTE)
    bed.do("acknowledge", latched=False)
    bed.do("prepare")
    first = bed.passed
    for number in range(14):
        bed.until(first + number * 8 * HOUR + (number % 5) * 3 * MINUTE + 20)
        bed.give(number * 30)
    bed.until(first + 14 * 8 * HOUR + HOUR)


def stopped(bed: Bed) -> None:
    """Stopped from the host after two doses."""
    bed.do("course-start")
    bed.slot(1, 3 * MINUTE)
    bed.give()
    bed.slot(2, 4 * MINUTE)
    bed.give()
    bed.slot(3, 9 * MINUTE)
    bed.do("hold")
    bed.reason("patient-refused")
    bed.do("course-stop")
    bed.pass_time(HOUR)


def bench(bed: Bed) -> None:
    """A rehearsal: every minute is a second."""
    bed.do("course-start")
    bed.pass_time(2)
    bed.do("start")
    bed.pass_time(20)
    bed.do("acknowledge", latched=False)
    bed.pass_time(90)
    bed.do("hold")
    bed.pass_time(60)


def restless(bed: Bed, events: int) -> None:
    """A course that fills the log: STARTs taken back and refused, holds, interruptions, sound paused. Goes on until there are so many events."""
    if bed.state.course != "running":
        bed.do("course-start")
    while bed.ring.seq < events and bed.state.course == "running":
        opens = max(due(bed.state, bed.state.current), bed.state.last_start or (0, 0))[0]
        bed.pass_time(max(0, opens - bed.utc[0]) + MINUTE)
        bed.do("start")
        bed.pass_time(20)
        bed.do("undo")
        bed.pass_time(20)
        bed.do("hold")
        bed.reason("awaiting-drug")
        for _ in range(20):
            bed.do("pause")
            bed.pass_time(130)
        bed.do("start")
        for _ in range(10):
            bed.do("start")  # refused: it infuses
            bed.pass_time(20)
        bed.do("interrupt")
        bed.pass_time(60)
        bed.do("start")
        bed.answer(20 * MINUTE)
        bed.pass_time(4 * HOUR)
        if bed.state.course == "resting":
            bed.pass_time(max(0, next_cycle_from(bed.state)[0] - bed.utc[0]))
            bed.do("acknowledge", latched=False)
            bed.do("prepare")
