"""The report as one HTML file: nothing in it runs, nothing is fetched. Every word from outside goes through the template's escaping."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from dosebell import __version__
from dosebell.chart import ChartedCourse
from dosebell.report import handover, happenings, tables, timeline, words
from dosebell.report.facts import Facts
from dosebell.report.words import Clock

_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 .,()-]")
_QUALITIES = {
    "synced": "set by a computer",
    "rtc": "kept by a clock chip",
    "recovered": "kept over a restart",
    "unknown": "not known",
}


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
    instants = [slot.due for slot in facts.slots] + [at for _, at in facts.events] + [facts.as_of, facts.made]
    clock = Clock(instants, seconds=facts.bench)
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
        badges=timeline.badges(),
        version=__version__,
        name=name,
        facts=facts,
        clock=clock,
        header=_header(facts, clock),
        now=handover.now(facts, clock),
        attention=handover.attention(facts, clock),
        counts=tables.counts(facts),
        cycles=[tables.cycle(facts, cycle, clock) for cycle in reversed(facts.cycles())],
        variance=tables.variance(facts),
        answers=tables.answers(facts, clock),
        regimen=tables.regimen(facts),
        happened=[
            ("Course", happenings.rows(facts.changes, clock), "Nothing."),
            (
                "Device: power, clock, faults",
                happenings.rows(facts.device, clock),
                "No restart, no fault, no change of the clock.",
            ),
            ("STARTs that were refused", happenings.rows(facts.refused, clock), "None."),
        ],
        unclocked=happenings.unclocked(facts, clock),
        events=happenings.event_list(facts.events, clock),
    )


def _css_text(text: str) -> Markup:
    """A string of CSS: whatever is not plain is written by its number, so that nothing can end it."""
    return Markup('"' + _NOT_PLAIN.sub(lambda found: f"\\{ord(found[0]):06x}", text) + '"')


def _header(facts: Facts, clock: Clock) -> list[tuple[str, str]]:
    """Name and value of what the report is of."""
    course, journal = facts.course, facts.journal
    firmware = f"firmware {journal.firmware}" if journal.firmware else "firmware not known"
    lines = [("Device", ", ".join([journal.device, *([f"board {journal.board}"] if journal.board else []), firmware]))]
    if course is not None:
        lines.append(("Regimen", "not in the log" if course.regimen is None else _schedule(course.regimen)))
        lines.append(("Course", _period(course, clock)))
    lines.append(("Clock", _clock(facts, clock)))
    pulled = "never pulled" if facts.pulled is None else f"pulled {clock.dated(facts.pulled)}"
    lines.append(("Log", f"{pulled}; this report made {clock.dated(facts.made)}"))
    zones = f"{clock.zones}: the clocks change, each time names its zone" if clock.both else clock.zones
    lines.append(("Times", f"local, {zones}"))
    if facts.filters:
        chosen = ", ".join(f"{name} {clock.full(at)}" for name, at in facts.filters.items())
        lines.append(("Chosen", f"doses and events {chosen}; counts are the whole course's"))
    return lines


def _period(course: ChartedCourse, clock: Clock) -> str:
    number = f"No. {course.number}, " if course.number else ""
    begun = f"since {clock.dated(course.started)}" if course.started is not None else "begun before the log does"
    if course.mode and course.started is None:
        begun = "begun while the clock was not known"
    over = course.completed or course.stopped
    ended = {"running": "under way", "resting": "between two cycles", "replaced": "its end is missing"}.get(
        course.state
    )
    return f"{number}{begun}; {ended or course.state}{'' if over is None else ' ' + clock.dated(over)}"


def _schedule(regimen: dict[str, Any]) -> str:
    """The regimen in a sentence."""
    minute = "s" if regimen["bench"] else "min"
    interval = regimen["interval_min"]
    every = f"{interval // 60} h" if not interval % 60 and not regimen["bench"] else f"{interval} {minute}"
    days = f" in {words.counted(regimen['max_days'], 'day')}" if regimen["max_days"] else ""
    cycles = f", {regimen['cycles']} cycles" if regimen["cycles"] > 1 else ""
    dose = f"{regimen['infusion_min']} {minute} every {every}"
    return f"{regimen['name']}: {dose}, up to {words.counted(regimen['max_doses'], 'dose')}{days}{cycles}"


def _clock(facts: Facts, clock: Clock) -> str:
    told = _QUALITIES[facts.quality]
    sets = [(event, at) for event, at in facts.events if event.kind == "clock-set"]
    if not sets:
        return told
    event, at = sets[-1]
    return f"{told}; last set {clock.full(at)} from {words.SOURCES[event.detail['source']]}, to ±{event.detail['bound_ms']} ms"
