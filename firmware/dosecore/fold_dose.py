"""What the events of a slot do to the state: its phases, its outcome, what an undo goes back to."""

from dosecore.events import OUTCOMES
from dosecore.fold_alarm import end_alarm, raise_alarm
from dosecore.instant import plus
from dosecore.state import AWAITED_DRUG, OUTCOME_BITS, UNDO_MOST, UNDO_S, WAS_ON_HOLD, Slot, Undo
from dosecore.timeline import due, first_untouched

_PARTIAL = OUTCOMES.index("partial")


def _touch(state, event):
    """The Slot of the event; made when this is the first thing that happens to it."""
    slot = state.open.get(event.slot)
    if slot is None:
        slot = Slot(event.slot, due(state, event.slot))
        state.open[event.slot] = slot
        _end_check(state, event.slot, event.mono)
    return slot


def _end_check(state, number, mono):
    """Ends the pre-dose-check of slot `number`."""
    alarm = state.alarm("pre-dose-check")
    if alarm is not None and alarm.slot == number:
        end_alarm(state, "pre-dose-check", mono)


def _enter(slot, phase, event):
    slot.phase = phase
    slot.since = event.mono


def fell_due(state, event, detail):
    flush = state.alarm("infusion-ended")
    # An infusion that ends at this very instant is not flushed yet: "the next due" is a later one.
    if event.slot not in state.open and flush is not None and flush.since < event.mono:
        end_alarm(state, "infusion-ended", event.mono)
    _enter(_touch(state, event), event.kind[5:], event)


def _remember(state, event, press):
    """Keeps what a press is about to change, for the undo (S-04)."""
    number = event.slot
    before = state.open.get(number)
    state.undos = [u for u in state.undos if u.mono >= plus(event.mono, -UNDO_S)][1 - UNDO_MOST :]
    flags = state.tally().outcomes[number]
    before = before.copy() if before is not None else None
    state.undos.append(Undo(press, event.mono, number, before, flags, state.bases, state.infusion_end))


def set_base(state, number, is_due):
    """From slot `number` on, dues count from `is_due`. Bases of slots that can still come back by an undo are kept."""
    bases = [base for base in state.bases if base[0] < number]
    oldest = min([state.current] + [undo.number for undo in state.undos])
    while len(bases) > 1 and bases[1][0] <= oldest:
        bases.pop(0)
    state.bases = tuple(bases) + ((number, is_due),)


def set_start(state, cycle, number, start):
    """Notes a slot's actual start; with `anchor = start` the next due follows it."""
    state.tallies[cycle - 1].starts[number] = start
    find_last_start(state)
    if cycle != state.cycle:
        return
    slot = state.open.get(number)
    if slot is not None:
        slot.start = start
    if not state.regimen.grid and first_untouched(state) == number + 1:
        set_base(state, number + 1, plus(start, state.regimen.interval))
        if state.undos and state.undos[-1].number == number:
            state.undos[-1].bases_after = state.bases


def find_last_start(state):
    last = state.start_before
    for tally in state.tallies:
        for start in tally.starts.values():
            if last is None or start > last:
                last = start
    state.last_start = last
    # A gap is a day at most: starts three days older forbid nothing any more, even if newer ones are voided.
    if last is not None:
        oldest = plus(last, -3 * state.regimen.day)
        for tally in state.tallies:
            for number in [n for n, start in tally.starts.items() if start < oldest]:
                del tally.starts[number]


def started(state, event, detail):
    _remember(state, event, "start")
    slot = _touch(state, event)
    _enter(slot, "infusing", event)
    slot.run_from = event.mono
    slot.infused_ms = 0
    slot.partial = False
    if event.utc is None:
        state.unresolved.append((event.cycle, event.slot, event.mono))
    else:
        set_start(state, event.cycle, event.slot, event.utc)


def interrupted(state, event, detail):
    if detail["cause"] == "bedside":
        _remember(state, event, "interrupt")
    slot = _touch(state, event)
    _enter(slot, "interrupted", event)
    slot.infused_ms = detail["infused_ms"]
    slot.run_from = None
    state.sound_from = event.mono


def resumed(state, event, detail):
    _remember(state, event, "resume")
    slot = _touch(state, event)
    _enter(slot, "infusing", event)
    slot.run_from = event.mono


def infusion_over(state, event, detail):
    if event.kind == "dose-stopped" and detail["by"] == "bedside":
        _remember(state, event, "stop")
    slot = _touch(state, event)
    if event.kind == "dose-stopped":
        slot.partial = True
        slot.infused_ms = detail["infused_ms"]
    _enter(slot, "ended", event)
    state.infusion_end = event.mono
    state.sound_from = event.mono
    raise_alarm(state, "infusion-ended", event.mono, event.cycle, event.slot)


def on_hold(state, event, detail):
    _remember(state, event, "hold")
    slot = _touch(state, event)
    _enter(slot, "on-hold", event)
    slot.reason = detail["reason"]
    slot.reason_taken = False
    state.tally().outcomes[event.slot] = (state.tally().outcomes[event.slot] | WAS_ON_HOLD) & ~AWAITED_DRUG


def reason(state, event, detail):
    outcomes = state.tallies[event.cycle - 1].outcomes
    byte = outcomes[event.slot] & ~AWAITED_DRUG
    outcomes[event.slot] = byte | AWAITED_DRUG if detail["reason"] == "awaiting-drug" else byte
    slot = state.open.get(event.slot) if event.cycle == state.cycle else None
    if slot is not None and slot.phase == "on-hold":
        slot.reason = detail["reason"]
        slot.reason_taken = True
    if detail["by"] == "bedside" and state.regimen.hold_review_count:
        now_on_hold = sum(
            1
            for s in state.open.values()
            if s.phase == "on-hold" and not state.tally().outcomes[s.number] & AWAITED_DRUG
        )
        if state.tally().holds() + now_on_hold >= state.regimen.hold_review_count:
            raise_alarm(state, "review-holds", event.mono)


def undone(state, event, detail):
    undo = state.undos.pop()
    number = undo.number
    was = state.open.get(number)
    if was is not None and was.phase == "infusing":
        state.sound_from = event.mono
    if undo.before is None:
        state.open.pop(number, None)
    else:
        state.open[number] = undo.before
    state.tally().outcomes[number] = undo.flags
    state.infusion_end = undo.infusion_end
    if state.bases == undo.bases_after:
        state.bases = undo.bases
    if undo.press == "start":
        state.tally().starts.pop(number, None)
        state.unresolved = [u for u in state.unresolved if u[:2] != (state.cycle, number)]
        find_last_start(state)
    ended = state.alarm("infusion-ended")
    if ended is not None and ended.slot == number and ended.cycle == state.cycle:
        end_alarm(state, "infusion-ended", event.mono)
    if number < state.current:
        state.current = number
    check = state.alarm("pre-dose-check")
    if check is not None and check.slot > number:
        end_alarm(state, "pre-dose-check", event.mono)  # that slot is not open any more
    state.checked_slot = 0


def closed(state, event, detail):
    _close(state, event, detail["outcome"])
    if detail["outcome"] == "missed":
        raise_alarm(state, "missed-doses", event.mono, event.cycle, event.slot)
    elif detail["outcome"] == "unknown":
        raise_alarm(state, "doses-not-observed", event.mono, event.cycle, event.slot)


def _close(state, event, outcome):
    outcomes = state.tallies[event.cycle - 1].outcomes
    outcomes[event.slot] = (outcomes[event.slot] & ~OUTCOME_BITS) | OUTCOMES.index(outcome)
    if event.cycle != state.cycle:
        return
    state.open.pop(event.slot, None)
    _end_check(state, event.slot, event.mono)
    state.closed_at, state.away_closed = event.mono, None
    while state.current <= state.regimen.max_doses and state.outcome(state.current):
        state.current += 1


def recorded(state, event, detail):
    starts = state.tallies[event.cycle - 1].starts
    starts.pop(event.slot, None)
    if OUTCOMES.index(detail["outcome"]) <= _PARTIAL and detail["started"] is not None:
        starts[event.slot] = detail["started"]
    state.unresolved = [u for u in state.unresolved if u[:2] != (event.cycle, event.slot)]
    find_last_start(state)
    if detail["reason"] == "awaiting-drug":
        state.tallies[event.cycle - 1].outcomes[event.slot] |= AWAITED_DRUG
    was_open = event.cycle == state.cycle and not state.outcome(event.slot)
    closed_at = state.closed_at, state.away_closed
    _close(state, event, detail["outcome"])
    if event.cycle == state.cycle:
        state.undos = [u for u in state.undos if u.number != event.slot]
        if not was_open:
            state.closed_at, state.away_closed = closed_at
