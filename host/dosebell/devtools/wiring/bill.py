"""What is to be bought and soldered for a board file: each part with its value and why, and each wire from a package pin."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dosebell.devtools.wiring.pinout import named, of_gpio
from dosebell.image.board import Board

OWN_LED = 25  # the GPIO of the LED on the Pico itself


@dataclass(frozen=True)
class Part:
    """One part. `ref`: its name in the diagram. `what`, `value`, `why`: as the bill says them. `short`: its value in the diagram."""

    ref: str
    what: str
    value: str
    why: str
    short: str = ""

    @property
    def label(self) -> str:
        """As the diagram names it."""
        return f"{self.ref} {self.short}".strip()


@dataclass(frozen=True)
class Wire:
    """What one package pin is soldered to."""

    pin: str
    to: str


_LED_VALUES = {
    "red": "red, diffuse, 5 mm",
    "yellow": "yellow, diffuse, 5 mm",
    "green": "green, diffuse, 5 mm",
    "alive": "any colour",
}
_LED_WHY = "high-efficiency types with a forward voltage of at most 2.2 V: pure green and blue-green ones need 3 V and stay dark here"
_TRANSISTOR = "NPN, BC337-25 or 2N2222A"
_DIODE = "1N4148"


def parts_of(board: Board) -> dict[str, Part]:
    """The parts around the Pico by their role, in the order of the bill: `button.start`, `led.red`, `led.red.r`, `buzzer.q`, ..."""
    found: dict[str, Part] = {"pico": _PICO}
    for number, button in enumerate(board.parts["buttons"], 1):
        found[f"button.{button}"] = Part(
            f"S{number}",
            "push button",
            f"{button.upper()}: normally open, momentary",
            "to ground; the chip pulls it up and the firmware debounces it",
            button.upper(),
        )
    lights = [light for light, gpio in board.parts["leds"].items() if gpio != OWN_LED]
    for number, light in enumerate(lights, 1):
        found[f"led.{light}"] = Part(f"D{number}", "LED", _LED_VALUES[light], _LED_WHY, light)
        found[f"led.{light}.r"] = Part(
            f"R{number}",
            "resistor",
            "330 Ω, 0.25 W",
            "(3.3 V - 2.0 V) / 330 Ω = 3.9 mA: a pin is set to 4 mA, and all pins together give 50 mA at most",
            "330 Ω",
        )
    resistors, diodes = len(lights), len(lights)
    found |= _buzzer(resistors, diodes)
    if "call" in board.parts:
        found |= _call(resistors + 3, diodes + 1)
    found["supervisor"] = Part(
        "U1",
        "supply supervisor",
        "2.93 V, open drain, active low: MAX803S or one like it",
        "the chip leaves reset near 1 V, its flash needs 2.7 V: without it a supply that comes up slowly or sags can start a board that misreads its program",
        "2.93 V",
    )
    modules = 2
    if "clock" in board.parts:
        found["clock"] = Part(
            f"U{modules}",
            "clock chip module",
            "DS3231, 3.3 V, I2C address 0x68",
            "keeps the time through a power loss; its crystal is compensated (2 to 3.5 ppm)",
            "DS3231",
        )
        found["clock.cell"] = Part(
            "BT1",
            "coin cell",
            "CR2032, on the clock chip module",
            "years of time without power. It must not be charged: take a module without a charging circuit, or remove its diode",
            "CR2032",
        )
        modules += 1
    if board.display is not None:
        found["display"] = Part(
            f"U{modules}",
            "display module",
            f"SSD1306, 128 x 64, I2C, 3.3 V, address {board.display:#x}",
            "says in words what is wanted; light and sound say it too",
            "SSD1306",
        )
    return found


_PICO = Part(
    "A1",
    "microcontroller board",
    "Raspberry Pi Pico (RP2040; not W, not 2)",
    "the official MicroPython image is for this one",
)


def _buzzer(resistors: int, diodes: int) -> dict[str, Part]:
    return {
        "buzzer": Part(
            "LS1",
            "sounder",
            "magnetic or dynamic, passive, coil 16 to 50 Ω, usable from 300 to 1000 Hz",
            "the calls are 440 and 660 Hz; a bare piezo disc is faint there, and an active buzzer has a pitch of its own",
            "16 to 50 Ω",
        ),
        "buzzer.q": Part("Q1", "transistor", _TRANSISTOR, "a pin gives 4 mA, the sounder takes up to 75 mA", "BC337"),
        "buzzer.base": Part(
            f"R{resistors + 1}", "resistor", "1 kΩ, 0.25 W", "2.6 mA into the base: enough for 75 mA", "1 kΩ"
        ),
        "buzzer.down": Part(
            f"R{resistors + 2}",
            "resistor, pull-down",
            "10 kΩ, 0.25 W",
            "keeps the sounder off while the pin floats: in reset, and while the board is flashed",
            "10 kΩ",
        ),
        "buzzer.volume": Part(
            f"R{resistors + 3}",
            "resistor, volume",
            "47 Ω, 0.25 W",
            "at most 4.7 V / (47 Ω + 16 Ω) = 75 mA; softer with more, louder with less, as measured at the bed; not below 22 Ω",
            "47 Ω",
        ),
        "buzzer.diode": Part(
            f"D{diodes + 1}",
            "diode, flyback",
            _DIODE,
            "across the coil, cathode to the supply: takes the spike at the end of each pulse",
            _DIODE,
        ),
    }


def _call(resistors: int, diodes: int) -> dict[str, Part]:
    return {
        "call": Part(
            "K1",
            "relay",
            "coil 5 V, at most 40 mA, one normally open contact",
            "its contact is isolated from the board and closes while a medium condition is present; what may hang on it, the nurse-call system says",
            "5 V",
        ),
        "call.q": Part("Q2", "transistor", _TRANSISTOR, "switches the coil", "BC337"),
        "call.base": Part(f"R{resistors + 1}", "resistor", "1 kΩ, 0.25 W", "2.6 mA into the base", "1 kΩ"),
        "call.down": Part(
            f"R{resistors + 2}",
            "resistor, pull-down",
            "10 kΩ, 0.25 W",
            "keeps the contact open while the pin floats",
            "10 kΩ",
        ),
        "call.diode": Part(
            f"D{diodes + 1}", "diode, flyback", _DIODE, "across the coil, cathode to the supply", _DIODE
        ),
    }


def wires_of(board: Board, parts: dict[str, Part]) -> list[Wire]:
    """Each package pin that is soldered, and to what; by pin number."""
    at: dict[int, str] = {}
    for button, gpio in board.parts["buttons"].items():
        at[of_gpio(gpio).number] = f"{parts[f'button.{button}'].label}; its other side to GND"
    for light, gpio in board.parts["leds"].items():
        if gpio != OWN_LED:
            led, resistor = parts[f"led.{light}"], parts[f"led.{light}.r"]
            at[of_gpio(gpio).number] = f"{resistor.ref}, then the long leg of {led.label}; its short leg to GND"
    for name in ("buzzer", "call"):
        if name in board.parts:
            base, q = parts[f"{name}.base"], parts[f"{name}.q"]
            at[of_gpio(board.parts[name]["pin"]).number] = f"{base.ref}, then the base of {q.ref}"
    modules = [parts[name].label for name in ("clock", "display") if name in parts]
    bus = board.parts["i2c"]
    for line in ("sda", "scl"):
        to = f"{line.upper()} of {' and '.join(modules)}" if modules else "nothing (for a clock chip or display)"
        at[of_gpio(bus[line]).number] = to
    at[named("RUN").number] = f"RESET of {parts['supervisor'].ref}"
    at[named("3V3").number] = f"VCC of {' and '.join([parts['supervisor'].ref, *modules])}"
    coil = f" and the coil of {parts['call'].ref}" if "call" in parts else ""
    at[named("VSYS").number] = f"{parts['buzzer.volume'].ref}, then {parts['buzzer'].ref}{coil}"
    by_number = {pin.number: pin for pin in (*map(of_gpio, _gpios(board)), *map(named, ("RUN", "3V3", "VSYS")))}
    return [Wire(f"{number} ({by_number[number].name})", at[number]) for number in sorted(at)]


def _gpios(board: Board) -> Iterable[int]:
    for part in board.parts.values():
        for key, value in part.items():
            if key not in ("id", "address") and value != OWN_LED:
                yield value


def as_markdown(board: Board) -> str:
    """The bill and the wires of a board as two tables."""
    parts = parts_of(board)
    alike: dict[tuple[str, str, str], list[str]] = {}
    for part in parts.values():
        alike.setdefault((part.what, part.value, part.why), []).append(part.ref)
    bill = [f"| {', '.join(refs)} | {what} | {value} | {why} |" for (what, value, why), refs in alike.items()]
    wires = [f"| {wire.pin} | {wire.to} |" for wire in wires_of(board, parts)]
    return "\n".join(
        ["| | part | value | why |", "|---|---|---|---|", *bill, "", "| pin | goes to |", "|---|---|", *wires]
    )
