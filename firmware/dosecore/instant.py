"""Arithmetic of instants: tuples (seconds, ms), 0 <= ms < 1000, compared as tuples.

Small ints only: on the Pico a small int has 31 bits, and 64-bit milliseconds would allocate at every step of the loop. Seconds may be negative
(an instant before this boot); ms never is. Durations are whole seconds unless a name ends in `_ms`.
"""


def plus(instant, seconds):
    """The instant `seconds` (whole, may be negative) later."""
    return (instant[0] + seconds, instant[1])


def plus_ms(instant, ms):
    """The instant `ms` milliseconds (may be negative) later."""
    ms += instant[1]
    return (instant[0] + ms // 1000, ms % 1000)


def add(a, b):
    """Sum of two (seconds, ms) pairs: monotonic instant + offset = UTC instant."""
    ms = a[1] + b[1]
    if ms >= 1000:
        return (a[0] + b[0] + 1, ms - 1000)
    return (a[0] + b[0], ms)


def sub(a, b):
    """Difference a - b as a normalised pair: UTC instant - offset = monotonic instant."""
    ms = a[1] - b[1]
    if ms < 0:
        return (a[0] - b[0] - 1, ms + 1000)
    return (a[0] - b[0], ms)


def ms_between(a, b):
    """a - b in whole milliseconds, signed. Beyond 12 days this is a big integer on the Pico: not for the loop."""
    return (a[0] - b[0]) * 1000 + a[1] - b[1]
