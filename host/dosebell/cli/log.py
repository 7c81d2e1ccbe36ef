"""`dosebell log`: pull the device's log into the archive, show what is archived, export it, and prove it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.fhir_options import MEDICATION, PATIENT
from dosebell.cli.lazy import LazyGroup, Settings
from dosebell.cli.selection import ARCHIVE, DEVICE, selecting

if TYPE_CHECKING:
    from dosebell.cli.output import Result


@click.group(cls=LazyGroup)
def log() -> None:
    """Pull the device's log into an archive on this computer; show, export and prove it from there.

    \b
    Example: dosebell log pull
             dosebell log show --cycle 1
    """


@log.command()
@ARCHIVE
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
        message(f"Gaps that earlier pulls recorded: {kept - len(done.gaps)}.")
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

    def __init__(self, words: str = "Pulling the log", *, transfer: bool = True) -> None:
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        from dosebell.cli.output import console

        columns = (
            TextColumn(words),
            BarColumn(bar_width=None),
            *((DownloadColumn(), TransferSpeedColumn()) if transfer else ()),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
        )
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
@ARCHIVE
@selecting
@click.pass_obj
def show(settings: Settings, /, path: Path | None, **options: Any) -> Result:
    """Show archived events: a table, or with --json one object a line. No device is needed.

    \b
    Example: dosebell log show --cycle 1 --slot 3
             dosebell --json log show --kind dose-started --since -24h
    """
    from dosebell.archive import Archive, default_path
    from dosebell.cli.output import Result, message
    from dosebell.cli.selection import select
    from dosebell.events_json import as_json

    with Archive(path or default_path(), create=False) as archive:
        chosen = select(archive, **options)
        gaps = archive.gaps(chosen.journal)
        older = [one.id for one in archive.journals(chosen.journal.device) if one.id != chosen.journal.id]
    if older:
        message(f"This device had other journals: see them with --journal {', '.join(map(str, older))}.")
    for gap in gaps:
        message(f"Gap: events {gap.first} to {gap.last} ({gap.cause}).")
    return Result(lambda: [_table(chosen.events)], lines=[as_json(event, chosen.offsets) for event, _ in chosen.events])


@log.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(("jsonl", "csv", "fhir", "ics")),
    default="jsonl",
    show_default=True,
    help="jsonl: one event a line, which `log verify` can prove; csv: a table for a spreadsheet; fhir: a FHIR R4B transaction for a hospital's server; "
    "ics: a calendar with one entry a dose.",
)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="The file to write [stdout].")
@click.option(
    "--patient",
    type=PATIENT,
    help="Only fhir: whose doses these are, as Patient/ID or the URL of one. The device does not know [none].",
)
@click.option(
    "--medication",
    type=MEDICATION,
    help="Only fhir: the drug's code at your site. The device does not know it [the regimen's name, as text].",
)
@ARCHIVE
@selecting
@click.pass_obj
def export(
    settings: Settings,
    /,
    form: str,
    output: Path | None,
    patient: str | None,
    medication: tuple[str, str, str] | None,
    path: Path | None,
    **options: Any,
) -> Result | None:
    """Write archived events for other programs. A file is written wholly or not at all. No device is needed.

    For fhir and ics the filters choose doses: --since and --until by their start, or by their due where they have none. Both need a part that
    `pip install 'dosebell[fhir,ics]'` brings.

    \b
    Example: dosebell log export --output ward7.jsonl
             dosebell log export --format csv --course 1 > course.csv
             dosebell log export --format fhir --patient Patient/123 -o course.json
             dosebell log export --format ics -o bed12.ics
    """
    from dosebell.archive import Archive, default_path
    from dosebell.cli.output import Result, message, write_whole
    from dosebell.cli.written import events_text, fhir_text, ics_text

    if form != "fhir" and (patient or medication):
        raise click.UsageError("--patient and --medication are for --format fhir.")
    with Archive(path or default_path(), create=False) as archive:
        if form == "fhir":
            written = fhir_text(archive, patient, medication, options)
        elif form == "ics":
            written = ics_text(archive, options)
        else:
            written = events_text(archive, form, options)
    for words in written.messages:
        message(words)
    if output is None:
        click.echo(written.text, nl=False)
        return None
    write_whole(output, written.text)
    of = written.journal
    data = {"file": str(output), "format": form, "device": of.device, "journal": of.id, **written.counts}
    return Result(lambda: [f"{written.said} written to {output}."], data)


def _table(found: list[tuple[Any, Any]]) -> Any:
    """One event a line, in local time, within 80 columns."""
    from dosebell.cli.output import LongTable
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
    return LongTable(("Seq", f"Time ({zone()})", "Slot", "Event", "Detail"), rows, right=("Seq",))


@log.command()
@click.argument(
    "file",
    required=False,
    type=click.Path(dir_okay=False, path_type=Path),
    help="An exported log, or another archive [the archive].",
)
@ARCHIVE
@DEVICE
@click.option("--journal", type=int, metavar="N", help="Which journal [all].")
@click.pass_obj
def verify(settings: Settings, file: Path | None, path: Path | None, device: str | None, journal: int | None) -> Result:
    """Prove that the archive, or an exported FILE (JSON Lines), is as it was pulled. No device is needed.

    Names the first bad event and exits with 6. Keep the fingerprint elsewhere: it is the only thing that tells a forger who has computed everything anew.

    \b
    Example: dosebell log verify
             dosebell log verify ward7.jsonl
    """
    from dosebell.archive import Archive, default_path, matching
    from dosebell.archive_check import check, refuse
    from dosebell.cli.output import Result
    from dosebell.log_file import is_archive, verify_file

    if file is not None and not is_archive(file):
        if device or journal:
            raise click.UsageError("A FILE is proven by itself: leave --device and --journal out.")
        proven = verify_file(file)
        data = {
            "proven": True,
            "file": str(file),
            "log": proven.about,
            "events": proven.events,
            "first_seq": proven.first,
            "last_seq": proven.last,
            "gaps": proven.gaps,
            "fingerprint": proven.fingerprint,
        }
        return Result(
            lambda: [_said(proven.events, proven.first, proven.last, len(proven.gaps), proven.fingerprint)], data
        )
    with Archive(file or path or default_path(), create=False) as archive, _proving(settings) as progress:
        checked = [check(archive, one, progress) for one in matching(archive, device, journal)]
    shown = [
        {
            "device": one.journal.device,
            "label": one.journal.label,
            "journal": one.journal.id,
            "proven": not one.bad,
            "first_bad_seq": one.bad[0].seq if one.bad else None,
            "events": one.events,
            "first_seq": one.first,
            "last_seq": one.last,
            "gaps": [{"first_seq": gap.first, "last_seq": gap.last, "cause": gap.cause} for gap in one.gaps],
            "pulls": one.pulls,
            "fingerprint": one.seal,
        }
        for one in checked
    ]
    bad = [one for one in checked if one.bad]
    result = Result(
        lambda: [
            f"Journal {one.journal.id} of {one.journal.device} {one.journal.label}".rstrip()
            + ": "
            + (
                f"NOT proven, from event {one.bad[0].seq} on."
                if one.bad
                else _said(one.events, one.first, one.last, len(one.gaps), one.seal)
            )
            for one in checked
        ],
        {"proven": not bad, "archive": str(archive.path), "journals": shown},
    )
    if bad:
        result.show(as_json=settings.json)
        refuse(archive, bad[0])
    return result


def _said(events: int, first: int | None, last: int | None, gaps: int, fingerprint: str) -> str:
    """What is proven, in a sentence."""
    span = f" ({first} to {last})" if events else ""
    losses = f"; the device had lost events in {gaps} {'gap' if gaps == 1 else 'gaps'}, see `log show`" if gaps else ""
    return f"proven, {events} events{span}{losses}.\nFingerprint {fingerprint}"


def _proving(settings: Settings) -> AbstractContextManager[Callable[[int, int], None] | None]:
    """A bar on a terminal, nothing elsewhere."""
    if settings.json or not sys.stderr.isatty():
        return nullcontext()
    return _Bar("Proving the log", transfer=False)
