"""Board files, `boards/<name>.toml`: which part sits on which GPIO, checked before anything is built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dosebell.image.errors import BoardError
from dosebell.image.tables import Table, read_toml

# Pico data sheet, section 2.1: what the Pico uses itself and does not lead out.
_OWN = {
    23: "switches the Pico's own power supply",
    24: "senses the Pico's own USB supply",
    25: "is the LED on the Pico itself, free for leds.alive alone",
    29: "measures the Pico's own supply",
}
_LAST_GPIO = 29
_OWN_LED = "leds.alive"

# RP2040 data sheet, table of GPIO functions: which pins can carry which I2C controller.
_SDA = {0: (0, 4, 8, 12, 16, 20), 1: (2, 6, 10, 14, 18, 26)}
_SCL = {0: (1, 5, 9, 13, 17, 21), 1: (3, 7, 11, 15, 19, 27)}

# I2C specification: the addresses below and above are reserved.
_I2C_ADDRESSES = (0x08, 0x77)

# The only one at which the firmware looks for an SSD1306.
DISPLAY_ADDRESS = 0x3C
# DS3231 data sheet: fixed in the chip. Another one is mostly that of the memory on the same module (0x57).
CLOCK_ADDRESS = 0x68

_PARTS: dict[str, tuple[str, ...]] = {
    "buttons": ("start", "hold", "pause"),
    "leds": ("red", "yellow", "green", "alive"),
    "buzzer": ("pin",),
}


@dataclass(frozen=True)
class Board:
    """One kind of board: its name, the MicroPython it runs and the GPIO of each part."""

    name: str
    micropython: str
    parts: dict[str, dict[str, int]]
    display: int | None = None
    """I2C address of the display that this board carries. For wiring and for tests: the device finds one by itself."""

    def for_device(self) -> dict[str, Any]:
        """What the device learns about itself: the tables of the board file, and `name`."""
        return {"name": self.name, **self.parts}


def load_board(file: Path) -> Board:
    """Read and check one board file. Raises `BoardError` naming file, key and reason."""
    top = read_toml(file)
    board = top.table("board")
    name = board.text("name")
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,15}", name):
        raise board.error("name", f"is {name!r}, must be 1 to 16 of a-z, 0-9 and '-'")
    if name != file.stem:
        raise board.error("name", f"is {name!r}, but the file is called {file.name}")
    micropython = board.text("micropython")
    board.done()

    pins = _Pins()
    parts = {part: pins.take(top.table(part), keys) for part, keys in _PARTS.items()}
    parts["i2c"] = _i2c(top.table("i2c"), pins)
    if "clock" in top:
        clock = top.table("clock")
        parts["clock"] = {"address": _address(clock, CLOCK_ADDRESS, "a DS3231 has {:#x} and no other")}
        clock.done()
    display = None
    if "display" in top:
        table = top.table("display")
        display = _address(table, DISPLAY_ADDRESS, "the firmware looks for a display at {:#x} only")
        table.done()
    if "call" in top:
        parts["call"] = pins.take(top.table("call"), ("pin",))
    top.done()
    _check_buzzer_slice(top, parts)
    return Board(name, micropython, parts, display)


def check_own_name(file: Path, shipped: Path) -> None:
    """BoardError if a reader's own board file takes the name of one in the folder `shipped`.

    Its image would be written over that of the other, and two devices with different wires would tell one name.
    """
    namesake = shipped / file.name
    if file.resolve() != namesake.resolve() and namesake.exists():
        raise named_wrongly(
            file, "name", f"is {file.stem!r}, a board that comes with Dosebell; give file and board a name of their own"
        )


def named_wrongly(file: Path, key: str, reason: str) -> BoardError:
    """The error for a key of [board] that only those can judge who know more than the file."""
    return read_toml(file).table("board").error(key, reason)


class _Pins:
    """Hands out GPIO numbers, each once."""

    def __init__(self) -> None:
        self._owner: dict[int, str] = {}

    def take(self, table: Table, keys: tuple[str, ...]) -> dict[str, int]:
        pins = {key: self.take_one(table, key) for key in keys}
        table.done()
        return pins

    def take_one(self, table: Table, key: str) -> int:
        pin = table.integer(key, 0, _LAST_GPIO)
        if pin in _OWN and not (pin == 25 and table.name(key) == _OWN_LED):
            raise table.error(key, f"GPIO {pin} is not led out: it {_OWN[pin]}")
        if pin in self._owner:
            raise table.error(key, f"GPIO {pin} is used twice, also by {self._owner[pin]}")
        self._owner[pin] = table.name(key)
        return pin


def _i2c(table: Table, pins: _Pins) -> dict[str, int]:
    controller = table.integer("id", 0, 1)
    values = {"id": controller, "sda": pins.take_one(table, "sda"), "scl": pins.take_one(table, "scl")}
    table.done()
    for key, able in (("sda", _SDA[controller]), ("scl", _SCL[controller])):
        if values[key] not in able:
            choices = ", ".join(str(pin) for pin in able)
            raise table.error(key, f"GPIO {values[key]} cannot be {key.upper()} of I2C {controller}; can be: {choices}")
    return values


def _address(table: Table, only: int, reason: str) -> int:
    """The address of a part that can have only one; a file that names another one speaks of another part."""
    address = table.integer("address", *_I2C_ADDRESSES)
    if address != only:
        raise table.error("address", f"is {address:#x}; {reason.format(only)}")
    return address


def _check_buzzer_slice(top: Table, parts: dict[str, dict[str, int]]) -> None:
    """A PWM slice has one frequency for both its channels: the tone must not share it with a light."""
    slice_of = {pin: (pin >> 1) & 7 for pin in range(_LAST_GPIO + 1)}
    buzzer = parts["buzzer"]["pin"]
    for light, pin in parts["leds"].items():
        if slice_of[pin] == slice_of[buzzer]:
            raise top.error(
                "buzzer.pin", f"GPIO {buzzer} shares PWM slice {slice_of[pin]} with leds.{light} (GPIO {pin})"
            )
