"""Five days left to chance: a nurse who answers, forgets, holds, resumes and changes her mind, and outages of every kind in whatever she does.

All that happens follows from a seed, and from what the model says of the moment (never from what the device shows): a seed that fails fails again.
"""

import heapq
from collections.abc import Callable
from itertools import count
from random import Random

from hil_tests.course_check import Story
from hil_tests.outages import ThroughOutages
from tests.model import calls
from tests.model.scripts import DAY, HOUR, MINUTE, PRESS_MS, SECOND, built, play

DAYS = 5
OUTAGES = 50
INTERVAL = 8 * HOUR
# Two cycles in five days; between them the device rests.
REGIMEN = built("hd-il2", max_doses=6, max_days=0, cycles=2, cycle_days=3)
# So far from a call, a change or a press nothing else is done: what falls into the milliseconds of an effect is stamped when that is done, or stored after it.
APART_MS = 200
# A press on something that stands for two seconds or more.
HOLD_2S, START_3S, HOLD_5S = 2 * SECOND + PRESS_MS, 3 * SECOND + PRESS_MS, 5 * SECOND + PRESS_MS
# After a boot nobody touches the device before this.
SETTLED_MS = 500
WARM = ("hang", "crash")
# How often a host sets the clock of a board whose battery clock has kept the time.
SYNC_WITH_CHIP = 0.3
FAILURES = (*WARM, "forced")


class Chance:
    """Plays five days on `side` from a seed. `outages` counts those that happened, `looks` what was compared on the way."""

    def __init__(self, side: ThroughOutages, seed: int) -> None:
        self._side = side
        self._random = Random(seed)
        self._agenda: list[tuple[int, int, Callable[[], None]]] = []
        self._order = count()
        self._back_at = 0  # since when the device is back after the last outage
        self._cycles = 0

    # -- the five days
    def live(self) -> None:
        """From a new board to the end of the fifth day, with the clock set."""
        side, random = self._side, self._random
        play(Story("chance", REGIMEN), side)
        if side.has_chip:
            side.sync()
        end = DAYS * DAY
        for at in self._moments_of_outages(end):
            self._plan(at, self._outage)
        for hour in range(0, 24 * DAYS, 6):
            self._plan(hour * HOUR + random.randrange(MINUTE, 6 * HOUR), self._visit)
        while True:
            self._plan_cycle()
            if not self._agenda or self._agenda[0][0] > end:
                break
            at, _, action = heapq.heappop(self._agenda)
            self._to(at)
            action()
        self._to(end)
        if side.model.course.error is None:
            side.sync()
        self._to(side.next_ms + 10 * SECOND)

    def _plan(self, at: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), action))

    def _soon(self, low: int, high: int, action: Callable[[], None]) -> None:
        """`action` between `low` and `high` ms from now; short times are as likely as long ones."""
        self._plan(self._side.next_ms + self._about(low, high), action)

    def _about(self, low: int, high: int) -> int:
        return int(low * float(high / low) ** self._random.random())

    def _moments_of_outages(self, end: int) -> list[int]:
        """Some at any time, most where something is going on: around a due, or quickly after another one."""
        random = self._random
        moments = [random.randrange(5 * MINUTE, end) for _ in range(OUTAGES // 5)]
        while len(moments) < OUTAGES * 3 // 4:
            due = random.randrange(DAYS * DAY // INTERVAL) * INTERVAL
            moments.append(due + random.randrange(MINUTE, 40 * MINUTE))
        while len(moments) < OUTAGES:
            moments.append(random.choice(moments) + self._about(3 * SECOND, MINUTE))
        return moments

    def _plan_cycle(self) -> None:
        """When a cycle has begun: a visit for each of its doses, and one after it."""
        cycle = self._side.model.course.cycle
        if cycle is None or cycle.number <= self._cycles:
            return
        self._cycles = cycle.number
        random = self._random
        for slot in range(1, REGIMEN["max_doses"] + 1):
            due = cycle.due(slot) - self._side.model.course.error
            answer = random.choices(
                [
                    random.randrange(-40, 0),
                    random.randrange(1, 9),
                    random.randrange(20, 50),
                    random.randrange(65, 80),
                    None,
                ],
                [15, 55, 10, 10, 10],
            )[0]
            if answer is not None:
                visit = max(self._side.next_ms, due + answer * MINUTE + random.randrange(MINUTE))
                self._plan(visit, self._visit)
                self._plan(visit + random.randrange(16, 25) * MINUTE, self._visit)
                if random.random() < 0.5:
                    self._plan(visit + self._about(SECOND, 15 * MINUTE), self._outage)
        ready = cycle.due(1) - self._side.model.course.error + REGIMEN["cycle_days"] * DAY
        for minutes in (1, 30, 60, 120):
            self._plan(ready + minutes * MINUTE, self._visit)

    # -- time
    def _to(self, t: int, duration: int = 0) -> None:
        """Time goes on to `t`, or to a quiet moment soon after it, for something that takes `duration`."""
        t = max(t, self._side.next_ms)
        t = self._side.busy_with_itself(t, duration) or t
        while True:
            self._side.to(t)
            model = self._side.model
            change = model.course.next_change()
            near = change is not None and change[0] - t < APART_MS
            near = near or bool(model.notes) and t - model.notes[-1].t < APART_MS
            bursts = calls.bursts_between(model.course, max(0, t - APART_MS), t + APART_MS, model.pause)
            if not near and not bursts:
                return
            t += APART_MS

    def _hold(self, button: str, ms: int = PRESS_MS) -> None:
        self._to(self._side.next_ms + SECOND, ms + SECOND)
        down = self._side.model.t
        self._side.down(button)
        self._side.to(down + ms)
        self._side.up(button)

    # -- the nurse
    def _visit(self) -> None:
        """She looks at the device, answers what it says, and does what the slot wants, or something else."""
        model, random = self._side.model, self._random
        if random.random() < 0.2:
            self._look()
        if any(condition in model.course.alerts for condition in ("infusion-ended", "next-cycle", "supportive-care")):
            self._hold("pause")
        if any(model._latched(alert) for alert in model.course.alerts.values()):
            self._hold("pause", HOLD_2S)
        dose = model.course.oldest()
        if model.course.state == "stopped":
            self._hold("start", START_3S)
        elif model.course.state == "resting":
            if model.course.error is not None and model.course.utc(model.t) >= model.course.next_cycle_from():
                self._hold("start", START_3S)
        elif dose is not None:
            getattr(self, "_at_" + dose.phase.replace("-", "_"))(dose)

    def _at_waiting(self, dose: object) -> None:
        chosen = self._chosen(start=5, override=2, stop=1, record=1, nothing=6)
        if chosen == "start":
            self._hold("start")
        elif chosen == "override":
            self._hold("start", START_3S)
            self._take_or_leave(0.3)
        else:
            self._offer(chosen)

    def _at_due(self, dose: object) -> None:
        chosen = self._chosen(start=70, hold=15, stop=5, nothing=10)
        if chosen == "start":
            self._hold("start")
            self._after_start()
        elif chosen == "hold":
            self._hold("hold")
            for _ in range(self._random.randrange(4)):
                self._hold("hold")
            self._maybe(0.3, "_undo", 3 * SECOND, 50 * SECOND)
            self._maybe(0.5, "_visit", 10 * MINUTE, 2 * HOUR)
        else:
            self._offer(chosen)

    _at_late = _at_overdue = _at_due

    def _after_start(self) -> None:
        self._maybe(0.15, "_undo", 3 * SECOND, 50 * SECOND)
        self._maybe(0.25, "_break", 20 * SECOND, 13 * MINUTE)
        self._maybe(0.4, "_outage", 300, 13 * MINUTE)

    def _at_on_hold(self, dose: object) -> None:
        chosen = self._chosen(start=5, hold=3, nothing=2)
        if chosen != "nothing":
            self._hold(chosen)

    def _at_infusing(self, dose: object) -> None:
        if self._random.random() < 0.2:
            self._hold("start")  # refused

    def _at_interrupted(self, dose: object) -> None:
        if self._random.random() < 0.7:
            self._hold("start")
            self._maybe(0.2, "_break", 20 * SECOND, 8 * MINUTE)
        else:
            self._hold("hold", HOLD_2S)
            self._maybe(0.3, "_undo", 3 * SECOND, 50 * SECOND)

    def _break(self) -> None:
        """She interrupts the infusion, if there is one, and comes back."""
        dose = self._side.model.course.oldest()
        if dose is not None and dose.phase == "infusing":
            self._hold("hold", HOLD_2S)
            self._soon(5 * SECOND, 20 * MINUTE, self._visit)

    def _undo(self) -> None:
        self._hold("pause", HOLD_5S)

    def _offer(self, what: str) -> None:
        """Something is offered that PAUSE would take: a stop of the course, or a dose recorded by the host."""
        model = self._side.model
        if what == "stop":
            self._hold("hold", HOLD_5S)
            self._take_or_leave(0.2)
        elif what == "record" and model.course.error is not None and not model.offers:
            closed = [dose for dose in model.course.cycle.slots() if dose.touch == "closed"]
            if closed:
                self._to(self._side.next_ms)
                arguments = {"outcome": "held", "started": None, "ended": None, "reason": "renal"}
                self._side.offer("dose-record", {"cycle": closed[0].cycle, "slot": closed[0].slot, **arguments})
                self._take_or_leave(0.5)

    def _take_or_leave(self, taken: float) -> None:
        """Of what is offered: taken, left, or cut off by an outage."""
        if self._random.random() < taken:
            self._hold("pause", HOLD_2S)
        elif self._random.random() < 0.7:
            self._soon(SECOND, 8 * SECOND, self._outage)

    def _chosen(self, **weights: int) -> str:
        return self._random.choices(list(weights), list(weights.values()))[0]

    def _maybe(self, chance: float, what: str, low: int, high: int) -> None:
        if self._random.random() < chance:
            self._soon(low, high, getattr(self, what))

    def _look(self) -> None:
        """What can be seen is compared, if the lights have had a rhythm for long enough."""
        if self._side.busy_with_itself(self._side.model.t, 2 * SECOND):
            return
        model = self._side.model
        change = model.course.next_change()
        calm = not model.offers and not model.reason_timer and (change is None or change[0] > model.t + SECOND)
        begun = max(model.notes[-1].t, model.course.boot_t, self._back_at)
        if calm and model.t - begun > 6 * SECOND:
            self._side.look()

    # -- fate
    def _outage(self) -> None:
        """One of every kind; what was planned for the time without power does not happen, but the outages."""
        side, random = self._side, self._random
        if len(side.told) == OUTAGES:
            return
        kind = self._chosen(cut=40, run_line=15, hang=20, crash=15, forced=10)
        if kind in FAILURES and not side.may_fail:
            kind = "run_line"
        if kind == "cut":
            side.power_cut(self._off_s())
        else:
            getattr(side, kind)()
        self._back_at = side.next_ms
        now = self._back_at + SETTLED_MS
        lost = [entry for entry in self._agenda if entry[0] < now]
        self._agenda = [entry for entry in self._agenda if entry[0] >= now]
        heapq.heapify(self._agenda)
        for _at, _, action in lost:
            if action == self._outage:
                self._plan(now + self._about(SECOND, HOUR), action)
        if kind not in WARM and (not side.has_chip or random.random() < SYNC_WITH_CHIP):
            self._soon(SETTLED_MS, random.choice([30 * SECOND, 10 * MINUTE, 40 * MINUTE]), self._sync)
        self._soon(SETTLED_MS, 10 * MINUTE, self._visit)

    def _off_s(self) -> float:
        """From a tenth of a second to most of a day; the longest are rare."""
        longest = self._random.choices([10, 600, 3 * 3600, 20 * 3600], [40, 35, 15, 10])[0]
        return self._about(100, longest * 1000) / 1000

    def _sync(self) -> None:
        if self._side.model.course.error is None or self._side.has_chip:
            self._side.sync()
            self._soon(5 * SECOND, 5 * MINUTE, self._visit)
