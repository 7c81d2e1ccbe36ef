"""The three buttons at the bedside: what a press, a long press and an offer do (section 3, decisions 16 to 24). Part of `device.Model`."""

from tests.model import calls
from tests.model.schedule import ANSWERED_BY_ANY_BUTTON, LATCHED, TECHNICAL

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


class Bedside:
    """Mixed into Model: uses its fields."""

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

    def _forget_reason(self):
        """A slot that left the hold takes no reason."""
        if self.reason_timer and self.reason_timer[1].touch != "on-hold":
            self.reason_timer = None

    def _take_up_hold(self):
        """A slot on hold whose reason was not taken: it will be, 10 s after the hold, or after the boot that forgot when that was."""
        dose = self.course.oldest()
        if dose and dose.touch == "on-hold" and not dose.reason_taken and not self.reason_timer:
            self.reason_timer = (dose.held_t + REASON_MS, dose, "unspecified")

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
        elif offer.what == "change":
            self._confirmed(**offer.more)
        return True
