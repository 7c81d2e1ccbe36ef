"""A journal's doses as an iCalendar file: one event a dose, in UTC, with its state in its title. `icalendar` is imported here alone: it is an extra.

No recurrence rule: doses are held, missed and moved one by one, and a rule would promise what the device did not plan. No alarm: calling is the device's work.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from dosebell.chart import ChartedSlot
from dosebell.export.doses import Doses
from dosebell.export.words import NOT_A_MEDICAL_DEVICE, at_utc, end_of, remarks, state_words
from dosebell.times import to_datetime
from dosecore.instant import ms_between

# By the outcome, or by the phase of a dose that is not closed. What is open can still become anything, and nobody knows what an unobserved one became.
_STATUS = {
    "planned": "CONFIRMED",
    "given": "CONFIRMED",
    "partial": "CONFIRMED",
    "held": "CANCELLED",
    "missed": "CANCELLED",
    "dropped": "CANCELLED",
}


def without_time(doses: Doses) -> list[ChartedSlot]:
    """Doses that a calendar cannot show: the log tells neither their due nor their start."""
    return [slot for slot in doses.chosen if slot.started is None and slot.due is None]


def calendar(doses: Doses) -> str:
    """The file's text: lines folded at 75 bytes, each with CR LF."""
    import icalendar

    made = icalendar.Calendar()
    made.add("prodid", "-//Dosebell//Dosebell//EN")
    made.add("version", "2.0")
    made.add("calscale", "GREGORIAN")
    made.add("x-wr-calname", icalendar.vText(f"Dosebell {doses.label or doses.device}"))
    made.add("x-wr-caldesc", icalendar.vText(NOT_A_MEDICAL_DEVICE))
    for slot in doses.chosen:
        if slot.started is not None or slot.due is not None:
            made.add_component(_event(icalendar.Event(), doses, slot))
    return str(made.to_ical().decode("utf-8"))


def _event(event: Any, doses: Doses, slot: ChartedSlot) -> Any:
    """The dose where it was planned, or, once it has started, where it was."""
    starts = slot.started or slot.due
    assert starts is not None
    change = doses.change(slot)
    changed = to_datetime(change.at or starts)
    bench = doses.bench(slot.course)
    title = f"Dose {slot.cycle}/{slot.number}: {state_words(slot)}"
    event.add("uid", f"{doses.name(slot)}@dosebell")
    event.add("dtstamp", changed)
    event.add("last-modified", changed)
    event.add("sequence", change.seq)
    event.add("dtstart", to_datetime(starts).replace(microsecond=0))
    event.add("duration", timedelta(seconds=_seconds(doses, slot)))
    event.add("status", _STATUS.get(slot.outcome or slot.phase, "TENTATIVE"))
    event.add("summary", f"BENCH {title}" if bench else title)
    event.add("description", _description(doses, slot))
    event.add("categories", ["Dosebell", "BENCH"] if bench else ["Dosebell"])
    event.add("transp", "TRANSPARENT")  # it keeps nobody's time free or busy
    return event


def _seconds(doses: Doses, slot: ChartedSlot) -> int:
    """How long it lasted, else how long it is planned to; 0 where the log tells neither."""
    end = end_of(slot)
    if slot.started is not None and end is not None:
        return int(ms_between(end, slot.started)) // 1000
    regimen = doses.regimen(slot.course)
    return 0 if regimen is None else int(regimen.infusion)


def _description(doses: Doses, slot: ChartedSlot) -> str:
    regimen = doses.regimen(slot.course)
    lines = [
        f"Course {slot.course}, cycle {slot.cycle}, dose {slot.number}{'' if regimen is None else f' of {regimen.name}'}."
    ]
    lines.append(f"Due {at_utc(slot.due)}.")
    if slot.not_before is not None and slot.phase in ("due", "late", "overdue"):
        lines.append(f"Not before {at_utc(slot.not_before)}.")
    lines += [words for _, words in remarks(slot)]
    return "\n".join([*lines, NOT_A_MEDICAL_DEVICE])
