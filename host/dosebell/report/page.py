"""The report as one HTML file: nothing in it runs, nothing is fetched. Every word from outside goes through the template's escaping."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from dosebell import __version__
from dosebell.chart import ChartedSlot
from dosebell.events_json import words as event_words
from dosebell.report import figures, handover, timeline, words
from dosebell.report.facts import Facts, Told, as_words, unknown_spans
from dosebell.report.words import Clock, duration
from dosebell.times import rfc3339, to_datetime
from dosecore.instant import ms_between
from dosecore.regimen import KEYS

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 .,()-]")
_STARTS = {"now": "at once", "at": "for a set time", "bedside": "armed, begun at the bed", "middle": "in its middle: another device had begun it"}


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("dosebell.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page(facts: Facts) -> str:
    """The HTML of the report."""
    made = _environment()
    clock = Clock([at for _, at in facts.events] + [slot.due for slot in facts.slots] + [facts.as_of])
    name = facts.journal.label or facts.journal.device
    style = Markup(
        made.get_template("report.css").render(
            left=_css_text(f"Dosebell {name}, device {facts.journal.device}"),
            middle=_css_text("Reminder, not a medical device" + (" - BENCH" if facts.bench else "")),
        )
    )
    return made.get_template("report.html").render(
        style=style,
        style_hash=b64encode(sha256(style.encode()).digest()).decode(),
        version=__version__,
        name=name,
        facts=facts,
        clock=clock,
        zones=clock.zones or words.here(facts.made).tzname(),
        now=handover.now(facts, clock),
        attention=handover.attention(facts, clock),
        header=_header(facts, clock),
        counts=_counts(facts),
        cycles=[_cycle(facts, cycle, clock) for cycle in reversed(facts.cycles())],
        variance=_variance(facts),
        answers=_answers(facts, clock),
        device=[(event.seq, clock.full(at, seconds=True), what, said) for event, at in facts.device for what, said in (_happened(event),)],
        changes=[(event.seq, clock.full(at, seconds=True), what, said) for event, at in facts.changes for what, said in (_happened(event),)],
        refused=[(event.seq, clock.full(at, seconds=True), f"{event.cycle}/{event.slot}" if event.slot else "", event.detail["reason"]) for event, at in facts.refused],
        unclocked=_unclocked(facts, clock),
        regimen=_regimen(facts),
        events=_events(facts, clock),
        made=clock.dated(facts.made),
        pulled=clock.dated(facts.pulled) if facts.pulled is not None else "never",
        filters=[f"{key} {clock.full(at)}" for key, at in facts.filters.items()],
    )


def _css_text(text: str) -> Markup:
    """A string of CSS: whatever is not plain is written by its number, so that nothing can end it."""
    return Markup('"' + _NOT_PLAIN.sub(lambda found: f"\\{ord(found[0]):06x}", text) + '"')


def _header(facts: Facts, clock: Clock) -> list[tuple[str, str]]:
    """Name and value of what the report is of."""
    course, journal = facts.course, facts.journal
    lines = [("Device", journal.device), ("Board", journal.board or "not known"), ("Firmware", journal.firmware or "not known")]
    if course is not None:
        regimen = course.regimen
        lines.append(("Regimen", "not in the log" if regimen is None else _schedule(regimen)))
        begun = clock.dated(course.started) if course.started is not None else "before the log begins" if not course.mode else words.NOT_KNOWN
        over = course.completed or course.stopped
        until = clock.dated(over) if over is not None else {"running": "under way", "resting": "under way, between cycles"}.get(course.state, course.state)
        lines.append(("Course", f"{course.number or '(begun before the log)'}; {begun} to {until}"))
    lines.append(("Clock", _clock(facts, clock)))
    return lines


def _schedule(regimen: dict[str, Any]) -> str:
    """The regimen in a sentence."""
    minute = "s" if regimen["bench"] else "min"
    interval = regimen["interval_min"]
    every = f"{interval // 60} h" if not interval % 60 and not regimen["bench"] else f"{interval} {minute}"
    days = f" in {regimen['max_days']} days" if regimen["max_days"] else ""
    cycles = f", {regimen['cycles']} cycles" if regimen["cycles"] > 1 else ""
    return f"{regimen['name']}: {regimen['infusion_min']} {minute} every {every}, up to {regimen['max_doses']} doses{days}{cycles}"


def _clock(facts: Facts, clock: Clock) -> str:
    told = {
        "synced": "set by a computer",
        "rtc": "kept by a clock chip",
        "recovered": "kept over a restart",
        "unknown": "not known",
    }[facts.quality]
    sets = [(event, at) for event, at in facts.events if event.kind == "clock-set"]
    if not sets:
        return told
    event, at = sets[-1]
    return f"{told}; last set {clock.full(at)} from {words.SOURCES[event.detail['source']]}, to ±{event.detail['bound_ms']} ms"


def _unclocked(facts: Facts, clock: Clock) -> list[str]:
    """The times in which the clock was not known, in words."""
    found = []
    for (first, begun), end in unknown_spans(facts.events):
        since = clock.full(begun, seconds=True) if begun is not None else f"boot {first.boot}"
        if end is None:
            found.append(f"From {since} (event {first.seq}) to the end of the log.")
            continue
        last, at = end
        lasted = f", {duration(ms_between(at, begun))}" if begun is not None and at is not None else ""
        found.append(f"From {since} (event {first.seq}) to {clock.full(at, seconds=True)} (event {last.seq}){lasted}.")
    return found


def _counts(facts: Facts) -> list[tuple[str, list[int], int]]:
    """(cycle, counts in the order of the outcomes, planned or open) of each cycle and of the course."""
    course = facts.course
    if course is None:
        return []
    found = []
    cycles = sorted({*course.cycles, *(slot.cycle for slot in course.slots)})
    for cycle in [*cycles, None]:
        if cycle is None and len(cycles) < 2:
            break
        left = sum(not slot.outcome and slot.phase != "dropped" and cycle in (None, slot.cycle) for slot in course.slots)
        found.append((f"Cycle {cycle}" if cycle else "Course", list(course.counts(cycle).values()), left))
    return found


def _cycle(facts: Facts, cycle: int, clock: Clock) -> dict[str, Any]:
    slots = facts.of_cycle(cycle)
    course = facts.course
    assert course is not None
    rows = timeline.rows(slots, course.regimen, facts.as_of)
    standing = facts.as_of if course.state in ("running", "resting") else None
    return {
        "number": cycle,
        "axis": timeline.axis(rows[0]) if rows else "",
        "rows": [timeline.picture(row, slots, standing, clock) for row in rows],
        "slots": [_slot(slot, clock) for slot in slots],
        "first_due": clock.full(course.cycles.get(cycle)) if course.cycles.get(cycle) is not None else "",
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


def _variance(facts: Facts) -> list[tuple[str, str]]:
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


def _answers(facts: Facts, clock: Clock) -> list[tuple[str, str, str, str, str]]:
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


def _regimen(facts: Facts) -> list[tuple[str, str]]:
    if facts.course is None or facts.course.regimen is None:
        return []
    return [(key, as_words(facts.course.regimen[key])) for key in KEYS]


def _happened(event: Any) -> tuple[str, str]:
    """What an event of the device or the course says: (what, more)."""
    detail = event.detail
    if event.kind == "boot":
        return "Restart" if detail["cause"] != "power-on" else "Power on", f"{detail['cause']}, boot {event.boot}" + (", time kept" if detail["warm"] else "")
    if event.kind == "clock-set":
        step = ms_between(detail["utc"], detail["old"]) if detail["old"] is not None else None
        moved = "from unknown" if step is None else f"moved by {words.signed(_exact(step), step)}"
        return "Clock set", f"from {words.SOURCES[detail['source']]}, {moved}, to ±{detail['bound_ms']} ms"
    if event.kind == "fault":
        return f"Fault {detail['code']}", detail["words"]
    if event.kind == "self-test":
        return "Self-test failed", detail["faults"]
    if event.kind in ("alert-raised", "alert-acknowledged", "alert-cleared"):
        return words.CALLS[detail["condition"]], event.kind[6:]
    if event.kind == "journal-gap":
        return "Events lost at the device", f"{detail['first']} to {detail['last']}"
    said = event_words(event)
    name = event.kind.replace("-", " ")
    return name[0].upper() + name[1:], f"cycle {event.cycle}" + (f", {said}" if said else "") if event.cycle else said


def _exact(ms: int) -> str:
    """A step of the clock: ms below ten seconds."""
    return f"{abs(ms)} ms" if abs(ms) < 10_000 else duration(ms)


def _events(facts: Facts, clock: Clock) -> Markup:
    """The rows of the event list, as short as they can be: end tags that HTML can do without are left out."""
    rows: list[str] = []
    day: object = None
    for event, at in facts.events:
        date = words.here(at).date() if at is not None else None
        if date != day:
            day = date
            named = clock.dated(at)[:-6] if at is not None and not clock.both else clock.dated(at) if at is not None else ""
            rows.append(f'<tr class=y><th colspan=6 scope=rowgroup>{named or f"Time not known, boot {event.boot}"}')
        rows.append(_event(event, at))
    return Markup("\n".join(rows))


def _event(event: Any, at: Any) -> str:
    if at is None:
        local, utc = f"+{event.mono[0]}.{event.mono[1]:03d} s", ""
    else:
        late = "°" if event.utc is None else ""
        utc_moment = to_datetime(at)
        local = f"{utc_moment.astimezone():%H:%M:%S}{late}"
        utc = f"{utc_moment:%d %H:%M:%S}.{at[1]:03d}"
    place = f"{event.cycle}/{event.slot}" if event.slot else ""
    said = escape(event_words(event))
    return f"<tr><td>{event.seq}<td>{local}<td>{utc}<td>{place}<td>{event.kind}" + (f"<td>{said}" if said else "")


__all__ = ["page", "rfc3339"]
