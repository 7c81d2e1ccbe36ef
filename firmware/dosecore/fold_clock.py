"""What boots and clock events do to the state: monotonic instants of an earlier boot are carried over, or said to be lost."""

from dosecore.fold_alarm import end_alarm, raise_alarm
from dosecore.fold_dose import set_start
from dosecore.instant import add, ms_between, sub


def boot(state, event, detail):
    state.boot = event.boot
    if detail["warm"]:
        state.quality = "unknown" if state.offset is None else "recovered"
        return
    state.unresolved = []
    for slot in state.open.values():
        # run_from is None: the clock was said to be lost, and the power went again before the interruption was stored.
        if slot.phase == "infusing" and not state.stale and slot.run_from is not None:
            slot.proved_ms = max(slot.infused_ms, slot.infused_ms + ms_between(state.last_mono, slot.run_from))
        if slot.phase != "ended" or state.stale:
            slot.since = event.mono
    if not state.stale:
        state.old_offset = state.offset
    if state.care_at is not None and state.old_offset is None:
        state.care_at = event.mono  # nobody can say when: better now than never
    state.stale = True
    state.offset = None
    state.quality = "unknown"
    state.lost = False
    state.watch_from = event.mono
    state.told_to_look_away = False
    for alarm in state.alarms:
        alarm.since = event.mono
        if alarm.ended is not None:
            alarm.ended = event.mono
    state.sound_from = event.mono
    state.pause_at = None
    state.undos = []


def clock_set(state, event, detail):
    offset = sub(detail["utc"], event.mono)
    if state.stale:
        _rebase(state, offset, event.mono)
    _take_back(state, offset)
    state.offset = offset
    state.quality = {"host": "synced", "rtc": "rtc"}.get(detail["source"], "recovered")
    state.lost = False
    state.watch_from = event.mono
    state.told_to_look_away = False
    end_alarm(state, "clock-lost", event.mono)
    for cycle, number, mono in state.unresolved:
        set_start(state, cycle, number, add(mono, offset))
    state.unresolved = []


def _rebase(state, offset, now):
    """Carries timers of the boot before over to this one; what cannot be carried is called at once (a review) or given up (a resume)."""
    state.stale = False
    old = state.old_offset

    def carried(mono):
        return None if mono is None or old is None else sub(add(mono, old), offset)

    for slot in state.open.values():
        if slot.phase == "infusing":
            slot.run_from = carried(slot.run_from)  # None: it becomes interrupted
        elif slot.phase == "ended":
            slot.since = carried(slot.since) or now
    state.infusion_end = carried(state.infusion_end)
    state.closed_at = carried(state.closed_at) or now
    state.stopped_at = carried(state.stopped_at)
    if state.care_at is not None:
        state.care_at = carried(state.care_at) or now


def _put_away(state):
    """With the clock lost, timers of an earlier boot wait in UTC for the next clock set; an infusion that ran then is interrupted."""
    old = state.old_offset

    def in_utc(mono, known):
        return known if mono is None or old is None else add(mono, old)

    state.away_stopped = in_utc(state.stopped_at, state.away_stopped)
    state.away_infusion_end = in_utc(state.infusion_end, state.away_infusion_end)
    if old is not None:
        state.away_care = in_utc(state.care_at, state.away_care)
        state.care_at = None
    state.stopped_at = state.infusion_end = None
    state.away_closed = in_utc(state.closed_at, state.away_closed)
    state.closed_at = state.watch_from
    for slot in state.open.values():
        if slot.phase == "infusing":
            slot.run_from = None
        elif slot.phase == "ended":
            slot.since = state.watch_from
    state.stale = False


def _take_back(state, offset):
    """What was put away comes back, where nothing newer has taken its place."""
    if state.stopped_at is None and state.away_stopped is not None:
        state.stopped_at = sub(state.away_stopped, offset)
    if state.infusion_end is None and state.away_infusion_end is not None:
        state.infusion_end = sub(state.away_infusion_end, offset)
    if state.care_at is None and state.away_care is not None:
        state.care_at = sub(state.away_care, offset)
    if state.away_closed is not None:
        state.closed_at = sub(state.away_closed, offset)
    state.away_stopped = state.away_infusion_end = state.away_care = state.away_closed = None


def clock_lost(state, event, detail):
    if state.stale:
        _put_away(state)
    state.offset = None
    state.quality = "unknown"
    state.lost = True
    raise_alarm(state, "clock-lost", event.mono)
