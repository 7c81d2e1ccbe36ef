"""A light's rhythm in words and as a strip of its last seconds: for eyes that do not tell red from green, and for speeds at which nobody sees a blink."""

from collections.abc import Sequence
from itertools import pairwise

from dosebell.sim.pins import EdgeLog

DARK, STEADY, CHANGING = "dark", "steady", "changing"
# Two whole periods of the slowest rhythm fit into this, three flashes each 3 s among them.
LOOK_BACK_S = 8.0
# No rhythm leaves a light alone for longer: a light that has not changed since is steady or dark.
QUIET_S = 2.0
# Two stretches of one rhythm differ by less than this: an effect may come 20 ms late, at either end, and an erase takes 45 ms.
TOLERANCE_S = 0.07
# A flash is lit for less than this share of its period, or of its first pulse and pause.
FLASH_SHARE = 0.25
SLOW_HZ, FAST_HZ = 0.8, 1.5
FLASHES = {1: "short flash", 2: "double flash", 3: "triple flash"}
# The strip: so many characters, the last of them now, each of two halves. A half is lit if the light was for so much of it: a flash of 100 ms shows.
CELLS, HALF_S = 12, 0.125
HALF_LIT = 0.35
HALVES = {(False, False): "·", (True, False): "▌", (False, True): "▐", (True, True): "█"}
# The board feeds its watchdog, and toggles the light `alive`, at least this often.
FEED_S = 8.4


def rhythm_words(light: EdgeLog, now: float) -> str:
    """What the light does at `now`: "dark", "steady", "slow blink", "blink", "fast blink", "short flash", "double flash", or "changing"."""
    edges = [edge for edge in light.since(now - LOOK_BACK_S) if edge.t <= now]
    if not edges or now - edges[-1].t > QUIET_S:
        return STEADY if light.level_at(now) else DARK
    stretches = [later.t - edge.t for edge, later in pairwise(edges)]
    for pulses in FLASHES:
        period = _period(stretches, 2 * pulses)
        if period is not None and now - edges[-1].t <= period[0] + TOLERANCE_S:
            return _named(period, pulses, last_is_on=not edges[-1].level)
    return CHANGING


def _period(stretches: Sequence[float], length: int) -> Sequence[float] | None:
    """The newest `length` stretches, if all before them were the same in turn, for two periods and QUIET_S at least."""
    span_s, count = 0.0, 0
    while count < 2 * length or span_s < QUIET_S:
        count += 1
        if count > len(stretches):
            return None
        span_s += stretches[-count]
        if count > length and abs(stretches[-count] - stretches[length - count]) > TOLERANCE_S:
            return None
    return stretches[-length:]


def _named(period: Sequence[float], pulses: int, last_is_on: bool) -> str:
    """The name of a rhythm whose stretches are on and off in turn."""
    if pulses > 1:
        return FLASHES[pulses]
    lit = period[1] if last_is_on else period[0]
    if lit / sum(period) <= FLASH_SHARE:
        return FLASHES[1]
    frequency = 1 / sum(period)
    return "slow blink" if frequency < SLOW_HZ else "fast blink" if frequency > FAST_HZ else "blink"


def strip(light: EdgeLog, now: float) -> str:
    """The last 3 s, a character a quarter of a second, the newest at the right. Its cells stand still on the clock: so it moves by whole ones."""
    newest = int(now / (2 * HALF_S))
    return "".join(
        HALVES[_half(light, 2 * cell, now), _half(light, 2 * cell + 1, now)]
        for cell in range(newest + 1 - CELLS, newest + 1)
    )


def _half(light: EdgeLog, number: int, now: float) -> bool:
    """Whether half a cell is lit; those to come are dark."""
    start, end = number * HALF_S, min((number + 1) * HALF_S, now)
    return start < now and _lit_share(light, start, end) > HALF_LIT


def _lit_share(light: EdgeLog, start: float, end: float) -> float:
    """For which part of the time from `start` to `end` the light was lit."""
    if end <= start:
        return float(light.level_at(end))
    level, at, lit = light.level_at(start), start, 0.0
    for edge in light.since(start):
        if edge.t >= end:
            break
        lit += edge.t - at if level else 0.0
        level, at = edge.level, edge.t
    return (lit + (end - at if level else 0.0)) / (end - start)


def alive_words(light: EdgeLog, now: float) -> str:
    """Whether the board's own light has toggled of late, as it does at each feed of the watchdog."""
    return "beats" if any(edge.t <= now for edge in light.since(now - FEED_S)) else "STUCK"
