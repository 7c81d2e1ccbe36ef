"""What a nurse does to a dose: start, hold, interrupt, stop, undo, and why a START is refused (sections 3 and 4, decisions 21 and 22).

Part of `course_model.Course`.
"""

import copy


class Nursing:
    """Mixed into Course: uses its fields."""

    def _before(self, press, dose, t):
        self.undoable.append((press, dose, copy.copy(dose), None, t))
        self._end_check(t, dose)
        dose.handled = True

    def why_not(self, dose, t):
        """The reason for which START is refused, or ""."""
        if self.infusing():
            return "infusing"
        if dose is None:
            return "no-slot-open"
        if dose.touch == "interrupted":
            return ""
        if self.error is None:
            near = [d.start_t for d in self.unresolved if d is not dose and t < d.start_t + self.rules.min_gap]
            return "gap" if near else ""
        now = self.utc(t)
        if dose.phase == "waiting" and now < self.cycle.due(dose.slot) - self.rules.early:
            return "too-early"
        last = self.last_start(dose)
        if last is not None and now < last + self.rules.min_gap:
            return "gap"
        return ""

    def start(self, t, dose, override=""):
        if dose.touch == "interrupted":
            self._before("resume", dose, t)
            dose.touch, dose.run_t = "infusing", t
            self.note("dose-resumed", t, dose, remaining_ms=self.rules.infusion - dose.infused)
            return
        self._before("start", dose, t)
        now = self.utc(t)
        due = self.cycle.due(dose.slot)
        dose.touch, dose.start_t, dose.start_utc, dose.run_t, dose.infused = "infusing", t, now, t, 0
        dose.since_t = t
        if now is None:
            self.unresolved.append(dose)
        if not self.rules.grid and now is not None:
            base = (dose.slot + 1, now + self.rules.interval)
            self.cycle.bases.append(base)
            self.undoable[-1] = self.undoable[-1][:3] + (base, t)
        self.note("dose-started", t, dose, variance_ms=None if now is None else now - due, override=override)

    def hold(self, t, dose):
        self._before("hold", dose, t)
        dose.touch, dose.held_t, dose.reason, dose.reason_taken = "on-hold", t, "unspecified", False
        self.note("dose-on-hold", t, dose, reason="unspecified")

    def take_reason(self, t, dose, reason, by="bedside"):
        dose.reason, dose.reason_taken = reason, True
        self.note("dose-reason", t, dose, reason=reason)
        held = [d for d in self.cycles[dose.cycle - self.cycles[0].number].doses.values()]
        held = [d for d in held if (d.touch == "on-hold" or d.outcome == "held") and d.reason != "awaiting-drug"]
        if by == "bedside" and self.rules.hold_review_count and len(held) >= self.rules.hold_review_count:
            self._raise(t, "review-holds", count=len(held))

    def interrupt(self, t, dose):
        self._before("interrupt", dose, t)
        dose.infused += t - dose.run_t
        dose.touch, dose.broken_t = "interrupted", t
        self.quiet_end = t
        self.note("dose-interrupted", t, dose, infused_ms=dose.infused)

    def stop_dose(self, t, dose):
        self._before("stop", dose, t)
        self._stop_infusion(t, dose, "bedside")

    def undo(self, t):
        """Takes back the newest press of the last 60 s. Returns its name, or ""."""
        if not self.undoable or t - self.undoable[-1][4] > 60_000:
            return ""
        press, dose, was, base, _ = self.undoable.pop()
        was_running = dose.touch == "infusing"
        dose.__dict__.update(was.__dict__)
        if base is not None and self.cycle.bases[-1] is base:
            self.cycle.bases.pop()
        if was_running and dose.touch != "infusing":
            self.quiet_end = t
        if press == "start":
            self.unresolved = [d for d in self.unresolved if d is not dose]
        self.note("dose-undone", t, dose, press=press)
        ended = self.alerts.get("infusion-ended")
        if ended and (ended.cycle, ended.slot) == (dose.cycle, dose.slot) and dose.touch != "closed":
            self._clear(t, "infusion-ended")
        check = self.alerts.get("pre-dose-check")
        if check and check.slot > dose.slot:
            self._clear(t, "pre-dose-check")
        return press
