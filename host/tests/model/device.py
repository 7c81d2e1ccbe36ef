"""The whole device: a course, the bedside, time and what is heard, boots and the clock."""

from tests.model import calls
from tests.model.bedside import Bedside
from tests.model.course_model import Course
from tests.model.host_changes import HostChanges
from tests.model.schedule import OUTCOMES


class Model(Bedside, HostChanges):
    """A whole device: give it what is done and when; it knows every event, alert and burst."""

    def __init__(self, error=0):
        self.course = Course(error)
        self.t = 0
        self.pressed = None
        self.down_too = set()  # went down while another was down: ignored until they go up
        self.stuck = set()
        self.offers = []
        self.reason_timer = None  # (t, dose, reason)
        self.pause = None
        self.bursts = []
        self.burst_cursor = 0

    @property
    def notes(self):
        return self.course.notes

    def alerts(self):
        return sorted(c.key() + (calls.audio(c, self.t, self.pause),) for c in calls.standing(self.course, self.t))

    def view(self, later=0):
        """What `status` says of the course, as far as section 9 fixes it; instants as UTC ms. later: ms until the infusion's remaining time is read."""
        course, dose = self.course, self.course.oldest()
        view = {
            "state": course.state,
            "armed": course.armed,
            "slot": None,
            "phase": None,
            "due": None,
            "not_before": None,
        }
        view["counts"] = course.cycle.counts() if course.cycle else dict.fromkeys(OUTCOMES, 0)
        view["cycle"] = course.cycle.number if course.cycle else None
        view["variance_ms"] = view["remaining_s"] = None
        if dose is None:
            return view
        due = course.cycle.due(dose.slot)
        view.update(slot=dose.slot, phase=dose.phase, due=due)
        if dose.start_utc is not None:
            view["variance_ms"] = dose.start_utc - due
        elif course.earliest(dose) > due:
            view["not_before"] = course.earliest(dose)
        if dose.touch in ("infusing", "interrupted"):
            infused = dose.infused + (self.t + later - dose.run_t if dose.touch == "infusing" else 0)
            view["remaining_s"] = -(-(course.rules.infusion - infused) // 1000)
        return view

    def changed(self):
        """Called after everything that happened; for those who follow."""

    # -- time
    def to(self, t):
        """Let time pass up to and including `t`: what is due at `t` itself has happened before a press at `t`."""
        while True:
            change = self.course.next_change()
            timer = self._next_timer()
            at = min(change[0] if change else t + 1, timer if timer is not None else t + 1)
            if at > t:
                break
            self._sound(max(at, self.t))
            self.t = max(at, self.t)
            if change and change[0] <= self.t:
                self.course.do(change)
                self.changed()
                continue
            self._sound(self.t + 1)
            self._timer()
            self._listen_again()
            self.changed()
        self._sound(t)
        self.t = t
        self._sound(t + 1)

    def _sound(self, end):
        """Note the bursts up to `end` (not included) of what stands now."""
        if end > self.burst_cursor:
            self.bursts += calls.bursts_between(self.course, self.burst_cursor, end, self.pause)
            self.burst_cursor = end

    def _listen_again(self):
        """Something was done at this very instant: what it raised may sound at once, unless a burst has begun here."""
        if not self.bursts or self.bursts[-1][0] != self.t:
            self.burst_cursor = self.t

    # -- outages
    def boot(self, off=0, warm=False, error=None, failed=False, asked=0):
        """The device starts again `off` ms from now; cold boots forget the bedside and, without `error` (a battery clock), the time.

        failed: the boot before ended in a way that nobody wanted; the device says so until it is `well`. asked: ms after that the battery clock was
        asked, or was not there: from then on the clock is known, or said to be lost.
        """
        self.t += off
        if warm:
            self._listen_again()
            self.course.last_event_t = self.t
        else:
            self.burst_cursor = self.t
        self.pressed, self.down_too, self.stuck, self.offers, self.reason_timer = None, set(), set(), [], None
        if not warm:
            self.pause = None
            self.course.cold_boot(self.t)
        if failed and "self-test-failed" not in self.course.alerts:
            self.course._raise(self.t, "self-test-failed")
        if not warm:
            self.t += asked
            if error is None:
                self.course.lose_clock(self.t)
            else:
                self.course.set_clock(self.t, error, of_boot=True)
        self._take_up_hold()
        self.to(self.t)

    def well(self):
        """The device has run for so long that it trusts itself again."""
        self.to(self.t)
        self.course._clear(self.t, "self-test-failed")
        self._listen_again()
        self.to(self.t)

    def sync(self, error):
        self.to(self.t)
        self.course.set_clock(self.t, error)
        self._listen_again()
        self.to(self.t)
