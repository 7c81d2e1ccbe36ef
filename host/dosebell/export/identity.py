"""Names that stay the same from export to export, on any computer: of a device, a course, a dose, and of each record of a dose.

A course is named by its device and by the event that began it: the instant and the number that the device itself gave it. The number of a journal or of
a course in an archive would not do: another archive counts otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import NamedTuple

from dosebell.chart import Chart, ChartedSlot
from dosebell.times import Instant, to_datetime
from dosecore.events import Event

_PLAIN = re.compile(
    r"[A-Za-z0-9.-]{1,20}"
)  # what leaves room for a course's name in the 64 characters that FHIR gives an id


def device_name(device: str) -> str:
    """The device's id where it can stand in a name, else a hash of it."""
    return device if _PLAIN.fullmatch(device) else sha256(device.encode()).hexdigest()[:16]


class Begin(NamedTuple):
    """How a course begins in the log: with its first event there; at: when it was started, None where the log does not tell."""

    seq: int
    at: Instant | None


def course_begins(chart: Chart, events: Iterable[Event]) -> dict[int, Begin]:
    """The beginning of each course of the chart, by its number. events: those that the chart was read from."""
    started = iter([event for event in events if event.kind == "course-started"])
    begins = {}
    for course in chart.courses:
        event = next(started, None) if course.mode else None
        if event is None or event.seq is None:
            first = min((seq for slot in course.slots for seq in slot.seqs), default=0)
            begins[course.number] = Begin(first, None)
        else:
            begins[course.number] = Begin(event.seq, event.utc)
    return begins


def course_name(device: str, begin: Begin) -> str:
    """The name of a course.

    A course whose beginning the archive does not hold is named by the first event of its doses that there is: such a name is the same for every export
    from this archive, but another archive may hold more of it.
    """
    if begin.at is None:
        return f"{device_name(device)}-from-{begin.seq}"
    at = to_datetime(begin.at)
    return f"{device_name(device)}-{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z-{begin.seq}"


def slot_name(course: str, slot: ChartedSlot, attempt: int = 1) -> str:
    """The name of a slot's record; attempt: 2 for the record that stands after one was taken back, and so on."""
    return f"{course}-c{slot.cycle}-s{slot.number:02d}" + (f"-{attempt}" if attempt > 1 else "")
