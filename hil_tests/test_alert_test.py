"""`alert-test`: a host plays calls at the bed, never beside a real one (H-02)."""

from collections.abc import Sequence
from typing import Any

import pytest

from device.panel.lights import OFFERS
from device.panel.sounds import BURSTS, FEEDBACK
from dosebell import call_words
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.conftest import MakeBench
from hil_tests.prepared import QUICK, Past, configured
from hil_tests.scenes import IDLE_S, LOW_HZ, MEDIUM_HZ, MINUTE, PRESS_S

EDGE_MS = IDLE_S * 1000
# How long each light is on and off in turn, in ms, from its first edge on: red, yellow, green.
DARK: list[int] = []
STEADY, BLINKS = [4000], [1000] * 3
LIGHTS: dict[str, Sequence[Sequence[int]]] = {
    "low": (DARK, STEADY, DARK),
    "medium": (DARK, BLINKS, DARK),
    "clock-lost": (STEADY, BLINKS, DARK),
    **OFFERS,
}
SOUNDS: dict[str, Sequence[tuple[int, int]]] = {
    "low": BURSTS[1],
    "medium": BURSTS[2],
    "clock-lost": BURSTS[2],
    **FEEDBACK,
}


def play(bench: EmulatedBench, name: str | None, goes_on: bool = False) -> Any:
    return scenes.ask(bench, "alert-test", play=name, goes_on=goes_on)


def lengths(bench: EmulatedBench, light: str, since: float) -> list[int]:
    """How long it is on and off in turn from its first edge on, to 10 ms."""
    edges = [edge.t for edge in bench.light_edges(light, since)]
    return [round((later - edge) * 100) * 10 for edge, later in zip(edges, edges[1:], strict=False)]


@pytest.mark.req("H-02", "A-01", "A-02", "S-03")
def test_each_call_offer_and_feedback_sound_is_played_with_its_light(booted: EmulatedBench) -> None:
    # given a device that has nothing to say
    bench = booted
    bench.wait(2)
    dark = bench.lights()
    last_seq = scenes.status(bench)["journal"]["last_seq"]
    for number, name in enumerate(call_words.SERIES):
        # when a host plays one call after the other
        begun = bench.now
        answer = play(bench, name, goes_on=number > 0)
        bench.wait_until(begun + answer["ms"] / 1000 + 0.5)
        # then its light shows
        for light, wanted in zip(("red", "yellow", "green"), LIGHTS.get(name, (DARK,) * 3), strict=True):
            found = lengths(bench, light, begun)
            assert found[: len(wanted) or None] == pytest.approx(list(wanted), abs=EDGE_MS), (name, light)
        # and its sound is heard, once
        assert scenes.melody(bench.tones(begun)) == list(SOUNDS.get(name, ())), name
        # and it is over
        assert {light: lit for light, lit in bench.lights().items() if light != "alive"} == {
            light: lit for light, lit in dark.items() if light != "alive"
        }
    # and the host hears that all was heard, and nothing of it is in the journal
    assert play(bench, None, goes_on=True) == {"ok": True, "ms": 0}
    assert scenes.status(bench)["journal"]["last_seq"] == last_seq
    # and a name that is none is refused
    assert play(bench, "loud")["err"] == "bad-field"


@pytest.mark.req("H-02", "A-08")
def test_it_is_refused_beside_anything_real(make_bench: MakeBench, new_board: bytes) -> None:
    # given a new board, which calls because its journal is blank; then that must not be hidden
    bench = make_bench()
    bench.wait(scenes.BOOTED_S)
    assert play(bench, "medium") == {"err": "calling"}
    # given a course that waits for its first dose; then a sound would be taken for a call
    bench = make_bench(configured(new_board))
    scenes.running(bench, 10 * MINUTE)
    begun = bench.now
    assert play(bench, "low") == {"err": "course-running"}
    bench.wait(1)
    assert bench.tones(begun) == []


@pytest.mark.req("H-02", "A-06", "H-03")
def test_a_press_or_an_offer_ends_it_at_once(booted: EmulatedBench) -> None:
    # given a medium call that a host plays
    bench = booted
    bench.wait(2)
    play(bench, "medium")
    bench.wait(0.2)
    # when somebody presses a button
    pressed = bench.press("pause")
    bench.wait(1)
    # then light and call are off at once, only the press is answered, and the rest of the series is refused
    call = [tone for tone in bench.tones() if abs(tone.frequency - MEDIUM_HZ) < 5]
    assert [tone.start > pressed + PRESS_S for tone in call].count(True) == 0
    assert not bench.lights()["yellow"]
    assert play(bench, "low", goes_on=True) == {"err": "cut-short"}
    assert play(bench, None, goes_on=True) == {"err": "cut-short"}
    # and when a change is offered, that is what shows
    play(bench, "medium")
    bench.wait(0.1)
    offered = bench.now
    assert scenes.ask(bench, "configure", regimen=QUICK, label="bed 8", armed=False)["state"] == "offered"
    bench.wait(1.5)
    assert bench.rhythm("red", 1.3).kind == "2 Hz"
    assert [tone for tone in bench.tones(offered + PRESS_S)] == []
    assert play(bench, "low") == {"err": "calling"}


@pytest.mark.req("H-02", "A-05", "A-06")
def test_a_real_call_ends_it_and_comes_at_its_instant(make_bench: MakeBench, new_board: bytes) -> None:
    # given a course that is over, with the review of supportive care a few minutes off
    past = Past(new_board)
    past.configure({**QUICK, "max_doses": 1, "supportive_care_review_min": 5})
    bench = make_bench(past.flash)
    due = scenes.running(bench)
    bench.wait_until(due + 1)
    started = bench.press("start")
    ended = started + MINUTE
    bench.wait_until(ended + 10)
    bench.press("hold")
    # when a medium call is being played at its instant
    review = ended + 5 * MINUTE
    bench.wait_until(review - 0.3)
    assert play(bench, "medium")["ms"] > 1000
    bench.wait_until(review + 5)
    # then the real, low one is heard in time and whole, and nothing else; its light stands
    assert -scenes.GRAIN_S <= scenes.heard(bench, LOW_HZ, review) - review <= IDLE_S
    assert scenes.melody(bench.tones(review - scenes.GRAIN_S)) == list(BURSTS[1])
    assert bench.rhythm("yellow", 4).kind == "steady"
    assert play(bench, None, goes_on=True) == {"err": "cut-short"}


@pytest.mark.req("H-02", "H-01")
def test_the_command_plays_one_at_the_bed(booted: EmulatedBench) -> None:
    bench = booted
    bench.wait(2)
    begun = bench.now
    ran = bench.cli("--json", "alert", "test", "low", speed=20)
    assert ran.json == {"played": ["low"]}
    assert scenes.melody(bench.tones(begun)) == list(BURSTS[1])
    scenes.synchronise(bench)
    scenes.start_course(bench, 10 * MINUTE)
    refused = bench.cli("--json", "alert", "test")
    assert refused.exit_code == 4
    assert "course-running" in refused.stderr
