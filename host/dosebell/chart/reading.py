"""From events to the chart. The schedule is the core's: the same fold that the device keeps says when a slot was due; what happened stands in the events.

Where the log begins in the middle, or has a gap, the fold begins anew at the next checkpoint. Until then only what the events say themselves is told,
and nothing is guessed.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from dosebell.chart.calls import Calls
from dosebell.chart.doses import Doses
from dosebell.chart.slots import Chart, ChartedCourse
from dosebell.events_json import Offsets, resolved_utc
from dosebell.times import Instant
from dosecore import checkpoint
from dosecore.apply import apply
from dosecore.events import Event
from dosecore.state import State

# What an altered log can make of the fold, which trusts its journal.
_NONSENSE = (LookupError, AttributeError, TypeError, ValueError, struct.error)


def read_chart(events: Iterable[Event], known: Offsets) -> Chart:
    """The chart of one journal. events: all of it, in order of seq, gaps left out; known: of `events_json.offsets`, for instants that became known later."""
    reader = _Reader(known)
    for event in events:
        reader.take(event)
    return reader.finish()


class _Reader:
    def __init__(self, known: Offsets) -> None:
        self._known = known
        self._courses: list[ChartedCourse] = []
        self._calls = Calls()
        self._doses: Doses | None = None  # of the course that can still change
        self._state: State | None = State()  # None: events are missing, until the next checkpoint
        self._seq = 0
        self._before_stop = ""

    def take(self, event: Event) -> None:
        assert event.seq is not None
        if event.seq != self._seq + 1:
            self._lose()
        self._seq = event.seq
        try:
            self._take(event, resolved_utc(event, self._known))
        except _NONSENSE:
            self._lose()

    def finish(self) -> Chart:
        """What is planned still is added at the end: it stands in no event."""
        if self._doses is not None:
            self._doses.settle(self._state)
        return Chart(self._courses, self._calls.all())

    def _take(self, event: Event, at: Instant | None) -> None:
        kind, state = event.kind, self._state
        if kind == "checkpoint" and (state is None or self._seq == 1):
            self._recall(event)
            return
        if kind in ("configured", "course-started"):
            self._leave()
        if kind == "course-started":
            self._begin(event, at)
        self._calls.take(event, at)
        doses = self._doses
        if doses is None and event.slot and kind.startswith("dose-"):
            doses = self._begin_unseen()
        if doses is not None:
            doses.take(event, at, state)
            self._change_course(doses, event, at)
        if state is None:
            if doses is not None and kind == "cycle-started":
                doses.course.cycles[event.cycle] = event.detail["due"]
            return
        planned = doses.planned(state) if doses is not None and kind == "course-rescheduled" else []
        apply(state, event)
        if doses is not None and kind in ("cycle-started", "course-rescheduled"):
            doses.cycle_moved(state, event)
            doses.moved(planned, event, at, state)

    # -- courses

    def _begin(self, event: Event, at: Instant | None) -> None:
        course = self._add(ChartedCourse(self._number(1), started=at, mode=event.detail["mode"]))
        if self._state is not None and self._state.regimen is not None:
            course.regimen, course.label = dict(self._state.regimen.data), self._state.label

    def _begin_unseen(self) -> Doses:
        """A course whose beginning is missing."""
        self._add(ChartedCourse(self._number(0), complete=False))
        assert self._doses is not None
        return self._doses

    def _add(self, course: ChartedCourse) -> ChartedCourse:
        course.first_seq = self._seq
        self._courses.append(course)
        self._doses = Doses(course)
        return course

    def _number(self, first: int) -> int:
        return self._courses[-1].number + 1 if self._courses else first

    def _leave(self) -> None:
        """Another course or configuration comes: nothing can change in the one before."""
        if self._doses is not None:
            course = self._doses.course
            if course.state in ("running", "resting"):
                course.state = "replaced"
            self._doses.settle(self._state)
        self._doses = None

    def _change_course(self, doses: Doses, event: Event, at: Instant | None) -> None:
        course = doses.course
        if event.kind == "course-stopped":
            self._before_stop, course.state, course.stopped = course.state, "stopped", at
        elif event.kind == "course-resumed":
            course.state, course.stopped = self._before_stop or "running", None
        elif event.kind == "cycle-completed":
            course.state = "resting"
        elif event.kind == "course-completed":
            course.state, course.completed = "completed", at
        elif event.kind == "cycle-started":
            course.state = "running"
        if event.kind in ("course-stopped", "cycle-completed"):
            doses.presses_stand()

    # -- missing events

    def _lose(self) -> None:
        self._state = None
        self._calls.lose()
        if self._doses is not None:
            self._doses.lose()

    def _recall(self, event: Event) -> None:
        """A checkpoint that is the first after missing events, or the journal's first event."""
        try:
            state = checkpoint.unpack(event.detail["state"])
        except _NONSENSE:
            return  # of another firmware, or no checkpoint: what it knows stays unknown
        if self._doses is not None and not (state.tallies and self._doses.can_be(state)):
            self._leave()
        self._state = state
        if state.tallies:
            self._before_stop = state.course_before_stop
            (self._doses or self._begin_unseen()).recall(state)
