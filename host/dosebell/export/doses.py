"""The doses of one journal that are to be exported, with what both exports ask of them: their names, their times, and what was taken back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dosebell.chart import ChartedCourse, ChartedSlot, read_chart
from dosebell.events_json import offsets, resolved_utc
from dosebell.export.identity import course_name, slot_name
from dosebell.regimens import due_offsets_min
from dosebell.times import Instant
from dosecore.events import Event
from dosecore.instant import plus
from dosecore.regimen import Regimen

# What moves or drops doses to which nothing has happened.
_MOVES_THE_PLAN = ("course-started", "course-stopped", "course-resumed", "course-rescheduled", "cycle-started")
_MOVES_WHAT_FOLLOWS_STARTS = ("dose-started", "dose-undone")


class TakenBack(NamedTuple):
    """A START or HOLD that was undone. number: from 1 in its slot. at: of the press; undone: of its undo; None where it is not known."""

    number: int
    press: str
    at: Instant | None
    undone: Instant | None


class Change(NamedTuple):
    """The newest event that could have changed how a dose is told: its number in the journal, and its instant or the newest known before it."""

    seq: int
    at: Instant | None


@dataclass(frozen=True)
class Wanted:
    """Which doses: None means all. earliest, latest: of a dose's start, or of its due where it has none; a dose without both is always wanted."""

    course: int | None = None
    cycle: int | None = None
    slot: int | None = None
    earliest: Instant | None = None
    latest: Instant | None = None

    def covers(self, slot: ChartedSlot) -> bool:
        at = slot.started or slot.due
        return (
            self.course in (None, slot.course)
            and self.cycle in (None, slot.cycle)
            and self.slot in (None, slot.number)
            and (at is None or self.earliest is None or at >= self.earliest)
            and (at is None or self.latest is None or at <= self.latest)
        )


class Doses:
    """The chart of a journal with what is wanted of it.

    device, label: as in the archive. courses: those with wanted doses; where at most a course is asked for, also one that has none. chosen: the doses that
    are wanted, by course.
    """

    def __init__(self, device: str, label: str, events: Iterable[Event], wanted: Wanted) -> None:
        kept = list(events)
        self.device = device
        self.label = label
        self._known = offsets(kept)
        self._by_seq = {event.seq: event for event in kept}
        chart = read_chart(kept, self._known)
        self._names = {course.number: course_name(device, course) for course in chart.courses}
        self._regimens = {course.number: _regimen(course) for course in chart.courses}
        self.chosen = [
            slot
            for course in chart.courses
            for slot in (*course.slots, *_fallen_out(course, self._regimens[course.number]))
            if wanted.covers(slot)
        ]
        with_doses = {slot.course for slot in self.chosen}
        everything = wanted == Wanted(course=wanted.course)  # a course without a single dose is told too
        self.courses = [
            course
            for course in chart.courses
            if course.number in with_doses or (everything and wanted.course in (None, course.number))
        ]
        self._plan = self._plan_changes(chart.courses, kept)

    def of(self, course: ChartedCourse) -> list[ChartedSlot]:
        """The chosen doses of a course."""
        return [slot for slot in self.chosen if slot.course == course.number]

    def course_name(self, number: int) -> str:
        return self._names[number]

    def name(self, slot: ChartedSlot, attempt: int = 1) -> str:
        return slot_name(self._names[slot.course], slot, attempt)

    def regimen(self, number: int) -> Regimen | None:
        """The regimen of the course, or None where the log does not tell."""
        return self._regimens[number]

    def bench(self, number: int) -> bool:
        regimen = self._regimens[number]
        return regimen is not None and bool(regimen.bench)

    def begins_elsewhere(self) -> list[int]:
        """Numbers of the courses whose beginning the archive does not hold."""
        return [course.number for course in self.courses if not course.mode]

    def taken_back(self, slot: ChartedSlot) -> list[TakenBack]:
        """What was pressed for the slot and undone, oldest first: START and HOLD only, the others change a dose that goes on."""
        found: list[TakenBack] = []
        presses: list[Event] = []
        for seq in slot.seqs:
            event = self._by_seq.get(seq)
            if event is None:
                continue
            if event.kind in ("dose-started", "dose-on-hold"):
                presses.append(event)
            elif event.kind == "dose-undone" and event.detail["press"] in ("start", "hold"):
                pressed = presses.pop() if presses else None
                at = None if pressed is None else resolved_utc(pressed, self._known)
                found.append(TakenBack(len(found) + 1, event.detail["press"], at, resolved_utc(event, self._known)))
        return found

    def change(self, slot: ChartedSlot) -> Change:
        """What the dose as it is told rests on. Grows with the journal, so that of two exports the newer one is known."""
        seq = slot.seqs[-1] if slot.seqs else 0
        if not slot.outcome:
            seq = max(seq, self._plan.get(slot.course, 0))
        return Change(seq, self._time_of(seq))

    def _time_of(self, seq: int) -> Instant | None:
        for number in range(seq, 0, -1):
            event = self._by_seq.get(number)
            at = None if event is None else resolved_utc(event, self._known)
            if at is not None:
                return at
        return None

    def _plan_changes(self, courses: list[ChartedCourse], events: list[Event]) -> dict[int, int]:
        """The newest event of each course that may have moved or dropped doses."""
        found: dict[int, int] = {}
        coming = sorted((course.first_seq, course.number) for course in courses)
        current: int | None = None
        for event in events:
            assert event.seq is not None
            while coming and coming[0][0] <= event.seq:
                current = coming.pop(0)[1]
            if current is None:
                continue
            regimen = self._regimens[current]
            follows = regimen is None or not regimen.grid
            if event.kind in _MOVES_THE_PLAN or (follows and event.kind in _MOVES_WHAT_FOLLOWS_STARTS):
                found[current] = event.seq
        return found


def _regimen(course: ChartedCourse) -> Regimen | None:
    return None if course.regimen is None else Regimen(course.regimen)


def _fallen_out(course: ChartedCourse, regimen: Regimen | None) -> Iterator[ChartedSlot]:
    """Doses that were planned when a cycle began, and that late starts have pushed out of its days: a calendar may have shown them.

    The chart does not have them: no event tells it. Where dues do not follow starts only a reschedule drops doses, and the chart has those.
    """
    if regimen is None or regimen.grid or not course.complete:
        return
    for cycle, first in course.cycles.items():
        numbers = [slot.number for slot in course.slots if slot.cycle == cycle]
        if first is None or not numbers:
            continue
        for number in range(min(numbers), len(due_offsets_min(regimen.data)) + 1):
            if number in numbers:
                continue
            due = plus(first, (number - min(numbers)) * regimen.interval)
            yield ChartedSlot(course.number, cycle, number, due, phase="dropped")
