"""`dosebell course`: start, stop, next cycle, reschedule. Each is confirmed at the bed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.lazy import LazyGroup, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result

_TIME = "TIME"


@click.group(cls=LazyGroup)
def course() -> None:
    """Start, stop or move a course. Each change takes effect only when PAUSE is held for 2 s at the bed, within 60 s.

    A TIME is `now`, `+2h`, `14:30` (local, the next one), or RFC 3339 as in 2026-11-22T14:30:00Z.

    \b
    Example: dosebell course start --at 14:00
    """


def _time(text: str | None, field: str, *, past: bool = False) -> list[int] | None:
    """The instant for the wire, said back in local time on stderr; None where none was given, or where `now` means the moment of the confirmation."""
    from dosebell.cli.output import message
    from dosebell.times import local, parse

    if text is None or (text.strip().lower() == "now" and not past):
        return None
    instant = parse(text, field=field, past=past)
    message(f"{field}: {local(instant, seconds=True)}")
    return list(instant)


@course.command()
@click.option("--at", metavar=_TIME, help="When slot 1 is due [when confirmed].")
@click.option("--armed", is_flag=True, help="Do not start now: let the bedside do it, with START held for 3 s.")
@click.option("--cycle", type=click.IntRange(1, 4), help="In the middle: the cycle that runs.")
@click.option("--slot", type=click.IntRange(1, 63), help="In the middle: the slot that is due at --at.")
@click.option("--last-start", metavar=_TIME, help="In the middle: when the last dose was started.")
@click.pass_obj
def start(
    settings: Settings, at: str | None, armed: bool, cycle: int | None, slot: int | None, last_start: str | None
) -> Result:
    """Start the course: now, at a time, armed for the bedside, or in the middle when a device is replaced.

    \b
    Example: dosebell course start
             dosebell course start --at 14:00
             dosebell course start --armed
             dosebell course start --slot 5 --last-start 06:10 --at 14:00
    """
    if armed:
        given = [
            name
            for name, value in (("--at", at), ("--cycle", cycle), ("--slot", slot), ("--last-start", last_start))
            if value is not None
        ]
        if given:
            raise click.UsageError(f"--armed leaves the start to the bedside; it does not go with {', '.join(given)}.")
        return _arm(settings)
    first, last = _time(at, "at"), _time(last_start, "last-start", past=True)
    return _changed(
        settings, "course-start", "The course has started.", at=first, cycle=cycle or 1, slot=slot or 1, last=last
    )


def _arm(settings: Settings) -> Result:
    """`configure` with the regimen and label that the device has, armed."""
    from dosebell.cli.output import Result
    from dosebell.cli.session import change, open_device
    from dosebell.configured import regimen_of

    with open_device(settings) as client:
        data = regimen_of(client)
        client.same_device()
        change(client, "configure", regimen=data, label=client.identity.get("label") or "", armed=True)
    return Result(
        lambda: ["Armed: START held for 3 s at the bed makes slot 1 due."],
        {"done": "course-start", "armed": True, "regimen": data["name"]},
    )


@course.command()
@click.pass_obj
def stop(settings: Settings) -> Result:
    """Stop the course. A running infusion closes as partial, a hold as held. START can resume the course at the bed for 24 h.

    \b
    Example: dosebell course stop
    """
    return _changed(settings, "course-stop", "The course is stopped.")


@course.command("next-cycle")
@click.option("--at", metavar=_TIME, help="When its slot 1 is due [when confirmed].")
@click.pass_obj
def next_cycle(settings: Settings, at: str | None) -> Result:
    """Start the next cycle, once the one before is completed and its days are over.

    \b
    Example: dosebell course next-cycle --at 2026-12-06T08:00
    """
    return _changed(settings, "next-cycle", "The next cycle has started.", at=_time(at, "at"))


@course.command()
@click.argument("at", metavar=_TIME, help="When that slot is due.")
@click.pass_obj
def reschedule(settings: Settings, at: str) -> Result:
    """Move the earliest slot that is still to come to TIME; later slots follow. Slots beyond the last day are dropped.

    \b
    Example: dosebell course reschedule +2h
             dosebell course reschedule 14:30
    """
    from dosebell.times import parse

    instant = _time(at, "at") or list(parse(at))
    return _changed(settings, "reschedule", "The course is rescheduled.", at=instant)


def _changed(settings: Settings, do: str, words: str, **arguments: Any) -> Result:
    from dosebell.cli.output import Result
    from dosebell.cli.session import change, open_device
    from dosebell.times import rfc3339

    with open_device(settings) as client:
        answer = change(client, do, **arguments)
    dropped = answer.get("dropped")
    data: dict[str, Any] = {"done": do}
    if arguments.get("at") is not None:
        data["at"] = rfc3339(arguments["at"])
    if dropped is not None:
        data["dropped"] = dropped
        words += (
            f" {dropped} slots fall outside the course's days and are dropped." if dropped else " No slot is dropped."
        )
    return Result(lambda: [words], data)
