"""What a report tells, as plain data: one course out of an archive, with everything that happened around it and the proof of the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from dosebell.archive import Archive, Journal
from dosebell.archive_check import Checked, check
from dosebell.chart import Answer, Chart, ChartedCourse, ChartedSlot, read_chart
from dosebell.errors import DosebellError
from dosebell.events_json import Offsets, offsets, resolved_utc
from dosebell.journal_reader import Gap
from dosebell.times import Instant, now_utc, to_instant
from dosecore import events as codec
from dosecore.events import Event

# What happened to the device and to the course as a whole; a slot's events are told with the slot.
_DEVICE = ("boot", "clock-set", "clock-lost", "fault", "journal-gap")
_COURSE = (
    "course-started",
    "course-stopped",
    "course-resumed",
    "course-rescheduled",
    "course-completed",
    "cycle-started",
    "cycle-completed",
)
TECHNICAL = ("clock-lost", "journal-fault", "self-test-failed", "stuck-button", "maintenance", "journal-nearly-full")
_ALERTS = ("alert-raised", "alert-acknowledged", "alert-cleared")

Told = tuple[Event, Instant | None]  # an event and its UTC, None where that is not known


@dataclass(frozen=True)
class Facts:
    """Everything that a report shows.

    course: None where the journal has none. slots: those chosen, in the order of the plan; `chosen` says whether that leaves some out. as_of: the newest
    instant that the log can speak of. answers: of calls that are no slot's. device, changes, refused: events of the device itself, of the course as a
    whole, of STARTs that were refused. events: all of the course. gaps: those that touch it. filters: since and until, where they were given.
    """

    journal: Journal
    made: Instant
    pulled: Instant | None
    as_of: Instant | None
    course: ChartedCourse | None
    courses: int
    slots: list[ChartedSlot]
    chosen: bool
    answers: list[Answer]
    device: list[Told]
    changes: list[Told]
    refused: list[Told]
    events: list[Told]
    offsets: Offsets
    gaps: list[Gap]
    checked: Checked
    quality: str
    filters: dict[str, Instant] = field(default_factory=dict)

    @property
    def bench(self) -> bool:
        """A rehearsal in which every minute is a second."""
        course = self.course
        return bool(course is not None and course.regimen and course.regimen["bench"])

    @property
    def proven(self) -> bool:
        return not self.checked.bad

    def cycles(self) -> list[int]:
        """The cycles that are told of, in their order."""
        begun = self.course.cycles if self.course is not None else {}
        return sorted({slot.cycle for slot in self.slots} | (set() if self.chosen else set(begun)))

    def of_cycle(self, cycle: int) -> list[ChartedSlot]:
        return [slot for slot in self.slots if slot.cycle == cycle]


def gather(
    archive: Archive,
    journal: Journal,
    course: int | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Facts:
    """The facts of one course of a journal. course: its number as `log show --course` counts, 0 for one that had begun before the log does; None: the newest.

    since, until: which slots and events are told of; counts are always the whole course's. A journal that is not proven is told of all the same: `checked`
    says so. Errors: no-such-course, archive-damaged, archive-busy.
    """
    checked = check(archive, journal, progress)
    pulls = archive.pulls(journal)
    pulled = to_instant(datetime.fromisoformat(pulls[-1][0])) if pulls else None
    return tell(journal, _readable(archive, journal), checked, pulled, course, since, until)


def tell(
    journal: Journal,
    found: list[Event],
    checked: Checked,
    pulled: Instant | None,
    course: int | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> Facts:
    """The facts in a journal's events, which stand in the order of their numbers. pulled: when they were read from the device. Errors: no-such-course."""
    known = offsets(found)
    chart = read_chart(found, known)
    chosen = _course(chart, course)
    span = _span(chart, chosen, found)
    told = [(event, resolved_utc(event, known)) for event in found if span[0] <= (event.seq or 0) <= span[1]]
    newest = _is_newest(chart, chosen)
    instants = [at for _, at in told if at is not None] + ([pulled] if pulled is not None and newest else [])
    window = _Window(since, until)
    slots = [slot for slot in (chosen.slots if chosen else []) if window.touches(slot)]
    shown = [one for one in told if window.has(one[1])]
    return Facts(
        journal=journal,
        made=to_instant(now_utc()),
        pulled=pulled,
        as_of=max(instants, default=None),
        course=chosen,
        courses=len(chart.courses),
        slots=slots,
        chosen=since is not None or until is not None,
        answers=_answers(chart, chosen, window),
        device=[one for one in shown if _of_the_device(one[0])],
        changes=[one for one in shown if one[0].kind in _COURSE],
        refused=[one for one in shown if one[0].kind == "start-refused"],
        events=shown,
        offsets=known,
        gaps=[gap for gap in checked.gaps if gap.last >= span[0] and gap.first <= span[1]],
        checked=checked,
        quality=told[-1][0].quality if told else "unknown",
        filters={name: at for name, at in (("since", since), ("until", until)) if at is not None},
    )


def _readable(archive: Archive, journal: Journal) -> list[Event]:
    """The events that can be decoded. An altered one that cannot is a gap to the chart, and `check` has named it."""
    found = []
    for seq, (*_, raw) in archive.event_rows(journal).items():
        try:
            found.append(codec.decode(raw, seq))
        except ValueError:
            continue
    return found


def _course(chart: Chart, number: int | None) -> ChartedCourse | None:
    if number is None:
        return chart.courses[-1] if chart.courses else None
    for course in chart.courses:
        if course.number == number:
            return course
    raise DosebellError(
        "no-such-course", value=number, ports=[str(course.number) for course in chart.courses] or ["none"]
    )


def _is_newest(chart: Chart, course: ChartedCourse | None) -> bool:
    return course is None or course is chart.courses[-1]


def _span(chart: Chart, course: ChartedCourse | None, events: list[Event]) -> tuple[int, int]:
    """First and last number of the course's events: from its start to the next course's, as `log show --course` has them."""
    last = events[-1].seq or 0 if events else 0
    if course is None:
        return 1, last
    later = [other.first_seq for other in chart.courses if other.first_seq > course.first_seq]
    return (1 if course.number == 0 else course.first_seq), min(later) - 1 if later else last


@dataclass(frozen=True)
class _Window:
    since: Instant | None
    until: Instant | None

    def has(self, at: Instant | None) -> bool:
        """What has no known time is never left out."""
        return at is None or ((self.since is None or at >= self.since) and (self.until is None or at <= self.until))

    def touches(self, slot: ChartedSlot) -> bool:
        """Whether the slot's time, from its due or start to its end, lies in the window with any part of it."""
        known = [at for at in (slot.due, slot.started, slot.ended, slot.end) if at is not None]
        if not known:
            return True
        return (self.since is None or max(known) > self.since) and (self.until is None or min(known) <= self.until)


def _answers(chart: Chart, course: ChartedCourse | None, window: _Window) -> list[Answer]:
    """Calls of the time of the course."""
    if course is None:
        return []
    place = chart.courses.index(course)
    begun = course.started
    after = chart.courses[place + 1].started if place + 1 < len(chart.courses) else None
    return [
        answer
        for answer in chart.answers
        if (begun is None or answer.called >= begun)
        and (after is None or answer.called < after)
        and window.has(answer.called)
    ]


def _of_the_device(event: Event) -> bool:
    if event.kind == "self-test":
        return not event.detail["passed"]
    if event.kind in _ALERTS:
        return event.detail["condition"] in TECHNICAL
    return event.kind in _DEVICE


def unknown_spans(told: Iterable[Told]) -> list[tuple[Told, Told | None]]:
    """When the clock was not known: from the first event without a known quality to the setting that ended it, None while it lasts."""
    spans: list[tuple[Told, Told | None]] = []
    begun: Told | None = None
    for event, at in told:
        if begun is None and event.quality == "unknown":
            begun = (event, at)
        elif begun is not None and event.quality != "unknown":
            spans.append((begun, (event, at)))
            begun = None
    if begun is not None:
        spans.append((begun, None))
    return spans
