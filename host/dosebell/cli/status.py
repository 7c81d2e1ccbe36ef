"""`dosebell status`: one look at everything, as the contract's JSON or as a table that fits 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.lazy import Command, Settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dosebell.cli.output import Result

_DEVICE = ("id", "label", "board", "firmware", "micropython", "protocol", "bench")
_COURSE = (
    "state",
    "armed",
    "regimen",
    "cycle",
    "slot",
    "phase",
    "due",
    "not_before",
    "variance_ms",
    "counts",
    "next_due",
    "infusion",
)
_COUNTS = ("given", "partial", "held", "missed", "unknown")
_INFUSION = ("started", "ends", "remaining_s")
_ALERT = ("condition", "priority", "since", "cycle", "slot", "audio")
SAFE_MODE = "it has failed three times; it keeps the schedule and calls. Pull the log, then switch it off and on"
_JOURNAL = ("first_seq", "last_seq", "capacity", "exported_seq", "faults")


@click.command(cls=Command)
@click.pass_obj
def status(settings: Settings) -> Result:
    """Show what the device is doing now: clock, course, doses, alerts, journal.

    \b
    Example: dosebell status
             dosebell --json status | jq .course.due
    """
    from dosebell.cli.output import Result
    from dosebell.cli.session import open_device

    with open_device(settings) as client:
        answer = client.ask("status")
    return Result(lambda: table(answer), contract(answer))


def contract(answer: dict[str, Any]) -> dict[str, Any]:
    """The device's answer as the JSON that scripts may rely on: instants as RFC 3339, keys in the contract's order."""
    from dosebell.cli.output import ordered
    from dosebell.times import rfc3339

    clock, course = answer["clock"], ordered(answer["course"], _COURSE)
    for key in ("due", "not_before", "next_due"):
        course[key] = rfc3339(course[key])
    course["counts"] = ordered(course["counts"], _COUNTS)
    if course["infusion"] is not None:
        infusion = ordered(course["infusion"], _INFUSION)
        course["infusion"] = {**infusion, "started": rfc3339(infusion["started"]), "ends": rfc3339(infusion["ends"])}
    return {
        "device": ordered(answer["device"], _DEVICE),
        "clock": {
            "utc": rfc3339(clock["utc"]),
            "quality": clock["quality"],
            "uptime_s": clock["mono"][0],
            "battery": clock["battery"],
        },
        "course": course,
        "alerts": [{**ordered(alert, _ALERT), "since": rfc3339(alert["since"])} for alert in answer["alerts"]],
        "journal": ordered(answer["journal"], _JOURNAL),
    }


def table(answer: dict[str, Any]) -> Iterator[RenderableType]:
    """The same for people."""
    from dosebell.cli.output import facts

    device = answer["device"]
    yield facts(
        [
            (
                "Device",
                ", ".join(
                    part
                    for part in (device["label"], device["id"], device["board"], f"firmware {device['firmware']}")
                    if part
                ),
            ),
            *([("BENCH", "a bench regimen: minutes are seconds here; not for a patient")] if device["bench"] else []),
            *([("SAFE MODE", SAFE_MODE)] if device.get("safe_mode") else []),
            ("Clock", clock_words(answer["clock"])),
            *_course_rows(answer["course"], answer["clock"]["utc"]),
            *_alert_rows(answer["alerts"], answer["clock"]["utc"]),
            ("Journal", _journal_words(answer["journal"])),
        ]
    )
    if answer["clock"]["utc"] is None:
        yield "\nThe device does not know the time. Run `dosebell clock sync`."


def clock_words(clock: dict[str, Any]) -> str:
    """Time, quality and battery in one line."""
    from dosebell.times import local

    time = local(clock["utc"], seconds=True, absent="not set")
    return ", ".join(
        (
            time,
            *([clock["quality"]] if clock["utc"] else []),
            "clock battery" if clock["battery"] else "no clock battery",
        )
    )


def _course_rows(course: dict[str, Any], now: list[int] | None) -> Iterator[tuple[str, str]]:
    from dosebell.times import local, minutes, span

    def when(instant: list[int]) -> str:
        return local(instant) if now is None else f"{local(instant)} ({distance(instant[0] - now[0])})"

    yield "Course", course_words(course)
    if course["slot"]:
        yield "Slot", slot_words(course)
        if course["due"] is not None:
            yield "Due", when(course["due"])
        if course["not_before"] is not None and course["not_before"] != course["due"]:
            yield "Not before", when(course["not_before"])
        if course["variance_ms"] is not None:
            yield "Variance", minutes(course["variance_ms"])
    infusion = course["infusion"]
    if infusion is not None:
        yield "Infusion", f"started {local(infusion['started'])}, {span(infusion['remaining_s'])} left"
    if course["next_due"] is not None and course["next_due"] != course["due"]:
        yield "Next due", when(course["next_due"])
    if course["state"] not in ("unconfigured", "ready"):
        yield "This cycle", count_words(course)


def course_words(course: dict[str, Any]) -> str:
    """The course's state, its regimen, and whether it is armed."""
    return ", ".join(part for part in (course["state"], course["regimen"], "armed" if course["armed"] else "") if part)


def slot_words(course: dict[str, Any]) -> str:
    """Which slot is open, and its phase."""
    return ", ".join(part for part in (place(course), course["phase"]) if part)


def count_words(course: dict[str, Any]) -> str:
    """How the slots of this cycle ended."""
    return ", ".join(f"{course['counts'][outcome]} {outcome}" for outcome in _COUNTS)


def distance(seconds: int) -> str:
    """How far away an instant is: "in 14 min", "14 min ago"."""
    from dosebell.times import span

    return f"in {span(seconds)}" if seconds >= 0 else f"{span(seconds)} ago"


def place(found: dict[str, Any]) -> str:
    """The cycle and slot of a course or an alert; nothing for an alert of no slot."""
    return f"cycle {found['cycle']}, slot {found['slot']}" if found["slot"] else ""


def alert_name(alert: dict[str, Any]) -> str:
    """The condition, and how often it stands if more than once."""
    return f"{alert['condition']} x {alert['count']}" if (alert.get("count") or 0) > 1 else str(alert["condition"])


def _alert_rows(alerts: list[dict[str, Any]], now: list[int] | None) -> Iterator[tuple[str, str]]:
    from dosebell.times import span

    if not alerts:
        yield "Alerts", "none"
    heading = "Alerts"
    for alert in alerts:
        at = f" ({place(alert)})" if alert["slot"] else ""
        age = f", for {span(now[0] - alert['since'][0])}" if now is not None and alert["since"] is not None else ""
        yield heading, f"{alert['priority']}: {alert_name(alert)}{at}{age}, sound {alert['audio']}"
        heading = ""


def _journal_words(journal: dict[str, Any]) -> str:
    faults = f", {journal['faults']} fault{'s' if journal['faults'] > 1 else ''}" if journal["faults"] else ""
    return f"events {journal['first_seq']} to {journal['last_seq']}, {journal['exported_seq']} exported, room for {journal['capacity']}{faults}"
