"""Sets the DS3231. Pure; apart from `clock_chip` because a boot only reads."""

from device.drivers.clock_chip import FIRST_YEAR, days_before

_NO_ALARMS = 0x1C  # control: oscillator on, no square wave, no alarm


def _bcd(value):
    return value // 10 << 4 | value % 10


def registers_of(s):
    """The seven registers of the time for `s` seconds since 2020."""
    minutes, second = divmod(s, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    year, month = FIRST_YEAR, 12
    while days_before(year + 1, 1) <= days:
        year += 1
    while days_before(year, month) > days:
        month -= 1
    day = days - days_before(year, month) + 1
    weekday = (days + 2) % 7 + 1  # 2020-01-01 was a Wednesday; 1 is Monday
    return bytes([_bcd(value) for value in (second, minute, hour, weekday, day, month, year)])


def set_chip(chip, utc, bound_ms):
    """It is `utc` now, known to `bound_ms`, which may be rounded up to twice as much. OSError when the chip does not take it.

    The oscillator-stop flag is cleared. A power cut between any two bytes leaves a chip without a mark, whose time is not believed.
    """
    disown(chip)
    s, ms = utc
    minutes = s // 60
    n = 0
    while 1 << n < bound_ms:
        n += 1
    exact = ms | n << 10
    mark = bytes([minutes & 255, minutes >> 8 & 255, minutes >> 16, exact & 255, exact >> 8])
    check = chip.check(mark)
    chip.bus.write(chip.address, b"\0" + registers_of(s) + mark + bytes([check & 255, check >> 8, _NO_ALARMS, 0]))
    reading = chip.read()
    if reading.set_s != minutes * 60 or reading.stopped:
        raise OSError


def disown(chip):
    """From now on its time is not this device's. OSError when the chip does not take it."""
    chip.bus.write(chip.address, b"\x07\0\0\0\0\0\0\0")
