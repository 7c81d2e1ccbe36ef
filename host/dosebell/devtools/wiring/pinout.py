"""The Pico's forty package pins: what stands beside each of them on the board (Pico data sheet, section 2.1)."""

from __future__ import annotations

from dataclasses import dataclass

_NAMES = (
    *("GP0", "GP1", "GND", "GP2", "GP3", "GP4", "GP5", "GND", "GP6", "GP7"),
    *("GP8", "GP9", "GND", "GP10", "GP11", "GP12", "GP13", "GND", "GP14", "GP15"),
    *("GP16", "GP17", "GND", "GP18", "GP19", "GP20", "GP21", "GND", "GP22", "RUN"),
    *("GP26", "GP27", "AGND", "GP28", "ADC_VREF", "3V3", "3V3_EN", "GND", "VSYS", "VBUS"),
)
ROWS = 20


@dataclass(frozen=True)
class Pin:
    """A package pin. `number`: 1 to 40. `name`: as printed on the Pico."""

    number: int
    name: str

    @property
    def side(self) -> int:
        """-1 for the left edge, 1 for the right one, the USB socket being at the top."""
        return -1 if self.number <= ROWS else 1

    @property
    def row(self) -> int:
        """0 at the USB socket to 19 at the other end."""
        return self.number - 1 if self.side < 0 else 2 * ROWS - self.number

    @property
    def words(self) -> str:
        """As a sentence names it: "pin 14 (GP10)"."""
        return f"pin {self.number} ({self.name})"


PINS = tuple(Pin(number, name) for number, name in enumerate(_NAMES, 1))
_BY_NAME = {pin.name: pin for pin in PINS if pin.name not in ("GND", "AGND")}
GROUNDS = tuple(pin for pin in PINS if pin.name == "GND")


def named(name: str) -> Pin:
    """The pin of that name; KeyError for one that the Pico does not lead out."""
    return _BY_NAME[name]


def of_gpio(gpio: int) -> Pin:
    """The package pin of a GPIO; KeyError for one that is not led out."""
    return named(f"GP{gpio}")
