"""The display: what is seen on it pixel by pixel, what it costs the loop, and that nothing depends on it (A-04, A-05)."""

from collections.abc import Iterator
from itertools import pairwise

import pytest
from PIL import Image

from dosebell.sim import EdgeLog, flash_from_uf2
from dosebell.sim.display import Display
from hil_tests import scenes, screens
from hil_tests.bench import EmulatedBench
from hil_tests.bench.changed import build_changed
from hil_tests.conftest import MakeBench
from hil_tests.figures import HeapView, collections
from hil_tests.prepared import QUICK, Past, configured
from hil_tests.resets import bitten
from hil_tests.scenes import BOOTED_S, IDLE_S, LOW_HZ, MINUTE

# What a step of the display may cost the loop, and what memory must be free with one.
STEP_S = 0.005
FREE_BYTES = 70_000
RETRY_S, RENEW_S, LOOK_S = 30.0, 60.0, 3600.0
EARLY_S = 0.45  # after power-on: the loop runs, and has not erased anything yet
PROBE = 22  # a GPIO that the board does not use
DRAWN_S = screens.DRAWN_S
# A scratch register of the watchdog, and what stands there after three boots that failed.
BOOTS_REGISTER, THREE_FAILED = 0x40058014, 0x1DB5E003


@pytest.mark.req("A-04", "S-02", "S-04", "H-03")
@pytest.mark.parametrize("story", sorted(screens.STORIES))
def test_every_screen_is_its_golden_picture(
    make_bench: MakeBench, new_board: bytes, story: str, request: pytest.FixtureRequest
) -> None:
    renew = request.config.getoption("--renew-golden")
    different = []

    def compare(name: str, display: Display) -> None:
        file = screens.GOLDEN / f"{name}.png"
        if renew:
            display.png(file, scale=1)
        with Image.open(file) as golden:
            if screens.rows_of(golden) != display.rows():
                different.append(name)

    # when the board is taken through its story, then every pixel is as in the picture that somebody has looked at
    screens.play(story, new_board, make_bench, compare)
    assert not different


def blank(bench: EmulatedBench) -> bool:
    return not any("#" in row for row in bench.display.rows())


@pytest.fixture(scope="module")
def probed() -> bytes:
    """A board that raises a GPIO while its display does something."""
    step = "            self.display_at = self.display.step(now)\n"
    probe = (
        "            from machine import Pin\n"
        f"            Pin({PROBE}, Pin.OUT).value(1)\n{step}            Pin({PROBE}).value(0)\n"
    )
    return flash_from_uf2(build_changed({"device/chores.py": [(step, probe)]}))


def pulses(log: EdgeLog) -> Iterator[float]:
    for up, down in pairwise(log.since(0.0)):
        if up.level and not down.level:
            yield down.t - up.t


@pytest.mark.req("A-05", "S-01")
def test_the_display_costs_a_pass_no_more_than_5_ms(make_bench: MakeBench, probed: bytes) -> None:
    # given a display that shows a countdown, an offer, a refusal, a call, the reasons of a hold, an infusion
    bench = make_bench(configured(probed), display=True)
    log = bench.pico.watch(PROBE)
    due = scenes.running(bench, due_in=20)
    bench.press("start")
    bench.wait_until(due + 2)
    bench.press("hold")
    bench.wait(0.5)
    bench.press("hold")
    bench.wait(2)
    bench.press("start")
    bench.wait(5)
    # then nothing that is done for it takes longer
    found = list(pulses(log))
    assert len(found) > 200
    assert max(found) <= STEP_S


@pytest.mark.req("A-05", "S-01", "S-03")
@pytest.mark.parametrize("dies", ["display", "sda", "scl"])
def test_a_display_or_bus_that_dies_in_service_changes_no_call_is_told_once_and_comes_back(
    make_bench: MakeBench, new_board: bytes, dies: str
) -> None:
    # given a display that shows the countdown
    bench = make_bench(configured(new_board), display=True)
    due = scenes.running(bench, due_in=30)
    bench.wait(1)
    assert bench.display.on
    # when it dies, or the bus with it, while seconds are counted
    if dies == "display":
        bench.unsolder_display()
    else:
        bench.hold_bus(dies)
    bench.display.lose_power()
    bench.wait_until(due + 40)
    # then the call comes at its instant, and the press is answered in time
    assert scenes.heard(bench, LOW_HZ, due) - due <= IDLE_S
    assert scenes.heard(bench, LOW_HZ, due + 30) - due - 30 <= IDLE_S
    pressed = bench.press("start")
    assert scenes.heard(bench, scenes.TAKEN_HZ, pressed) - pressed <= scenes.PRESS_S
    bench.wait(MINUTE)
    # and it is journaled once, and is no alert
    told = [event.detail["code"] for event in scenes.kinds(bench, "fault")]
    assert told.count("display") == 1
    assert blank(bench)
    # when it is there again
    if dies == "display":
        bench.revive_display()
    else:
        bench.free_bus()
    bench.wait(RETRY_S + DRAWN_S)
    # then it shows what stands
    assert not blank(bench)
    assert [event.detail["code"] for event in scenes.kinds(bench, "fault")].count("display") == 1


@pytest.mark.req("A-04")
def test_a_display_that_lost_its_power_for_a_moment_shows_its_picture_again_within_a_minute(
    make_bench: MakeBench, new_board: bytes
) -> None:
    bench = make_bench(configured(new_board), display=True)
    bench.wait(BOOTED_S + 7)
    before = bench.display.rows()
    # when it loses its power, and answers again before anybody has missed it
    bench.display.lose_power()
    assert blank(bench)
    bench.wait(RENEW_S + DRAWN_S)
    # then it shows what it had shown
    assert bench.display.rows() == before


@pytest.mark.req("A-04")
def test_one_that_is_plugged_in_later_is_found(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    bench.wait(MINUTE)
    bench.solder_display()
    bench.wait(LOOK_S)
    assert not blank(bench)


@pytest.mark.req("A-05", "J-03")
def test_seconds_that_it_counts_do_not_keep_the_journal_from_erasing(make_bench: MakeBench, new_board: bytes) -> None:
    # given a journal with sectors to erase, which a press at the boot has put off for a minute, and a countdown of seconds when that is over
    past = Past(new_board)
    past.configure(QUICK)
    bench = make_bench(past.without_spare_sectors(), display=True)
    bench.wait(EARLY_S)
    bench.press("pause")
    due = scenes.running(bench, due_in=90)
    bench.wait_until(due - 30)
    erased = len(bench.pico.flash_spy.operations)
    # when seconds are counted
    bench.wait_until(due - 3)
    # then it was erased meanwhile
    assert [operation.kind for operation in bench.pico.flash_spy.operations[erased:]].count("erase") >= 2


@pytest.mark.req("S-01")
def test_with_a_display_there_is_memory_for_a_host_that_asks_and_asks(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board), display=True)
    scenes.running(bench, due_in=3600)
    bench.wait(MINUTE)
    for each in collections(bench, HeapView(bench), 2):
        assert each.heap.free >= FREE_BYTES
        assert each.heap.largest >= 32 * 1024


@pytest.mark.req("A-05", "A-07")
@pytest.mark.parametrize("module", ["durations", "figures", "display"])
def test_a_display_that_cannot_be_begun_is_told_and_the_device_is_well(make_bench: MakeBench, module: str) -> None:
    # given firmware in which a module of the display cannot be imported
    broken = build_changed({f"device/panel/{module}.py": "1 / 0\n"})
    bench = make_bench(configured(flash_from_uf2(broken)), display=True)
    # when a dose falls due
    due = scenes.running(bench, due_in=20)
    bench.wait_until(due + 1)
    # then the device calls in time, has not been reset, and says once what was wrong
    assert scenes.heard(bench, LOW_HZ, due) - due <= IDLE_S
    assert not bench.pico.resets
    (told,) = scenes.kinds(bench, "fault")
    assert told.detail["code"] == "display"
    assert "ZeroDivisionError" in told.detail["words"]
    assert not bench.display.on


@pytest.mark.req("A-05", "A-07")
def test_a_screen_that_cannot_be_chosen_leaves_the_display_dark_and_the_device_well(make_bench: MakeBench) -> None:
    # given firmware that fails when it chooses a screen
    broken = build_changed(
        {"device/panel/screens.py": [("    card = cards[place]\n", "    card = cards[place // 0]\n")]}
    )
    bench = make_bench(configured(flash_from_uf2(broken)), display=True)
    # when a dose falls due
    due = scenes.running(bench, due_in=20)
    bench.wait_until(due + 1)
    # then the device calls in time, has not been reset, and the journal says what was wrong
    assert scenes.heard(bench, LOW_HZ, due) - due <= IDLE_S
    assert not bench.pico.resets
    (told,) = scenes.kinds(bench, "fault")
    assert told.detail["code"] == "display"
    assert "ZeroDivisionError" in told.detail["words"]
    assert blank(bench)


@pytest.mark.req("A-07", "T-04")
def test_safe_mode_switches_the_display_off(make_bench: MakeBench, new_board: bytes) -> None:
    # given a display that shows the countdown, and three boots that have failed
    bench = make_bench(configured(new_board), display=True)
    scenes.running(bench, due_in=3600)
    assert not blank(bench)
    bench.pico.mcu.write_uint32(BOOTS_REGISTER, THREE_FAILED)
    # when the watchdog bites
    bitten(bench)
    bench.wait(BOOTED_S)
    # then nobody can take the old countdown for a true one
    assert scenes.status(bench)["device"]["safe_mode"]
    assert not bench.display.on
