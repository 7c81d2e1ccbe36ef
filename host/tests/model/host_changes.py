"""Changes from the host: offered at the bed, judged again when they are confirmed, then done (H-03, decisions 34 and 35). Part of `device.Model`."""

from tests.model.bedside import Offer


class HostChanges:
    """Mixed into Model: uses its fields."""

    def offer_change(self, name, **arguments):
        """A change from the host that waits for PAUSE held 2 s. False: refused as busy."""
        if any(o.what in ("override", "stop", "change") for o in self.offers):
            return False
        self._offer(Offer("change", self.t, self.t + 60_000, name=name, arguments=arguments))
        return True

    def _confirmed(self, name, arguments):
        if self._possible(name, arguments):
            getattr(self, "_change_" + name.replace("-", "_"))(**arguments)

    def _possible(self, name, arguments):
        """A change is judged again when it is confirmed (decision 34); here only what can have changed in the 60 s between."""
        state = self.course.state
        if (
            name in ("course-start", "next-cycle")
            and arguments["at"] is not None
            and arguments["at"] < self.course.utc(self.t)
        ):
            return False
        return {
            "configure": state not in ("running", "resting"),
            "course-start": state not in ("running", "resting", "unconfigured"),
            "course-stop": state in ("running", "resting"),
            "next-cycle": state == "resting",
            "reschedule": state == "running",
            "dose-record": bool(self.course.cycles),
        }[name]

    def _change_configure(self, regimen, label="", armed=False):
        self.course.configure(regimen, armed)
        self.course.note("configured", self.t, armed=armed)

    def _change_course_start(self, at=None, cycle=1, slot=1, last=None):
        mode = "middle" if (cycle, slot) != (1, 1) or last is not None else "now" if at is None else "at"
        self.course.course_start(self.t, at, cycle, slot, last, mode)

    def _change_course_stop(self):
        self.course.course_stop(self.t)

    def _change_next_cycle(self, at=None):
        self.course.next_cycle(self.t, at)

    def _change_reschedule(self, at):
        course = self.course
        dose = course.movable(self.t)
        if dose is None or at <= course.utc(self.t):
            return
        before = course.cycle.doses.get(dose.slot - 1)
        open_before = before is not None and before.slot >= course.cycle.first_slot and before.touch != "closed"
        # A slot cannot fall due before an older one that is still open.
        if not open_before or at > course.cycle.due(before.slot):
            self.course.reschedule(self.t, at)

    def _change_dose_record(self, cycle, slot, **arguments):
        dose = self.course.cycles[cycle - self.course.cycles[0].number].doses[slot]
        if dose.touch != "infusing":
            self.course.record(self.t, cycle, slot, **arguments)

    def reason(self, cycle, slot, reason):
        """`dose reason` from the host: needs no confirmation."""
        dose = self.course.cycles[cycle - self.course.cycles[0].number].doses[slot]
        self.course.take_reason(self.t, dose, reason, "host")
