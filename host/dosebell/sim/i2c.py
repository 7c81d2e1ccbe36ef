"""The I2C buses of the emulated Pico. With no part on it a bus answers NACK at once, as a real one does.

Parts (a clock chip, a display) are objects with the methods of `I2cDevice`, put on a bus with `add`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from rp2040py.peripherals._i2c import I2CMode

if TYPE_CHECKING:
    from dosebell.sim.pico import Pico

TX_EMPTY = 0x10
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


class I2cBus:
    """One I2C block (0 or 1) with the parts on its wires. Transfers take the time that the bus clock gives them."""

    def __init__(self, pico: "Pico", number: int) -> None:
        self._pico = pico
        self._block: Any = pico.mcu.i2c[number]
        self._devices: dict[int, I2cDevice] = {}
        self._current: I2cDevice | None = None
        self._next: Callable[[], None] | None = None
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

    def _after(self, bits: int, action: Callable[[], None]) -> None:
        cycles = self._block.scl_low_period + self._block.scl_high_period
        self._next = action
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
        value = self._current.read() if self._current is not None else 0xFF
        self._after(BITS_OF_A_BYTE, lambda: self._block.complete_read(value))

    def _stop(self) -> None:
        if self._current is not None:
            self._current.stop()
            self._current = None
        self._after(1, self._block.complete_stop)
