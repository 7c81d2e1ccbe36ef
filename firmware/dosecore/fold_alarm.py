"""What raises and ends a condition that is not a slot's phase."""

from dosecore.state import LATCHED, TECHNICAL, Alarm


def raise_alarm(state, condition, since, cycle=0, slot=0):
    """A condition comes, or comes again: a latched one counts on, any other starts afresh."""
    count = 1
    alarm = state.alarm(condition)
    if alarm is not None:
        if condition in LATCHED and alarm.ended is None:
            count = alarm.count + 1
        state.alarms.remove(alarm)
    state.alarms.append(Alarm(condition, since, cycle, slot, count))


def end_alarm(state, condition, mono):
    alarm = state.alarm(condition)
    if alarm is not None and alarm.ended is None:
        alarm.ended = mono


def alert_raised(state, event, detail):
    condition = detail["condition"]
    alarm = state.alarm(condition)
    if alarm is not None and alarm.logged:
        state.alarms.remove(alarm)  # it comes again before it was answered: its call begins anew
        alarm = None
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


def alert_gone(state, event, detail):
    alarm = state.alarm(detail["condition"])
    if alarm is None:
        return
    if event.kind == "alert-acknowledged" and detail["condition"] in TECHNICAL:
        alarm.acknowledged = True
    else:
        state.alarms.remove(alarm)


def audio_paused(state, event, detail):
    state.pause_at = event.mono


def exported(state, event, detail):
    state.exported = detail["upto"]
