"""Watchdog, software, RUN and power cut, each in every phase of a course: what goes on, what does not, and that nothing is inferred (T-03, T-04, T-06)."""

import time
from collections.abc import Callable

import pytest

from hil_tests.conftest import MakeBench
from hil_tests.outages import ThroughOutages
from hil_tests.scenes import MEDIUM_HZ, heard
from hil_tests.test_reset_and_time import CLOCK_LOST_WITHIN_S
from tests.model.scripts import MINUTE, PRESS_MS, SECOND, UTC0, Script, built, play

REGIMEN = built(
    "hd-il2",
    interval_min=60,
    infusion_min=10,
    max_doses=3,
    max_days=0,
    cycles=2,
    cycle_days=1,
    early_min=10,
    late_min=10,
    overdue_min=20,
    missed_min=60,
    min_gap_min=45,
    hold_remind_min=30,
    hold_review_count=0,
)

# A press that falls into what the device does at whole seconds after another one is stamped when that is done.
OFF_GRID_MS = 1337
# Lights have shown their rhythm.
SHOWN_MS = 6 * SECOND
# After this a device that failed trusts itself again.
WELL_MS = 61 * SECOND
PHASES = 12


class PhaseByPhase:
    """Brings the course from phase to phase, and resets the chip in each of them: in four ways, or in two, which alternate from phase to phase."""

    def __init__(self, side: ThroughOutages, ways: int) -> None:
        self._side = side
        self._ways = ways // 2  # warm, and cold
        self.phases: list[str] = []

    def wait(self, ms: int) -> None:
        self._side.to(self._side.next_ms + ms)

    def hold(self, button: str, ms: int = 0) -> None:
        self.wait(OFF_GRID_MS)
        down = self._side.model.t
        self._side.down(button)
        self._side.to(down + ms + PRESS_MS)
        self._side.up(button)

    def resets(self, phase: str, after: str = "") -> None:
        """In `phase` (of the slot, or of the course when no slot is open). after: what a cold boot makes of the phase."""
        self.phases.append(phase)
        for warm in self._chosen(self._side.hang, self._side.crash):
            assert self._phase() == phase
            self.wait(SECOND)
            warm()
            # Clock, slot, infusion and alerts go on.
            assert self._phase() == phase
            self._see()
        for cold in self._chosen(self._cut, self._side.run_line):
            if self._phase() != phase:  # an infusion goes on when the nurse says so
                self.hold("start")
            assert self._phase() == phase
            self.wait(SECOND)
            doses = self._doses()
            cold()
            self._clock_is_lost()
            # Of the dose nothing is inferred but that an infusion was interrupted.
            assert self._phase() == (after or phase)
            assert self._doses() == doses
            self._see()
            # A sync restores the schedule.
            self._side.sync()
            assert self._phase() == (after or phase)
            self._see()
        self.wait(WELL_MS)

    def _chosen(self, *kinds: Callable[[], None]) -> tuple[Callable[[], None], ...]:
        return (*kinds[len(self.phases) % 2 :], *kinds)[: self._ways]

    def _cut(self) -> None:
        self._side.power_cut(0.5)

    def _phase(self) -> str:
        course = self._side.port.ask("status")["course"]
        return str(course["phase"] or course["state"])

    def _see(self) -> None:
        """Status, lights, alerts and counts are as calculated."""
        self.wait(SHOWN_MS)
        self._side.look()

    def _doses(self) -> int:
        return len(
            [note for note in self._side.model.notes if note.kind in ("dose-started", "dose-closed", "dose-completed")]
        )

    def _clock_is_lost(self) -> None:
        """With a course to lose the device calls within a second of the boot."""
        clock = self._side.port.ask("status")["clock"]
        assert (clock["utc"], clock["quality"]) == (None, "unknown")
        if self._side.model.course.state != "stopped":
            switched_on = self._side.switched_on
            assert heard(self._side.bench, MEDIUM_HZ, switched_on) - switched_on <= CLOCK_LOST_WITHIN_S


@pytest.mark.soak
@pytest.mark.parametrize("ways", [2, 4])
@pytest.mark.req("T-03", "T-04", "T-06", "S-01", "S-04", "J-01", "A-01", "A-02")
def test_resets_in_every_phase(make_bench: MakeBench, ways: int) -> None:
    """One course through all its phases, in each a warm and a cold reset (or, for long, two of each): after each all is as calculated.

    And so is every event and every call in the end.
    """
    began = time.process_time()
    side = ThroughOutages(make_bench())
    play(Script("phases", REGIMEN, armed=True), side)
    tester = PhaseByPhase(side, ways)
    tester.resets("ready")
    tester.hold("start", 3 * SECOND)
    due = side.model.course.cycle.due(1) - UTC0
    tester.resets("due")
    side.to(due + 11 * MINUTE)
    tester.resets("late")
    side.to(due + 21 * MINUTE)
    tester.resets("overdue")
    side.to(due + 30 * MINUTE)
    tester.hold("start")
    tester.resets("infusing", "interrupted")
    tester.resets("interrupted")
    tester.hold("start")
    side.to(due + 47 * MINUTE)
    assert "infusion-ended" in side.model.course.alerts
    tester.resets("waiting")  # slot 1 is closed, and its end still calls
    tester.hold("pause")
    tester.resets("waiting")
    side.to(due + 61 * MINUTE)
    assert side.model.view()["not_before"] > UTC0 + due + 70 * MINUTE
    tester.resets("due")  # without a call: the gap forbids the dose
    side.to(
        due + 81 * MINUTE
    )  # a minute after the last burst of the call that began when the gap was over, 45 min after START
    tester.hold("hold")
    tester.resets("on-hold")
    side.to(due + 121 * MINUTE)
    tester.hold("start")
    side.to(due + 135 * MINUTE + 3400)  # not together with a burst of that call
    tester.hold("pause")
    tester.resets("resting")
    tester.hold("hold", 5 * SECOND)
    tester.hold("pause", 2 * SECOND)
    tester.resets("stopped")
    tester.hold("start", 3 * SECOND)
    log, bursts = side.check_log(), side.check_calls()
    assert len(tester.phases) == PHASES and len(side.told) == ways * PHASES
    assert side.counts() == [[2, 0, 1, 0, 0]]
    print(
        f"{len(side.told)} resets, {len(log)} events, {len(bursts)} bursts, {side.looks} looks; after a watchdog bite or a crash the clock was off by at most "
        f"{max(map(abs, side.clock_errors)) * 1000:.1f} ms; {time.process_time() - began:.0f} s of processor"
    )
