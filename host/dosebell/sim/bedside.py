"""The device at the bed: an emulated Pico on the wires of a board file, with its power switch.

`dosebell sim` and the emulated bench stand on this. The clock goes on while the device is without power.
"""

import gc
from pathlib import Path

from rp2040py.reset_cause import ResetCause

from dosebell.image.board import Board, load_board
from dosebell.sim import clock_chip, display
from dosebell.sim.clock_chip import ClockChip
from dosebell.sim.display import Display
from dosebell.sim.flash import Cut
from dosebell.sim.i2c import Held, I2cBus, I2cDevice
from dosebell.sim.pico import UNIQUE_ID, Pico
from dosebell.sim.pins import EdgeLog
from dosebell.sim.tones import ToneLog
from dosebell.sim.usb import UsbHost

# A press that nobody gave a length for: a finger's tap.
TAP_S = 0.15


class Bedside:
    """One device and its wires. Attributes: `pico` (the present power-on life), `lights` (an EdgeLog each), `tones`.

    `i2c_parts`: what is soldered to the bus of the board file, by address; it stays there from one life to the next.
    """

    def __init__(self, flash: bytes, board: Board, unique_id: bytes = UNIQUE_ID) -> None:
        self.board = board
        self.unique_id = unique_id
        self._buttons = board.parts["buttons"]
        self.lights = {name: EdgeLog() for name in board.parts["leds"]}
        self.tones = ToneLog()
        self.i2c_parts: dict[int, I2cDevice] = {}
        self._down: set[str] = set()
        self._dark_now: float | None = None
        self.resets: list[tuple[float, str]] = []
        self.pico = self._power_on(flash, 0.0)

    @classmethod
    def of_board(cls, flash: bytes, board_file: Path, unique_id: bytes = UNIQUE_ID) -> "Bedside":
        """As described by `board_file`. Raises `dosebell.image.errors.BoardError` for a file that is not right."""
        return cls(flash, load_board(board_file), unique_id)

    def _power_on(self, flash: bytes, begins_at: float, bootsel: bool = False) -> Pico:
        pico = Pico(flash, unique_id=self.unique_id, begins_at=begins_at, bootsel=bootsel)
        for name, gpio in self.board.parts["leds"].items():
            pico.watch(gpio, self.lights[name])
        pico.watch_tones(self.board.parts["buzzer"]["pin"], self.tones)
        for button in self._down:
            pico.pull_down(self._buttons[button])
        wires = self.board.parts["i2c"]
        bus = pico.i2c[wires["id"]]
        bus.wire(wires["sda"], wires["scl"])
        for address, part in self.i2c_parts.items():
            if isinstance(part, Display):
                part.lose_power()
            bus.add(address, part)
        return pico

    # -- time
    @property
    def now(self) -> float:
        """Seconds since the device was first switched on."""
        return self.pico.now if self._dark_now is None else self._dark_now

    @property
    def powered(self) -> bool:
        return self.pico.powered

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass, with or without power."""
        if self.powered:
            end = self.now + seconds
            self.pico.advance(seconds)
            if not self.powered:  # the power went on the way
                self._dark_now = end
        else:
            self._dark_now = self.now + seconds

    def run_to(self, t: float) -> None:
        """Let time pass until the instant `t`; an instant that is past is now."""
        if self.powered:
            self.pico.run_to(t)
        if not self.powered:
            self._dark_now = max(t, self.now)

    # -- buttons
    @property
    def buttons(self) -> tuple[str, ...]:
        return tuple(self._buttons)

    def down(self, button: str) -> None:
        """Put a finger on `button`; KeyError for a button that the board does not have."""
        gpio = self._buttons[button]
        self._down.add(button)
        self.pico.pull_down(gpio)

    def up(self, button: str) -> None:
        """Take the finger off `button`."""
        gpio = self._buttons[button]
        self._down.discard(button)
        self.pico.release(gpio)

    def hold(self, button: str, seconds: float = TAP_S) -> None:
        """Keep `button` down for `seconds`, while time passes."""
        self.down(button)
        self.advance(seconds)
        self.up(button)

    # -- the parts on the bus
    @property
    def _bus(self) -> I2cBus:
        return self.pico.i2c[self.board.parts["i2c"]["id"]]

    def solder(self, address: int, part: I2cDevice) -> None:
        """Put a part on the bus of the board file; to stay there through power cuts."""
        self.i2c_parts[address] = part
        self._bus.add(address, part)

    def unsolder(self, address: int) -> None:
        """Take the part off: from now on nobody answers there."""
        del self.i2c_parts[address]
        self._bus.remove(address)

    def solder_clock_chip(self, ppm: float = 0.0) -> ClockChip:
        """Put a new DS3231 on the bus. It keeps its time while the device has no power."""
        chip = ClockChip(lambda: self.now, ppm)
        self.solder(clock_chip.ADDRESS, chip)
        return chip

    def solder_display(self) -> Display:
        """Put a new SSD1306 on the bus. It loses its picture when the device loses its power."""
        part = Display()
        self.solder(display.ADDRESS, part)
        return part

    def hold_bus(self, held: Held) -> None:
        """Something holds a line of the bus low, through power cuts too."""
        self._bus.hold(held)

    def free_bus(self) -> None:
        """It lets go."""
        self._bus.free()

    # -- power
    @property
    def usb(self) -> UsbHost:
        """The host of the present power-on life: a new one after each `restore_power`."""
        return self.pico.usb

    def cut_power(self) -> None:
        """The power goes now."""
        if self.powered:
            self._dark_now = self.now
            self.pico.lose_power()

    def cut_power_at(self, operation: int, how: Cut) -> None:
        """The power goes at the `operation`-th flash operation from now (0: the next), somewhere in time to come."""
        self.pico.cut_power_at(operation, how)

    def restore_power(self, flash: bytes | None = None, bootsel: bool = False) -> None:
        """Switch the power on now: the flash is as it was, or `flash`; everything else is new. Nothing happens if it is on.

        `bootsel`: the loader button is held meanwhile.
        """
        if self.powered:
            return
        begins_at, held = self.now, self._bus.held
        if flash is None:
            flash = self.pico.snapshot()
        plugged = self.pico.usb.plugged
        self.resets += self.pico.resets
        del self.pico
        gc.collect()  # the chip's parts refer to each other; without this a dozen power cuts hold a gigabyte
        self._dark_now = None
        self.pico = self._power_on(flash, begins_at, bootsel)
        if not plugged:
            self.pico.usb.unplug()
        if held is not None:
            self._bus.hold(held)

    def reset(self, cause: ResetCause = ResetCause.RUN_PIN) -> None:
        """Reset the chip: RUN_PIN as the RUN line does, WATCHDOG as a bite of the watchdog does."""
        if self.powered:
            self.pico.reset(cause)
