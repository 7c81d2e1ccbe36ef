"""A board that goes on in a copy of the process does so exactly as if it had been booted for it, and is left as it was."""

import os
from hashlib import sha256

import pytest

from dosebell.sim.pico import SRAM_BASE, SRAM_BYTES
from hil_tests import scenes
from hil_tests.bench import EmulatedBench, NotOnThisBench, in_a_copy
from hil_tests.conftest import MakeBench, Running
from hil_tests.prepared import configured


def beginning(bench: EmulatedBench) -> tuple[object, ...]:
    """A press, a request, an offer, a host that stalls; the clock, the memory, what was said, done, shown and heard."""
    bench.press("start")
    bench.wait(0.1)
    bench.serial().ask("status", request_id="c0de0001")
    bench.stall_host(0.2)
    bench.hold("pause", 1)
    return seen(bench)


def end(bench: EmulatedBench) -> tuple[object, ...]:
    """A bite of the watchdog, and a power cut in a flash operation."""
    bench.reset("watchdog")
    bench.wait(1)
    bench.power_cut_at_flash_op(1, "half")
    bench.press("pause")
    bench.wait(1)
    assert not bench.powered
    bench.restore_power()
    bench.wait(1)
    return seen(bench)


def seen(bench: EmulatedBench) -> tuple[object, ...]:
    pico = bench.pico
    return (
        (bench.now, pico.mcu.core.cycles),
        sha256(pico.peek(SRAM_BASE, SRAM_BYTES) + pico.snapshot()).digest(),
        bytes(pico.usb.out),
        [tuple(each) for each in pico.flash_spy.operations],
        {light: [tuple(edge) for edge in bench.light_edges(light)] for light in bench.lights()},
        [tuple(tone) for tone in bench.tones()],
    )


def story(bench: EmulatedBench) -> tuple[tuple[object, ...], tuple[object, ...]]:
    return beginning(bench), end(bench)


@pytest.mark.req("Q-01")
def test_a_copy_goes_on_as_the_board_itself_and_as_a_board_that_is_booted_for_it(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a board that has booted
    flash = configured(new_board)
    bench = make_bench(flash)
    bench.wait(scenes.BOOTED_S)
    # when a copy of it lives through a story, and then it does itself
    copied = in_a_copy(lambda: story(bench))
    assert bench.now == scenes.BOOTED_S and bench.powered
    itself = story(bench)
    # then clock, memory, flash, bytes, edges and tones are the same to the last one, and those of a board that is booted anew
    again = make_bench(flash)
    again.wait(scenes.BOOTED_S)
    assert copied == itself == story(again)
    # and the comparison is not blind: a millisecond later is another story
    later = make_bench(flash)
    later.wait(scenes.BOOTED_S + 0.001)
    assert beginning(later)[1] != copied[0][1]


@pytest.mark.req("Q-01")
@pytest.mark.parametrize("time", [1, 2])
def test_each_test_finds_the_board_as_it_was(booted: EmulatedBench, running: Running, time: int) -> None:
    # given boards that a test before this one has switched off
    assert booted.powered and booted.now == scenes.BOOTED_S
    assert scenes.slot_and_phase(running.bench) == (1, "waiting") and running.bench.now < running.due
    # when this one does so too, then the next finds them as this one did
    booted.cut_power()
    running.bench.cut_power()
    assert not booted.powered


@pytest.mark.req("Q-01")
def test_what_fails_in_a_copy_fails_here() -> None:
    def wrong() -> None:
        assert 6 * 9 == 42, "the answer"

    def lacking() -> None:
        raise NotOnThisBench("a lack")

    def skipped() -> None:
        pytest.skip("not now")

    def dead() -> None:
        os._exit(0)

    with pytest.raises(pytest.fail.Exception, match="the answer"):
        in_a_copy(wrong)
    with pytest.raises(pytest.skip.Exception, match="not on this bench: a lack"):
        in_a_copy(lacking)
    with pytest.raises(pytest.skip.Exception, match="not now"):
        in_a_copy(skipped)
    with pytest.raises(RuntimeError, match="without a word"):
        in_a_copy(dead)
    assert in_a_copy(lambda: (os.getppid(), 1)) == (os.getpid(), 1)
