"""Monotonic time out of a counter that wraps, and the debounced button."""

import pytest

from device.clock import CAP_MS, Clock
from device.drivers.debounce import BOUNCE_MOST_MS, SETTLE_MS, Debounce

WRAP = 1 << 30


class Counter:
    def __init__(self, value=0):
        self.value = value

    def ticks_ms(self):
        return self.value % WRAP

    @staticmethod
    def diff(a, b):
        return (a - b + WRAP // 2) % WRAP - WRAP // 2


def clock_at(value=0, start=(0, 0)):
    counter = Counter(value)
    return counter, Clock(counter.ticks_ms, counter.diff, start)


@pytest.mark.req("T-01")
@pytest.mark.parametrize("first", [0, 5, WRAP - 1, WRAP - 3500])
def test_time_goes_on_across_the_wrap(first):
    counter, clock = clock_at(first, (100, 250))
    for _ in range(10):
        counter.value += 777
    assert clock.now() == (108, 20)


@pytest.mark.req("T-01")
def test_thirty_days_of_seven_second_sleeps_lose_nothing():
    counter, clock = clock_at()
    for _ in range(30 * 86400 // 7):
        counter.value += 7001
        clock.update()
    assert (clock.s, clock.ms) == divmod(counter.value, 1000)


def test_an_instant_of_the_counter_before_and_after_now():
    counter, clock = clock_at(1000, (1, 0))
    counter.value = 5000
    clock.update()
    assert clock.at_ticks(4995) == (4, 995)
    assert clock.at_ticks(5007) == (5, 7)


@pytest.mark.parametrize(
    ("instant", "ms"),
    [
        ((5, 0), 0),
        ((4, 999), 0),
        ((0, 0), 0),
        ((5, 1), 1),
        ((6, 0), 1000),
        ((12, 0), CAP_MS),
        ((12, 1), CAP_MS),
        ((500_000_000, 0), CAP_MS),
    ],
)
def test_how_long_to_sleep(instant, ms):
    _, clock = clock_at(0, (5, 0))
    assert clock.ms_until(instant) == ms


class Button:
    """A Debounce with time; `at(ms, level)` is an edge."""

    def __init__(self, down=False):
        self.debounce = Debounce(down)
        self.level = down
        self.first = self.last = 0

    def at(self, ms, level):
        if not self.debounce.pending:
            self.first = ms
        self.debounce.edge(ms, False)
        self.level, self.last = level, ms

    def settle(self, ms):
        return self.debounce.settle(self.level, ms - self.last, ms - self.first)


def test_a_press_counts_when_it_has_settled_and_has_the_time_of_its_first_edge():
    button = Button()
    for ms in range(100, 104):
        button.at(ms, ms % 2 == 1)
    button.at(104, True)
    assert button.settle(104 + SETTLE_MS - 1) == 0
    assert button.settle(104 + SETTLE_MS) == 1
    assert button.debounce.first == 100
    button.at(300, False)
    assert button.settle(300 + SETTLE_MS) == 2


def test_a_spike_is_no_press():
    button = Button()
    button.at(100, True)
    button.at(101, False)
    assert button.settle(101 + SETTLE_MS) == 0
    assert not button.debounce.pending


def test_endless_bounce_counts_after_a_while():
    button = Button()
    for ms in range(100, 100 + BOUNCE_MOST_MS + 1):
        button.at(ms, True)
    assert button.settle(100 + BOUNCE_MOST_MS) == 1


@pytest.mark.req("A-05")
def test_a_press_and_release_within_an_erase_is_a_press():
    button = Debounce(False)
    button.edge(100, True)
    assert button.settle(False, SETTLE_MS, SETTLE_MS) == 3


def test_a_release_latched_in_an_erase_is_a_release():
    button = Debounce(False)
    button.edge(100, False)
    assert button.settle(True, SETTLE_MS, SETTLE_MS) == 1
    button.edge(200, True)
    assert button.settle(False, SETTLE_MS, SETTLE_MS) == 2


@pytest.mark.req("A-07")
def test_a_button_that_is_down_at_boot_means_nothing_until_it_was_released():
    button = Debounce(True)
    assert button.ignored
    button.edge(100, False)
    assert button.settle(False, SETTLE_MS, SETTLE_MS) == 0
    assert not button.ignored
    button.edge(200, False)
    assert button.settle(True, SETTLE_MS, SETTLE_MS) == 1
