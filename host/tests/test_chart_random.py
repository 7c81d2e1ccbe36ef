"""The chart of random courses: its counts are the core's, its doses the model's, and what is missing is not invented (S-04, S-06, S-07, T-06)."""

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebell.chart import read_chart
from dosebell.events_json import offsets
from dosecore import checkpoint, events
from dosecore.apply import apply
from dosecore.state import State
from tests.driver import Device, ms
from tests.model.compare import Twin
from tests.model.courses import COURSES
from tests.model.profiles import examples
from tests.model.scripts import play
from tests.test_core_random import OutagesAgainstTheModel, WithOutages, run

COUNTS = ("given", "partial", "held", "missed", "unknown")


def chart_of(log):
    return read_chart(log, offsets(log))


def folded(log):
    """The counts per cycle of each course, by the core's fold alone; the state after it."""
    state, courses = State(), []
    for event in log:
        if event.kind in ("configured", "course-started") and state.tallies:
            courses.append([tally.counts() for tally in state.tallies])
        apply(state, event)
    if state.tallies:
        courses.append([tally.counts() for tally in state.tallies])
    return courses, state


def counted(course, cycles):
    return [list(course.counts(cycle).values()) for cycle in range(1, cycles + 1)]


def holds_itself_together(chart):
    """What is true of every chart, also of one that was made of half a log."""
    for course in chart.courses:
        seen = set()
        for slot in course.slots:
            assert (slot.cycle, slot.number) not in seen
            seen.add((slot.cycle, slot.number))
            assert (slot.phase == "closed") == bool(slot.outcome), slot
            assert slot.seqs == sorted(set(slot.seqs))
            if slot.answer is not None and slot.answer.answered is not None:
                assert slot.answer.ms >= 0
    assert len({course.number for course in chart.courses}) == len(chart.courses)


def agrees_with_the_core(log):
    chart = chart_of(log)
    holds_itself_together(chart)
    courses, state = folded(log)
    charted = [course for course in chart.courses if course.slots or course.cycles]
    assert [counted(course, len(counts)) for course, counts in zip(charted, courses, strict=True)] == courses
    assert all(course.complete and all(slot.complete for slot in course.slots) for course in chart.courses)
    if state.tallies:
        course = chart.courses[-1]
        assert course.state == state.course
        for number, slot in state.open.items():
            (found,) = [one for one in course.slots if (one.cycle, one.number) == (state.cycle, number)]
            assert found.phase == ("infusing" if slot.phase == "ended" else slot.phase)
            assert (found.started, found.due) == (slot.start, slot.due)
    return chart


def agrees_with_the_model(chart, model):
    """Every dose of the newest course: due, start, end of the infusion, phase, outcome, last reason of a hold; and no dose that there is none of."""
    course = chart.courses[-1]
    found = {(slot.cycle, slot.number): slot for slot in course.slots if slot.phase != "dropped"}
    expected = {}
    for cycle in model.cycles:
        for dose in cycle.doses.values():
            if dose.outcome or (cycle is model.cycle and model.state == "running" and dose in cycle.slots()):
                expected[cycle.number, dose.slot] = cycle, dose
    assert set(found) == set(expected)
    for place, (cycle, dose) in expected.items():
        slot = found[place]
        assert slot.outcome == dose.outcome, slot
        if not dose.outcome:
            phase = "planned" if dose.phase == "waiting" else dose.phase
            assert (slot.phase, ms(slot.due), ms(slot.end)) == (phase, cycle.due(dose.slot), cycle.end(dose.slot))
        if dose.outcome in ("given", "partial") or dose.touch in ("infusing", "interrupted"):
            assert ms(slot.started) == dose.start_utc, slot
        elif dose.outcome:
            assert slot.started is None or dose.start_utc is None, slot
        if slot.holds and not slot.recorded:
            assert slot.holds[-1].reason == dose.reason


class ChartOfRandomCourses(OutagesAgainstTheModel):
    """Every random course of the model, charted as it ends."""

    def teardown(self):
        if hasattr(self, "on") and self.on.model.course.cycles:
            agrees_with_the_model(agrees_with_the_core(self.on.core.log), self.on.model.course)


class ChartOfWrongClocks(WithOutages):
    """Wrong clocks and checkpoints: the core alone."""

    def teardown(self):
        if hasattr(self, "on"):
            agrees_with_the_core(self.on.log)


@pytest.mark.req("S-04", "S-06", "S-07", "R-03", "T-04", "T-06")
def test_the_chart_of_a_random_course_counts_as_the_core_and_tells_what_the_model_knows():
    run(ChartOfRandomCourses, 60)


@pytest.mark.req("S-07", "T-04")
def test_the_chart_counts_as_the_core_through_wrong_clocks():
    run(ChartOfWrongClocks, 40)


@pytest.fixture(scope="module", params=sorted(COURSES))
def named(request):
    """A named course, played on core and model."""
    script, _ = COURSES[request.param]()
    return play(script, Twin())


@pytest.mark.req("S-04", "S-06", "S-07", "R-03")
def test_the_chart_of_a_named_course_is_what_the_model_knows(named):
    chart = agrees_with_the_core(named.core.log)
    agrees_with_the_model(chart, named.model.course)
    regimen = next(event.detail["regimen"] for event in named.core.log if event.kind == "configured")
    assert chart.courses[-1].regimen == regimen


def with_checkpoints(log, every=23):
    """The log as a journal holds it: a checkpoint begins each sector."""
    state, found = State(), []
    for event in log:
        if len(found) % every == 0:
            detail = {"state": checkpoint.pack(state)}
            found.append(events.Event("checkpoint", state.last_mono, boot=state.boot, detail=detail))
            found[-1].seq = len(found)
        event = copy.copy(event)
        event.seq = len(found) + 1
        found.append(event)
        apply(state, event)
    return found


def shown(slot):
    """What of a slot stands in events."""
    return slot.outcome, slot.started, slot.ended, slot.holds, slot.interruptions, slot.undone, slot.corrections


@pytest.mark.req("S-07", "J-02", "J-03")
def test_a_log_whose_oldest_sectors_are_gone_tells_the_same_of_what_is_left(named):
    """given a course, when the log begins at any sector, then the counts stand, and whatever is called complete is as the whole log tells it"""
    log = with_checkpoints(named.core.log)
    whole = chart_of(log)
    courses, state = folded(named.core.log)
    for first in [event.seq for event in log if event.kind == "checkpoint"]:
        chart = chart_of(log[first - 1 :])
        holds_itself_together(chart)
        of_whole = {(slot.cycle, slot.number): slot for slot in whole.courses[-1].slots}
        course = chart.courses[-1]
        assert counted(course, len(courses[-1])) == courses[-1]
        assert course.state == whole.courses[-1].state
        assert course.regimen == whole.courses[-1].regimen
        assert course.complete == (log[first - 1 :][0].seq <= log_of_start(log))
        for slot in course.slots:
            full = of_whole[slot.cycle, slot.number]
            if slot.complete:
                assert shown(slot) == shown(full)
                assert (slot.due, slot.end, slot.not_before, slot.phase) == (
                    full.due,
                    full.end,
                    full.not_before,
                    full.phase,
                )
            assert slot.outcome == full.outcome
            assert slot.started in (None, full.started)


def log_of_start(log):
    return max(event.seq for event in log if event.kind == "course-started")


@settings(max_examples=examples(150))
@given(name=st.sampled_from(sorted(COURSES)), data=st.data())
def test_a_log_with_gaps_invents_nothing(logs, name, data):
    """given a course, when events are missing anywhere, then what is called complete is as the whole log tells it, and no outcome is made up"""
    log, whole = logs(name)
    first = data.draw(st.integers(0, len(log) - 2))
    last = data.draw(st.integers(first, min(first + 60, len(log) - 2)))  # the end of a log is no gap
    chart = chart_of(log[:first] + log[last + 1 :])
    holds_itself_together(chart)
    full = {(slot.cycle, slot.number): slot for slot in whole.courses[-1].slots}
    said = {(event.cycle, event.slot, event.detail["outcome"]) for event in log if "outcome" in event.detail}
    for course in chart.courses:
        for slot in course.slots:
            assert not slot.outcome or (slot.cycle, slot.number, slot.outcome) in said
            if slot.complete and (course.complete or not slot.outcome):
                assert shown(slot) == shown(full[slot.cycle, slot.number])


@settings(max_examples=examples(60))
@given(name=st.sampled_from(sorted(COURSES)), data=st.data())
def test_a_log_that_somebody_has_altered_is_charted_without_an_error(logs, name, data):
    """given a log in which events were removed and the others numbered anew, then what can be told is told"""
    log, _ = logs(name)
    kept = data.draw(st.lists(st.sampled_from(range(len(log))), unique=True, max_size=len(log)))
    forged = [copy.copy(log[place]) for place in (kept if data.draw(st.booleans()) else sorted(kept))]
    for seq, event in enumerate(forged, 1):
        event.seq = seq
    holds_itself_together(chart_of(forged))


@pytest.fixture(scope="module")
def logs():
    """name -> (log, its chart), each made once."""
    made = {}

    def get(name):
        if name not in made:
            device = Device()
            device.boot(utc=Twin().utc0)
            play(COURSES[name]()[0], _OnCore(device))
            log = with_checkpoints(device.log)
            made[name] = log, chart_of(log)
        return made[name]

    return get


class _OnCore:
    """A script's verbs on the core alone."""

    def __init__(self, device):
        self.to, self.down, self.up, self._device = device.to, device.down, device.up, device

    def offer(self, name, arguments):
        from tests.driver import instant
        from tests.model.scripts import INSTANTS

        self._device.offer(
            name, **{k: instant(v) if k in INSTANTS and v is not None else v for k, v in arguments.items()}
        )

    def reason(self, cycle, slot, reason):
        self._device.command("dose-reason", cycle=cycle, slot=slot, reason=reason)
