"""Whole courses on the emulated board: every event, instant, count, call and light as an independent calculation has them."""

from collections.abc import Callable

import pytest

from dosecore.events import KINDS, Event
from hil_tests.conftest import MakeBench
from hil_tests.course_check import WRAP_MS, SideBySide, Story, set_timer, timer_us
from hil_tests.stories import OFF_GRID, held_against, moments
from tests.model.scripts import DAY, HOUR, MINUTE, SECOND, UTC0, built, play


def first_cycle(story: Story, zero: int) -> None:
    """Fourteen doses from `zero` on, most given: on time, early, late, overdue, held, interrupted, stopped, undone, overridden, refused."""

    at = moments(story, zero)
    at(1, 1).look().start().wait(MINUTE).look()
    at(1, 5).start()  # refused: it infuses
    at(1, 18).look().pause()  # answers "infusion ended"
    at(1, 60).look()
    at(2, -25).start()
    at(2, -5).start()  # any button answers; it starts nothing
    at(3, 30).pause()
    at(3, 61).look().start()
    at(3, 78).pause()
    at(4, 3).hold().wait(SECOND).hold().wait(SECOND).hold()  # cardiac; held to its end
    at(4, 70).look()
    at(5, 121).look().start()
    at(5, 137).pause()
    at(6, 4).hold()
    at(6, 50).start()  # refused: slot 5 was given two hours late, which is too near
    at(6, 62).start()  # held, then given late
    at(6, 78).pause()
    at(7, 5).start().wait(4 * MINUTE).hold_down("hold", 2200).wait(30 * SECOND).look().start().wait(10 * SECOND).look()
    at(7, 22).pause()
    at(8, 1).start().wait(6 * MINUTE).hold_down("hold", 2100).wait(20 * SECOND).hold_down("hold", 2100)  # partial
    at(8, 9).pause()
    at(9, 1).hold().wait(20 * SECOND).look().confirm().wait(10 * SECOND).look()  # the third hold asks for a review
    at(10, 2).start().wait(20 * SECOND).undo().wait(15 * SECOND).look().start()
    at(10, 19).pause()
    at(11, -90).hold_down("start", 3200).wait(SECOND).confirm().wait(6 * SECOND).look()  # refused, then overridden
    at(11, -74).pause()
    at(12, 2).hold().wait(20 * SECOND).confirm()
    at(13, 66).start()
    at(13, 82).pause()
    at(14, 2).look().start()  # refused: the gap
    at(14, 7).start()
    at(14, 23).pause()


def second_cycle(story: Story, zero: int) -> None:
    """Fourteen doses, most held: reasons, their review, a HOLD undone, a stop and a resumption at the bed, a dose recorded afterwards."""

    at = moments(story, zero)
    at(1, 16).pause()
    for slot in (2, 3):
        at(slot, 1).hold().wait(SECOND).hold()
    at(4, 1).hold()
    for _ in range(13):  # awaiting the drug: not counted in the review
        story.wait(SECOND).hold()
    at(5, 1).hold().wait(20 * SECOND).look().confirm().wait(10 * SECOND).look()  # the third that counts
    at(6, 1).start()
    at(6, 17).pause()
    at(7, 1).hold().wait(13 * SECOND).undo().wait(10 * SECOND).look().start()
    at(7, 18).pause()
    at(8, 2).hold_down("hold", 5200).wait(SECOND).confirm().wait(10 * SECOND).look()  # the course is stopped
    at(9, 20).hold_down("start", 3200).wait(6 * SECOND).look().start()  # slot 8 was missed meanwhile
    at(9, 36).wait(4 * SECOND).pause().wait(10 * SECOND).confirm()
    recorded = UTC0 + zero + 72 * HOUR + 2 * MINUTE
    at(10, 20).change(
        "dose-record",
        cycle=2,
        slot=10,
        outcome="given",
        started=recorded,
        ended=recorded + 900_000,
        reason="unspecified",
    )
    story.wait(10 * SECOND).look()
    for slot in (11, 12, 13):
        at(slot, 1).hold().wait(20 * SECOND).confirm()
    at(14, 1).start()
    at(14, 17).pause()


def two_cycles(cycle_days: int) -> Story:
    """Two cycles of hd-il2, the second prepared at the bed at the moment from which it may start."""
    story = Story("two-cycles", built("hd-il2", cycle_days=cycle_days))
    first = story.first_due
    first_cycle(story, first)
    story.at(first + 13 * 8 * HOUR + 12 * HOUR + 23 * MINUTE).look().pause()  # supportive care
    story.wait(MINUTE).look()
    story.at(first + cycle_days * DAY + OFF_GRID).look().hold_down("start", 3200)  # answers the call, then prepares
    zero = story.t - 200
    story.wait(OFF_GRID).look().start()
    second_cycle(story, zero)
    story.wait(12 * HOUR).look().pause().wait(MINUTE).look()
    return story


def til() -> Story:
    """til-il2: six doses in one cycle. One is missed: the nurse does nothing for three hours, at whose end the next one is due, which the host has moved up."""
    story = Story("til", built("til-il2"))
    at = moments(story, story.first_due)
    at(1, 1).start()
    at(1, 50).look()  # nobody answers "infusion ended": it ends by itself after 30 minutes
    at(2, 3).hold().wait(SECOND).hold()
    at(3, 63).look()
    at(3, 125).look()
    fourth = story.first_due + 2 * 8 * HOUR + 3 * HOUR
    at(3, 130).change("reschedule", at=UTC0 + fourth)
    at(3, 175).look()
    at = moments(story, fourth - 3 * 8 * HOUR)
    at(4, 0).look().confirm().wait(20 * SECOND).look().start()
    at(4, 17).pause()
    at(5, 1).start().wait(3 * MINUTE).hold_down("hold", 2100).wait(30 * SECOND).hold_down("hold", 2100)
    at(6, -70).start()  # refused: too early
    at(6, -50).start()
    at(6, -34).pause()
    story.wait(12 * HOUR).look().pause().wait(MINUTE).look()
    return story


def anchored_on_start() -> Story:
    """anchor = start: each due is the start before it and ten hours, whatever was early, late or undone; a held slot passes its own due on."""
    regimen = built("hd-il2", anchor="start", max_doses=5, cycles=1, interval_min=600, missed_min=600)
    story = Story("anchor-start", regimen)
    story.at(story.first_due + 50 * MINUTE + OFF_GRID).look().start()
    second = story.t - 150 + 10 * HOUR
    story.wait(30 * SECOND).look()
    story.at(second - 30 * MINUTE).start()
    third = story.t - 150 + 10 * HOUR
    story.at(third + 5 * MINUTE + OFF_GRID).hold()
    fourth = third + 10 * HOUR
    story.at(fourth + 20 * MINUTE + OFF_GRID).look().start().wait(30 * SECOND).undo().wait(20 * SECOND).look().start()
    fifth = story.t - 150 + 10 * HOUR
    story.at(fifth + 2 * MINUTE + OFF_GRID).look().start().wait(20 * MINUTE + 700).pause()
    story.wait(HOUR).look()
    return story


def day_limit() -> Story:
    """Two days hold six slots of eight hours, not the eight of the regimen; a reschedule drops one more."""
    story = Story("day-limit", built("hd-il2", max_doses=8, max_days=2, cycles=1))
    first = story.first_due
    story.at(first + MINUTE + OFF_GRID).start()
    moved = first + 990 * MINUTE  # slot 2 was due at 480
    story.at(first + 4 * HOUR).change("reschedule", at=UTC0 + moved).wait(10 * SECOND).look()
    for slot in range(2, 6):
        story.at(moved + (slot - 2) * 8 * HOUR + MINUTE + OFF_GRID).look().hold().wait(20 * SECOND).confirm()
    story.at(moved + 4 * 8 * HOUR + MINUTE).look()
    return story


COURSE = (
    "R-02",
    "R-03",
    "R-04",
    "R-05",
    "S-01",
    "S-02",
    "S-04",
    "S-05",
    "S-06",
    "S-07",
    "S-08",
    "S-09",
    "S-10",
    "A-01",
    "A-02",
    "A-03",
)


@pytest.mark.req(*COURSE)
def test_two_cycles_go_as_calculated(make_bench: MakeBench) -> None:
    """28 slots of hd-il2 with 6 cycle days: given a nurse who does everything that can be done, then all is as calculated, in two minutes."""
    side, log = held_against(make_bench(), two_cycles(6), 120)
    assert side.counts() == [[10, 1, 3, 0, 0], [6, 0, 7, 1, 0]]
    _every_kind_occurs(log)


@pytest.mark.soak
@pytest.mark.req(*COURSE, "T-01")
def test_nineteen_days_go_as_calculated(make_bench: MakeBench) -> None:
    """The same with the 14 cycle days of hd-il2: 19 days, over the counter's wrap, in four minutes."""
    side, log = held_against(make_bench(), two_cycles(14), 240)
    assert side.counts() == [[10, 1, 3, 0, 0], [6, 0, 7, 1, 0]]
    assert side.model.t > 18.8 * DAY


def _every_kind_occurs(log: list[Event]) -> None:
    """The nurse has left out nothing that needs no fault and no other anchor."""
    elsewhere = {"clock-lost", "course-rescheduled", "journal-gap", "exported"}
    assert {event.kind for event in log} == set(KINDS) - elsewhere
    assert {event.detail["reason"] for event in log if event.kind == "start-refused"} == {
        "infusing",
        "too-early",
        "gap",
    }
    assert {event.detail["press"] for event in log if event.kind == "dose-undone"} == {"start", "hold"}
    assert "too-early" in {event.detail["override"] for event in log if event.kind == "dose-started"}


@pytest.mark.soak
@pytest.mark.req("R-02", "R-03", "S-02", "S-07", "S-08", "S-09", "A-02")
def test_a_til_course_goes_as_calculated(make_bench: MakeBench) -> None:
    """Six doses and a single cycle; the one that nobody answers is called for as late and overdue, and missed when the next one is due."""
    side, log = held_against(make_bench(), til(), 60)
    assert side.counts() == [[3, 1, 1, 1, 0]]
    (due, late, overdue) = [
        event.utc for event in log if event.slot == 3 and event.kind in ("dose-due", "dose-late", "dose-overdue")
    ]
    (closed,) = [event for event in log if event.slot == 3 and event.kind == "dose-closed"]
    assert closed.detail["outcome"] == "missed"
    assert [instant[0] - due[0] for instant in (late, overdue, closed.utc)] == [3600, 7200, 3 * 3600]


@pytest.mark.soak
@pytest.mark.req("R-03", "S-04")
def test_dues_follow_the_starts_where_the_anchor_is_the_start(make_bench: MakeBench) -> None:
    """Given anchor = start, when doses are early, late and undone, then each due is the last start and the interval."""
    side, log = held_against(make_bench(), anchored_on_start(), 60)
    assert side.counts() == [[4, 0, 1, 0, 0]]


@pytest.mark.soak
@pytest.mark.req("R-01", "R-03")
def test_a_day_limit_cuts_slots(make_bench: MakeBench) -> None:
    """Given room for six of eight slots, when slot 2 is moved, then slot 6 is dropped too: five remain, and the cycle ends with them."""
    side, log = held_against(make_bench(), day_limit(), 60)
    assert side.counts() == [[1, 0, 4, 0, 0]]
    assert [event.detail["dropped"] for event in log if event.kind == "course-rescheduled"] == [1]
    assert max(event.slot for event in log) == 5


def undone_at(story: Story, wrap: int) -> None:
    """PAUSE is held for the 5 s of an undo while the counter wraps."""
    story.at(wrap - 20 * SECOND).start().at(wrap - 2500).undo().wait(20 * SECOND).look().start()


def infusing_at(story: Story, wrap: int) -> None:
    """An infusion runs while the counter wraps."""
    story.at(wrap - 7 * MINUTE).start().at(wrap - 10 * SECOND).look().at(wrap + 10 * SECOND).look()


def waiting_at(story: Story, wrap: int) -> None:
    """A dose calls, goes late and overdue, and is put on hold; the counter wraps while it calls as late."""
    story.at(wrap - 60 * SECOND).look().at(wrap + 30 * SECOND).look().at(wrap + 62 * MINUTE + OFF_GRID).look().hold()


@pytest.mark.req("T-01", "S-01", "A-01", "A-02")
@pytest.mark.parametrize(
    ("act", "before"),
    [(undone_at, 40), (infusing_at, 40), pytest.param(waiting_at, 63, marks=pytest.mark.soak)],
)
def test_a_wrap_of_the_counter_goes_unnoticed(
    make_bench: MakeBench, act: Callable[[Story, int], None], before: int
) -> None:
    """The chip's counter of milliseconds wraps at 2^30 (12.4 days); given a device that reaches it, then nothing is to be seen of it.

    The device is not run for 12 days (the soak is): right after power-on, when the start-up code has set the timer going and before the application begins, the
    timer is set forward to `before` minutes before the wrap, through its registers TIMELW and TIMEHW. To the firmware that is a timer that has run for so long.
    """
    bench = make_bench()
    set_timer(bench, (WRAP_MS - before * MINUTE) * 1000)
    story = Story("wrap", built("hd-il2", max_doses=2, cycles=1, supportive_care_review_min=0))
    side = SideBySide(bench)
    wrap = WRAP_MS - side.mono_0
    assert 0 < wrap - story.first_due < before * MINUTE
    act(story, wrap)
    story.at(story.first_due + 8 * HOUR + 2 * MINUTE).look()
    play(story, side)
    log = side.check_log()
    side.check_calls()
    assert timer_us(bench) > WRAP_MS * 1000
    assert [event.kind for event in log].count("boot") == 1
