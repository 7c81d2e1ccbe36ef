"""The symbols of parts (IEC 60617), each drawn by a pen at a point of the part's own, with the wires that lead to it."""

from __future__ import annotations

from dosebell.devtools.wiring.sheet import Pen

RESISTOR = 40  # its body's length
_HALF = 7  # and half of its width


def ground(pen: Pen, x: float, y: float) -> None:
    """Three lines, the widest at y + 6."""
    pen.wire("GND", (x, y), (x, y + 6))
    for number, half in enumerate((9, 6, 3)):
        pen.stroke((x - half, y + 6 + 4 * number), (x + half, y + 6 + 4 * number))


def supply(pen: Pen, net: str, x: float, y: float) -> None:
    """A bar over a wire, with the supply's name over it: 26 high."""
    pen.wire(net, (x, y), (x, y - 8))
    pen.stroke((x - 9, y - 8), (x + 9, y - 8))
    pen.say(x, y - 13, net, "middle", bold=True)


def resistor(pen: Pen, x: float, y: float) -> None:
    """Lying, its body from x on."""
    pen.box(x, y - _HALF, RESISTOR, 2 * _HALF)


def resistor_upright(pen: Pen, x: float, y: float) -> None:
    """Its body from y down."""
    pen.box(x - _HALF, y, 2 * _HALF, RESISTOR)


def led(pen: Pen, x: float, y: float) -> None:
    """Lying, its cathode 16 away from x; two arrows for its light."""
    pen.stroke((x, y - 9), (x + 16, y), (x, y + 9), closed=True, filled=True)
    pen.stroke((x + 16, y - 9), (x + 16, y + 9))
    for shift in (0, 8):
        pen.stroke((x + 8 + shift, y - 12), (x + 14 + shift, y - 19))
        pen.stroke((x + 10 + shift, y - 19), (x + 14 + shift, y - 19), (x + 14 + shift, y - 15))


def diode_upright(pen: Pen, x: float, y: float) -> None:
    """Its cathode on top, from y to y + 16."""
    pen.stroke((x - 9, y + 16), (x, y), (x + 9, y + 16), closed=True, filled=True)
    pen.stroke((x - 9, y), (x + 9, y))


def button(pen: Pen, x: float, y: float) -> None:
    """Two contacts 40 apart, and the bar that joins them over them."""
    pen.circle(x + 4, y, 4)
    pen.circle(x + 36, y, 4)
    pen.stroke((x, y - 9), (x + 40, y - 9))
    pen.stroke((x + 20, y - 9), (x + 20, y - 17))
    pen.stroke((x + 12, y - 17), (x + 28, y - 17))


def npn(pen: Pen, x: float, y: float) -> None:
    """Base at (x, y), collector at (x + 20, y - 24), emitter at (x + 20, y + 24), in a circle."""
    pen.circle(x + 12, y, 20)
    pen.stroke((x, y), (x + 6, y))
    pen.stroke((x + 6, y - 12), (x + 6, y + 12))
    pen.stroke((x + 6, y - 5), (x + 20, y - 15), (x + 20, y - 24))
    pen.stroke((x + 6, y + 5), (x + 20, y + 15), (x + 20, y + 24))
    pen.stroke((x + 19, y + 8), (x + 20, y + 15), (x + 12, y + 15), closed=True, filled=True)


def sounder(pen: Pen, x: float, y: float) -> None:
    """Wires at (x, y) and (x, y + 40)."""
    pen.box(x - 8, y + 8, 16, 24)
    pen.stroke((x + 8, y + 12), (x + 22, y + 2), (x + 22, y + 38), (x + 8, y + 28))
    pen.stroke((x, y), (x, y + 8))
    pen.stroke((x, y + 32), (x, y + 40))


def coil(pen: Pen, x: float, y: float) -> None:
    """Wires at (x, y) and (x, y + 40)."""
    pen.box(x - 14, y + 10, 28, 20)
    pen.stroke((x - 14, y + 30), (x + 14, y + 10))
    pen.stroke((x, y), (x, y + 10))
    pen.stroke((x, y + 30), (x, y + 40))


def contact(pen: Pen, x: float, y: float) -> None:
    """Normally open: wires at (x, y) and (x, y + 40); its arm is moved from the side of the Pico."""
    pen.stroke((x, y), (x, y + 11))
    pen.stroke((x, y + 40), (x, y + 30), (x - 10, y + 12))
