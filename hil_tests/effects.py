"""One course in which every kind of effect falls once, with a host that does something at each of those instants.

The test and the benchmark both read their figures from here: seconds from the instant at which something is so to the
edge that shows it.
"""

from dataclasses import dataclass, field

from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.scenes import (
    LOW_HZ,
    MEDIUM_HZ,
    MINUTE,
    OFFERED_HZ,
    TAKEN_HZ,
    Traffic,
    heard,
    lit,
)

# The traffic begins and ends so long before and after each instant.
BEFORE_S, AFTER_S = 0.06, 0.12
LATE_S, OVERDUE_S, INFUSION_S = 2 * MINUTE, 8 * MINUTE, 1 * MINUTE


@dataclass
class Latencies:
    """Seconds by name: `effects` of the clock and of long presses, `presses` from a button's going down."""

    effects: dict[str, float] = field(default_factory=dict)
    presses: dict[str, float] = field(default_factory=dict)

    def worst(self) -> float:
        return max(self.effects.values())

    def worst_press(self) -> float:
        return max(self.presses.values())


class Course:
    """Plays the course on a bench whose board is configured with `prepared.QUICK`."""

    def __init__(self, bench: EmulatedBench, traffic: Traffic) -> None:
        self._bench = bench
        self._traffic = traffic
        self.latencies = Latencies()

    def _live_through(self, t: float) -> float:
        self._bench.wait_until(t - BEFORE_S)
        self._traffic(self._bench, t + AFTER_S)
        return t

    def _effect(self, name: str, instant: float, shown_at: float) -> None:
        self.latencies.effects[name] = shown_at - instant

    def _press(self, name: str, button: str, t: float, hertz: int = TAKEN_HZ) -> float:
        """A short press in the middle of the traffic, and its feedback."""
        scenes.tap_at(self._bench, button, t)
        self._live_through(t)
        self.latencies.presses[name] = heard(self._bench, hertz, t) - t
        return t

    def _long_press(self, name: str, button: str, t: float, seconds: int, hertz: int) -> float:
        """Down at `t`; the traffic runs while the length is reached, which the buzzer confirms."""
        scenes.tap_at(self._bench, button, t, seconds + 0.2)
        reached = self._live_through(t + seconds)
        self._effect(f"{name}, sound", reached, heard(self._bench, hertz, reached))
        return reached

    def play(self) -> Latencies:
        """About twelve simulated minutes."""
        bench = self._bench
        due = scenes.running(bench)
        self._calls(due)
        self._infusion(due + OVERDUE_S + 15)
        return self.latencies

    def _calls(self, due: float) -> None:
        bench = self._bench
        self._live_through(due)
        self._effect("due, light", due, lit(bench, "yellow", due))
        self._effect("due, sound", due, heard(bench, LOW_HZ, due))

        late = self._live_through(due + LATE_S)
        self._effect("late, sound", late, heard(bench, MEDIUM_HZ, late))
        bench.wait_until(late + 1.2)
        # Yellow was lit and stays so for the first second of its blinking.
        self._effect("late, light", late + 1, lit(bench, "yellow", late + 1, level=False))

        # Bursts fall every 10 s; the pause of 120 s ends half a second before one.
        self._press("PAUSE", "pause", late + 39.5)
        resumes = self._live_through(late + 160)
        self._effect("audio pause over, sound", resumes, heard(bench, MEDIUM_HZ, late + 40 - 0.4))

        # By now a late call sounds once a minute; the overdue one starts afresh: again after 10 s.
        overdue = self._live_through(due + OVERDUE_S)
        self._effect("overdue, sound", overdue, heard(bench, MEDIUM_HZ, overdue))
        self._live_through(overdue + 10)
        self._effect("overdue, next burst", overdue + 10, heard(bench, MEDIUM_HZ, overdue + 9))

    def _infusion(self, at: float) -> None:
        bench = self._bench
        started = self._press("START", "start", at)
        self.latencies.presses["START, light"] = lit(bench, "green", started) - started

        interrupted = self._long_press("HOLD held 2 s", "hold", started + 20, 2, TAKEN_HZ)
        self._effect("interrupted, light", interrupted, lit(bench, "yellow", interrupted))
        resumed = self._press("START again", "start", interrupted + 10)

        ended = self._live_through(resumed + INFUSION_S - (interrupted - started))
        self._effect("infusion ended, light", ended, lit(bench, "yellow", ended))
        self._effect("infusion ended, sound", ended, heard(bench, LOW_HZ, ended))
        self._press("any button", "hold", ended + 5)

        # The next dose is most of an hour away: an override, taken, and taken back.
        offered = self._long_press("START held 3 s", "start", ended + 15, 3, OFFERED_HZ)
        self._effect("override offered, light", offered, lit(bench, "red", offered))
        taken = self._long_press("PAUSE held 2 s", "pause", offered + 3, 2, TAKEN_HZ)
        self._long_press("PAUSE held 5 s", "pause", taken + 10, 5, TAKEN_HZ)


def measure(bench: EmulatedBench, traffic: Traffic) -> Latencies:
    """Plays the course under that traffic."""
    return Course(bench, traffic).play()
