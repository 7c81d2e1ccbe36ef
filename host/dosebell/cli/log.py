"""`dosebell log`: pull the device's log into the archive, and show what is archived."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.complete import KIND
from dosebell.cli.lazy import LazyGroup, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result

_ARCHIVE = click.option(
    "--archive",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="DOSEBELL_ARCHIVE",
    help="The archive's file [the user's own; env: DOSEBELL_ARCHIVE].",
)


@click.group(cls=LazyGroup)
def log() -> None:
    """Pull the device's log into an archive on this computer, and show it from there.

    \b
    Example: dosebell log pull
             dosebell log show --cycle 1
    """


@log.command()
@_ARCHIVE
@click.pass_obj
def pull(settings: Settings, path: Path | None) -> Result:
    """Bring the archive up to date with the device. Can be interrupted and repeated at any time.

    Checks every record. What is damaged is read from its second copy; what is lost is recorded as a gap and exits with 6.

    \b
    Example: dosebell log pull
             dosebell --json log pull --archive ward7.sqlite
    """
    from dosebell.archive import Archive, default_path
    from dosebell.cli.output import Result, message
    from dosebell.cli.session import open_device
    from dosebell.errors import DosebellError
    from dosebell.log_pull import pull as pull_log

    path = path or default_path()
    with open_device(settings) as client, Archive(path, create=True) as archive:
        with _progress(settings) as progress:
            done = pull_log(client, archive, progress)
        kept = len(archive.gaps(done.journal))
    if done.new_journal and done.forked_after is None:
        message(
            "The device's journal is a new one: the old was lost or replaced. Both are kept apart; see `log show --journal`."
        )
    if done.second:
        message(f"{done.second} slots were read from their second copy.")
    if kept > len(done.gaps):
        message(f"{kept - len(done.gaps)} gaps were recorded by earlier pulls.")
    data = {
        "device": done.journal.device,
        "journal": done.journal.id,
        "archive": str(path),
        "events": done.events,
        "first_seq": done.first,
        "last_seq": done.last,
        "bytes": done.bytes,
        "seconds": round(done.seconds, 3),
        "sha256": done.sha256 or None,
        "exported_seq": done.exported,
        "forked_after": done.forked_after,
        "gaps": [{"first_seq": gap.first, "last_seq": gap.last, "cause": gap.cause} for gap in done.gaps],
    }
    rate = done.bytes / done.seconds / 1000 if done.seconds else 0
    news = (
        f"{done.events} new events ({done.first} to {done.last})"
        if done.events
        else f"Nothing new after event {done.last}"
    )
    result = Result(lambda: [f"{news}, {done.bytes / 1000:.1f} kB at {rate:.0f} kB/s.", str(path)], data)
    if done.forked_after is not None:
        result.show(as_json=settings.json)
        raise DosebellError("log-forked", detail=str(done.forked_after))
    if done.gaps:
        result.show(as_json=settings.json)
        raise DosebellError(
            "data-damaged", detail="; ".join(f"{gap.first} to {gap.last}: {gap.cause}" for gap in done.gaps)
        )
    return result


def _progress(settings: Settings) -> AbstractContextManager[Callable[[int, int], None] | None]:
    """A bar with the rate on a terminal, nothing elsewhere."""
    if settings.json or not sys.stderr.isatty():
        return nullcontext()
    return _Bar()


class _Bar(AbstractContextManager["_Bar"]):
    """The bar on stderr."""

    def __init__(self) -> None:
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        from dosebell.cli.output import console

        columns = (TextColumn("Pulling the log"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        self._bar = Progress(*columns, console=console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> _Bar:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def __call__(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


@log.command()
@_ARCHIVE
@click.option("--device", metavar="ID", help="Which device, by id or label, where the archive holds several.")
@click.option("--journal", type=int, metavar="N", help="Which journal of it, where it had several [the newest].")
@click.option("--cycle", type=click.IntRange(1, 4), help="Only events of this cycle.")
@click.option("--slot", type=click.IntRange(1, 63), help="Only events of this slot.")
@click.option("--kind", "kinds", type=KIND, multiple=True, help="Only events of this kind. Repeatable.")
@click.option("--since", metavar="TIME", help="Only events at or after TIME, and those whose time is not known.")
@click.pass_obj
def show(
    settings: Settings,
    path: Path | None,
    device: str | None,
    journal: int | None,
    cycle: int | None,
    slot: int | None,
    kinds: tuple[str, ...],
    since: str | None,
) -> Result:
    """Show archived events: a table, or with --json one object a line. No device is needed.

    \b
    Example: dosebell log show --cycle 1 --slot 3
             dosebell --json log show --kind dose-started --since -24h
    """
    from dosebell import archive as archives
    from dosebell.cli.output import Result, message
    from dosebell.events_json import as_json, offsets, resolved_utc
    from dosebell.times import parse

    earliest = None if since is None else parse(since, field="since", past=True)
    with archives.Archive(path or archives.default_path(), create=False) as archive:
        chosen = archives.choose(archive, device, journal)
        known = offsets(archive.events(chosen, archives.Filter(kinds=("clock-set",))))
        wanted = archive.events(chosen, archives.Filter(cycle, slot, kinds))
        found = [
            (event, utc)
            for event in wanted
            for utc in (resolved_utc(event, known),)
            if earliest is None or utc is None or utc >= earliest
        ]
        gaps = archive.gaps(chosen)
        older = [one.id for one in archive.journals(chosen.device) if one.id != chosen.id]
    if older:
        message(f"This device had other journals: see them with --journal {', '.join(map(str, older))}.")
    for gap in gaps:
        message(f"Gap: events {gap.first} to {gap.last} ({gap.cause}).")
    return Result(lambda: [_table(found)], lines=[as_json(event, known) for event, _ in found])


def _table(found: list[tuple[Any, Any]]) -> Any:
    """One event a line, in local time, within 80 columns."""
    from dosebell.cli.output import table
    from dosebell.events_json import words
    from dosebell.times import local_short, zone

    rows = [
        (
            str(event.seq),
            local_short(utc) if utc is not None else f"boot {event.boot} +{event.mono[0]} s",
            f"{event.cycle}/{event.slot}" if event.slot else "",
            event.kind,
            words(event),
        )
        for event, utc in found
    ]
    return table(("Seq", f"Time ({zone()})", "Slot", "Event", "Detail"), rows, right=("Seq",))
