"""How fast time passes at the bed while a person watches: at a chosen speed, as far as the machine can."""

import time
from collections import deque
from collections.abc import Callable

from dosebell.sim.bedside import Bedside

SPEEDS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)
# Simulated time goes in pieces of at most this (seconds), so that a slow machine comes back to the keys in between.
PIECE_S = 2.0
# Processor time that one turn may take before keys and screen are looked after: on a machine that has other work to do too, that share is the same.
TURN_S = 0.05
# The board counts whole nanoseconds and comes no nearer to an instant than that: one that is so close has come.
MOMENT_S = 1e-6
# The most real time for which a turn tries to catch up.
BEHIND_S = 0.2
# The true speed is that of the last so many real seconds.
MEASURE_S = 2.0
# Below this share of the speed asked for it is worth saying.
REACHED_SHARE = 0.9


class Pace:
    """Lets the time of one board pass, `speed` simulated seconds a real second. What the machine cannot do is left out, never caught up."""

    def __init__(
        self,
        bedside: Bedside,
        speed: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        worked: Callable[[], float] = time.thread_time,
    ) -> None:
        self._bedside = bedside
        self._clock = clock
        self._worked = worked
        self._before = clock()
        self._marks: deque[tuple[float, float]] = deque()
        self.speed = speed
        self.behind = False

    def faster(self) -> None:
        """The next speed of SPEEDS above the present one."""
        self.set(next((one for one in SPEEDS if one > self.speed), SPEEDS[-1]))

    def slower(self) -> None:
        """The next speed of SPEEDS below the present one."""
        self.set(next((one for one in reversed(SPEEDS) if one < self.speed), SPEEDS[0]))

    def set(self, speed: float) -> None:
        """From now on at this speed."""
        self.speed = speed
        self._marks.clear()

    def turn(self, *, in_real_time: bool = False, until: float | None = None) -> None:
        """Let as much time pass as has passed on the wall since the last turn. until: an instant beyond which it must not go."""
        began = self._clock()
        bedside = self._bedside
        target = bedside.now + min(began - self._before, BEHIND_S) * (1.0 if in_real_time else self.speed)
        self._before = began
        if until is not None:
            target = min(target, max(until, bedside.now))
        end = self._worked() + TURN_S
        while target - bedside.now > MOMENT_S and self._worked() < end:
            bedside.run_to(min(bedside.now + PIECE_S, target))
        self.behind = target - bedside.now > MOMENT_S
        if in_real_time:
            self._marks.clear()
        else:
            self._measure(began)

    def rest(self) -> None:
        """Time went its own way since the last turn: nothing is owed for it."""
        self._before = self._clock()
        self._marks.clear()

    def _measure(self, real: float) -> None:
        self._marks.append((real, self._bedside.now))
        while real - self._marks[0][0] > MEASURE_S:
            self._marks.popleft()

    @property
    def reached(self) -> float | None:
        """The true speed, when it is known and well below the one asked for; else None."""
        if not self._marks or self._marks[-1][0] - self._marks[0][0] < MEASURE_S / 2:
            return None
        (began, then), (ended, now) = self._marks[0], self._marks[-1]
        true = (now - then) / (ended - began)
        return true if true < REACHED_SHARE * self.speed else None
