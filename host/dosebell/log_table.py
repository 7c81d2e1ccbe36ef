"""The exported log as a table for a spreadsheet: CSV with one event a line, and each column of one type."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from typing import Any

COLUMNS = (
    "seq",
    "boot",
    "mono_ms",
    "utc",
    "quality",
    "kind",
    "cycle",
    "slot",
    "outcome",
    "reason",
    "variance_ms",
    "detail",
)
_OF_DETAIL = ("outcome", "reason", "variance_ms")


def csv_lines(events: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Lines with their ends, the first with the names. events: as `events_json.as_json` makes them.

    Numbers are whole numbers; `utc` is ISO 8601 without its zone, which spreadsheets take for a date and time (LibreOffice without being asked, which it
    does neither with a blank for the T nor with a Z); what is unknown, or not of that event, is empty.
    `detail` is JSON, as in the other formats. No cell begins with a sign that a spreadsheet would take for a formula, but for the minus of a number.
    """
    yield _line(COLUMNS)
    for event in events:
        detail = event["detail"]
        plain = {name: event[name] for name in COLUMNS if name in event}
        filled = {
            **plain,
            "utc": event["utc"] and event["utc"].rstrip("Z"),
            "cycle": event["cycle"] or None,
            "slot": event["slot"] or None,
            **{name: detail.get(name) for name in _OF_DETAIL},
            "detail": json.dumps(detail, separators=(",", ":")),
        }
        yield _line([filled[name] for name in COLUMNS])


def _line(cells: Iterable[Any]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
