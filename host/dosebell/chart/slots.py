"""What a chart is made of: courses, their slots, and what happened to each.

Plain data. Every instant is UTC, (s, ms) since 2020, or None where nobody knows it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from dosebell.times import Instant
from dosecore.instant import ms_between

OUTCOMES = ("given", "partial", "held", "missed", "unknown")


@dataclass
class Hold:
    """One time on hold. `reason`: a word of `dosecore.events.REASONS`. `until`: when it was left, or None while it lasts or where that is not known."""

    at: Instant | None
    reason: str = "unspecified"
    until: Instant | None = None


@dataclass
class Interruption:
    """An infusion that stood still. `cause`: bedside, or restart (the device could not know the time). `infused_ms`: what had been infused until then."""

    at: Instant | None
    cause: str
    infused_ms: int
    resumed: Instant | None = None


@dataclass
class Correction:
    """One `dose record`: at `at` somebody said what had become of the slot. The `*_before` are what stood until then; of a slot that was open,
    `outcome_before` is its phase."""

    at: Instant | None
    outcome: str
    started: Instant | None
    ended: Instant | None
    reason: str
    outcome_before: str
    started_before: Instant | None
    ended_before: Instant | None


@dataclass
class Answer:
    """A call and how long it took to answer. `condition`: due, or one of `dosecore.events.CONDITIONS`. `called`: its first instant.

    `by`: start, hold, acknowledged, cleared (the cause went, or the call ended by itself), or "" as long as nobody has answered.
    `answered`: None if nobody did, or where the instant is not known.
    """

    condition: str
    called: Instant
    answered: Instant | None = None
    by: str = ""
    cycle: int = 0
    slot: int = 0

    @property
    def ms(self) -> int | None:
        """From the call to its answer by a person; None where there was none."""
        if self.answered is None or self.by == "cleared":
            return None
        return int(ms_between(self.answered, self.called))


@dataclass
class ChartedSlot:
    """One planned dose as the log tells it.

    phase: planned (nothing has happened to it yet), due, late, overdue, infusing, interrupted, on-hold, closed, or dropped (its course was stopped before, or a
    reschedule moved it out of the cycle). outcome: given, partial, held, missed, unknown; "" while it is not closed.
    due, not_before, end: its window as it stood when something last happened to it. ended: of the infusion. infused_ms: of one that was stopped.
    override: "", too-early or gap.
    recorded: it was corrected afterwards by `dose record`, at recorded_at, which said outcome and times; before_record is what stood until then;
    `corrections` has each of them. reason: of a `dose record` without a hold; else the holds have theirs.
    undone: presses that were taken back, as (press, when).
    answer: from the first call for it to the START or HOLD that answered; None where nobody was called.
    seqs: the events it is told by, in their order. changed: when the newest of them happened.
    complete: False when the log begins in its middle or has a gap in it.
    """

    course: int
    cycle: int
    number: int
    due: Instant | None = None
    not_before: Instant | None = None
    end: Instant | None = None
    phase: str = "planned"
    outcome: str = ""
    started: Instant | None = None
    ended: Instant | None = None
    infused_ms: int | None = None
    override: str = ""
    holds: list[Hold] = field(default_factory=list)
    interruptions: list[Interruption] = field(default_factory=list)
    reason: str = ""
    recorded: bool = False
    recorded_at: Instant | None = None
    before_record: str = ""
    corrections: list[Correction] = field(default_factory=list)
    undone: list[tuple[str, Instant | None]] = field(default_factory=list)
    answer: Answer | None = None
    seqs: list[int] = field(default_factory=list)
    changed: Instant | None = None
    complete: bool = True

    @property
    def variance_ms(self) -> int | None:
        """Actual start minus due, signed (early is negative); None where one of them is not known or it never started."""
        if self.started is None or self.due is None:
            return None
        return int(ms_between(self.started, self.due))

    @property
    def hold_reason(self) -> str:
        """The reason that stands for the slot: the newest hold's, else the record's; "" if there was neither."""
        if self.holds:
            return self.holds[-1].reason
        return self.reason

    def copy(self) -> ChartedSlot:
        """A second one with the same contents: what an undo goes back to."""
        return replace(
            self,
            holds=[replace(hold) for hold in self.holds],
            interruptions=[replace(one) for one in self.interruptions],
            corrections=list(self.corrections),
            undone=list(self.undone),
            seqs=list(self.seqs),
        )


@dataclass
class ChartedCourse:
    """A course. number: counted in the journal from 1, as `--course` of the commands counts; 0 is a course that had begun before the log does.
    (Where a gap has swallowed the beginning of a course, that one is counted too.)

    regimen: as configured, in the fields of a regimen file; None if the log does not tell. mode: how it was started.
    state: running, resting, completed, stopped, or replaced (another course or configuration followed, and how this one ended is missing).
    stopped, completed: when, if it was. complete: False when the log does not hold its beginning or has a gap in it.
    """

    number: int
    regimen: dict[str, Any] | None = None
    label: str = ""
    started: Instant | None = None
    stopped: Instant | None = None
    completed: Instant | None = None
    state: str = "running"
    mode: str = ""
    cycles: dict[int, Instant | None] = field(default_factory=dict)
    """First due of each cycle that was begun; of a course begun in the middle, the due of the slot it began with."""
    slots: list[ChartedSlot] = field(default_factory=list)
    complete: bool = True
    first_seq: int = 0
    """Its first event in the log."""

    def counts(self, cycle: int | None = None) -> dict[str, int]:
        """Closed slots by outcome, of a cycle or of the course."""
        found = dict.fromkeys(OUTCOMES, 0)
        for slot in self.slots:
            if slot.outcome in found and cycle in (None, slot.cycle):
                found[slot.outcome] += 1
        return found


@dataclass
class Chart:
    """Everything that one journal tells of its courses. answers: of all calls that are no slot's (those are with their slot), in the order of their calls."""

    courses: list[ChartedCourse] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def slots(self) -> list[ChartedSlot]:
        """All slots of all courses, in the order of the plan."""
        return [slot for course in self.courses for slot in course.slots]
