"""Times as people, JSON and the wire say them.

On the wire an instant is [seconds, ms] since 2020-01-01T00:00:00Z; in JSON it is RFC 3339 UTC with ms; people read and type local time.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dosebell.errors import DosebellError

Instant = tuple[int, int]

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "min": 60, "s": 1}
_OFFSET = re.compile(r"([+-])((?:\d+(?:d|h|min|m|s))+)$")
_PART = re.compile(r"(\d+)(d|h|min|m|s)")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})$")
_MS = timedelta(milliseconds=1)


def now_utc() -> datetime:
    """This computer's time, cut to ms."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def to_instant(moment: datetime) -> Instant:
    """(seconds, ms) since 2020 of an aware datetime, cut to ms."""
    seconds, ms = divmod((moment - EPOCH) // _MS, 1000)
    return seconds, ms


def to_datetime(instant: Sequence[int]) -> datetime:
    return EPOCH + timedelta(seconds=instant[0], milliseconds=instant[1])


def rfc3339(instant: Sequence[int] | None) -> str | None:
    """UTC with ms, as in 2026-11-22T14:30:00.000Z; None stays None."""
    if instant is None:
        return None
    moment = to_datetime(instant)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def zone(moment: datetime | None = None) -> str:
    """The name of this computer's time zone at `moment`."""
    return (moment or now_utc()).astimezone().tzname() or "local"


def local(instant: Sequence[int] | None, *, seconds: bool = False, absent: str = "unknown") -> str:
    """For people: local date and time with the zone named."""
    if instant is None:
        return absent
    moment = to_datetime(instant).astimezone()
    return (
        f"{moment:%a %Y-%m-%d %H:%M:%S} {moment.tzname()}"
        if seconds
        else f"{moment:%a %Y-%m-%d %H:%M} {moment.tzname()}"
    )


def local_short(instant: Sequence[int]) -> str:
    """Local date and time for a table whose heading names the zone."""
    return f"{to_datetime(instant).astimezone():%m-%d %H:%M:%S}"


def minutes(ms: int | None) -> str:
    """A signed difference in minutes, as variance is shown: "+12.5 min"."""
    return "" if ms is None else f"{ms / 60000:+.1f} min"


def span(seconds: int) -> str:
    """A duration for people: "2 d 3 h", "2 h 14 min", "14 min", "9 s"."""
    days, rest = divmod(abs(seconds), 86400)
    hours, rest = divmod(rest, 3600)
    mins, secs = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    if hours:
        return f"{hours} h {mins} min"
    if mins:
        return f"{mins} min {secs} s" if mins < 10 and secs else f"{mins} min"
    return f"{secs} s"


def _from_local(naive: datetime, field: str, text: str) -> datetime:
    """A local time as an instant; refused where the clocks change and it names none, or two."""
    first, second = naive.replace(fold=0).astimezone(UTC), naive.replace(fold=1).astimezone(UTC)
    if first != second:
        raise DosebellError("ambiguous-time", field=field, value=text)
    return first


def parse(text: str, *, field: str = "The time", past: bool = False, now: datetime | None = None) -> Instant:
    """The instant that a person means. `past`: a bare HH:MM is the latest such time, not the next one.

    Accepts `now`, `+2h` (also d, m, min, s, and combined: `+1h30m`; `-10m`), `HH:MM`, RFC 3339 with a zone, and a date and time without one,
    which is local. Errors: bad-time, ambiguous-time.
    """
    now = now or now_utc()
    word = text.strip()
    if word.lower() == "now":
        return to_instant(now)
    offset = _OFFSET.match(word.lower())
    if offset:
        seconds = sum(int(number) * _UNITS[unit] for number, unit in _PART.findall(offset[2]))
        if seconds > 400 * 86400:
            raise DosebellError("bad-time", field=field, value=text)
        return to_instant(now + timedelta(seconds=seconds if offset[1] == "+" else -seconds))
    clock = _CLOCK.match(word)
    try:
        if clock:
            here = now.astimezone().replace(tzinfo=None, second=0, microsecond=0)
            naive = here.replace(hour=int(clock[1]), minute=int(clock[2]))
            day = timedelta(days=-1 if past else 1)
            passed = naive > now.astimezone().replace(tzinfo=None) if past else naive <= here - timedelta(minutes=1)
            return to_instant(_from_local(naive + day if passed else naive, field, text))
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise DosebellError("bad-time", field=field, value=text) from None
    if len(word) < 16:  # a bare date is not a time
        raise DosebellError("bad-time", field=field, value=text)
    if moment.tzinfo is None:
        moment = _from_local(moment, field, text)
    return to_instant(moment.astimezone(UTC))
