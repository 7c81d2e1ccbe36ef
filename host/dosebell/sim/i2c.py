"""The I2C buses of the emulated Pico. With no part on it a bus answers NACK at once, as a real one does.

Parts (a clock chip, a display) are objects with the methods of `I2cDevice`, put on a bus with `add`. A line that
something holds low (`hold`) stops the transfer under way where it is, for as long as it is held.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from rp2040py.gpio_pin import GPIOPinState
from rp2040py.peripherals._i2c import I2CMode

if TYPE_CHECKING:
    from dosebell.sim.pico import Pico

TX_EMPTY, STOP_DETECTED = 0x010, 0x200
BITS_OF_A_BYTE = 9  # with its acknowledge bit


class I2cDevice(Protocol):
    """A part on the bus, called as the bytes pass."""

    def start(self, write: bool) -> None:
        """The part was addressed, to be written to or read from."""

    def write(self, value: int) -> bool:
        """A byte for the part; False is NACK."""

    def read(self) -> int:
        """The next byte from the part."""

    def stop(self) -> None:
        """The end of the transfer."""


@dataclass(frozen=True)
class Held:
    """What holds a line low.

    line: `sda` or `scl`. clocks: after so many pulses on SCL it lets go (a part in the middle of a byte); None: never.
    in_transfer: it does not begin at once, but with the first byte that is read.
    """

    line: str
    clocks: int | None = None
    in_transfer: bool = False


class I2cBus:
    """One I2C block (0 or 1) with the parts on its wires. Transfers take the time that the bus clock gives them.

    `held_since`: when a line came to be held, on the bench's clock; None while none is. `pulses`: how often the firmware
    has pulled SCL by hand since then.
    """

    def __init__(self, pico: "Pico", number: int) -> None:
        self._pico = pico
        self._block: Any = pico.mcu.i2c[number]
        self._devices: dict[int, I2cDevice] = {}
        self._current: I2cDevice | None = None
        self._next: Callable[[], None] | None = None
        self._pins: dict[str, Any] = {}
        self._held: Held | None = None
        self._waiting: Held | None = None
        self.held_since: float | None = None
        self.pulses = 0
        self._alarm = pico.clock.create_alarm(self._fire)
        self._block.on_start = lambda _repeated: self._after(1, self._block.complete_start)
        self._block.on_connect = self._connect
        self._block.on_write_byte = self._write
        self._block.on_read_byte = self._read
        self._block.on_stop = self._stop

    def add(self, address: int, device: I2cDevice) -> None:
        """Solder `device` to the bus at the 7-bit `address`."""
        self._devices[address] = device

    def remove(self, address: int) -> None:
        """Take the part off the bus: from now on it answers NACK."""
        del self._devices[address]

    def wire(self, sda: int, scl: int) -> None:
        """Say which GPIOs the bus is on. Only a bus that is to be held needs to know."""
        self._pins = {"sda": self._pico.mcu.gpio[sda], "scl": self._pico.mcu.gpio[scl]}
        self._pins["scl"].add_listener(self._scl_changed)

    @property
    def held(self) -> Held | None:
        """What holds a line low, or will."""
        return self._held or self._waiting

    def hold(self, held: Held) -> None:
        """Hold a line low from now on. Needs `wire`."""
        self.free()
        if held.in_transfer:
            self._waiting = held
        else:
            self._grip(held)

    def _grip(self, held: Held) -> None:
        self._held, self.pulses = held, 0
        self.held_since = self._pico.now
        self._pins[held.line].set_input_value(False)
        self._alarm.cancel()

    def free(self) -> None:
        """Let go of the line. A transfer that was stopped by it is over: the firmware has long given it up."""
        self._waiting = None
        if self._held is None:
            return
        self._pins[self._held.line].release_input()
        self._held = self.held_since = None
        if self._next is not None:
            self._next = self._current = None
            self._block.complete_stop()
            self._block.int_raw &= ~STOP_DETECTED
            self._block.check_interrupts()

    def chip_reset(self) -> None:
        """The microcontroller is reset: it ends no transfer, it just lets go of both lines."""
        self._alarm.cancel()
        self._next = self._current = None

    def _scl_changed(self, new: GPIOPinState, old: GPIOPinState) -> None:
        if self._held is None or old != GPIOPinState.LOW or new == GPIOPinState.LOW:
            return
        self.pulses += 1
        if self._held.clocks is not None and self.pulses >= self._held.clocks:
            self.free()

    def _after(self, bits: int, action: Callable[[], None]) -> None:
        cycles = self._block.scl_low_period + self._block.scl_high_period
        self._next = action
        if self._held is not None:
            return
        self._alarm.schedule(max(1.0, bits * cycles * 1e9 / self._pico.mcu.clk_sys))

    def _fire(self) -> None:
        action, self._next = self._next, None
        if action is not None:
            action()

    def _connect(self, address: int, mode: int) -> None:
        self._current = self._devices.get(address)
        found = self._current is not None
        if self._current is not None:
            self._current.start(mode == I2CMode.WRITE)
        self._after(BITS_OF_A_BYTE, lambda: self._connected(found))

    def _connected(self, found: bool) -> None:
        self._block.complete_connect(found)
        if not found:
            # rp2040py 1.0.0b1 leaves TX_EMPTY clear when the abort flushes the FIFO: the SDK would time out instead.
            self._block.int_raw |= TX_EMPTY
            self._block.check_interrupts()

    def _write(self, value: int) -> None:
        taken = self._current is not None and self._current.write(value)
        self._after(BITS_OF_A_BYTE, lambda: self._block.complete_write(taken))

    def _read(self, _acknowledge: bool) -> None:
        if self._waiting is not None:
            held, self._waiting = self._waiting, None
            self._grip(held)
        value = self._current.read() if self._current is not None else 0xFF
        self._after(BITS_OF_A_BYTE, lambda: self._block.complete_read(value))

    def _stop(self) -> None:
        if self._current is not None:
            self._current.stop()
            self._current = None
        self._after(1, self._block.complete_stop)
