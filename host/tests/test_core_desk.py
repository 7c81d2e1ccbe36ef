"""The three buttons and the offers, one rule of section 3 at a time (S-02, S-04, S-05, H-03)."""

import pytest

from dosecore.events import REASONS
from dosecore.regimen_rules import built_in
from dosecore.view import course_view
from tests.driver import Device, Refused, instant, ms
from tests.model.scripts import HOUR, MINUTE, SECOND, UTC0


def press(device, button, length=150):
    device.down(button)
    device.wait(length)
    device.up(button)


def course(**changes):
    """A running course whose slot 1 has just fallen due at `device.first`."""
    device = Device()
    device.boot(utc=UTC0)
    device.offer("configure", regimen=dict(built_in()["hd-il2"], **changes), label="", armed=False)
    press(device, "pause", 2100)
    device.offer("course-start")
    press(device, "pause", 2100)
    device.first = device.t - 100
    return device


def kinds(device, since=0):
    return [e.kind for e in device.log[since:]]


def refusals(device):
    return [e.detail["reason"] for e in device.log if e.kind == "start-refused"]


def phase(device):
    return course_view(device.state, device.now)["phase"]


@pytest.mark.req("S-02")
def test_start_is_refused_and_logged_with_its_reason():
    device = course()
    device.to(device.first + 100 * MINUTE)
    press(device, "start")
    press(device, "start")
    device.to(device.first + 6 * HOUR)
    press(device, "pause")
    press(device, "start")
    device.to(device.first + 8 * HOUR + MINUTE)
    press(device, "start")
    assert refusals(device) == ["infusing", "too-early", "gap"]
    assert [code for _, code in device.refusals] == ["infusing", "too-early", "gap"]


@pytest.mark.req("S-02")
@pytest.mark.parametrize("before_due,allowed", [(60 * MINUTE, True), (60 * MINUTE + 1, False)])
def test_start_is_taken_from_early_min_before_due_on(before_due, allowed):
    device = course(min_gap_min=0)
    press(device, "start")
    device.to(device.first + 8 * HOUR - 90 * MINUTE)
    press(device, "pause")
    device.to(device.first + 8 * HOUR - before_due)
    device.down("start")
    assert (phase(device) == "infusing") is allowed


@pytest.mark.req("S-02", "R-05")
@pytest.mark.parametrize("after,allowed", [(420 * MINUTE, True), (420 * MINUTE - 1, False)])
def test_start_is_taken_from_the_gap_on(after, allowed):
    device = course()
    device.to(device.first + 70 * MINUTE)
    device.down("start")
    device.up("start")
    begun = device.t
    device.to(begun + HOUR)
    device.down("pause")
    device.up("pause")
    device.to(begun + after)
    device.down("start")
    assert (phase(device) == "infusing") is allowed


@pytest.mark.req("S-02")
@pytest.mark.parametrize("before_due,offered", [(240 * MINUTE, True), (240 * MINUTE + 1, False)])
def test_override_is_offered_at_most_240_min_before_due(before_due, offered):
    device = course(min_gap_min=0)
    press(device, "start")
    device.to(device.first + 2 * HOUR)
    device.to(device.first + 8 * HOUR - before_due - 3 * SECOND)
    press(device, "start", 3000)
    assert (device.desk.standing(device.now) == "override") is offered


@pytest.mark.req("S-02")
@pytest.mark.parametrize("reached_after,taken", [(10 * SECOND, True), (10 * SECOND + 1, False)])
def test_override_is_kept_when_the_2_s_are_reached_within_10_s(reached_after, taken):
    device = course()
    press(device, "start")
    device.to(device.first + 6 * HOUR)
    press(device, "start", 3000)
    device.wait(reached_after - 2 * SECOND)
    before = len(device.log)
    press(device, "pause", 2000)
    started = [e for e in device.log[before:] if e.kind == "dose-started"]
    assert bool(started) is taken
    if taken:
        assert started[0].detail["override"] == "too-early"
        assert ms(started[0].mono) == device.t - device.origin, "the dose starts at the end of the 2 s"


@pytest.mark.req("S-02")
def test_only_one_button_counts_at_a_time():
    device = course()
    device.down("start")
    before = len(device.log)
    device.wait(50)
    device.down("hold")
    device.wait(2500)
    device.up("hold")
    device.down("pause")
    device.up("pause")
    device.up("start")
    assert kinds(device, before) == []
    press(device, "pause")
    assert kinds(device, before) == ["audio-paused"]


@pytest.mark.req("S-05")
@pytest.mark.parametrize("steps", [0, 1, 13, 14, 15])
def test_each_hold_steps_the_reason_taken_10_s_after_the_last(steps):
    device = course()
    press(device, "hold")
    last = device.t - 150
    for _ in range(steps):
        device.wait(9 * SECOND)
        last = device.t
        press(device, "hold")
    device.to(last + 10 * SECOND - 1)
    assert "dose-reason" not in kinds(device)
    device.wait(1)
    taken = device.log[-1]
    assert taken.kind == "dose-reason" and ms(taken.mono) == last + 10 * SECOND
    assert taken.detail["reason"] == REASONS[steps % len(REASONS)]


@pytest.mark.req("S-04")
@pytest.mark.parametrize("after,undone", [(60 * SECOND, True), (60 * SECOND + 1, False)])
def test_undo_takes_back_the_newest_press_of_the_last_60_s(after, undone):
    device = course()
    device.down("start")
    begun = device.t
    device.up("start")
    device.to(begun + after - 5 * SECOND)
    press(device, "pause", 5 * SECOND)
    assert ("dose-undone" in kinds(device)) is undone
    assert phase(device) == ("due" if undone else "infusing")


@pytest.mark.req("S-04")
def test_undo_logs_the_instants_that_passed_with_their_own_stamps():
    device = course()
    device.to(device.first + 60 * MINUTE - 10 * SECOND)
    press(device, "start")
    device.to(device.first + 60 * MINUTE + 20 * SECOND)
    before = len(device.log)
    press(device, "pause", 5100)
    assert kinds(device, before) == ["audio-paused", "dose-undone", "dose-late"]
    late = device.log[-1]
    assert ms(late.mono) == device.first + 60 * MINUTE < ms(device.log[-2].mono)
    assert phase(device) == "late"
    assert course_view(device.state, device.now)["counts"]["given"] == 0


@pytest.mark.req("S-04")
def test_completed_cycle_and_record_end_the_undo():
    device = course(max_doses=1, infusion_min=1)
    press(device, "start")
    device.wait(59 * SECOND + 900)
    assert "cycle-completed" in kinds(device)
    press(device, "pause", 150)
    device = course(max_doses=2)
    press(device, "hold")
    device.offer("dose-record", cycle=1, slot=1, outcome="missed")
    press(device, "pause", 2100)
    before = len(device.log)
    press(device, "pause", 5100)
    assert kinds(device, before) == ["audio-paused"]


@pytest.mark.req("H-03")
def test_change_takes_effect_only_when_pause_is_held_2_s_at_the_device():
    device = course()
    request = device.offer("course-stop")
    assert device.outcome(request)[0] == "offered"
    press(device, "pause", 1999)
    press(device, "start")
    assert device.outcome(request)[0] == "offered"
    device.wait(SECOND)
    press(device, "pause", 2000)
    assert device.outcome(request)[0] == "confirmed"
    assert course_view(device.state, device.now)["state"] == "stopped"


@pytest.mark.req("H-03")
def test_press_that_began_before_the_offer_does_not_confirm_it():
    device = course()
    device.down("pause")
    device.wait(SECOND)
    request = device.offer("course-stop")
    device.wait(2 * SECOND)
    device.up("pause")
    assert device.outcome(request)[0] == "offered"


@pytest.mark.req("H-03")
@pytest.mark.parametrize("reached_after,outcome", [(60 * SECOND, "confirmed"), (60 * SECOND + 1, "expired")])
def test_change_stands_for_60_s(reached_after, outcome):
    device = course()
    request = device.offer("course-stop")
    device.wait(reached_after - 2 * SECOND)
    press(device, "pause", 2000)
    device.wait(2)
    assert device.outcome(request)[0] == outcome


@pytest.mark.req("H-03")
def test_second_change_is_busy_and_so_is_any_while_an_override_or_a_stop_is_offered():
    device = course()
    device.offer("course-stop")
    with pytest.raises(Refused, match="busy"):
        device.offer("reschedule", at=instant(UTC0 + device.t + HOUR))
    device = course()
    press(device, "hold", 5100)
    with pytest.raises(Refused, match="busy"):
        device.offer("course-stop")
    device = course()
    press(device, "start")
    device.to(device.first + 6 * HOUR)
    press(device, "start", 3100)
    with pytest.raises(Refused, match="busy"):
        device.offer("course-stop")


@pytest.mark.req("H-03")
def test_change_is_judged_again_when_it_is_confirmed():
    device = course()
    request = device.offer("dose-record", cycle=1, slot=1, outcome="missed")
    press(device, "start")
    press(device, "pause", 2100)
    assert device.outcome(request) == ("refused", "slot-infusing")


@pytest.mark.req("S-02", "A-07")
def test_button_down_for_10_s_is_stuck_and_the_others_work():
    device = course()
    device.down("hold")
    device.wait(10 * SECOND)
    assert "stuck-button" in [a[0] for a in device.standing()]
    before = len(device.log)
    press(device, "pause")
    assert kinds(device, before) == ["audio-paused"]
    device.up("hold")
    assert "stuck-button" not in [a[0] for a in device.standing()]


@pytest.mark.req("S-11")
def test_acknowledging_press_does_nothing_else_when_it_goes_down():
    device = course()
    press(device, "start")
    device.wait(15 * MINUTE)
    before = len(device.log)
    press(device, "start")
    press(device, "start")
    assert kinds(device, before) == ["alert-acknowledged", "start-refused"]
    assert device.state.pause_at is None or ms(device.state.pause_at) < device.t - MINUTE
