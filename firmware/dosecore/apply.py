"""What each event does to the state. `apply` is total and deterministic: folding the journal is the only way in which the device remembers."""

from dosecore import regimen as regimens
from dosecore.events import OUTCOMES
from dosecore.instant import add, ms_between, plus, sub
from dosecore.state import (
    AWAITED_DRUG,
    LATCHED,
    OUTCOME_BITS,
    TECHNICAL,
    UNDO_MOST,
    UNDO_S,
    WAS_ON_HOLD,
    Alarm,
    Slot,
    Tally,
    Undo,
)
from dosecore.timeline import due, first_untouched, untouched

_PARTIAL = OUTCOMES.index("partial")


def apply(state, event):
    """Folds one event into the state (in place) and returns the state."""
    change = _CHANGES.get(event.kind)
    if change is not None:
        change(state, event, event.detail)
    state.last_mono = event.mono
    return state


# -- the clock


def _boot(state, event, detail):
    state.boot = event.boot
    state.unresolved = []
    if detail["warm"]:
        state.quality = "unknown" if state.offset is None else "recovered"
        return
    for slot in state.open.values():
        if slot.phase == "infusing" and not state.stale:
            slot.proved_ms = max(slot.infused_ms, slot.infused_ms + ms_between(state.last_mono, slot.run_from))
        if slot.phase != "ended" or state.stale:
            slot.since = event.mono
    if not state.stale:
        state.old_offset = state.offset
    state.stale = True
    state.offset = None
    state.quality = "unknown"
    state.lost = False
    _watch_again(state, event.mono, False)
    for alarm in state.alarms:
        alarm.since = event.mono
        if alarm.ended is not None:
            alarm.ended = event.mono
    state.sound_from = event.mono
    state.pause_at = None
    state.undos = []


def _watch_again(state, mono, told):
    state.watch_from = mono
    state.told_to_look_away = told


def _clock_set(state, event, detail):
    offset = sub(detail["utc"], event.mono)
    if state.stale:
        _rebase(state, offset, event.mono)
    state.offset = offset
    state.quality = {"host": "synced", "rtc": "rtc"}.get(detail["source"], "recovered")
    state.lost = False
    _watch_again(state, event.mono, False)
    _end_alarm(state, "clock-lost", event.mono)
    for cycle, number, mono in state.unresolved:
        _set_start(state, cycle, number, add(mono, offset))
    state.unresolved = []


def _rebase(state, offset, now):
    """Carries timers of the boot before over to this one; what cannot be carried is called at once (a review) or given up (a resume)."""
    state.stale = False
    old = state.old_offset

    def carried(mono):
        return None if mono is None or old is None else sub(add(mono, old), offset)

    for slot in state.open.values():
        if slot.phase == "infusing" and old is not None:
            slot.run_from = carried(slot.run_from)
        elif slot.phase == "ended":
            slot.since = carried(slot.since) or now
    state.infusion_end = carried(state.infusion_end)
    state.closed_at = carried(state.closed_at) or now
    state.stopped_at = carried(state.stopped_at)
    if state.care_at is not None:
        state.care_at = carried(state.care_at) or now


def _clock_lost(state, event, detail):
    if not state.stale:
        state.old_offset = state.offset
    state.offset = None
    state.quality = "unknown"
    state.lost = True
    _raise_alarm(state, "clock-lost", event.mono)


# -- configuration and course


def _configured(state, event, detail):
    state.regimen = regimens.Regimen(detail["regimen"])
    state.label = detail["label"]
    state.armed = detail["armed"]
    state.course = "ready"
    _forget_course(state, None)


def _forget_course(state, start_before):
    state.tallies = []
    state.start_before = start_before
    state.last_start = start_before
    state.unresolved = []
    state.cycle = 0
    state.open = {}
    state.undos = []
    state.care_at = None
    state.infusion_end = None
    state.stopped_at = None


def _course_started(state, event, detail):
    _forget_course(state, detail["last"])
    state.armed = False
    state.course = "running"


def _cycle_started(state, event, detail):
    while len(state.tallies) < event.cycle:
        state.tallies.append(Tally(state.regimen.max_doses))
    state.course = "running"
    state.cycle = event.cycle
    state.base = (event.slot, detail["due"])
    state.first_due = plus(detail["due"], (1 - event.slot) * state.regimen.interval)
    state.open = {}
    state.current = event.slot
    outcomes = state.tally().outcomes
    for number in range(1, event.slot):
        outcomes[number] = OUTCOMES.index("elsewhere")
    state.closed_at = event.mono
    state.care_at = None
    state.infusion_end = None
    state.next_called = False
    state.checked_slot = 0
    _end_alarm(state, "next-cycle", event.mono)


def _course_stopped(state, event, detail):
    _end_alarm(state, "pre-dose-check", event.mono)
    _end_alarm(state, "next-cycle", event.mono)
    state.course_before_stop = state.course
    state.course = "stopped"
    state.stopped_at = event.mono
    state.undos = []
    _plan_care(state, event.mono)


def _course_resumed(state, event, detail):
    state.course = state.course_before_stop
    state.stopped_at = None
    state.care_at = None
    state.checked_slot = 0
    _watch_again(state, event.mono, True)


def _plan_care(state, since):
    wait = state.regimen.supportive_care
    if not wait:
        return
    state.care_at = since
    if state.infusion_end is not None:
        state.care_at = max(since, plus(state.infusion_end, wait))


def _rescheduled(state, event, detail):
    state.base = (event.slot, detail["due"])
    if event.slot == 1:
        state.first_due = detail["due"]
    state.checked_slot = 0
    _end_alarm(state, "pre-dose-check", event.mono)
    if untouched(state) is None:
        state.closed_at = event.mono


def _cycle_completed(state, event, detail):
    state.course = "resting"
    state.undos = []
    _plan_care(state, event.mono)


def _course_completed(state, event, detail):
    state.course = "completed"


# -- the slot


def _touch(state, event):
    """The Slot of the event; made when this is the first thing that happens to it."""
    slot = state.open.get(event.slot)
    if slot is None:
        slot = Slot(event.slot, due(state, event.slot))
        state.open[event.slot] = slot
        _end_alarm(state, "pre-dose-check", event.mono)
    return slot


def _enter(slot, phase, event):
    slot.phase = phase
    slot.since = event.mono


def _fell_due(state, event, detail):
    if event.slot not in state.open:
        _end_alarm(state, "infusion-ended", event.mono)
    _enter(_touch(state, event), event.kind[5:], event)


def _remember(state, event, press):
    """Keeps what a press is about to change, for the undo (S-04)."""
    number = event.slot
    before = state.open.get(number)
    state.undos = [u for u in state.undos if u.mono >= plus(event.mono, -UNDO_S)][1 - UNDO_MOST :]
    flags = state.tally().outcomes[number]
    before = before.copy() if before is not None else None
    state.undos.append(Undo(press, event.mono, number, before, flags, state.base, state.infusion_end))


def _set_start(state, cycle, number, start):
    """Notes a slot's actual start; with `anchor = start` the next due follows it."""
    state.tallies[cycle - 1].starts[number] = start
    _find_last_start(state)
    if cycle != state.cycle:
        return
    slot = state.open.get(number)
    if slot is not None:
        slot.start = start
    if not state.regimen.grid and first_untouched(state) == number + 1:
        state.base = (number + 1, plus(start, state.regimen.interval))
        if state.undos and state.undos[-1].number == number:
            state.undos[-1].base_after = state.base


def _find_last_start(state):
    last = state.start_before
    for tally in state.tallies:
        for start in tally.starts.values():
            if last is None or start > last:
                last = start
    state.last_start = last


def _started(state, event, detail):
    _remember(state, event, "start")
    slot = _touch(state, event)
    _enter(slot, "infusing", event)
    slot.run_from = event.mono
    slot.infused_ms = 0
    slot.partial = False
    if event.utc is None:
        state.unresolved.append((event.cycle, event.slot, event.mono))
    else:
        _set_start(state, event.cycle, event.slot, event.utc)


def _interrupted(state, event, detail):
    if detail["cause"] == "bedside":
        _remember(state, event, "interrupt")
    slot = _touch(state, event)
    _enter(slot, "interrupted", event)
    slot.infused_ms = detail["infused_ms"]
    slot.run_from = None
    state.sound_from = event.mono


def _resumed(state, event, detail):
    _remember(state, event, "resume")
    slot = _touch(state, event)
    _enter(slot, "infusing", event)
    slot.run_from = event.mono


def _infusion_over(state, event, detail):
    if event.kind == "dose-stopped" and detail["by"] == "bedside":
        _remember(state, event, "stop")
    slot = _touch(state, event)
    if event.kind == "dose-stopped":
        slot.partial = True
        slot.infused_ms = detail["infused_ms"]
    _enter(slot, "ended", event)
    state.infusion_end = event.mono
    state.sound_from = event.mono
    _raise_alarm(state, "infusion-ended", event.mono, event.cycle, event.slot)


def _on_hold(state, event, detail):
    _remember(state, event, "hold")
    slot = _touch(state, event)
    _enter(slot, "on-hold", event)
    slot.reason = detail["reason"]
    slot.reason_taken = False
    state.tally().outcomes[event.slot] = (state.tally().outcomes[event.slot] | WAS_ON_HOLD) & ~AWAITED_DRUG


def _reason(state, event, detail):
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
            _raise_alarm(state, "review-holds", event.mono)


def _undone(state, event, detail):
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
    if state.base == undo.base_after:
        state.base = undo.base
    if undo.press == "start":
        state.tally().starts.pop(number, None)
        state.unresolved = [u for u in state.unresolved if u[:2] != (state.cycle, number)]
        _find_last_start(state)
    ended = state.alarm("infusion-ended")
    if ended is not None and ended.slot == number and ended.cycle == state.cycle:
        _end_alarm(state, "infusion-ended", event.mono)
    if number < state.current:
        state.current = number
    state.checked_slot = 0


def _closed(state, event, detail):
    _close(state, event, detail["outcome"])
    if detail["outcome"] == "missed":
        _raise_alarm(state, "missed-doses", event.mono, event.cycle, event.slot)
    elif detail["outcome"] == "unknown":
        _raise_alarm(state, "doses-not-observed", event.mono, event.cycle, event.slot)


def _close(state, event, outcome):
    outcomes = state.tallies[event.cycle - 1].outcomes
    outcomes[event.slot] = (outcomes[event.slot] & ~OUTCOME_BITS) | OUTCOMES.index(outcome)
    if event.cycle != state.cycle:
        return
    if state.open.pop(event.slot, None) is None:
        _end_alarm(state, "pre-dose-check", event.mono)
    state.closed_at = event.mono
    while state.current <= state.regimen.max_doses and state.outcome(state.current):
        state.current += 1


def _recorded(state, event, detail):
    starts = state.tallies[event.cycle - 1].starts
    starts.pop(event.slot, None)
    if OUTCOMES.index(detail["outcome"]) <= _PARTIAL and detail["started"] is not None:
        starts[event.slot] = detail["started"]
    state.unresolved = [u for u in state.unresolved if u[:2] != (event.cycle, event.slot)]
    _find_last_start(state)
    if detail["reason"] == "awaiting-drug":
        state.tallies[event.cycle - 1].outcomes[event.slot] |= AWAITED_DRUG
    was_open = event.cycle == state.cycle and not state.outcome(event.slot)
    closed_at = state.closed_at
    _close(state, event, detail["outcome"])
    if event.cycle == state.cycle:
        state.undos = [u for u in state.undos if u.number != event.slot]
        if not was_open:
            state.closed_at = closed_at


# -- alerts


def _raise_alarm(state, condition, since, cycle=0, slot=0):
    """A condition comes, or comes again: a latched one counts on, any other starts afresh."""
    count = 1
    alarm = state.alarm(condition)
    if alarm is not None:
        if condition in LATCHED and alarm.ended is None:
            count = alarm.count + 1
        state.alarms.remove(alarm)
    state.alarms.append(Alarm(condition, since, cycle, slot, count))


def _end_alarm(state, condition, mono):
    alarm = state.alarm(condition)
    if alarm is not None and alarm.ended is None:
        alarm.ended = mono


def _alert_raised(state, event, detail):
    condition = detail["condition"]
    alarm = state.alarm(condition)
    if alarm is None:
        alarm = Alarm(condition, event.mono, event.cycle, event.slot, detail["count"])
        state.alarms.append(alarm)
    alarm.logged = True
    if condition == "pre-dose-check":
        state.checked_slot = event.slot
    elif condition == "supportive-care":
        state.care_at = None
    elif condition == "next-cycle":
        state.next_called = True


def _alert_gone(state, event, detail):
    alarm = state.alarm(detail["condition"])
    if alarm is None:
        return
    if event.kind == "alert-acknowledged" and detail["condition"] in TECHNICAL:
        alarm.acknowledged = True
    else:
        state.alarms.remove(alarm)


def _audio_paused(state, event, detail):
    state.pause_at = event.mono


def _exported(state, event, detail):
    state.exported = detail["upto"]


_CHANGES = {
    "boot": _boot,
    "clock-set": _clock_set,
    "clock-lost": _clock_lost,
    "configured": _configured,
    "course-started": _course_started,
    "course-stopped": _course_stopped,
    "course-resumed": _course_resumed,
    "course-rescheduled": _rescheduled,
    "cycle-started": _cycle_started,
    "cycle-completed": _cycle_completed,
    "course-completed": _course_completed,
    "dose-due": _fell_due,
    "dose-late": _fell_due,
    "dose-overdue": _fell_due,
    "dose-started": _started,
    "dose-interrupted": _interrupted,
    "dose-resumed": _resumed,
    "dose-completed": _infusion_over,
    "dose-stopped": _infusion_over,
    "dose-on-hold": _on_hold,
    "dose-reason": _reason,
    "dose-undone": _undone,
    "dose-closed": _closed,
    "dose-recorded": _recorded,
    "alert-raised": _alert_raised,
    "alert-acknowledged": _alert_gone,
    "alert-cleared": _alert_gone,
    "audio-paused": _audio_paused,
    "exported": _exported,
}
