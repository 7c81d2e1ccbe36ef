"""Firmware that cannot go on: every failure is journaled and called out, three boots that fail lead to safe mode, and at the very end the board's pins call."""

import pytest

from hil_tests import scenes
from hil_tests.bench import EmulatedBench, NoAnswer
from hil_tests.bench.changed import Change
from hil_tests.conftest import MakeBench
from hil_tests.effects import INFUSION_S, LATE_S
from hil_tests.failures import FAILED_S, before, broken, calls, faults, in_a_course, told
from hil_tests.prepared import configured
from hil_tests.resets import BITE_S
from hil_tests.scenes import BUSY_S, IDLE_S, MEDIUM_HZ, PRESS_S, TAKEN_HZ, alert, ask, heard, slot_and_phase, status

LASTS_S = 60
CHORES: dict[str, Change] = {
    "device/chores.py": [before("        device = self._device\n        if self.first:", "1 / 0")]
}


def assert_calls_for_help(bench: EmulatedBench) -> None:
    """A medium technical condition, seen and heard."""
    assert calls(bench, bench.now)
    assert str(bench.rhythm("yellow", 6)).startswith("0.5 Hz")
    assert bench.rhythm("red", 6).kind == "steady"
    assert bench.rhythm("green", 6).kind == "off"


@pytest.mark.req("A-07", "S-03", "J-01", "A-06", "A-05")
def test_after_three_boots_that_failed_safe_mode_keeps_the_course_alarms_and_answers(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a course, and an image whose background work fails at each boot
    past, due = in_a_course(make_bench, new_board, due_in=60)
    bench = make_bench(broken(CHORES, past))
    # when it has failed three times
    bench.wait(FAILED_S)
    # then it runs in safe mode, and the journal says why
    assert len(bench.pico.resets) == 3
    assert status(bench)["device"]["safe_mode"]
    assert ask(bench, "hello")["product"] == "dosebell"
    assert len(faults(bench, "crash")) == 3
    assert all("ZeroDivisionError" in words and "device/chores.py" in words for words in faults(bench, "crash"))
    assert faults(bench, "safe-mode") == ["three boots failed"]
    assert alert(bench, "self-test-failed")["priority"] == "medium"
    assert len(scenes.stored(bench)) > 5
    # and it changes nothing for the host, but takes the time
    assert ask(bench, "self-test") == {"err": "safe-mode"}
    assert ask(bench, "course-stop") == {"err": "safe-mode"}
    bench.utc_begin = bench.utc_at(due - 30 - bench.now)  # the wall clock shows half a minute before the dose
    scenes.synchronise(bench)
    assert_calls_for_help(bench)
    # and the dose falls due and late in its time, seen at once; late is heard at once
    due = bench.instant_of(scenes.utc_of(status(bench)["course"]["due"]))
    bench.wait_until(due + LATE_S + 5)
    assert slot_and_phase(bench) == (1, "late")
    assert heard(bench, MEDIUM_HZ, due + LATE_S) - due - LATE_S <= IDLE_S
    # and START is journaled before it is confirmed, and times the infusion
    started = bench.press("start")
    bench.wait(2)
    assert heard(bench, TAKEN_HZ, started) - started <= PRESS_S
    assert [event.slot for event in told(bench, "dose-started")] == [1]
    bench.wait_until(started + INFUSION_S + 1)
    assert status(bench)["course"]["counts"]["given"] == 1
    # and a minute of this does not end it, nor does the watchdog
    bench.wait(1)
    bench.pico.hang()
    bench.wait(BITE_S + FAILED_S)
    assert len(bench.pico.resets) == 4
    assert status(bench)["device"]["safe_mode"]


BROKEN_PARTS: dict[str, tuple[dict[str, Change], bool]] = {
    # name: what is broken, and whether the link still answers
    "the device's making": (
        {"device/app.py": [before("        self.build(build.BOARD, reset)", "self.safe or 1 / 0")]},
        True,
    ),
    "the fold": ({"device/journal/replay.py": [before("    sectors = []", "1 / 0")]}, True),
    "the desk": ({"dosecore/desk.py": [before("        self._adopt_hold(state)\n        # The last", "1 / 0")]}, True),
    "the desk's import": ({"dosecore/desk.py": [before("START_LONG_S = 3", "1 / 0")]}, False),
    "the link's import": ({"device/link/session.py": [before("BYTES_A_PASS = const(96)", "1 / 0")]}, False),
    "the alerts": ({"dosecore/alerts.py": [before("    found = _find(state)\n    over", "1 / 0")]}, True),
    "the lights": ({"device/panel/player.py": [before("        for light in range(3):", "1 / 0")]}, True),
    "the buttons": ({"device/drivers/buttons.py": [before("        self.flag = Flag()", "1 / 0")]}, True),
}


@pytest.mark.req("A-07", "J-01", "J-05", "A-06")
@pytest.mark.parametrize(
    "part",
    [pytest.param(part, marks=[pytest.mark.soak] if place % 3 else []) for place, part in enumerate(BROKEN_PARTS)],
)
def test_whatever_part_is_broken_the_device_calls_journals_and_answers(make_bench: MakeBench, part: str) -> None:
    changes, answers = BROKEN_PARTS[part]
    # given a part that fails each time
    bench = make_bench(broken(changes))
    # when the device has tried three times
    bench.wait(FAILED_S)
    # then it calls
    assert len(bench.pico.resets) == 3
    assert_calls_for_help(bench)
    # and each failure is in the journal
    assert len(faults(bench, "crash")) == 3
    assert "three boots failed" in faults(bench, "safe-mode")
    # and the host can read what there is, unless it is the link that is broken
    if not answers:
        with pytest.raises(NoAnswer):
            ask(bench, "hello")
    else:
        assert ask(bench, "hello")["product"] == "dosebell"
        found = status(bench)
        assert found["device"]["safe_mode"]
        assert found["alerts"][0]["priority"] == "medium"
        assert len(scenes.stored(bench)) > 2
    assert len(bench.pico.resets) == 3


NOTHING_RUNS: dict[str, tuple[dict[str, Change], int]] = {
    # name: what is broken, and how many boots are tried
    "what even safe mode needs": ({"dosecore/apply.py": [before("from dosecore import fold_alarm", "1 / 0")]}, 6),
    "the first module": ({"device/guard.py": [before("LASTS_S = 60", "1 / 0")]}, 0),
    "the loader": ({"loader.py": [before('BUNDLE = "/app.bundle"', "1 / 0")]}, 0),
}


@pytest.mark.req("A-07", "A-01", "A-02")
@pytest.mark.parametrize("what", NOTHING_RUNS)
def test_a_board_on_which_nothing_runs_calls_by_its_pins_alone(make_bench: MakeBench, what: str) -> None:
    changes, boots = NOTHING_RUNS[what]
    bench = make_bench(broken(changes))
    bench.wait(FAILED_S)
    assert len(bench.pico.resets) == boots
    assert_calls_for_help(bench)
    # and it tries again after a minute, or goes on calling; it is never silent for long
    bench.wait(LASTS_S)
    assert len(bench.pico.resets) <= boots + 1
    assert_calls_for_help(bench)


@pytest.mark.req("B-01", "A-07", "A-01", "A-02")
def test_a_damaged_bundle_is_called_out(make_bench: MakeBench, new_board: bytes) -> None:
    # given flash in which the application's bundle has lost its beginning: the list of its modules
    at = new_board.index(b"/device/app.mpy\n") - 100
    bench = make_bench(new_board[:at] + bytes(512) + new_board[at + 512 :])
    bench.wait(FAILED_S)
    assert_calls_for_help(bench)


@pytest.mark.req("A-07", "H-01")
def test_a_request_that_never_ends_costs_the_link_and_nothing_else(make_bench: MakeBench, new_board: bytes) -> None:
    # given an image in which one request never comes back
    endless = before('    return {\n        "product": "dosebell",', "while True: __import__('time').sleep_ms(100)")
    bench = make_bench(broken({"device/link/requests/identity.py": [endless]}))
    bench.wait(1)
    # when the host asks it again and again
    for times in range(4):
        with pytest.raises(NoAnswer):
            ask(bench, "hello")
        bench.wait(BITE_S + FAILED_S)
        assert len(bench.pico.resets) == times + 1
    # then the device is in safe mode, and has left out the link
    with pytest.raises(NoAnswer):
        ask(bench, "status")
    bench.wait(BITE_S + FAILED_S)
    assert len(bench.pico.resets) == 4
    assert faults(bench, "safe-mode")[-1] == "link: hung, left out"
    assert [event.detail["cause"] for event in told(bench, "boot")][-4:] == ["watchdog"] * 4
    # and calls, and answers its buttons
    assert_calls_for_help(bench)
    pressed = bench.press("pause")
    bench.wait(1)
    assert heard(bench, TAKEN_HZ, pressed) - pressed <= BUSY_S


@pytest.mark.req("A-07", "T-03")
def test_safe_mode_is_for_boots_that_fail_quickly_and_ends_with_the_power(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a device whose watchdog bites now and then
    bench = make_bench(configured(new_board))
    for _ in range(5):
        bench.wait(LASTS_S + 2)
        bench.pico.hang()
        bench.wait(BITE_S + 1)
    # then it is not in safe mode
    assert len(bench.pico.resets) == 5
    assert not status(bench)["device"]["safe_mode"]
    # when it bites three times within minutes
    bench.wait(LASTS_S)
    for _ in range(3):
        bench.pico.hang()
        bench.wait(BITE_S + 1)
    bench.pico.hang()
    bench.wait(BITE_S + 1)
    # then it is
    assert status(bench)["device"]["safe_mode"]
    bench.wait(2 * LASTS_S)
    # and the RUN line ends it: a minute later nothing is left of it
    bench.reset("run")
    bench.wait(FAILED_S)
    assert not status(bench)["device"]["safe_mode"]
    assert alert(bench, "self-test-failed") is not None
    bench.wait(LASTS_S)
    assert alert(bench, "self-test-failed") is None
