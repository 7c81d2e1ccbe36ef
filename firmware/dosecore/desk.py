"""The bedside: three buttons, their long presses, what is offered and for how long. Volatile: a reset forgets it, the journal never needs it.

One button at a time. A press acts when it goes down; a long press when its length is reached, and only if slot and phase are still what its own press left.
The desk decides through `decide`; the caller appends and applies the events of each Reaction before it asks for the next.
"""

from dosecore.decide import decide
from dosecore.events import REASONS
from dosecore.instant import plus, plus_ms
from dosecore.presses import can_override, newest_undo, oldest_open, to_acknowledge, why_not_start
from dosecore.refusals import Refusal

START_LONG_S = 3
SHORT_LONG_S = 2  # HOLD: interrupt or stop; PAUSE: take the offer
LONGEST_S = 5  # HOLD: stop the course?; PAUSE: undo
STUCK_S = 10
CHANGE_S, OVERRIDE_S, STOP_S = 60, 10, 30  # how long each offer stands
REASON_S = 10  # a reason is taken so long after the last press
_RESULTS_KEPT = 8

# Each button's lengths after which something can happen, in s.
_LENGTHS = {
    "start": (START_LONG_S, STUCK_S),
    "hold": (SHORT_LONG_S, LONGEST_S, STUCK_S),
    "pause": (SHORT_LONG_S, LONGEST_S, STUCK_S),
}
_PHASE_AFTER = {
    "dose-started": "infusing",
    "dose-resumed": "infusing",
    "dose-interrupted": "interrupted",
    "dose-on-hold": "on-hold",
}
_NOWHERE = (-1, "")  # a place that never is: the press's own doing ends its longer forms


class Reaction:
    """What a press or a moment at the desk asks of the shell: append and apply `events`, then give `feedback`.

    feedback: "" none, "taken", "reached" (of a long press), "refused", "offered", "undone".
    refusal: the code behind "refused". request: id of the host's change that was decided.
    """

    def __init__(self, events=(), feedback="", refusal="", request=None):
        self.events = list(events)
        self.feedback = feedback
        self.refusal = refusal
        self.request = request


class Offer:
    """Something that PAUSE held 2 s takes. kind: change, override, stop, latched."""

    def __init__(self, kind, since, length, request=None, name="", args=None):
        self.kind = kind
        self.since = since
        self.until = None if length is None else plus(since, length)
        self.request = request
        self.name = name
        self.args = args
        self.hold_at = None  # of a stop: the instant of the HOLD that put the slot on hold

    def stands(self, now):
        """Whether its window is open at `now`; the last instant belongs to it."""
        return self.until is None or now <= self.until


def _place(state):
    """What the buttons mean now: (slot, phase), or (0, state of the course)."""
    number, phase = oldest_open(state)
    return (number, phase) if number else (0, state.course)


class Desk:
    """The buttons and the offers. `down`, `up` and `tick` are called with monotonic instants that never step back."""

    def __init__(self):
        self.held = None
        self.held_since = None
        self.place = _NOWHERE
        self.lengths_left = _LENGTHS["start"][:0]
        self.pressed_offer = None
        self.two_seconds_did = False
        self.hold_changed = False
        self.stuck = []
        self.offers = []
        self.results = []  # [request id, outcome, refusal code] of the last changes
        self.reason = None  # (slot, index in REASONS, instant of the last step)

    # -- offers

    def standing(self, now):
        """Kind of the newest offer that stands (change, override, stop), or None. Latched alerts are not counted."""
        newest = self.newest_offer(now)
        return None if newest is None else newest.kind

    def newest_offer(self, now):
        """The newest Offer that stands, or None. Latched alerts are not counted."""
        newest = None
        for offer in self.offers:
            if offer.stands(now) and (newest is None or offer.since >= newest.since):
                newest = offer
        return newest

    def offer(self, state, request, name, args, now):
        """Offers a change from the host at the bed. None when it is offered now, else the Refusal (it was checked as if confirmed now)."""
        if self.standing(now) is not None:
            return Refusal("busy")
        events = decide(state, name, args, now)
        if isinstance(events, Refusal):
            return events
        self.offers.append(Offer("change", now, CHANGE_S, request, name, args))
        self._settle(request, "offered", "")
        return None

    def outcome(self, request, now):
        """(outcome, refusal code) of a change: offered, confirmed, refused, expired, unknown."""
        for known, outcome, code in self.results:
            if known == request:
                return outcome, code
        return "unknown", ""

    def _settle(self, request, outcome, code):
        self.results = [r for r in self.results if r[0] != request][1 - _RESULTS_KEPT :]
        self.results.append((request, outcome, code))

    def not_recorded(self, request):
        """The shell could not record the events of a confirmed change: its outcome becomes a refusal."""
        self._settle(request, "refused", "journal-fault")

    # -- buttons

    def down(self, state, button, now):
        """The button goes down. None when it is ignored."""
        if self.held is not None or button in self.stuck:
            return None
        self.held = button
        self.held_since = now
        self.lengths_left = _LENGTHS[button]
        self.two_seconds_did = False
        self.hold_changed = False
        self.pressed_offer = self._offer_at_press(state, now) if button == "pause" else None
        self.place = _place(state)
        if to_acknowledge(state, False):
            return Reaction(decide(state, "acknowledge", {"latched": False}, now), "taken")
        if button == "start":
            return self._react(decide(state, "start", {}, now))
        if button == "pause":
            return self._react(decide(state, "pause", {}, now))
        return self._hold_down(state, now)

    def up(self, state, button, now):
        """The button is released."""
        if button in self.stuck:
            self.stuck.remove(button)
            if not self.stuck:
                return Reaction(decide(state, "condition", {"condition": "stuck-button", "present": False}, now))
        elif button == self.held:
            self.held = None
        return None

    def _react(self, decided, taken="taken"):
        if isinstance(decided, Refusal):
            return Reaction((), "refused", decided.code)
        if not decided:
            return None
        last = decided[-1]
        if last.kind == "start-refused":
            return Reaction(decided, "refused", last.detail["reason"])
        if last.kind in _PHASE_AFTER:
            self.place = (last.slot, _PHASE_AFTER[last.kind])
        elif last.kind not in ("audio-paused", "alert-acknowledged"):
            self.place = _NOWHERE
        return Reaction(decided, taken)

    def _hold_down(self, state, now):
        number, phase = self.place
        if phase in ("infusing", "interrupted"):
            return None
        if phase == "on-hold":
            return self._step_reason(state, number, now)
        reaction = self._react(decide(state, "hold", {}, now))
        if reaction is not None and reaction.events:
            self.hold_changed = True
            self.reason = (number, 0, now)
        return reaction

    def _step_reason(self, state, number, now):
        if self.reason is not None and self.reason[0] == number:
            index = self.reason[1]
        else:
            index = REASONS.index(state.open[number].reason)
        self.reason = (number, (index + 1) % len(REASONS), now)
        return Reaction((), "taken")

    def _offer_at_press(self, state, now):
        newest = self.newest_offer(now)
        latched = to_acknowledge(state, True, now)
        if latched:
            since = max([alarm.since for alarm in latched])
            if newest is None or since > newest.since:
                return Offer("latched", since, None)
        return newest

    # -- moments

    def next_instant(self, state):
        """Monotonic instant at which `tick` must be called next, or None."""
        self._adopt_hold(state)
        # The last instant belongs to an offer's window.
        found = [plus_ms(offer.until, 1) for offer in self.offers if offer.until is not None]
        if self.held is not None and self.lengths_left:
            found.append(plus(self.held_since, self.lengths_left[0]))
        if self.reason is not None:
            found.append(plus(self.reason[2], REASON_S))
        return min(found) if found else None

    def tick(self, state, now):
        """What the passing of time does at the desk, one thing a call, stamped with its exact instant; None when nothing is left to do at `now`."""
        self._adopt_hold(state)
        length_at = None
        if self.held is not None and self.lengths_left:
            length_at = plus(self.held_since, self.lengths_left[0])
        if self.reason is not None:
            taken_at = plus(self.reason[2], REASON_S)
            if taken_at <= now and (length_at is None or taken_at <= length_at):
                return self._take_reason(state, self.reason, taken_at)
        if length_at is not None and length_at <= now:
            length = self.lengths_left[0]
            self.lengths_left = self.lengths_left[1:]
            return self._long(state, length, length_at) or Reaction()
        for offer in self.offers:
            if offer.until is not None and offer.until < now:
                self.offers.remove(offer)
                if offer.request is not None:
                    self._settle(offer.request, "expired", "expired")
                return Reaction()
        return None

    def _adopt_hold(self, state):
        """A hold whose reason was not taken before a reset is taken up again; one that was left is forgotten."""
        number, phase = oldest_open(state)
        if phase == "on-hold":
            slot = state.open[number]
            if not slot.reason_taken and (self.reason is None or self.reason[0] != number):
                self.reason = (number, REASONS.index(slot.reason), slot.since)
        if self.reason is not None and (phase != "on-hold" or self.reason[0] != number):
            self.reason = None

    def _take_reason(self, state, choice, at):
        number, index, _ = choice
        self.reason = None
        return Reaction(decide(state, "take-reason", {"slot": number, "reason": REASONS[index]}, at))

    def _long(self, state, length, at):
        button = self.held
        if length == STUCK_S:
            self.held = None
            self.stuck.append(button)
            return Reaction(decide(state, "condition", {"condition": "stuck-button", "present": True}, at))
        if _place(state) != self.place:
            return None
        if button == "start":
            return self._start_long(state, at)
        if button == "hold":
            return self._hold_long(state, length, at)
        if length == SHORT_LONG_S:
            return self._take_offer(state, at)
        if self.two_seconds_did or newest_undo(state, at) is None:
            return None
        return self._react(decide(state, "undo", {}, at), "undone")

    def _start_long(self, state, at):
        if can_override(state, at):
            self._withdraw("override")
            self.offers.append(Offer("override", at, OVERRIDE_S))
            return Reaction((), "offered")
        why = why_not_start(state, at)
        if why is not None and why[0] == "no-slot-open":
            return self._react(decide(state, "prepare", {}, at), "reached")
        return None

    def _hold_long(self, state, length, at):
        phase = self.place[1]
        if length == SHORT_LONG_S:
            if phase == "infusing":
                return self._react(decide(state, "interrupt", {}, at), "reached")
            if phase == "interrupted":
                return self._react(decide(state, "stop-infusion", {}, at), "reached")
            return None
        if not state.has_course() or phase in ("infusing", "interrupted"):
            return None
        self._withdraw("stop")
        offer = Offer("stop", at, STOP_S)
        offer.hold_at = self.held_since if self.hold_changed else None
        self.offers.append(offer)
        return Reaction((), "offered")

    def _withdraw(self, kind):
        self.offers = [offer for offer in self.offers if offer.kind != kind]

    def _take_offer(self, state, at):
        offer = self.pressed_offer
        if offer is None or not offer.stands(at):
            return None
        if offer.kind == "latched":
            decided = decide(state, "acknowledge", {"latched": True, "until": self.held_since}, at)
        elif offer not in self.offers:
            return None
        else:
            self.offers.remove(offer)
            if offer.kind == "change":
                decided = decide(state, offer.name, offer.args, at)
            elif offer.kind == "override":
                decided = decide(state, "start", {"override": True}, at)
            else:
                decided = decide(state, "course-stop", {"by": "bedside", "hold_at": offer.hold_at}, at)
        self.two_seconds_did = True
        if offer.request is not None:
            refused = isinstance(decided, Refusal)
            self._settle(offer.request, "refused" if refused else "confirmed", decided.code if refused else "")
        reaction = self._react(decided, "reached")
        if reaction is not None:
            reaction.request = offer.request
        return reaction
