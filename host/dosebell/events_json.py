"""An event as the JSON that scripts may rely on, and as a line for people."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from typing import Any

from dosebell.times import Instant, rfc3339
from dosecore.events import FIELDS, Event
from dosecore.instant import add, sub
from dosecore.regimen import KEYS

_FIELDS_OF = dict(FIELDS)

# boot -> [(seq of a clock-set, UTC - mono)], in order of seq
Offsets = dict[int, list[tuple[int, Instant]]]


def offsets(events: Iterable[Event]) -> Offsets:
    """The clock settings among `events` (in order of seq), by boot."""
    found: Offsets = {}
    for event in events:
        if event.kind == "clock-set":
            found.setdefault(event.boot, []).append((event.seq, sub(event.detail["utc"], event.mono)))
    return found


def resolved_utc(event: Event, known: Offsets) -> Instant | None:
    """The event's UTC; where it was unknown, by the next setting of the clock in the same boot (T-06), else None."""
    if event.utc is not None:
        return event.utc  # type: ignore[no-any-return]
    for seq, offset in known.get(event.boot, ()):
        if seq > event.seq:
            return add(event.mono, offset)  # type: ignore[no-any-return]
    return None


def as_json(event: Event, known: Offsets) -> dict[str, Any]:
    """The contract's object, keys in its order. `quality` stays what it was when the event happened: "unknown" with a `utc` says that it became known later."""
    seconds, ms = event.mono
    return {
        "seq": event.seq,
        "boot": event.boot,
        "mono_ms": seconds * 1000 + ms,
        "utc": rfc3339(resolved_utc(event, known)),
        "quality": event.quality,
        "kind": event.kind,
        "cycle": event.cycle,
        "slot": event.slot,
        "detail": detail_json(event),
    }


def detail_json(event: Event) -> dict[str, Any]:
    """The detail with instants as RFC 3339 and bytes as base64."""
    shown: dict[str, Any] = {}
    for name, kind in _FIELDS_OF[event.kind]:
        value = event.detail[name]
        if kind == "t":
            value = rfc3339(value)
        elif kind == "b":
            value = base64.b64encode(value).decode()
        elif kind == "R":
            value = {key: value[key] for key in KEYS}
        shown[name] = value
    return shown


def words(event: Event) -> str:
    """The detail in a few words for people."""
    detail = event.detail
    if event.kind == "dose-started":
        parts = [] if detail["variance_ms"] is None else [f"{detail['variance_ms'] / 60000:+.1f} min"]
        parts += [f"override {detail['override']}"] if detail["override"] else []
        return ", ".join(parts)
    if event.kind == "configured":
        parts = [
            detail["regimen"]["name"],
            *([detail["label"]] if detail["label"] else []),
            *(["armed"] if detail["armed"] else []),
        ]
        return ", ".join(parts)
    if event.kind == "checkpoint":
        return ""
    if event.kind == "cycle-completed":
        return ", ".join(f"{count} {outcome}" for outcome, count in detail.items() if count)
    parts = []
    for name, kind in _FIELDS_OF[event.kind]:
        value = detail[name]
        if value in (None, "", False) or kind == "t":
            continue
        parts.append(name if value is True else value if isinstance(value, str) else f"{name} {value}")
    return ", ".join(parts)
