"""Exports of random courses, with outages, wrong clocks and gaps: always valid, each dose once, and what was sent once is always told again (H-05)."""

import random

import icalendar
import pytest

from dosebell.export.doses import Doses, Wanted
from dosebell.export.fhir import administered, bundle, standing
from dosebell.export.fhir_check import problems_of
from dosebell.export.ics import calendar, without_time
from dosecore.apply import apply
from dosecore.decide import decide
from dosecore.instant import plus
from dosecore.refusals import Refusal
from dosecore.regimen_rules import built_in
from dosecore.state import State
from dosecore.timeline import next_clock_event
from dosecore.timeline import utc as timeline_utc

pytestmark = pytest.mark.req("H-05")

UTC = (200_000_000, 0)


def doses_of(log):
    return Doses("e66118604b2a5c21", "Bed 12", log, Wanted())


def ids(made):
    return {one["id"] for one in administered(made)}


def entries(doses):
    found = icalendar.Calendar.from_ical(calendar(doses)).walk("VEVENT")
    by_uid = {str(one["uid"]): one for one in found}
    assert len(by_uid) == len(found) == len(doses.chosen) - len(without_time(doses))
    return by_uid


def holds(log):
    """What is true of every export, whatever is missing in the log."""
    doses = doses_of(log)
    made = bundle(doses)
    assert list(problems_of(made)) == []
    assert len(standing(made)) <= len(doses.chosen)
    return made, entries(doses)


def sent_once_is_told_again(log, at):
    """What an export told of when the log had only its first `at` events, one of the whole log tells too: updated, not orphaned."""
    (before, old), (after, new) = holds(log[:at]), holds(log)
    assert ids(before) <= ids(after)
    for uid in old.keys() & new.keys():
        assert old[uid]["sequence"] <= new[uid]["sequence"]
        if old[uid]["sequence"] == new[uid]["sequence"]:
            assert old[uid].to_ical() == new[uid].to_ical()
    assert old.keys() <= new.keys()


class Bed:
    """The core alone, with somebody who does anything at any time: its log."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.state, self.log, self.now = State(), [], (0, 0)
        self.do("boot", cause="power-on", warm=False)
        self.do("clock-set", source="host", utc=UTC, mono=self.now, bound_ms=2)

    def add(self, event):
        event.seq = len(self.log) + 1
        self.log.append(event)
        apply(self.state, event)

    def do(self, command, **arguments):
        """Whatever the core makes of it; what it refuses does not happen."""
        decided = decide(self.state, command, arguments, self.now)
        for event in [] if isinstance(decided, Refusal) else decided:
            self.add(event)

    def wait(self, seconds):
        self.now = plus(self.now, seconds)
        while (event := next_clock_event(self.state, self.now)) is not None:
            self.add(event)

    def lose_power(self):
        utc = timeline_utc(self.state, self.now)
        self.now = (0, 0)
        self.do("boot", cause="power-on", warm=False)
        self.do("clock-lost")
        self.wait(0)
        if self.chance.random() < 0.7 and utc is not None:
            self.wait(self.chance.choice((0, 600, 20_000)))
            wrong = self.chance.choice((0, 0, 0, -3600, 3600))
            self.do("clock-set", source="host", utc=plus(utc, self.now[0] + wrong), mono=self.now, bound_ms=2)

    def begin(self):
        anchor = self.chance.choice(("grid", "start"))
        self.do("configure", regimen={**built_in()["hd-il2"], "anchor": anchor}, label="Bed 12", armed=False)
        self.do("course-start")

    def record(self):
        outcome = self.chance.choice(("given", "partial", "held", "missed", "unknown"))
        at = timeline_utc(self.state, plus(self.now, -3600))
        times = {"started": at, "ended": None} if outcome in ("given", "partial") else {"started": None, "ended": None}
        reason = self.chance.choice(("unspecified", "renal"))
        self.do("dose-record", cycle=1, slot=self.chance.randrange(1, 8), outcome=outcome, reason=reason, **times)

    def something(self):
        roll = self.chance.random()
        if roll < 0.45:
            self.wait(self.chance.choice((1, 30, 300, 900, 3600, 6 * 3600)))
        elif roll < 0.85:
            press = self.chance.choice(("start", "start", "hold", "undo", "undo", "interrupt", "stop-infusion"))
            self.do(press, **({"override": self.chance.random() < 0.3} if press == "start" else {}))
        else:
            self.chance.choice((self.record, self.record, self.lose_power, self.begin, self.move, self.end))()

    def move(self):
        self.do("reschedule", at=timeline_utc(self.state, plus(self.now, self.chance.choice((3600, 90_000)))))

    def end(self):
        self.do(self.chance.choice(("course-stop", "prepare", "next-cycle")))


def test_exports_of_random_courses_are_valid_and_lose_nothing():
    happened = set()
    for seed in range(12):
        bed = Bed(seed)
        bed.begin()
        while len(bed.log) < 120:
            bed.something()
        log = bed.log
        happened |= {event.kind for event in log}
        undone = [place for place, event in enumerate(log) if event.kind == "dose-undone"]
        for at in (len(log) // 3, len(log) * 2 // 3, *undone[-2:]):  # also just before a press was taken back
            sent_once_is_told_again(log, at)
        holds(log[: len(log) // 4] + log[len(log) // 3 :])
        holds(log[len(log) // 2 :])
    assert {"dose-undone", "dose-recorded", "dose-stopped", "course-rescheduled", "course-resumed"} <= happened
