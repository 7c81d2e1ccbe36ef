"""Frees an I2C bus whose data line a part holds low: one that was left in the middle of a byte, because the chip was reset while it read, waits for clocks.

It is given them, by hand, as the I2C specification says (UM10204, 3.1.16).
"""

from time import sleep_us

from machine import Pin

_CLOCKS = 9  # a byte and its acknowledge
_HALF_US = 5


def free(sda, scl):
    """True when both lines are high afterwards (0.5 ms). The pins are then no longer the I2C block's: set it up anew."""
    for line in (scl, sda):
        line.init(Pin.OPEN_DRAIN, Pin.PULL_UP, value=1)
    for _ in range(_CLOCKS):
        _to(scl, 0)
        _to(scl, 1)
    # Start and stop: whatever the part thinks it is doing, it ends here.
    _to(sda, 0)
    _to(sda, 1)
    return bool(sda.value() and scl.value())


def _to(line, level):
    line.value(level)
    sleep_us(_HALF_US)
