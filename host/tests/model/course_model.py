"""The course as the specification tells it, in plain integers of milliseconds: what happens to each slot, when, and what is counted.

Written from the requirements and the decisions alone, as an answer key: nothing here is taken from the core. Time runs on one axis, `t`, the tester's
clock: milliseconds since the script began, unaffected by what the device knows. The device's UTC is `t + error`, or unknown when `error` is None.
A dose keeps what was done to it; what the clock does to it is worked out from that, again and again, by `Course.plan`.
"""

from tests.model.course_changes import CourseChanges
from tests.model.nursing import Nursing
from tests.model.outages import Outages
from tests.model.schedule import ALERT, CLOSING, DUE, INFUSION_END, MARKS, TECHNICAL, Alert, Dose, Note


class Course(Nursing, CourseChanges, Outages):
    """A device's course: `state` as in `status`, the cycles, the latched alerts and the log of expected events."""

    def __init__(self, error=None):
        self.error = error
        self.state = "unconfigured"
        self.armed = False
        self.rules = None
        self.cycles = []
        self.outside_start = None  # UTC of a dose given before this device took over
        self.notes = []
        self.alerts = {}  # condition -> Alert: those that are no slot's phase
        self.waiting_closings = []  # (t, dose): infusions that ended, their slots close in the closings' turn
        self.waiting_clears = []  # (t, condition)
        self.waiting_alerts = []  # (t, condition, cycle, slot): to be raised in the alerts' turn
        self.undoable = []  # (press, dose, what it was, the base that it made, t)
        self.watch_utc = -(10**15)
        self.looked_away = False  # the last unwatched stretch was a stop, not an outage
        self.stopped_t = None
        self.supportive_t = None
        self.supportive_away = False  # counted in a power cycle that is over: it waits for a sync
        self.supportive_lost = False  # and was counted without UTC
        self.quiet_end = None  # when the last infusion stopped running
        self.last_event_t = 0
        self.boot_t = 0
        self.error_before = None  # `error` in the power cycle before
        self.lost_infusion = None  # (t, dose): an open infusion of which it is not known when it began
        self.run_known = True  # whether the infusion that ran when the power went had a known UTC
        self.in_the_dark = False  # a cold boot without a clock: what was timed before it waits for a sync
        self.unresolved = []  # doses started while the clock was unknown, in this power cycle
        self.opened_t = 0  # since when the earliest slot not closed is open
        self.cycle_offered = False
        self.opening_lost = False

    # -- small helpers
    def utc(self, t):
        return None if self.error is None else t + self.error

    def note(self, kind, t, dose=None, cycle=0, slot=0, **detail):
        if dose is not None:
            cycle, slot = dose.cycle, dose.slot
        self.notes.append(Note(kind, t, self.utc(t), cycle, slot, detail))
        self.last_event_t = t

    @property
    def cycle(self):
        return self.cycles[-1] if self.cycles else None

    def oldest(self):
        """The earliest slot not closed: what START and HOLD mean. None unless running."""
        if self.state != "running":
            return None
        return next((d for d in self.cycle.slots() if d.touch != "closed"), None)

    def last_start(self, but):
        """UTC of the last actual start in the course, `but`'s own left out; None if there is none."""
        starts = [
            d.start_utc for c in self.cycles for d in c.doses.values() if d is not but and d.start_utc is not None
        ]
        if self.outside_start is not None:
            starts.append(self.outside_start)
        return max(starts, default=None)

    def earliest(self, dose):
        due = self.cycles[dose.cycle - self.cycles[0].number].due(dose.slot)
        last = self.last_start(dose)
        return due if last is None else max(due, last + self.rules.min_gap)

    def closing(self, dose):
        return min(self.earliest(dose) + self.rules.missed, self.cycle.end(dose.slot))

    def infusing(self):
        return any(d.touch == "infusing" for d in self.cycle.doses.values()) if self.cycles else False

    # -- what the clock does
    def plan(self):
        """Everything that the clock will do if no one does anything: (t, rank, slot, action, arguments)."""
        plan = []
        if self.state == "running":
            known = self.error is not None
            opened = True
            for dose in self.cycle.slots():
                if self.lost_infusion and self.lost_infusion[1] is dose:
                    plan.append((self.lost_infusion[0], INFUSION_END, dose.slot, self._lose_infusion, ()))
                elif dose.touch == "infusing":
                    plan.append(
                        (
                            dose.run_t + self.rules.infusion - dose.infused,
                            INFUSION_END,
                            dose.slot,
                            self._complete,
                            (dose,),
                        )
                    )
                elif known and dose.touch != "closed":
                    plan += self._plan_open(dose, opened)
                opened = opened and dose.touch == "closed"
        if self.supportive_t is not None and not self.supportive_away:
            plan.append((self.supportive_t, ALERT, 99, self._supportive, ()))
        if self.state == "resting" and not self.cycle_offered and self.error is not None:
            ready = max(self.cycle.due(1) + self.rules.cycle_span - self.error, self.cycle.done_t)
            plan.append((ready, ALERT, 98, self._offer_cycle, ()))
        for entry in self.waiting_closings:
            plan.append((entry[0], CLOSING, entry[1].slot, self._close_ended, (entry,)))
        for entry in self.waiting_clears:
            plan.append((entry[0], ALERT, -1, self._log_clear, (entry,)))
        for entry in self.waiting_alerts:
            plan.append((entry[0], ALERT, entry[3], self._raise_waiting, (entry,)))
        ended = self.alerts.get("infusion-ended")
        if ended:
            plan.append((ended.since + 30 * self.rules.minute, ALERT, 0, self._clear, ("infusion-ended",)))
        return plan

    def _plan_open(self, dose, opened):
        rules = self.rules
        due, end = self.cycle.due(dose.slot), self.cycle.end(dose.slot)
        if dose.touch == "on-hold":
            return [(end - self.error, CLOSING, dose.slot, self._close, (dose, "held"))]
        if dose.touch == "interrupted":
            at = max(end - self.error, dose.broken_t + 15 * rules.minute)
            return [(at, CLOSING, dose.slot, self._stop_infusion, (dose, "clock"))]
        earliest, closing = self.earliest(dose), self.closing(dose)
        unseen = not dose.said and not dose.handled and not self.looked_away
        outcome = "unknown" if unseen and closing <= self.watch_utc else "missed"
        plan = [(closing - self.error, CLOSING, dose.slot, self._close, (dose, outcome))]
        if closing <= self.watch_utc and not dose.said:
            return plan
        newest_said = max((MARKS.index(m) for m in dose.said), default=-1)
        marks = [(due, 0), (earliest + rules.late, 1), (earliest + rules.overdue, 2)]
        marks = [(at, n) for at, n in marks if n > newest_said and at < closing]
        passed = [m for m in marks if m[0] <= self.watch_utc]
        for at, n in passed[-1:] + [m for m in marks if m[0] > self.watch_utc]:
            plan.append((at - self.error, DUE + n, dose.slot, self._mark, (dose, MARKS[n])))
        check = self.alerts.get("pre-dose-check")
        if rules.pre_dose_check and opened and not dose.said and not check:
            at = max(due - rules.pre_dose_check - self.error, self.opened_t)
            if at < due - self.error:
                plan.append((at, ALERT, dose.slot, self._raise, ("pre-dose-check", dose)))
        return plan

    def next_change(self):
        """(t, rank, slot, action, arguments) of the next thing that the clock does, or None."""
        return min(self.plan(), key=lambda p: p[:3], default=None)

    def do(self, change):
        t, _, _, action, arguments = change
        action(t, *arguments)

    def _complete(self, t, dose):
        dose.touch, dose.outcome, dose.end_t = "closed", "given", t
        self.opened_t = t
        self.quiet_end = t
        self.note("dose-completed", t, dose)
        self.waiting_alerts.append((t, "infusion-ended", dose.cycle, dose.slot))
        self.waiting_closings.append((t, dose))

    def _close_ended(self, t, entry):
        self.waiting_closings.remove(entry)
        self.note("dose-closed", t, entry[1], outcome=entry[1].outcome)
        self._closed(t)

    def _stop_infusion(self, t, dose, by):
        """An infusion that is over before its time: the slot closes as partial, the line is to be flushed."""
        if dose.touch == "infusing":
            dose.infused += t - dose.run_t
        self.quiet_end = t
        dose.touch, dose.outcome, dose.end_t = "closed", "partial", t
        self.opened_t = t
        self.note("dose-stopped", t, dose, infused_ms=dose.infused, by=by)
        self.waiting_alerts.append((t, "infusion-ended", dose.cycle, dose.slot))
        self.waiting_closings.append((t, dose))

    def _close(self, t, dose, outcome):
        dose.touch, dose.outcome = "closed", outcome
        self.note("dose-closed", t, dose, outcome=outcome)
        self._end_check(t, dose)
        condition = {"missed": "missed-doses", "unknown": "doses-not-observed"}.get(outcome)
        if condition:
            self.waiting_alerts.append((t, condition, dose.cycle, dose.slot))
        self._closed(t)

    def _closed(self, t):
        """A slot was closed or dropped: the next one is open from here; was it the last one, so is the cycle completed."""
        self.opened_t = t
        cycle = self.cycle
        if self.state != "running" or any(d.touch != "closed" for d in cycle.slots()):
            return
        cycle.done_t = t
        self.undoable = []
        self.note("cycle-completed", t, cycle=cycle.number, **cycle.counts())
        self._plan_supportive(t)
        self.cycle_offered = False
        if cycle.number == self.rules.cycles:
            self.state = "completed"
            self.note("course-completed", t, cycle=cycle.number)
        else:
            self.state = "resting"

    def _plan_supportive(self, t):
        if not self.rules.supportive_care:
            return
        ends = [d.end_t for c in self.cycles for d in c.doses.values() if d.end_t is not None]
        if self.in_the_dark:
            ends = [end for end in ends if end >= self.boot_t]
        self.supportive_away = False
        self.supportive_t = max([t] + [end + self.rules.supportive_care for end in ends])

    def _mark(self, t, dose, mark):
        dose.said += (mark,)
        dose.since_t = t
        detail = {}
        if mark == "dose-due":
            earliest = self.earliest(dose)
            detail["not_before"] = earliest if earliest > self.cycle.due(dose.slot) else None
        self.note(mark, t, dose, **detail)
        if mark == "dose-due" and "infusion-ended" in self.alerts and self.alerts["infusion-ended"].since < t:
            self._clear(t, "infusion-ended")
        self._end_check(t, dose)

    # -- alerts that are no phase
    def _raise(self, t, condition, dose=None, count=0):
        standing = self.alerts.get(condition)
        if standing and condition in ("missed-doses", "doses-not-observed"):
            count = standing.count + 1
        place = (dose.cycle, dose.slot) if dose else (0, 0)
        self.waiting_clears = [w for w in self.waiting_clears if w[1] != condition]
        self.alerts[condition] = Alert(condition, t, count or 1, False, *place)
        self.note("alert-raised", t, cycle=place[0], slot=place[1], condition=condition, count=count or 1)

    def _raise_waiting(self, t, entry):
        self.waiting_alerts.remove(entry)
        self._raise(t, entry[1], Dose(entry[2], entry[3]))

    def _clear(self, t, condition):
        """The condition's cause is gone; that is logged in the alerts' turn."""
        if self.alerts.pop(condition, None):
            self.waiting_clears.append((t, condition))

    def _log_clear(self, t, entry):
        self.waiting_clears.remove(entry)
        self.note("alert-cleared", t, condition=entry[1])

    def _end_check(self, t, dose=None):
        """The check before a dose (before `dose`, if named) is over."""
        check = self.alerts.get("pre-dose-check")
        if check and (dose is None or (check.cycle, check.slot) == (dose.cycle, dose.slot)):
            self._clear(t, "pre-dose-check")

    def _supportive(self, t):
        self.supportive_t = None
        self._raise(t, "supportive-care")

    def _offer_cycle(self, t):
        self.cycle_offered = True
        self._raise(t, "next-cycle")

    def acknowledge(self, t, conditions):
        for condition in conditions:
            alert = self.alerts[condition]
            self.note("alert-acknowledged", t, condition=condition)
            if condition in TECHNICAL:
                alert.acknowledged = True
            else:
                del self.alerts[condition]
