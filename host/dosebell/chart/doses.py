"""What the events of one course do to its slots. When a slot was due and how long it is open is asked of the core's state as it stood before the event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dosebell.chart.slots import Answer, ChartedCourse, ChartedSlot, Correction, Hold, Interruption
from dosebell.times import Instant
from dosecore import timeline
from dosecore.events import OUTCOMES, Event
from dosecore.instant import add, plus
from dosecore.state import OUTCOME_BITS, State

_BY_A_PRESS = (
    "phase",
    "outcome",
    "started",
    "ended",
    "infused_ms",
    "override",
    "holds",
    "interruptions",
    "reason",
    "answer",
)

# The phase before a press, as far as the press tells.
_BEFORE = {"interrupt": "infusing", "resume": "interrupted", "stop": "interrupted"}


class Doses:
    """The slots of one course while its events are read. state: the core's, before the event is applied; None where events are missing."""

    def __init__(self, course: ChartedCourse) -> None:
        self.course = course
        self._slots: dict[tuple[int, int], ChartedSlot] = {}
        self._before: list[ChartedSlot] = []  # a slot as it was before each press that an undo can take back
        self._first_dues: dict[int, Instant | None] = {}  # of slot 1, also where the course began with a later one
        self._first_slot = 1

    def take(self, event: Event, at: Instant | None, state: State | None) -> None:
        """An event of a slot; others do nothing here. at: its UTC."""
        change = _CHANGES.get(event.kind)
        if change is not None:
            slot = self._slot(event.cycle, event.slot)
            slot.seqs.append(event.seq)
            slot.changed = at or slot.changed
            if state is not None:
                _put_window(slot, state)
            change(self, slot, event, at, state)

    def cycle_moved(self, state: State, event: Event) -> None:
        """A cycle begins, or slots of it were moved. state: after the event."""
        if event.kind == "cycle-started":
            self._first_slot = event.slot
        if event.slot == self._first_slot:
            self.course.cycles[event.cycle] = event.detail["due"]
        self._first_dues[event.cycle] = state.first_due

    def presses_stand(self) -> None:
        """From here on none of them can be taken back."""
        self._before = []

    # -- the plan

    def planned(self, state: State) -> list[ChartedSlot]:
        """The cycle's slots to which nothing has happened, as they stand."""
        found: list[ChartedSlot] = []
        if not state.cycle or state.course not in ("running", "stopped"):
            return found
        number = timeline.untouched(state)
        while number is not None and timeline.in_cycle(state, number):
            if (state.cycle, number) not in self._slots:
                slot = ChartedSlot(self.course.number, state.cycle, number)
                _put_window(slot, state)
                found.append(slot)
            number += 1
        return found

    def moved(self, before: list[ChartedSlot], event: Event, at: Instant | None, state: State) -> None:
        """A reschedule. before: what was planned; state: after it. Slots that it has moved out of the cycle are dropped, others may have come back."""
        for slot in [slot for slot in self._slots.values() if slot.phase == "dropped" and slot.cycle == state.cycle]:
            if timeline.in_cycle(state, slot.number):
                del self._slots[slot.cycle, slot.number]
                self.course.slots.remove(slot)
        for slot in before:
            if not timeline.in_cycle(state, slot.number):
                slot.phase, slot.changed = "dropped", at
                slot.seqs.append(event.seq)
                self._add(slot)

    def settle(self, state: State | None) -> None:
        """The course is over, or the log is: what is still planned or open stands as it does now. It is in no event."""
        if state is not None:
            for slot in self.planned(state):
                self._add(slot)
            for slot in self.course.slots:
                if not slot.outcome and slot.phase != "dropped" and slot.cycle == state.cycle:
                    _put_window(slot, state)
        if self.course.state == "stopped":
            for slot in self.course.slots:
                if not slot.outcome:
                    slot.phase = "dropped"
        self.course.slots.sort(key=lambda slot: (slot.cycle, slot.number))

    def _slot(self, cycle: int, number: int) -> ChartedSlot:
        """The slot of that number, new if nothing has happened to it yet."""
        slot = self._slots.get((cycle, number))
        if slot is None:
            slot = ChartedSlot(self.course.number, cycle, number, complete=self.course.complete)
            self._add(slot)
        return slot

    def _add(self, slot: ChartedSlot) -> None:
        self._slots[slot.cycle, slot.number] = slot
        self.course.slots.append(slot)

    # -- missing events

    def lose(self) -> None:
        """Events are missing here: something may have happened to what is open, and to what is closed a correction."""
        self.course.complete = False
        self._before = []
        for slot in self._slots.values():
            if not slot.outcome:
                slot.complete = False

    def can_be(self, state: State) -> bool:
        """Whether a state, known again after missing events, can be of this course. What was once closed stays closed, and what has begun does not move."""
        course = self.course
        newest = max(course.cycles, default=0)
        told = course.regimen is not None
        if told and (state.regimen is None or state.regimen.data != course.regimen or state.label != course.label):
            return False
        if state.cycle < newest:
            return False
        for slot in course.slots:
            if slot.cycle > len(state.tallies):
                return False
            if slot.outcome and not state.tallies[slot.cycle - 1].outcomes[slot.number] & OUTCOME_BITS:
                return False
        begun = any(slot.cycle == newest and (slot.seqs and slot.phase != "dropped") for slot in course.slots)
        return state.cycle != newest or not begun or self._first_dues.get(newest) in (None, state.first_due)

    def recall(self, state: State) -> None:
        """What a checkpoint after missing events knows, and no event has told."""
        course = self.course
        course.state, course.label = state.course, state.label
        course.regimen = None if state.regimen is None else dict(state.regimen.data)
        if state.cycle not in course.cycles and state.first_due is not None and state.regimen is not None:
            elsewhere = sum(OUTCOMES[byte & OUTCOME_BITS] == "elsewhere" for byte in state.tally().outcomes)
            course.cycles[state.cycle] = plus(state.first_due, elsewhere * state.regimen.interval)
        for cycle, tally in enumerate(state.tallies, 1):
            for number, byte in enumerate(tally.outcomes):
                outcome = OUTCOMES[byte & OUTCOME_BITS]
                if outcome in ("", "elsewhere"):
                    continue
                slot, start = self._slot(cycle, number), tally.starts.get(number)
                if slot.outcome != outcome or start not in (None, slot.started):
                    slot.complete, slot.phase, slot.outcome = False, "closed", outcome
                    slot.started = start or slot.started
                    if outcome not in ("given", "partial"):
                        slot.started = slot.ended = None
        for number, open_slot in state.open.items():
            slot = self._slot(state.cycle, number)
            _put_window(slot, state)
            phase = "infusing" if open_slot.phase == "ended" else open_slot.phase
            if slot.phase != phase:
                _enter(slot, phase)
                slot.complete, slot.started = False, open_slot.start
        for (cycle, number), slot in list(self._slots.items()):
            untouched = not slot.outcome and cycle == state.cycle and number not in state.open
            if untouched and slot.phase not in ("planned", "dropped") and not state.outcome(number):
                slot.complete, slot.phase, slot.started, slot.ended = False, "planned", None, None

    # -- presses

    def _remember(self, slot: ChartedSlot) -> None:
        self._before.append(slot.copy())

    def _started(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        self._remember(slot)
        _leave_hold(slot, at)
        _enter(slot, "infusing")
        slot.started, slot.ended, slot.infused_ms, slot.override = at, None, None, event.detail["override"]
        slot.due = event.detail["due"] or slot.due
        _answer(slot, at, "start")

    def _on_hold(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        self._remember(slot)
        _enter(slot, "on-hold")
        slot.holds.append(Hold(at, event.detail["reason"]))
        _answer(slot, at, "hold")

    def _interrupted(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        if event.detail["cause"] == "bedside":
            self._remember(slot)
        _enter(slot, "interrupted")
        slot.interruptions.append(Interruption(at, event.detail["cause"], event.detail["infused_ms"]))

    def _resumed(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        self._remember(slot)
        _enter(slot, "infusing")
        if slot.interruptions:
            slot.interruptions[-1].resumed = at

    def _infusion_over(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        if event.kind == "dose-stopped" and event.detail["by"] == "bedside":
            self._remember(slot)
        if event.kind == "dose-stopped":
            slot.infused_ms = event.detail["infused_ms"]
        # An infusion that was interrupted and given up ended when it was interrupted.
        given_up = event.kind == "dose-stopped" and slot.phase == "interrupted" and slot.interruptions
        slot.ended = slot.interruptions[-1].at if given_up else at

    def _undone(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        slot.undone.append((event.detail["press"], at))
        for place in range(len(self._before) - 1, -1, -1):
            before = self._before[place]
            if (before.cycle, before.number) == (slot.cycle, slot.number):
                del self._before[place:]
                for name in _BY_A_PRESS:
                    setattr(slot, name, getattr(before, name))
                return
        self._take_back_unseen(slot, event.detail["press"], state)

    @staticmethod
    def _take_back_unseen(slot: ChartedSlot, press: str, state: State | None) -> None:
        """The press that is taken back is not in the log: what it did goes, and the core says which phase it was."""
        slot.complete = False
        if press == "start":
            slot.started = slot.ended = None
        elif press == "hold":
            slot.holds = slot.holds[:-1]
        elif press == "interrupt":
            slot.interruptions = slot.interruptions[:-1]
        else:
            slot.ended = None
        if state is not None and state.undos:
            before = state.undos[-1].before
            _enter(slot, "planned" if before is None else before.phase)
        else:
            _enter(slot, _BEFORE.get(press, "planned"))

    # -- what the clock and the host do

    def _fell_due(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        _enter(slot, event.kind[5:])
        called = slot.not_before or slot.due or at
        if called is not None and state is not None and state.offset is not None:
            called = max(called, add(state.watch_from, state.offset))  # a device that was off has called nobody
        if slot.answer is None and called is not None:
            slot.answer = Answer("due", called, cycle=event.cycle, slot=event.slot)

    def _reason(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        if slot.holds:
            slot.holds[-1].reason = event.detail["reason"]
        else:
            slot.reason = event.detail["reason"]

    def _closed(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        _leave_hold(slot, at)
        slot.phase, slot.outcome = "closed", event.detail["outcome"]

    def _recorded(self, slot: ChartedSlot, event: Event, at: Instant | None, state: State | None) -> None:
        detail = event.detail
        _leave_hold(slot, at)
        infused = detail["outcome"] in ("given", "partial")
        started, ended = (detail["started"], detail["ended"]) if infused else (None, None)
        stood = slot.outcome or slot.phase
        slot.corrections.append(
            Correction(at, detail["outcome"], started, ended, detail["reason"], stood, slot.started, slot.ended)
        )
        slot.before_record, slot.recorded, slot.recorded_at = stood, True, at
        slot.phase, slot.outcome, slot.started, slot.ended = "closed", detail["outcome"], started, ended
        slot.infused_ms = None
        if detail["reason"] != "unspecified" or not slot.holds:
            slot.reason = detail["reason"]


def _enter(slot: ChartedSlot, phase: str) -> None:
    slot.phase, slot.outcome = phase, ""


def _put_window(slot: ChartedSlot, state: State) -> None:
    """The slot's window as the core has it now. That of a closed slot stays as it was when it closed."""
    if state.cycle != slot.cycle or state.outcome(slot.number):
        return
    slot.due, slot.end = timeline.due(state, slot.number), timeline.end(state, slot.number)
    if slot.started is None and slot.phase != "infusing":
        earliest = timeline.earliest(state, slot.number)
        slot.not_before = earliest if earliest > slot.due else None


def _leave_hold(slot: ChartedSlot, at: Instant | None) -> None:
    if slot.phase == "on-hold" and slot.holds:
        slot.holds[-1].until = at


def _answer(slot: ChartedSlot, at: Instant | None, by: str) -> None:
    answer = slot.answer
    if answer is None or answer.by:
        return
    if at is not None and at < answer.called:
        slot.answer = None  # before anybody was called
    else:
        slot.answer = Answer(answer.condition, answer.called, at, by, answer.cycle, answer.slot)


_CHANGES: dict[str, Callable[[Doses, ChartedSlot, Event, Instant | None, State | None], Any]] = {
    "dose-due": Doses._fell_due,
    "dose-late": Doses._fell_due,
    "dose-overdue": Doses._fell_due,
    "dose-started": Doses._started,
    "dose-interrupted": Doses._interrupted,
    "dose-resumed": Doses._resumed,
    "dose-completed": Doses._infusion_over,
    "dose-stopped": Doses._infusion_over,
    "dose-on-hold": Doses._on_hold,
    "dose-reason": Doses._reason,
    "dose-undone": Doses._undone,
    "dose-closed": Doses._closed,
    "dose-recorded": Doses._recorded,
}
