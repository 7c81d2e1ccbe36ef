"""The nurse's guide: it speaks of everything that calls her, in the words of the display and with the seconds of the firmware, and it prints by itself."""

import re
from pathlib import Path

import pytest

from dosebell.call_words import CONDITIONS, FEEDBACK, OFFERS
from dosebell.devtools import guide
from dosebell.image.files import ROOT
from dosecore.alerts import PAUSE_S
from dosecore.desk import CHANGE_S, LONGEST_S, OVERRIDE_S, REASON_S, SHORT_LONG_S, START_LONG_S, STOP_S, STUCK_S
from dosecore.presses import OVERRIDE_EARLY_MIN, RESUME_MIN
from dosecore.regimen_rules import built_in
from dosecore.state import TECHNICAL, UNDO_S

SOURCE = guide.SOURCE.read_text()
TEXT = " ".join(SOURCE.replace("**", "").split())
PICTURES = re.findall(r'src="([^"]+)"', SOURCE)

# Each condition as the title of its card on the display begins: the guide calls it by the same words.
TITLES = {
    "pre-dose-check": "Check within",
    "due": "Dose due",
    "late": "Dose late",
    "overdue": "Overdue",
    "missed-doses": "Missed",
    "doses-not-observed": "Not watched",
    "on-hold": "On hold",
    "infusion-ended": "Infusion ended",
    "next-cycle": "Next cycle",
    "supportive-care": "Review now",
    "interrupted": "Interrupted",
    "review-holds": "Many holds",
    "clock-lost": "Clock lost",
    "journal-fault": "Log fault",
    "self-test-failed": "Device fault",
    "stuck-button": "Button stuck",
    "maintenance": "Maintenance",
    "journal-nearly-full": "Log nearly full",
}
# What it prints on one A4 sheet with, seen and counted: 6 mm are free. Print it and look at it before this is raised.
LETTERS_MOST = 5_150


def row(begins: str) -> str:
    """The row of the table `From the door` that begins with this light, without its marks of bold."""
    return next(line.replace("**", "") for line in SOURCE.splitlines() if line.startswith(f"| {begins}"))


def test_every_picture_and_document_that_it_names_exists() -> None:
    documents = re.findall(r"\]\(([^)]+)\)", SOURCE)
    assert 8 <= len(PICTURES) <= 12 and "pictures/calls.svg" in documents
    for name in PICTURES + documents:
        assert (guide.SOURCE.parent / name).is_file(), name


@pytest.mark.req("A-01", "A-04")
def test_every_condition_is_spoken_of_in_the_words_of_the_display() -> None:
    assert set(TITLES) == set(CONDITIONS)
    cards = "".join(file.read_text() for file in (ROOT / "firmware/device/panel").glob("*_cards.py"))
    for title in TITLES.values():
        assert f'"{title}' in cards, title
        assert title in TEXT, title


@pytest.mark.req("A-01", "A-02")
def test_from_the_door_each_light_names_what_it_stands_for() -> None:
    medium = [name for name, call in CONDITIONS.items() if call.priority == "medium" and name not in TECHNICAL]
    blinking = row("**yellow**, blinking").casefold()
    for name in medium:
        assert TITLES[name].casefold().removeprefix("dose ") in blinking, name
    assert "3 higher notes, every 10 s" in blinking
    assert "2 notes, every 30 s" in row("**yellow**, steady | 2")
    assert "2 notes every 5 minutes, 3 notes every minute" in TEXT


@pytest.mark.req("S-02", "S-04", "S-05", "S-10", "A-03", "H-03")
def test_its_seconds_are_those_of_the_buttons() -> None:
    start, hold, pause = (row(f"**{button}** |") for button in ("START", "HOLD", "PAUSE"))
    assert f"{START_LONG_S} s: start anyway?" in start and f"START held {START_LONG_S} s" in TEXT
    assert f"{SHORT_LONG_S} s: interrupt" in hold and f"{LONGEST_S} s: stop the course?" in hold
    assert f"{PAUSE_S // 60} minutes of quiet" in pause
    assert f"{SHORT_LONG_S} s: yes" in pause and f"{LONGEST_S} s: undo" in pause
    assert f"{OVERRIDE_S} s to start anyway, {STOP_S} s to stop the course, {CHANGE_S} s for the computer" in TEXT
    assert f"HOLD, for {UNDO_S} s" in TEXT
    assert f"after {STUCK_S} s it counts as stuck" in TEXT and f"taken after {REASON_S} s" in TEXT
    assert f"At most {OVERRIDE_EARLY_MIN // 60} hours early" in TEXT and f"for {RESUME_MIN // 60} hours START" in TEXT


@pytest.mark.req("R-02")
def test_its_hours_are_those_of_the_regimen_that_it_names() -> None:
    regimen = built_in()["hd-il2"]
    hours = {name: regimen[f"{name}_min"] // 60 for name in ("interval", "early", "late", "overdue", "min_gap")}
    assert f"{regimen['infusion_min']} minutes every {hours['interval']} hours" in TEXT
    assert f"due within {hours['early']} hour." in TEXT
    assert f"late after {hours['late']} hour, Overdue after {hours['overdue']} hours" in TEXT
    assert f"{hours['min_gap']} hours from start to start" in TEXT
    assert regimen["missed_min"] == regimen["interval_min"] and "until the next is due: missed" in TEXT
    assert regimen["hold_remind_min"] == 60 and "One call an hour" in TEXT


def test_every_feedback_and_every_offer_has_its_sound_or_rhythm() -> None:
    heard = re.findall(r"^\| (\d) short, (\w+) \|", SOURCE, re.MULTILINE)
    numbers = {"1": "one", "2": "two", "3": "three", "6": "six"}
    assert len(heard) == len(FEEDBACK)
    for (number, kind), signal in zip(heard, FEEDBACK.values(), strict=True):
        assert signal.sound.startswith(numbers[number] + " short") and kind in signal.sound
    asks = row("**all three**")
    assert len(OFFERS) == 3 and all(word in asks for word in ("Quick:", "2 flashes", "3 flashes"))


def test_the_page_needs_nothing_but_itself() -> None:
    html = guide.page(SOURCE, guide.SOURCE.parent)
    assert "not a medical device" in html.casefold() and "never drives a pump and never judges a patient" in html
    assert html.count('src="data:image/png;base64,') == html.count("<img") == len(PICTURES)
    assert html.count("src=") == len(PICTURES)
    for foreign in ("http", "<script", "<link", "href", "@import", "url("):
        assert foreign not in html, foreign
    assert "size: A4" in html and '<strong class="button start">' in html and '<strong class="lamp red">' in html


def test_it_is_large_enough_to_read_and_short_enough_for_one_sheet() -> None:
    sizes = [float(points) for points in re.findall(r"([\d.]+)pt", guide.STYLE)]
    assert min(sizes) >= 8.5
    words = re.sub(r"<[^>]+>", "", guide.page(SOURCE, guide.SOURCE.parent).split("</style>")[1])
    assert len(" ".join(words.split())) <= LETTERS_MOST


def test_what_cannot_be_made_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    for text, told in (("# Guide\n", "two rules"), ('a\n\n---\n\n<img src="none.png">\n\n---\n\nb\n', "none.png")):
        monkeypatch.setattr(guide, "SOURCE", tmp_path / "guide.md")
        monkeypatch.setattr(guide, "TARGET", tmp_path / "guide.html")
        guide.SOURCE.write_text(text)
        assert guide.main() == 1
        assert told in capsys.readouterr().err
        assert not guide.TARGET.exists()
