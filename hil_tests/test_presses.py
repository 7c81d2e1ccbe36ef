"""The three buttons: confirmed in time and only once durable, bounces and glitches, two at once, stuck ones (section 3, S-03)."""

from functools import partial

import pytest

from device.panel.sounds import FEEDBACK
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.conftest import MakeBench, Running
from hil_tests.prepared import QUICK, Past, configured
from hil_tests.scenes import IDLE_S, MEDIUM_HZ, PRESS_S, REFUSED_HZ, TAKEN_HZ, heard, pitched

STUCK_S = 10
PRESSES = 8
# A whole press that fits into an erase of 45 ms with room on both sides.


# What a press makes happen, but for the pause of the sound.
ACTED = ("dose-started", "dose-on-hold", "dose-undone", "course-stopped", "dose-interrupted", "audio-paused")
HOUR = 3600.0


def check_feedback(bench: EmulatedBench, since: float, first: str, then: str, after: float) -> None:
    """Two feedback sounds and nothing else are heard since then, the second so many seconds after the first; each as soon as a press is answered."""
    one, other = list(FEEDBACK[first]), list(FEEDBACK[then])
    found = scenes.melody(bench.tones(since))
    wanted = [*one, (0, round(after * 1000) - sum(ms for _, ms in one)), *other]
    assert [hertz for hertz, _ in found] == [hertz for hertz, _ in wanted]
    silence = len(one)
    assert abs(found[silence][1] - wanted[silence][1]) <= PRESS_S * 1000
    assert found[:silence] + found[silence + 1 :] == one + other


def last_seq(bench: EmulatedBench) -> int:
    return int(scenes.status(bench)["journal"]["last_seq"])


def bounce(bench: EmulatedBench, t: float, pressed: bool) -> None:
    """Contacts that bounce for 5 ms from `t` on, and then stay as they are wanted."""
    for step in range(6):
        towards = bench.down if (step % 2 == 0) is pressed else bench.up
        bench.pico.at(t + step * 0.0009, partial(towards, "pause"))
    last = bench.down if pressed else bench.up
    bench.pico.at(t + 0.005, partial(last, "pause"))


@pytest.mark.req("S-03", "J-02")
def test_a_press_is_confirmed_within_100_ms_and_only_after_its_event_is_in_flash(running: Running) -> None:
    # given a dose that is due
    bench = running.bench
    bench.wait_until(running.due + 1)
    # when START is pressed
    before = len(bench.pico.flash_spy.operations)
    pressed = bench.press("start")
    bench.wait(1)
    # then both copies of its event are written before light or sound say anything
    sound, light = heard(bench, TAKEN_HZ, pressed), scenes.lit(bench, "green", pressed)
    writes = [each for each in bench.pico.flash_spy.operations[before:] if each.t < min(sound, light)]
    assert [each.kind for each in writes] == ["program", "program"]
    assert sound - pressed <= PRESS_S
    assert light - pressed <= PRESS_S
    assert [event.slot for event in scenes.kinds(bench, "dose-started")] == [1]


@pytest.mark.req("S-03", "S-02")
def test_every_press_has_its_feedback(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    due = scenes.running(bench, due_in=3600)
    # Waiting, an hour too early: refused, and logged with the reason.
    pressed = bench.press("start")
    bench.wait(1)
    assert heard(bench, REFUSED_HZ, pressed) - pressed <= PRESS_S
    assert [event.detail["reason"] for event in scenes.kinds(bench, "start-refused")] == ["too-early"]
    # HOLD too early: refused, and nothing to log.
    pressed = bench.press("hold")
    bench.wait(1)
    assert heard(bench, REFUSED_HZ, pressed) - pressed <= PRESS_S
    bench.wait_until(due + 1)
    for button, kind in (("pause", "audio-paused"), ("hold", "dose-on-hold"), ("start", "dose-started")):
        before = len(scenes.kinds(bench, kind))
        pressed = bench.press(button)
        bench.wait(1)
        assert heard(bench, TAKEN_HZ, pressed) - pressed <= PRESS_S, button
        assert len(scenes.kinds(bench, kind)) == before + 1, button


@pytest.mark.req("S-03")
def test_presses_over_the_end_of_a_sector_are_confirmed_in_time(make_bench: MakeBench, new_board: bytes) -> None:
    # given a sector with no room for one more event
    past = Past(new_board)
    past.configure(QUICK)
    past.use_up(tail_free=10)
    bench = make_bench(past.flash)
    bench.wait(scenes.BOOTED_S)
    sector = scenes.ask(bench, "log-info")["epochs"][1]
    # when presses fill it to its end and go on in the next, with no calm moment between them
    pressed = [bench.now + 0.3 * number for number in range(PRESSES)]
    for t in pressed:
        scenes.tap_at(bench, "pause", t, 0.2)
    bench.wait(0.3 * PRESSES + 0.5)
    # then each is confirmed in time
    assert [heard(bench, TAKEN_HZ, t) - t <= PRESS_S for t in pressed] == [True] * PRESSES
    assert scenes.ask(bench, "log-info")["epochs"][1] == sector + 1
    assert len(scenes.kinds(bench, "audio-paused")) == PRESSES


@pytest.mark.req("S-03")
def test_bounces_are_one_press_and_a_glitch_is_none(booted: EmulatedBench) -> None:
    bench = booted
    before = last_seq(bench)
    # 5 ms of bouncing when the button goes down, and again when it comes up
    pressed = bench.now + 0.1
    bounce(bench, pressed, pressed=True)
    bounce(bench, pressed + 0.3, pressed=False)
    bench.wait(1)
    assert last_seq(bench) == before + 1
    assert len(pitched(bench, TAKEN_HZ, pressed)) == 1
    assert heard(bench, TAKEN_HZ, pressed) - pressed <= PRESS_S
    # 1 ms on the line: a spark, not a finger
    quiet_from = bench.now
    scenes.tap_at(bench, "pause", bench.now + 0.1, 0.001)
    bench.wait(1)
    assert last_seq(bench) == before + 1
    assert bench.tones(quiet_from) == []


@pytest.mark.req("S-03")
def test_while_one_button_is_down_the_others_are_ignored(running: Running) -> None:
    bench = running.bench
    bench.wait_until(running.due + 1)
    # given START down: the infusion runs
    bench.down("start")
    bench.wait(0.5)
    # when HOLD is held for 3 s beside it
    both = bench.now
    bench.hold("hold", 3)
    bench.wait(0.1)
    # then nothing is interrupted and nothing is heard
    assert scenes.slot_and_phase(bench) == (1, "infusing")
    assert bench.tones(both) == []
    # and once START is up HOLD means what it says
    bench.up("start")
    bench.wait(0.2)
    bench.hold("hold", 2.2)
    assert scenes.slot_and_phase(bench) == (1, "interrupted")


@pytest.mark.req("S-03", "S-10", "S-02")
def test_a_hand_on_all_buttons_at_once_is_one_press(running: Running) -> None:
    # given a dose that is due
    bench = running.bench
    bench.wait_until(running.due + 1)
    # when all three go down in the same moment, and stay down longer than any long press of theirs
    for button in ("pause", "hold", "start"):
        bench.down(button)
    bench.wait(6)
    for button in ("pause", "hold", "start"):
        bench.up(button)
    bench.wait(1)
    # then one of them has done what it does alone; nothing is stopped, undone or overridden
    assert scenes.slot_and_phase(bench) == (1, "infusing")
    kinds = [event.kind for event in scenes.kinds(bench, "dose-due", *ACTED)]
    assert kinds[kinds.index("dose-due") :] == ["dose-due", "dose-started"]


@pytest.mark.req("S-03", "H-03", "S-02")
def test_a_long_press_says_what_it_has_done(make_bench: MakeBench, new_board: bytes) -> None:
    # given a course whose first dose is two hours off; an hour early can be overridden
    bench = make_bench(configured(new_board))
    scenes.running(bench, 2 * HOUR)
    # when START is held 3 s; then it is refused at once, and offered when the 3 s are reached
    pressed = bench.now
    bench.hold("start", 3.2)
    bench.wait(0.5)
    check_feedback(bench, pressed, "refused", "offered", 3.0)
    # when PAUSE is held 2 s; then it is taken at once as a press, and the 2 s say that they have done their work
    pressed = bench.now
    bench.hold("pause", 2.2)
    bench.wait(0.5)
    check_feedback(bench, pressed, "taken", "reached", 2.0)
    assert scenes.slot_and_phase(bench) == (1, "infusing")
    # when PAUSE is held 5 s; then the 2 s have nothing to say, and at 5 s the start is taken back
    pressed = bench.now
    bench.hold("pause", 5.2)
    bench.wait(0.5)
    check_feedback(bench, pressed, "taken", "undone", 5.0)


@pytest.mark.req("S-04", "A-02")
def test_a_call_that_an_undo_brings_back_goes_on_in_step_and_makes_up_for_nothing(running: Running) -> None:
    bench = running.bench
    bench.wait_until(running.due + 1)
    # given an interrupted infusion: it calls at once, and every 10 s
    started = bench.press("start")
    scenes.tap_at(bench, "hold", started + 5, 2.2)
    interrupted = started + 7
    # that HOLD stops, so that the call is over, and PAUSE held 5 s takes back a quarter of a second after a burst would have been due
    scenes.tap_at(bench, "hold", interrupted + 10, 2.2)
    undone = interrupted + 20.25
    scenes.tap_at(bench, "pause", undone - 5, 5.2)
    # when time goes on
    bench.wait_until(interrupted + 35)
    assert [event.detail["press"] for event in scenes.kinds(bench, "dose-undone")] == ["stop"]
    # then the next burst is the one of 30 s: the one that fell out is not made up for
    assert heard(bench, MEDIUM_HZ, undone - 1) - interrupted == pytest.approx(30, abs=IDLE_S)


@pytest.mark.req("A-07", "S-03")
def test_a_button_that_is_down_for_10_s_is_stuck_and_the_others_work_on(booted: EmulatedBench) -> None:
    bench = booted
    # given PAUSE that stays down
    pressed = bench.now
    bench.down("pause")
    bench.wait(STUCK_S - 0.5)
    assert scenes.alert(bench, "stuck-button") is None
    bench.wait(1)
    # then after 10 s the nurse is called
    assert heard(bench, MEDIUM_HZ, pressed) - pressed - STUCK_S <= IDLE_S
    assert bench.lights()["red"]
    # and the self-test says which
    assert "button-pause" in scenes.ask(bench, "self-test")["faults"]
    bench.wait(1)
    # and START works: refused, with its sound
    started = bench.press("start")
    bench.wait(1)
    assert heard(bench, REFUSED_HZ, started) - started <= PRESS_S
    # and the alert ends when PAUSE comes up
    bench.up("pause")
    bench.wait(1)
    assert scenes.alert(bench, "stuck-button") is None
    assert not bench.lights()["red"]


@pytest.mark.req("A-07")
def test_a_button_that_is_down_at_boot_is_found_in_10_s(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    bench.down("hold")
    bench.wait(STUCK_S - 1)
    assert scenes.alert(bench, "stuck-button") is None
    bench.wait(2)
    assert scenes.alert(bench, "stuck-button") is not None
    bench.up("hold")
    bench.wait(0.5)
    assert scenes.alert(bench, "stuck-button") is None
