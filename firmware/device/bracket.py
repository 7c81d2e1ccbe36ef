"""How far the clock is from a chip that shows whole seconds: each look halves the doubt, when it comes where the chip's second would change. Pure.

The clock's error e (clock - chip) lies between `low` and `high`, in ms. At a look the clock shows c, the chip a second that began at b, and
b <= c - e < b + 1000.
"""

from dosecore.instant import ms_between

LOOKS_MOST = 12  # looks that always come late teach nothing new
NARROW_MS = 40
TRANSFER_MS = 2  # the chip is read up to this long after the clock


class Bracket:
    """Begins with a clock that was set to the middle of the second that the chip showed."""

    def __init__(self):
        self.low = -500
        self.high = 500
        self._looks = 0

    def look(self, clock, begun):
        """clock: UTC by the device; begun: UTC at which the chip's second began."""
        apart = ms_between(clock, begun)
        self.low = max(self.low, apart - 1000)
        self.high = min(self.high, apart + TRANSFER_MS)
        self._looks += 1

    def done(self):
        """Whether more looks are of no use."""
        return self.high - self.low <= NARROW_MS or self._looks >= LOOKS_MOST

    def error(self):
        """The middle, ms."""
        return (self.low + self.high) // 2

    def doubt(self):
        """How far from the error that can be, ms. (Drift can have let the two bounds pass each other by a millisecond or two.)"""
        return abs(self.high - self.low) // 2 + TRANSFER_MS

    def wait_ms(self, clock, phase_ms):
        """How long to wait for the next look: until the chip's second changes, if the error is the middle. phase_ms: its seconds begin so long after UTC's."""
        return (phase_ms + self.error() - clock[1]) % 1000 or 1000
