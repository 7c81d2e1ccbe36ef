"""What the host and the bedside do to a course: configure, start, next cycle, stop, resume, reschedule, record (R-03, S-06, S-08, S-10).

Part of `course_model.Course`.
"""

from tests.model.schedule import Cycle, Rules


class CourseChanges:
    """Mixed into Course: uses its fields."""

    def configure(self, regimen, armed=False):
        self.rules = Rules(regimen)
        self.state, self.armed, self.cycles, self.supportive_t, self.outside_start = "ready", armed, [], None, None

    def course_start(self, t, due=None, cycle=1, slot=1, last=None, mode="now"):
        self.supportive_t, self.cycles, self.undoable, self.outside_start = None, [], [], last
        self.armed = False
        self.note("course-started", t, mode=mode)
        self._cycle(t, cycle, self.utc(t) if due is None else due, slot)

    def _cycle(self, t, number, due, slot=1):
        self.state, self.supportive_t, self.cycle_offered = "running", None, False
        self.cycles.append(Cycle(self.rules, number, slot, due))
        self.opened_t = t
        self._clear(t, "next-cycle")
        self.note("cycle-started", t, cycle=number, due=due)

    def next_cycle(self, t, due=None):
        self._cycle(t, self.cycle.number + 1, self.utc(t) if due is None else due)

    def next_cycle_from(self):
        """UTC from which the next cycle may start."""
        return self.cycle.due(1) + self.rules.cycle_span

    def course_stop(self, t, by="host"):
        self.before_stop, self.state = self.state, "stopped"
        for dose in self.cycle.slots() if self.before_stop == "running" else []:
            if dose.touch in ("infusing", "interrupted"):
                self._stop_infusion(t, dose, by)
                self._close_ended(t, self.waiting_closings[-1])
            elif dose.touch == "on-hold":
                dose.touch, dose.outcome = "closed", "held"
                self.opened_t = t
                self.note("dose-closed", t, dose, outcome="held")
        self.stopped_t, self.undoable = t, []
        self.note("course-stopped", t, by=by)
        self._end_check(t)
        self._clear(t, "next-cycle")
        self._plan_supportive(t)

    def resume(self, t):
        self.state, self.supportive_t = self.before_stop, None
        self.watch_utc, self.looked_away = self.utc(t), True
        self.note("course-resumed", t)
        self._closed(self.opened_t)

    def movable(self, t):
        """The slot that a reschedule moves: the earliest that is waiting or not yet opened; None if there is none."""
        if self.state != "running":
            return None
        now = self.utc(t)
        return next(
            (
                d
                for d in self.cycle.slots()
                if not d.touch and not d.said and (now is None or self.cycle.due(d.slot) > now)
            ),
            None,
        )

    def reschedule(self, t, due):
        dose = self.movable(t)
        before = len(self.cycle.slots())
        self.cycle.bases.append((dose.slot, due))
        dropped = max(0, before - len(self.cycle.slots()))
        self.note("course-rescheduled", t, dose, due=due, dropped=dropped)
        if self.utc(t) < due - self.rules.pre_dose_check:
            self._end_check(t)
        if dropped:
            self._closed(t)

    def record(self, t, cycle, slot, outcome, started=None, ended=None, reason="unspecified"):
        dose = self.cycles[cycle - self.cycles[0].number].doses[slot]
        was_open = dose.touch != "closed"
        dose.touch, dose.outcome = "closed", outcome
        dose.start_utc = started if outcome in ("given", "partial") else None
        if outcome in ("given", "partial"):
            dose.end_t = ended - self.error if ended is not None else dose.end_t
        dose.reason = reason
        self.undoable = [entry for entry in self.undoable if entry[1] is not dose]
        self.unresolved = [d for d in self.unresolved if d is not dose]
        self.note("dose-recorded", t, dose, outcome=outcome, started=started)
        self._end_check(t, dose)
        if was_open and dose.cycle == self.cycle.number:
            self._closed(t)
