"""Exhaustive breadth-first exploration of a tiny course: phases x alerts x clock x buttons, every input at every instant.

States are merged when all their times relative to now agree to `step` seconds (older than any timer of the course: equal). Over the closed graph it
proves: from every state the course can be brought to its end, nothing is due without a light, no press gives two doses, counts equal the fold, no two
starts within the gap without an override (all in `Watch`, which runs along every edge).
"""

import copy
import time
from collections import deque

import pytest

from dosecore.checkpoint import pack, unpack
from dosecore.timeline import due, in_cycle, next_instant
from tests.driver import Device, Refused, instant, ms
from tests.model.watch import Watch

UTC0 = 100_000_000_000
TINY = {
    "name": "tiny", "anchor": "grid", "bench": True, "interval_min": 60, "infusion_min": 20, "max_doses": 2, "max_days": 0, "cycles": 1,
    "cycle_days": 1, "early_min": 20, "late_min": 15, "overdue_min": 30, "missed_min": 60, "min_gap_min": 45, "hold_remind_min": 0,
    "hold_review_count": 1, "pre_dose_check_min": 0, "supportive_care_review_min": 0,
}  # fmt: skip
HORIZON_S = 70  # no timer of this course is longer, the resume of a stopped course excepted
# Where a course may end. A stop whose instant a power cut made unknown cannot be resumed at the bed: the host starts anew.
ENDS, ENDS_WITH_HOST = ("completed",), ("completed", "stopped")


def twin_of(device):
    """A device in the same state: the state through its checkpoint bytes, the desk by hand."""
    other = Device()
    other.state = unpack(pack(device.state))
    other.desk = copy.copy(device.desk)
    other.desk.offers = [copy.copy(offer) for offer in device.desk.offers]
    other.desk.stuck = list(device.desk.stuck)
    other.desk.results = list(device.desk.results)
    other.t, other.origin = device.t, device.origin
    return other


class Key:
    """What tells two states apart: everything that has a consequence, times relative to now in steps."""

    def __init__(self, device, step, undos):
        self.undos = undos
        self.device = device
        self.step = step
        self.now = ms(device.now)

    def ago(self, moment, shift=0):
        if moment is None:
            return None
        relative = (self.now - (ms(moment) - shift)) // 1000
        return max(-HORIZON_S, min(relative, HORIZON_S)) // self.step

    def make(self):
        state, desk = self.device.state, self.device.desk
        # UTC instants are told relative to now as the device knows it, or as it last knew it.
        shift = ms(state.offset or state.old_offset or (0, 0))
        tally = bytes(state.tally().outcomes) if state.cycle else b""
        slots = tuple(
            (s.number, s.phase, self.ago(s.due, shift), s.partial, s.reason_taken, s.infused_ms // 1000 // self.step)
            + (
                (self.ago(s.run_from),)
                if s.phase == "infusing"
                else (self.ago(s.since),)
                if s.phase == "interrupted"
                else ()
            )
            for s in (state.open[n] for n in sorted(state.open))
        )
        alarms = tuple(
            sorted(
                (
                    a.condition,
                    a.acknowledged,
                    a.ended is None,
                    self.ago(a.since) if a.condition == "infusion-ended" else 0,
                )
                for a in state.alarms
            )
        )
        undos = tuple((u.press, u.number, self.ago(u.mono)) for u in state.undos if self.now - ms(u.mono) <= 60_000)[
            -self.undos :
        ]
        offers = tuple((o.kind, o.name) for o in desk.offers)
        reason = desk.reason and (desk.reason[0], desk.reason[1] > 0)
        return (
            state.course, state.course_before_stop, state.armed, state.cycle, state.current,
            tuple((slot, self.ago(at, shift)) for slot, at in state.bases), tally, self.ago(state.last_start, shift), slots, alarms, undos,
            offers, reason, state.offset is None, state.lost, state.stale, len(state.unresolved), self.ago(state.stopped_at),
        )  # fmt: skip


class Explorer:
    def __init__(self, slots, step, undos, clock, host, most):
        self.regimen = dict(TINY, max_doses=slots)
        self.step = step
        self.ends = ENDS_WITH_HOST if host else ENDS
        self.undos = undos  # how many of the presses that can be taken back tell two states apart
        self.most = most
        self.moves = self._moves(clock, host)
        self.edges = {}
        self.transitions = 0

    def _moves(self, clock, host):
        def held(button, length):
            def move(device, watch):
                before = len(device.log)
                device.down(button)
                watch.pressed(device.log[before:])
                device.to(device.t + length)
                device.up(button)

            return move

        def wait(device, watch):
            device.to(device.t + self.step * 1000)

        def next_one(device, watch):
            device.to(self._coming(device) or device.t)

        def just_before(device, watch):
            coming = self._coming(device)
            if coming:
                device.to(max(device.t, coming - 1))

        moves = {"wait": wait, "next": next_one, "just before": just_before}
        for button, length in (
            ("start", 100),
            ("hold", 100),
            ("start", 3050),
            ("hold", 2050),
            ("hold", 5050),
            ("pause", 2050),
            ("pause", 5050),
        ):
            moves[f"{button} {length}"] = held(button, length)
        if clock:
            moves["power cut, no clock"] = lambda device, watch: self._cut(device, None)
            moves["power cut, battery clock"] = lambda device, watch: self._cut(device, "rtc")
            moves["watchdog"] = lambda device, watch: device.boot("watchdog", warm=True)
            moves["sync"] = lambda device, watch: device.set_clock(UTC0 + device.t)
        if host:
            moves["stop"] = lambda device, watch: self._offer(device, "course-stop")
            moves["reschedule"] = lambda device, watch: self._offer(
                device, "reschedule", at=instant(UTC0 + device.t + 40_000)
            )
            for outcome in ("given", "held"):
                moves["record " + outcome] = lambda device, watch, o=outcome: self._record(device, o)
        return moves

    @staticmethod
    def _coming(device):
        found = [next_instant(device.state), device.desk.next_instant(device.state)]
        return min((ms(f) + device.origin for f in found if f), default=None)

    @staticmethod
    def _cut(device, clock):
        device.t += 20_000
        device.boot(utc=UTC0 + device.t if clock else None, source="rtc")

    @staticmethod
    def _offer(device, name, **arguments):
        try:
            device.offer(name, **arguments)
        except Refused:
            return
        device.down("pause")
        device.to(device.t + 2050)
        device.up("pause")

    def _record(self, device, outcome):
        state = device.state
        if (
            state.course == "running"
            and state.offset
            and in_cycle(state, state.current)
            and ms(due(state, state.current)) <= UTC0 + device.t
        ):
            started = instant(UTC0 + device.t - 5000) if outcome == "given" else None
            self._offer(device, "dose-record", cycle=1, slot=state.current, outcome=outcome, started=started)

    def begin(self):
        device = Device()
        device.boot(utc=UTC0)
        watch = Watch(folds=False)
        watch.adopt(device)
        device.after_event = lambda event: watch.event(device, event)
        self._offer(device, "configure", regimen=self.regimen, label="", armed=False)
        self._offer(device, "course-start", at=instant(UTC0 + device.t + 40_000))
        return device, watch

    def run(self):
        device, watch = self.begin()
        first = Key(device, self.step, self.undos).make()
        self.names = {first: 0}
        self.courses = [device.state.course]
        self.edges = {0: set()}
        self.how = {0: None}
        queue = deque([(0, device, watch)])
        while queue:
            number, device, watch = queue.popleft()
            for name, move in self.moves.items():
                self._expand(queue, number, device, watch, name, move)
            if len(self.names) > self.most:
                raise AssertionError(f"more than {self.most} states")
        return self

    def _expand(self, queue, number, device, watch, name, move):
        other, follower = twin_of(device), watch.copy()
        other.after_event = lambda event: follower.event(other, event)
        try:
            move(other, follower)
            follower.rest(other)
        except Exception as problem:
            raise AssertionError("{}: {}".format(" > ".join(self.path(number) + [name]), problem)) from problem
        self.transitions += 1
        key = Key(other, self.step, self.undos).make()
        if key not in self.names:
            self.names[key] = len(self.names)
            self.courses.append(other.state.course)
            self.edges[self.names[key]] = set()
            self.how[self.names[key]] = (number, name)
            other.log, other.bursts = [], []
            queue.append((self.names[key], other, follower))
        self.edges[number].add(self.names[key])

    def path(self, number):
        steps = []
        while self.how[number]:
            number, name = self.how[number]
            steps.append(name)
        return steps[::-1]

    def without_an_end(self):
        """States from which no sequence of moves brings the course to its end or to a stop."""
        before = {number: set() for number in self.edges}
        for number, following in self.edges.items():
            for after in following:
                before[after].add(number)
        reached = {n for n, course in enumerate(self.courses) if course in self.ends}
        queue = deque(reached)
        while queue:
            for earlier in before[queue.popleft()] - reached:
                reached.add(earlier)
                queue.append(earlier)
        return set(self.edges) - reached


def explore(slots, step, undos, clock, host, most):
    began = time.monotonic()
    explorer = Explorer(slots, step, undos, clock, host, most).run()
    print(
        f"\n{len(explorer.names)} states, {explorer.transitions} transitions, "
        f"{time.monotonic() - began:.1f} s (step {step} s)"
    )
    stuck = explorer.without_an_end()
    assert not stuck, "no way to the end from: " + " > ".join(explorer.path(min(stuck)))
    assert set(explorer.courses) >= {"running", "completed"}
    for number, following in explorer.edges.items():
        assert following != {number} or explorer.courses[number] in ("completed", "stopped"), explorer.path(number)
    return explorer


REQ = ("S-02", "S-04", "S-07", "S-11", "R-05", "A-01")


@pytest.mark.req(*REQ)
def test_every_state_of_a_tiny_course_at_the_bed():
    explore(slots=2, step=60, undos=1, clock=False, host=False, most=40_000)


@pytest.mark.req(*REQ, "T-03", "T-04", "T-05", "T-06", "S-10", "S-06")
@pytest.mark.soak
def test_every_state_of_one_slot_with_outages_and_host():
    explore(slots=1, step=60, undos=1, clock=True, host=True, most=20_000)


@pytest.mark.req(*REQ)
@pytest.mark.soak
def test_every_state_of_a_tiny_course_with_two_presses_to_undo():
    explore(slots=2, step=30, undos=2, clock=False, host=False, most=40_000)


@pytest.mark.req(*REQ, "T-03", "T-04", "T-05", "T-06", "S-10", "S-06")
@pytest.mark.soak
def test_every_state_of_one_slot_with_outages_and_host_told_apart_more_finely():
    explore(slots=1, step=30, undos=1, clock=True, host=True, most=40_000)
