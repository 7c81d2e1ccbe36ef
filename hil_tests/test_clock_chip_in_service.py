"""A battery-backed clock in service: a chip that dies, goes wrong or hangs the bus is told, and delays nothing; the clock follows one that drifts (T-05)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from dosebell.sim.clock_chip import ClockChip
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.interface import CONFIRM_S, to_wire
from hil_tests.clock_scenes import SHARP_S, battery, chip_is_set, clock_faults, clock_of, with_chip
from hil_tests.conftest import MakeBench
from hil_tests.course_check import timer_us
from hil_tests.effects import LATE_S
from hil_tests.figures import collecting
from hil_tests.prepared import configured
from hil_tests.scenes import IDLE_S, LOW_HZ, MEDIUM_HZ, alert, called, heard, kinds, status
from hil_tests.test_reset_and_time import clock_error, power_cut

# A chip in service is looked at every ten minutes, and every half a minute once it has failed; three failures are a fault.
LOOK_S, RETRY_S = 600.0, 30.0
FAULT_S = LOOK_S + 2 * RETRY_S + 5
# What a transfer that never ends may cost, with what the loop does around it.
HELD_UP_S = 0.010
# Boots, evenly over a second: one in 16 ms. After so long one knows the fraction of the chip's second.
PHASES, SHARP_WITHIN_S = 60, 16.0


@pytest.mark.req("T-05", "A-07")
def test_a_chip_that_dies_in_service_is_told_once_and_picked_up_again(make_bench: MakeBench, new_board: bytes) -> None:
    # given a course that waits for its first dose
    bench, _, _ = with_chip(make_bench, configured(new_board), due_in=3 * 3600.0)
    # when the chip dies
    bench.unsolder_clock_chip()
    bench.wait(FAULT_S)
    # then it is journaled once and called out, and the clock goes on
    died = bench.now
    assert clock_faults(bench) == ["it does not answer"]
    assert alert(bench, "self-test-failed") is not None
    assert clock_of(bench) == ("synced", False)
    assert "clock-chip" in scenes.ask(bench, "self-test")["faults"]
    bench.wait(LOOK_S)
    assert clock_faults(bench) == ["it does not answer"]
    assert called(bench, MEDIUM_HZ, died)
    # and when it answers again, the call ends
    bench.revive_clock_chip()
    bench.wait(RETRY_S + 5)
    assert status(bench)["alerts"] == []
    assert clock_of(bench) == ("synced", True)
    assert scenes.ask(bench, "self-test")["faults"] == []


def next_look(bench: EmulatedBench) -> float:
    """The next instant at which the device looks at a bus that is held: it then pulls SCL by hand."""
    pulses = bench.pico.i2c[0].pulses
    assert bench.pico.run_until(lambda: bench.pico.i2c[0].pulses > pulses, RETRY_S + 1), "it did not look"
    return bench.now


@pytest.mark.req("T-05", "A-05", "S-01")
@pytest.mark.parametrize("line", ["sda", "scl"])
def test_a_bus_that_is_stuck_in_service_delays_no_alert(make_bench: MakeBench, new_board: bytes, line: str) -> None:
    # given a device whose bus is held from the middle of a transfer on
    bench = make_bench(configured(new_board))
    bench.solder_clock_chip()
    bench.wait(scenes.BOOTED_S)
    scenes.synchronise(bench)
    bench.wait(5)
    bench.hold_bus(line, in_transfer=True)
    bench.wait(FAULT_S)
    assert clock_faults(bench, "clock-set") == ["the I2C bus is held low"]
    bench.hold("pause", CONFIRM_S)  # acknowledged: it is low from now on, and silent for two minutes
    # when a dose is due right after a look at the chip would begin
    look = next_look(bench)
    due = look + 2 * RETRY_S + 0.005
    assert (
        scenes.confirm(bench, "course-start", at=to_wire(bench.utc_at(due)), cycle=1, slot=1, last=None) == "confirmed"
    )
    bench.wait_until(due + LATE_S + 1)
    # then it is called at its instant, and so is the next phase, which comes with another look
    assert heard(bench, LOW_HZ, due) - due <= IDLE_S
    assert heard(bench, MEDIUM_HZ, due + LATE_S) - due - LATE_S <= IDLE_S
    assert clock_faults(bench) == []
    # and when the bus is free, the chip is picked up again
    bench.free_bus()
    bench.wait(RETRY_S + 5)
    assert alert(bench, "self-test-failed") is None
    assert clock_of(bench) == ("synced", True)


def idle_again(bench: EmulatedBench) -> bool:
    """Asleep, or at a chore that would have waited if there had been something to do."""
    return bench.pico.asleep or collecting(bench)


@pytest.mark.req("T-05", "A-05")
def test_a_transfer_that_never_ends_costs_a_few_milliseconds(make_bench: MakeBench, new_board: bytes) -> None:
    # given a device that looks at its chip
    bench, _, _ = with_chip(make_bench, configured(new_board), due_in=3 * 3600.0)
    # when the clock line is held in the middle of a transfer
    bench.hold_bus("scl", in_transfer=True)
    bus = bench.pico.i2c[0]
    bench.wait(LOOK_S - 15)
    assert bus.held_since is None
    assert bench.pico.run_until(lambda: bus.held_since is not None and idle_again(bench), 20, 0.0005)
    # then the device is at once free for what comes
    assert bus.held_since is not None
    assert bench.now - bus.held_since <= HELD_UP_S


def jumps(bench: EmulatedBench, chip: ClockChip) -> None:
    chip.set(chip.utc + timedelta(seconds=5))


@pytest.mark.req("T-05", "T-02")
@pytest.mark.parametrize(
    ("happens", "fault"),
    [(jumps, "it differs from the clock by"), (battery, "its oscillator stood still")],
)
def test_a_chip_that_goes_wrong_in_service_is_told_and_set_again(
    make_bench: MakeBench,
    new_board: bytes,
    happens: Callable[[EmulatedBench, ClockChip], None],
    fault: str,
) -> None:
    # given a clock that a host has set, and a chip to which something happens
    bench, chip, _ = with_chip(make_bench, configured(new_board), due_in=3 * 3600.0)
    happens(bench, chip)
    wrong = bench.now
    # when the device has looked often enough to be sure
    bench.wait(FAULT_S)
    # then it was journaled and called out, the clock has stayed what it was, and the chip has the right time again
    (words,) = clock_faults(bench)
    assert fault in words
    assert called(bench, MEDIUM_HZ, wrong)
    assert clock_error(bench) <= 0.02
    bench.wait(RETRY_S)
    assert chip_is_set(bench, chip)
    assert status(bench)["alerts"] == []
    assert clock_of(bench) == ("synced", True)


@pytest.mark.req("T-05")
def test_the_clock_follows_a_chip_that_drifts_as_crystals_do(make_bench: MakeBench, new_board: bytes) -> None:
    # given a chip whose crystal and the device's are 60 ppm apart
    bench, chip, _ = with_chip(make_bench, configured(new_board), due_in=10 * 3600.0)
    phase = bench.utc_at(bench.now) - chip.utc
    chip.ppm = 60.0

    def apart() -> float:
        answer = scenes.ask(bench, "clock-get")
        return float(abs((scenes.utc_of(answer["utc"]) - chip.utc - phase).total_seconds()))

    # when nine hours pass without a host: 1.9 s
    bench.wait(9 * 3600)
    # then the clock is never far from the chip, which was no fault, and a power cut costs nothing either
    assert apart() <= 1.5 + 0.05
    assert clock_of(bench) == ("rtc", True)
    assert clock_faults(bench) == []
    power_cut(bench)
    bench.wait(scenes.BOOTED_S)
    assert apart() <= 0.5 + 0.05
    bench.wait(20)
    assert apart() <= SHARP_S
    assert clock_of(bench) == ("rtc", True)


@pytest.mark.req("T-05")
def test_the_clock_does_not_follow_a_chip_that_runs_away(make_bench: MakeBench, new_board: bytes) -> None:
    # given a chip that gains a second an hour
    bench, chip, _ = with_chip(make_bench, configured(new_board), due_in=3 * 3600.0)
    chip.ppm = 280.0
    # when hours pass
    bench.wait(2.2 * 3600)
    # then it is a fault, and the clock has stayed what a host has made it
    assert "it differs from the clock by" in clock_faults(bench)[0]
    assert status(bench)["clock"]["quality"] == "synced"
    assert clock_error(bench) <= 0.02


@pytest.mark.soak
@pytest.mark.req("T-05")
def test_wherever_in_the_chips_second_a_boot_falls_its_clock_is_as_right_as_it_says(
    make_bench: MakeBench, new_board: bytes
) -> None:
    bench, _, _ = with_chip(make_bench, configured(new_board), due_in=3 * 3600.0)
    for step in range(PHASES):
        # when the power comes back a little later in the chip's second each time
        bench.cut_power()
        bench.restore_power(off_time=1 + step / PHASES)
        bench.wait(SHARP_WITHIN_S)
        zero = bench.now - timer_us(bench) / 1e6
        boot = scenes.ask(bench, "clock-get")["boot"]
        sets = [event for event in kinds(bench, "clock-set") if event.boot == boot]
        assert len(sets) == 2, step
        # then it is never further off than it says, at once and when it has seen the chip's second change
        for event in sets:
            told = bench.instant_of(scenes.utc_of(event.utc))
            off_ms = (told - zero - event.mono[0]) * 1000 - event.mono[1]
            assert abs(off_ms) <= event.detail["bound_ms"], (step, event)
