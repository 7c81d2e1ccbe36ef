"""The watchdog, fed at one place, and the light that toggles at each feed."""

from machine import WDT, Pin

from device.drivers import scratch


class Watchdog:
    """Bites 8,388 ms after the last feed, the longest the chip can; cannot be stopped."""

    def __init__(self, alive_pin):
        self._alive = Pin(alive_pin, Pin.OUT, value=0)
        self._wdt = WDT(timeout=scratch.WATCHDOG_MS)
        self._feed = self._wdt.feed
        self._toggle = self._alive.toggle
        self._save = scratch.save

    def feed(self, s, ms, boot):
        """Feeds, leaves the monotonic time for the next boot, toggles the light."""
        self._feed()
        self._save(s, ms, 0, boot)
        self._toggle()
