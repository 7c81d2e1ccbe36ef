"""What a press means: START, HOLD and PAUSE, short and long, judged against the state (section 3 of the requirements).

Each function is `f(state, args, now)` and returns events or a Refusal; it changes nothing.
"""

from dosecore.instant import ms_between, plus
from dosecore.refusals import Refusal
from dosecore.state import ANY_BUTTON, LATCHED, TECHNICAL, UNDO_S
from dosecore.timeline import due, event, in_cycle, next_cycle_from, utc

OVERRIDE_EARLY_MIN = 240  # a dose can be overridden at most this long before its due
RESUME_MIN = 24 * 60  # how long a stopped course can be resumed at the bed


def oldest_open(state):
    """(number, phase) of the earliest slot not closed, which the buttons mean; (0, "") where there is none."""
    if state.course != "running" or not in_cycle(state, state.current):
        return 0, ""
    slot = state.open.get(state.current)
    return state.current, "waiting" if slot is None else slot.phase


def why_not_start(state, now):
    """(reason, UTC from which it would be possible or None) when START cannot start or resume a dose now, else None (S-02)."""
    number, phase = oldest_open(state)
    if not number or phase == "ended":
        return "no-slot-open", None
    if phase == "infusing":
        return "infusing", None
    if phase == "interrupted":
        return None
    at = utc(state, now)
    if at is None:
        # The schedule is unknown, but a start of this boot still forbids the next for the gap.
        starts = [mono for _, _, mono in state.unresolved]
        return ("gap", None) if starts and now < plus(max(starts), state.regimen.min_gap) else None
    opens = plus(due(state, number), -state.regimen.early)
    if phase != "due" and at < opens:
        return "too-early", opens
    if state.last_start is not None:
        gap_ends = plus(state.last_start, state.regimen.min_gap)
        if at < gap_ends:
            return "gap", gap_ends
    return None


def start(state, args, now):
    reason = why_not_start(state, now)
    override = args.get("override", False)
    if reason is not None and not (override and reason[0] in ("too-early", "gap")):
        number, _ = oldest_open(state)
        return [event(state, "start-refused", now, {"reason": reason[0], "not_before": reason[1]}, number)]
    number, phase = oldest_open(state)
    if phase == "interrupted":
        remaining = state.regimen.infusion * 1000 - state.open[number].infused_ms
        return [event(state, "dose-resumed", now, {"remaining_ms": remaining}, number)]
    at = utc(state, now)
    is_due = due(state, number)
    detail = {
        "variance_ms": None if at is None else ms_between(at, is_due),
        "override": reason[0] if reason else "",
        "due": is_due,
    }
    return [event(state, "dose-started", now, detail, number)]


def can_override(state, now):
    """Whether START held 3 s may offer an override now (S-02)."""
    reason = why_not_start(state, now)
    if reason is None or reason[0] not in ("too-early", "gap"):
        return False
    if reason[0] == "gap":
        return True
    number, _ = oldest_open(state)
    return utc(state, now) >= plus(due(state, number), -OVERRIDE_EARLY_MIN * state.regimen.minute)


def prepare(state, args, now):
    """START held 3 s where nothing can start: the armed course, the next cycle, or a stopped course again."""
    at = utc(state, now)
    armed = state.course == "ready" and state.armed
    resumable = (
        state.course == "stopped"
        and state.stopped_at is not None
        and not state.stale
        and now <= plus(state.stopped_at, RESUME_MIN * state.regimen.minute)
    )
    next_cycle = state.course == "resting" and state.cycle < state.regimen.cycles
    if not (armed or resumable or next_cycle):
        return []
    if at is None:
        return [event(state, "start-refused", now, {"reason": "clock-unknown", "not_before": None})]
    if resumable:
        return [event(state, "course-resumed", now)]
    if armed:
        return [
            event(state, "course-started", now, {"mode": "bedside", "last": None}),
            event(state, "cycle-started", now, {"due": at}, 1, 1),
        ]
    if at < next_cycle_from(state):
        return []
    return [event(state, "cycle-started", now, {"due": at}, 1, state.cycle + 1)]


def hold(state, args, now):
    number, phase = oldest_open(state)
    if phase == "waiting":
        at = utc(state, now)
        if at is None or at < plus(due(state, number), -state.regimen.early):
            return Refusal("too-early" if at is not None else "clock-unknown")
    elif phase not in ("due", "late", "overdue"):
        return Refusal("no-slot-open")
    return [event(state, "dose-on-hold", now, {"reason": "unspecified"}, number)]


def infused_ms(state, slot, now):
    if slot.run_from is None:
        return slot.infused_ms
    return slot.infused_ms + ms_between(now, slot.run_from)


def interrupt(state, args, now):
    number, phase = oldest_open(state)
    if phase != "infusing":
        return Refusal("no-slot-open")
    infused = infused_ms(state, state.open[number], now)
    return [event(state, "dose-interrupted", now, {"cause": "bedside", "infused_ms": infused}, number)]


def stop_infusion(state, args, now):
    number, phase = oldest_open(state)
    if phase != "interrupted":
        return Refusal("no-slot-open")
    return [event(state, "dose-stopped", now, {"by": "bedside", "infused_ms": state.open[number].infused_ms}, number)]


def take_reason(state, args, now):
    """The reason chosen at the bed is taken, for the slot that is on hold."""
    number, phase = oldest_open(state)
    if phase != "on-hold" or number != args["slot"]:
        return []
    return [event(state, "dose-reason", now, {"reason": args["reason"], "by": "bedside"}, number)]


def newest_undo(state, now):
    """The newest press that can be taken back now, or None (S-04)."""
    if not state.undos or state.undos[-1].mono < plus(now, -UNDO_S):
        return None
    return state.undos[-1]


def undo(state, args, now):
    undo = newest_undo(state, now)
    if undo is None:
        return Refusal("no-slot-open")
    return [event(state, "dose-undone", now, {"press": undo.press}, undo.number)]


def pause(state, args, now):
    return [event(state, "audio-paused", now)]


def to_acknowledge(state, latched, until=None):
    """Standing alarms that a press can end: those of any button, or the latched ones (raised no later than `until`)."""
    if not latched:
        return [a for a in state.alarms if a.condition in ANY_BUTTON and a.ended is None]
    return [
        a
        for a in state.alarms
        if (a.condition in LATCHED or (a.condition in TECHNICAL and not a.acknowledged))
        and a.ended is None
        and (until is None or a.since <= until)
    ]


def acknowledge(state, args, now):
    found = to_acknowledge(state, args["latched"], args.get("until"))
    return [event(state, "alert-acknowledged", now, {"condition": a.condition}, a.slot, a.cycle) for a in found]
