"""A battery-backed clock on the bus: a power loss costs nothing; a chip that is wrong, dead or on a stuck bus is believed by no boot, and told (T-05)."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from dosebell.image import build_image
from dosebell.image.files import BOARDS, FIRMWARE
from dosebell.sim import flash_from_uf2
from dosebell.sim.clock_chip import STATUS, ClockChip
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.clock_scenes import OFF_MOST_S, SHARP_S, battery, chip_is_set, clock_faults, clock_of, with_chip
from hil_tests.conftest import MakeBench
from hil_tests.effects import INFUSION_S, LATE_S, OVERDUE_S
from hil_tests.prepared import configured
from hil_tests.scenes import IDLE_S, LOW_HZ, MEDIUM_HZ, alert, heard, kinds, pitched, slot_and_phase, status
from hil_tests.test_reset_and_time import CLOCK_ERROR_S, CLOCK_LOST_WITHIN_S, clock_error, power_cut

# A boot asks the chip before it calls.
CALLED_S = 0.050


@pytest.mark.req("T-05", "T-02")
def test_a_host_that_sets_the_clock_sets_the_chip_too(make_bench: MakeBench, new_board: bytes) -> None:
    # given a new chip, whose time means nothing
    bench = make_bench(configured(new_board))
    chip = bench.solder_clock_chip()
    bench.wait(scenes.BOOTED_S)
    assert clock_of(bench) == ("unknown", False)
    # when a host sets the clock
    scenes.synchronise(bench)
    bench.wait(4)
    # then the chip has the time, and its flag is clear
    assert chip_is_set(bench, chip)
    assert clock_of(bench) == ("synced", True)


@pytest.mark.req("T-05", "S-07")
def test_with_a_battery_clock_a_power_cut_in_any_phase_costs_nothing(make_bench: MakeBench, new_board: bytes) -> None:
    """One course, a power cut in each phase; the phases follow each other as they would at the bed."""
    bench, _, due = with_chip(make_bench, configured(new_board))
    started = due + OVERDUE_S + 90
    for at, button, phase in (
        (due - 10, None, "waiting"),
        (due + LATE_S + 10, None, "late"),
        (due + OVERDUE_S + 60, "hold", "on-hold"),
        (started, "start", "infusing"),
    ):
        # given the slot in that phase
        bench.wait_until(at)
        if button:
            bench.press(button)
            bench.wait(5)
        assert slot_and_phase(bench) == (1, phase)
        # when the power goes and comes back
        power_cut(bench)
        bench.wait(scenes.BOOTED_S)
        # then the clock is right, nobody is called for it, and the slot is where it was
        assert clock_error(bench) <= OFF_MOST_S, phase
        assert clock_of(bench) == ("rtc", True), phase
        assert alert(bench, "clock-lost") is None, phase
        assert slot_and_phase(bench) == (1, phase)
    # and the infusion ends when it must
    bench.wait_until(started + INFUSION_S + 2)
    assert abs(heard(bench, LOW_HZ, started + 30) - started - INFUSION_S) <= OFF_MOST_S
    assert status(bench)["course"]["counts"]["given"] == 1
    assert clock_faults(bench) == []


@pytest.mark.req("T-05", "A-02", "A-03")
def test_a_call_goes_on_as_soon_as_the_power_is_back(make_bench: MakeBench, new_board: bytes) -> None:
    # given a dose that is late, and calls
    bench, _, due = with_chip(make_bench, configured(new_board))
    bench.wait_until(due + LATE_S + 5)
    assert slot_and_phase(bench) == (1, "late")
    # when the power is gone for a moment
    bench.cut_power()
    bench.restore_power()
    booting = bench.now
    bench.wait(15)
    # then the nurse is called by the boot at once, and ten seconds later again
    boot = scenes.kinds(bench, "boot")[-1].mono
    booted = booting + boot[0] + boot[1] / 1000
    pulses = pitched(bench, MEDIUM_HZ, booting)
    assert 0 <= pulses[0].start - booted <= CALLED_S
    assert [tone.start - booted for tone in pulses if tone.start > booting + 5][0] == pytest.approx(10, abs=IDLE_S)


@pytest.mark.req("T-05")
def test_an_infusion_that_ended_without_power_is_completed_at_its_instant(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given an infusion that runs when the power goes
    bench, _, due = with_chip(make_bench, configured(new_board))
    bench.wait_until(due + 5)
    started = bench.press("start")
    bench.wait(10)
    # when it comes back a day later
    bench.cut_power()
    bench.restore_power(off_time=24 * 3600)
    bench.wait(scenes.BOOTED_S)
    # then the dose has ended when its time was over, and the clock is right
    assert clock_error(bench) <= OFF_MOST_S
    (completed,) = kinds(bench, "dose-completed")
    ended = scenes.utc_of(completed.utc) - bench.utc_at(started)
    assert abs(ended.total_seconds() - INFUSION_S) <= 0.02
    # and some seconds later it is as exact as the chip, though that shows whole seconds
    bench.wait(20)
    assert clock_error(bench) <= SHARP_S


def oscillator(bench: EmulatedBench, chip: ClockChip) -> None:
    chip.stop_oscillator()


def behind(bench: EmulatedBench, chip: ClockChip) -> None:
    chip.set(chip.utc - timedelta(seconds=30))


def foreign(bench: EmulatedBench, chip: ClockChip) -> None:
    """A chip from elsewhere, that runs and shows a date, eight hours ahead."""
    chip.lose_battery()
    chip.registers[STATUS] = 0
    chip.set(bench.utc_at(bench.now) + timedelta(hours=8))


def dead(bench: EmulatedBench, chip: ClockChip) -> None:
    bench.unsolder_clock_chip()


def stuck(bench: EmulatedBench, chip: ClockChip) -> None:
    bench.hold_bus("sda")


@pytest.mark.req("T-05", "T-04", "J-01")
@pytest.mark.parametrize(
    ("happens", "faults"),
    [
        (oscillator, ["its oscillator stood still: the battery?"]),
        (battery, ["its oscillator stood still: the battery?"]),
        (behind, ["it is behind the journal"]),
        (foreign, ["it was not set by this device"]),
        (stuck, ["the I2C bus is held low"]),
        (dead, []),  # cannot be told from a board that never had one
    ],
)
def test_a_chip_that_must_not_be_believed_leaves_the_clock_unknown_and_the_reason_in_the_journal(
    make_bench: MakeBench,
    new_board: bytes,
    happens: Callable[[EmulatedBench, ClockChip], None],
    faults: list[str],
) -> None:
    # given a course, and a chip to which something happens while the power is off
    bench, chip, _ = with_chip(make_bench, configured(new_board), due_in=600.0)
    bench.wait(120)
    bench.press("pause")  # the newest thing that the journal knows
    bench.cut_power()
    happens(bench, chip)
    # when the power comes back
    bench.restore_power()
    booted = bench.now
    bench.wait(scenes.BOOTED_S)
    # then the nurse is called within a second, no clock is claimed, and the journal says why
    assert heard(bench, MEDIUM_HZ, booted) - booted <= CLOCK_LOST_WITHIN_S
    assert status(bench)["clock"]["utc"] is None
    assert clock_of(bench) == ("unknown", False)
    assert alert(bench, "clock-lost") is not None
    assert clock_faults(bench) == faults
    assert (alert(bench, "self-test-failed") is not None) == bool(faults)
    assert slot_and_phase(bench) == (1, "waiting")
    assert kinds(bench, "dose-due", "dose-started", "dose-closed") == []
    # and when a host sets the clock and the chip is there, all is well again
    bench.free_bus()
    bench.revive_clock_chip()
    scenes.synchronise(bench)
    bench.wait(5)
    assert clock_of(bench) == ("synced", True)
    assert status(bench)["alerts"] == []
    assert chip_is_set(bench, chip)


@pytest.mark.req("T-05")
def test_a_part_that_was_left_in_the_middle_of_a_byte_is_given_its_clocks(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a chip that holds SDA because it was interrupted while it was read
    bench, _, _ = with_chip(make_bench, configured(new_board))
    bench.cut_power()
    bench.hold_bus("sda", clocks=7)
    # when the device boots
    bench.restore_power()
    bench.wait(scenes.BOOTED_S)
    # then it frees the bus, and has the time
    assert clock_of(bench) == ("rtc", True)
    assert clock_error(bench) <= OFF_MOST_S
    assert clock_faults(bench) == []


@pytest.mark.req("T-05", "A-07", "B-02")
def test_a_chip_that_the_board_file_names_is_missed(make_bench: MakeBench, tmp_path: Path) -> None:
    # given a board file that says that there is a chip, and a board without one
    board = tmp_path / "pico.toml"
    board.write_text((BOARDS / "pico.toml").read_text() + "\n[clock]\naddress = 0x68\n")
    shutil.copy(BOARDS / "micropython.toml", tmp_path)
    uf2 = build_image(board, FIRMWARE, tmp_path / "named.uf2").path.read_bytes()
    # when it boots
    bench = make_bench(configured(flash_from_uf2(uf2)), board_file=board)
    bench.wait(scenes.BOOTED_S)
    # then that is a fault, and the self-test says so too
    assert clock_faults(bench, "boot") == ["it does not answer"]
    assert alert(bench, "self-test-failed") is not None
    assert scenes.ask(bench, "self-test")["faults"] == ["clock", "clock-chip"]


@pytest.mark.req("T-05", "H-02")
def test_the_status_tells_people_of_the_battery(booted: EmulatedBench) -> None:
    bench = booted
    assert "no clock battery" in bench.cli("status").ok().stdout
    bench.solder_clock_chip()
    bench.set_clock()
    bench.wait(5)
    said = bench.cli("status").ok().stdout
    assert "synced, clock battery" in said
    assert bench.cli("--json", "status").ok().json["clock"]["battery"] is True


@pytest.mark.req("T-05", "T-03")
def test_after_a_watchdog_reset_the_chip_is_still_known(make_bench: MakeBench, new_board: bytes) -> None:
    # given a chip that a host has set
    bench, _, _ = with_chip(make_bench, configured(new_board), due_in=3600.0)
    # when the watchdog resets the device
    bench.reset("watchdog")
    bench.wait(scenes.BOOTED_S)
    # then the clock goes on, and the battery is there
    assert clock_error(bench) <= CLOCK_ERROR_S
    assert status(bench)["clock"]["battery"] is True
    assert clock_faults(bench) == []
