"""What the flash's times cost the bed: presses across new sectors and inside erases, and when an erase may be (A-05, S-03).

An erase takes 45 ms on a typical chip and 400 ms on the worst that its data sheet allows, with interrupts off.
"""

from itertools import count
from random import Random
from statistics import median

import pytest

from dosebell.sim.flash import FlashOperation
from dosecore.events import Event, decode
from dosecore.regimen_rules import built_in
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.interface import TAP_S
from hil_tests.conftest import MakeBench
from hil_tests.prepared import QUICK, Past, stored_events
from hil_tests.scenes import TAKEN_HZ, LogPull, ask, heard, pitched, utc_of

ERASE_US = {"typical": 45_000, "worst": 400_000}
# From a button's going down to its feedback outside an erase, 5 ms of debouncing among it; and with an erase at the data sheet's maximum in between.
TYPICAL_S, MOST_S, IN_ERASE_S = 0.010, 0.025, 0.450
PRESSES = 60
# A press that is over before an erase is.
BRIEF_S = 0.02
# Of a calm moment, and of hands off.
CALM_S, HANDS_OFF_S = 2.0, 60.0
HOUR = 3600.0


def with_erases(bench: EmulatedBench, erase_us: int) -> EmulatedBench:
    bench.pico.flash_spy.erase_us = erase_us
    return bench


def erases(bench: EmulatedBench) -> list[FlashOperation]:
    return [each for each in bench.pico.flash_spy.operations if each.kind == "erase"]


def clock_events(flash: bytes) -> list[Event]:
    """Every event of the journal that was a deadline's: doses and alerts (and those that a press made, which is looked at by itself)."""
    found = [decode(raw, seq) for seq, raw in stored_events(flash)]
    return [event for event in found if event.kind.startswith("dose-") or event.kind.startswith("alert-")]


@pytest.mark.req("S-03", "A-05")
@pytest.mark.parametrize("erase", ERASE_US)
def test_presses_are_confirmed_in_milliseconds_also_when_a_sector_is_opened(
    make_bench: MakeBench, new_board: bytes, erase: str
) -> None:
    # given a device whose newest sector is nearly full
    past = Past(new_board)
    past.configure(QUICK)
    past.use_up(tail_free=10)
    bench = with_erases(make_bench(past.flash), ERASE_US[erase])
    bench.wait(scenes.BOOTED_S)
    sector = ask(bench, "log-info")["epochs"][1]
    done = len(erases(bench))
    # when buttons are pressed again and again, until two sectors have been opened
    presses = [bench.now + 0.5 + 0.613 * number for number in range(PRESSES)]
    for t in presses:
        scenes.tap_at(bench, "pause", t)
    bench.wait_until(presses[-1] + 1)
    assert ask(bench, "log-info")["epochs"][1] == sector + 2
    # then every press is confirmed within milliseconds of the button, and nothing was erased before it
    took = sorted(heard(bench, TAKEN_HZ, t) - t for t in presses)
    print(f"press to confirmation: median {median(took) * 1000:.1f} ms, worst {took[-1] * 1000:.1f} ms of {len(took)}")
    assert len(pitched(bench, TAKEN_HZ, presses[0])) == PRESSES
    assert median(took) <= TYPICAL_S
    assert took[-1] <= MOST_S
    assert len(erases(bench)) == done


@pytest.mark.req("A-05", "S-03")
@pytest.mark.parametrize(("erase", "devices"), [("typical", 2), ("worst", 4)])
def test_a_press_at_any_instant_of_an_erase_is_answered_and_never_lost(
    make_bench: MakeBench, new_board: bytes, erase: str, devices: int
) -> None:
    """Six erases a device, a press in each: every other one brief, so that most of those begin and end while the processor hears nothing."""
    erase_s = ERASE_US[erase] / 1e6
    instants = count()
    last = 6 * devices - 1
    for _ in range(devices):
        past = Past(new_board)
        past.course()
        bench = with_erases(make_bench(past.without_spare_sectors()), ERASE_US[erase])
        pressed: list[float] = []

        def press(operation: FlashOperation, bench: EmulatedBench = bench, pressed: list[float] = pressed) -> None:
            if operation.kind == "erase":
                number = next(instants)
                pressed.append(operation.t + erase_s * (0.02 + 0.96 * number / last))
                scenes.tap_at(bench, "pause", pressed[-1], TAP_S if number % 2 else BRIEF_S)

        # when a button goes down in the middle of each erase, from its first moments to its last
        bench.pico.flash_spy.on_operation = press
        bench.wait(6 * (HANDS_OFF_S + 25))
        assert len(pressed) == 6
        # then each is a press like any other, late by no more than the erase
        for t in pressed:
            assert heard(bench, TAKEN_HZ, t) - t <= min(IN_ERASE_S, erase_s + MOST_S)
        assert len(scenes.kinds(bench, "audio-paused")) == 6
    assert next(instants) == last + 1


@pytest.mark.req("A-05")
@pytest.mark.parametrize("hours", [2, pytest.param(24, marks=pytest.mark.soak)])
def test_nothing_is_erased_near_a_press_a_call_or_a_deadline(
    make_bench: MakeBench, new_board: bytes, hours: int
) -> None:
    """Hours of doses, calls, presses at any time, and a host that pulls the log and leaves events; each erase happened where it disturbs nobody."""
    random = Random(11)
    # given a course with a dose every eight hours, and a journal that needs new sectors all the time
    past = Past(new_board)
    past.fill()
    past.configure(built_in()["hd-il2"])
    past.use_up(tail_free=8)
    bench = make_bench(past.flash)
    scenes.running(bench, due_in=300)
    begun = bench.now
    booted = len(erases(bench))
    presses: list[float] = []
    pull = LogPull()
    while bench.now < begun + hours * HOUR:
        # when people and programs do what they like
        bench.wait(random.choice([5.0, 70.0, 600.0, 1500.0]) * random.random())
        what = random.choices(["start", "pause", "tell", "pull"], [3, 3, 4, 1])[0]
        if what == "tell":
            last = ask(bench, "log-info")["last"]
            for _ in range(random.randrange(1, 25)):
                ask(bench, "exported", seq=last)
        elif what == "pull":
            pull(bench, bench.now + 0.1)
        else:
            presses.append(bench.press(what))
    found = erases(bench)[booted:]
    print(f"{len(found)} erases, {len(presses)} presses")
    assert len(found) >= hours // 2 > 0 and len(presses) >= 3 * hours
    edges = [edge.t for light in ("red", "yellow", "green") for edge in bench.light_edges(light, begun)]
    tones = bench.tones(begun)
    events = [
        bench.instant_of(utc_of(event.utc)) for event in clock_events(bench.pico.snapshot()) if event.utc is not None
    ]
    for each in found:
        # then no hand was near it
        assert not [t for t in presses if each.t - HANDS_OFF_S <= t <= each.t], each
        # and nothing sounded, was about to sound, to light or to happen; what a press or a request brings in these two seconds was no deadline
        surprises = [t for t in presses if each.t <= t <= each.t + CALM_S]
        until = min([each.t + CALM_S, *surprises])
        assert not [tone for tone in tones if tone.start < until and (tone.end or until) >= each.t], each
        assert not [t for t in edges if each.t <= t < until], each
        assert not [t for t in events if each.t <= t < until], each
