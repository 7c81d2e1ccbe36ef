"""Labels for provisioned devices: one HTML file, to be printed on A4 sheets of 24 self-adhesive labels of 63.5 x 33.9 mm."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import segno

A_SHEET = 24
_ONE_LINE = (
    14  # characters that fit beside each other however wide they are; a longer label is set smaller, and never cut off
)

STYLE = """
@page { size: A4; margin: 0; }
* { box-sizing: border-box; }
body { margin: 0; font: 7.5pt/1.25 "Liberation Sans", Arial, Helvetica, sans-serif; color: #000; background: #fff; }
section { width: 210mm; height: 296.9mm; padding: 12.9mm 7.2mm; display: grid; grid-template-columns: repeat(3, 63.5mm); column-gap: 2.5mm;
  grid-template-rows: repeat(8, 33.9mm); break-after: page; overflow: hidden; }
section:last-child { break-after: auto; }
article { padding: 2.5mm 3mm; display: grid; grid-template-columns: 1fr 20mm; column-gap: 2mm; align-content: center; overflow: hidden; }
h1 { grid-column: 1 / 3; font-size: 13pt; line-height: 1.1; margin: 0 0 1mm; white-space: nowrap; }
h1.long { font-size: 9.5pt; white-space: normal; overflow-wrap: anywhere; }
p { margin: 0; white-space: nowrap; }
svg { width: 20mm; height: 20mm; display: block; }
@media screen { section { outline: 1px solid #999; margin: 4mm; } article { outline: 1px dotted #bbb; } }
"""


def sheet(records: Iterable[dict[str, Any]]) -> str:
    """The page: a label for each record, as many sheets as that takes."""
    made = [_label(record) for record in records]
    sheets = "".join(
        "<section>\n" + "".join(made[first : first + A_SHEET]) + "</section>\n"
        for first in range(0, len(made), A_SHEET)
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<meta charset="utf-8">\n<title>Dosebell labels</title>\n'
        f"<style>{STYLE}</style>\n{sheets}</html>\n"
    )


def code_text(record: dict[str, Any]) -> str:
    """What the QR code of a label says, for a phone or a scanner: a line for each fact."""
    device = record["device"]
    facts = {
        "Dosebell": device["label"],
        "id": device["id"],
        "board": device["board"],
        "image": device["image"],
        "tested": record["at"][:10],
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items())


def _label(record: dict[str, Any]) -> str:
    device = record["device"]
    lines = (
        f"Dosebell {device['firmware']}, {device['board']}",
        f"id {device['id']}",
        f"image {device['image'][:8]}",
        f"tested {record['at'][:10]}",
        "Reminder, not a medical device",
    )
    code = segno.make(code_text(record), error="m", micro=False).svg_inline(omitsize=True, border=1)
    told = "".join(f"<p>{escape(line)}</p>" for line in lines)
    long = ' class="long"' if len(device["label"]) > _ONE_LINE else ""
    return f"<article><h1{long}>{escape(device['label'])}</h1><div>{told}</div>{code}</article>\n"
