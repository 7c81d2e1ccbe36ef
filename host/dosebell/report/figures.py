"""Counts, variances and answer times of a course, with their medians and their worst."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from dosebell.chart import Answer, ChartedCourse, ChartedSlot


@dataclass(frozen=True)
class Variance:
    """Of started doses whose due and start are known, in ms: earliest, median, latest. within: started from early to late of the regimen, None without one."""

    doses: int
    earliest_ms: int | None
    median_ms: int | None
    latest_ms: int | None
    within: int | None


@dataclass(frozen=True)
class Answers:
    """Of calls of one condition: how many, how many a person answered, median and longest time to the answer (ms), and the call of the longest."""

    condition: str
    calls: int
    answered: int
    median_ms: int | None
    worst_ms: int | None
    worst: Answer | None


def variance(slots: list[ChartedSlot], course: ChartedCourse | None) -> Variance:
    """Of the doses given or partial, and of one that infuses."""
    found = [
        (ms, slot)
        for slot in slots
        if slot.outcome in ("given", "partial", "") and slot.phase not in ("planned", "dropped")
        for ms in (slot.variance_ms,)
        if ms is not None
    ]
    values = [ms for ms, _ in found]
    regimen = course.regimen if course is not None else None
    within = None
    if regimen is not None:
        minute_ms = 1000 if regimen["bench"] else 60_000
        early, late = regimen["early_min"] * minute_ms, regimen["late_min"] * minute_ms
        within = sum(-early <= ms < late for ms in values)
    if not values:
        return Variance(0, None, None, None, within)
    return Variance(len(values), min(values), round(median(values)), max(values), within)


def answers(slots: list[ChartedSlot], others: list[Answer]) -> list[Answers]:
    """Per condition, doses first, then in the order in which they first called."""
    calls = [slot.answer for slot in slots if slot.answer is not None] + others
    conditions = list(dict.fromkeys(answer.condition for answer in calls))
    return [_of(condition, [answer for answer in calls if answer.condition == condition]) for condition in conditions]


def _of(condition: str, calls: list[Answer]) -> Answers:
    timed = [(answer.ms, answer) for answer in calls if answer.ms is not None]
    answered = sum(answer.by not in ("", "cleared") for answer in calls)
    if not timed:
        return Answers(condition, len(calls), answered, None, None, None)
    worst_ms, worst = max(timed, key=lambda one: one[0])
    return Answers(condition, len(calls), answered, round(median(ms for ms, _ in timed)), worst_ms, worst)
