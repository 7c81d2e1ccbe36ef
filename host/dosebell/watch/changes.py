"""What is new at a bed, one change at a time: a line for people, an object with always the same keys for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dosebell.cli.status import alert_name, clock_words, contract, course_words, place, slot_words
from dosebell.times import span
from dosebell.watch.bed import Bed
from dosebell.watch.ward import Step

KINDS = (
    "connected",
    "lost",
    "restarted",
    "course",
    "slot",
    "alert",
    "sound",
    "alert-over",
    "clock",
    "safe-mode",
    "fault",
)
# Conditions that are a slot's phase: the line of the slot tells them too.
_PHASES = ("due", "late", "overdue", "on-hold", "interrupted")
# One alert with a number: its slot is the newest of them, and another slot makes no other alert.
_COUNTED = ("missed-doses", "doses-not-observed")


@dataclass(frozen=True)
class Change:
    """One thing that is new. kind: one of KINDS. alert: the one meant, as the device gave it."""

    kind: str
    bed: Bed
    words: str
    alert: dict[str, Any] | None = None

    def line(self, at: str) -> str:
        """For people and for grep: time, the device's id (or port), its label, what is new."""
        bed = self.bed
        return f"{at} {bed.id or bed.port}{' ' + bed.label if bed.label else ''}: {self.words}"

    def as_json(self, at: str) -> dict[str, Any]:
        """For scripts. `status` is that of `dosebell status --json` after the change, null while there is none or it is not heard."""
        bed = self.bed
        said = None if bed.answer is None else contract(bed.answer)
        number = None
        if said is not None and self.alert is not None:
            number = next((n for n, one in enumerate(bed.alerts) if _key(one) == _key(self.alert)), None)
        return {
            "at": at,
            "change": self.kind,
            "device": bed.id or None,
            "label": bed.label,
            "port": bed.port,
            "text": self.words,
            "condition": None if self.alert is None else self.alert["condition"],
            "alert": None if said is None or number is None else said["alerts"][number],
            "error": None if bed.error is None else bed.error.as_json(),
            "status": said if bed.error is None else None,
        }


def changes(step: Step) -> list[Change]:
    """What a step of the ward tells, in the order in which it is told."""
    before, after = step.before, step.after
    if after is None:
        return []
    if after.error is not None:
        if before is not None and before.trouble_words == after.trouble_words:
            return []
        return [Change("lost", after, f"{after.trouble_words}. {after.advice}")]
    return list(_heard(before, after))


def _heard(before: Bed | None, after: Bed) -> Iterator[Change]:
    assert after.answer is not None
    new, old = after.answer, None if before is None else before.answer
    if before is None or before.error is not None:
        away = "" if old is None or before is None else f" again, after {span(int(after.heard_s - before.since_s))}"
        bench = ", BENCH" if new["device"]["bench"] else ""
        yield Change("connected", after, f"connected{away}, on {after.port}: {_summary(new)}{bench}")
    if old is None:
        for alert in new["alerts"]:
            yield Change("alert", after, _alert_words(alert), alert)
        return
    if new["clock"]["mono"] < old["clock"]["mono"]:
        yield Change("restarted", after, "restarted")
    if new["device"].get("safe_mode") and not old["device"].get("safe_mode"):
        yield Change("safe-mode", after, "SAFE MODE")
    if new["clock"]["quality"] != old["clock"]["quality"]:
        yield Change("clock", after, f"clock: {clock_words(new['clock'])}")
    if new["journal"]["faults"] > old["journal"]["faults"]:
        yield Change("fault", after, f"journal: {new['journal']['faults']} faults")
    yield from _course(after, new, old)
    yield from _alerts(after, new, old)


def _course(after: Bed, new: dict[str, Any], old: dict[str, Any]) -> Iterator[Change]:
    course, was = new["course"], old["course"]
    keys = ("state", "armed", "regimen", "cycle")
    if [course[key] for key in keys] != [was[key] for key in keys] or new["device"]["label"] != old["device"]["label"]:
        yield Change("course", after, f"course {course_words(course)}")
    keys = ("cycle", "slot", "phase", "due")
    if course["slot"] and [course[key] for key in keys] != [was[key] for key in keys]:
        alert = next((one for one in new["alerts"] if _is_phase(one, course)), None)
        sound = "" if alert is None else f"; {alert['priority']} alert, sound {alert['audio']}"
        yield Change("slot", after, slot_words(course) + sound, alert)


def _alerts(after: Bed, new: dict[str, Any], old: dict[str, Any]) -> Iterator[Change]:
    were = {_key(alert): alert for alert in old["alerts"]}
    for alert in new["alerts"]:
        was = were.pop(_key(alert), None)
        if was is None:
            if not (_is_phase(alert, new["course"]) and _slot_is_new(new, old)):
                yield Change("alert", after, _alert_words(alert), alert)
        elif (alert["priority"], alert.get("count")) != (was["priority"], was.get("count")):
            yield Change("alert", after, _alert_words(alert), alert)
        elif alert["audio"] != was["audio"]:
            yield Change("sound", after, f"{_named(alert)}: sound {alert['audio']}", alert)
    for alert in were.values():
        if not (_is_phase(alert, old["course"]) and _slot_is_new(new, old)):
            yield Change("alert-over", after, f"over: {_named(alert)}", alert)


def _key(alert: dict[str, Any]) -> tuple[Any, ...]:
    condition = alert["condition"]
    return (condition,) if condition in _COUNTED else (condition, alert["cycle"], alert["slot"])


def _is_phase(alert: dict[str, Any], course: dict[str, Any]) -> bool:
    """Whether the alert is the phase of the slot that the course shows."""
    return alert["condition"] in _PHASES and _key(alert) == (course["phase"], course["cycle"], course["slot"])


def _slot_is_new(new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether the slot shown, or its phase, is another than before: its own line says so."""
    return any(new["course"][key] != old["course"][key] for key in ("cycle", "slot", "phase"))


def _named(alert: dict[str, Any]) -> str:
    return alert_name(alert) + (f" ({place(alert)})" if alert["slot"] else "")


def _alert_words(alert: dict[str, Any]) -> str:
    return f"{alert['priority']} alert: {_named(alert)}, sound {alert['audio']}"


def _summary(answer: dict[str, Any]) -> str:
    course = answer["course"]
    return "; ".join(part for part in (course_words(course), slot_words(course) if course["slot"] else "") if part)
