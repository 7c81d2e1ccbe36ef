"""The wiring diagram of a board: the Pico in the middle, each part at the edge of its pin, wires that do not cross on the way."""

from __future__ import annotations

from dataclasses import dataclass

from dosebell.devtools.wiring import blocks, symbols
from dosebell.devtools.wiring.bill import OWN_LED, parts_of
from dosebell.devtools.wiring.blocks import Block
from dosebell.devtools.wiring.pinout import GROUNDS, PINS, ROWS, Pin, named, of_gpio
from dosebell.devtools.wiring.sheet import Pen, Sheet
from dosebell.image.board import Board

WIDTH = 1120.0
_MIDDLE, _HALF = WIDTH / 2, 108.0
_PITCH, _FIRST = 32.0, 24.0
_BOARD_HEIGHT = 2 * _FIRST + (ROWS - 1) * _PITCH
# From the Pico's edge: where wires may turn, and where the parts begin.
_TURNS, _PARTS = (64.0, 146.0), 160.0
_GAP, _MARGIN = 18.0, 24.0


@dataclass
class _Placed:
    block: Block
    top: float


def diagram(board: Board) -> Sheet:
    """The sheet of a board. The Pico's upper edge is at y = 0."""
    sheet = Sheet()
    _pico(sheet, board)
    parts = parts_of(board)
    found, flags = _blocks(board, parts)
    for pin, text in flags:
        _flag(sheet, pin, text)
    for side in (-1, 1):
        placed = _place([block for block in found if block.pins[0].side == side])
        _connect(sheet, placed, side)
        for each in placed:
            each.block.draw(Pen(sheet, _edge(side) + side * _PARTS, each.top, side))
    for pin in GROUNDS:
        pen = Pen(sheet, _edge(pin.side), _y(pin), pin.side)
        pen.wire("GND", (0, 0), (18, 0))
        symbols.ground(pen, 18, 0)
    for name in ("3V3", "VSYS"):
        _flag(sheet, named(name), name)
    return sheet


def svg(board: Board) -> str:
    """The diagram as a picture, to be printed on A4 across."""
    sheet = diagram(board)
    top = min(each.box[1] for each in sheet.words)
    bottom = max(
        _BOARD_HEIGHT, *(each.box[3] for each in sheet.words), *(y for wire in sheet.wires for _, y in wire.points)
    )
    top, bottom = min(top, -40.0) - 56, bottom + 20
    name = f"Dosebell, board {board.name}: wiring"
    sheet.say(_MARGIN, top + 30, name, size=20, bold=True)
    sheet.say(WIDTH - _MARGIN, top + 30, "A reminder, not a medical device", anchor="end", size=13)
    notes = [
        "The Pico from above. Wires that cross without a dot are not joined. All points with the sign of ground go to pins marked GND, any of them;",
        "3V3 to pin 36, VSYS to pin 39. Power comes through the Pico's USB socket. Values, and why: docs/parts.md.",
    ]
    if "clock" not in board.parts and board.display is None:
        notes.append("SDA and SCL are not wired: a clock chip or a display could be.")
    for number, note in enumerate(notes):
        sheet.say(_MARGIN, bottom + 14 + 16 * number, note, size=12)
    return sheet.svg(WIDTH, top, bottom + 14 + 16 * len(notes), name)


def _edge(side: int) -> float:
    return _MIDDLE + side * _HALF


def _y(pin: Pin) -> float:
    return _FIRST + pin.row * _PITCH


def _pico(sheet: Sheet, board: Board) -> None:
    """Its outline, its USB socket, and its pins with number and name."""
    left, right = _edge(-1), _edge(1)
    sheet.stroke(f"M{left:g} 0 L{right:g} 0 L{right:g} {_BOARD_HEIGHT:g} L{left:g} {_BOARD_HEIGHT:g} Z", width=2.5)
    sheet.stroke(f"M{_MIDDLE - 34:g} 0 l0 -14 l68 0 l0 14", width=2.5)
    sheet.say(_MIDDLE, -20, "USB", anchor="middle", bold=True)
    for pin in PINS:
        x, y = _edge(pin.side), _y(pin)
        sheet.stroke(f"M{x:g} {y - 9:g} l{-pin.side * 28} 0 l0 18 l{pin.side * 28} 0 Z", width=1)
        sheet.say(x - pin.side * 14, y + 4, str(pin.number), anchor="middle", size=11)
        anchor = "start" if pin.side < 0 else "end"
        sheet.say(x - pin.side * 33, y + 4, pin.name.replace("_", " "), anchor=anchor, size=11, bold=True)
    for number, line in enumerate(("A1", "Raspberry", "Pico")):
        sheet.say(_MIDDLE, 250 + 18 * number, line, anchor="middle", size=14 if number else 12, bold=True)
    if board.parts["leds"]["alive"] == OWN_LED:
        sheet.say(_MIDDLE, 330, "alive: its", anchor="middle", size=11)
        sheet.say(_MIDDLE, 344, "own LED", anchor="middle", size=11)


def _blocks(board: Board, parts: blocks.Parts) -> tuple[list[Block], list[tuple[Pin, str]]]:
    """The parts beside the Pico; and the pins that end in a name, because what they go to stands elsewhere or nowhere."""
    found: list[Block] = [blocks.Supervisor("supervisor", (named("RUN"),), parts)]
    found += [blocks.Button(f"button.{name}", (of_gpio(gpio),), parts) for name, gpio in board.parts["buttons"].items()]
    for name, gpio in board.parts["leds"].items():
        if gpio != OWN_LED:
            found.append(blocks.Light(f"led.{name}", (of_gpio(gpio),), parts))
    found.append(blocks.sounder(parts, of_gpio(board.parts["buzzer"]["pin"])))
    if "call" in board.parts:
        found.append(blocks.relay(parts, of_gpio(board.parts["call"]["pin"])))
    lines = {line: of_gpio(board.parts["i2c"][line.lower()]) for line in ("SDA", "SCL")}
    modules = tuple(name for name in ("clock", "display") if name in parts)
    if not modules:
        return found, [(pin, line) for line, pin in lines.items()]
    ordered = dict(sorted(lines.items(), key=lambda each: each[1].row))
    first, second = ordered.values()
    taken = {pin.row for block in found for pin in block.pins if pin.side == first.side}
    if first.side == second.side and not taken & set(range(first.row, second.row)):
        return [*found, blocks.bus(parts, ordered, modules, apart=False)], []
    # Other wires begin between the two lines: the modules stand by one, and the other is joined by its name.
    return [*found, blocks.bus(parts, ordered, modules, apart=True)], [(second, list(ordered)[1])]


def _place(found: list[Block]) -> list[_Placed]:
    """Each block as near to its pin as the others let it, in the order of the pins: so no two wires need to cross."""
    clusters: list[tuple[list[Block], float, float]] = []  # blocks, top, height
    for block in sorted(found, key=lambda each: each.pins[0].row):
        cluster = ([block], _y(block.pins[0]) - block.terminals[0], block.height)
        while clusters and clusters[-1][1] + clusters[-1][2] + _GAP > cluster[1]:
            above, top, height = clusters.pop()
            wanted = (top * len(above) + (cluster[1] - height - _GAP) * len(cluster[0])) / (
                len(above) + len(cluster[0])
            )
            cluster = (above + cluster[0], wanted, height + _GAP + cluster[2])
        clusters.append(cluster)
    placed = []
    for together, top, _ in clusters:
        for block in together:
            placed.append(_Placed(block, round(top)))
            top += block.height + _GAP
    return placed


def _connect(sheet: Sheet, placed: list[_Placed], side: int) -> None:
    """A wire from each pin to its terminal. Those that go down turn the later the higher they stand, those that go up the other way round."""
    wanted = [
        (pin, _y(pin), each.top + terminal)
        for each in placed
        for pin, terminal in zip(each.block.pins, each.block.terminals, strict=False)
    ]
    step = (_TURNS[1] - _TURNS[0]) / max(1, len(wanted) - 1)
    for number, (pin, begin, end) in enumerate(wanted):
        turn = _TURNS[0] + round(step * (number if end < begin else len(wanted) - 1 - number))
        points = [(0.0, begin), (_PARTS, begin)]
        if begin != end:
            points = [(0.0, begin), (turn, begin), (turn, end), (_PARTS, end)]
        sheet.wire(pin.name, *((_edge(side) + side * x, y) for x, y in points))


def _flag(sheet: Sheet, pin: Pin, text: str) -> None:
    """A pin whose wire ends in a name."""
    pen = Pen(sheet, _edge(pin.side), _y(pin), pin.side)
    pen.wire(pin.name, (0, 0), (10, 0))
    pen.say(14, 4, text, bold=True)
