"""What boots and clock events do to the state: monotonic instants of an earlier boot are carried over, or said to be lost."""

from dosecore.fold_alarm import end_alarm, raise_alarm
from dosecore.fold_dose import set_start
from dosecore.instant import add, ms_between, sub


def boot(state, event, detail):
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
        if slot.phase == "infusing" and old is not None:
            slot.run_from = carried(slot.run_from)
        elif slot.phase == "ended":
            slot.since = carried(slot.since) or now
    state.infusion_end = carried(state.infusion_end)
    state.closed_at = carried(state.closed_at) or now
    state.stopped_at = carried(state.stopped_at)
    if state.care_at is not None:
        state.care_at = carried(state.care_at) or now


def clock_lost(state, event, detail):
    if not state.stale:
        state.old_offset = state.offset
    state.offset = None
    state.quality = "unknown"
    state.lost = True
    raise_alarm(state, "clock-lost", event.mono)
