"""Any two conditions together, in any order, with PAUSE pressed at any moments: who is heard, when, and by which light (A-01 to A-04).

What is expected is calculated here from the requirements: a list of what stands from when to when, and the cadences of `tests.model.calls`. The device's
own list of alerts is not asked for it.
"""

from copy import copy
from itertools import permutations
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from device.panel import lights
from dosecore.alerts import alerts
from dosecore.events import CONDITIONS
from dosecore.regimen_rules import built_in
from dosecore.timeline import event
from tests.driver import Device, instant
from tests.model import calls
from tests.model.profiles import examples
from tests.model.schedule import TECHNICAL
from tests.model.scripts import MINUTE, SECOND, UTC0

# The slot's own conditions exclude each other; how each comes to stand after the due, in ms.
PHASES = {"due": 0, "late": 2 * MINUTE, "overdue": 4 * MINUTE, "on-hold": 20 * SECOND, "interrupted": 27 * SECOND}
CHECK = "pre-dose-check"
ANY_BUTTON = ("infusion-ended", "next-cycle", "supportive-care")
RED = (*TECHNICAL, "journal-nearly-full")
OTHERS = tuple(condition for condition in CONDITIONS if condition not in PHASES)
REMIND_MIN = 3
REGIMEN = dict(
    built_in()["hd-il2"], interval_min=480, early_min=60, missed_min=240, min_gap_min=0,
    hold_remind_min=REMIND_MIN, hold_review_count=0, pre_dose_check_min=0, supportive_care_review_min=0, infusion_min=60,
)  # fmt: skip
RULES = SimpleNamespace(rules=SimpleNamespace(minute=MINUTE, hold_remind=REMIND_MIN * MINUTE))
# When a slot that is wanted in a phase goes on to the next, in minutes; never, as far as this is watched, where that is not wanted.
LATE_OVERDUE = {"late": (2, 100), "overdue": (2, 4)}
NEVER = (100, 200)
WATCHED = 14 * MINUTE
FIRST_DUE = 30 * MINUTE


def together(first, second):
    """Whether both can stand: phases of one slot cannot, and what is to be checked before a dose ends when it falls due."""
    return first != second and not {first, second} <= set(PHASES) and not (first in PHASES and second == CHECK)


PAIRS = [pair for pair in permutations(CONDITIONS, 2) if together(*pair)]


class Scene:
    """A device and, beside it, what must stand: `standing`, a list of (Standing, end or None)."""

    def __init__(self, phase):
        late, overdue = LATE_OVERDUE.get(phase, NEVER)
        self.device = device = Device()
        device.boot(utc=UTC0)
        device.offer("configure", regimen=dict(REGIMEN, late_min=late, overdue_min=overdue), label="", armed=False)
        self._hold("pause", 2100)
        device.offer("course-start", at=instant(UTC0 + FIRST_DUE))
        self._hold("pause", 2100)
        self.due = FIRST_DUE
        self.standing = []
        self.pauses = []
        self.presses = set()  # instants; a burst of that very instant is heard before the press is

    def _hold(self, button, ms):
        self.device.down(button)
        self.device.wait(ms)
        self.device.up(button)

    def look(self):
        """What stands must be lit at every moment: yellow by the highest, red for the device itself."""
        device = self.device
        here = [one for one, end in self.standing if one.since <= device.t and (end is None or device.t < end)]
        slot = device.state.open.get(device.state.current)
        infusing = slot is not None and slot.phase == "infusing"
        red, yellow, green = lights.rhythms(alerts(device.state, device.now), True, infusing, False, None)
        priorities = {one.priority for one in here}
        wanted = lights.MEDIUM_ALERT if "medium" in priorities else lights.STEADY if here else lights.DARK
        assert yellow == wanted, (device.t, [one.condition for one in here])
        assert red == (lights.STEADY if any(one.condition in RED for one in here) else lights.DARK)
        if priorities & {"low", "medium"}:
            assert green in (lights.DARK, lights.INFUSING)

    def comes(self, condition):
        """It stands from now on, in the books."""
        one = calls.Standing(condition, self.device.t)
        one.call_from = None if condition == CHECK else self.device.t
        if condition == "on-hold":
            one.call_from += REMIND_MIN * MINUTE
        self.standing.append((one, None))

    def ends(self, *conditions):
        now = self.device.t
        self.standing = [
            (one, now if end is None and one.condition in conditions else end) for one, end in self.standing
        ]

    def rise(self, condition):
        """A condition that is no phase comes up, as the shell or the clock would bring it."""
        device = self.device
        self.comes(condition)
        slot = 1 if condition == CHECK else 0
        device.add([event(device.state, "alert-raised", device.now, {"condition": condition, "count": 1}, slot)])
        device.to(device.t)
        self.look()

    def chain(self, phase):
        """[(t, what is done or comes)] until the slot is in this phase."""
        due = self.due
        chain = [(due, lambda: self.passes("due"))]
        if phase in ("late", "overdue"):
            chain.append((due + PHASES["late"], lambda: self.passes("late")))
        if phase == "overdue":
            chain.append((due + PHASES["overdue"], lambda: self.passes("overdue")))
        if phase in ("on-hold", "interrupted"):
            chain.append((due + 20 * SECOND - 1, self.answer))
        if phase == "on-hold":
            chain.append((due + PHASES["on-hold"], self.hold))
        if phase == "interrupted":
            chain.append((due + PHASES["interrupted"] - 7 * SECOND, self.interrupt))
        return chain

    def passes(self, phase):
        """The clock brings the slot into its next phase."""
        self.device.to(self.device.t)
        self.ends("due", "late")
        if phase == "due":
            self.ends(CHECK, "infusion-ended")
        self.comes(phase)
        self.look()

    def press(self, button):
        self.presses.add(self.device.t)
        self.device.down(button)
        self.device.up(button)

    def answer(self):
        """A press before the one that counts, if something asks for any button: it would do nothing else."""
        answered = [one.condition for one, end in self.standing if end is None and one.condition in ANY_BUTTON]
        if answered:
            self.ends(*answered)
            self.press("start")

    def hold(self):
        self.ends("due")
        self.comes("on-hold")
        self.press("hold")
        self.look()

    def interrupt(self):
        """START, and five seconds later HOLD for two: what stood is silent meanwhile, and calls afresh then."""
        device = self.device
        self.ends("due")
        self.press("start")
        begun = device.t
        self.look()
        device.to(begun + 5 * SECOND)
        device.down("hold")
        device.to(begun + 7 * SECOND)
        device.up("hold")
        for one, end in list(self.standing):
            if end is None and one.call_from is not None and one.condition not in calls.SOUND_WHILE_INFUSING:
                again = copy(one)
                again.call_from = device.t
                self.standing.append((again, None))
                self.standing[self.standing.index((one, None))] = (one, begun)
        self.comes("interrupted")
        self.look()

    def press_pause(self):
        """Any button answers what asks for any button; else PAUSE pauses what stands."""
        answered = [one.condition for one, end in self.standing if end is None and one.condition in ANY_BUTTON]
        if answered:
            self.ends(*answered)
        else:
            self.pauses.append(self.device.t)
        self.press("pause")
        self.look()

    # -- what must have been heard
    def expected(self, begin, end):
        """[(t, priority)] of every burst at begin <= t < end."""
        found, t = [], begin
        while True:
            coming = [calls.next_on_grid(RULES, one, t) for one, over in self.standing if self._may(one, over, t)]
            t = min(coming, default=end)
            if t >= end:
                return found
            heard = calls.heard(self._here(t), t, self._pause(t))
            if heard is not None and calls.on_grid(RULES, heard, t):
                found.append((t, heard.priority))
            t += 1

    def _stands(self, over, t):
        return over is None or t < over or (t == over and t in self.presses)

    def _may(self, one, over, t):
        return one.call_from is not None and self._stands(over, t)

    def _here(self, t):
        return [one for one, over in self.standing if one.since <= t and self._stands(over, t)]

    def _pause(self, t):
        return max((pause for pause in self.pauses if pause < t), default=None)


def play(first, second, apart, presses):
    """`first` comes to stand, and `apart` ms later `second`; PAUSE goes down at each of `presses` (ms after the first). Returns the scene, both instants."""
    phase = next((condition for condition in (first, second) if condition in PHASES), None)
    scene = Scene(phase)
    begin = scene.due + (PHASES[first] if phase == first else PHASES[second] - apart if phase else -20 * MINUTE)
    moments = scene.chain(phase) if phase else []
    for t, condition in ((begin, first), (begin + apart, second)):
        if condition != phase:
            moments.append((t, lambda condition=condition: scene.rise(condition)))
    for press in presses:
        # While a finger is on START or HOLD, PAUSE would be ignored.
        if phase not in ("on-hold", "interrupted") or not 0 <= begin + press - scene.due <= PHASES["interrupted"]:
            moments.append((begin + press, scene.press_pause))
    # Of one instant: what comes up, then the fingers.
    for t, happen in sorted(moments, key=lambda moment: (moment[0], moment[1] in (scene.answer, scene.press_pause))):
        scene.device.to(max(t, scene.device.t))
        happen()
    scene.device.to(begin + WATCHED)
    scene.look()
    return scene, begin, begin + apart


@pytest.mark.req("A-01", "A-02", "A-03", "A-04")
@pytest.mark.parametrize("first", CONDITIONS)
@given(st.integers(1, 400 * SECOND), st.lists(st.integers(0, 600 * SECOND), max_size=3))
@settings(max_examples=examples(2))
def test_of_any_two_the_right_one_is_heard_and_both_are_lit(first, apart, presses):
    """One after the other with any time between, and PAUSE at any moments: every burst is as calculated, none is missing, and `look` saw each light."""
    for second in [other for one, other in PAIRS if one == first]:
        scene, begin, _ = play(first, second, apart, presses)
        assert scene.device.bursts == scene.expected(0, begin + WATCHED + 1), (first, second)


@pytest.mark.req("A-03")
@pytest.mark.parametrize("first", CONDITIONS)
def test_a_new_condition_breaks_the_pause_at_once(first):
    """Paused is what stood: whatever comes up a minute later, more urgent or less, is heard at its very instant. On hold sounds by its reminders alone."""
    for second in [other for one, other in PAIRS if one == first and other not in (CHECK, "on-hold")]:
        scene, _, second_at = play(first, second, 61_234, [30 * SECOND])
        priority = next(one.priority for one, _ in scene.standing if one.condition == second)
        assert (second_at, priority) in scene.device.bursts, (first, second)
