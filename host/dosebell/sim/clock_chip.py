"""A DS3231 on the emulated bus: a clock with a battery of its own, which goes on while the Pico has no power.

One object is one chip: soldered to a new power-on life of the board, it still has its time and its registers.
"""

from calendar import monthrange
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

ADDRESS = 0x68
REGISTERS = 0x13
SECONDS, MONTH, CONTROL, STATUS = 0x00, 0x05, 0x0E, 0x0F
# Data sheet, table 1: the values after the first power-on.
FIRST_POWER = {0x03: 1, 0x04: 1, MONTH: 1, CONTROL: 0x1C, STATUS: 0x88}
OSCILLATOR_STOPPED, STATUS_WRITABLE = 0x80, 0x08
# Of the time's registers: without the bits for 12 hours and the century, which this firmware leaves 0.
TIME_MASKS = (0x7F, 0x7F, 0x3F, 0x07, 0x3F, 0x1F, 0xFF)
TIME_BYTES = len(TIME_MASKS)
FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)


class ClockChip:
    """The chip as its registers show it (data sheet 19-5170). New, it shows 2000-01-01 and that its oscillator has stood.

    `now`: the bench's clock in seconds, which never stops. `ppm`: how much too fast its crystal is. `registers`: what
    is stored but the time; a test may look and change.
    """

    def __init__(self, now: Callable[[], float], ppm: float = 0.0) -> None:
        self._now = now
        self._ppm = ppm
        self.registers = bytearray()
        self._pointer = 0
        self._addressing = False
        self.lose_battery()

    # -- what is done to it
    @property
    def utc(self) -> datetime:
        """The time that it keeps, with the fraction of the second that its registers do not show."""
        elapsed = (self._now() - self._since) * (1 + self._ppm * 1e-6) if self._running else 0.0
        return self._base + timedelta(seconds=elapsed)

    def set(self, utc: datetime) -> None:
        """Somebody else sets it: the time alone, the second beginning now."""
        self._base, self._since = utc, self._now()

    @property
    def ppm(self) -> float:
        return self._ppm

    @ppm.setter
    def ppm(self, ppm: float) -> None:
        self.set(self.utc)
        self._ppm = ppm

    @property
    def oscillator_stopped(self) -> bool:
        """Its flag: the oscillator stood at some time since the flag was cleared."""
        return bool(self.registers[STATUS] & OSCILLATOR_STOPPED)

    def stop_oscillator(self) -> None:
        """The oscillator stands from now on, until the chip is set."""
        self.set(self.utc)
        self._running = False
        self.registers[STATUS] |= OSCILLATOR_STOPPED

    def lose_battery(self) -> None:
        """Supply and battery were both gone for a moment: it wakes up as new."""
        self.registers[:] = bytes(REGISTERS)
        for register, value in FIRST_POWER.items():
            self.registers[register] = value
        self._running = True
        self.set(FIRST_MOMENT)

    # -- the bus (I2cDevice)
    def start(self, write: bool) -> None:
        """The time that a transfer reads is the time at its beginning."""
        self._addressing = write
        utc = self.utc
        shown = (utc.second, utc.minute, utc.hour, utc.isoweekday(), utc.day, utc.month, utc.year % 100)
        for register, value in enumerate(shown):
            self.registers[register] = value // 10 << 4 | value % 10

    def write(self, value: int) -> bool:
        if self._addressing:
            self._pointer, self._addressing = value % REGISTERS, False
            return True
        if self._pointer == STATUS:  # its flags can be cleared, never set
            value &= self.registers[STATUS] | STATUS_WRITABLE
        self.registers[self._pointer] = value
        if self._pointer < TIME_BYTES:
            self._take_over(self._pointer)
        self._pointer = (self._pointer + 1) % REGISTERS
        return True

    def read(self) -> int:
        value = self.registers[self._pointer]
        self._pointer = (self._pointer + 1) % REGISTERS
        return value

    def stop(self) -> None:
        """Each byte has had its effect when it passed, as on the chip: a write that is cut off has changed half."""

    def _take_over(self, register: int) -> None:
        """A byte of the time was written. A second begins when its register is written."""
        fraction = 0 if register == SECONDS else self.utc.microsecond
        second, minute, hour, _, day, month, year = (
            (byte & mask) // 16 * 10 + (byte & mask) % 16
            for byte, mask in zip(self.registers, TIME_MASKS, strict=False)
        )
        last_day = monthrange(2000 + year, month)[1]  # half a date may be none
        self.set(datetime(2000 + year, month, min(day, last_day), hour, minute, second, fraction, tzinfo=UTC))
        self._running = True
