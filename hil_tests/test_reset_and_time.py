"""Resets and lost clocks: what goes on, what does not, and that nothing is inferred (T-03, T-04, T-06, T-01)."""

import pytest

from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.interface import CONFIRM_S
from hil_tests.conftest import Running
from hil_tests.effects import INFUSION_S, LATE_S
from hil_tests.prepared import QUICK
from hil_tests.resets import crash, hang
from hil_tests.scenes import LOW_HZ, MEDIUM_HZ, MINUTE, PRESS_S, alert, heard, kinds, slot_and_phase, status, utc_of

INTERVAL_S = QUICK["interval_min"] * MINUTE
# T-03: how wrong the clock may be after a reset that kept the scratch registers.
CLOCK_ERROR_S = 2.0
# T-04: how soon the device says that it has lost the time.
CLOCK_LOST_WITHIN_S = 1.0


def clock_error(bench: EmulatedBench) -> float:
    """Seconds by which the device's UTC is off the wall clock beside the bench."""
    answer = scenes.ask(bench, "clock-get")
    assert answer["utc"] is not None
    return float(abs((utc_of(answer["utc"]) - bench.utc_at(bench.now)).total_seconds()))


def boots(bench: EmulatedBench) -> list[tuple[str, bool]]:
    """Cause and warmth of every boot that is stored."""
    return [(event.detail["cause"], event.detail["warm"]) for event in kinds(bench, "boot")]


@pytest.mark.req("T-03", "A-01")
@pytest.mark.parametrize(("reset", "cause"), [(hang, "watchdog"), (crash, "crash")])
def test_after_a_watchdog_or_software_reset_clock_slot_infusion_and_alerts_go_on(
    running: Running, reset: object, cause: str
) -> None:
    assert callable(reset)
    # given a late dose
    bench, due = running
    bench.wait_until(due + LATE_S + 5)
    # when the chip is reset
    reset(bench)
    # then its clock is right, the dose is late as before, and the call goes on
    assert boots(bench)[-1] == (cause, True)
    assert clock_error(bench) <= CLOCK_ERROR_S
    assert status(bench)["clock"]["quality"] == "recovered"
    assert slot_and_phase(bench) == (1, "late")
    assert alert(bench, "clock-lost") is None
    again = bench.now
    bench.wait(11)
    assert heard(bench, MEDIUM_HZ, again) - again <= 10.5
    # and an infusion that runs during a reset ends when it must
    started = bench.press("start")
    bench.wait(20)
    reset(bench)
    assert slot_and_phase(bench) == (1, "infusing")
    # (given that the nurse has acknowledged what the device says of itself: it would hide the low call)
    assert alert(bench, "self-test-failed")["priority"] == "medium"
    bench.hold("pause", CONFIRM_S)
    bench.wait_until(started + INFUSION_S + CLOCK_ERROR_S + 1)
    assert abs(heard(bench, LOW_HZ, started + 40) - started - INFUSION_S) <= CLOCK_ERROR_S
    assert status(bench)["course"]["counts"]["given"] == 1
    # and the next dose falls due in its time
    bench.press("pause")
    bench.wait_until(due + INTERVAL_S + CLOCK_ERROR_S + 1)
    assert abs(heard(bench, LOW_HZ, due + INTERVAL_S - CLOCK_ERROR_S) - due - INTERVAL_S) <= CLOCK_ERROR_S


@pytest.mark.req("T-03", "J-01")
def test_an_exception_is_journaled_as_a_fault_and_the_chip_goes_on(booted: EmulatedBench) -> None:
    bench = booted
    scenes.synchronise(bench)
    crash(bench)
    (fault,) = kinds(bench, "fault")
    assert fault.detail["code"] == "crash"
    assert "MemoryError" in fault.detail["words"]
    assert status(bench)["course"]["state"] == "ready"


def power_cut(bench: EmulatedBench) -> None:
    bench.cut_power()
    bench.restore_power(off_time=0.5)


@pytest.mark.req("T-04", "S-07")
def test_slots_that_nobody_watched_close_as_unknown_when_the_clock_comes_back(running: Running) -> None:
    bench, due = running
    # given a device without power from before the first dose until ten minutes into the third
    bench.cut_power()
    bench.restore_power(off_time=due + 2 * INTERVAL_S + 10 * MINUTE - bench.now)
    bench.wait(scenes.BOOTED_S)
    assert status(bench)["course"]["counts"]["unknown"] == 0
    # when it is synchronised
    scenes.synchronise(bench)
    bench.wait(0.2)
    # then the two whole windows are unknown, and the third slot is where it should be
    course = status(bench)["course"]
    assert (course["slot"], course["phase"]) == (3, "overdue")
    assert course["counts"] == {"given": 0, "partial": 0, "held": 0, "missed": 0, "unknown": 2}
    assert alert(bench, "doses-not-observed")["count"] == 2


@pytest.mark.req("T-06", "T-04")
def test_start_with_an_unknown_clock_times_an_infusion_whose_utc_is_known_after_a_sync(running: Running) -> None:
    # given a device that lost its clock while a dose was due
    bench, due = running
    bench.wait_until(due + 20)
    power_cut(bench)
    booted = bench.now
    bench.wait(scenes.BOOTED_S)
    # when START is pressed
    started = bench.press("start")
    bench.wait(5)
    # then the infusion is timed, and nobody pretends to know when it began
    assert scenes.lit(bench, "green", started) - started <= PRESS_S
    infusion = status(bench)["course"]["infusion"]
    assert infusion["started"] is None
    assert INFUSION_S - 8 < infusion["remaining_s"] < INFUSION_S
    # until the clock is set
    scenes.synchronise(bench, booted)
    known = utc_of(status(bench)["course"]["infusion"]["started"])
    assert abs((known - bench.utc_at(started)).total_seconds()) <= 0.02
    bench.wait_until(started + INFUSION_S + 1)
    assert abs(heard(bench, LOW_HZ, started + 30) - started - INFUSION_S) <= 0.02
    assert status(bench)["course"]["counts"]["given"] == 1
