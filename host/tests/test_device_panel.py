"""Lights and sounds: which, and when their edges fall."""

import pytest

from device.panel import lights, sounds
from device.panel.player import Player

RED, YELLOW, GREEN = lights.RED, lights.YELLOW, lights.GREEN
WRAP = 1 << 30


def ticks_add(a, b):
    return (a + b) % WRAP


def ticks_diff(a, b):
    return (a - b + WRAP // 2) % WRAP - WRAP // 2


class Alert:
    def __init__(self, condition, priority):
        self.condition = condition
        self.priority = priority


class Bench:
    """A player, the edges that it made, and time."""

    def __init__(self, ticks=0):
        self.edges = []
        self.ticks = ticks
        self.start = ticks
        self.player = Player(self.light, self.tone, ticks_add, ticks_diff)

    def elapsed(self):
        return ticks_diff(self.ticks, self.start)

    def light(self, light, on):
        self.edges.append((self.elapsed(), light, on))

    def tone(self, hertz):
        if not self.edges or self.edges[-1][1:] != ("tone", hertz):
            self.edges.append((self.elapsed(), "tone", hertz))

    def run(self, ms):
        until = ticks_add(self.ticks, ms)
        while not self.player.idle and ticks_diff(self.player.next_ticks, until) <= 0:
            self.ticks = self.player.next_ticks
            self.player.step(self.ticks)
        self.ticks = until


@pytest.mark.req("A-01")
@pytest.mark.parametrize(
    ("alerts", "running", "infusing", "wanted"),
    [
        ([], False, False, (lights.DARK, lights.DARK, lights.DARK)),
        ([], True, False, (lights.DARK, lights.DARK, lights.STEADY)),
        ([], True, True, (lights.DARK, lights.DARK, lights.INFUSING)),
        ([("due", 1)], True, False, (lights.DARK, lights.STEADY, lights.DARK)),
        ([("late", 2)], True, False, (lights.DARK, lights.MEDIUM_ALERT, lights.DARK)),
        ([("late", 2), ("due", 1)], True, False, (lights.DARK, lights.MEDIUM_ALERT, lights.DARK)),
        ([("due", 1), ("late", 2)], True, False, (lights.DARK, lights.MEDIUM_ALERT, lights.DARK)),
        ([("clock-lost", 2)], False, False, (lights.STEADY, lights.MEDIUM_ALERT, lights.DARK)),
        ([("clock-lost", 1)], True, True, (lights.STEADY, lights.STEADY, lights.INFUSING)),
        ([("pre-dose-check", 0)], True, False, (lights.DARK, lights.STEADY, lights.STEADY)),
    ],
)
def test_the_rhythm_of_each_light(alerts, running, infusing, wanted):
    assert lights.rhythms([Alert(*a) for a in alerts], running, infusing, False, None) == wanted


@pytest.mark.req("R-02", "A-01")
def test_a_bench_device_blinks_green_twice():
    green = lights.rhythms([], True, False, True, None)[GREEN]
    assert len(green) == 4


@pytest.mark.req("A-01", "H-03", "S-02")
def test_each_offer_takes_all_lights_with_a_rhythm_of_its_own():
    shown = {kind: lights.rhythms([Alert("clock-lost", 2)], True, True, True, kind) for kind in lights.OFFERS}
    for rhythms in shown.values():
        assert len(set(rhythms)) == 1 and len(rhythms[0]) > 1, "all three in step"
    others = {lights.MEDIUM_ALERT, lights.INFUSING, lights.BENCH_WELL}
    assert len({rhythms[0] for rhythms in shown.values()} - others) == 3


@pytest.mark.req("A-02")
@pytest.mark.parametrize(("priority", "pulses"), [(1, 2), (2, 3)])
def test_a_burst_has_its_pulses(priority, pulses):
    bench = Bench()
    bench.player.burst(priority, 0)
    bench.run(5000)
    starts = [t for t, _, hertz in bench.edges if hertz]
    ends = [t for t, _, hertz in bench.edges if not hertz]
    assert len(starts) == pulses
    assert [end - start for start, end in zip(starts, ends, strict=True)] == [150] * pulses
    assert all(300 <= hertz <= 1000 for _, _, hertz in bench.edges if hertz)
    assert not bench.player.sounding


WHOLE_TONE = 2 ** (2 / 12)


@pytest.mark.req("A-02", "S-03")
def test_feedback_cannot_be_taken_for_a_call():
    """By length (a call's pulse is 125 ms or more), by rhythm and by pitch; and no two of them are alike."""
    calls = {hertz for burst in sounds.BURSTS.values() for hertz, _ in burst if hertz}
    for sound in sounds.FEEDBACK.values():
        assert all(ms == 60 for _, ms in sound)
        for hertz in [hertz for hertz, _ in sound if hertz]:
            assert 300 <= hertz <= 1000
            assert all(max(hertz, call) / min(hertz, call) > WHOLE_TONE for call in calls)
        assert sum(ms for _, ms in sound) < 700, "over before anybody has turned round"
    assert len(set(sounds.FEEDBACK.values())) == len(sounds.FEEDBACK)


@pytest.mark.req("A-02")
def test_a_hushed_sound_is_over_and_the_next_burst_begins_afresh():
    bench = Bench()
    bench.player.burst(2, 0)
    bench.run(100)
    bench.player.hush(bench.ticks)
    assert not bench.player.sounding and bench.edges[-1] == (100, "tone", 0)
    bench.player.burst(1, bench.ticks)
    bench.run(5000)
    assert [(t, hertz) for t, _, hertz in bench.edges[2:]] == [(100, 440), (250, 0), (450, 440), (600, 0)]


@pytest.mark.req("A-02", "S-03")
def test_feedback_in_a_burst_comes_at_once_and_the_burst_is_finished():
    bench = Bench()
    bench.player.burst(2, 0)
    bench.run(200)
    bench.player.feedback("taken", bench.ticks)
    bench.run(5000)
    tones = [(t, hertz) for t, _, hertz in bench.edges]
    assert (200, 988) in tones
    assert (350, 660) in tones and (500, 0) in tones
    assert (700, 660) in tones and (850, 0) in tones


@pytest.mark.req("A-02", "A-04")
@pytest.mark.parametrize(("sounding", "coming"), [(1, 1), (2, 2), (2, 1)])
def test_a_burst_that_sounds_is_finished_and_leaves_out_what_is_no_more_urgent(sounding, coming):
    bench = Bench()
    bench.player.burst(sounding, 0)
    bench.run(100)
    bench.player.burst(coming, bench.ticks)
    bench.run(5000)
    assert [t for t, _, hertz in bench.edges if hertz] == [0, 350, 700][: sounding + 1]
    assert bench.player.idle


@pytest.mark.req("A-02", "A-03", "A-04")
def test_a_more_urgent_burst_follows_the_one_that_sounds():
    bench = Bench()
    bench.player.burst(1, 0)
    bench.run(100)
    bench.player.burst(2, bench.ticks)
    bench.player.burst(2, bench.ticks)
    bench.run(5000)
    # The low burst ends after 500 ms; the medium one keeps a pulse's distance, and comes once.
    assert [(t, hertz) for t, _, hertz in bench.edges if hertz] == [
        (0, 440), (350, 440), (700, 660), (1050, 660), (1400, 660),
    ]  # fmt: skip
    assert bench.player.idle


@pytest.mark.req("A-01", "T-01")
@pytest.mark.parametrize("start", [0, WRAP - 2500])
def test_light_edges_do_not_drift_and_tick_wrap_goes_unnoticed(start):
    bench = Bench(start)
    bench.player.show((lights.DARK, lights.MEDIUM_ALERT, lights.INFUSING), start)
    bench.run(10_000)
    assert [t for t, light, _ in bench.edges if light == YELLOW] == list(range(0, 10_001, 1000))
    assert [t for t, light, on in bench.edges if light == GREEN and on] == list(range(0, 10_001, 1000))
    assert [t for t, light, on in bench.edges if light == GREEN and not on] == list(range(100, 10_001, 1000))


def test_a_rhythm_that_stays_goes_on_undisturbed():
    bench = Bench()
    bench.player.show((lights.DARK, lights.MEDIUM_ALERT, lights.DARK), 0)
    bench.run(1500)
    bench.player.show((lights.STEADY, lights.MEDIUM_ALERT, lights.DARK), bench.ticks)
    bench.run(1500)
    assert [t for t, light, _ in bench.edges if light == YELLOW] == [0, 1000, 2000, 3000]
    assert (1500, RED, 1) in bench.edges
