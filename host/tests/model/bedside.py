"""The three buttons at the bedside: what a press, a long press and an offer do (section 3, decisions 16 to 24). And the whole device: course and bedside."""

from tests.model import calls
from tests.model.course_model import Course
from tests.model.schedule import ANSWERED_BY_ANY_BUTTON, LATCHED, OUTCOMES, TECHNICAL

LONG = {"start": (3000,), "hold": (2000, 5000), "pause": (2000, 5000)}
STUCK_MS = 10_000
REASON_MS = 10_000
REASONS = (
    "unspecified", "hypotension", "cardiac", "respiratory", "neurologic", "renal", "gastrointestinal", "infection",
    "hematologic", "hepatic", "skin", "patient-refused", "unavailable", "awaiting-drug", "other",
)  # fmt: skip


class Press:
    def __init__(self, button, t):
        self.button = button
        self.t = t
        self.done = 0  # how many of its long forms were reached
        self.left = None  # what it means a long form on: (course state, dose, phase) as this press left them
        self.offer = None  # the offer that stood when it went down
        self.used = False  # its 2 s did something
        self.put_on_hold = False


class Offer:
    """Something that PAUSE held 2 s takes. what: change, override, stop or latched."""

    def __init__(self, what, made, until, **more):
        self.what = what
        self.made = made
        self.until = until
        self.more = more


class Model:
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

    def view(self):
        """What `status` says of the course, as far as section 9 fixes it; instants as UTC ms."""
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
            infused = dose.infused + (self.t - dose.run_t if dose.touch == "infusing" else 0)
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

    def _forget_reason(self):
        """A slot that left the hold takes no reason."""
        if self.reason_timer and self.reason_timer[1].touch != "on-hold":
            self.reason_timer = None

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

    def _take_up_hold(self):
        """A slot on hold whose reason was not taken: it will be, 10 s after the hold, or after the boot that forgot when that was."""
        dose = self.course.oldest()
        if dose and dose.touch == "on-hold" and not dose.reason_taken and not self.reason_timer:
            self.reason_timer = (dose.held_t + REASON_MS, dose, "unspecified")

    # -- timers of the bedside
    def _next_timer(self):
        timers = [self.reason_timer[0]] if self.reason_timer else []
        press = self.pressed
        if press:
            steps = LONG[press.button] + (STUCK_MS,)
            timers.append(press.t + steps[press.done])
        timers += [offer.until + 1 for offer in self.offers]
        return min(timers, default=None)

    def _timer(self):
        self.offers = [offer for offer in self.offers if offer.until >= self.t]
        if self.reason_timer and self.reason_timer[0] <= self.t:
            at, dose, reason = self.reason_timer
            self.reason_timer = None
            if dose.touch == "on-hold":
                self.course.take_reason(at, dose, reason)
        press = self.pressed
        if press:
            steps = LONG[press.button] + (STUCK_MS,)
            if press.t + steps[press.done] == self.t:
                press.done += 1
                self._long(press, steps[press.done - 1])

    # -- presses
    def down(self, button):
        self.to(self.t)
        self._down(button)
        self._forget_reason()
        self._listen_again()
        self.changed()
        self.to(self.t)

    def _down(self, button):
        course, t = self.course, self.t
        if self.pressed:
            self.down_too.add(button)
            return
        press = self.pressed = Press(button, t)
        answered = [c for c in calls.TABLE if c in ANSWERED_BY_ANY_BUTTON and c in course.alerts]
        if button == "pause":
            press.offer = self._newest_offer()
        dose = course.oldest()
        if answered:
            course.acknowledge(t, answered)
        elif button == "pause":
            course.note("audio-paused", t)
            self.pause = t
        elif button == "start":
            self._start(dose)
        else:
            self._hold(dose, press)
        press.left = self._meaning()

    def up(self, button):
        self.to(self.t)
        if button in self.stuck:
            self.stuck.discard(button)
            if not self.stuck:
                self.course._clear(self.t, "stuck-button")
        elif button in self.down_too:
            self.down_too.discard(button)
        elif self.pressed and self.pressed.button == button:
            self.pressed = None
        self._listen_again()
        self.to(self.t)

    def _meaning(self):
        dose = self.course.oldest()
        return (self.course.state, dose, dose.phase if dose else None)

    def _start(self, dose):
        course = self.course
        reason = course.why_not(dose, self.t)
        if reason:
            course.note("start-refused", self.t, dose, reason=reason)
        else:
            course.start(self.t, dose)

    def _hold(self, dose, press):
        course, t = self.course, self.t
        if dose is None:
            return
        phase = dose.phase
        if phase == "waiting" and (
            course.error is None or course.utc(t) < course.cycle.due(dose.slot) - course.rules.early
        ):
            return
        if phase in ("waiting", "due", "late", "overdue"):
            course.hold(t, dose)
            press.put_on_hold = True
            self.reason_timer = (t + REASON_MS, dose, "unspecified")
        elif phase == "on-hold":
            shown = self.reason_timer[2] if self.reason_timer and self.reason_timer[1] is dose else dose.reason
            shown = REASONS[(REASONS.index(shown) + 1) % len(REASONS)]
            self.reason_timer = (t + REASON_MS, dose, shown)

    # -- long presses
    def _long(self, press, length):
        if length == STUCK_MS:
            self.pressed = None
            self.stuck.add(press.button)
            if "stuck-button" not in self.course.alerts:
                self.course._raise(self.t, "stuck-button")
        elif self._meaning() != press.left:
            return
        elif press.button == "pause":
            if length == 2000:
                press.used = self._take(press.offer, press.t)
            elif not press.used:
                self._undo()
            return
        elif press.button == "start":
            self._start_held()
        elif length == 2000:
            press.left = self._meaning()
            self._hold_2s(press)
        else:
            self._hold_5s(press)

    def _undo(self):
        self.course.undo(self.t)
        self._take_up_hold()  # had the START not been, the reason would have been taken by now, or will be

    def _start_held(self):
        course, t = self.course, self.t
        dose = course.oldest()
        if course.state == "running":
            reason = course.why_not(dose, t)
            far = reason == "too-early" and course.cycle.due(dose.slot) - course.utc(t) > 240 * course.rules.minute
            if reason in ("too-early", "gap") and not far:
                self._offer(Offer("override", t, t + 10_000, dose=dose))
        elif course.error is None:
            timed = (
                course.state == "stopped"
                and course.stopped_t is not None
                and (not course.in_the_dark or course.stopped_t >= course.boot_t)
            )
            resumable = timed and t - course.stopped_t <= 24 * 60 * course.rules.minute
            coming = course.state == "resting"
            if resumable or coming or (course.state == "ready" and course.armed):
                course.note("start-refused", t, reason="clock-unknown")
        elif course.state == "ready" and course.armed:
            course.course_start(t, mode="bedside")
        elif course.state == "resting" and course.utc(t) >= course.next_cycle_from():
            course.next_cycle(t)
        elif (
            course.state == "stopped"
            and course.stopped_t is not None
            and t - course.stopped_t <= 24 * 60 * course.rules.minute
        ):
            course.resume(t)

    def _hold_2s(self, press):
        course = self.course
        dose = course.oldest()
        if dose and dose.touch == "infusing":
            course.interrupt(self.t, dose)
            press.left = self._meaning()
        elif dose and dose.touch == "interrupted":
            course.stop_dose(self.t, dose)
            press.left = None  # the press has done what it came for: it does not go on to offer a stop

    def _hold_5s(self, press):
        course = self.course
        dose = course.oldest()
        inside = dose is not None and dose.touch in ("infusing", "interrupted")
        if course.state in ("running", "resting") and not inside:
            undo = dose if press.put_on_hold else None
            self._offer(Offer("stop", self.t, self.t + 30_000, undo=undo, press_t=press.t))

    # -- offers
    def _offer(self, offer):
        self.offers = [o for o in self.offers if o.what != offer.what]
        self.offers.append(offer)

    def offer_change(self, name, **arguments):
        """A change from the host that waits for PAUSE held 2 s. False: refused as busy."""
        if any(o.what in ("override", "stop", "change") for o in self.offers):
            return False
        self._offer(Offer("change", self.t, self.t + 60_000, name=name, arguments=arguments))
        return True

    def _newest_offer(self):
        offers = list(self.offers)
        latched = [a for a in self.course.alerts.values() if self._latched(a)]
        if latched:
            offers.append(Offer("latched", max(a.since for a in latched), None))
        return max(offers, key=lambda o: o.made, default=None)

    def _latched(self, alert):
        return alert.condition in LATCHED or (alert.condition in TECHNICAL and not alert.acknowledged)

    def _take(self, offer, pressed_t):
        course, t = self.course, self.t
        if offer is None:
            return False
        if offer.what == "latched":
            standing = [c for c in calls.TABLE if c in course.alerts and self._latched(course.alerts[c])]
            standing = [c for c in standing if course.alerts[c].since <= pressed_t]
            course.acknowledge(t, standing)
            return bool(standing)
        if offer not in self.offers:
            return False
        self.offers.remove(offer)
        if offer.what == "override":
            dose = offer.more["dose"]
            if course.oldest() is dose and dose.phase in ("waiting", "due", "late", "overdue", "on-hold"):
                course.start(t, dose, course.why_not(dose, t))  # "" if time has made it possible meanwhile
        elif offer.what == "stop" and course.state in ("running", "resting"):
            dose = offer.more["undo"]
            newest = course.undoable[-1] if course.undoable else None
            if newest and newest[1] is dose and newest[4] == offer.more["press_t"]:
                course.undo(t)
            course.course_stop(t, by="bedside")
        elif offer.what == "change" and self._possible(offer.more["name"], offer.more["arguments"]):
            getattr(self, "_change_" + offer.more["name"].replace("-", "_"))(**offer.more["arguments"])
        return True

    # -- changes from the host, confirmed
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
