"""What the journal costs a boot, and the check of all of it the loop: read off a spare pin that a changed image raises around them."""

import pytest

from dosebell.sim import Edge, flash_from_uf2
from hil_tests import scenes
from hil_tests.bench.changed import build_changed
from hil_tests.conftest import MakeBench
from hil_tests.prepared import QUICK, Past, full_and_running
from hil_tests.scenes import IDLE_S, MINUTE

BOOT_S, SLICE_S = 0.150, 0.005
SPARE = 2
SLOWEST_ERASE_US = 400_000
PIN = f"import machine\nmachine.Pin({SPARE}, machine.Pin.OUT, value=0)\n"


def spans(edges: list[Edge]) -> list[float]:
    """How long the pin was high each time, in seconds."""
    found, since = [], None
    for edge in edges:
        if edge.level:
            since = edge.t
        elif since is not None:
            found.append(edge.t - since)
            since = None
    return found


def marked(path: str, line: str, before: str = "") -> bytes:
    """The flash of a new board whose firmware raises the spare pin around that line."""
    indent = " " * (len(line) - len(line.lstrip()))
    high, low = f"{indent}machine.Pin({SPARE}).value(1)\n", f"\n{indent}machine.Pin({SPARE}).value(0)"
    return flash_from_uf2(build_changed({path: [(before, PIN + before), (line, high + line + low)]}))


@pytest.mark.req("J-01", "J-03", "T-04")
def test_a_full_journal_costs_a_boot_no_more_than_150_ms(make_bench: MakeBench) -> None:
    """Newest sector found, checkpoint and tail folded."""
    new_board = marked("device/start.py", "    keeper, found = wake(journal(), safe)", "\n_BLOCK = ")
    bench = make_bench(full_and_running(new_board))
    log = bench.pico.watch(SPARE)
    bench.wait(1)
    (took,) = spans(log.since(0))
    print(f"{took * 1000:.1f} ms")
    assert 0.01 < took <= BOOT_S


@pytest.mark.req("J-04", "A-05")
def test_the_check_of_a_full_journal_takes_slices_of_no_more_than_5_ms(make_bench: MakeBench) -> None:
    new_board = marked("device/upkeep.py", "            check.step()", "\nROOM = ")
    bench = make_bench(full_and_running(new_board))
    log = bench.pico.watch(SPARE)
    bench.wait(30)
    slices = spans(log.since(0))
    print(f"{len(slices)} slices, longest {max(slices) * 1000:.2f} ms, together {sum(slices):.2f} s")
    # each of the 128 sectors was looked at, in both copies
    assert len(slices) > 128 * 7
    assert max(slices) <= SLICE_S
    assert scenes.alert(bench, "journal-fault") is None


@pytest.mark.req("A-05", "A-01", "S-03")
def test_a_light_that_blinks_for_days_leaves_the_next_press_no_erase_to_wait_for(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a board without an erased sector, slow flash, and a dose that nobody gives: its yellow light has an edge each second
    past = Past(new_board)
    past.configure({**QUICK, "late_min": 1})  # so soon that no calm minute comes before
    past.use_up(20)
    bench = make_bench(past.without_spare_sectors())
    bench.wait(0.5)
    bench.press("pause")  # before the first calm moment of this boot
    late = scenes.running(bench, due_in=4) + MINUTE
    bench.pico.flash_spy.erase_us = SLOWEST_ERASE_US
    bench.wait_until(late + 120)
    # then sectors were erased all the same, until two are ready, and every edge of the light came on time
    erases = [operation.t for operation in bench.pico.flash_spy.operations if operation.kind == "erase"]
    assert len([t for t in erases if t > late]) >= 2
    edges = [edge.t - late for edge in bench.light_edges("yellow", late + 1)]
    assert len(edges) > 100
    assert max(abs(t - round(t)) for t in edges) <= IDLE_S
