"""What configuration, course and cycle events do to the state."""

from dosecore import regimen as regimens
from dosecore.events import OUTCOMES
from dosecore.fold_alarm import end_alarm
from dosecore.fold_dose import set_base
from dosecore.instant import plus
from dosecore.state import Tally
from dosecore.timeline import untouched


def configured(state, event, detail):
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
    state.care_at = state.away_care = None
    state.infusion_end = state.away_infusion_end = None
    state.stopped_at = state.away_stopped = None


def course_started(state, event, detail):
    _forget_course(state, detail["last"])
    state.armed = False
    state.course = "running"


def cycle_started(state, event, detail):
    while len(state.tallies) < event.cycle:
        state.tallies.append(Tally(state.regimen.max_doses))
    state.course = "running"
    state.cycle = event.cycle
    state.bases = ((event.slot, detail["due"]),)
    state.first_due = plus(detail["due"], (1 - event.slot) * state.regimen.interval)
    state.open = {}
    state.current = event.slot
    outcomes = state.tally().outcomes
    for number in range(1, event.slot):
        outcomes[number] = OUTCOMES.index("elsewhere")
    state.closed_at, state.away_closed = event.mono, None
    state.watch_from = event.mono
    state.told_to_look_away = False
    state.care_at = state.away_care = None
    state.next_called = False
    state.checked_slot = 0
    end_alarm(state, "next-cycle", event.mono)


def course_stopped(state, event, detail):
    end_alarm(state, "pre-dose-check", event.mono)
    end_alarm(state, "next-cycle", event.mono)
    state.course_before_stop = state.course
    state.course = "stopped"
    state.stopped_at = event.mono
    state.undos = []
    _plan_care(state, event.mono)


def course_resumed(state, event, detail):
    state.course = state.course_before_stop
    state.stopped_at = state.away_stopped = None
    state.care_at = state.away_care = None
    state.checked_slot = 0
    state.watch_from = event.mono
    state.told_to_look_away = True


def _plan_care(state, since):
    wait = state.regimen.supportive_care
    if not wait:
        return
    state.care_at = since
    if state.infusion_end is not None:
        state.care_at = max(since, plus(state.infusion_end, wait))


def rescheduled(state, event, detail):
    set_base(state, event.slot, detail["due"])
    if event.slot == 1:
        state.first_due = detail["due"]
    check_from = plus(detail["due"], -state.regimen.pre_dose_check)
    if event.utc is None or check_from > event.utc:
        state.checked_slot = 0
        end_alarm(state, "pre-dose-check", event.mono)
    if untouched(state) is None:
        state.closed_at = event.mono


def cycle_completed(state, event, detail):
    state.course = "resting"
    state.undos = []
    _plan_care(state, event.mono)


def course_completed(state, event, detail):
    state.course = "completed"
