"""Which archive, which journal of it, which of its events: options that several commands share, and what they choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dosebell.cli.complete import KIND
from dosebell.cli.lazy import Settings

if TYPE_CHECKING:
    from dosebell.archive import Archive, Journal
    from dosebell.events_json import Offsets
    from dosebell.export.doses import Doses
    from dosebell.times import Instant
    from dosecore.events import Event

_Command = TypeVar("_Command", bound=Callable[..., Any])

ARCHIVE = click.option(
    "--archive",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="DOSEBELL_ARCHIVE",
    help="The archive's file [the user's own; env: DOSEBELL_ARCHIVE].",
)


def _device(ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    """The global option of that name may stand before the command, too."""
    return value or ctx.ensure_object(Settings).device


DEVICE = click.option(
    "--device", metavar="ID", callback=_device, help="Which device, by id or label, where the archive holds several."
)
JOURNAL = click.option(
    "--journal", type=int, metavar="N", help="Which journal of it, where it had several [the newest]."
)
_OPTIONS = (
    DEVICE,
    JOURNAL,
    click.option(
        "--course",
        type=click.IntRange(1),
        help="Only events from the start of this course to the next, counted from 1.",
    ),
    click.option("--cycle", type=click.IntRange(1, 4), help="Only events of this cycle."),
    click.option("--slot", type=click.IntRange(1, 63), help="Only events of this slot."),
    click.option("--kind", "kinds", type=KIND, multiple=True, help="Only events of this kind. Repeatable."),
    click.option("--since", metavar="TIME", help="Only events at or after TIME, and those whose time is not known."),
    click.option("--until", metavar="TIME", help="Only events at or before TIME, and those whose time is not known."),
)


def selecting(command: _Command) -> _Command:
    """Gives a command the options that `select` takes, in one order everywhere."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Selected:
    """What was chosen. `events`: each with its UTC, or None where that is not known. `filters`: the options given that leave events out, by name."""

    journal: Journal
    offsets: Offsets
    events: list[tuple[Event, Instant | None]]
    filters: dict[str, Any]


def select(
    archive: Archive,
    *,
    device: str | None = None,
    journal: int | None = None,
    course: int | None = None,
    cycle: int | None = None,
    slot: int | None = None,
    kinds: tuple[str, ...] = (),
    since: str | None = None,
    until: str | None = None,
) -> Selected:
    """The events meant by the options of `selecting`. Errors: those of `choose`; bad-time, ambiguous-time."""
    from dosebell.archive import Filter, choose
    from dosebell.events_json import offsets, resolved_utc
    from dosebell.times import parse, rfc3339

    earliest = None if since is None else parse(since, field="since", past=True)
    latest = None if until is None else parse(until, field="until", past=True)
    chosen = choose(archive, device, journal)
    known = offsets(archive.events(chosen, Filter(kinds=("clock-set",))))
    events = [
        (event, utc)
        for event in archive.events(chosen, Filter(cycle, slot, kinds, course))
        for utc in (resolved_utc(event, known),)
        if utc is None or ((earliest is None or utc >= earliest) and (latest is None or utc <= latest))
    ]
    filters = {
        "course": course,
        "cycle": cycle,
        "slot": slot,
        "kind": list(kinds) or None,
        "since": rfc3339(earliest),
        "until": rfc3339(latest),
    }
    return Selected(chosen, known, events, {name: value for name, value in filters.items() if value is not None})


def select_doses(
    archive: Archive,
    *,
    device: str | None = None,
    journal: int | None = None,
    kinds: tuple[str, ...] = (),
    since: str | None = None,
    until: str | None = None,
    **numbers: int | None,
) -> tuple[Journal, Doses]:
    """The doses meant by the options of `selecting`: a dose is told by all its events, so these are read whole, and the options choose doses.

    numbers: course, cycle and slot. Errors: click.UsageError for `kinds`; those of `select`.
    """
    from dosebell.archive import choose
    from dosebell.export.doses import Doses, Wanted
    from dosebell.times import parse

    if kinds:
        raise click.UsageError(
            "--kind chooses events: this format tells doses, each with all of its events. Leave it out."
        )
    earliest = None if since is None else parse(since, field="since", past=True)
    latest = None if until is None else parse(until, field="until", past=True)
    chosen = choose(archive, device, journal)
    wanted = Wanted(**numbers, earliest=earliest, latest=latest)
    return chosen, Doses(chosen.device, chosen.label, archive.events(chosen), wanted)
