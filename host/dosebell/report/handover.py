"""What the next shift has to know, in a few lines: what stands, what came last, what comes next, and what must not be overlooked."""

from __future__ import annotations

from dosebell.chart import ChartedCourse, ChartedSlot
from dosebell.report import words
from dosebell.report.facts import Facts, unknown_spans
from dosebell.report.words import CALLS, Clock, counted, duration, listed
from dosecore.instant import ms_between, plus, plus_ms

_OPEN = ("infusing", "interrupted", "on-hold", "overdue", "late", "due")
_OLD_MS = 12 * 3_600_000
_MOST = 8  # of one kind of thing in a line; the tables have all


def now(facts: Facts, clock: Clock) -> list[tuple[str, str]]:
    """(what, in words), most urgent first, as of the newest event of the log."""
    course = facts.course
    if course is None:
        return [("Now", "No course is in the log.")]
    lines = [("Now", _standing(facts, course, clock))]
    started = [slot for slot in course.slots if slot.outcome in ("given", "partial")]
    if started:
        lines.append(("Last dose", _last(max(started, key=lambda slot: (slot.started or (0, 0), slot.number)), clock)))
    if course.state == "running":
        lines.append(("Next dose", _next(course, clock)))
    for outcome, name in (("held", "Held"), ("missed", "Missed"), ("unknown", "Not observed")):
        found = [slot for slot in course.slots if slot.outcome == outcome]
        if found:
            lines.append((name, _numbers(course, found, with_reason=outcome == "held")))
    return lines


def attention(facts: Facts, clock: Clock) -> list[str]:
    """What must not be overlooked, in sentences; empty when there is nothing."""
    found: list[str] = []
    if facts.checked.bad:
        bad = facts.checked.bad[0]
        found.append(f"NOT PROVEN. Event {bad.seq} {bad.detail}. Do not rely on this report before that is explained.")
    if facts.bench:
        found.append("BENCH: a rehearsal in which every minute is a second. Never of a patient.")
    course = facts.course
    if course is not None:
        found += _of_the_doses(facts, course)
    if facts.gaps:
        lost = listed(f"{gap.first} to {gap.last}" for gap in facts.gaps[:_MOST])
        found.append(f"Events are missing from the log ({lost}): what they told of is not in this report.")
    found += _of_the_device(facts, clock)
    if facts.pulled is not None and course is not None and course.state in ("running", "resting"):
        old = ms_between(facts.made, facts.pulled)
        if old > _OLD_MS:
            found.append(
                f"The log was pulled {words.short(old)} before this report was made: newer events are not in it."
            )
    return found


def _standing(facts: Facts, course: ChartedCourse, clock: Clock) -> str:
    standing = sorted(
        (slot for slot in course.slots if slot.phase in _OPEN), key=lambda slot: (slot.cycle, slot.number)
    )
    if standing and course.state == "running":
        return "; ".join(_open(facts, slot, clock) for slot in standing[:3]) + "."
    if course.state == "running":
        return "Waiting for the next dose."
    if course.state == "resting":
        regimen, newest = course.regimen, max(course.cycles, default=0)
        first = course.cycles.get(newest)
        if regimen is None or first is None:
            return f"Cycle {newest} is completed; the next has not begun."
        span = regimen["cycle_days"] * 1440 * (1 if regimen["bench"] else 60)
        return f"Cycle {newest} is completed. The next may begin from {clock.full(plus(first, span))}."
    if course.state == "stopped":
        return f"The course was stopped{'' if course.stopped is None else ' ' + clock.full(course.stopped)}."
    if course.state == "completed":
        return f"The course is completed{'' if course.completed is None else ', ' + clock.full(course.completed)}."
    return "The course is over; how it ended is missing from the log."


def _open(facts: Facts, slot: ChartedSlot, clock: Clock) -> str:
    dose = f"Dose {slot.number}"
    if slot.phase == "infusing":
        if slot.started is None:
            return f"{dose} is infusing; when it started is not known"
        regimen = facts.course.regimen if facts.course is not None else None
        if regimen is None or slot.interruptions:
            return f"{dose} is infusing since {clock.time(slot.started)}"
        lasts = regimen["infusion_min"] * (1000 if regimen["bench"] else 60_000)
        return f"{dose} is infusing since {clock.time(slot.started)}, until {clock.time(plus_ms(slot.started, lasts))}"
    if slot.phase == "interrupted" and slot.interruptions:
        stop = slot.interruptions[-1]
        return f"{dose} is interrupted since {clock.full(stop.at)}, after {duration(stop.infused_ms)} of infusion"
    if slot.phase == "on-hold" and slot.holds:
        hold = slot.holds[-1]
        return f"{dose} is on hold since {clock.full(hold.at)}: {words.reason(hold.reason)}"
    due = "" if slot.due is None else f": it was due {clock.full(slot.due)}"
    wait = "" if slot.not_before is None else f", not before {clock.time(slot.not_before)}"
    return f"{dose} is {slot.phase}{due}{wait}"


def _last(slot: ChartedSlot, clock: Clock) -> str:
    if slot.started is None:
        return f"Dose {slot.number}, {slot.outcome}; when it started is not known"
    ended = "" if slot.ended is None else f", ended {clock.time(slot.ended)}"
    infused = f" after {duration(slot.infused_ms)}" if slot.infused_ms is not None else ""
    corrected = ", entered afterwards" if slot.recorded else ""
    return f"Dose {slot.number}, {slot.outcome}: started {clock.full(slot.started)}{ended}{infused}{corrected}"


def _next(course: ChartedCourse, clock: Clock) -> str:
    coming = [slot for slot in course.slots if slot.phase == "planned" and slot.due is not None]
    if not coming:
        return (
            "None after this one in this cycle"
            if any(slot.phase in _OPEN for slot in course.slots)
            else "None left in this cycle"
        )
    slot = min(coming, key=lambda slot: (slot.cycle, slot.number))
    wait = "" if slot.not_before is None else f", not before {clock.full(slot.not_before)} (minimum gap)"
    left = sum(one.cycle == slot.cycle for one in coming)
    return f"Dose {slot.number}, due {clock.full(slot.due)}{wait}; {left} left in this cycle"


def _numbers(course: ChartedCourse, slots: list[ChartedSlot], *, with_reason: bool = False) -> str:
    """Doses 2 (renal) and 4; 1 of cycle 1"""
    newest = max(course.cycles, default=0)
    told = sorted(slots, key=lambda slot: (-slot.cycle, slot.number))[:_MOST]
    parts = []
    for cycle in dict.fromkeys(slot.cycle for slot in told):
        named = [
            f"{slot.number} ({words.reason(slot.hold_reason)})" if with_reason else str(slot.number)
            for slot in told
            if slot.cycle == cycle
        ]
        parts.append(listed(named) + ("" if cycle == newest else f" of cycle {cycle}"))
    more = len(slots) - len(told)
    return f"{'Dose' if len(slots) == 1 else 'Doses'} {'; '.join(parts)}" + (f"; and {more} more" if more > 0 else "")


def _of_the_doses(facts: Facts, course: ChartedCourse) -> list[str]:
    slots, found = course.slots, []
    if not course.complete:
        found.append("The log does not hold all of this course: what is missing is not guessed.")
    unseen = [slot for slot in slots if slot.outcome == "unknown"]
    if unseen:
        found.append(
            f"{_numbers(course, unseen)} not observed: the device was off or had no clock. "
            "Find out elsewhere what was given, then have it entered (dosebell dose record)."
        )
    timeless = [slot for slot in slots if slot.outcome in ("given", "partial") and slot.started is None]
    if timeless:
        found.append(
            f"{_numbers(course, timeless)}: started while the clock was not known; the time never became known."
        )
    corrected = [slot for slot in slots if slot.recorded]
    if corrected:
        found.append(f"{_numbers(course, corrected)} entered or corrected afterwards; the table has what stood before.")
    forced = [slot for slot in slots if slot.override]
    if forced:
        found.append(f"{_numbers(course, forced)} started by override, too early or within the minimum gap.")
    review = course.regimen["hold_review_count"] if course.regimen is not None else 0
    for cycle in sorted(course.cycles):
        held = [
            slot
            for slot in slots
            if slot.cycle == cycle and slot.outcome == "held" and slot.hold_reason != "awaiting-drug"
        ]
        if review and len(held) >= review:
            found.append(
                f"{counted(len(held), 'dose')} held in cycle {cycle}: the regimen asks for a review after {review}."
            )
    return found


def _of_the_device(facts: Facts, clock: Clock) -> list[str]:
    found = []
    spans = unknown_spans(facts.events)
    if spans and facts.course is not None:
        (_, since), end = spans[-1]
        last = (
            f"from {clock.full(since)} {'to ' + clock.full(end[1]) if end is not None else 'on, to the end of the log'}"
        )
        found.append(
            f"The clock was not known {last}."
            if len(spans) == 1
            else f"The clock was not known {len(spans)} times, last {last}."
        )
    faults = [event for event, _ in facts.device if event.kind == "fault"]
    if faults:
        codes = listed(dict.fromkeys(event.detail["code"] for event in faults))
        found.append(f"The device reported {counted(len(faults), 'fault')}: {codes}.")
    standing = dict[str, bool]()
    for event, _ in facts.device:
        if event.kind in ("alert-raised", "alert-cleared"):
            standing[event.detail["condition"]] = event.kind == "alert-raised"
    still = [CALLS[condition] for condition, stands in standing.items() if stands]
    if still:
        found.append(f"At the end of the log the device called for help: {listed(still)}.")
    return found
