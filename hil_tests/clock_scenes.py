"""A device with a battery-backed clock on its bus: how it is set up, and what it says of the chip."""

from dosebell.sim.clock_chip import ClockChip
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.conftest import MakeBench
from hil_tests.scenes import kinds, status

# T-05: how wrong the clock may be after a power loss.
OFF_MOST_S = 1.0
# The same some seconds later, when the chip's seconds have been seen to change.
SHARP_S = 0.040


def with_chip(make_bench: MakeBench, flash: bytes, due_in: float = 30.0) -> tuple[EmulatedBench, ClockChip, float]:
    """A device with a clock chip that a host has set, a course running; the chip, and the instant of the first due."""
    bench = make_bench(flash)
    chip = bench.solder_clock_chip()
    due = scenes.running(bench, due_in)
    bench.wait(5)
    assert status(bench)["clock"]["battery"] is True
    return bench, chip, due


def chip_is_set(bench: EmulatedBench, chip: ClockChip) -> bool:
    """Whether the chip goes, and shows the right second or the one before: its seconds may begin later than those of UTC, and its clock was a little off."""
    behind = (bench.utc_at(bench.now) - chip.utc).total_seconds()
    return not chip.oscillator_stopped and -SHARP_S < behind < 1 + SHARP_S


def clock_faults(bench: EmulatedBench, since: str = "course-started") -> list[str]:
    """What was journaled about the chip after the last event of that kind. (Before it the chip was new, and not to be believed.)"""
    events = kinds(bench, "fault", since)
    begin = max(place for place, event in enumerate(events) if event.kind == since)
    return [event.detail["words"] for event in events[begin + 1 :] if event.detail["code"] == "clock-chip"]


def clock_of(bench: EmulatedBench) -> tuple[str, bool]:
    """Quality, and whether a battery is said to keep it."""
    clock = status(bench)["clock"]
    return clock["quality"], clock["battery"]


def battery(bench: EmulatedBench, chip: ClockChip) -> None:
    """What can happen to a chip, in service and without power: its battery is taken out."""
    chip.lose_battery()
