"""Random regimens and random inputs: the invariants after every event, and the model's word at every step (J-01, S-02, S-04, S-07, S-11, T-03 to T-06)."""

import contextlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from dosecore.timeline import next_instant
from tests.driver import Device, Refused, instant, ms
from tests.model.compare import Twin
from tests.model.profiles import examples
from tests.model.scripts import UTC0
from tests.model.strategies import regimens
from tests.model.watch import Watch

BUTTONS = st.sampled_from(["start", "start", "hold", "pause"])
LENGTHS = st.sampled_from([50, 150, 150, 1999, 2000, 2100, 3000, 3100, 5000, 5100, 9999, 10_000, 12_000])
WAITS = st.sampled_from([1, 500, 2000, 10_000, 10_001, 30_000, 60_000, 120_000])  # ms
AROUND = st.sampled_from([-1500, -1, 0, 0, 0, 1])  # ms
MINUTES = st.sampled_from([1, 30, 60, 480])  # of the regimen: seconds in a bench regimen
LONGEST_MIN = 600  # no single step lets more time pass: unanswered calls are many bursts
OFF_S = st.sampled_from([0, 2, 60, 600, 7200, 40_000, 200_000])
SMALL = regimens(max_doses=4)
BENCH = regimens(max_doses=4, bench=True)


class Inputs(RuleBasedStateMachine):
    """Presses, time and the host, on a device (alone or with its model). Subclasses say what `self.on` is."""

    def make(self):
        raise NotImplementedError

    @initialize(regimen=SMALL | BENCH, armed=st.booleans(), ahead=st.none() | MINUTES)
    def begin(self, regimen, armed, ahead):
        self.watch = Watch()
        self.on = self.make()
        self.minute = 1000 if regimen["bench"] else 60_000
        self.offer("configure", regimen=regimen, label="Bed 1", armed=armed)
        self.press("pause", 2100)
        if not armed:
            self.offer("course-start", at=None if ahead is None else self.utc() + ahead * self.minute)
            self.press("pause", 2100)

    @property
    def device(self):
        return getattr(self.on, "core", self.on)

    def utc(self):
        """UTC ms of now, as the device knows it, else what it knew."""
        offset = self.device.state.offset
        return self.device.t + UTC0 if offset is None else ms(self.device.now) + ms(offset)

    def press(self, button, length):
        before = len(self.device.log)
        self.on.down(button)
        self.watch.pressed(self.device.log[before:])
        self.on.to(self.device.t + length)
        self.on.up(button)

    def offer(self, name, **arguments):
        raise NotImplementedError

    @rule(button=BUTTONS, length=LENGTHS)
    def press_a_button(self, button, length):
        self.press(button, length)

    @rule()
    def take_what_is_offered(self):
        self.press("pause", 2050)

    @rule()
    def undo(self):
        self.press("pause", 5050)

    @rule(first=BUTTONS, second=BUTTONS, gap=LENGTHS)
    def press_two_at_once(self, first, second, gap):
        if first != second:
            self.on.down(first)
            self.on.to(self.device.t + 40)
            self.on.down(second)
            self.on.to(self.device.t + gap)
            self.on.up(first)
            self.on.to(self.device.t + 700)
            self.on.up(second)

    @rule(duration=WAITS)
    def wait(self, duration):
        self.on.to(self.device.t + duration)

    @rule(minutes=MINUTES)
    def wait_minutes(self, minutes):
        self.on.to(self.device.t + minutes * self.minute)

    @rule(off=AROUND)
    def go_to_the_next_instant(self, off):
        coming = [next_instant(self.device.state), self.device.desk.next_instant(self.device.state)]
        coming = [ms(c) + self.device.origin for c in coming if c]
        if coming:
            coming = min(min(coming) + off, self.device.t + LONGEST_MIN * self.minute)
            self.on.to(max(self.device.t, coming))

    @rule(ahead=MINUTES)
    def reschedule(self, ahead):
        self.offer("reschedule", at=self.utc() + ahead * self.minute)

    @rule(
        outcome=st.sampled_from(["given", "partial", "held", "missed", "unknown"]),
        cycle=st.integers(1, 2),
        slot=st.integers(1, 4),
        back=MINUTES,
    )
    def record(self, outcome, cycle, slot, back):
        started = self.utc() - back * self.minute if outcome in ("given", "partial") else None
        self.offer(
            "dose-record", cycle=cycle, slot=slot, outcome=outcome, started=started, ended=None, reason="unspecified"
        )

    @rule(change=st.sampled_from(["course-stop", "next-cycle", "course-start"]))
    def change_the_course(self, change):
        self.offer(change, **({} if change == "course-stop" else {"at": None}))

    @invariant()
    def rests(self):
        if hasattr(self, "on"):
            self.watch.rest(self.device)


class AgainstTheModel(Inputs):
    """The clock is known and nothing restarts: the model covers all of it."""

    def make(self):
        twin = Twin()
        self.watch.adopt(twin.core)
        twin.core.after_event = lambda event: self.watch.event(twin.core, event)
        return twin

    def offer(self, name, **arguments):
        self.on.offer(name, arguments)


class OutagesAgainstTheModel(AgainstTheModel):
    """The same with power cuts, resets and syncs by a clock that is right."""

    @rule(off_s=OFF_S, battery=st.booleans())
    def power_cut(self, off_s, battery):
        self.on.power_cut(off_s * 1000, battery)

    @rule(off=AROUND, battery=st.booleans())
    def power_cut_until_the_next_instant(self, off, battery):
        coming = next_instant(self.device.state)
        if coming:
            pause = ms(coming) + self.device.origin + off - self.device.t
            self.on.power_cut(max(0, pause), battery)

    @rule()
    def watchdog_reset(self):
        self.on.watchdog_reset()

    @rule()
    def sync(self):
        self.on.sync()


class WithOutages(Inputs):
    """Power cuts with and without a battery clock, watchdog resets, syncs and checkpoints: the invariants alone."""

    def make(self):
        device = Device()
        device.after_event = lambda event: self.watch.event(device, event)
        device.boot(utc=UTC0)
        return device

    def offer(self, name, **arguments):
        for key in ("at", "started"):
            if arguments.get(key) is not None:
                arguments[key] = instant(arguments[key])
        with contextlib.suppress(Refused):
            self.device.offer(name, **arguments)

    @rule(off_s=OFF_S, clock=st.sampled_from(["none", "rtc"]))
    def power_cut(self, off_s, clock):
        utc = self.utc()
        self.device.t += off_s * 1000
        self.device.boot(utc=utc + off_s * 1000 if clock == "rtc" else None, source="rtc")

    @rule()
    def watchdog_reset(self):
        self.device.t += 500
        self.device.boot("watchdog", warm=True)

    @rule(error=st.sampled_from([-2000, -1, 0, 0, 3, 5000]))
    def sync(self, error):
        self.device.set_clock(self.device.t + UTC0 + error)

    @rule()
    def checkpoint(self):
        self.device.command("checkpoint")


COURSE = (
    "R-03",
    "R-05",
    "S-01",
    "S-02",
    "S-04",
    "S-05",
    "S-06",
    "S-07",
    "S-08",
    "S-09",
    "S-10",
    "S-11",
    "A-02",
    "A-03",
    "A-04",
)


def run(machine, few):
    run_state_machine_as_test(machine, settings=settings(max_examples=examples(few), stateful_step_count=40))


@pytest.mark.req(*COURSE, "J-01")
def test_core_and_model_agree_on_random_courses():
    run(AgainstTheModel, 160)


@pytest.mark.req(*COURSE, "J-01", "T-01", "T-03", "T-04", "T-05", "T-06")
def test_core_and_model_agree_through_outages():
    run(OutagesAgainstTheModel, 140)


@pytest.mark.req("J-01", "S-02", "S-07", "S-11", "T-03", "T-04", "T-05", "T-06")
def test_invariants_hold_through_outages_with_wrong_clocks_and_checkpoints():
    run(WithOutages, 120)
