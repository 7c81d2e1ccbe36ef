"""What happened besides the doses, in words: to the device, to the course as a whole, to the clock; and the list of all events."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from markupsafe import Markup, escape

from dosebell.events_json import words as event_words
from dosebell.report import words
from dosebell.report.facts import Facts, Told, unknown_spans
from dosebell.report.words import Clock, duration, here
from dosebell.times import Instant, to_datetime
from dosecore.events import Event
from dosecore.instant import ms_between


def unclocked(facts: Facts, clock: Clock) -> list[str]:
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


def rows(told: list[Told], clock: Clock) -> list[tuple[str, str, str, str]]:
    """(events, when, what, more) of each; the same thing several times on end is one row that says how often."""
    found = []
    for (what, more), group in groupby(told, lambda one: _happened(one[0])):
        events = list(group)
        (first, begun), (last, ended) = events[0], events[-1]
        number, when = str(first.seq), clock.full(begun, seconds=True)
        if len(events) > 1:
            number, when = f"{number} to {last.seq}", f"{when} to {clock.near(ended, begun)}"
            more = f"{len(events)} times{', ' if more else ''}{more}"
        found.append((number, when, what, more))
    return found


def _happened(event: Event) -> tuple[str, str]:
    """What an event of the device or the course says: (what, more)."""
    detail = event.detail
    if event.kind == "boot":
        return "Restart" if detail["cause"] != "power-on" else "Power on", f"{detail['cause']}, boot {event.boot}" + (
            ", time kept" if detail["warm"] else ""
        )
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
    if event.kind == "start-refused":
        return f"START refused, dose {event.slot}" if event.slot else "START refused", words.REFUSED[detail["reason"]]
    said = event_words(event)
    name = event.kind.replace("-", " ")
    return name[0].upper() + name[1:], f"cycle {event.cycle}" + (f", {said}" if said else "") if event.cycle else said


def _exact(ms: int) -> str:
    """A step of the clock: ms below ten seconds."""
    return f"{abs(ms)} ms" if abs(ms) < 10_000 else duration(ms)


def event_list(told: list[Told], clock: Clock) -> Markup:
    """The rows of the list of events, as short as they can be: end tags that HTML can do without are left out. A day's rows stand under its date."""
    made: list[str] = []
    shown: object = ()
    for event, at in told:
        moment = None if at is None else here(at)
        day: object = event.boot if moment is None else moment.date()
        if day != shown:
            shown = day
            named = f"Time not known, boot {event.boot}" if at is None else f"{clock.day(at)} {moment:%Y}"
            made.append(f"<tr class=y><th colspan=6 scope=rowgroup>{named}")
        made.append(_event(event, at, moment))
    return Markup("\n".join(made))


def _event(event: Event, at: Instant | None, moment: datetime | None) -> str:
    if at is None or moment is None:
        local, utc = f"+{event.mono[0]}.{event.mono[1]:03d} s", ""
    else:
        in_utc = to_datetime(at)
        local = f"{moment:%H:%M}" if event.utc is not None else f"{moment:%H:%M}°"
        utc = f"{in_utc:%H:%M:%S}.{at[1]:03d}"
        if in_utc.day != moment.day:
            utc = f"{in_utc.day} {in_utc:%b} {utc}"
    place = f"{event.cycle}/{event.slot}" if event.slot else ""
    said = escape(event_words(event))
    return f"<tr><td>{event.seq}<td>{local}<td>{utc}<td>{place}<td>{event.kind}" + (f"<td>{said}" if said else "")
