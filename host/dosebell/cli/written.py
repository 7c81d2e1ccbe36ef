"""What `log export` writes: the text of each format, with what the command says of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from dosebell.cli.selection import select, select_doses

if TYPE_CHECKING:
    from dosebell.archive import Archive, Journal
    from dosebell.export.doses import Doses


class Written(NamedTuple):
    """A file's text. counts: for --json; said: the same for people; messages: what they should know of it."""

    text: str
    journal: Journal
    counts: dict[str, int]
    said: str
    messages: list[str]


def events_text(archive: Archive, form: str, options: dict[str, Any]) -> Written:
    """Events as jsonl or csv."""
    from dosebell.events_json import as_json
    from dosebell.log_file import About, proven_lines, text_of
    from dosebell.log_table import csv_lines

    chosen = select(archive, **options)
    of = chosen.journal
    events = [as_json(event, chosen.offsets) for event, _ in chosen.events]
    lines: Iterable[str]
    if form == "csv":
        lines = csv_lines(events)
    else:
        about = About(of.device, of.label, of.board, of.id, chosen.filters)
        lines = [text_of(line) + "\n" for line in proven_lines(about, events, archive.gaps(of))]
    none = [] if events else ["No event is selected."]
    return Written("".join(lines), of, {"events": len(events)}, f"{len(events)} events", none)


def fhir_text(
    archive: Archive, patient: str | None, medication: tuple[str, str, str] | None, options: dict[str, Any]
) -> Written:
    """Doses as a FHIR bundle, proven before it is returned. Errors: extra-missing, fhir-invalid, those of the selection."""
    from dosebell.export import fhir, fhir_check
    from dosebell.extras import need

    need("fhir.resources", "fhir")
    of, doses = select_doses(archive, **options)
    made = fhir.bundle(doses, patient, None if medication is None else fhir.Coding(*medication))
    fhir_check.prove(made, patient)
    records = len(fhir.administered(made))
    open_ones = len(doses.chosen) - len(fhir.standing(made))
    messages = _messages(doses)
    if open_ones:
        messages.append(f"{open_ones} doses have no record yet: they stand in the timing of their course.")
    counts = {"courses": len(doses.courses), "doses": len(doses.chosen), "records": records}
    return Written(fhir.as_text(made), of, counts, f"{records} records of {len(doses.chosen)} doses", messages)


def ics_text(archive: Archive, options: dict[str, Any]) -> Written:
    """Doses as a calendar. Errors: extra-missing, those of the selection."""
    from dosebell.export import ics
    from dosebell.extras import need

    need("icalendar", "ics")
    of, doses = select_doses(archive, **options)
    left_out = len(ics.without_time(doses))
    messages = _messages(doses)
    if left_out:
        messages.append(f"{left_out} doses are left out: the log tells no time of them.")
    shown = len(doses.chosen) - left_out
    counts = {"courses": len(doses.courses), "doses": len(doses.chosen), "entries": shown}
    return Written(ics.calendar(doses), of, counts, f"{shown} doses", messages)


def _messages(doses: Doses) -> list[str]:
    said = [] if doses.courses else ["No dose is selected."]
    for number in doses.begins_elsewhere():
        said.append(
            f"The archive does not hold the beginning of course {number}: its names are those of this archive, and another may tell it under others."
        )
    return said
