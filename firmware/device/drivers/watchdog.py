"""The watchdog, fed at one place, and the light that toggles at each feed."""

from machine import WDT, Pin, mem32
from micropython import const

from device.drivers import scratch

# As in scratch.save, written out here: this is a part of every idle pass, and a call costs as much as the writing.
_S = const(0x4005800C)
_MS = const(0x40058010)
_BOOT = const(0x40058014)
_CHECK = const(0x40058018)
_SALT = const(0x15A5C3D2)


class Watchdog:
    """Bites 8,388 ms after the last feed, the longest the chip can; cannot be stopped."""

    def __init__(self, alive_pin):
        self._feed = WDT(timeout=scratch.WATCHDOG_MS).feed
        self._toggle = Pin(alive_pin, Pin.OUT, value=0).toggle

    def feed(self, s, ms, boot):
        """Feeds, leaves the monotonic time for the next boot, toggles the light."""
        self._feed()
        registers = mem32
        registers[_S] = s
        registers[_MS] = ms
        registers[_BOOT] = boot
        registers[_CHECK] = _SALT ^ s ^ ms << 16 ^ boot
        self._toggle()
