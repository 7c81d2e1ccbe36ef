"""Every condition of the table of alerts, measured on the pins: its light, its bursts, and when they come (A-01, A-02)."""

from itertools import pairwise

import pytest

from dosebell import call_words
from dosebell.sim import Edge
from dosecore.events import CONDITIONS
from hil_tests.bench import Burst, EmulatedBench
from hil_tests.conditions import JOURNEYS, Journey, Window, bursts_of_calls
from hil_tests.conftest import MakeBench
from hil_tests.scenes import BUSY_S, GRAIN_S, IDLE_S, LOW_HZ, MEDIUM_HZ

# Pulses, and the pitch of each: what A-02 leaves open is the pitch, which tells the two calls apart besides.
SOUND = {"low": (2, LOW_HZ), "medium": (3, MEDIUM_HZ)}
PULSE_MS, GAP_MS = 150, 200
BLINK_S = 1.0
# An edge may come so much late, and the next on time.
EDGE_MS = IDLE_S * 1000
# What shows at `since` is given so long, and what comes at `until` may be as early as the grain.
MARGIN_S = 0.2
# Comes up with a press, whose feedback sounds over the beginning.
BY_PRESS = ("interrupted",)


def check_sound(bench: EmulatedBench, one: Window) -> None:
    """The bursts that are due, none else; each with its pulses, pitch, duty, lengths."""
    calls = [burst for burst in bursts_of_calls(bench, one.since) if burst.start < one.until - GRAIN_S]
    heard = [burst.start - one.since for burst in calls]
    assert heard == pytest.approx(list(one.bursts), abs=BUSY_S), one.condition
    late = [seconds - due for seconds, due in zip(heard, one.bursts, strict=True)]
    # In a boot, or while a press is answered, the first one may be later.
    first_most = BUSY_S if one.settles_s > MARGIN_S or one.condition in BY_PRESS else IDLE_S
    in_time = [-GRAIN_S <= seconds <= (IDLE_S if place else first_most) for place, seconds in enumerate(late)]
    assert all(in_time), f"{one.condition}: bursts come late by {late}"
    measured = [burst for burst in calls if not disturbed(bench, burst)]
    assert len(measured) >= len(calls) - 1
    for burst in measured:
        check_burst(burst, one.priority)


def disturbed(bench: EmulatedBench, burst: Burst) -> bool:
    """Whether feedback sounds over it, as that of the self-test after power-on may."""
    end = burst.tones[-1].end or bench.now
    return any(burst.start < tone.start < end and tone not in burst.tones for tone in bench.tones(burst.start))


def check_burst(burst: Burst, priority: str) -> None:
    pulses, hertz = SOUND[priority]
    assert burst.pulses == pulses, burst
    assert burst.gap_ms == pytest.approx((GAP_MS,) * (pulses - 1), abs=EDGE_MS)
    assert burst.pulse_ms == pytest.approx((PULSE_MS,) * pulses, abs=EDGE_MS)
    for tone in burst.tones:
        assert tone.frequency == pytest.approx(hertz, abs=1)
        assert 300 <= tone.frequency <= 1000
        assert 0.12 <= tone.duty <= 0.20


def edges_within(bench: EmulatedBench, light: str, one: Window) -> list[Edge]:
    return [edge for edge in bench.light_edges(light, settled(one)) if edge.t < one.until - MARGIN_S]


def settled(one: Window) -> float:
    """From when on its light must show."""
    return one.since + one.settles_s


def level_at(bench: EmulatedBench, light: str, t: float) -> bool:
    edges = [edge for edge in bench.light_edges(light) if edge.t < t]
    return bool(edges) and edges[-1].level


def check_light(bench: EmulatedBench, one: Window) -> None:
    """Yellow by priority, red for the device itself, green as the window says; from the first moment to the last."""
    lights = call_words.CONDITIONS[one.condition].light
    begin = settled(one)
    steady = {"red": "red steady" in lights, "green": one.green == "steady"}
    if one.priority != "medium":
        steady["yellow"] = True
    for light, lit in steady.items():
        assert edges_within(bench, light, one) == [], f"{light} does not stay as it is in {one.condition}"
        assert level_at(bench, light, begin) is lit, f"{light} in {one.condition}"
    if one.priority == "medium":
        edges = edges_within(bench, "yellow", one)
        lengths = [later.t - edge.t for edge, later in pairwise(edges)]
        # 0.5 Hz, on for half of the time; no edge is missing, at the ends either.
        assert lengths == pytest.approx([BLINK_S] * len(lengths), abs=IDLE_S), one.condition
        assert len(edges) >= (one.until - MARGIN_S - begin) / BLINK_S - 1
        assert [later.level for _, later in pairwise(edges)] == [not edge.level for edge in edges[:-1]]


def test_every_condition_is_in_a_journey() -> None:
    assert sorted(name for names in JOURNEYS.values() for name in names) == sorted(CONDITIONS)


@pytest.mark.req("A-01", "A-02", "A-04", "A-05", "A-07", "T-04", "J-05", "S-05", "S-08", "S-09")
@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda journey: journey.__name__)
def test_each_condition_looks_and_sounds_as_required(journey: Journey, make_bench: MakeBench, new_board: bytes) -> None:
    # given a device on which one condition after the other comes to stand; when its call goes on until it has slowed down
    found = []
    for bench, one in journey(make_bench, new_board):
        # then light and sound are those of its priority, and come when they must
        assert one.priority == call_words.CONDITIONS[one.condition].priority
        check_sound(bench, one)
        check_light(bench, one)
        found.append(one.condition)
    assert tuple(found) == JOURNEYS[journey]
