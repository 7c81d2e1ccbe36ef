"""A confirmed press survives whatever follows; a journal that refuses delays nothing and is confessed (S-03, J-01, J-02, J-05)."""

import pytest

from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.interface import CONFIRM_S
from hil_tests.conftest import Running
from hil_tests.effects import INFUSION_S, LATE_S, OVERDUE_S
from hil_tests.scenes import (
    IDLE_S,
    LOW_HZ,
    MEDIUM_HZ,
    NOT_RECORDED_HZ,
    PRESS_S,
    TAKEN_HZ,
    heard,
    lit,
    pitched,
    slot_and_phase,
)

STARTS = ("dose-started", "dose-resumed")
# The keeper tries a journal that refused again so often.
MEND_S = 60


def infusions(bench: EmulatedBench) -> int:
    """How often START is in the journal."""
    return len(scenes.kinds(bench, *STARTS))


def restart(bench: EmulatedBench) -> None:
    bench.restore_power(off_time=0.5)
    bench.wait(scenes.BOOTED_S)


def assert_mostly_asleep(bench: EmulatedBench) -> None:
    """A device that spins would keep this bench, and a real battery, busy for nothing."""
    awake = 0
    for _ in range(200):
        bench.wait(0.001)
        awake += not bench.pico.asleep
    assert awake < 100, f"awake in {awake} of 200 ms"


def press_with_cut(bench: EmulatedBench, operation: int, how: str) -> bool:
    """START, and the power goes at that flash operation; whether the press was confirmed before."""
    bench.power_cut_at_flash_op(operation, how)
    pressed = bench.press("start")
    bench.wait(0.5)
    assert not bench.powered
    return bool(pitched(bench, TAKEN_HZ, pressed))


@pytest.mark.req("S-03", "J-02", "J-01")
def test_a_power_cut_in_a_press_leaves_its_event_whole_or_absent_and_never_only_confirmed(running: Running) -> None:
    # given a dose that is due; its START writes one page in each of two copies
    bench = running.bench
    bench.wait_until(running.due + 1)
    stored = infusions(bench)
    for operation, how, may_be in (
        (0, "before", {0}),
        (0, "half", {0}),
        (0, "after", {0}),  # what only one copy holds has not happened
        (1, "before", {0}),
        (1, "half", {0, 1}),  # half a page holds some of the record or nothing, by its place in the page
        (1, "after", {1}),
    ):
        # when the power goes at one of them
        confirmed = press_with_cut(bench, operation, how)
        restart(bench)
        # then nothing had been confirmed, and the event is there whole or not at all, without a gap
        assert not confirmed, (operation, how)
        before, stored = stored, infusions(bench)
        assert stored - before in may_be, (operation, how)
        assert scenes.kinds(bench, "journal-gap", "fault") == [], (operation, how)
        assert scenes.alert(bench, "journal-fault") is None
        # and the slot is what the journal says: nothing runs on as if no time had passed
        assert slot_and_phase(bench) == (1, "interrupted" if stored else "due")


@pytest.mark.req("S-03", "J-02")
def test_a_press_that_was_confirmed_is_there_after_the_power_went_at_that_instant(running: Running) -> None:
    bench = running.bench
    bench.wait_until(running.due + 1)
    pressed = bench.now
    bench.down("start")
    # when the power goes at the very edge of the confirmation (looked for every 0.1 ms)
    assert bench.pico.run_until(lambda: bool(bench.tones(pressed)), timeout=PRESS_S, step=0.0001)
    bench.cut_power()
    bench.up("start")
    restart(bench)
    # then the dose is in the journal
    assert infusions(bench) == 1
    assert slot_and_phase(bench) == (1, "interrupted")


@pytest.mark.req("S-03", "A-05", "J-05", "A-01")
def test_with_a_journal_that_refuses_alerts_come_on_time_and_the_device_says_not_recorded(running: Running) -> None:
    # given a running course, and flash that takes no write any more
    bench, due = running
    bench.refuse_flash_writes()
    # when the dose falls due, late and overdue, then light and sound come on time
    bench.wait_until(due + MEND_S + 1)
    assert_mostly_asleep(bench)
    bench.wait_until(due + OVERDUE_S + 5)
    assert lit(bench, "yellow", due) - due <= IDLE_S
    for instant, hertz in ((due, LOW_HZ), (due + LATE_S, MEDIUM_HZ), (due + OVERDUE_S, MEDIUM_HZ)):
        assert heard(bench, hertz, instant) - instant <= IDLE_S
    # and red says that something is wrong with the device
    assert bench.lights()["red"]
    assert scenes.alert(bench, "journal-fault") is not None
    # given that the nurse has acknowledged this: a medium call would be heard before the low one of the infusion's end
    bench.hold("pause", CONFIRM_S)
    # when START is pressed, then it times the infusion, and its feedback says NOT RECORDED instead of "taken"
    bench.wait(MEND_S - 10)
    started = bench.press("start")
    bench.wait(5)
    assert heard(bench, NOT_RECORDED_HZ, started) - started <= PRESS_S
    assert pitched(bench, TAKEN_HZ, started) == []
    assert lit(bench, "green", started) - started <= PRESS_S
    assert slot_and_phase(bench) == (1, "infusing")
    bench.wait_until(started + INFUSION_S + 2)
    ended = started + INFUSION_S
    assert heard(bench, LOW_HZ, ended) - ended <= IDLE_S
    assert slot_and_phase(bench)[1] != "infusing"


@pytest.mark.req("S-03", "J-05", "H-03")
def test_with_a_journal_that_refuses_requests_are_answered_and_what_acts_is_refused(running: Running) -> None:
    bench, due = running
    bench.wait_until(due + 1)
    bench.press("hold")
    bench.wait(1)
    bench.refuse_flash_writes()
    clock = scenes.ask(bench, "clock-get")
    # what would be recorded is refused, with the reason
    for do, arguments in (
        ("dose-reason", {"cycle": 1, "slot": 1, "reason": "renal"}),
        ("clock-set", {"mono": clock["mono"], "utc": clock["utc"], "bound_ms": 1, "boot": clock["boot"]}),
    ):
        assert scenes.ask(bench, do, **arguments) == {"err": "journal-fault"}, do
    assert scenes.confirm(bench, "course-stop") == "journal-fault"
    # what only reads is answered
    assert scenes.status(bench)["journal"]["last_seq"] > 0
    assert scenes.ask(bench, "hello")["product"] == "dosebell"


@pytest.mark.req("J-05", "S-03")
def test_a_journal_that_takes_writes_again_goes_on_and_tells_what_is_missing(running: Running) -> None:
    # given a dose that fell due while nothing could be written
    bench, due = running
    bench.refuse_flash_writes()
    bench.wait_until(due + 5)
    assert scenes.alert(bench, "journal-fault") is not None
    assert scenes.kinds(bench, "dose-due") == []
    # when the flash recovers
    bench.refuse_flash_writes(False)
    bench.wait(MEND_S - 2)
    assert_mostly_asleep(bench)
    bench.wait(5)
    # then the alert ends, the gap is told, and the course is what it was
    assert scenes.alert(bench, "journal-fault") is None
    assert len(scenes.kinds(bench, "journal-gap")) == 1
    assert slot_and_phase(bench) == (1, "due")
    # and what is pressed now is recorded
    pressed = bench.press("start")
    bench.wait(1)
    assert heard(bench, TAKEN_HZ, pressed) - pressed <= PRESS_S
    assert infusions(bench) == 1
