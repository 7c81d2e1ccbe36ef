"""Times, durations and outcomes as a report says them. Local time with its zone named; durations to the second, exact to the ms in the events."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from dosebell.chart import ChartedSlot
from dosebell.times import Instant, to_datetime

NOT_KNOWN = "time not known"
LETTERS = {
    "given": "G",
    "partial": "P",
    "held": "H",
    "missed": "M",
    "unknown": "?",
    "infusing": "▶",
    "interrupted": "‖",
    "on-hold": "H",
    "due": "!",
    "late": "!",
    "overdue": "!",
    "planned": "·",
    "dropped": "–",
}
OUTCOMES = {
    "given": "Given",
    "partial": "Partial",
    "held": "Held",
    "missed": "Missed",
    "unknown": "Not observed",
    "infusing": "Infusing",
    "interrupted": "Interrupted",
    "on-hold": "On hold",
    "due": "Due",
    "late": "Late",
    "overdue": "Overdue",
    "planned": "Planned",
    "waiting": "Planned",
    "dropped": "Dropped",
}
CALLS = {
    "due": "Dose due",
    "late": "Dose late",
    "overdue": "Overdue",
    "missed-doses": "Missed doses",
    "doses-not-observed": "Doses not observed",
    "on-hold": "On hold",
    "infusion-ended": "Infusion ended (flush the line)",
    "next-cycle": "Next cycle may begin",
    "supportive-care": "Review supportive drugs",
    "interrupted": "Interrupted",
    "review-holds": "Many holds: review",
    "clock-lost": "Clock lost",
    "journal-fault": "Log fault",
    "self-test-failed": "Device fault",
    "stuck-button": "Button stuck",
    "maintenance": "Maintenance",
    "journal-nearly-full": "Log nearly full",
    "pre-dose-check": "Check before the dose",
}
PRESSES = {
    "start": "START",
    "hold": "HOLD",
    "interrupt": "interruption",
    "resume": "resumption",
    "stop": "stop of the infusion",
}
OVERRIDES = {
    "too-early": "started before its window, by override",
    "gap": "started within the minimum gap, by override",
}
SOURCES = {
    "host": "a computer",
    "rtc": "the clock chip",
    "recovered": "what the restart had kept",
    "bedside": "the bed",
    "restart": "a restart",
    "clock": "the clock",
}
REFUSED = {
    "infusing": "an infusion was running",
    "no-slot-open": "no dose was open",
    "clock-unknown": "the clock was not known",
    "too-early": "too early",
    "gap": "within the minimum gap",
}
# Name and unit of each value of a regimen; "": none.
REGIMEN = {
    "name": ("Name", ""),
    "interval_min": ("Interval", "min"),
    "infusion_min": ("Infusion", "min"),
    "max_doses": ("Doses in a cycle, at most", ""),
    "max_days": ("Days of a cycle, at most", "none"),
    "cycles": ("Cycles", ""),
    "cycle_days": ("First due to next cycle, days", ""),
    "anchor": ("Due counted from", ""),
    "early_min": ("Start allowed before due", "min"),
    "late_min": ("Late after", "min"),
    "overdue_min": ("Overdue after", "min"),
    "missed_min": ("Missed after", "min"),
    "min_gap_min": ("Minimum gap, start to start", "min"),
    "hold_remind_min": ("Reminder while on hold, every", "off"),
    "hold_review_count": ("Review after holds", "none"),
    "pre_dose_check_min": ("Check before the dose", "off"),
    "supportive_care_review_min": ("Review of supportive drugs after", "off"),
    "bench": ("Bench (every minute is a second)", ""),
}


def setting(regimen: dict[str, Any], key: str) -> str:
    """A value of a regimen with its unit; 0 is "off" or "none" where it means that."""
    value, kind = regimen[key], REGIMEN[key][1]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key == "anchor":
        return {"grid": "a fixed grid", "start": "the start before"}[value]
    if kind in ("off", "none") and not value:
        return kind
    return f"{value} {'s' if regimen['bench'] else 'min'}" if key.endswith("_min") else str(value)


def here(at: Instant) -> datetime:
    """The instant in this computer's time zone."""
    return to_datetime(at).astimezone()


class Clock:
    """Writes instants in local time. Where the clocks change between `instants`, each time names its zone. seconds: never leave them out (bench)."""

    def __init__(self, instants: Iterable[Instant | None], *, seconds: bool = False) -> None:
        self.seconds = seconds
        known = sorted(at for at in instants if at is not None)
        ends = [here(at) for at in (known[:1] + known[-1:])]
        zones = {(moment.tzname() or "local", moment.strftime("%z")) for moment in ends}
        self.both = len(zones) > 1
        self.zones = " and ".join(
            f"{name} (UTC{offset[:3]}:{offset[3:]})" for name, offset in sorted(zones, key=lambda zone: zone[1])
        )

    def _zone(self, moment: datetime) -> str:
        return f" {moment.tzname()}" if self.both else ""

    def day(self, at: Instant) -> str:
        """Sat 21 Nov"""
        moment = here(at)
        return f"{moment:%a} {moment.day} {moment:%b}"

    def time(self, at: Instant | None, *, seconds: bool = False) -> str:
        """14:02, or 14:02:05"""
        if at is None:
            return NOT_KNOWN
        moment = here(at)
        return (
            f"{moment:%H:%M:%S}{self._zone(moment)}"
            if seconds or self.seconds
            else f"{moment:%H:%M}{self._zone(moment)}"
        )

    def full(self, at: Instant | None, *, seconds: bool = False) -> str:
        """Sat 21 Nov 14:02"""
        return NOT_KNOWN if at is None else f"{self.day(at)} {self.time(at, seconds=seconds)}"

    def dated(self, at: Instant | None) -> str:
        """Sat 21 Nov 2026 14:02"""
        if at is None:
            return NOT_KNOWN
        return f"{self.day(at)} {here(at).year} {self.time(at)}"

    def near(self, at: Instant | None, other: Instant | None) -> str:
        """The time to the second; with its day where that is not the day of `other`."""
        if at is None:
            return NOT_KNOWN
        same = other is not None and here(other).date() == here(at).date()
        return self.time(at, seconds=True) if same else self.full(at, seconds=True)


def duration(ms: int) -> str:
    """2 h 14 min 5 s; rounded to the second."""
    seconds = (abs(ms) + 500) // 1000
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    mins, secs = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (mins, "min"), (secs, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"


def short(ms: int) -> str:
    """1 h 16 min; seconds only where there is less than a minute, minutes where there is less than a day. What has passed is rounded down."""
    seconds = abs(ms) // 1000
    if seconds < 60:
        return f"{seconds} s"
    days, rest = divmod(seconds // 60, 1440)
    hours, mins = divmod(rest, 60)
    parts = [(days, "d"), (hours, "h"), (0 if days else mins, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number)


def signed(words: str, ms: int) -> str:
    """+2 min, −25 min (a true minus), or ±0 s."""
    return ("+" if ms > 0 else "−" if ms < 0 else "±") + words


def variance(ms: int | None) -> str:
    """Actual start minus due, to the second; "" where it is not known."""
    return "" if ms is None else signed(duration(ms), ms)


def outcome(slot: ChartedSlot) -> str:
    """The slot's outcome, or its phase while it has none, as a key of OUTCOMES."""
    return slot.outcome or slot.phase


def reason(word: str) -> str:
    """A hold's reason in words."""
    return {"": "no reason given", "unspecified": "no reason given"}.get(word, word.replace("-", " "))


def counted(number: int, one: str, many: str = "") -> str:
    """1 dose, 2 doses"""
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """a, b and c"""
    found = list(words)
    return found[0] if len(found) == 1 else f"{', '.join(found[:-1])} and {found[-1]}" if found else ""
