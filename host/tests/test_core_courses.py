"""Scripted courses, core against model: every event, count, instant, alert and burst (R-03 to R-05, S-01 to S-11, A-01 to A-04)."""

import pytest

from dosecore.view import course_view
from tests.model import vm
from tests.model.compare import Twin
from tests.model.courses import COURSES
from tests.model.expectation import expect
from tests.model.scripts import UTC0, play, verbs
from tests.model.watch import Watch


def counts(model):
    return [cycle.counts() for cycle in model.course.cycles]


@pytest.mark.req(
    "R-03", "R-04", "R-05", "S-01", "S-02", "S-04", "S-05", "S-06", "S-07", "S-08", "S-09", "S-10", "S-11", "A-02", "A-03", "A-04"
)  # fmt: skip
@pytest.mark.parametrize("name", sorted(COURSES))
def test_course_goes_as_calculated(name):
    """Given a script, when it is played on the core and on the model, then both tell the same story at every step."""
    script, expected = COURSES[name]()
    twin = play(script, Twin())
    view = course_view(twin.core.state, twin.core.now)
    assert view["state"] == expected["state"]
    assert [list(c.values()) for c in counts(twin.model)] == expected["counts"]
    assert list(view["counts"].values()) == expected["counts"][-1]
    kinds = [event.kind for event in twin.core.log]
    for kind, number in expected.get("kinds", {}).items():
        assert kinds.count(kind) == number, kind


def test_script_can_be_told_as_verbs_of_a_bench():
    """Every press of a script appears with its length; nothing is lost on the way to a board."""
    script, _ = COURSES["two_cycles"]()
    told = verbs(script)
    assert len([v for v in told if v[1] == "hold"]) * 2 == len([s for s in script.steps if s[1] in ("down", "up")])
    assert [v[2] for v in told if v[1] == "change"] == ["configure", "course-start"]
    assert all(v[3] >= 100 for v in told if v[1] == "hold")
    assert [v[0] for v in told] == sorted(v[0] for v in told)


@pytest.mark.req("S-07", "A-04")
def test_expectation_of_two_cycles_tells_every_dose_and_alert():
    """What a board is held against: 28 slots, worked out without the core."""
    script, expected = COURSES["two_cycles"]()
    key = expect(script)
    assert [list(c.values()) for c in key.counts()] == expected["counts"]
    assert len([n for n in key.notes if n.kind in ("dose-closed", "dose-recorded")]) == 28
    stood = key.alerts_stood()
    assert all(until is None or until >= since for *_, since, until in stood)
    assert len([a for a in stood if a[0] == "infusion-ended"]) == len(
        [n for n in key.notes if n.kind in ("dose-completed", "dose-stopped")]
    )
    assert {a[0] for a in stood} >= {"due", "late", "overdue", "on-hold", "missed-doses", "interrupted", "next-cycle"}


@pytest.mark.req("J-01")
@pytest.mark.parametrize("name", sorted(COURSES))
def test_state_is_the_fold_and_any_checkpoint_with_its_tail(name):
    """Whatever event the checkpoint stands after: it forgets nothing, and the events after it lead to the same state."""
    script, _ = COURSES[name]()
    watch = Watch()
    device = vm.Player(after_event=lambda event: watch.event(device, event))
    device.boot(utc=UTC0)
    play(script, device)
    device.command("checkpoint")
    assert len(device.log) > 5
