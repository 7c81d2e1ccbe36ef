"""Three nurses, and a course without a host: what they press, held against an independent calculation, and what the journal says of it (A-08, S-02 to S-10)."""

from itertools import pairwise

import pytest

from dosecore.events import Event
from hil_tests.conftest import MakeBench
from hil_tests.course_check import Story
from hil_tests.stories import OFF_GRID, held_against, moments
from tests.model.scripts import HOUR, MINUTE, SECOND, UTC0, built

# Seconds of processor that a story may take.
WITHIN_S = 20
# The latest answer that still is one within five minutes, with room for its odd seconds.
JUST_IN_TIME = 4 * MINUTE + 50 * SECOND
CALLS_A_DAY, BURSTS_A_DAY = 6, 60
# Bursts of one call are at most 5 min apart; between one answer and the next call lie hours, or the infusion.
SILENCE_S = 5 * 60 + 5
# A dose every two hours, two minutes long: a day's work in ten hours.
BRISK = {
    "interval_min": 120,
    "infusion_min": 2,
    "early_min": 20,
    "late_min": 20,
    "overdue_min": 40,
    "missed_min": 120,
    "min_gap_min": 60,
    "cycles": 1,
    "supportive_care_review_min": 0,
}


def careful() -> Story:
    """A day of hd-il2 on which each dose and each end of an infusion is answered, as late as that still counts as soon."""
    story = Story("careful", built("hd-il2", infusion_min=5, max_doses=3, cycles=1, supportive_care_review_min=0))
    for slot in range(3):
        story.at(story.first_due + slot * 8 * HOUR + JUST_IN_TIME + 11 * slot).start().wait(20 * SECOND).look()
        story.wait(5 * MINUTE - 21 * SECOND + JUST_IN_TIME).pause().wait(10 * SECOND).look()
    story.until(story.first_due + 24 * HOUR)
    return story


def hurried() -> Story:
    """Presses twice, too early, the wrong button; forgets START, and enters the dose afterwards."""
    story = Story("hurried", built("hd-il2", max_doses=5, **BRISK))
    at = moments(story, story.first_due, 2 * HOUR)
    at(1, 1).start().wait(250).start()  # refused: it infuses
    at(1, 4).pause()
    at(2, -30).start()  # refused: 20 minutes early at most
    at(2, -25).start().wait(2 * SECOND).start()  # refused, and refused
    at(2, -15).start()
    at(2, -12).hold()  # any button answers that it has ended
    at(3, 2).hold().wait(3 * SECOND).start().wait(10 * SECOND).look()  # the wrong button, then the right one
    at(3, 5).start()  # answers; nothing else
    at(4, 30).look()
    given = UTC0 + story.first_due + 3 * 2 * HOUR + 3 * MINUTE
    story.change(
        "dose-record",
        cycle=1,
        slot=4,
        outcome="given",
        started=given,
        ended=given + 2 * MINUTE,
        reason="unspecified",
    )
    story.wait(10 * SECOND).look()
    at(5, 1).hold().wait(400).hold().wait(5 * SECOND).undo().wait(20 * SECOND).look().start()
    at(5, 5).pause().wait(10 * SECOND).look()
    return story


def absent() -> Story:
    """Nobody comes for two doses, the last ones; then somebody sees to it."""
    regimen = dict(BRISK, interval_min=60, late_min=5, overdue_min=10, missed_min=20, min_gap_min=0)
    story = Story("absent", built("hd-il2", max_doses=2, **regimen))
    at = moments(story, story.first_due, HOUR)
    at(1, 3).look()
    at(1, 7).look()
    at(1, 15).look()
    at(1, 30).look()
    at(2, 25).look().confirm().wait(10 * SECOND).look()
    return story


def alone() -> Story:
    """Armed by a host that then goes away: started, held, undone, stopped for the night, resumed, all at the bed."""
    regimen = dict(BRISK, interval_min=240, early_min=60, late_min=90, overdue_min=120, missed_min=240)
    story = Story("alone", built("hd-il2", max_doses=6, **regimen), armed=True)
    at = moments(story, story.first_due, 4 * HOUR)
    story.wait(OFF_GRID).look().start()
    at(1, 4).pause()
    at(2, 3).hold().wait(SECOND).hold().wait(SECOND).hold().wait(20 * SECOND).look()  # cardiac
    at(2, 50).start()  # given late
    at(2, 54).pause()
    at(3, 2).start().wait(20 * SECOND).undo().wait(10 * SECOND).look().hold()  # held to its end
    at(4, 2).hold_down("hold", 5200).wait(SECOND).confirm().wait(10 * SECOND).look()  # no more tonight
    at(6, 20).hold_down("start", 3200).wait(6 * SECOND).look()  # on the old grid: two were missed meanwhile
    story.confirm().wait(5 * SECOND).start().wait(20 * SECOND).look()
    at(6, 24).pause().wait(10 * SECOND).look()
    return story


def told(log: list[Event], *kinds: str) -> list[tuple[str, int]]:
    """What the journal says of these kinds: (kind, slot), in its order."""
    return [(event.kind, event.slot) for event in log if event.kind in kinds]


def refused(log: list[Event]) -> list[str]:
    return [event.detail["reason"] for event in log if event.kind == "start-refused"]


@pytest.mark.req("A-08", "A-02", "S-01", "S-07")
def test_the_careful_nurse_is_called_six_times_a_day(make_bench: MakeBench) -> None:
    """Given three doses a day, when each is answered within five minutes, and so is each end, then six calls and sixty bursts are the most there is."""
    bench = make_bench()
    side, log = held_against(bench, careful(), WITHIN_S)
    begun = next(event.utc for event in log if event.kind == "dose-due")
    heard = [burst.start for burst in side.check_calls()]
    assert begun is not None
    assert len(heard) <= BURSTS_A_DAY
    calls = 1 + sum(later - burst > SILENCE_S for burst, later in pairwise(heard))
    assert calls == CALLS_A_DAY
    assert side.counts() == [[3, 0, 0, 0, 0]]
    assert refused(log) == []


@pytest.mark.req("S-02", "S-03", "S-04", "S-06", "S-07", "H-03")
def test_the_hurried_nurse_does_no_harm(make_bench: MakeBench) -> None:
    """Given wrong presses of each kind, then no dose is counted twice or lost, and the journal tells each of them."""
    side, log = held_against(make_bench(), hurried(), WITHIN_S)
    assert side.counts() == [[5, 0, 0, 0, 0]]
    assert refused(log) == ["infusing", "too-early", "too-early", "too-early"]
    assert told(log, "dose-started", "dose-recorded", "dose-undone", "dose-on-hold") == [
        ("dose-started", 1),
        ("dose-started", 2),
        ("dose-on-hold", 3),
        ("dose-started", 3),
        ("dose-recorded", 4),
        ("dose-on-hold", 5),
        ("dose-undone", 5),
        ("dose-started", 5),
    ]


@pytest.mark.req("S-07", "A-02", "A-03")
def test_nothing_is_given_and_nothing_is_silent_while_the_nurse_is_absent(make_bench: MakeBench) -> None:
    """Given two doses that nobody answers, then each is called in every phase, missed, and counted until somebody acknowledges that."""
    side, log = held_against(make_bench(), absent(), WITHIN_S)
    assert side.counts() == [[0, 0, 0, 2, 0]]
    for slot in (1, 2):
        assert [
            kind for kind, of in told(log, "dose-due", "dose-late", "dose-overdue", "dose-closed") if of == slot
        ] == [
            "dose-due",
            "dose-late",
            "dose-overdue",
            "dose-closed",
        ]
    acknowledged = [event.detail["condition"] for event in log if event.kind == "alert-acknowledged"]
    assert acknowledged == ["missed-doses"]


@pytest.mark.req("S-02", "S-04", "S-05", "S-07", "S-10", "R-03")
def test_a_whole_course_is_run_at_the_bedside_alone(make_bench: MakeBench) -> None:
    """Given an armed device, when it is started, held, undone, stopped and resumed by its buttons, then the course ends as calculated, on its old grid."""
    side, log = held_against(make_bench(), alone(), WITHIN_S)
    assert side.counts() == [[3, 0, 1, 2, 0]]
    assert told(log, "course-started", "course-stopped", "course-resumed", "course-completed") == [
        ("course-started", 0),
        ("course-stopped", 0),
        ("course-resumed", 0),
        ("course-completed", 0),
    ]
    assert {event.detail["by"] for event in log if event.kind == "course-stopped"} == {"bedside"}
    assert [event.detail["reason"] for event in log if event.kind == "dose-reason" and event.slot == 2] == ["cardiac"]
    assert told(log, "dose-undone") == [("dose-undone", 3), ("dose-undone", 4)]
