"""When things fall: due, earliest, end and closing of a slot, and what the clock brings next.

Everything is calculated from the state at the time of asking; nothing is scheduled. Dues are UTC; what the clock brings is monotonic and exact.
"""

from dosecore.events import Event
from dosecore.instant import add, plus, plus_ms, sub

INTERRUPTED_MIN = 15  # an interruption is answered within these minutes even when the slot's end is sooner
FLUSH_CALL_MIN = 30  # how long "infusion ended" calls

# Of several things at one instant the lowest rank comes first (S-11).
_INFUSION_END, _CLOSING, _CYCLE_END, _DUE, _LATE, _OVERDUE, _ALERT = range(7)


def utc(state, mono):
    """UTC of a monotonic instant, or None while the clock is unknown."""
    return None if state.offset is None else add(mono, state.offset)


def event(state, kind, mono, detail=None, slot=0, cycle=None):
    """An Event stamped with this state's clock; `cycle` defaults to the current one where a slot is named."""
    if cycle is None:
        cycle = state.cycle if slot else 0
    return Event(kind, mono, utc(state, mono), state.quality, state.boot, cycle, slot, detail)


def due(state, number):
    """UTC at which a slot of the current cycle is due, as it stands (R-03)."""
    slot = state.open.get(number)
    if slot is not None:
        return slot.due
    base, base_due = state.bases[0]
    for later, later_due in state.bases:
        if later <= number:
            base, base_due = later, later_due
    return plus(base_due, (number - base) * state.regimen.interval)


def in_cycle(state, number):
    """Whether the cycle has that slot: the cap of doses and the day limit are two rules (R-04)."""
    regimen = state.regimen
    if number > regimen.max_doses:
        return False
    return not regimen.span or due(state, number) < plus(state.first_due, regimen.span)


def earliest(state, number):
    """UTC before which the gap forbids the slot's start (R-05): its due, or the last actual start + gap if that is later."""
    at = due(state, number)
    if state.last_start is not None:
        allowed = plus(state.last_start, state.regimen.min_gap)
        if allowed > at:
            return allowed
    return at


def end(state, number):
    """UTC at which the slot ends: the next slot's due as it stands, or for the last slot its due + interval."""
    if in_cycle(state, number + 1):
        return due(state, number + 1)
    return plus(due(state, number), state.regimen.interval)


def closing(state, number):
    """UTC at which the slot, unanswered, closes."""
    missed = plus(earliest(state, number), state.regimen.missed)
    last = end(state, number)
    return missed if missed < last else last


def first_untouched(state):
    """Number of the first slot to which nothing has happened; it can lie beyond the cycle's last."""
    number = state.current
    while number in state.open or (number <= state.regimen.max_doses and state.outcome(number)):
        number += 1
    return number


def untouched(state):
    """The first slot of the cycle to which nothing has happened, or None."""
    number = first_untouched(state)
    return number if in_cycle(state, number) else None


def slot_count(state):
    """Number of slots that the cycle has as it stands."""
    number = state.current - 1
    while in_cycle(state, number + 1):
        number += 1
    return number


def next_cycle_from(state):
    """UTC from which the next cycle may start (S-08)."""
    return plus(state.first_due, state.regimen.cycle_span)


def infusion_ends(state, slot):
    """Monotonic instant at which the running infusion of `slot` is over."""
    return plus_ms(slot.run_from, state.regimen.infusion * 1000 - slot.infused_ms)


class _Earliest:
    """Keeps the first of the offered happenings: (instant, rank), then the order of offering."""

    def __init__(self, state):
        self.state = state
        self.at = None
        self.rank = 0
        self.kind = ""
        self.slot = 0
        self.detail = None

    def offer(self, at, rank, kind, slot=0, detail=None):
        if self.at is None or at < self.at or (at == self.at and rank < self.rank):
            self.at = at
            self.rank = rank
            self.kind = kind
            self.slot = slot
            self.detail = detail

    def offer_utc(self, at, rank, kind, slot=0, detail=None):
        self.offer(sub(at, self.state.offset), rank, kind, slot, detail)


def _offer_open_slot(found, state, slot):
    """What the clock brings to a slot that something has happened to."""
    number, phase = slot.number, slot.phase
    if phase == "infusing":
        if slot.run_from is None:
            detail = {"cause": "restart", "infused_ms": slot.proved_ms}
            found.offer(state.watch_from, _INFUSION_END, "dose-interrupted", number, detail)
        elif not state.stale:
            found.offer(infusion_ends(state, slot), _INFUSION_END, "dose-completed", number)
        return
    if phase == "ended":
        if not state.stale:
            found.offer(
                slot.since, _CLOSING, "dose-closed", number, {"outcome": "partial" if slot.partial else "given"}
            )
        return
    if state.offset is None or state.course != "running":
        return
    if phase == "interrupted":
        at = sub(end(state, number), state.offset)
        answered = plus(slot.since, INTERRUPTED_MIN * state.regimen.minute)
        if answered > at:
            at = answered
        found.offer(at, _CLOSING, "dose-stopped", number, {"by": "clock", "infused_ms": slot.infused_ms})
    elif phase == "on-hold":
        found.offer_utc(end(state, number), _CLOSING, "dose-closed", number, {"outcome": "held"})
    else:
        found.offer_utc(closing(state, number), _CLOSING, "dose-closed", number, {"outcome": "missed"})
        if phase != "overdue":
            _offer_phase(found, state, number, phase)


def _offer_phase(found, state, number, phase):
    """The next of due, late, overdue. What passed unobserved is skipped: only the newest of it is brought (T-04)."""
    at = sub(earliest(state, number), state.offset)
    overdue = plus(at, state.regimen.overdue)
    late = plus(at, state.regimen.late)
    if phase == "late" or overdue <= state.watch_from:
        found.offer(overdue, _OVERDUE, "dose-overdue", number)
    elif phase == "due" or late <= state.watch_from:
        found.offer(late, _LATE, "dose-late", number)
    else:
        found.offer(sub(due(state, number), state.offset), _DUE, "dose-due", number)


def _offer_untouched(found, state, number):
    """What the clock brings to the first slot to which nothing has happened."""
    is_due = sub(due(state, number), state.offset)
    if is_due > state.watch_from:
        found.offer(is_due, _DUE, "dose-due", number)
    else:
        closes = sub(closing(state, number), state.offset)
        if closes <= state.watch_from:
            outcome = "missed" if state.told_to_look_away else "unknown"
            found.offer(closes, _CLOSING, "dose-closed", number, {"outcome": outcome})
            return
        _offer_phase(found, state, number, "waiting")
    check = state.regimen.pre_dose_check
    if check and number == state.current and number != state.checked_slot:
        at = plus(is_due, -check)
        if state.closed_at > at:
            at = state.closed_at  # when the slot was opened
        if at < is_due:
            found.offer(at, _ALERT, "alert-raised", number, _raised("pre-dose-check"))


def _raised(condition, count=1):
    return {"condition": condition, "count": count}


def _offer_alerts(found, state):
    for alarm in state.alarms:
        if not alarm.logged:
            found.offer(alarm.since, _ALERT, "alert-raised", alarm.slot, _raised(alarm.condition, alarm.count))
        elif alarm.ended is not None:
            found.offer(alarm.ended, _ALERT, "alert-cleared", alarm.slot, {"condition": alarm.condition})
        elif alarm.condition == "infusion-ended":
            at = plus(alarm.since, FLUSH_CALL_MIN * state.regimen.minute)
            found.offer(at, _ALERT, "alert-cleared", alarm.slot, {"condition": alarm.condition})
    if state.care_at is not None and (not state.stale or state.old_offset is None):
        found.offer(state.care_at, _ALERT, "alert-raised", 0, _raised("supportive-care"))
    more = state.course == "resting" and state.cycle < state.regimen.cycles
    if more and not state.next_called and state.offset is not None:
        at = sub(next_cycle_from(state), state.offset)
        found.offer(at if at > state.closed_at else state.closed_at, _ALERT, "alert-raised", 0, _raised("next-cycle"))


def _next(state):
    found = _Earliest(state)
    _offer_alerts(found, state)
    if state.cycle:
        for number in sorted(state.open):
            _offer_open_slot(found, state, state.open[number])
    if state.course == "running":
        number = untouched(state)
        if number is not None:
            if state.offset is not None:
                _offer_untouched(found, state, number)
        elif not state.open and not state.stale:
            given, partial, held, missed, unknown = state.tally().counts()
            found.offer(
                state.closed_at,
                _CYCLE_END,
                "cycle-completed",
                0,
                {"given": given, "partial": partial, "held": held, "missed": missed, "unknown": unknown},
            )
    elif state.course == "resting" and state.cycle == state.regimen.cycles and not state.stale:
        found.offer(state.closed_at, _CYCLE_END, "course-completed", 0, {})
    return found


def next_instant(state):
    """Monotonic instant at which the clock brings the next event, or None. It can lie in the past: then the event is waiting to be taken."""
    return _next(state).at


def next_clock_event(state, now):
    """The earliest event that the clock has brought at or before `now`, stamped with its exact instant, or None.

    Apply it and ask again: one event can bring the next at the same instant.
    """
    found = _next(state)
    if found.at is None or found.at > now:
        return None
    if found.kind == "dose-due":
        at = earliest(state, found.slot)
        found.detail = {"not_before": at if at > due(state, found.slot) else None}
    cycle = state.cycle if found.slot or found.kind in ("cycle-completed", "course-completed") else 0
    return event(state, found.kind, found.at, found.detail, found.slot, cycle)
