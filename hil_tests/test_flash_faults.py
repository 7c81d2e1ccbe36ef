"""Every write, erase and read of the journal fails once: presses are stored and answered, the schedule goes on, the failure is told (S-03, J-02, J-05)."""

from collections.abc import Callable
from functools import partial

import pytest

from dosebell.sim.flash import FlashOperation, FlashSpy
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.conftest import MakeBench
from hil_tests.effects import LATE_S
from hil_tests.failures import faults, journal_blocks, spoil_next_sectors, told
from hil_tests.prepared import QUICK, configured
from hil_tests.resets import bitten
from hil_tests.scenes import IDLE_S, MEDIUM_HZ, PRESS_S, REFUSED_HZ, TAKEN_HZ, alert, ask, heard, slot_and_phase, status

LASTS_S = 61
BOOT_S = 1.0
# After a reset nothing is erased while the device calls (a minute); then it looks again and again.
CALM_S = 125.0
FAILURES = ("fail_next", "misread_next")


def at_rest(make_bench: MakeBench, new_board: bytes) -> EmulatedBench:
    bench = make_bench(configured(new_board))
    bench.wait(scenes.BOOTED_S)
    scenes.synchronise(bench)
    bench.wait(1)
    return bench


def spoil(bench: EmulatedBench, how: str, operation: int) -> Callable[[], bool]:
    """The operation-th from now fails so; the answer tells whether it has come to that."""
    spy = bench.pico.flash_spy
    last = len(spy.operations) + operation
    getattr(spy, how)(operation)
    return lambda: len(spy.operations) > last


@pytest.mark.req("S-03", "J-02", "J-05")
@pytest.mark.parametrize("how", FAILURES)
def test_a_write_that_fails_once_in_a_press_costs_one_copy_and_is_told(
    make_bench: MakeBench, new_board: bytes, how: str
) -> None:
    bench = at_rest(make_bench, new_board)
    for copy in (0, 1):
        known, counted = len(told(bench, "start-refused")), status(bench)["journal"]["faults"]
        # when the write of one copy fails, or its first reading is wrong
        came = spoil(bench, how, copy)
        pressed = bench.press("start")
        bench.wait(1)
        # then the press is stored, answered in time, and the failure is counted and journaled
        assert came()
        assert heard(bench, REFUSED_HZ, pressed) - pressed <= PRESS_S
        assert len(told(bench, "start-refused")) == known + 1
        assert status(bench)["journal"]["faults"] == counted + 1
        assert faults(bench, "journal-copy") == ["one of two copies could not be written"]
    # and a power cut finds every event in the copy that was whole
    bench.cut_power()
    bench.restore_power()
    bench.wait(scenes.BOOTED_S)
    assert len(scenes.kinds(bench, "start-refused")) == 2
    assert scenes.kinds(bench, "journal-gap") == []
    assert alert(bench, "journal-fault") is None


@pytest.mark.req("S-03", "J-02", "H-03")
def test_a_write_that_fails_once_in_a_confirmation_costs_one_copy(make_bench: MakeBench, new_board: bytes) -> None:
    bench = at_rest(make_bench, new_board)
    operation = 0
    while True:
        known = len(told(bench, "configured"))
        came = spoil(bench, "fail_next", operation)
        begun = bench.now
        assert scenes.confirm(bench, "configure", regimen=QUICK, label="bed 7", armed=False) == "confirmed"
        assert heard(bench, TAKEN_HZ, begun)
        assert len(told(bench, "configured")) in (known + 1, 1), "a new sector begins with a checkpoint"
        if not came():
            break
        operation += 1
    assert operation >= 4, "a press and a configuration are written in two copies"
    assert faults(bench, "journal-copy")


@pytest.mark.req("S-01", "A-05", "J-02")
def test_a_write_that_fails_once_at_an_instant_of_the_schedule_delays_no_call(
    make_bench: MakeBench, new_board: bytes
) -> None:
    for how, copy in (("fail_next", 0), ("fail_next", 1), ("misread_next", 0), ("misread_next", 1)):
        bench = make_bench(configured(new_board))
        due = scenes.running(bench)
        bench.wait_until(due + LATE_S - 1)
        came = spoil(bench, how, copy)
        bench.wait_until(due + LATE_S + 1)
        assert came()
        assert heard(bench, MEDIUM_HZ, due + LATE_S) - due - LATE_S <= IDLE_S
        assert slot_and_phase(bench) == (1, "late")
        assert len(told(bench, "dose-late")) == 1
        assert faults(bench, "journal-copy") == ["one of two copies could not be written"]


@pytest.mark.req("T-03", "J-02", "J-05")
def test_a_write_that_fails_once_in_a_boot_loses_nothing(make_bench: MakeBench, new_board: bytes) -> None:
    bench = at_rest(make_bench, new_board)
    for operation in range(4):
        bench.wait(LASTS_S)
        boots = len(told(bench, "boot"))
        begins = bitten(bench)
        came = spoil(bench, "fail_next", operation)
        bench.wait_until(begins + BOOT_S)
        assert came()
        assert len(told(bench, "boot")) == boots + 1
        assert alert(bench, "self-test-failed") is not None
        assert faults(bench, "journal-copy")
    assert told(bench, "journal-gap") == []


def has_come(spy: FlashSpy, failed: list[int]) -> bool:
    """The operation that was to fail is over."""
    return bool(failed) and len(spy.operations) > failed[0]


@pytest.mark.req("J-03", "J-05")
def test_an_erase_that_fails_once_is_told_and_the_journal_goes_on(make_bench: MakeBench, new_board: bytes) -> None:
    bench = at_rest(make_bench, new_board)
    spy = bench.pico.flash_spy
    code = "journal-erase"
    for operation in (0, 1, 3, 4):
        # given sectors that are to be erased: copy A erased and marked, marked once more, copy B erased and marked, the next
        known = len(faults(bench, code))
        bench.wait(LASTS_S)  # the boot before has not failed
        spoil_next_sectors(bench)
        bitten(bench)
        failed: list[int] = []

        def begin(
            begun: FlashOperation, after: int = operation, failed: list[int] = failed, boot: int = len(spy.operations)
        ) -> None:
            """The first erase of this boot counts as operation 0."""
            if begun.kind == "erase" and len(spy.operations) > boot and not failed:
                failed.append(len(spy.operations) - 1 + after)
                spy.fail_at.add(failed[0])

        # when one of these fails
        spy.on_operation = begin
        assert bench.pico.run_until(partial(has_come, spy, failed), CALM_S, 0.01)
        spy.on_operation = None
        bench.wait(2)
        # then it is counted and journaled, and what is pressed is stored
        assert len(faults(bench, code)) == known + 1, operation
        assert status(bench)["journal"]["faults"] == 1  # since the newest sector was opened
        stored = len(told(bench, "start-refused"))
        pressed = bench.press("start")
        bench.wait(1)
        assert heard(bench, REFUSED_HZ, pressed) - pressed <= PRESS_S
        assert len(told(bench, "start-refused")) == stored + 1


@pytest.mark.req("J-02", "J-05", "T-03")
def test_a_read_that_is_wrong_once_in_a_boot_loses_nothing_or_is_told(make_bench: MakeBench, new_board: bytes) -> None:
    bench = at_rest(make_bench, new_board)
    for trial in range(12):
        bench.wait(LASTS_S)
        begins = bitten(bench)
        # when one copy of every sector reads wrong for 6 ms of the time in which the journal is read
        bench.wait_until(begins + 0.265 + trial * 0.006)
        first, size = journal_blocks(trial % 2)
        bench.pico.flash_spy.misread(first, size, 0.006)
        bench.wait_until(begins + BOOT_S + 1)
        # then the other copy is taken
        assert ask(bench, "hello")["label"] == "bed 7", trial
        assert status(bench)["course"]["state"] == "ready", trial
        assert told(bench, "boot")[-1].detail["warm"], trial
        assert told(bench, "journal-gap") == [], trial
