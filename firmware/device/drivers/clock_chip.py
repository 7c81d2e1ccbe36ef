"""The DS3231, a clock with a battery: what its registers say, and nothing of what is to be believed. Pure, the bus is given. `clock_setting` writes.

Registers (data sheet 19-5170, table 1): 0x00-0x06 the time in BCD, 0x0E control, 0x0F status with the oscillator-stop flag. The alarms' registers,
0x07-0x0D, are not used as alarms; battery-backed as they are, they keep the mark of the device that set the chip: when, and how well it knew the time.
    0x07 u24 UTC in whole minutes since 2020 | 0x0A u16: bits 0-9 by how many ms the chip's seconds begin after those of UTC, bits 10-14 n: UTC was known
    to 2^n ms | 0x0C u16 the low half of the CRC-32 of the device's id and these five bytes
So the chip can be set at any instant, and its whole seconds are no rounding.
"""

from binascii import crc32

_ALL = 16  # registers 0x00 to 0x0F are read and written in one transfer, which the chip does at one instant
_MARK, _CONTROL, _STATUS = 7, 14, 15
_STOPPED = 0x80  # in status: the oscillator stood since this was cleared; in control: it stands on battery
_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
FIRST_YEAR, _LAST_YEAR = 20, 53  # of this century: an instant's seconds stay a small int


class Reading:
    """What the chip said at one instant.

    s: its second, since 2020; None when its registers hold no date. stopped: its oscillator stood, or would on battery. set_s: when this device set it (to
    the minute), None when it did not; phase_ms: its seconds begin so long after those of UTC; bound_ms: how well UTC was known then.
    """

    def __init__(self, s, stopped, set_s=None, phase_ms=0, bound_ms=0):
        self.s = s
        self.stopped = stopped
        self.set_s = set_s
        self.phase_ms = phase_ms
        self.bound_ms = bound_ms


def _plain(byte, low, high):
    """The number in a BCD register; ValueError when it is none from low to high."""
    value = (byte >> 4) * 10 + (byte & 15)
    if byte & 15 > 9 or not low <= value <= high:
        raise ValueError
    return value


def days_before(year, month):
    """Days from 2020-01-01 to the first of that month. year: of this century, from 20."""
    years = year - FIRST_YEAR
    return years * 365 + (years + 3) // 4 + _DAYS_BEFORE[month - 1] + (month > 2 and year % 4 == 0)


def seconds_of(raw):
    """Seconds since 2020 in the seven registers of the time. ValueError when they hold no date (12 hours and another century are none of ours)."""
    second, minute, hour = _plain(raw[0], 0, 59), _plain(raw[1], 0, 59), _plain(raw[2], 0, 23)
    day, month, year = _plain(raw[4], 1, 31), _plain(raw[5], 1, 12), _plain(raw[6], FIRST_YEAR, _LAST_YEAR)
    days = days_before(year, month)
    if day > (31 if month == 12 else days_before(year, month + 1) - days):
        raise ValueError
    return (((days + day - 1) * 24 + hour) * 60 + minute) * 60 + second


class ClockChip:
    """`address`, `bus` and `check` are for `clock_setting`."""

    def __init__(self, bus, address, ident):
        """ident: this device's unique bytes."""
        self.bus = bus
        self.address = address
        self._ident = ident
        self._raw = bytearray(_ALL)

    def read(self):
        """The Reading of this instant (0.5 ms). OSError when it does not answer."""
        raw = self._raw
        self.bus.read_into(self.address, 0, raw)
        try:
            s = seconds_of(raw)
        except ValueError:
            s = None
        stopped = bool((raw[_STATUS] | raw[_CONTROL]) & _STOPPED)
        if raw[_MARK + 5] | raw[_MARK + 6] << 8 != self.check(raw[_MARK : _MARK + 5]):
            return Reading(s, stopped)
        set_s = (raw[_MARK] | raw[_MARK + 1] << 8 | raw[_MARK + 2] << 16) * 60
        exact = raw[_MARK + 3] | raw[_MARK + 4] << 8
        return Reading(s, stopped, set_s, exact & 1023, 1 << (exact >> 10 & 31))

    def check(self, mark):
        """What the last two bytes of a mark of this device must be."""
        # All zeros, as a disowned chip or a new one has them, are no mark of any device: 0 is never its check.
        return crc32(mark, crc32(self._ident)) & 0xFFFF or 1
