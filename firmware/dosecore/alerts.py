"""Which conditions stand, how urgent each is, which one is heard, and when its bursts fall (section 5 of the requirements).

Derived from the state at the time of asking: an alert needs no journal to come. What is a burst, and how a condition lights, is `device/panel`.
"""

from dosecore.events import CONDITIONS
from dosecore.instant import plus, sub
from dosecore.state import TECHNICAL
from dosecore.timeline import earliest

LIGHT, LOW, MEDIUM = 0, 1, 2
PRIORITIES = ("light", "low", "medium")
PAUSE_S = 120  # PAUSE silences what stands for so long

_PHASE_PRIORITY = {"due": LOW, "late": MEDIUM, "overdue": MEDIUM, "on-hold": LOW, "interrupted": MEDIUM}
_ALARM_PRIORITY = {
    "pre-dose-check": LIGHT,
    "infusion-ended": LOW,
    "next-cycle": LOW,
    "supportive-care": LOW,
    "journal-nearly-full": LOW,
}
_FAST_MIN = 5  # a call is fast for so long
_FAST_S = {MEDIUM: 10, LOW: 30}


class Alert:
    """A standing condition. since: monotonic. call_from: first burst of its call.

    audio: on (sounds, or would if no other were heard), paused (by PAUSE), off (light only).
    """

    def __init__(self, condition, priority, since, cycle, slot, count=1):
        self.condition = condition
        self.priority = priority
        self.since = since
        self.cycle = cycle
        self.slot = slot
        self.count = count
        self.call_from = since
        self.audio = "on"


def priority_of(condition):
    """LIGHT, LOW or MEDIUM: of a condition of the table, before anybody has acknowledged it."""
    return _PHASE_PRIORITY.get(condition) or _ALARM_PRIORITY.get(condition, MEDIUM)


def _slot_alert(state, slot):
    priority = _PHASE_PRIORITY.get(slot.phase)
    if priority is None:
        return None
    alert = Alert(slot.phase, priority, slot.since, state.cycle, slot.number)
    if slot.phase == "due" and state.offset is not None:
        at = sub(earliest(state, slot.number), state.offset)
        if at > alert.call_from:
            alert.call_from = at
    elif slot.phase == "on-hold":
        if state.regimen.hold_remind:
            alert.call_from = plus(slot.since, state.regimen.hold_remind)
        else:
            alert.audio = "off"
    return alert


def _find(state):
    """All standing conditions, with light-only ones marked; pauses are not looked at yet."""
    found = []
    infusing = False
    if state.course == "running":
        for number in sorted(state.open):
            slot = state.open[number]
            alert = _slot_alert(state, slot)
            if alert is not None:
                found.append(alert)
            if slot.phase == "infusing":
                infusing = True
    for alarm in state.alarms:
        if alarm.ended is not None:
            continue
        priority = _ALARM_PRIORITY.get(alarm.condition, MEDIUM)
        if alarm.condition in TECHNICAL and alarm.acknowledged:
            priority = LOW
        alert = Alert(alarm.condition, priority, alarm.since, alarm.cycle, alarm.slot, alarm.count)
        if priority == LIGHT:
            alert.audio = "off"
        found.append(alert)
    for alert in found:
        if alert.condition in TECHNICAL or alert.condition in ("interrupted", "on-hold"):
            continue
        if infusing:
            alert.audio = "off"
        elif alert.call_from < state.sound_from:
            alert.call_from = state.sound_from
    if infusing:
        for alert in found:
            if alert.condition == "on-hold":
                alert.audio = "off"
    return found


def pause_end(state):
    """Monotonic instant at which the audio pause is over, or None."""
    return None if state.pause_at is None else plus(state.pause_at, PAUSE_S)


def _urgency(alert):
    return (alert.priority, alert.since, -CONDITIONS.index(alert.condition))


def alerts(state, now):
    """Every standing condition at `now`, the most urgent first: the highest, then the newest (A-04)."""
    found = _find(state)
    over = pause_end(state)
    for alert in found:
        if alert.audio != "on":
            continue
        if alert.condition == "due" and now < alert.call_from:
            alert.audio = "off"  # the gap forbids the dose: light only
        elif over is not None and now < over and alert.since <= state.pause_at:
            alert.audio = "paused"
    found.sort(key=_urgency, reverse=True)
    return found


def _heard(found, state, at):
    """The alert whose call is heard at `at`, or None. `found` is sorted by urgency."""
    over = pause_end(state)
    paused = over is not None and at < over
    for alert in found:
        if alert.audio == "off" or at < alert.call_from:
            continue
        if paused and alert.since <= state.pause_at:
            continue
        return alert
    return None


def _burst_from(state, alert, at):
    """The first burst of the alert's call at or after `at` (A-02)."""
    start = alert.call_from
    if at <= start:
        return start
    waited = sub(at, start)
    waited = waited[0] + (1 if waited[1] else 0)
    if alert.condition == "on-hold":
        step = state.regimen.hold_remind
        return plus(start, -(-waited // step) * step)
    minute = state.regimen.minute if state.regimen is not None else 60
    fast = _FAST_S[alert.priority]
    fast_end = _FAST_MIN * minute // fast * fast
    if waited <= fast_end:
        return plus(start, -(-waited // fast) * fast)
    slow = 60 if alert.priority == MEDIUM else _FAST_MIN * minute
    return plus(start, fast_end + -(-(waited - fast_end) // slow) * slow)


def next_burst(state, now):
    """(instant, priority) of the first burst at or after `now` if nothing else happens, or None."""
    found = _find(state)
    found.sort(key=_urgency, reverse=True)
    turns = [alert.call_from for alert in found if alert.audio != "off" and alert.call_from > now]
    over = pause_end(state)
    if over is not None and over > now:
        turns.append(over)
    turns.sort()
    at = now
    for turn in turns + [None]:
        heard = _heard(found, state, at)
        if heard is not None:
            burst = _burst_from(state, heard, at)
            if turn is None or burst < turn:
                return burst, heard.priority
        at = turn
    return None
