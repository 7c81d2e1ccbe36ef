"""From events to the chart. The schedule is the core's: the same fold that the device keeps says when a slot was due; what happened stands in the events.

Where the log begins in the middle, or has a gap, the fold begins anew at the next checkpoint. Until then only what the events say themselves is told,
and nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from typing import Any

from dosebell.chart.slots import Answer, Chart, ChartedCourse, ChartedSlot, Hold, Interruption
from dosebell.events_json import Offsets, resolved_utc
from dosebell.times import Instant
from dosecore import checkpoint, timeline
from dosecore.apply import apply
from dosecore.events import OUTCOMES, Event
from dosecore.state import State

_AFTER_INFUSION = "infusion-ended"


def read_chart(events: Iterable[Event], known: Offsets) -> Chart:
    """The chart of one journal. events: all of it, in order of seq, gaps left out; known: of `events_json.offsets`, for instants that became known later."""
    reader = _Reader(known)
    for event in events:
        reader.take(event)
    return reader.finish()


class _Reader:
    def __init__(self, known: Offsets) -> None:
        self._chart = Chart()
        self._known = known
        self._state: State | None = None  # None: events are missing, until the next checkpoint
        self._seq = 0
        self._slots: dict[tuple[int, int], ChartedSlot] = {}  # of the newest course, by (cycle, slot)
        self._before: list[
            tuple[int, int, ChartedSlot]
        ] = []  # (cycle, slot, as it was) before each press that an undo can take back
        self._standing: dict[str, Answer] = {}  # calls that nobody has answered yet, by condition

    # -- the walk

    def take(self, event: Event) -> None:
        assert event.seq is not None
        if event.seq != self._seq + 1:
            self._state = None
            self._mark_incomplete()
        self._seq = event.seq
        if event.kind == "checkpoint":
            if self._state is None:
                self._state = checkpoint.unpack(event.detail["state"])
                self._recall(self._state)
            return
        change = _CHANGES.get(event.kind)
        if change is not None:
            change(self, event)
        if self._state is not None:
            planned = self._planned() if event.kind == "course-rescheduled" else []
            apply(self._state, event)
            if planned:
                self._drop(planned, event)

    def finish(self) -> Chart:
        """What is planned still is added at the end: it stands in no event."""
        course = self._course()
        if course is not None and self._state is not None:
            self._end_course(course)
        for one in self._chart.courses:
            one.slots.sort(key=lambda slot: (slot.cycle, slot.number))
        self._chart.answers.sort(key=lambda answer: answer.called)
        return self._chart

    def _course(self) -> ChartedCourse | None:
        return self._chart.courses[-1] if self._chart.courses else None

    def _utc(self, event: Event) -> Instant | None:
        return resolved_utc(event, self._known)

    def _mark_incomplete(self) -> None:
        course = self._course()
        if course is None or course.state in ("completed", "stopped"):
            return
        course.complete = False
        for slot in self._slots.values():
            if not slot.outcome:
                slot.complete = False

    def _recall(self, state: State) -> None:
        """A checkpoint after missing events: what it knows of slots that no event told of."""
        if not state.tallies:
            return
        course = self._course()
        if course is None:
            course = self._begin_course(complete=False)
        course.state, course.label = state.course, state.label
        course.regimen = None if state.regimen is None else dict(state.regimen.data)
        if state.first_due is not None:
            course.cycles.setdefault(state.cycle, state.first_due)
        for cycle, tally in enumerate(state.tallies, 1):
            for number, byte in enumerate(tally.outcomes):
                outcome = OUTCOMES[byte & 7]
                if outcome in ("", "elsewhere"):
                    continue
                slot = self._slot(cycle, number)
                if slot.outcome != outcome:
                    slot.complete, slot.phase, slot.outcome = False, "closed", outcome
                    slot.started = slot.started or tally.starts.get(number)
        for number, open_slot in state.open.items():
            slot = self._slot(state.cycle, number)
            if slot.phase != open_slot.phase:
                slot.complete, slot.phase, slot.due, slot.started = (
                    False,
                    open_slot.phase,
                    open_slot.due,
                    open_slot.start,
                )

    # -- courses

    def _begin_course(self, *, complete: bool) -> ChartedCourse:
        course = ChartedCourse(len(self._chart.courses) + 1, complete=complete)
        self._chart.courses.append(course)
        self._slots, self._before = {}, []
        return course

    def _end_course(self, course: ChartedCourse) -> None:
        """Slots to which nothing has happened: planned, or dropped where the course was stopped. The state is as it was before what ends the course."""
        state = self._state
        assert state is not None
        course.slots += self._planned()
        for slot in course.slots:
            if slot.phase == "planned" and slot.cycle == state.cycle:  # also one whose only press was taken back
                slot.due, slot.end = timeline.due(state, slot.number), timeline.end(state, slot.number)
            if course.state == "stopped" and not slot.outcome:
                slot.phase = "dropped"

    def _planned(self) -> list[ChartedSlot]:
        """The cycle's slots to which nothing has happened, as they stand now."""
        state, course = self._state, self._course()
        found: list[ChartedSlot] = []
        if state is None or course is None or not state.cycle or state.course not in ("running", "stopped"):
            return found
        number = timeline.untouched(state)
        while number is not None and timeline.in_cycle(state, number):
            if (state.cycle, number) not in self._slots:
                due = timeline.due(state, number)
                found.append(ChartedSlot(course.number, state.cycle, number, due, None, timeline.end(state, number)))
            number += 1
        return found

    def _drop(self, before: list[ChartedSlot], event: Event) -> None:
        """Slots that a reschedule has moved out of the cycle."""
        course = self._course()
        assert course is not None and self._state is not None
        for slot in before:
            if not timeline.in_cycle(self._state, slot.number):
                slot.phase, slot.changed = "dropped", self._utc(event)
                slot.seqs.append(self._seq)
                self._slots[slot.cycle, slot.number] = slot
                course.slots.append(slot)

    def _course_started(self, event: Event) -> None:
        old = self._course()
        if old is not None and self._state is not None:
            self._end_course(old)
        if old is not None and old.state in ("running", "resting"):
            old.state = "replaced"
        course = self._begin_course(complete=True)
        course.started, course.mode = self._utc(event), event.detail["mode"]
        if self._state is not None and self._state.regimen is not None:
            course.regimen, course.label = dict(self._state.regimen.data), self._state.label

    def _course_changed(self, event: Event) -> None:
        course = self._course()
        if course is None:
            return
        course.state = {"course-stopped": "stopped", "course-completed": "completed", "cycle-completed": "resting"}.get(
            event.kind, "running"
        )
        course.stopped = self._utc(event) if event.kind == "course-stopped" else None
        if event.kind == "cycle-started":
            course.cycles[event.cycle] = event.detail["due"]
        if event.kind in ("course-stopped", "cycle-completed"):
            self._before = []

    # -- slots

    def _slot(self, cycle: int, number: int) -> ChartedSlot:
        """The slot of that number, new if nothing has happened to it yet."""
        slot = self._slots.get((cycle, number))
        if slot is None:
            course = self._course() or self._begin_course(complete=False)
            slot = ChartedSlot(course.number, cycle, number, complete=course.complete)
            self._slots[cycle, number] = slot
            course.slots.append(slot)
        return slot

    def _touched(self, event: Event) -> ChartedSlot:
        """The slot of the event, with its window as the core has it now."""
        slot = self._slot(event.cycle, event.slot)
        slot.seqs.append(self._seq)
        slot.changed = self._utc(event) or slot.changed
        state = self._state
        if state is not None and state.cycle == event.cycle and not state.outcome(event.slot):
            slot.due = timeline.due(state, event.slot)
            slot.end = timeline.end(state, event.slot)
            if slot.started is None:
                earliest = timeline.earliest(state, event.slot)
                slot.not_before = earliest if earliest > slot.due else None
        return slot

    def _press(self, event: Event) -> ChartedSlot:
        """The slot of a press that can be taken back."""
        slot = self._touched(event)
        kept = slot.copy()
        self._before.append((event.cycle, event.slot, kept))
        return slot

    def _fell_due(self, event: Event) -> None:
        slot = self._touched(event)
        slot.phase = event.kind[5:]
        called = slot.not_before or slot.due
        if slot.answer is None and called is not None:
            slot.answer = Answer("due", called, cycle=event.cycle, slot=event.slot)

    def _answered(self, slot: ChartedSlot, event: Event, by: str) -> None:
        at = self._utc(event)
        answer = slot.answer
        if answer is not None and answer.answered is None and at is not None and at >= answer.called:
            slot.answer = Answer(answer.condition, answer.called, at, by, answer.cycle, answer.slot)

    def _started(self, event: Event) -> None:
        slot = self._press(event)
        at = self._utc(event)
        if slot.phase == "on-hold" and slot.holds:
            slot.holds[-1].until = at
        slot.phase, slot.started, slot.ended, slot.override = "infusing", at, None, event.detail["override"]
        slot.due = event.detail["due"] or slot.due
        self._answered(slot, event, "start")

    def _interrupted(self, event: Event) -> None:
        bedside = event.detail["cause"] == "bedside"
        slot = self._press(event) if bedside else self._touched(event)
        slot.phase = "interrupted"
        slot.interruptions.append(Interruption(self._utc(event), event.detail["cause"], event.detail["infused_ms"]))

    def _resumed(self, event: Event) -> None:
        slot = self._press(event)
        slot.phase = "infusing"
        if slot.interruptions:
            slot.interruptions[-1].resumed = self._utc(event)

    def _infusion_over(self, event: Event) -> None:
        by_hand = event.kind == "dose-stopped" and event.detail["by"] == "bedside"
        slot = self._press(event) if by_hand else self._touched(event)
        at = self._utc(event)
        # An infusion that was interrupted and given up ended when it was interrupted.
        given_up = event.kind == "dose-stopped" and slot.phase == "interrupted" and slot.interruptions
        slot.ended = slot.interruptions[-1].at if given_up else at
        if at is not None:
            self._standing[_AFTER_INFUSION] = Answer(_AFTER_INFUSION, at, cycle=event.cycle, slot=event.slot)

    def _on_hold(self, event: Event) -> None:
        slot = self._press(event)
        slot.phase = "on-hold"
        slot.holds.append(Hold(self._utc(event), event.detail["reason"]))
        self._answered(slot, event, "hold")

    def _reason(self, event: Event) -> None:
        slot = self._touched(event)
        if slot.holds:
            slot.holds[-1].reason = event.detail["reason"]
        else:
            slot.reason = event.detail["reason"]

    def _undone(self, event: Event) -> None:
        slot = self._touched(event)
        undone = [*slot.undone, (event.detail["press"], self._utc(event))]
        for place in range(len(self._before) - 1, -1, -1):
            cycle, number, before = self._before[place]
            if (cycle, number) == (event.cycle, event.slot):
                del self._before[place:]
                for name in (
                    "phase",
                    "outcome",
                    "started",
                    "ended",
                    "override",
                    "holds",
                    "interruptions",
                    "reason",
                    "answer",
                ):
                    setattr(slot, name, deepcopy(getattr(before, name)))
                break
        else:
            slot.complete = False  # the press itself is not in the log
        slot.undone = undone
        self._standing.pop(_AFTER_INFUSION, None)

    def _closed(self, event: Event) -> None:
        slot = self._touched(event)
        if slot.phase == "on-hold" and slot.holds:
            slot.holds[-1].until = self._utc(event)
        slot.phase, slot.outcome = "closed", event.detail["outcome"]

    def _recorded(self, event: Event) -> None:
        slot = self._touched(event)
        detail = event.detail
        if slot.phase == "on-hold" and slot.holds:
            slot.holds[-1].until = self._utc(event)
        slot.before_record = slot.outcome or slot.phase
        slot.recorded, slot.recorded_at = True, self._utc(event)
        slot.phase, slot.outcome = "closed", detail["outcome"]
        infused = detail["outcome"] in ("given", "partial")
        slot.started, slot.ended = (detail["started"], detail["ended"]) if infused else (None, None)
        if detail["reason"] != "unspecified" or not slot.holds:
            slot.reason = detail["reason"]

    # -- calls that are no slot's

    def _raised(self, event: Event) -> None:
        at = self._utc(event)
        condition = event.detail["condition"]
        if at is not None and condition != "pre-dose-check":  # light only: nobody is called
            waiting = self._standing.get(condition)
            called = waiting.called if waiting is not None else at
            self._standing[condition] = Answer(condition, called, cycle=event.cycle, slot=event.slot)

    def _gone(self, event: Event) -> None:
        answer = self._standing.pop(event.detail["condition"], None)
        if answer is not None:
            by = "acknowledged" if event.kind == "alert-acknowledged" else "cleared"
            self._chart.answers.append(
                Answer(answer.condition, answer.called, self._utc(event), by, answer.cycle, answer.slot)
            )


_CHANGES: dict[str, Callable[[_Reader, Event], Any]] = {
    "course-started": _Reader._course_started,
    "course-stopped": _Reader._course_changed,
    "course-resumed": _Reader._course_changed,
    "course-completed": _Reader._course_changed,
    "cycle-started": _Reader._course_changed,
    "cycle-completed": _Reader._course_changed,
    "dose-due": _Reader._fell_due,
    "dose-late": _Reader._fell_due,
    "dose-overdue": _Reader._fell_due,
    "dose-started": _Reader._started,
    "dose-interrupted": _Reader._interrupted,
    "dose-resumed": _Reader._resumed,
    "dose-completed": _Reader._infusion_over,
    "dose-stopped": _Reader._infusion_over,
    "dose-on-hold": _Reader._on_hold,
    "dose-reason": _Reader._reason,
    "dose-undone": _Reader._undone,
    "dose-closed": _Reader._closed,
    "dose-recorded": _Reader._recorded,
    "alert-raised": _Reader._raised,
    "alert-acknowledged": _Reader._gone,
    "alert-cleared": _Reader._gone,
}
