"""Memory, collections, passes and boot of the real image: a course of weeks must run as its first hour does."""

import pytest

from hil_tests import scenes
from hil_tests.conftest import MakeBench, Running
from hil_tests.figures import Collection, HeapView, boot, collections, idle_passes
from hil_tests.prepared import configured, full_and_ready, full_and_running
from hil_tests.scenes import MINUTE

FREE_BYTES, BLOCK_BYTES = 110_000, 32 * 1024
BOOT_S, CALL_S = 0.400, 1.0
# What it takes to read a clock chip, and to journal that it is of no use.
FAULT_S = 0.050
PASS_S = 0.000250
HOURS_S = 8 * 3600.0
# An effect in the middle of a collection must still come within 100 ms under traffic.
COLLECTION_S = 0.060
COLLECTIONS = 2
# What a conservative collector may see or not; a slow leak of it would still last for years.
GRAIN_BYTES = 256
# The state keeps one more start, outcome and press to undo for each dose of a cycle.
DOSES, DOSE_BYTES = 9, 128


@pytest.mark.req("T-04", "A-05")
def test_with_a_full_journal_the_device_can_call_within_400_ms(make_bench: MakeBench, new_board: bytes) -> None:
    found = boot(make_bench(full_and_running(new_board)))
    assert found.alert_capable <= BOOT_S
    assert found.first_call <= CALL_S


@pytest.mark.req("T-04", "T-05", "A-05")
@pytest.mark.parametrize("part", ["stuck bus", "wrong chip"])
def test_a_clock_chip_that_is_of_no_use_delays_the_first_call_by_little(
    make_bench: MakeBench, new_board: bytes, part: str
) -> None:
    bench = make_bench(full_and_running(new_board))
    if part == "stuck bus":
        bench.hold_bus("scl")
    else:
        bench.solder_clock_chip()
    found = boot(bench)
    assert found.alert_capable <= BOOT_S + FAULT_S
    assert found.first_call <= CALL_S


@pytest.mark.req("A-05", "S-01")
def test_an_idle_pass_takes_no_more_than_250_microseconds(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    scenes.running(bench, due_in=3600)
    bench.wait(120)  # the chores of the boot and of the last press are done
    assert max(idle_passes(bench)) <= PASS_S


def check(found: list[Collection]) -> None:
    assert len(found) == COLLECTIONS, "no collection was seen"
    for each in found:
        assert each.heap.free >= FREE_BYTES
        assert each.heap.largest >= BLOCK_BYTES
        assert each.seconds <= COLLECTION_S


@pytest.mark.req("S-01", "T-01")
def test_the_heap_does_not_grow_over_eight_hours_of_a_running_course(make_bench: MakeBench, new_board: bytes) -> None:
    # given a course on a device with a full journal
    bench = make_bench(full_and_ready(new_board))
    scenes.running(bench, due_in=HOURS_S + 3600)
    bench.wait(MINUTE)  # the check of the journal that follows a boot is over, and its code is out of the heap
    view = HeapView(bench)
    # when the memory has been collected at the beginning and after eight hours
    before = collections(bench, view, COLLECTIONS)
    bench.wait(HOURS_S)
    after = collections(bench, view, COLLECTIONS)
    # then as much is free as before
    check(before)
    check(after)
    assert before[-1].heap.free - after[-1].heap.free <= GRAIN_BYTES


@pytest.mark.req("S-01", "T-01")
def test_the_heap_has_room_after_eight_hours_of_doses(running: Running) -> None:
    # given a course with a dose an hour
    bench, due = running
    view = HeapView(bench)
    before = collections(bench, view, COLLECTIONS)
    # when every dose is given, and every call answered
    for slot in range(DOSES):
        bench.wait_until(due + slot * 3600 + MINUTE)
        bench.press("start")
        bench.wait(2 * MINUTE)
        bench.press("pause")
    bench.wait(10 * MINUTE)
    after = collections(bench, view, COLLECTIONS)
    # then no more is gone than a dose's place in the state, and what is free is still in one piece
    assert before[-1].heap.free - after[-1].heap.free <= GRAIN_BYTES + DOSES * DOSE_BYTES
    check(after)
