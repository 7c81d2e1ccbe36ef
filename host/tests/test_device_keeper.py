"""What is written first, what a boot finds again, and a journal that refuses: Keeper and replay over a model of a NOR flash."""

import pytest
from model.nor import Nor
from test_device_journal import FIRST

from device.journal.repair import format_ring
from device.journal.replay import replay
from device.journal.ring import Ring
from device.journal.stored import first_seq
from device.keeper import Keeper
from device.upkeep import Upkeep
from dosecore import findings
from dosecore.alerts import alerts
from dosecore.checkpoint import pack
from dosecore.decide import decide
from dosecore.events import decode
from dosecore.instant import plus
from dosecore.regimen_rules import built_in
from dosecore.state import State
from dosecore.timeline import next_instant

BLOCKS = 24


def new_keeper():
    flash = Nor(BLOCKS)
    ring = Ring(flash, BLOCKS, FIRST)
    ring.scan()
    format_ring(ring)
    keeper = Keeper(State(), ring)
    keeper.note(findings.boot, {"cause": "power-on", "warm": False}, (0, 400))
    keeper.bring((0, 400))
    keeper.flush()
    return keeper


def do(keeper, name, args, now):
    events = decide(keeper.state, name, args, now)
    assert isinstance(events, list), events
    return keeper.commit(events, now)


def running(keeper):
    """A bench course whose first slot is due at 20 s."""
    do(keeper, "clock-set", {"source": "host", "utc": (1000, 0), "mono": (1, 0), "bound_ms": 5}, (1, 0))
    do(keeper, "configure", {"regimen": built_in()["bench"], "label": "", "armed": False}, (2, 0))
    do(keeper, "course-start", {"at": (1019, 0)}, (3, 0))


def found_again(keeper):
    ring = Ring(keeper.ring.flash, BLOCKS, FIRST)
    assert ring.scan()
    return replay(ring, True)


def kinds(keeper):
    ring = keeper.ring
    return [
        decode(raw, seq) for epoch in range(ring.oldest, ring.epoch + 1) for seq, raw in ring.read_sector(epoch).events
    ]


@pytest.mark.req("J-01", "S-07")
def test_after_every_event_the_journal_folds_to_the_state():
    keeper = new_keeper()
    running(keeper)
    upkeep = Upkeep(keeper)
    now = (4, 0)
    for _ in range(60):
        at = next_instant(keeper.state)
        now = plus(now, 7) if at is None or at > plus(now, 7) else max(at, now)
        while upkeep.erase_wanted():
            upkeep.erase(now)
        keeper.bring(now)
        keeper.flush()
        do(keeper, "pause", {}, now)
        assert pack(found_again(keeper).state) == pack(keeper.state)
    assert keeper.ring.epoch > 1


@pytest.mark.req("J-01")
def test_clock_events_that_need_a_new_sector_are_folded_once():
    keeper = new_keeper()
    running(keeper)
    while keeper.ring.free_slots:
        do(keeper, "pause", {}, (5, 0))
    keeper.bring((200, 0))  # many at once, with no room left
    keeper.flush()
    assert pack(found_again(keeper).state) == pack(keeper.state)


@pytest.mark.req("J-01")
def test_a_torn_page_before_clock_events_are_stored_changes_no_state():
    keeper = new_keeper()
    running(keeper)
    keeper.bring((20, 0))
    ring = keeper.ring
    # every slot that is left turns out not to be blank, after the events were applied
    for slot in range(ring.used, 64):
        ring.flash.memory[(ring.epoch - 1) * 4096 + slot * 64 + 5] = 0
    keeper.flush()
    assert ring.epoch == 2
    assert pack(found_again(keeper).state) == pack(keeper.state)


@pytest.mark.req("S-03")
def test_clock_events_are_signalled_before_they_are_stored_and_presses_are_stored_before_they_are_applied():
    keeper = new_keeper()
    running(keeper)
    told = []
    keeper.signal = lambda since: told.append((since, keeper.ring.seq))
    before = keeper.ring.seq
    keeper.bring((25, 0))
    assert told == [((20, 0), before)]
    keeper.flush()
    assert keeper.ring.seq == before + 1
    keeper.ring.flash.refuses = True
    assert not do(keeper, "start", {}, (26, 0))


@pytest.mark.req("S-03", "J-02")
def test_a_journal_that_refuses_is_said_and_mended():
    keeper = new_keeper()
    running(keeper)
    flash = keeper.ring.flash
    flash.refuses = True
    keeper.bring((20, 0))
    keeper.flush()
    assert not keeper.recorded
    assert {alert.condition for alert in alerts(keeper.state, (20, 0))} == {"due", "journal-fault"}
    assert not do(keeper, "start", {}, (22, 0))
    assert keeper.state.open[1].phase == "infusing"
    keeper.mend(keeper.mend_at())
    assert not keeper.recorded
    flash.refuses = False
    keeper.mend(keeper.mend_at())
    assert keeper.recorded
    assert keeper.state.alarm("journal-fault") is None or keeper.state.alarm("journal-fault").ended is not None
    assert pack(found_again(keeper).state) == pack(keeper.state)
    gap = next(event for event in kinds(keeper) if event.kind == "journal-gap").detail
    stored = [event.seq for event in kinds(keeper)]
    assert not set(range(gap["first"], gap["last"] + 1)) & set(stored)
    assert found_again(keeper).gaps == []


@pytest.mark.req("J-03")
def test_what_an_erase_destroys_is_journaled_before_it():
    keeper = new_keeper()
    running(keeper)
    upkeep = Upkeep(keeper)
    now = (4, 0)
    while keeper.ring.oldest <= 1:
        do(keeper, "pause", {}, now)
        upkeep.tidy(now)
        while upkeep.erase_wanted():
            upkeep.erase(now)
    assert keeper.state.alarm("journal-nearly-full") is not None
    gap = [event for event in kinds(keeper) if event.kind == "journal-gap"][-1].detail
    assert gap["last"] == first_seq(keeper.ring) - 1


@pytest.mark.req("J-05")
def test_without_a_checkpoint_nothing_is_made_up():
    keeper = new_keeper()
    running(keeper)
    for copy in (0, BLOCKS // 2):
        keeper.ring.flash.memory[copy * 4096 + 64 + 20] ^= 1
    assert found_again(keeper).state is None
