"""The self-test as somebody beside the device sees and hears it, at power-on and when a host asks for it (A-07)."""

import pytest

from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured

LAMPS = ("red", "yellow", "green")
LAMP_TEST_S = 0.5
OVER_S = 3.0  # from power-on: it falls into the first calm moment after the boot


def lit(bench: EmulatedBench, light: str, since: float) -> tuple[float, float]:
    """When the light went on and off, once each."""
    on, off = bench.light_edges(light, since)
    assert on.level and not off.level
    return on.t, off.t


def assert_seen_and_heard(bench: EmulatedBench, since: float) -> None:
    """All three lamps for half a second, together, and one sound with them."""
    times = [lit(bench, light, since) for light in LAMPS]
    assert max(on for on, _ in times) - min(on for on, _ in times) < 0.001
    for on, off in times:
        assert off - on == pytest.approx(LAMP_TEST_S, abs=scenes.IDLE_S)
    tones = bench.tones(since)
    assert len(tones) == 1 and tones[0].start == pytest.approx(times[0][0], abs=scenes.IDLE_S)


@pytest.mark.req("A-07")
def test_lamps_and_buzzer_are_tried_at_power_on_and_when_a_host_asks(make_bench: MakeBench, new_board: bytes) -> None:
    # given a configured board that nobody has told the time
    bench = make_bench(configured(new_board))
    # when it is switched on, then every lamp is seen, the buzzer is heard, and what it found is journaled
    bench.wait(OVER_S)
    assert_seen_and_heard(bench, 0.0)
    # and when a host has set the clock and asks for it, the same again
    bench.set_clock()
    asked = bench.now
    assert scenes.ask(bench, "self-test")["faults"] == []
    bench.wait(1)
    assert_seen_and_heard(bench, asked)
    found = [(event.detail["passed"], event.detail["faults"]) for event in scenes.kinds(bench, "self-test")]
    assert found[-2:] == [(False, "clock"), (True, "")]
