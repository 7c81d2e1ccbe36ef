"""The timeline: a cycle as rows of inline SVG, one for each calendar day (four slots where they are shorter). No colour is needed to read it.

In each row: a line from every slot's due to its end with number and due time above; dots where the minimum gap forbids the dose, hatching while it is
on hold, a block while it infuses; below, the outcome as a shape with a letter, and a few words. Nights are shaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup, escape

from dosebell.chart import ChartedSlot
from dosebell.report import words
from dosebell.times import Instant, to_instant
from dosecore.instant import ms_between, plus

WIDTH, LEFT, RIGHT = 720, 66, 714
HEIGHT, AXIS_HEIGHT = 49, 16
_LINE = 24  # y of the slots' line
_WORDS = 41  # y of the outcome
_NIGHT_FROM, _NIGHT_TO = 22, 6  # hours of local time
_LETTER = 5.0  # mean width of a letter of the words below, in units
_DAY_INTERVAL_S = 4 * 3600  # from this interval on a row is a day
_PER_ROW = 4  # slots in a row of a shorter one
_STANDING = ("infusing", "interrupted", "on-hold")
_LONGEST_S = 6 * 3600  # an infusion is four hours at most, and some interruption
_END = ' text-anchor="end"'
# The shape of each outcome or phase, drawn once at the top of the page.
_BADGES = {
    **{key: key for key in ("given", "partial", "held", "missed", "unknown", "infusing", "interrupted", "planned")},
    **dict.fromkeys(("due", "late", "overdue"), "open"),
    "on-hold": "held",
    "dropped": "planned",
}


@dataclass(frozen=True)
class Row:
    """A stretch of time that is drawn as one picture. marks: (instant, words) of the axis. nights: shaded stretches."""

    begin: Instant
    end: Instant
    title: str
    marks: tuple[tuple[Instant, str], ...]
    nights: tuple[tuple[Instant, Instant], ...]

    def x(self, at: Instant) -> float:
        """Where an instant lies; those outside lie at the edges."""
        part = ms_between(at, self.begin) / ms_between(self.end, self.begin)
        return float(round(LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, part)), 1))

    def holds(self, at: Instant | None) -> bool:
        return at is not None and self.begin <= at < self.end

    def meets(self, begin: Instant, end: Instant) -> bool:
        return begin < self.end and end > self.begin


def badges() -> Markup:
    """The shapes, each with its letter: filled round for given, half for partial, square for held, diamond for missed, dashed for not observed."""
    y = _WORDS
    disc = f'<circle cy="{y}" r="6.5" class="{{}}"/>'
    shapes = {
        "given": disc.format("g"),
        "partial": disc.format("o") + f'<path d="M-6.5 {y}a6.5 6.5 0 0 0 13 0z" class="gl"/>',
        "held": f'<path d="M-6 {y - 6}h12v12h-12z" class="o"/>',
        "missed": f'<path d="M0 {y - 8}l8 8-8 8-8-8z" class="x"/>',
        "unknown": disc.format("u"),
        "planned": f'<circle cy="{y}" r="3" class="p"/>',
    }
    plain = f'<rect x="-6.5" y="{y - 6.5:g}" width="13" height="13" rx="3" class="o"/>'
    parts = []
    for name in dict.fromkeys(_BADGES.values()):
        letter = words.LETTERS["due" if name == "open" else name] if name != "planned" else ""
        kind = "l" if name in ("given", "missed") else "k"
        text = f'<text y="{y + 3.5:g}" text-anchor="middle" class="{kind}">{letter}</text>' if letter else ""
        parts.append(f'<g id="{name}">{shapes.get(name, plain)}{text}</g>')
    return Markup("".join(parts))


def axis(row: Row) -> Markup:
    """The hours above the rows of a cycle."""
    parts = [f'<svg viewBox="0 0 {WIDTH} {AXIS_HEIGHT}" aria-hidden="true" class="ax">']
    for at, text in row.marks:
        anchor = "start" if at == row.begin else "end" if at == row.end else "middle"
        parts.append(f'<text x="{row.x(at):g}" y="12" text-anchor="{anchor}">{escape(text)}</text>')
    return Markup("".join(parts) + "</svg>")


def rows(slots: list[ChartedSlot], regimen: dict[str, Any] | None, as_of: Instant | None) -> list[Row]:
    """The rows in which anything of these slots lies; none where no slot has a known time."""
    spans = [span for slot in slots for span in (_extent(slot, as_of, tail=False),) if span is not None]
    if not spans:
        return []
    interval = _interval(regimen)
    found: list[Row] = []
    for begin, end in _together(spans):
        days = interval is None or interval >= _DAY_INTERVAL_S
        cut = _days(begin, end) if days else _stretches(begin, end, interval or 0)
        found += [row for row in cut if any(row.meets(*span) for span in spans)]
    return found


def picture(row: Row, slots: list[ChartedSlot], as_of: Instant | None, clock: words.Clock) -> Markup:
    """One row. Its words for those who do not see it: the day, and each dose that is due in it with its outcome."""
    drawn = [slot for slot in slots if (span := _extent(slot, as_of)) is not None and row.meets(*span)]
    told = "; ".join(f"dose {slot.number} {_alt(slot)}" for slot in drawn if row.holds(slot.due))
    label = escape(f"{row.title}: {told or 'no dose due'}")
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{label}">']
    nights = "".join(f"M{row.x(begin):g} 0H{row.x(end):g}V{HEIGHT - 2}H{row.x(begin):g}z" for begin, end in row.nights)
    hours = "".join(f"M{row.x(at):g} 0V{HEIGHT - 2}" for at, _ in row.marks[1:-1])
    parts.append(f'<path d="{nights}" class="night"/><path d="{hours}" class="h"/>')
    for number, line in enumerate(row.title.split(", ")):
        parts.append(f'<text x="0" y="{21 + 13 * number}" class="{"b" if not number else "m"}">{escape(line)}</text>')
    for slot in drawn:
        parts += _slot(row, slot, as_of, clock)
    if as_of is not None and row.holds(as_of):
        x = row.x(as_of)
        parts.append(f'<path d="M{x:g} 13V34" class="now"/>')
        parts.append(
            f'<text x="{x - 3 if x > RIGHT - 45 else x + 3:g}" y="20"{_END if x > RIGHT - 45 else ""} class="n">log ends</text>'
        )
    return Markup("".join(parts) + "</svg>")


# -- which rows


def _together(spans: list[tuple[Instant, Instant]]) -> list[tuple[Instant, Instant]]:
    """What lies within two days of each other is one stretch: a clock that was wrong by years makes no years of empty rows."""
    found: list[tuple[Instant, Instant]] = []
    for begin, end in sorted(spans):
        if found and begin <= plus(found[-1][1], 2 * 86_400):
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((begin, end))
    return found


def _until_now(slot: ChartedSlot, as_of: Instant | None) -> Instant | None:
    """Until when something that stands is drawn: the end of the log, but no longer than it can have lasted (a log can be pulled weeks later)."""
    if slot.phase not in _STANDING or as_of is None:
        return None
    known = [at for at in (slot.end, slot.started and plus(slot.started, _LONGEST_S)) if at is not None]
    return min(as_of, max(known)) if known else as_of


def _interval(regimen: dict[str, Any] | None) -> int | None:
    """The interval in seconds."""
    return None if regimen is None else int(regimen["interval_min"]) * (1 if regimen["bench"] else 60)


def _extent(slot: ChartedSlot, as_of: Instant | None, *, tail: bool = True) -> tuple[Instant, Instant] | None:
    """From the first to the last instant of a slot, with or without the tail of its window in which nothing happened; None when nothing of it is known."""
    standing = _until_now(slot, as_of)
    known = [at for at in (slot.due, slot.end if tail else None, slot.started, slot.ended, standing) if at is not None]
    known += [at for hold in slot.holds for at in (hold.at, hold.until) if at is not None]
    if not known:
        return None
    return min(known), max(max(known), plus(min(known), 1))


def _days(begin: Instant, end: Instant) -> Iterator[Row]:
    """Calendar days of local time; one on which the clocks change has 23 or 25 hours."""
    day = words.here(begin).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0)
    while to_instant(day.astimezone()) < end:
        hours = [to_instant((day + timedelta(hours=hour)).astimezone()) for hour in range(25)]
        marks = tuple((hours[hour], f"{hour:02d}:00") for hour in range(0, 25, 3))
        nights = (hours[0], hours[_NIGHT_TO]), (hours[_NIGHT_FROM], hours[24])
        yield Row(hours[0], hours[24], f"{day:%a}, {day.day} {day:%b}", marks, nights)
        day += timedelta(days=1)


def _stretches(begin: Instant, end: Instant, interval: int) -> Iterator[Row]:
    """Stretches of a few slots, from a little before the first."""
    at = begin
    while at < end:
        until = plus(at, _PER_ROW * interval)
        marks = tuple(
            (plus(at, part * interval), f"{words.here(plus(at, part * interval)):%H:%M:%S}")
            for part in range(_PER_ROW + 1)
        )
        moment = words.here(at)
        yield Row(at, until, f"{moment:%a}, {moment.day} {moment:%b}", marks, tuple(_nights(at, until)))
        at = until


def _nights(begin: Instant, end: Instant) -> Iterator[tuple[Instant, Instant]]:
    day: datetime = words.here(begin).replace(tzinfo=None, hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=1
    )
    while to_instant(day.astimezone()) < end:
        night = [to_instant((day + timedelta(hours=hour)).astimezone()) for hour in (_NIGHT_FROM, 24 + _NIGHT_TO)]
        if night[0] < end and night[1] > begin:
            yield max(night[0], begin), min(night[1], end)
        day += timedelta(days=1)


# -- what is drawn


def _box(x: float, y: float, until: float, bottom: float, kind: str, least: float = 0) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{max(until - x, least):g}" height="{bottom - y:g}" class="{kind}"/>'


def _slot(row: Row, slot: ChartedSlot, as_of: Instant | None, clock: words.Clock) -> Iterator[str]:
    due, end = slot.due, slot.end
    if due is not None:
        last = end or plus(due, 60)
        if row.meets(due, last):
            yield f'<path d="M{row.x(due):g} {_LINE}H{row.x(last):g}" class="w"/>'
        if slot.not_before is not None and row.meets(due, slot.not_before):
            yield _box(row.x(due), _LINE - 4, row.x(slot.not_before), _LINE + 4, "nb")
    for hold in slot.holds:
        until = hold.until or (_until_now(slot, as_of) if slot.phase == "on-hold" else end)
        if hold.at is not None and until is not None and row.meets(hold.at, until):
            yield _box(row.x(hold.at), _LINE - 5, row.x(until), _LINE + 5, "hold", 2)
    yield from _infusion(row, slot, as_of)
    if row.holds(due) and due is not None:
        yield from _label(row, slot, due, clock)
    elif due is not None and due < row.begin and end is not None and end > row.begin:
        yield f'<text x="{LEFT + 2}" y="11" class="m">◂ {slot.number}</text>'


def _infusion(row: Row, slot: ChartedSlot, as_of: Instant | None) -> Iterator[str]:
    begin = slot.started
    if begin is None:
        return
    finish = slot.ended or _until_now(slot, as_of) or plus(begin, 60)
    if not row.meets(begin, max(finish, plus(begin, 1))):
        return
    yield _box(row.x(begin), _LINE - 7, row.x(finish), _LINE + 7, "part" if slot.outcome == "partial" else "inf", 3)
    for stop in slot.interruptions:
        until = stop.resumed or finish
        if stop.at is not None and row.meets(stop.at, until) and stop.at < until:
            yield _box(row.x(stop.at), _LINE - 7, row.x(until), _LINE + 7, "gap", 1.5)


def _label(row: Row, slot: ChartedSlot, due: Instant, clock: words.Clock) -> Iterator[str]:
    """Number and time above, outcome and words below."""
    x = row.x(due)
    yield f'<path d="M{x:g} 4V34" class="d"/>'
    above = clock.time(due)
    room = RIGHT - x
    flip = room < 24 + 5.4 * len(above)
    yield f'<text x="{x - 3 if flip else x + 3:g}" y="11"{_END if flip else ""}><tspan class="b">{slot.number}</tspan> {escape(above)}</text>'
    said = _said(slot)
    space = min(room, row.x(slot.end) - x if slot.end is not None and row.x(slot.end) > x else room) - 20
    turned = space < _LETTER * min(len(said), 8)
    most = int((110 if turned else space) / _LETTER)
    if len(said) > most:
        said = said[: max(most - 1, 0)].rstrip() + "…"
    centre = x - 9 if turned else x + 9
    yield f'<use href="#{_BADGES[words.outcome(slot)]}" x="{centre:g}"/>'
    if said:
        at = centre - 10 if turned else centre + 10
        yield f'<text x="{at:g}" y="{_WORDS + 3.5:g}"{_END if turned else ""}>{escape(said)}</text>'


def _said(slot: ChartedSlot) -> str:
    """A few words beside the shape."""
    kind = words.outcome(slot)
    parts = []
    if kind in ("given", "infusing") and slot.variance_ms is not None:
        parts.append(words.signed(words.short(slot.variance_ms), slot.variance_ms))
    elif kind in ("given", "infusing"):
        parts.append("start not known")
    elif kind == "partial":
        parts.append("partial" if slot.infused_ms is None else words.short(slot.infused_ms))
    elif kind in ("held", "on-hold"):
        parts.append(words.reason(slot.hold_reason) if slot.hold_reason not in ("", "unspecified") else "held")
    elif kind in ("missed", "unknown"):
        parts.append({"missed": "missed", "unknown": "not observed"}[kind])
    elif kind != "planned":
        parts.append(words.OUTCOMES[kind].lower())
    if slot.recorded:
        parts.append("corrected")
    return ", ".join(parts)


def _alt(slot: ChartedSlot) -> str:
    said = words.OUTCOMES[words.outcome(slot)].lower()
    return (
        f"{said} {words.signed(words.short(slot.variance_ms), slot.variance_ms)}"
        if slot.variance_ms is not None
        else said
    )
