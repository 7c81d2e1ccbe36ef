"""What a change from the host means: configure, course start and stop, next cycle, reschedule, dose record and reason.

Each function is `f(state, args, now)` and returns events or a Refusal; it changes nothing. The arguments come off the wire: nothing about them is trusted.
"""

from dosecore import regimen_rules
from dosecore.events import OUTCOMES, REASONS
from dosecore.instant import plus
from dosecore.presses import infused_ms, newest_undo
from dosecore.refusals import Refusal
from dosecore.state import OUTCOME_BITS, WAS_ON_HOLD
from dosecore.timeline import due, event, in_cycle, next_cycle_from, slot_count, untouched, utc

_LAST_SECOND = 0x3FFFFFFF  # an instant's seconds must stay a small int on the Pico (until 2054)


def _is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _bad_instant(args, *names):
    """A Refusal for the first of the named arguments that is neither an instant nor absent."""
    for name in names:
        value = args.get(name)
        if value is None:
            continue
        if (
            not isinstance(value, (list, tuple))
            or len(value) != 2
            or not (_is_number(value[0]) and _is_number(value[1]))
            or not (0 <= value[0] <= _LAST_SECOND and 0 <= value[1] <= 999)
        ):
            return Refusal("bad-field", name, value)
    return None


def _instant(args, name):
    value = args.get(name)
    return None if value is None else (value[0], value[1])


def _now_or_refusal(state, args, now):
    """(UTC now, None), or (None, Refusal) when the clock is unknown or `at` is no instant."""
    at = utc(state, now)
    return at, Refusal("clock-unknown") if at is None else _bad_instant(args, "at")


def _bad_number(field, value, most, code="bad-field"):
    if not _is_number(value) or not 1 <= value <= most:
        return Refusal(code, field, value, 1, most)
    return None


def _no_such_slot(state, cycle, number):
    return _bad_number("cycle", cycle, len(state.tallies), "no-such-slot") or _bad_number(
        "slot", number, state.regimen.max_doses, "no-such-slot"
    )


def configure(state, args, now):
    if state.has_course():
        return Refusal("course-running")
    label, armed = args.get("label", ""), args.get("armed", False)
    wrong = regimen_rules.check(args.get("regimen")) or regimen_rules.check_label(label)
    if wrong:
        return wrong
    if not isinstance(armed, bool):
        return Refusal("bad-field", "armed", armed)
    detail = {"armed": armed, "label": label, "regimen": args["regimen"]}
    return [event(state, "configured", now, detail)]


def loader(state, args, now):
    """May the board leave service for its loader? No event: nothing of the course changes, and the boot that follows says why it is."""
    return Refusal("course-running") if state.has_course() and not args["force"] else []


def course_start(state, args, now):
    if state.regimen is None:
        return Refusal("unconfigured")
    if state.has_course():
        return Refusal("course-running")
    at = utc(state, now)
    if at is None:
        return Refusal("clock-unknown")
    wrong = _bad_instant(args, "at", "last")
    if wrong:
        return wrong
    planned, last = _instant(args, "at"), _instant(args, "last")
    first = planned or at
    regimen = state.regimen
    cycle, slot = args.get("cycle") or 1, args.get("slot") or 1
    most = regimen.max_doses
    if regimen.span:
        most = min(most, (regimen.span + regimen.interval - 1) // regimen.interval)
    wrong = _bad_number("cycle", cycle, regimen.cycles) or _bad_number("slot", slot, most)
    if wrong:
        return wrong
    if last is not None and last > at:
        return Refusal("bad-field", "last", last, None, at)
    middle = (cycle, slot) != (1, 1) or last is not None
    # A device that replaces another may take over a slot that is due already, as long as it has not ended.
    oldest = plus(at, 1 - regimen.interval) if middle else at
    if first < oldest:
        return Refusal("not-in-future", "at", first, oldest)
    mode = "middle" if middle else ("at" if planned else "now")
    return [
        event(state, "course-started", now, {"mode": mode, "last": last}),
        event(state, "cycle-started", now, {"due": first}, slot, cycle),
    ]


def course_stop(state, args, now):
    """Stops the course; at the bed the HOLD (at `hold_at`) that asked for it is taken back first, if it is still the newest press."""
    if not state.has_course():
        return Refusal("no-course")
    by = args.get("by", "host")
    events = []
    undone = newest_undo(state, now)
    if undone is not None and (undone.press != "hold" or undone.mono != args.get("hold_at")):
        undone = None
    if undone is not None:
        events.append(event(state, "dose-undone", now, {"press": undone.press}, undone.number))
    for number in sorted(state.open):
        slot = state.open[number]
        if undone is not None and undone.number == number:
            slot = undone.before
        phase = "waiting" if slot is None else slot.phase
        if phase in ("infusing", "interrupted"):
            infused = infused_ms(state, slot, now)
            events.append(event(state, "dose-stopped", now, {"by": by, "infused_ms": infused}, number))
            events.append(event(state, "dose-closed", now, {"outcome": "partial"}, number))
        elif phase == "on-hold":
            events.append(event(state, "dose-closed", now, {"outcome": "held"}, number))
    events.append(event(state, "course-stopped", now, {"by": by}))
    return events


def next_cycle(state, args, now):
    if state.course != "resting":
        return Refusal("not-resting")
    now_utc, wrong = _now_or_refusal(state, args, now)
    if wrong:
        return wrong
    at = _instant(args, "at") or now_utc
    if at < now_utc:
        return Refusal("not-in-future", "at", at)
    if at < next_cycle_from(state):
        return Refusal("too-early", "at", at, next_cycle_from(state))
    return [event(state, "cycle-started", now, {"due": at}, 1, state.cycle + 1)]


def reschedule(state, args, now):
    if state.course != "running":
        return Refusal("no-course")
    now_utc, wrong = _now_or_refusal(state, args, now)
    if wrong:
        return wrong
    at = _instant(args, "at")
    if at is None:
        return Refusal("missing-field", "at")
    if at <= now_utc:
        return Refusal("not-in-future", "at", at)
    number = untouched(state)
    if number is None:
        return Refusal("nothing-to-move")
    before = state.open.get(number - 1)
    if before is not None and at <= before.due:
        return Refusal("bad-field", "at", at, plus(before.due, 1))
    return [event(state, "course-rescheduled", now, {"due": at, "dropped": _dropped(state, number, at)}, number)]


def _dropped(state, number, at):
    """Slots that the day limit cuts off when slot `number` becomes due `at`."""
    regimen = state.regimen
    if not regimen.span or number == 1:
        return 0
    had = slot_count(state)
    left = number - 1
    limit = plus(state.first_due, regimen.span)
    while left < had and plus(at, (left + 1 - number) * regimen.interval) < limit:
        left += 1
    return had - left


def dose_record(state, args, now):
    if not state.tallies:
        return Refusal("no-course")
    cycle, number, outcome = args.get("cycle"), args.get("slot"), args.get("outcome")
    if outcome not in OUTCOMES[1:6]:
        return Refusal("bad-field", "outcome", outcome)
    reason = args.get("reason") or "unspecified"
    if reason not in REASONS:
        return Refusal("bad-field", "reason", reason)
    wrong = _not_recordable(state, cycle, number, now)
    if wrong:
        return wrong
    wrong = _bad_instant(args, "started", "ended")
    if wrong:
        return wrong
    started, ended = _instant(args, "started"), _instant(args, "ended")
    if outcome in ("given", "partial") and started is None:
        return Refusal("start-needed", "started")
    at = utc(state, now)
    if at is not None:
        for field, value in (("started", started), ("ended", ended)):
            if value is not None and value > at:
                return Refusal("bad-field", field, value, None, at)
    if started is not None and ended is not None and ended < started:
        return Refusal("bad-field", "ended", ended, started)
    detail = {"outcome": outcome, "started": started, "ended": ended, "reason": reason}
    return [event(state, "dose-recorded", now, detail, number, cycle)]


def _not_recordable(state, cycle, number, now):
    """A Refusal when that slot has not fallen due, is infusing, or does not exist."""
    wrong = _no_such_slot(state, cycle, number)
    if wrong:
        return wrong
    if state.tallies[cycle - 1].outcomes[number] & OUTCOME_BITS:
        return None
    if cycle != state.cycle:
        return Refusal("no-such-slot", "slot", number)
    slot = state.open.get(number)
    if slot is not None:
        return Refusal("slot-infusing") if slot.phase == "infusing" else None
    if not in_cycle(state, number):
        return Refusal("no-such-slot", "slot", number)
    at = utc(state, now)
    if at is None or due(state, number) > at:
        return Refusal("not-due-yet", "slot", number)
    return None


def dose_reason(state, args, now):
    cycle, number, reason = args.get("cycle"), args.get("slot"), args.get("reason")
    if reason not in REASONS:
        return Refusal("bad-field", "reason", reason)
    wrong = _no_such_slot(state, cycle, number)
    if wrong:
        return wrong
    if not state.tallies[cycle - 1].outcomes[number] & WAS_ON_HOLD:
        return Refusal("never-on-hold")
    return [event(state, "dose-reason", now, {"reason": reason, "by": "host"}, number, cycle)]
