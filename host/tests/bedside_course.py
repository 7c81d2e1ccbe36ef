"""A course at the bed in which a dose comes to every end there is, played on the scripted device; for tests of what is made from its log."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripted_device import ScriptedDevice

from dosebell import log_pull
from dosebell.archive import Archive
from dosebell.client import connect
from dosebell.times import Instant, parse
from dosecore.refusals import Refusal
from dosecore.regimen_rules import built_in

MINUTE, HOUR = 60, 3600
BEGINS = "2026-11-22T06:00:00Z"  # the first dose is due


class StillDevice(ScriptedDevice):  # type: ignore[misc]  # mypy does not find helpers beside tests
    """Its time passes only where a test lets it: every instant is exact, however busy the machine is."""

    def now(self) -> tuple[int, int]:
        return self.shift_s, 0


class Bedside:
    """The bed: time that passes, buttons, and the host's changes. `passed`: seconds since the clock was set, by the reckoning of the ward's own clock."""

    def __init__(self, device: StillDevice, regimen: str = "hd-il2", **changes: Any) -> None:
        self.device = device
        self.passed = 0
        self.set_clock()
        self.do("configure", regimen={**built_in()[regimen], **changes}, label="Bed 12", armed=False)

    @property
    def now(self) -> Instant:
        seconds, ms = parse(BEGINS)
        return seconds + self.passed, ms

    def set_clock(self, back: int = 0) -> None:
        """By a host; back: seconds by which it is wrong."""
        seconds, ms = self.now
        self.do("clock-set", source="host", utc=(seconds - back, ms), mono=self.device.now(), bound_ms=2)

    def lose_power(self) -> None:
        """And have it again at once; there is no clock battery."""
        self.device.reboot()
        self.do("clock-lost")

    def do(self, command: str, **arguments: Any) -> None:
        done = self.device.happen(command, **arguments)
        assert not isinstance(done, Refusal), f"{command}: {done.code}"
        assert done, f"{command} did nothing"

    def wait(self, seconds: int) -> None:
        self.passed += seconds
        self.device.wait(seconds)

    def until(self, slot: int, after: int = 0) -> None:
        """Until so many seconds after a slot of the first cycle falls due."""
        self.wait((slot - 1) * 8 * HOUR + after - self.passed)

    def give(self, slot: int, after: int) -> None:
        self.until(slot, after)
        self.do("start")
        self.wait(16 * MINUTE)
        self.do("acknowledge", latched=False)

    def pull(self, path: Path) -> None:
        with connect(self.device.port) as client, Archive(path, create=True) as archive:
            log_pull.pull(client, archive)


def up_to_the_tenth(bed: Bedside) -> None:
    """Slots 1 to 9: given, late, held, missed, partial, undone and given, recorded later, interrupted and given, unknown."""
    bed.do("course-start")
    bed.give(1, 1 * MINUTE)
    bed.give(2, 90 * MINUTE)
    bed.until(3, 5 * MINUTE)
    bed.do("hold")
    bed.do("take-reason", slot=3, reason="hypotension")
    bed.until(5, 2 * MINUTE)  # 3 is held until its end, 4 is missed
    bed.do("start")
    bed.wait(5 * MINUTE)
    bed.do("interrupt")
    bed.wait(MINUTE)
    bed.do("stop-infusion")
    bed.until(6, 3 * MINUTE)
    bed.do("start")
    bed.wait(20)
    bed.do("undo")
    bed.give(6, 10 * MINUTE)
    bed.until(8, 4 * MINUTE)  # 7 is missed on the device
    bed.do("start")
    bed.wait(6 * MINUTE)
    bed.do("interrupt")
    bed.wait(2 * MINUTE)
    bed.do("start")
    bed.wait(10 * MINUTE)
    bed.do("acknowledge", latched=False)
    at = [(bed.now[0] - 8 * HOUR, 0), (bed.now[0] - 8 * HOUR + 15 * MINUTE, 0)]
    bed.do("dose-record", cycle=1, slot=7, outcome="given", started=at[0], ended=at[1], reason="unspecified")
    bed.lose_power()  # the power is lost, and 9 is not seen at all
    bed.until(10, 2 * MINUTE)
    bed.set_clock()
