"""`make guide`: docs/nurse-guide.md as a page to print, build/nurse-guide.html: one A4 sheet, one file, nothing from elsewhere.

The rules of the document (`---`) are those of the page: what stands before the first is its head, what stands after the last its foot, and
each part between them a column. Pictures become part of the file, links their words. It is printed at 100 %, with its colours.
"""

from __future__ import annotations

import re
import sys
from base64 import b64encode
from html import escape
from pathlib import Path

from markdown_it import MarkdownIt

from dosebell.image.files import BUILD, ROOT, write_whole

SOURCE = ROOT / "docs" / "nurse-guide.md"
TARGET = BUILD / "nurse-guide.html"

# Words in bold that are drawn as what they name: a lamp, or a button.
_LAMPS = ("green", "yellow", "red")
_BUTTONS = ("START", "HOLD", "PAUSE")

STYLE = """
@page { size: A4; margin: 8mm; }
* { box-sizing: border-box; }
body { width: 194mm; margin: 0 auto; font: 8.8pt/1.17 "Liberation Sans", Arial, Helvetica, sans-serif; color: #000;
  -webkit-print-color-adjust: exact; print-color-adjust: exact; }
h1 { font-size: 18pt; line-height: 1; margin: 0 0 1.2mm; }
h2 { font-size: 11.5pt; line-height: 1; margin: 1.8mm 0 .6mm; padding: .8mm 1.4mm; background: #222; color: #fff; }
h2.red { background: #b71c1c; }
p { margin: .9mm 0; }
main { display: grid; grid-template-columns: 86mm 105mm; gap: 3mm; }
blockquote { margin: 1.2mm 0; padding: .4mm 1.4mm; border: .5mm solid #000; }
footer { border-top: .5mm solid #000; margin-top: 1.5mm; padding-top: 3.5mm; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: normal; font-size: 8.5pt; color: #555; padding: 0; }
thead:has(+ tbody img) { display: none; }
td { vertical-align: top; padding: .4mm 1.2mm .4mm 0; border-bottom: .2mm solid #999; }
header td:nth-child(-n+2) { white-space: nowrap; padding-right: 3mm; }
td:has(img) { width: 22.5mm; }
td:has(img) + td { vertical-align: middle; }
img { display: block; width: 21mm; }
code { font: 8.5pt "Liberation Mono", "Courier New", monospace; white-space: nowrap; }
.lamp { padding: 0 1mm; border: .25mm solid #000; border-radius: 2mm; }
.green { background: #8fd694; }
.yellow { background: #ffd54a; }
.lamp.red { background: #b71c1c; color: #fff; }
.button { padding: 0 .6mm; border: .25mm solid #000; border-radius: .8mm; font-size: 8.5pt; }
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<style>{style}</style>
<header>
{head}</header>
<main>
{columns}</main>
<footer>
{foot}</footer>
</html>
"""


def page(markdown: str, folder: Path) -> str:
    """The document as HTML; its pictures are found from `folder`. ValueError when its rules do not give a head, columns and a foot."""
    parts = MarkdownIt("commonmark").enable("table").render(markdown).split("<hr />\n")
    if len(parts) < 3:
        raise ValueError("the guide needs two rules (---) at least: after its head, and before its foot")
    head, *columns, foot = [_drawn(_embedded(part, folder)) for part in parts]
    title = re.search(r"^# (.+)$", markdown, re.MULTILINE)
    return PAGE.format(
        title=escape(title[1]) if title else "",
        style=STYLE,
        head=head,
        columns="".join(f"<div>\n{column}</div>\n" for column in columns),
        foot=foot,
    )


def _embedded(html: str, folder: Path) -> str:
    """With the pictures in it, and without links: paper has none."""

    def data(found: re.Match[str]) -> str:
        return 'src="data:image/png;base64,' + b64encode((folder / found[1]).read_bytes()).decode() + '"'

    return re.sub(r"</?a\b[^>]*>", "", re.sub(r'src="([^"]+\.png)"', data, html))


def _drawn(html: str) -> str:
    """With lamps and buttons that look like what they are."""
    html = html.replace("<h2>Red", '<h2 class="red">Red')
    html = re.sub(r"(\d) (s|min)\b", r"\1&nbsp;\2", html)
    for kind, words in (("lamp", _LAMPS), ("button", _BUTTONS)):
        for word in words:
            html = html.replace(f"<strong>{word}</strong>", f'<strong class="{kind} {word.lower()}">{word}</strong>')
    return html


def main() -> int:
    """Write the page; the exit code."""
    try:
        html = page(SOURCE.read_text(encoding="utf-8"), SOURCE.parent)
    except (OSError, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    write_whole(TARGET, html.encode())
    print(f"{TARGET.relative_to(ROOT)}: print it on A4, at 100 %, with background colours")
    return 0


if __name__ == "__main__":
    sys.exit(main())
