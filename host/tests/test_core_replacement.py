"""A device that replaces another takes over the course where it stands (S-10, decisions 8 and 9)."""

import pytest

from dosecore.apply import apply
from dosecore.checkpoint import pack
from dosecore.decide import decide
from dosecore.instant import plus
from dosecore.refusals import Refusal
from dosecore.regimen_rules import built_in
from dosecore.state import State
from dosecore.timeline import next_clock_event, utc

NOW = (100, 0)
HOUR = 3600


def configured(**changes):
    """A device with hd-il2 (changed), whose clock was just set."""
    state = State()
    for name, args in (
        ("boot", {"cause": "power-on", "warm": False}),
        ("clock-set", {"source": "host", "utc": (200_000_000, 0), "mono": NOW, "bound_ms": 1}),
        ("configure", {"regimen": dict(built_in()["hd-il2"], **changes), "label": "", "armed": False}),
    ):
        do(state, name, args)
    return state


def do(state, name, args, now=NOW):
    events = decide(state, name, args, now)
    assert not isinstance(events, Refusal), events
    for event in events:
        apply(state, event)


def kinds_until(state, now):
    """What the clock brings up to `now`."""
    found = []
    while (event := next_clock_event(state, now)) is not None:
        apply(state, event)
        found.append((event.kind, event.slot, event.utc))
    return found


@pytest.mark.req("S-10", "T-04")
def test_a_slot_that_is_due_already_takes_its_present_phase():
    state = configured()
    due = plus(utc(state, NOW), -90 * 60)  # late since half an hour
    do(state, "course-start", {"at": due, "cycle": 2, "slot": 3, "last": plus(due, -8 * HOUR)})
    assert kinds_until(state, NOW) == [("dose-late", 3, plus(due, HOUR))]
    assert state.tally().counts() == [0, 0, 0, 0, 0]


@pytest.mark.req("S-10")
@pytest.mark.parametrize(
    ("hours_ago", "slot", "refused"), [(7.9, 3, False), (8, 3, True), (0.01, 1, True), (30, 3, True)]
)
def test_only_a_replacing_device_starts_in_the_past_and_less_than_an_interval(hours_ago, slot, refused):
    state = configured()
    at = plus(utc(state, NOW), -int(hours_ago * HOUR))
    decided = decide(state, "course-start", {"at": at, "cycle": 1, "slot": slot, "last": None}, NOW)
    assert isinstance(decided, Refusal) == refused
    if refused:
        assert (decided.code, decided.field, decided.value) == ("not-in-future", "at", at)


@pytest.mark.req("R-05", "J-01")
def test_starts_that_can_forbid_nothing_any_more_are_not_kept():
    """The largest course there is, hourly: its checkpoint leaves most of a sector to events (J-03)."""
    small = {
        "interval_min": 60,
        "infusion_min": 1,
        "late_min": 5,
        "overdue_min": 10,
        "missed_min": 60,
        "min_gap_min": 0,
    }
    state = configured(max_doses=63, max_days=0, cycles=4, cycle_days=1, early_min=0, **small)
    do(state, "course-start", {"at": None, "cycle": None, "slot": None, "last": None})
    at, most = NOW, 0
    for cycle in range(1, 5):
        for _ in range(63):
            at = plus(at, 60)
            kinds_until(state, at)
            do(state, "start", {}, at)
            most = max(most, len(pack(state)))
            at = plus(at, HOUR - 60)
        kinds_until(state, at)
        if cycle < 4:
            do(state, "next-cycle", {"at": None}, at)
    assert [tally.counts()[0] for tally in state.tallies] == [63] * 4
    assert sum(len(tally.starts) for tally in state.tallies) <= 3 * 24 + 1
    assert most < 1100
