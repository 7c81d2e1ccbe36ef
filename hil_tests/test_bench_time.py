"""The bench itself: simulated time, edges and tones are exact and repeatable."""

from itertools import pairwise

import pytest

from dosebell.sim import Edge, EdgeLog, Tone
from dosebell.sim.senses import bursts, rhythm
from hil_tests.bench import EmulatedBench
from hil_tests.bench.guests import BELL, SLEEPER, flash_with
from hil_tests.conftest import MakeBench

Story = tuple[list[Edge], list[Edge], list[Tone], bytes]


@pytest.fixture(scope="module")
def bell() -> bytes:
    return flash_with(BELL)


def story(bench: EmulatedBench, piece: float) -> Story:
    """Press START from 1.2 s to 1.4 s, talk at 2 s; everything that was seen and heard in 3 s, waited for in pieces."""
    bench.pico.at(1.2, lambda: bench.down("start"))
    bench.pico.at(1.4, lambda: bench.up("start"))
    bench.pico.at(2.0, lambda: bench.pico.usb.send(b"hello"))
    for _ in range(round(3 / piece)):
        bench.wait(piece)
    return bench.light_edges("green"), bench.light_edges("yellow"), bench.tones(), bytes(bench.pico.usb.out)


def test_the_same_story_has_the_same_edges_however_time_is_cut(make_bench: MakeBench, bell: bytes) -> None:
    whole = story(make_bench(bell), 3.0)
    again = story(make_bench(bell), 3.0)
    pieces = story(make_bench(bell), 0.01)
    assert whole == again == pieces
    assert whole[3] == b"hello"


def test_a_press_wakes_the_guest_and_is_seen_and_heard(make_bench: MakeBench, bell: bytes) -> None:
    _, yellow, tones, _ = story(make_bench(bell), 3.0)
    assert [edge.level for edge in yellow] == [True, False]
    assert 1.2 < yellow[0].t < 1.201
    assert 1.4 < yellow[1].t < 1.401
    assert [(tone.frequency, tone.duty) for tone in tones] == [(440.0, 0.15)]
    assert 1.2 < tones[0].start < 1.202
    assert tones[0].end is not None
    assert 1.4 < tones[0].end < 1.402


def test_a_light_has_a_rhythm(make_bench: MakeBench, bell: bytes) -> None:
    bench = make_bench(bell)
    bench.wait(6)
    green = bench.rhythm("green")
    assert green.kind == "1 Hz"
    assert green.on_ms == pytest.approx(500, abs=1.1)
    assert green.off_ms == pytest.approx(500, abs=1.1)
    assert bench.rhythm("red").kind == "off"
    assert bench.lights() == {"red": False, "yellow": False, "green": bench.lights()["green"], "alive": False}


def test_what_stays_lit_is_steady_and_what_changes_once_is_irregular() -> None:
    light = EdgeLog()
    light.append(1.0, True)
    assert rhythm(light, 2.0, 5.0).kind == "steady"
    assert rhythm(light, 0.0, 0.9).kind == "off"
    assert rhythm(light, 0.0, 5.0).kind == "irregular"


def test_pulses_within_a_second_are_one_burst() -> None:
    tones = [Tone(start, start + 0.15, 500.0, 0.15) for start in (1.0, 1.3, 1.6, 11.0, 11.3, 11.6)]
    first, second = bursts([*tones, Tone(21.0, None, 500.0, 0.15)])
    assert (first.start, first.pulses, first.fundamental, first.duty) == (1.0, 3, 500.0, 0.15)
    assert first.pulse_ms == pytest.approx((150, 150, 150))
    assert first.gap_ms == pytest.approx((150, 150))
    assert second.start == 11.0


def test_a_buzzer_that_was_silent_for_long_sounds_on_time(make_bench: MakeBench) -> None:
    program = """
from machine import PWM, Pin, mem32
from time import sleep_ms
buzzer = PWM(Pin(15), freq=440, duty_u16=0)
for _ in range(3):
    sleep_ms(850)
    print(mem32[0x40050000 + 7 * 0x14] & 1)
    buzzer.duty_u16(9830)
    sleep_ms(150)
    buzzer.duty_u16(0)
"""
    bench = make_bench(flash_with(program))
    bench.wait(4)
    assert bytes(bench.pico.usb.out).startswith(b"1\r\n1\r\n1\r\n"), "the guest saw that its PWM stood still"
    tones = bench.tones()
    assert [(tone.frequency, tone.duty) for tone in tones] == [(440.0, 0.15)] * 3
    starts = [tone.start for tone in tones]
    assert [later - start for start, later in pairwise(starts)] == pytest.approx([1.0, 1.0], abs=0.002)


def test_time_is_exact_over_a_day_of_sleep(make_bench: MakeBench) -> None:
    bench = make_bench(flash_with(SLEEPER))
    bench.wait_until(86_400.0)
    assert bench.now == 86_400.0
    assert bench.pico.resets == []


def test_a_wait_for_what_has_happened_returns_at_once(make_bench: MakeBench, bell: bytes) -> None:
    bench = make_bench(bell)
    bench.wait(1.0)
    bench.wait_until(0.5)
    assert bench.now == pytest.approx(1.0)
    assert bench.pico.run_until(lambda: bool(bench.lights()["green"]), timeout=2.0)
