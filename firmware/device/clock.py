"""Monotonic time as (seconds, ms) out of the wrapping millisecond counter (T-01). Small ints only; pure, the counter is given.

The counter wraps at 2^30 ms (12.4 days); `update` must be called at least every 6 days, and the loop calls it every 7 s.
"""

CAP_MS = 7000  # the loop sleeps no longer: the watchdog bites at 8,388 ms


class Clock:
    """Monotonic time. s and ms are valid as of the last `update`."""

    def __init__(self, ticks_ms, ticks_diff, start=(0, 0)):
        """start: monotonic time at the counter's present value."""
        self._ticks_ms = ticks_ms
        self._ticks_diff = ticks_diff
        self.ticks = ticks_ms()
        self.s, self.ms = start

    def update(self):
        """Reads the counter; returns its value. Allocates nothing."""
        ticks = self._ticks_ms()
        ms = self.ms + self._ticks_diff(ticks, self.ticks)
        self.ticks = ticks
        if ms >= 1000:
            self.s += ms // 1000
            ms %= 1000
        self.ms = ms
        return ticks

    def now(self):
        """The instant now."""
        self.update()
        return (self.s, self.ms)

    def at_ticks(self, ticks):
        """The instant at which the counter had, or will have, that value (at most days away)."""
        ms = self.ms + self._ticks_diff(ticks, self.ticks)
        return (self.s + ms // 1000, ms % 1000)

    def ms_until(self, instant):
        """Milliseconds from the last `update` to `instant`: 0 when it has passed, at most CAP_MS."""
        s = instant[0] - self.s
        if s < 0:
            return 0
        if s > CAP_MS // 1000:
            return CAP_MS
        ms = s * 1000 + instant[1] - self.ms
        if ms < 0:
            return 0
        return CAP_MS if ms > CAP_MS else ms
