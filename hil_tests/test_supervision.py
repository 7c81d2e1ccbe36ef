"""A failure in any handler, a hang at any place, memory that runs out: journaled, called out, survived; the course goes on (T-03, A-07)."""

from collections.abc import Callable

import pytest

from hil_tests import scenes
from hil_tests.bench import EmulatedBench, NoAnswer
from hil_tests.bench.interface import CONFIRM_S
from hil_tests.conftest import THINLY, MakeBench
from hil_tests.effects import LATE_S
from hil_tests.failures import before, broken, calls, fails_on_demand, faults, told
from hil_tests.prepared import configured
from hil_tests.resets import BITE_S, bitten
from hil_tests.scenes import MEDIUM_HZ, alert, ask, heard, status

LASTS_S = 60
BOOT_S = 1.0
REQUESTS = ("status", "configure", "clock-set", "log")


def press(button: str) -> Callable[[EmulatedBench], None]:
    return lambda bench: bench.hold(button, 0.2)


def hold(button: str) -> Callable[[EmulatedBench], None]:
    return lambda bench: bench.hold(button, CONFIRM_S)


def say(bench: EmulatedBench) -> None:
    bench.serial().send(b'\n{"id":"7f3a0001","do":"status"}#5d0c2a9e\n')


def wait(seconds: float) -> Callable[[EmulatedBench], None]:
    return lambda bench: bench.wait(seconds)


# Where the exception is raised (file and function), and what brings the firmware there.
PLACES: dict[str, tuple[str, str, Callable[[EmulatedBench], None]]] = {
    "edges": ("device/drivers/buttons.py", "step", press("start")),
    "press": ("dosecore/desk.py", "down", press("start")),
    "release": ("dosecore/desk.py", "up", press("hold")),
    "judging": ("dosecore/presses.py", "start", press("start")),
    "long press": ("dosecore/desk.py", "_long", hold("pause")),
    "feedback": ("device/panel/player.py", "feedback", press("pause")),
    "append": ("device/journal/ring.py", "append", press("pause")),
    "fold": ("dosecore/apply.py", "apply", press("pause")),
    "light": ("device/panel/player.py", "step", press("pause")),
    "schedule": ("device/app.py", "_schedule", press("pause")),
    "alerts": ("dosecore/alerts.py", "alerts", press("pause")),
    "clock": ("dosecore/timeline.py", "_next", press("pause")),
    "chores": ("device/chores.py", "do", wait(3)),
    "tidying": ("device/upkeep.py", "tidy", press("pause")),
    "bytes": ("device/link/session.py", "pump", say),
    "request": ("device/link/session.py", "_request", say),
    "feeding": ("device/drivers/watchdog.py", "feed", wait(8)),
}


def arm(bench: EmulatedBench, place: str) -> None:
    """The next time that the firmware comes to `place` it fails."""
    assert ask(bench, "hello", fail=place)["product"] == "dosebell"


def assert_survived(bench: EmulatedBench, words: str, cause: str = "crash") -> None:
    """One reset, told in the journal and by a call; a minute later all is as it was."""
    again = bench.pico.resets[-1][0]
    bench.wait_until(again + BOOT_S)
    last = told(bench, "boot")[-1].detail
    assert (last["cause"], last["warm"]) == (cause, True), words
    if words:
        assert words in faults(bench, "crash")[-1]
    assert alert(bench, "self-test-failed")["priority"] == "medium", words
    assert calls(bench, again), words
    bench.wait_until(again + LASTS_S + BOOT_S)
    found = status(bench)
    assert found["alerts"] == [], words
    assert found["course"]["state"] == "running"
    assert found["clock"]["quality"] == "recovered"


@THINLY
@pytest.mark.req("T-03", "A-07", "J-01", "S-03")
def test_an_exception_in_any_handler_is_journaled_called_out_and_survived(
    make_bench: MakeBench, new_board: bytes, every: int
) -> None:
    # given a course, and an image that fails on demand
    places = tuple((name, file, function) for name, (file, function, _) in PLACES.items())
    bench = make_bench(fails_on_demand(places))
    due = scenes.running(bench, due_in=3 * 3600)
    bench.wait(LASTS_S)
    for name, (_file, _function, provoke) in list(PLACES.items())[::every]:
        # when it fails at one place
        resets = len(bench.pico.resets)
        arm(bench, name)
        provoke(bench)
        assert bench.pico.run_until(lambda known=resets: len(bench.pico.resets) > known, 8), f"{name} did not fail"  # type: ignore[misc]
        # then the device says so, and goes on
        assert len(bench.pico.resets) == resets + 1
        assert_survived(bench, f"ValueError: at {name}")
    # and the course goes on as if nothing had been
    assert bench.now < due
    bench.wait_until(due + LATE_S + 5)
    assert abs(heard(bench, MEDIUM_HZ, due + LATE_S - 2) - due - LATE_S) <= 2


@pytest.mark.req("T-03", "A-07", "H-01")
def test_an_exception_in_any_request_is_journaled_called_out_and_survived(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a course, and an image in which a request raises if it is told to
    fails = before(
        "            answer = function(device, request, now)", 'if "fail" in request: raise ValueError(request["do"])'
    )
    bench = make_bench(broken({"device/link/session.py": [fails]}))
    scenes.running(bench, due_in=3 * 3600)
    bench.wait(LASTS_S)
    for do in REQUESTS:
        with pytest.raises(NoAnswer):
            ask(bench, do, fail=True)
        assert bench.pico.run_until(lambda: bench.now - bench.pico.resets[-1][0] >= BOOT_S, 3)
        assert f"ValueError: {do}" in faults(bench, "crash")[-1]
        assert alert(bench, "self-test-failed")["priority"] == "medium", do
        bench.wait(LASTS_S)
        assert status(bench)["alerts"] == [], do
    assert len(bench.pico.resets) == len(REQUESTS)
    assert status(bench)["course"]["state"] == "running"


# Seconds after which the processor stops dead, from what is done at 0.
HANGS: dict[str, tuple[Callable[[EmulatedBench], None] | None, tuple[float, ...]]] = {
    "asleep": (None, (0.3,)),
    "debouncing": (lambda bench: bench.down("pause"), (0.003,)),
    "writing a press": (lambda bench: bench.down("pause"), (0.008, 0.011)),
    "in a burst": (lambda bench: bench.down("hold"), (0.02,)),
    "answering": (say, (0.001, 0.004)),
}
# In a boot, from the reset on. In the first 15 ms MicroPython itself begins: the watchdog does not run yet.
BOOT_HANGS = (0.016, 0.1, 0.3, 0.45)


@THINLY
@pytest.mark.req("T-03", "A-07", "J-01")
def test_a_hang_at_any_place_is_bitten_journaled_called_out_and_survived(
    make_bench: MakeBench, new_board: bytes, every: int
) -> None:
    # given a course
    bench = make_bench(configured(new_board))
    scenes.running(bench, due_in=3 * 3600)
    bench.wait(LASTS_S)
    for name, (provoke, instants) in list(HANGS.items())[::every]:
        for instant in instants:
            # when the processor stops dead
            if provoke is not None:
                provoke(bench)
            bench.wait(instant)
            resets = len(bench.pico.resets)
            bench.pico.hang()
            bench.up("pause")
            bench.up("hold")
            bench.wait(BITE_S + 0.1)
            # then the watchdog bites, and the device says so and goes on
            assert len(bench.pico.resets) == resets + 1, name
            assert_survived(bench, "", "watchdog")


@pytest.mark.req("T-03", "A-07", "J-01")
def test_a_hang_at_any_time_of_a_boot_is_bitten_and_called_out(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    scenes.running(bench, due_in=3 * 3600)
    for instant in BOOT_HANGS:
        # when it hangs, and the boot after that hangs too
        bench.wait(LASTS_S + BOOT_S)
        begun = bitten(bench)
        bench.wait_until(begun + instant)
        assert bench.now - begun == pytest.approx(instant), "the boot is further than that"
        again = bitten(bench)
        # then it is bitten again, and goes on
        bench.wait_until(again + BOOT_S)
        assert alert(bench, "self-test-failed") is not None
        # and its clock is right, or it says that it is lost
        clock = ask(bench, "clock-get")
        if alert(bench, "clock-lost") is None:
            assert abs((scenes.utc_of(clock["utc"]) - bench.utc_at(bench.now)).total_seconds()) <= 2, instant
        else:
            assert clock["utc"] is None
            scenes.synchronise(bench, bench.now - clock["mono"][0] - clock["mono"][1] / 1000)


@pytest.mark.req("A-07", "T-03", "J-01")
def test_memory_that_runs_out_is_journaled_called_out_and_survived(make_bench: MakeBench) -> None:
    # given an image in which a request keeps memory for ever
    leak = before(
        '    return {\n        "product": "dosebell",',
        "__import__('loader').__dict__.setdefault('kept', []).append(bytearray(16_000))",
    )
    bench = make_bench(broken({"device/link/requests/identity.py": [leak]}))
    scenes.running(bench, due_in=3 * 3600)
    # when it is asked until no memory is left
    with pytest.raises(NoAnswer):
        for _ in range(20):
            ask(bench, "hello")
            bench.wait(1)
    # then the device says so, and goes on
    bench.wait(0.2)
    assert_survived(bench, "MemoryError")


@pytest.mark.req("A-07", "T-03", "J-01")
def test_memory_that_cannot_be_had_any_more_is_called_out_and_survived(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    bench.pico.hangs_on_break = True
    scenes.running(bench, due_in=3 * 3600)
    for provoke in (press("pause"), say):
        bench.wait(LASTS_S + BOOT_S)
        # when every allocation fails until the chip is reset
        resets = len(bench.pico.resets)
        bench.lock_heap()
        provoke(bench)
        bench.wait(LASTS_S)
        # then it is reset, at the latest by the watchdog, and the device says so and goes on
        assert len(bench.pico.resets) == resets + 1
        assert told(bench, "boot")[-1].detail["warm"]
        assert alert(bench, "self-test-failed") is not None or bench.now - bench.pico.resets[-1][0] > LASTS_S
        assert status(bench)["course"]["state"] == "running"
