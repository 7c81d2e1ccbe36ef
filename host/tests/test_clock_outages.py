"""Random outages, with and without a clock chip: what the clock claims is true within its bound or unknown, and nothing is inferred over unknown time."""

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from dosebell.sim.clock_chip import STATUS
from dosecore.instant import plus
from dosecore.regimen_rules import built_in
from dosecore.timeline import utc as utc_of
from tests.clock_world import World, moment, shown_ms
from tests.model.clock_truth import Truth
from tests.model.profiles import examples
from tests.model.scripts import DAY, HOUR, MINUTE, SECOND

# Doses every hour, so that an outage cuts into many of them.
HOURLY = {
    **built_in()["hd-il2"],
    "name": "hourly",
    "interval_min": 60,
    "infusion_min": 15,
    "max_doses": 60,
    "max_days": 0,
    "cycles": 1,
    "early_min": 10,
    "late_min": 5,
    "overdue_min": 20,
    "missed_min": 60,
    "min_gap_min": 0,
    "hold_review_count": 0,
    "supportive_care_review_min": 0,
}

LENGTH = st.one_of(st.integers(1, 5 * MINUTE), st.integers(1, 6 * HOUR))
OFF = st.one_of(st.integers(100, 5 * SECOND), st.integers(1, 3 * HOUR), st.integers(1, 5 * DAY))


class Bedside:
    """A world with a course that runs, and the truth about it. Each step is a method that takes its numbers."""

    def __init__(self, pico_ppm, chip_ppm):
        self.world = World(pico_ppm, chip_ppm)
        self.truth = Truth(self.world)
        device = self.world.device
        self.sync(0)
        device.command("configure", regimen=HOURLY, label="", armed=False)
        device.command("course-start", at=plus(utc_of(device.state, device.now), 600))
        self.wait(MINUTE)

    def wait(self, length):
        self.world.wait(length)

    def sync(self, error):
        """A host that knows the time to 500 ms sets the clock; a minute later the chip has it."""
        self.world.sync(error=error, bound=max(1, abs(error)))
        self.world.wait(MINUTE)

    def watchdog(self, error):
        self.world.watchdog_reset(8 * SECOND, error)

    def start(self, _):
        device = self.world.device
        device.down("start")
        device.up("start")

    def wrong_chip(self, what, off=0):
        """Something happens to the chip. What the truth says of it afterwards is what a boot must find."""
        world, truth = self.world, self.truth
        if world.chip is None:
            return
        if what == "oscillator":
            world.chip.stop_oscillator()
            truth.set_at = None
        elif what == "battery":
            world.chip.lose_battery()
            truth.set_at = None
        elif what == "foreign":
            world.chip.lose_battery()
            world.chip.registers[STATUS] = 0
            world.chip.set(moment(world.utc + 8 * HOUR))
            truth.set_at = None
        elif what == "set back" and truth.newest is not None:
            # So far that it shows: what a chip may have lost in a long outage, nobody can know.
            world.chip.set(moment(min(shown_ms(world.chip), truth.newest) - off - 10 * SECOND))
            truth.set_at = None
        elif what == "dead":
            world.bus.there = False
        elif what == "revived":
            world.bus.there = True
        elif what == "stuck":
            world.bus.stuck = True
        elif what == "free":
            world.bus.stuck = False

    def power_cut(self, off, what):
        """The power goes; meanwhile something may happen to the chip."""
        world, truth = self.world, self.truth
        promised = world.battery and world.bus.there and not world.bus.stuck
        self.wrong_chip(what, off)
        has_course = world.device.state.has_course()
        logged = len(world.device.log)
        expected = truth.may_be_believed(off)
        world.cold_boot(off)
        believed = world.claimed is not None
        kinds = [one.kind for one in world.device.log[logged:]]
        event("believed" if believed else "unknown")
        # The clock is the chip's exactly if the chip may be believed, and its loss is told exactly if there is a course to lose.
        assert expected is None or believed == expected, f"{what or 'nothing'} happened"
        assert ("clock-lost" in kinds) == (has_course and not believed), kinds
        if promised and not what:
            assert believed, "the status said that a battery keeps the clock"
        if believed:
            assert world.device.state.quality == "rtc"


HAPPENS = ["oscillator", "battery", "foreign", "set back", "dead", "stuck"]
STEPS = st.one_of(
    st.tuples(st.just("wait"), LENGTH),
    st.tuples(st.just("sync"), st.integers(-500, 500)),
    st.tuples(st.just("watchdog"), st.integers(-2000, 2000)),
    st.tuples(st.just("start"), st.just(0)),
    st.tuples(st.just("wrong_chip"), st.sampled_from(["dead", "revived", "stuck", "free"])),
    st.tuples(st.just("power_cut"), OFF, st.just("")),
    st.tuples(st.just("power_cut"), OFF, st.sampled_from(["", "", *HAPPENS])),
)


@pytest.mark.req("T-02", "T-03", "T-04", "T-05", "T-06")
@settings(max_examples=examples(120))
@given(
    pico_ppm=st.integers(-30, 30),
    chip_ppm=st.one_of(st.none(), st.integers(-5, 5), st.integers(-5, 5)),
    steps=st.lists(STEPS, min_size=1, max_size=14),
)
def test_the_clock_claims_what_is_true_or_nothing(pico_ppm, chip_ppm, steps):
    # given a course, and a device with or without a chip
    bedside = Bedside(pico_ppm, chip_ppm)
    bedside.truth.check()
    for name, *arguments in steps:
        # when outages, hosts, presses and faults follow each other
        getattr(bedside, name)(*arguments)
        # then the device claims no time but a true one, and no dose that nobody saw (the rest is asserted at each power cut)
        bedside.truth.check()
