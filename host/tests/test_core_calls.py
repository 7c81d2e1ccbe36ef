"""Calls and bursts, straight from section 5: cadence, pause, which is heard, silence while infusing, the budget of a good day."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosecore.alerts import alerts, next_burst
from dosecore.regimen_rules import built_in
from tests.driver import Device, instant
from tests.model.profiles import examples
from tests.model.scripts import DAY, HOUR, MINUTE, SECOND, UTC0

PRESS = 150


def course(regimen=None, **changes):
    """A device with a course whose slot 1 has just fallen due; `device.first` is that instant."""
    device = Device()
    device.boot(utc=UTC0)
    hold(
        device,
        "pause",
        2100,
        "configure",
        regimen=dict(regimen or built_in()["hd-il2"], **changes),
        label="",
        armed=False,
    )
    hold(device, "pause", 2100, "course-start")
    device.first = device.t - 100
    return device


def hold(device, button, length, change=None, **arguments):
    if change:
        device.offer(change, **arguments)
    device.down(button)
    device.wait(length)
    device.up(button)


def press(device, button):
    hold(device, button, PRESS)


def bursts(device, since=0):
    """Seconds after slot 1's due at which bursts fell, with their priority."""
    return [((t - device.first) / 1000, priority) for t, priority in device.bursts if t >= since]


def clock(device):
    """Seconds after slot 1's due."""
    return (device.t - device.first) / 1000


@pytest.mark.req("A-02")
def test_low_call_every_30_s_for_5_min_then_every_5_min():
    device = course()
    device.to(device.first + 59 * MINUTE)
    dense = [30 * n for n in range(11)]
    assert bursts(device) == [(s, "low") for s in dense + list(range(600, 3540, 300))]


@pytest.mark.req("A-02")
def test_late_and_overdue_each_restart_a_medium_call():
    device = course()
    device.to(device.first + 479 * MINUTE - 1)
    late = [60 * 60 + s for s in [10 * n for n in range(31)] + list(range(360, 3600, 60))]
    overdue = [120 * 60 + s for s in [10 * n for n in range(31)] + list(range(360, 359 * 60, 60))]
    assert bursts(device, device.first + HOUR) == [(s, "medium") for s in late + overdue]


@pytest.mark.req("A-02", "R-05")
def test_due_slot_that_the_gap_forbids_is_lit_and_calls_from_its_earliest():
    device = course(min_gap_min=480)
    device.to(device.first + 90 * MINUTE)
    press(device, "start")
    device.to(device.first + 90 * MINUTE + 20 * MINUTE)
    press(device, "pause")
    quiet = device.t
    device.to(device.first + 8 * HOUR + MINUTE)
    assert [(a.condition, a.audio) for a in alerts(device.state, device.now)] == [("due", "off")]
    device.to(device.first + 570 * MINUTE + 31 * SECOND)
    assert bursts(device, quiet) == [(570 * 60, "low"), (570 * 60 + 30, "low")]


@pytest.mark.req("A-03")
@given(st.integers(0, 299 * SECOND))
@settings(max_examples=examples(25))
def test_pause_silences_for_120_s_and_no_longer(at):
    """The cadence of the call stays where it was: bursts inside the pause are left out."""
    device = course()
    device.to(device.first + 60 * MINUTE + at)
    press(device, "pause")
    device.to(device.first + 60 * MINUTE + 299 * SECOND + 130 * SECOND)
    expected = [60 * 60 + 10 * n for n in range(31)] + [60 * 60 + 360, 60 * 60 + 420]
    begin, end = 3600 + at / 1000, 3600 + at / 1000 + 120
    expected = [s for s in expected if not begin < s < end and s <= clock(device)]
    assert [s for s, _ in bursts(device, device.first + 60 * MINUTE)] == expected


@pytest.mark.req("A-03")
def test_new_condition_sounds_at_once_inside_a_pause():
    device = course()
    device.to(device.first + 59 * MINUTE)
    press(device, "pause")
    device.to(device.first + 60 * MINUTE)
    assert bursts(device)[-1] == (3600, "medium")


@pytest.mark.req("A-03")
def test_there_is_no_off_a_pause_ends_and_the_light_stays():
    device = course()
    device.to(device.first + 121 * MINUTE)
    for _ in range(20):
        press(device, "pause")
        assert [a.condition for a in alerts(device.state, device.now)] == ["overdue"]
        assert alerts(device.state, device.now)[0].audio == "paused"
        before = len(device.bursts)
        device.wait(120 * SECOND + MINUTE)
        assert len(device.bursts) > before


@pytest.mark.req("A-04")
def test_the_highest_then_the_newest_is_heard_and_all_are_listed():
    device = course()
    device.to(device.first + 8 * HOUR + MINUTE)  # slot 1 missed (medium, latched), slot 2 due (low)
    found = alerts(device.state, device.now)
    assert [a.condition for a in found] == ["missed-doses", "due"]
    assert {c for c, _ in device.heard[-4:]} == {"missed-doses"}
    device.to(device.first + 9 * HOUR + MINUTE)  # slot 2 late: as high, and newer
    found = alerts(device.state, device.now)
    assert [a.condition for a in found] == ["late", "missed-doses"]
    assert device.heard[-1][0] == "late"


@pytest.mark.req("A-02", "S-11")
def test_while_infusing_only_the_light_shows_and_calls_begin_when_it_ends():
    device = course(infusion_min=240, early_min=60, min_gap_min=0)
    device.to(device.first + 479 * MINUTE)
    press(device, "start")
    begun = device.t
    device.to(device.first + 700 * MINUTE)  # slot 2 went through due, late and overdue meanwhile
    found = [(a.condition, a.slot, a.audio) for a in alerts(device.state, device.now)]
    assert found == [("overdue", 2, "off")]
    assert bursts(device, begun) == []
    device.to(device.first + 719 * MINUTE + 21 * SECOND)
    end = 719 * 60
    assert [(s, p) for s, p in bursts(device, begun)] == [(end, "medium"), (end + 10, "medium"), (end + 20, "medium")]


@pytest.mark.req("A-02")
def test_an_interruption_and_technical_conditions_sound_at_once():
    device = course()
    press(device, "start")
    device.wait(5 * MINUTE)
    begun = device.t
    device.command("condition", condition="journal-fault", present=True)
    device.wait(10 * SECOND)
    assert device.heard[-2:] == [("journal-fault", begun)] * 2
    hold(device, "hold", 2100)
    device.wait(10 * SECOND)
    assert device.heard[-1][0] == "interrupted"


@pytest.mark.req("A-02", "S-05")
def test_on_hold_sounds_only_every_hold_remind_min():
    device = course()
    device.to(device.first + MINUTE)
    press(device, "hold")
    held = device.first + MINUTE
    device.to(device.first + 5 * HOUR)
    assert [t for t, _ in device.bursts if t > held] == [held + n * HOUR for n in range(1, 5)]


@pytest.mark.req("A-02", "S-05")
def test_on_hold_without_reminder_only_lights():
    device = course(hold_remind_min=0)
    device.to(device.first + MINUTE)
    press(device, "hold")
    held = device.t
    device.to(device.first + 7 * HOUR)
    assert [t for t, _ in device.bursts if t > held] == []
    assert [(a.condition, a.audio) for a in alerts(device.state, device.now)] == [("on-hold", "off")]


@pytest.mark.req("A-08", "A-02")
@given(st.data())
@settings(max_examples=examples(15))
def test_a_good_day_has_at_most_6_calls_and_60_bursts(data):
    """Every dose and every infusion end is answered within five minutes, at any second of them."""
    device = course(max_doses=14)
    answered = st.integers(1, 299)
    for slot in range(14):
        device.to(device.first + slot * 8 * HOUR + data.draw(answered) * SECOND)
        press(device, "start")
        device.to(device.t - PRESS + 15 * MINUTE + data.draw(answered) * SECOND)
        press(device, "pause")
    for day in range(5):
        span = range(device.first + day * DAY, device.first + (day + 1) * DAY)
        heard = [call for (t, _), call in zip(device.bursts, device.heard, strict=True) if t in span]
        assert len(heard) <= 60
        assert len(set(heard)) <= 6
        if day < 4:
            assert len(set(heard)) == 6, "three doses and three infusion ends"


@pytest.mark.req("A-02", "A-05")
def test_no_all_is_well_sound():
    device = course()
    device.to(device.first + SECOND)
    press(device, "start")
    device.wait(16 * MINUTE)
    press(device, "pause")
    device.to(device.t)
    quiet = len(device.bursts)
    device.to(device.first + 8 * HOUR - 1)
    assert len(device.bursts) == quiet


@pytest.mark.req("A-02", "R-02")
def test_in_a_bench_regimen_five_minutes_are_five_seconds():
    device = course(regimen=built_in()["bench"], late_min=59, overdue_min=60, missed_min=61, interval_min=61)
    device.to(device.first + 31 * SECOND)
    assert bursts(device) == [(5 * n, "low") for n in range(7)]


@pytest.mark.req("S-11", "A-04")
def test_an_instant_asked_twice_gives_the_same_burst():
    device = course()
    device.to(device.first + 3 * MINUTE)
    found = next_burst(device.state, device.now)
    assert found == next_burst(device.state, device.now)
    assert found[0] >= device.now
    later = next_burst(device.state, (device.now[0], device.now[1] + 1))
    assert later[0] > device.now
    assert instant(device.t)[0] <= later[0][0] <= device.now[0] + 30


@pytest.mark.req("A-04")
def test_conditions_of_one_instant_stand_in_the_order_of_the_table():
    device = course()
    for condition in ("maintenance", "journal-fault", "self-test-failed"):
        device.command("condition", condition=condition, present=True)
    found = [a.condition for a in alerts(device.state, device.now) if a.priority == 2]
    assert found == ["journal-fault", "self-test-failed", "maintenance"]
