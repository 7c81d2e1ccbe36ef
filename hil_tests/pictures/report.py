"""The report of a course under way, as Chromium shows and prints it: docs/pictures/report-*.png. Fails where anything runs over an edge.

Needs `chromium` and `pdftoppm`, which are no part of the project: without them the pictures stay as they are, and that is said.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from PIL import Image

from dosebell.image.files import ROOT
from hil_tests.screens import PICTURES

sys.path += [str(ROOT / "host" / "tests"), str(ROOT / "firmware")]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DPI = 88
WIDE, NARROW = 1280, 400
SHOWN = 1500  # pixels of the page from its top, on the screen
# A page of its own around the report: the browser's window cannot be as narrow as a phone, a frame can. It says what is wider than the frame.
_FRAME = """<!DOCTYPE html><body style="margin:0"><iframe id="f" src="{file}" style="width:{width}px;height:{height}px;border:0"></iframe>
<script>addEventListener("load", () => {{ const page = document.getElementById("f").contentDocument, root = page.documentElement;
document.title = "over " + (root.scrollWidth - {width}); }});</script>"""


def rich_report(folder: Path) -> Path:
    """The page of the course in which everything happens, made on an imagined morning in Berlin."""
    import reported_courses  # type: ignore[import-not-found]

    from dosebell.archive import Archive, choose
    from dosebell.report import facts
    from dosebell.report.page import page
    from dosebell.times import to_datetime

    bed = reported_courses.Bed()
    reported_courses.under_way(bed)
    bed.pull(folder / "archive.sqlite")
    with (
        Archive(folder / "archive.sqlite", create=False) as archive,
        patch.object(facts, "now_utc", lambda: to_datetime(bed.utc)),
    ):
        found = facts.gather(archive, choose(archive, None, None))
    path = folder / "report.html"
    path.write_text(page(found), encoding="utf-8")
    return path


class Browser:
    """A headless browser with nothing of its owner's in it."""

    def __init__(self, program: str, home: Path) -> None:
        self._command = [
            *(program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"),
            *("--allow-file-access-from-files", f"--user-data-dir={home}"),
        ]

    def run(self, *arguments: str) -> str:
        done = subprocess.run([*self._command, *arguments], capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise SystemExit(f"pictures: the browser ended with {done.returncode}: {done.stderr[-400:]}")
        return done.stdout

    def wider_than(self, report: Path, width: int) -> int:
        """By how many pixels the page is wider than a window of `width`."""
        frame = report.with_name("frame.html")
        frame.write_text(_FRAME.format(file=report.name, width=width, height=SHOWN))
        found = re.search(r"<title>over (-?\d+)", self.run("--dump-dom", "--virtual-time-budget=2000", frame.as_uri()))
        if found is None:
            raise SystemExit("pictures: the browser did not say how wide the page is")
        return int(found[1])

    def shot(self, report: Path, width: int, target: Path) -> None:
        frame = report.with_name("frame.html")
        frame.write_text(_FRAME.format(file=report.name, width=width, height=SHOWN))
        self.run(f"--window-size={max(width, 500)},{SHOWN}", f"--screenshot={target}", frame.as_uri())
        with Image.open(target) as picture:
            small(picture.crop((0, 0, width, SHOWN)), target)

    def printed(self, report: Path) -> list[Path]:
        """Each printed page as a picture."""
        paper = report.with_suffix(".pdf")
        self.run("--no-pdf-header-footer", f"--print-to-pdf={paper}", report.as_uri())
        subprocess.run(["pdftoppm", "-r", str(DPI), "-png", str(paper), str(report.with_name("page"))], check=True)
        return sorted(report.parent.glob("page-*.png"))


def small(picture: Image.Image, target: Path) -> None:
    picture.convert("RGB").quantize(48).save(target, optimize=True)


def empty_margins(picture: Image.Image) -> bool:
    """Whether nothing is printed beyond the page's margins at the left and the right."""
    grey = picture.convert("L")
    edge = int(DPI * 11 / 25.4)  # the margins are 13 mm
    sides = (grey.crop((0, 0, edge, grey.height)), grey.crop((grey.width - edge, 0, grey.width, grey.height)))
    return all(side.getextrema()[0] == 255 for side in sides)


def main() -> None:
    """Draws them anew, and holds every page to its edges."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None or shutil.which("pdftoppm") is None:
        print("pictures: the report's stay as they are: there is no chromium or no pdftoppm here", file=sys.stderr)
        return
    os.environ["TZ"] = "Europe/Berlin"
    time.tzset()
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        report = rich_report(folder)
        browser = Browser(program, folder / "profile")
        over = {width: browser.wider_than(report, width) for width in (WIDE, NARROW)}
        pages = browser.printed(report)
        wide = [page.name for page in pages if not empty_margins(Image.open(page))]
        if any(by > 0 for by in over.values()) or wide:
            raise SystemExit(f"pictures: the report runs over an edge: {over}, {wide}")
        for number, page in enumerate(pages[:2], 1):
            with Image.open(page) as picture:
                small(picture, PICTURES / f"report-{number}.png")
        browser.shot(report, WIDE, PICTURES / "report-screen.png")
        browser.shot(report, NARROW, PICTURES / "report-phone.png")


if __name__ == "__main__":
    main()
