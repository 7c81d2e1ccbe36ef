"""Names that stay the same from export to export, on any computer: of a device, a course, a dose, and of each record of a dose.

A course is named by its device and by the event that began it: the instant and the number that the device itself gave it. The number of a journal or of
a course in an archive would not do: another archive counts otherwise.
"""

from __future__ import annotations

import re
from hashlib import sha256

from dosebell.chart import ChartedCourse, ChartedSlot
from dosebell.times import to_datetime

_PLAIN = re.compile(
    r"[A-Za-z0-9.-]{1,20}"
)  # what leaves room for a course's name in the 64 characters that FHIR gives an id


def device_name(device: str) -> str:
    """The device's id where it can stand in a name, else a hash of it."""
    return device if _PLAIN.fullmatch(device) else sha256(device.encode()).hexdigest()[:16]


def course_name(device: str, course: ChartedCourse) -> str:
    """The name of a course.

    A course whose beginning the archive does not hold is named by the first event of it that there is: such a name is the same for every export from this
    archive, but another archive may hold more of it.
    """
    if not course.mode or course.started is None:
        return f"{device_name(device)}-from-{course.first_seq}"
    at = to_datetime(course.started)
    return f"{device_name(device)}-{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z-{course.first_seq}"


def slot_name(course: str, slot: ChartedSlot, attempt: int = 1) -> str:
    """The name of a slot's record; attempt: 2 for the record that stands after one was taken back, and so on."""
    return f"{course}-c{slot.cycle}-s{slot.number:02d}" + (f"-{attempt}" if attempt > 1 else "")
