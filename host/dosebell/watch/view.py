"""The rows that `dosebell watch` shows, made of what is known of the beds and of nothing else: alerts first, then each bed, details where there is room."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from dosebell.cli.status import SAFE_MODE, alert_name, course_words, distance, place
from dosebell.times import span
from dosebell.watch.bed import Bed

WIDTH, HEIGHT = 80, 24
NOBODY = "No Dosebell is attached. One that is plugged in shows here by itself."
# How a priority is marked: by letters, and then by style.
_MARKS = {"medium": "!!", "low": "! ", "light": "- "}
_STYLES = {"medium": "bold black on yellow", "low": "bold yellow", "light": ""}
_ORDER = ("medium", "", "low", "light")  # "": a bed that is not heard
_NAME, _NAME_MOST, _SLOT, _NOW, _ALERT = 14, 25, 17, 30, 23  # columns; what comes last has the rest


def rows(
    beds: Sequence[Bed], now_s: float, clock: str, *, width: int = WIDTH, height: int = HEIGHT, foot: str = ""
) -> list[Text]:
    """`height` rows. now_s: monotonic. clock: this computer's time, as it is shown. foot: the last row."""
    title = _fitted(f" DOSEBELL  {_summary(beds)}", clock + " ", width, "bold reverse")
    last = [Text(set_cell_size(" " + foot, width), "reverse")] if foot else []
    room = height - 1 - len(last)
    middle = _Page(beds, now_s, width).rows(room)
    middle += [Text()] * (room - len(middle))
    for row in middle:
        row.truncate(width)
    return [title, *middle[:room], *last][:height]


def text(beds: Sequence[Bed], now_s: float, width: int = WIDTH) -> list[str]:
    """Alerts and beds as lines, however many there are, without title and foot."""
    found = [row.plain.rstrip() for row in _Page(beds, now_s, width).rows(10_000)]
    return found if found[0] else found[1:]


def _summary(beds: Sequence[Bed]) -> str:
    devices = sum(1 for bed in beds if bed.id)
    alerts = sum(len(bed.alerts) for bed in beds)
    lost = Counter(bed.trouble_words for bed in beds if bed.error is not None and not _is_stranger(bed))
    return ", ".join(
        [
            f"{devices or 'no'} device{'' if devices == 1 else 's'}",
            f"{alerts or 'no'} alert{'' if alerts == 1 else 's'}",
            *(f"{count} {words}" for words, count in sorted(lost.items())),
        ]
    )


def _is_stranger(bed: Bed) -> bool:
    """A board of somebody else's: no bed is missing."""
    return bed.answer is None and bed.error is not None and bed.error.code == "not-a-dosebell"


class _Page:
    """One moment of the beds, in rows of one width."""

    def __init__(self, beds: Sequence[Bed], now_s: float, width: int) -> None:
        self._beds = beds
        self._now_s = now_s
        self._width = width
        self._name = min(_NAME_MOST, max(_NAME, _NAME + width - WIDTH))
        self._names = _names(beds, self._name)

    def rows(self, room: int) -> list[Text]:
        """All rows, or as many of the most important as `room` has: details go first, then the ends of the lists, and it is said how many."""
        if not self._beds:
            return [Text(), Text(" " + NOBODY)]
        alerts = self._alerts()
        beds = [self._bed_rows(bed, name) for bed, name in zip(self._beds, self._names, strict=True)]
        under = [Text(), self._row(" " + self._columns("BED", "SLOT", "NOW", "NEXT DUE"), "bold underline")]
        full = [*alerts, *under, *(row for one in beds for row in one)]
        if len(full) <= room:
            return full
        short = [one[0] for one in beds]
        alerts = _shortened(alerts, max(4, room - len(under) - len(short)), "alerts")
        return [*alerts, *under, *_shortened(short, max(2, room - len(under) - len(alerts)), "beds")]

    # -- alerts, and beds that are not heard
    def _alerts(self) -> list[Text]:
        found: list[tuple[tuple[int, int], Text]] = []
        for bed, name in zip(self._beds, self._names, strict=True):
            if bed.error is not None and not _is_stranger(bed):
                found.append(((_ORDER.index(""), 0), self._lost_row(bed, name)))
            for alert in bed.alerts:
                priority = alert["priority"] if alert["priority"] in _MARKS else "medium"
                left = None if alert["since"] is None else bed.left_s(alert["since"], self._now_s)
                age_s = 0 if left is None else -left
                words = self._alert_row(bed, name, alert, priority, None if left is None else age_s)
                found.append(((_ORDER.index(priority), age_s), words))
        if not found:
            return [Text(), Text(" No alerts.", "bold")]
        found.sort(key=lambda one: one[0])  # the highest, then the newest
        heading = "    " + _cell("BED", self._name) + _cell("ALERT", _ALERT) + _cell("SLOT", _SLOT) + "FOR"
        return [self._row(heading, "bold underline"), *(row for _, row in found)]

    def _alert_row(self, bed: Bed, name: str, alert: dict[str, Any], priority: str, age_s: int | None) -> Text:
        since = "when last heard" if bed.error is not None else "" if age_s is None else span(max(0, age_s))
        sound = {"on": "", "off": "silent"}.get(alert["audio"], alert["audio"])
        return self._cut(
            Text.assemble(
                f" {_MARKS[priority]} ",
                _cell(name, self._name),
                (_cell(alert_name(alert), _ALERT - 1), _STYLES[priority]),
                " ",
                _cell(place(alert), _SLOT),
                ", ".join(part for part in (since, sound) if part),
            )
        )

    def _lost_row(self, bed: Bed, name: str) -> Text:
        words = f"{bed.trouble_words} since {span(int(self._now_s - bed.since_s))}"
        return self._cut(Text.assemble(" ?? ", _cell(name, self._name), (words, "bold reverse")))

    # -- beds
    def _columns(self, name: str, slot: str, now: str, following: str) -> str:
        return _cell(name, self._name) + _cell(slot, _SLOT) + _cell(now, _NOW) + following

    def _bed_rows(self, bed: Bed, name: str) -> list[Text]:
        """The bed's row, and what stands under it where there is room."""
        if bed.answer is None:
            why = "" if bed.error is None else f"   {bed.error.sentence} {bed.advice}"
            return [self._row(" " + _cell(name, self._name) + bed.trouble_words), self._row(why, "dim")]
        course, device = bed.answer["course"], bed.answer["device"]
        columns = self._columns(name, place(course), _now(bed, self._now_s), _next(bed, self._now_s))
        first = self._row(" " + columns, "" if bed.error is None else "dim")
        first.stylize("bold", 1, 1 + self._name)
        counts = (f"{number} {outcome}" for outcome, number in course["counts"].items() if number)
        under = (bed.port if bed.error is None else "", device["id"], course["regimen"] or "", *counts)
        made = [first, self._row("   " + ", ".join(part for part in under if part), "dim")]
        if device["bench"]:
            made.append(self._row("   BENCH: minutes are seconds here; not for a patient", "bold"))
        if device.get("safe_mode"):
            made.append(self._row(f"   SAFE MODE: {SAFE_MODE}", "bold"))
        if bed.error is not None:
            made.append(self._row(f"   Above is what it last said. {bed.advice}", "dim"))
        return made

    def _row(self, words: str, style: str = "") -> Text:
        return self._cut(Text(words, style))

    def _cut(self, row: Text) -> Text:
        row.truncate(self._width, pad=True)
        return row


def _now(bed: Bed, now_s: float) -> str:
    """What happens at the bed, and the countdown that belongs to it."""
    assert bed.answer is not None
    course = bed.answer["course"]
    if not course["slot"]:
        return course_words({**course, "regimen": None})
    phase = course["phase"] or course["state"]
    left = bed.infusion_left_s(now_s)
    if left is not None:
        return f"{phase}, {span(left)} left"
    if bed.offset_ms is None:
        return f"{phase}, clock not set"
    barred = None if course["not_before"] is None else bed.left_s(course["not_before"], now_s)
    if barred is not None and barred > 0 and phase != "waiting":
        return f"{phase}, not before {span(barred)}"
    due = None if course["due"] is None else bed.left_s(course["due"], now_s)
    if due is None:
        return str(phase)
    return f"due {distance(due)}" if phase == "waiting" else f"{phase}, due {distance(due)}"


def _next(bed: Bed, now_s: float) -> str:
    """When the next slot is due; before that, what must be seen in every row."""
    assert bed.answer is not None
    course, device = bed.answer["course"], bed.answer["device"]
    if device.get("safe_mode"):
        return "SAFE MODE"
    left = None
    if course["next_due"] is not None and not (course["next_due"] == course["due"] and course["phase"] == "waiting"):
        left = bed.left_s(course["next_due"], now_s)
    return " ".join(
        part for part in ("BENCH" if device["bench"] else "", "" if left is None else distance(left)) if part
    )


# -- text
def _names(beds: Sequence[Bed], size: int) -> list[str]:
    """How each bed is called: its label, with the end of the id where several have the same; else the id, or the port."""
    count = Counter(bed.label for bed in beds)
    return [
        f"{set_cell_size(bed.label, size - 6).rstrip()} {bed.id[-4:]}"
        if bed.label and count[bed.label] > 1
        else bed.label or (bed.id if len(bed.id) < size else f"{bed.id[:4]}~{bed.id[6 - size :]}") or bed.port
        for bed in beds
    ]


def _shortened(found: list[Text], room: int, what: str) -> list[Text]:
    """As many as there is room for, and how many more there are."""
    if len(found) <= room:
        return found
    more = len(found) - room + 1
    return [*found[: room - 1], Text(f" and {more} more {what}: make this window larger", "bold")]


def _cell(words: str, size: int) -> str:
    """`words` in `size` columns, one of them empty; of what is longer the beginning."""
    if cell_len(words) >= size:
        words = set_cell_size(words, size - 2).rstrip() + "~"
    return set_cell_size(words, size)


def _fitted(left: str, right: str, width: int, style: str) -> Text:
    """`left` and `right` at the two ends of a row; what is on the right is left out where both do not fit."""
    room = width - cell_len(left) - cell_len(right)
    return Text(set_cell_size(left + " " * room + right if room > 0 else left, width), style)
