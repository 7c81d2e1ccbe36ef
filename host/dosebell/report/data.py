"""The report as data: what the page says, for programs (`dosebell --json report`, schemas/report.json)."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from dosebell.chart import Answer, ChartedCourse, ChartedSlot
from dosebell.events_json import as_json as event_json
from dosebell.report import figures, handover
from dosebell.report.facts import Facts
from dosebell.report.words import Clock
from dosebell.times import rfc3339
from dosecore.regimen import KEYS


def as_json(facts: Facts, file: Path | None) -> dict[str, Any]:
    """The object, keys in the order of its schema. file: where the page was written, None for nowhere."""
    checked, journal = facts.checked, facts.journal
    return {
        "file": None if file is None else str(file),
        "made": rfc3339(facts.made),
        "pulled": rfc3339(facts.pulled),
        "as_of": rfc3339(facts.as_of),
        "since": rfc3339(facts.filters.get("since")),
        "until": rfc3339(facts.filters.get("until")),
        "device": {
            "id": journal.device,
            "label": journal.label,
            "board": journal.board,
            "firmware": journal.firmware,
            "journal": journal.id,
            "quality": facts.quality,
            "bench": facts.bench,
        },
        "proof": {
            "proven": facts.proven,
            "first_bad_seq": checked.bad[0].seq if checked.bad else None,
            "events": checked.events,
            "first_seq": checked.first,
            "last_seq": checked.last,
            "pulls": checked.pulls,
            "fingerprint": checked.seal,
        },
        "attention": handover.attention(facts, Clock([facts.as_of, facts.made], seconds=facts.bench)),
        "course": None if facts.course is None else _course(facts.course),
        "doses": [_dose(slot) for slot in facts.slots],
        "variance": asdict(figures.variance(facts.slots, facts.course)),
        "answers": [
            {
                "condition": one.condition,
                "calls": one.calls,
                "answered": one.answered,
                "median_ms": one.median_ms,
                "worst_ms": one.worst_ms,
            }
            for one in figures.answers(facts.slots, facts.answers)
        ],
        "gaps": [{"first_seq": gap.first, "last_seq": gap.last, "cause": gap.cause} for gap in facts.gaps],
        "events": [event_json(event, facts.offsets) for event, _ in facts.events],
    }


def _course(course: ChartedCourse) -> dict[str, Any]:
    return {
        "number": course.number,
        "complete": course.complete,
        "state": course.state,
        "mode": course.mode or None,
        "label": course.label,
        "regimen": None if course.regimen is None else {key: course.regimen[key] for key in KEYS},
        "started": rfc3339(course.started),
        "stopped": rfc3339(course.stopped),
        "completed": rfc3339(course.completed),
        "counts": course.counts(),
        "cycles": [
            {"cycle": cycle, "first_due": rfc3339(course.cycles[cycle]), "counts": course.counts(cycle)}
            for cycle in sorted(course.cycles)
        ],
    }


def _dose(slot: ChartedSlot) -> dict[str, Any]:
    return {
        "cycle": slot.cycle,
        "slot": slot.number,
        "due": rfc3339(slot.due),
        "not_before": rfc3339(slot.not_before),
        "end": rfc3339(slot.end),
        "phase": slot.phase,
        "outcome": slot.outcome or None,
        "started": rfc3339(slot.started),
        "ended": rfc3339(slot.ended),
        "variance_ms": slot.variance_ms,
        "infused_ms": slot.infused_ms,
        "override": slot.override,
        "holds": [{"at": rfc3339(one.at), "until": rfc3339(one.until), "reason": one.reason} for one in slot.holds],
        "interruptions": [
            {
                "at": rfc3339(one.at),
                "resumed": rfc3339(one.resumed),
                "cause": one.cause,
                "infused_ms": one.infused_ms,
            }
            for one in slot.interruptions
        ],
        "reason": slot.reason or None,
        "corrections": [
            {
                "at": rfc3339(one.at),
                "outcome": one.outcome,
                "started": rfc3339(one.started),
                "ended": rfc3339(one.ended),
                "reason": one.reason,
                "before": {
                    "outcome": one.outcome_before,
                    "started": rfc3339(one.started_before),
                    "ended": rfc3339(one.ended_before),
                },
            }
            for one in slot.corrections
        ],
        "undone": [{"press": press, "at": rfc3339(at)} for press, at in slot.undone],
        "answer": None if slot.answer is None else _answer(slot.answer),
        "events": slot.seqs,
        "complete": slot.complete,
    }


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "called": rfc3339(answer.called),
        "answered": rfc3339(answer.answered),
        "by": answer.by or None,
        "ms": answer.ms,
    }
