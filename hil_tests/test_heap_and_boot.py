"""Memory, collections, passes and boot of the real image: a course of weeks must run as its first hour does."""

import pytest

from hil_tests import scenes
from hil_tests.conftest import MakeBench
from hil_tests.figures import HeapView, boot, collections, idle_passes
from hil_tests.prepared import QUICK, Past, configured, full_and_running
from hil_tests.scenes import MINUTE

FREE_BYTES, BLOCK_BYTES = 110_000, 32 * 1024
BOOT_S, CALL_S = 0.400, 1.0
PASS_S = 0.000250
HOURS_S = 8 * 3600.0
# An effect in the middle of a collection must still come within 100 ms under traffic.
COLLECTION_S = 0.060
# The state keeps one more start and one more outcome for each dose.
PER_DOSE_BYTES = 64


@pytest.mark.req("T-04", "A-05")
def test_with_a_full_journal_the_device_can_call_within_400_ms(make_bench: MakeBench, new_board: bytes) -> None:
    found = boot(make_bench(full_and_running(new_board)))
    assert found.alert_capable <= BOOT_S
    assert found.first_call <= CALL_S


@pytest.mark.req("A-05", "S-01")
def test_an_idle_pass_takes_no_more_than_250_microseconds(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    scenes.running(bench, due_in=3600)
    bench.wait(120)  # the chores of the boot and of the last press are done
    assert max(idle_passes(bench)) <= PASS_S


@pytest.mark.req("S-01", "T-01")
def test_the_heap_has_room_and_does_not_grow_over_eight_hours_of_a_course(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a course with a dose an hour, in which every dose is given
    past = Past(new_board)
    past.fill()
    past.configure(QUICK)
    past.export()
    bench = make_bench(past.flash)
    due = scenes.running(bench)
    view = HeapView(bench)

    def give(slot: int) -> None:
        bench.wait_until(due + (slot - 1) * 3600 + MINUTE)
        bench.press("start")
        bench.wait(2 * MINUTE)
        bench.press("pause")

    give(1)
    # when the memory has been collected at the beginning and after eight hours
    before = collections(bench, view, wanted=2)
    for slot in range(2, 10):
        give(slot)
    bench.wait_until(due + HOURS_S + 10 * MINUTE)
    after = collections(bench, view, wanted=2)
    assert len(before) == len(after) == 2, "no collection was seen"
    # then as much is free as before, in pieces as large
    assert before[-1].heap.free - after[-1].heap.free <= 8 * PER_DOSE_BYTES
    for each in (*before, *after):
        assert each.heap.free >= FREE_BYTES
        assert each.heap.largest >= BLOCK_BYTES
        assert each.seconds <= COLLECTION_S
