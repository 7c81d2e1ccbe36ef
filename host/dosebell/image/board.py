"""Board files, `boards/<name>.toml`: which part sits on which GPIO, checked before anything is built."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dosebell.image.tables import Table, read_toml

# GPIO 23, 24 and 29 serve the Pico's own power supply and are not led out; 25 is its LED.
_FREE_GPIOS = frozenset(range(23)) | {25, 26, 27, 28}

# RP2040 data sheet, table of GPIO functions: which pins can carry which I2C controller.
_SDA = {0: (0, 4, 8, 12, 16, 20), 1: (2, 6, 10, 14, 18, 26)}
_SCL = {0: (1, 5, 9, 13, 17, 21), 1: (3, 7, 11, 15, 19, 27)}

# I2C specification: the addresses below and above are reserved.
_I2C_ADDRESSES = (0x08, 0x77)

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
        parts["clock"] = {"address": clock.integer("address", *_I2C_ADDRESSES)}
        clock.done()
    if "call" in top:
        parts["call"] = pins.take(top.table("call"), ("pin",))
    top.done()
    _check_buzzer_slice(top, parts)
    return Board(name, micropython, parts)


class _Pins:
    """Hands out GPIO numbers, each once."""

    def __init__(self) -> None:
        self._owner: dict[int, str] = {}

    def take(self, table: Table, keys: tuple[str, ...]) -> dict[str, int]:
        pins = {key: self.take_one(table, key) for key in keys}
        table.done()
        return pins

    def take_one(self, table: Table, key: str) -> int:
        pin = table.integer(key, 0, 28)
        if pin not in _FREE_GPIOS:
            raise table.error(key, f"GPIO {pin} is not led out on this board")
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


def _check_buzzer_slice(top: Table, parts: dict[str, dict[str, int]]) -> None:
    """A PWM slice has one frequency for both its channels: the tone must not share it with a light."""
    slice_of = {pin: (pin >> 1) & 7 for pin in _FREE_GPIOS}
    buzzer = parts["buzzer"]["pin"]
    for light, pin in parts["leds"].items():
        if slice_of[pin] == slice_of[buzzer]:
            raise top.error(
                "buzzer.pin", f"GPIO {buzzer} shares PWM slice {slice_of[pin]} with leds.{light} (GPIO {pin})"
            )
