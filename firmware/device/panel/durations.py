"""Durations as the display says them, and when each says something else. Pure.

What is left is rounded up and what has passed is rounded down: seconds within the last minute, then minutes, from a day on hours. Never a clock time.
"""

from dosecore.instant import plus, sub

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def words(seconds):
    """ "45 s", "12 min", "2 h 14 min", "8 d 4 h"; what is smaller than the last word is left out."""
    if seconds < _MINUTE:
        return "%d s" % seconds
    if seconds < _HOUR:
        return "%d min" % (seconds // _MINUTE)
    if seconds < _DAY:
        return "%d h %d min" % (seconds // _HOUR, seconds % _HOUR // _MINUTE)
    return "%d d %d h" % (seconds // _DAY, seconds % _DAY // _HOUR)


def _step(seconds):
    """How finely a duration of up to so many seconds is told."""
    if seconds <= _MINUTE:
        return 1
    return _MINUTE if seconds <= _DAY else _HOUR


def whole(ms):
    """`words` of some milliseconds, rounded up: what is left of an infusion that stands."""
    s = (ms + 999) // 1000
    step = _step(s)
    return words(-(-s // step) * step)


def left(until, now):
    """(words, instant at which they change) of the time from `now` to `until`; ("0 s", None) when that is past."""
    s, ms = sub(until, now)
    if ms:
        s += 1
    if s <= 0:
        return words(0), None
    step = _step(s)
    shown = -(-s // step) * step
    return words(shown), plus(until, step - shown)


def passed(since, now):
    """(words, instant at which they change) of the time from `since` to `now`."""
    s = max(sub(now, since)[0], 0)
    step = _step(s + 1)
    shown = s // step * step
    return words(shown), plus(since, shown + step)
