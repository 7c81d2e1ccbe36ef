"""The `course` and `alerts` parts of `status`, as plain data: instants as (s, ms), UTC, or None. What the words mean stands in docs/protocol.md."""

from dosecore.alerts import MEDIUM, PRIORITIES, alerts
from dosecore.instant import ms_between, sub
from dosecore.presses import oldest_open
from dosecore.timeline import due, earliest, infusion_ends, untouched, utc

_COUNTS = ("given", "partial", "held", "missed", "unknown")


def no_course(state):
    """The course without anything that is derived: what is left to say when that fails, and what holds when no slot is open."""
    return {
        "state": state.course,
        "armed": state.armed,
        "regimen": None if state.regimen is None else state.regimen.name,
        "cycle": state.cycle or None,
        "slot": None,
        "phase": None,
        "due": None,
        "not_before": None,
        "variance_ms": None,
        "counts": dict.fromkeys(_COUNTS, 0),
        "next_due": None,
        "infusion": None,
    }


def safe_alert(state):
    """The alert of safe mode, when the others cannot be found."""
    return [_alert("self-test-failed", MEDIUM, None, 0, 0, "on", 1)]


def course_view(state, now):
    """The course at `now`."""
    number, phase = oldest_open(state)
    view = no_course(state)
    view["slot"] = number or None
    view["phase"] = phase or None
    if state.cycle:
        view["counts"] = dict(zip(_COUNTS, state.tally().counts()))
    if not number:
        return view
    view["due"] = is_due = due(state, number)
    slot = state.open.get(number)
    if slot is None or slot.start is None:
        at = earliest(state, number)
        if at > is_due:
            view["not_before"] = at
    else:
        view["variance_ms"] = ms_between(slot.start, is_due)
    coming = untouched(state)
    if coming is not None:
        view["next_due"] = due(state, coming)
    if slot is not None and phase in ("infusing", "interrupted"):
        view["infusion"] = _infusion(state, slot, now)
    return view


def _infusion(state, slot, now):
    remaining_ms = state.regimen.infusion * 1000 - slot.infused_ms
    ends = None
    if slot.run_from is not None and not state.stale:
        over = infusion_ends(state, slot)
        ends = utc(state, over)
        left = sub(over, now)
        remaining_ms = max(0, left[0] * 1000 + left[1])
    return {"started": slot.start, "ends": ends, "remaining_s": (remaining_ms + 999) // 1000}


def _alert(condition, priority, since, cycle, slot, audio, count):
    return {
        "condition": condition,
        "priority": PRIORITIES[priority],
        "since": since,
        "cycle": cycle or None,
        "slot": slot or None,
        "audio": audio,
        "count": count,
    }


def alerts_view(state, now):
    """The standing alerts at `now`, the most urgent first."""
    return [
        _alert(a.condition, a.priority, utc(state, a.since), a.cycle, a.slot, a.audio, a.count)
        for a in alerts(state, now)
    ]
