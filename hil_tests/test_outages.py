"""Courses through outages on the emulated board: they end with the events that an independent calculation expects."""

import time

import pytest

from hil_tests import chance
from hil_tests.chance import Chance
from hil_tests.conftest import MakeBench
from hil_tests.outages import ThroughOutages
from hil_tests.outages_with_chip import ThroughOutagesWithChip
from tests.model.scripts import DAY

PROVES = ("T-03", "T-04", "T-06", "S-01", "S-04", "S-07", "J-01", "J-02")


def live_through(side: ThroughOutages, seed: int) -> None:
    """Days with outages as `chance` has them from a seed: what was seen on the way and every event in the end is as calculated. Tells what happened."""
    began = time.process_time()
    try:
        Chance(side, seed).live()
        log, bursts = side.check_log(), side.check_calls()
    finally:
        print(f"seed {seed}, outages: " + ", ".join(f"{t / 1000:.0f} s {kind}" for t, kind in side.told))
    print(
        f"seed {seed}: {side.model.t / DAY:.1f} days, {len(log)} events, {len(bursts)} bursts, {side.looks} looks, counts {side.counts()}; after a watchdog "
        f"bite or a crash the clock was off by at most {max(map(abs, side.clock_errors)) * 1000:.1f} ms; {time.process_time() - began:.0f} s of processor"
    )
    assert side.model.t >= chance.DAYS * DAY
    assert len(side.told) == chance.OUTAGES


@pytest.mark.req(*PROVES)
def test_a_day_through_six_outages_of_all_kinds_ends_with_the_events_that_are_calculated(
    make_bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chance, "DAYS", 1)
    monkeypatch.setattr(chance, "OUTAGES", 6)
    live_through(ThroughOutages(make_bench()), 1)


@pytest.mark.soak
@pytest.mark.req(*PROVES)
@pytest.mark.parametrize("seed", range(1, 14))
def test_many_courses_through_fifty_outages_end_with_the_events_that_are_calculated(
    make_bench: MakeBench, seed: int
) -> None:
    live_through(ThroughOutages(make_bench()), seed)


@pytest.mark.soak
@pytest.mark.req("T-05", *PROVES)
@pytest.mark.parametrize("seed", range(1, 4))
def test_with_a_clock_chip_fifty_outages_cost_no_time_and_end_with_the_events_that_are_calculated(
    make_bench: MakeBench, seed: int
) -> None:
    side = ThroughOutagesWithChip(make_bench())
    live_through(side, seed)
    first, sharp = (max(abs(error) for error in errors) for errors in zip(*side.chip_errors, strict=True))
    print(
        f"seed {seed}: after {len(side.chip_errors)} cold boots the clock was off by at most {first * 1000:.0f} ms, seconds later by {sharp * 1000:.0f} ms"
    )
    assert "clock-lost" not in {note.kind for note in side.model.notes}
