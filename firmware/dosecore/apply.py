"""The fold: which function does what each event does to the state.

`apply` is total and deterministic: folding the journal is the only way in which the device remembers.
"""

from dosecore import fold_alarm, fold_clock, fold_course, fold_dose

_CHANGES = {
    "boot": fold_clock.boot,
    "clock-set": fold_clock.clock_set,
    "clock-lost": fold_clock.clock_lost,
    "configured": fold_course.configured,
    "course-started": fold_course.course_started,
    "course-stopped": fold_course.course_stopped,
    "course-resumed": fold_course.course_resumed,
    "course-rescheduled": fold_course.rescheduled,
    "cycle-started": fold_course.cycle_started,
    "cycle-completed": fold_course.cycle_completed,
    "course-completed": fold_course.course_completed,
    "dose-due": fold_dose.fell_due,
    "dose-late": fold_dose.fell_due,
    "dose-overdue": fold_dose.fell_due,
    "dose-started": fold_dose.started,
    "dose-interrupted": fold_dose.interrupted,
    "dose-resumed": fold_dose.resumed,
    "dose-completed": fold_dose.infusion_over,
    "dose-stopped": fold_dose.infusion_over,
    "dose-on-hold": fold_dose.on_hold,
    "dose-reason": fold_dose.reason,
    "dose-undone": fold_dose.undone,
    "dose-closed": fold_dose.closed,
    "dose-recorded": fold_dose.recorded,
    "alert-raised": fold_alarm.alert_raised,
    "alert-acknowledged": fold_alarm.alert_gone,
    "alert-cleared": fold_alarm.alert_gone,
    "audio-paused": fold_alarm.audio_paused,
    "exported": fold_alarm.exported,
}


def apply(state, event):
    """Folds one event into the state (in place) and returns the state."""
    change = _CHANGES.get(event.kind)
    if change is not None:
        change(state, event, event.detail)
    state.last_mono = event.mono
    utc = event.utc
    if utc is not None:
        newest = state.newest_utc
        if newest is None or utc > newest or event.kind == "clock-set":
            state.newest_utc = utc
    return state
