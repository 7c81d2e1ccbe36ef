"""What stands beside the Pico: one block for a button, a light, the sounder, the relay, the supervisor, the modules on the bus.

A block has terminals towards the Pico, at x = 0, each for a package pin; it draws itself from its top down to its height.
"""

from __future__ import annotations

from dataclasses import dataclass

from dosebell.devtools.wiring import symbols
from dosebell.devtools.wiring.bill import Part
from dosebell.devtools.wiring.pinout import Pin
from dosebell.devtools.wiring.sheet import Pen

Parts = dict[str, Part]


@dataclass(frozen=True)
class Block:
    """`role`: its part in the bill. `pins`: what it is wired to, in the order of its terminals."""

    role: str
    pins: tuple[Pin, ...]
    parts: Parts

    height: float = 0.0

    @property
    def terminals(self) -> tuple[float, ...]:
        """How far each terminal is from the block's top."""
        raise NotImplementedError

    def draw(self, pen: Pen) -> None:
        """Draw it and its words."""
        raise NotImplementedError


@dataclass(frozen=True)
class Button(Block):
    height: float = 56.0

    @property
    def terminals(self) -> tuple[float, ...]:
        return (34.0,)

    def draw(self, pen: Pen) -> None:
        (y,) = self.terminals
        pen.wire(self.pins[0].name, (0, y), (20, y))
        symbols.button(pen, 20, y)
        pen.wire("GND", (60, y), (80, y))
        symbols.ground(pen, 80, y)
        pen.say(64, y - 12, self.parts[self.role].label, bold=True)


@dataclass(frozen=True)
class Light(Block):
    height: float = 56.0

    @property
    def terminals(self) -> tuple[float, ...]:
        return (34.0,)

    def draw(self, pen: Pen) -> None:
        (y,) = self.terminals
        resistor = self.parts[f"{self.role}.r"]
        pen.wire(self.pins[0].name, (0, y), (14, y))
        symbols.resistor(pen, 14, y)
        pen.wire(resistor.ref, (54, y), (84, y))
        symbols.led(pen, 84, y)
        pen.wire("GND", (100, y), (120, y))
        symbols.ground(pen, 120, y)
        pen.say(34, y - 12, resistor.label, "middle")
        pen.say(114, y - 12, self.parts[self.role].label, bold=True)


@dataclass(frozen=True)
class Coil(Block):
    """The sounder or the relay: a coil on the supply, a diode across it, a transistor below it, its base driven through a resistor."""

    above: float = 0.0

    @property
    def terminals(self) -> tuple[float, ...]:
        return (self.above,)

    def draw(self, pen: Pen) -> None:
        y = self.above
        self._driver(pen, y)
        # The coil and the diode across it, between the supply and the collector.
        part, diode = self.parts[self.role], self.parts[f"{self.role}.diode"]
        supply = "VSYS" if self.role == "call" else f"{part.ref}+"
        pen.wire(part.ref, (128, y - 24), (128, y - 42))
        pen.joint(128, y - 34)
        pen.wire(part.ref, (128, y - 34), (92, y - 34), (92, y - 53))
        symbols.diode_upright(pen, 92, y - 69)
        pen.wire(supply, (128, y - 82), (128, y - 90))
        pen.joint(128, y - 90)
        pen.wire(supply, (128, y - 90), (92, y - 90), (92, y - 69))
        pen.say(78, y - 64, diode.ref, "end")
        pen.say(78, y - 50, diode.short, "end")
        if self.role == "call":
            self._relay(pen, y)
        else:
            self._sounder(pen, y)

    def _driver(self, pen: Pen, y: float) -> None:
        """The transistor, its base driven and pulled down."""
        q, base, down = (self.parts[f"{self.role}.{name}"] for name in ("q", "base", "down"))
        pen.wire(self.pins[0].name, (0, y), (14, y))
        symbols.resistor(pen, 14, y)
        pen.wire(q.ref, (54, y), (108, y))
        pen.joint(72, y)
        pen.wire(q.ref, (72, y), (72, y + 8))
        symbols.resistor_upright(pen, 72, y + 8)
        symbols.ground(pen, 72, y + 48)
        symbols.npn(pen, 108, y)
        symbols.ground(pen, 128, y + 24)
        pen.say(34, y - 12, base.label, "middle")
        pen.say(60, y + 26, down.ref, "end")
        pen.say(60, y + 40, down.short, "end")
        pen.say(146, y + 4, q.label)

    def _sounder(self, pen: Pen, y: float) -> None:
        part, volume = self.parts["buzzer"], self.parts["buzzer.volume"]
        symbols.sounder(pen, 128, y - 82)
        pen.say(158, y - 64, part.ref, bold=True)
        pen.say(158, y - 50, part.short)
        pen.wire(f"{part.ref}+", (128, y - 90), (128, y - 94))
        symbols.resistor_upright(pen, 128, y - 94 - symbols.RESISTOR)
        pen.say(142, y - 110, volume.label)
        symbols.supply(pen, "VSYS", 128, y - 94 - symbols.RESISTOR)

    def _relay(self, pen: Pen, y: float) -> None:
        part = self.parts["call"]
        symbols.coil(pen, 128, y - 82)
        symbols.supply(pen, "VSYS", 128, y - 90)
        symbols.contact(pen, 186, y - 82)
        pen.stroke((142, y - 62), (180, y - 62), dashed=True)
        for number, dy in enumerate((-82, -42), 1):
            pen.wire(f"contact {number}", (186, y + dy), (206, y + dy))
            pen.circle(210, y + dy, 4)
        pen.say(160, y - 96, part.label, bold=True)
        pen.say(196, y - 64, "nurse call,")
        pen.say(196, y - 50, "isolated")


@dataclass(frozen=True)
class Supervisor(Block):
    height: float = 64.0

    @property
    def terminals(self) -> tuple[float, ...]:
        return (34.0,)

    def draw(self, pen: Pen) -> None:
        (y,) = self.terminals
        pen.wire("RUN", (0, y), (20, y))
        pen.box(20, y - 22, 96, 44)
        pen.say(26, y + 4, "RESET")
        pen.say(110, y - 5, "VCC", "end")
        pen.say(110, y + 15, "GND", "end")
        pen.wire("3V3", (116, y - 10), (136, y - 10))
        symbols.supply(pen, "3V3", 136, y - 10)
        pen.wire("GND", (116, y + 10), (136, y + 10))
        symbols.ground(pen, 136, y + 10)
        pen.say(152, y + 4, self.parts[self.role].label, bold=True)


_MODULE, _BETWEEN = 84.0, 22.0
_LINES = (18.0, 66.0)
# Where a line goes down to the next module, from the block's edge; and the same where the second line begins with its name.
_TRUNKS, _TRUNKS_NAMED = (14.0, 30.0), (44.0, 34.0)


@dataclass(frozen=True)
class Bus(Block):
    """The modules on the I2C bus, one below the other. `lines`: SDA and SCL, the upper one first. `nets`: the pins that they belong to.

    A line without a terminal here, because its pin is elsewhere, begins with its name.
    """

    lines: tuple[str, str] = ("SDA", "SCL")
    nets: tuple[str, str] = ("", "")
    modules: tuple[str, ...] = ()

    @property
    def terminals(self) -> tuple[float, ...]:
        return _LINES[: len(self.pins)]

    def draw(self, pen: Pen) -> None:
        tops = [number * (_MODULE + _BETWEEN) for number in range(len(self.modules))]
        # A second module has its lines the other way round: so only one crossing is left.
        orders = [self.lines if number % 2 == 0 else self.lines[::-1] for number in range(len(tops))]
        rows = [dict(zip(order, _LINES, strict=True)) for order in orders]
        named = len(self.pins) == 1
        for line, net, trunk in zip(self.lines, self.nets, _TRUNKS_NAMED if named else _TRUNKS, strict=True):
            ends = [top + row[line] for top, row in zip(tops, rows, strict=True)]
            begin = 28 if named and line == self.lines[1] else 0
            if begin:
                pen.say(2, ends[0] + 4, line, bold=True)
            pen.wire(net, (begin, ends[0]), (52, ends[0]))
            for end in ends[1:]:
                pen.joint(trunk, ends[0])
                pen.wire(net, (trunk, ends[0]), (trunk, end), (52, end))
        for role, top, row in zip(self.modules, tops, rows, strict=True):
            self._module(pen, role, top, row)

    def _module(self, pen: Pen, role: str, top: float, row: dict[str, float]) -> None:
        part = self.parts[role]
        pen.box(52, top, 110, _MODULE)
        for line, y in row.items():
            pen.say(58, top + y + 4, line)
        for name, y in zip(("VCC", "GND"), _LINES, strict=True):
            pen.say(156, top + y + 4, name, "end")
        pen.wire("3V3", (162, top + _LINES[0]), (182, top + _LINES[0]))
        symbols.supply(pen, "3V3", 182, top + _LINES[0])
        pen.wire("GND", (162, top + _LINES[1]), (182, top + _LINES[1]))
        symbols.ground(pen, 182, top + _LINES[1])
        cell = role == "clock"
        pen.say(107, top + (39 if cell else 46), part.label, "middle", bold=True)
        if cell:
            pen.say(107, top + 54, f"with {self.parts['clock.cell'].ref}", "middle")


def bus(parts: Parts, lines: dict[str, Pin], modules: tuple[str, ...], *, apart: bool) -> Bus:
    """The block of the modules. `lines`: the pins of SDA and SCL, the upper one first; `apart`: only the first has a terminal here."""
    pins = tuple(lines.values())
    upper, lower = lines
    height = len(modules) * _MODULE + (len(modules) - 1) * _BETWEEN
    return Bus("bus", pins[:1] if apart else pins, parts, height, (upper, lower), (pins[0].name, pins[1].name), modules)


def sounder(parts: Parts, pin: Pin) -> Coil:
    """The sounder with its driver and its volume resistor."""
    return Coil("buzzer", (pin,), parts, 218, 152)


def relay(parts: Parts, pin: Pin) -> Coil:
    """The nurse-call relay with its driver."""
    return Coil("call", (pin,), parts, 184, 118)
