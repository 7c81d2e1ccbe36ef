"""Outages told one by one: what a reset, a power cut and a sync make of a course (T-03 to T-06, decisions 10 to 15)."""

import pytest

from dosecore.alerts import alerts
from dosecore.decide import decide
from dosecore.instant import ms_between
from dosecore.regimen_rules import built_in
from dosecore.view import course_view
from tests.driver import Device, ms
from tests.model.scripts import HOUR, MINUTE, SECOND, UTC0


def course():
    """A running hd-il2 course whose slot 1 has just fallen due at `device.first`."""
    device = Device()
    device.boot(utc=UTC0)
    confirm(device, "configure", regimen=built_in()["hd-il2"], label="", armed=False)
    confirm(device, "course-start")
    device.first = device.t - 100
    return device


def press(device, button, length=150):
    device.down(button)
    device.wait(length)
    device.up(button)


def confirm(device, name, **arguments):
    device.offer(name, **arguments)
    press(device, "pause", 2100)


def power_cut(device, off, battery=False):
    device.t += off
    device.boot(utc=UTC0 + device.t if battery else None, source="rtc")


def told(device, since):
    """(kind, ms after slot 1's due or None, slot, outcome) of the dose events from number `since` on."""
    return [
        (e.kind, None if e.utc is None else ms(e.utc) - UTC0 - device.first, e.slot, e.detail.get("outcome", ""))
        for e in device.log[since:]
        if e.kind.startswith("dose-")
    ]


def conditions(device):
    return [a.condition for a in alerts(device.state, device.now)]


@pytest.mark.req("T-03")
def test_watchdog_reset_in_an_infusion_changes_nothing():
    device = course()
    press(device, "start")
    begun = device.t - 150
    device.wait(5 * MINUTE)
    device.boot("watchdog", warm=True)
    assert course_view(device.state, device.now)["phase"] == "infusing"
    device.wait(20 * SECOND)
    press(device, "pause", 100)
    before = len(device.log)
    device.to(begun + 15 * MINUTE)
    assert told(device, before)[0] == ("dose-completed", begun + 15 * MINUTE - device.first, 1, "")


@pytest.mark.req("T-03", "S-04")
def test_a_start_can_be_undone_across_a_watchdog_reset():
    device = course()
    press(device, "start")
    device.boot("watchdog", warm=True)
    press(device, "pause", 5100)
    assert course_view(device.state, device.now)["phase"] == "due"


@pytest.mark.req("T-04")
def test_power_cut_in_an_infusion_without_a_clock_interrupts_it_and_tells_the_loss():
    device = course()
    press(device, "start")
    device.wait(4 * MINUTE)
    press(device, "pause")
    before = len(device.log)
    power_cut(device, 3 * MINUTE)
    assert "clock-lost" in conditions(device) and "interrupted" in conditions(device)
    assert told(device, before) == [("dose-interrupted", None, 1, "")]
    event = next(e for e in device.log if e.kind == "dose-interrupted")
    assert event.detail["infused_ms"] == 4 * MINUTE + 150, (
        "what the journal proves: start to the last event before the cut"
    )
    device.wait(10 * HOUR)
    assert told(device, before) == [("dose-interrupted", None, 1, "")], "nothing is counted down, nothing inferred"


@pytest.mark.req("T-04")
def test_sync_after_an_outage_restores_the_schedule():
    """Slot 2 was due before the outage: missed. Slots 3 and 4 went unseen: unknown. Slot 5 takes its present phase, with its own instant."""
    device = course()
    press(device, "start")
    device.to(device.first + 8 * HOUR + MINUTE)
    power_cut(device, 1)
    device.to(device.first + 33 * HOUR + 30 * MINUTE)
    before = len(device.log)
    device.set_clock(UTC0 + device.t)
    assert told(device, before) == [
        ("dose-overdue", 10 * HOUR, 2, ""),
        ("dose-closed", 16 * HOUR, 2, "missed"),
        ("dose-closed", 24 * HOUR, 3, "unknown"),
        ("dose-closed", 32 * HOUR, 4, "unknown"),
        ("dose-late", 33 * HOUR, 5, ""),
    ]
    found = {a.condition: a.count for a in alerts(device.state, device.now)}
    assert found == {"late": 1, "missed-doses": 1, "doses-not-observed": 2}
    counts = course_view(device.state, device.now)["counts"]
    assert counts == {"given": 1, "partial": 0, "held": 0, "missed": 1, "unknown": 2}


@pytest.mark.req("T-05")
def test_with_a_battery_clock_a_power_cut_costs_nothing():
    device = course()
    press(device, "start")
    begun = device.t - 150
    device.wait(2 * MINUTE)
    before = len(device.log)
    power_cut(device, 20 * MINUTE, battery=True)
    assert told(device, before) == [
        ("dose-completed", begun + 15 * MINUTE - device.first, 1, ""),
        ("dose-closed", begun + 15 * MINUTE - device.first, 1, "given"),
    ]
    assert "clock-lost" not in conditions(device)


@pytest.mark.req("T-06")
def test_without_a_clock_start_still_times_an_infusion_and_its_utc_comes_with_the_sync():
    device = course()
    power_cut(device, HOUR)
    press(device, "start")
    begun = device.t - 150
    device.wait(16 * MINUTE)
    view = course_view(device.state, device.now)
    assert view["counts"]["given"] == 1
    before = len(device.log)
    device.set_clock(UTC0 + device.t)
    assert told(device, before) == []
    device.to(device.first + 8 * HOUR)
    assert device.state.last_start is not None and ms(device.state.last_start) == UTC0 + begun


@pytest.mark.req("T-06")
def test_a_start_whose_boot_never_learned_the_time_stays_without_utc():
    device = course()
    power_cut(device, HOUR)
    press(device, "start")
    device.wait(16 * MINUTE)
    power_cut(device, HOUR)
    device.set_clock(UTC0 + device.t)
    started = next(e for e in device.log if e.kind == "dose-started")
    assert started.utc is None and started.detail["variance_ms"] is None
    assert device.state.last_start is None
    assert course_view(device.state, device.now)["counts"]["given"] == 1


@pytest.mark.req("S-02", "T-06")
@pytest.mark.parametrize("reset", [False, True])
def test_the_gap_holds_without_a_clock_too(reset):
    device = course()
    power_cut(device, HOUR)
    press(device, "start")
    device.wait(20 * MINUTE)
    press(device, "pause")
    if reset:
        device.boot("watchdog", warm=True)
    press(device, "start")
    refused = [e.detail["reason"] for e in device.log if e.kind == "start-refused"]
    assert refused == ["gap"]
    assert [e.kind for e in device.log].count("dose-started") == 1


@pytest.mark.req("T-04")
def test_loss_of_the_clock_is_told_only_with_a_course_to_lose():
    device = Device()
    device.boot()
    assert conditions(device) == []
    device.set_clock(UTC0)
    confirm(device, "configure", regimen=built_in()["hd-il2"], label="", armed=True)
    power_cut(device, SECOND)
    assert conditions(device) == ["clock-lost"]
    device.set_clock(UTC0 + device.t)
    assert conditions(device) == []


@pytest.mark.req("S-09", "T-04")
@pytest.mark.parametrize("battery", [False, True])
def test_a_review_that_was_timed_in_a_boot_without_a_clock_is_called_by_the_next_boot(battery):
    # given a dose that was given, and a course that was stopped, while nobody knew the time
    device = course()
    power_cut(device, MINUTE)
    press(device, "start")
    device.wait(15 * MINUTE)
    press(device, "pause")
    press(device, "hold", 5100)
    press(device, "pause", 2100)
    assert course_view(device.state, device.now)["state"] == "stopped"
    assert "supportive-care" not in conditions(device)
    # when the power goes again; then nobody can say any more when the twelve hours are over: better now than never
    power_cut(device, MINUTE, battery)
    assert "supportive-care" in conditions(device)


@pytest.mark.req("S-10", "R-03")
def test_resumed_course_keeps_its_old_grid():
    device = course()
    press(device, "start")
    device.to(device.first + 2 * HOUR)
    confirm(device, "course-stop")
    device.to(device.first + 25 * HOUR + 10 * MINUTE)
    press(device, "pause")
    before = len(device.log)
    press(device, "start", 3100)
    resumed = told(device, before)
    assert resumed == [
        ("dose-closed", 16 * HOUR, 2, "missed"),
        ("dose-closed", 24 * HOUR, 3, "missed"),
        ("dose-late", 25 * HOUR, 4, ""),
    ]


@pytest.mark.req("S-10")
def test_stopped_course_cannot_be_resumed_after_24_hours():
    device = course()
    confirm(device, "course-stop")
    device.wait(24 * HOUR + SECOND)
    press(device, "pause")
    press(device, "start", 3100)
    assert course_view(device.state, device.now)["state"] == "stopped"


@pytest.mark.req("T-04")
@pytest.mark.parametrize(
    "at,newest",
    [
        (8 * HOUR, "dose-due"),
        (9 * HOUR - 1, "dose-due"),
        (9 * HOUR, "dose-late"),
        (10 * HOUR - 1, "dose-late"),
        (10 * HOUR, "dose-overdue"),
        (16 * HOUR - 1, "dose-overdue"),
    ],
)
def test_of_the_instants_at_or_before_the_sync_only_the_newest_is_told(at, newest):
    device = course()
    press(device, "start")
    device.wait(20 * MINUTE)
    press(device, "pause")
    power_cut(device, HOUR)
    device.to(device.first + at)
    before = len(device.log)
    device.set_clock(UTC0 + device.t)
    instants = {"dose-due": 8 * HOUR, "dose-late": 9 * HOUR, "dose-overdue": 10 * HOUR}
    assert told(device, before) == [(newest, instants[newest], 2, "")]


@pytest.mark.req("T-04")
def test_slot_whose_end_is_the_very_sync_was_not_observed():
    device = course()
    press(device, "start")
    device.wait(20 * MINUTE)
    press(device, "pause")
    power_cut(device, HOUR)
    device.to(device.first + 16 * HOUR)
    before = len(device.log)
    device.set_clock(UTC0 + device.t)
    assert told(device, before) == [("dose-closed", 16 * HOUR, 2, "unknown"), ("dose-due", 16 * HOUR, 3, "")]


@pytest.mark.req("J-01", "T-04")
@pytest.mark.parametrize("set_again", [False, True])
def test_power_that_goes_again_before_the_interruption_is_stored_loses_nothing_but_time(set_again):
    device = course()
    press(device, "start")
    device.wait(5 * MINUTE)
    proved = device.state.last_mono
    device.t += MINUTE
    device.origin = device.t
    for command, detail in (("boot", {"cause": "power-on", "warm": False}), ("clock-lost", {})):
        device.add(decide(device.state, command, detail, device.now))
    power_cut(device, off=MINUTE)  # the loop had not begun: `dose-interrupted` never came
    (event,) = [event for event in device.log if event.kind == "dose-interrupted"]
    assert event.detail["cause"] == "restart"
    assert event.detail["infused_ms"] == ms_between(proved, started_at(device))
    if set_again:
        device.set_clock(UTC0 + device.t)
    press(device, "start")
    assert course_view(device.state, device.now)["phase"] == "infusing"


def started_at(device):
    return next(event.mono for event in device.log if event.kind == "dose-started")
