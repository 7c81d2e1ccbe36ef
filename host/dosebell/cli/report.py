"""`dosebell report`: one course on paper, from the archive."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dosebell.cli.lazy import Command, Settings
from dosebell.cli.selection import ARCHIVE, DEVICE, JOURNAL

if TYPE_CHECKING:
    from dosebell.cli.output import Result
    from dosebell.report.facts import Facts


@click.command(cls=Command)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write [report-BED-DATE.html in this folder; with --json none].",
)
@ARCHIVE
@DEVICE
@JOURNAL
@click.option(
    "--course",
    type=click.IntRange(0),
    help="Which course, as `log show` counts; 0 is one that had begun before the log does [the newest].",
)
@click.option("--since", metavar="TIME", help="Only doses and events after TIME; counts stay those of the course.")
@click.option("--until", metavar="TIME", help="Only doses and events before TIME; counts stay those of the course.")
@click.pass_obj
def report(
    settings: Settings,
    output: Path | None,
    path: Path | None,
    device: str | None,
    journal: int | None,
    course: int | None,
    since: str | None,
    until: str | None,
) -> Result:
    """Write what a course was: one file to read, to print (A4) and to keep. No device is needed.

    Its first page is for the handover; then come every dose, figures, faults, all events and the proof of the log. A log that is not proven is
    reported as such and exits with 6.

    \b
    Example: dosebell report
             dosebell report --device "Bed 12" --since -24h -o night.html
    """
    from dosebell.archive import Archive, choose, default_path
    from dosebell.archive_check import refuse
    from dosebell.cli.output import Result, write_whole
    from dosebell.report.data import as_json
    from dosebell.report.facts import gather
    from dosebell.times import parse

    earliest = None if since is None else parse(since, field="since", past=True)
    latest = None if until is None else parse(until, field="until", past=True)
    with Archive(path or default_path(), create=False) as archive:
        facts = gather(archive, choose(archive, device, journal), course, earliest, latest)
    if output is None and not settings.json:
        output = Path(file_name(facts))
    if output is not None:
        from dosebell.report.page import page

        write_whole(output, page(facts))
    result = Result(lambda: [*_said(facts), str(output)], as_json(facts, output))
    if facts.checked.bad:
        result.show(as_json=settings.json)
        refuse(archive, facts.checked)
    return result


def file_name(facts: Facts) -> str:
    """Bed (or device) and the day of the newest event: the same course on the same day is the same file."""
    from dosebell.report.words import here

    bed = re.sub(r"[^A-Za-z0-9]+", "-", facts.journal.label or facts.journal.device).strip("-") or facts.journal.device
    return f"report-{bed}-{here(facts.as_of or facts.made):%Y-%m-%d}.html"


def _said(facts: Facts) -> list[str]:
    """What is in it, in two lines."""
    from dosebell.report.words import counted

    course = facts.course
    counts = (
        "" if course is None else ", ".join(f"{number} {what}" for what, number in course.counts().items() if number)
    )
    about = "No course." if course is None else f"Course {course.number}: {counts or 'no dose closed yet'}."
    return [about, f"{counted(len(facts.events), 'event')}, {'proven' if facts.proven else 'NOT PROVEN'}."]
