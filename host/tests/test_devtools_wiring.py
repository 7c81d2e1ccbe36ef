"""Wiring diagrams: of any board file, each pin reaches its part, no two nets touch, and no wire runs through words (B-02)."""

import subprocess
import sys
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebell.devtools.wiring.__main__ import DOCUMENT, PICTURES, SHIPPED, renewed
from dosebell.devtools.wiring.bill import as_markdown, parts_of, wires_of
from dosebell.devtools.wiring.diagram import WIDTH, diagram, svg
from dosebell.devtools.wiring.pinout import PINS, of_gpio
from dosebell.devtools.wiring.sheet import Sheet
from dosebell.image.board import Board, load_board
from dosebell.image.files import BOARDS, BUILD

pytestmark = pytest.mark.req("B-02")

SDA = {0: (0, 4, 8, 12, 16, 20), 1: (2, 6, 10, 14, 18, 26)}
SCL = {0: (1, 5, 9, 13, 17, 21), 1: (3, 7, 11, 15, 19, 27)}
LED_OUT = [gpio for gpio in range(29) if gpio not in (23, 24, 25)]

Segment = tuple[str, float, float, float, float]


@st.composite
def boards(draw: st.DrawFn) -> Board:
    """Any board whose pins can be what they are."""
    bus = draw(st.integers(0, 1))
    sda, scl = draw(st.sampled_from(SDA[bus])), draw(st.sampled_from(SCL[bus]))
    free = draw(st.permutations([gpio for gpio in LED_OUT if gpio not in (sda, scl)]))
    take = iter(free)
    parts: dict[str, dict[str, int]] = {
        "buttons": {name: next(take) for name in ("start", "hold", "pause")},
        "leds": {name: next(take) for name in ("red", "yellow", "green")},
        "buzzer": {"pin": next(take)},
        "i2c": {"id": bus, "sda": sda, "scl": scl},
    }
    parts["leds"]["alive"] = next(take) if draw(st.booleans()) else 25
    if draw(st.booleans()):
        parts["clock"] = {"address": 0x68}
    display = 0x3C if draw(st.booleans()) else None
    if draw(st.booleans()):
        parts["call"] = {"pin": next(take)}
    return Board("ward-3", "RPI_PICO", parts, display)


def segments(sheet: Sheet) -> Iterator[Segment]:
    """Each straight part of each wire as (net, left, top, right, bottom)."""
    for wire in sheet.wires:
        for (x0, y0), (x1, y1) in zip(wire.points, wire.points[1:], strict=False):
            yield wire.net, min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def touch(one: Segment, other: Segment) -> bool:
    return one[1] <= other[3] and other[1] <= one[3] and one[2] <= other[4] and other[2] <= one[4]


def crossing(one: Segment, other: Segment) -> bool:
    """Whether they cross in the middle of both, as wires may that are not joined."""
    level, upright = (one, other) if one[2] == one[4] else (other, one)
    return level[1] < upright[1] < level[3] and upright[2] < level[2] < upright[4]


def crossings(sheet: Sheet) -> int:
    """How often wires of two nets cross. AssertionError where they touch in any other way: that reads as a joint."""
    found = 0
    for one, other in combinations(segments(sheet), 2):
        if one[0] != other[0] and touch(one, other):
            assert crossing(one, other), f"{one} and {other} touch"
            found += 1
    return found


def check(board: Board) -> int:
    """What holds for every board's diagram; how many crossings it has."""
    sheet = diagram(board)
    for words in sheet.words:
        left, top, right, bottom = words.box
        assert left >= 0 and right <= WIDTH, words
        for net, x0, y0, x1, y1 in segments(sheet):
            assert x1 < left or right < x0 or y1 < top or bottom < y0, f"a wire of {net} runs through {words.text}"
    for one, other in combinations(sheet.words, 2):
        a, b = one.box, other.box
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], f"{one.text} and {other.text} overlap"
    for role, part in parts_of(board).items():
        if role not in ("pico", "clock.cell"):
            assert any(part.ref in words.text.split() for words in sheet.words), f"{part.ref} is not in the diagram"
    for gpio in {value for part in board.parts.values() for key, value in part.items() if key not in ("id", "address")}:
        if gpio != 25:
            assert reaches_out(sheet, of_gpio(gpio).name), f"GPIO {gpio} is wired to nothing"
    return crossings(sheet)


def reaches_out(sheet: Sheet, net: str) -> bool:
    """Whether the wire of a pin begins at the Pico's edge and is one piece with all of its net, or ends in a name."""
    pieces = [each for each in segments(sheet) if each[0] == net]
    first = min(pieces, key=lambda each: min(abs(each[1] - WIDTH / 2), abs(each[3] - WIDTH / 2)))
    joined = [first]
    for piece in joined:
        joined += [each for each in pieces if each not in joined and touch(piece, each)]
    named = len(joined) == 1 and any(words.text.startswith(("SDA", "SCL")) for words in sheet.words)
    return len(joined) == len(set(pieces)) or named


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_boards_diagram_is_clear_and_its_picture_is_of_today(name: str) -> None:
    board = load_board(BOARDS / f"{name}.toml")
    # The one crossing: a bus of two lines that goes to two modules.
    assert check(board) == (1 if name == "pico-panel" else 0)
    assert (PICTURES / f"wiring-{name}.svg").read_text(encoding="utf-8") == svg(board), "run make wiring"


@settings(max_examples=40, deadline=None)
@given(boards())
def test_any_boards_diagram_is_clear(board: Board) -> None:
    # A bus whose second line begins with its name has one crossing more.
    assert check(board) <= 2


@settings(max_examples=25, deadline=None)
@given(boards())
def test_any_boards_bill_has_each_part_once_and_each_wired_pin(board: Board) -> None:
    parts = parts_of(board)
    assert len({part.ref for part in parts.values()}) == len(parts)
    assert all(part.value and part.why for part in parts.values())
    gpios = {value for part in board.parts.values() for key, value in part.items() if key not in ("id", "address")} - {
        25
    }
    pins = [wire.pin for wire in wires_of(board, parts)]
    wanted = {of_gpio(gpio).number for gpio in gpios} | {
        pin.number for pin in PINS if pin.name in ("RUN", "3V3", "VSYS")
    }
    assert [int(pin.split()[0]) for pin in pins] == sorted(wanted)


def test_the_pins_are_the_picos() -> None:
    """Pico data sheet, figure 4: a few of them, and how many there are of each."""
    names = {pin.number: pin.name for pin in PINS}
    assert [names[number] for number in (1, 20, 21, 26, 30, 31, 36, 39, 40)] == [
        *("GP0", "GP15", "GP16", "GP20", "RUN", "GP26", "3V3", "VSYS", "VBUS")
    ]
    assert [number for number, name in names.items() if name == "GND"] == [3, 8, 13, 18, 23, 28, 38]
    assert sum(name.startswith("GP") for name in names.values()) == 26


def test_the_document_has_the_bills_of_today() -> None:
    document = DOCUMENT.read_text(encoding="utf-8")
    assert renewed(document) == document, "run make wiring"


def test_a_readers_own_board_is_drawn_by_its_path(tmp_path: Path) -> None:
    file = tmp_path / "ward-9.toml"
    file.write_text((BOARDS / "pico.toml").read_text().replace('"pico"', '"ward-9"') + "\n[call]\npin = 16\n")
    command = [sys.executable, "-m", "dosebell.devtools.wiring", "--board", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.stdout.splitlines() == ["build/wiring-ward-9.svg", "build/parts-ward-9.md"], ran.stderr
    assert ">K1 5 V<" in (BUILD / "wiring-ward-9.svg").read_text(encoding="utf-8")
    assert as_markdown(load_board(file)) in (BUILD / "parts-ward-9.md").read_text(encoding="utf-8")
    file.write_text(file.read_text().replace("hold = 11", "hold = 10"))
    ran = subprocess.run(command, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (
        1,
        f"error: {file}:10: buttons.hold: GPIO 10 is used twice, also by buttons.start\n",
    )
