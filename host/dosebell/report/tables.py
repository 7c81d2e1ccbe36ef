"""The report's tables, as rows of words: counts, doses with everything that happened to them, variances, answers, the regimen."""

from __future__ import annotations

from typing import Any

from dosebell.chart import ChartedSlot
from dosebell.report import figures, timeline, words
from dosebell.report.facts import Facts
from dosebell.report.words import Clock, duration
from dosecore.instant import ms_between


def counts(facts: Facts) -> list[tuple[str, list[int], int]]:
    """(cycle, counts in the order of the outcomes, planned or open) of each cycle and of the course."""
    course = facts.course
    if course is None:
        return []
    found = []
    cycles = sorted({*course.cycles, *(slot.cycle for slot in course.slots)})
    for cycle in [*cycles, None]:
        if cycle is None and len(cycles) < 2:
            break
        left = sum(
            not slot.outcome and slot.phase != "dropped" and cycle in (None, slot.cycle) for slot in course.slots
        )
        found.append((f"Cycle {cycle}" if cycle else "Course", list(course.counts(cycle).values()), left))
    return found


def cycle(facts: Facts, number: int, clock: Clock) -> dict[str, Any]:
    """A cycle's timeline and its doses."""
    slots = facts.of_cycle(number)
    course = facts.course
    assert course is not None
    rows = timeline.rows(slots, course.regimen, facts.as_of)
    standing = facts.as_of if course.state in ("running", "resting") else None
    return {
        "number": number,
        "axis": timeline.axis(rows[0]) if rows else "",
        "rows": [timeline.picture(row, slots, standing, clock) for row in rows],
        "slots": [_slot(slot, clock) for slot in slots],
    }


def _slot(slot: ChartedSlot, clock: Clock) -> dict[str, Any]:
    """A row of the table of doses."""
    key = words.outcome(slot)
    began = slot.started is not None or key in ("given", "partial", "infusing", "interrupted")
    ended, lasted = "", ""
    if slot.ended is not None:
        ended = clock.near(slot.ended, slot.started or slot.due)
        if slot.started is not None and slot.ended >= slot.started:
            lasted = duration(ms_between(slot.ended, slot.started))
    if slot.infused_ms is not None:
        lasted = f"{duration(slot.infused_ms)} infused"
    return {
        "number": slot.number,
        "due": clock.full(slot.due) if slot.due is not None else "not in the log",
        "started": clock.near(slot.started, slot.due) if began else "",
        "variance": words.variance(slot.variance_ms),
        "ended": ended,
        "lasted": lasted,
        "key": key,
        "letter": words.LETTERS[key],
        "outcome": words.OUTCOMES[key],
        "corrected": slot.recorded,
        "remarks": _remarks(slot, clock),
    }


def _remarks(slot: ChartedSlot, clock: Clock) -> list[tuple[str, str]]:
    """(strong words, the rest), in the order of time within each kind."""
    told = []
    if slot.not_before is not None:
        told.append(("", f"Not before {clock.near(slot.not_before, slot.due)}: minimum gap"))
    for hold in slot.holds:
        until = "" if hold.until is None else f" to {clock.near(hold.until, hold.at)}"
        told.append(("On hold", f"{clock.near(hold.at, slot.due)}{until}: {words.reason(hold.reason)}"))
    if slot.reason not in ("", "unspecified"):
        told.append(("Reason entered:", words.reason(slot.reason)))
    for stop in slot.interruptions:
        cause = "" if stop.cause == "bedside" else " by a restart of the device"
        then = "" if stop.resumed is None else f", resumed {clock.near(stop.resumed, slot.due)}"
        told.append(("Interrupted", f"{clock.near(stop.at, slot.due)}{cause} after {duration(stop.infused_ms)}{then}"))
    if slot.override:
        told.append(("Override:", words.OVERRIDES[slot.override]))
    for press, at in slot.undone:
        told.append(("Taken back:", f"{words.PRESSES[press]}, {clock.near(at, slot.due)}"))
    for one in slot.corrections:
        now = _record(one.outcome, one.started, one.ended, clock)
        was = _record(one.outcome_before, one.started_before, one.ended_before, clock)
        told.append(("Corrected", f"{clock.full(at=one.at)}: {now}. Before: {was}"))
    if slot.started is not None and slot.ended is not None and slot.ended < slot.started:
        told.append(("", "The clock was set back during the infusion"))
    if slot.outcome == "unknown" and not slot.recorded:
        told.append(("", "Device off or without a clock for the whole window"))
    if not slot.complete:
        told.append(("", "Events are missing: this may not be all"))
    return told


def _record(outcome: str, started: Any, ended: Any, clock: Clock) -> str:
    parts = [words.OUTCOMES.get(outcome, outcome).lower()]
    parts += [f"started {clock.full(started)}"] if started is not None else []
    parts += [f"ended {clock.time(ended)}"] if ended is not None else []
    return ", ".join(parts)


def variance(facts: Facts) -> list[tuple[str, str]]:
    """Name and value; nothing where no dose has one."""
    found = figures.variance(facts.slots, facts.course)
    if not found.doses:
        return []
    lines = [
        ("Started doses", str(found.doses)),
        ("Earliest", words.variance(found.earliest_ms)),
        ("Median", words.variance(found.median_ms)),
        ("Latest", words.variance(found.latest_ms)),
    ]
    if found.within is not None:
        lines.insert(1, ("Neither too early nor late", f"{found.within} of {found.doses}"))
    return lines


def answers(facts: Facts, clock: Clock) -> list[tuple[str, str, str, str, str]]:
    """(call, calls, answered, median, longest)"""
    found = []
    for one in figures.answers(facts.slots, facts.answers):
        worst = ""
        if one.worst is not None and one.worst_ms is not None:
            place = f"dose {one.worst.slot}, " if one.worst.slot else ""
            worst = f"{duration(one.worst_ms)} ({place}{clock.full(one.worst.called)})"
        middle = duration(one.median_ms) if one.median_ms is not None else ""
        found.append((words.CALLS[one.condition], str(one.calls), str(one.answered), middle, worst))
    return found


def regimen(facts: Facts) -> list[tuple[str, str]]:
    """Every value of the regimen as it was configured, with its unit; nothing where the log does not tell."""
    if facts.course is None or facts.course.regimen is None:
        return []
    data = facts.course.regimen
    return [(label, words.setting(data, key)) for key, (label, _) in words.REGIMEN.items()]
