"""What a cold boot, a lost clock and a sync make of a course (section 6, decisions 10 to 15). Part of `course_model.Course`."""


class Outages:
    """Mixed into Course: uses its fields."""

    def cold_boot(self, t):
        """Power is back and nothing is known but the journal: calls restart, nothing is timed as if no time had passed."""
        proved, known = self.last_event_t, self.error is not None
        if not known and self.stopped_t is not None and self.stopped_t >= self.boot_t:
            self.stopped_t = None  # how long ago that was is not known: no resume
        if not known and self.opened_t >= self.boot_t:
            self.opening_lost = True
        for dose in [d for c in self.cycles for d in c.doses.values()]:
            if not known and dose.end_t is not None and dose.end_t >= self.boot_t:
                dose.end_t = None  # it ended in a power cycle that never knew the time
        if self.supportive_t is not None and not self.supportive_away:
            self.supportive_away, self.supportive_lost = True, self.error is None
        self.error_before = self.error
        self.error, self.in_the_dark, self.undoable, self.unresolved = None, True, [], []
        self.boot_t = t
        self.run_known = known
        self.quiet_end = self.last_event_t = t
        for alert in self.alerts.values():
            alert.since = t
        for dose in self.cycle.doses.values() if self.cycles else ():
            dose.since_t = dose.held_t = t
            if dose.touch == "interrupted":
                dose.broken_t = t
            if dose.touch == "infusing":
                dose.proved = dose.infused + max(0, proved - dose.run_t)

    def lose_clock(self, t):
        """No clock after the boot: an open infusion is interrupted, and the loss is told if there is a course to lose."""
        if self.state in ("running", "resting") or (self.state == "ready" and self.armed):
            self.note("clock-lost", t)
            self.waiting_alerts.append((t, "clock-lost", 0, 0))
        if self.supportive_t is not None and self.supportive_lost:
            self.supportive_t, self.supportive_away = self.boot_t, False
        self._lose_infusion(self.boot_t)

    def _lose_infusion(self, t):
        dose = self.oldest()
        self.lost_infusion = None
        if dose and dose.touch == "infusing":
            dose.touch, dose.broken_t, dose.infused = "interrupted", t, dose.proved
            self.note("dose-interrupted", t, dose, infused_ms=dose.infused)

    def set_clock(self, t, error, of_boot=False):
        """The clock is right again; of_boot: because a battery clock was found by the boot itself."""
        if of_boot and self.error_before is not None:
            self._carry(self.error_before - error)
        if self.supportive_t is not None and self.supportive_lost:
            self.supportive_t = t  # from when it counts is not known any more: the review is called for now
        self.supportive_away = self.supportive_lost = False
        if self.opening_lost:
            # Closed in a power cycle that never knew the time: it is taken to be when this one began.
            self.opened_t, self.opening_lost = (t if of_boot else self.boot_t), False
            if self.state == "resting":
                self.cycle.done_t = self.opened_t
        if self.in_the_dark and not self.run_known and of_boot:
            # What was timed in a boot that never knew the time cannot be placed.
            dose = self.oldest()
            self.lost_infusion = (t, dose) if dose and dose.touch == "infusing" else None
        self.error, self.in_the_dark, self.last_event_t = error, False, t
        self.watch_utc, self.looked_away = t + error, False
        self._clear(t, "clock-lost")
        for dose in self.unresolved:
            dose.start_utc = dose.start_t + error
            if not self.rules.grid and dose.cycle == self.cycle.number and not self._touched(dose.slot + 1):
                self.cycle.bases.append((dose.slot + 1, dose.start_utc + self.rules.interval))
        self.unresolved = []

    def _carry(self, later):
        """What was timed before the power went is known in UTC: to a battery clock that is not quite right it was `later` by so much."""
        for dose in [d for c in self.cycles for d in c.doses.values()]:
            dose.run_t += later
            dose.end_t = None if dose.end_t is None else dose.end_t + later
        for cycle in self.cycles:
            cycle.done_t = None if cycle.done_t is None else cycle.done_t + later
        self.opened_t += later
        self.stopped_t = None if self.stopped_t is None else self.stopped_t + later
        self.supportive_t = None if self.supportive_t is None else self.supportive_t + later

    def _touched(self, slot):
        dose = self.cycle.doses.get(slot)
        return dose is not None and bool(dose.said or dose.touch)
