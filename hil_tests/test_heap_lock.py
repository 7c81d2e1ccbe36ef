"""No memory for 1 ms, at 500 instants swept over every handler: either all goes on exactly, or the device resets, journals why, and calls (A-07, S-03).

Never silence. Every allocation fails while the heap is locked, as if it were full. Each instant is one trial: something is done at the bed or by the
host, the heap is locked so long after it, and what follows is looked at.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count

import pytest

from dosebell.wire import request
from hil_tests import scenes
from hil_tests.bench import EmulatedBench, NoAnswer
from hil_tests.bench.interface import CONFIRM_S
from hil_tests.conftest import THINLY, MakeBench
from hil_tests.failures import calls, faults, spoil_next_sectors, told
from hil_tests.prepared import QUICK, Past, configured
from hil_tests.resets import bitten
from hil_tests.scenes import (
    IDLE_S,
    LOW_HZ,
    MEDIUM_HZ,
    MINUTE,
    NOT_RECORDED_HZ,
    REFUSED_HZ,
    TAKEN_HZ,
    ask,
    pitched,
    status,
)

LOCK_S = 0.001
LASTS_S = 61  # a boot that ran for a minute does not count as failed
BOOT_S = 1.0
SOON_S = 0.05  # from the preparation of a trial to what is done
PRESS_S = 0.100
SLEEP_S = 7.0
# After a reset nothing is erased while the device calls (a minute); then it looks again and again.
CALM_S = 125.0
# A course whose slot passes through all phases within a minute, with a window between any two effects.
BRISK = {
    **QUICK,
    "name": "brisk",
    "bench": True,
    "interval_min": 60,
    "infusion_min": 5,
    "max_doses": 63,
    "early_min": 0,
    "late_min": 13,
    "overdue_min": 26,
    "missed_min": 39,
    "hold_remind_min": 0,
}
_ids = count(0x4EA90001)


def steps(begin_ms: float, end_ms: float, step_ms: float = 1.0) -> list[float]:
    """Instants from `begin_ms` to before `end_ms`, in seconds."""
    found = []
    while begin_ms < end_ms:
        found.append(begin_ms / 1000)
        begin_ms += step_ms
    return found


# Milliseconds from what is done to where the heap is locked; each is tried once (the schedule's at each of its four kinds of instant).
REQUESTS: tuple[tuple[str, dict[str, object], list[float]], ...] = (
    ("hello", {}, steps(0, 9, 3)),
    ("status", {}, steps(0, 24, 3) + steps(24, 64, 5)),
    ("clock-get", {}, steps(1, 9, 2)),
    ("log-info", {}, steps(1, 9, 2)),
    ("log", {"epoch": 1}, steps(0, 9, 2)),
    ("dose-reason", {"cycle": 1, "slot": 1, "reason": "renal"}, steps(2, 12, 2)),
    ("outcome", {"of": "00000000"}, steps(2, 10, 2)),
    ("exported", {"seq": 1}, steps(1, 13, 2)),
    ("self-test", {}, steps(2, 14, 2)),
    ("configure", {"regimen": QUICK, "label": "bed 7", "armed": False}, steps(0, 48, 6)),
)
PRESSES = steps(0, 30, 1.5)
RELEASES = steps(0, 12, 2)
CONFIRMATIONS = steps(0, 36, 4)
SCHEDULE = steps(-1, 31, 5)
LIGHTS = steps(-2, 1000, 5.4)
WAKES = steps(-1, 2, 0.1) + steps(10, 6000, 46)
NOTHING = steps(-0.5, 12, 0.5)
BOOTS = steps(14, 1400, 78)
ERASES = steps(-2, 320, 32)


@pytest.mark.req("A-07")
def test_the_sweep_has_five_hundred_instants() -> None:
    singles = (PRESSES, RELEASES, CONFIRMATIONS, LIGHTS, WAKES, NOTHING, NOTHING, BOOTS, ERASES)
    assert sum(map(len, singles)) + 4 * len(SCHEDULE) + sum(len(offsets) for _, _, offsets in REQUESTS) >= 500


@dataclass
class Sweep:
    """Trials on one bench. `went_on`, `reset`: how many of them ended how."""

    bench: EmulatedBench
    went_on: int = 0
    reset: int = 0
    _failed: int = 0
    _settled: float = 0.0

    def trial(self, t: float, offset: float, until: float, right: Callable[[], bool], what: str) -> bool:
        """Locks the heap at t + offset and lives until `until`. True when all went on, and `right()`; False after a reset that was told and called."""
        bench = self.bench
        resets = len(bench.pico.resets)
        bench.pico.at(t + offset, lambda: bench.pico.lock_heap())
        bench.pico.at(t + offset + LOCK_S, lambda: bench.pico.lock_heap(False))
        bench.wait_until(until)
        name = f"{what} + {offset * 1000:g} ms"
        if len(bench.pico.resets) == resets:
            assert right(), f"{name}: neither right nor told"
            self.went_on += 1
            return True
        assert len(bench.pico.resets) == resets + 1, f"{name}: more than one reset"
        self._told(name)
        self.reset += 1
        return False

    def _told(self, name: str) -> None:
        bench = self.bench
        again = bench.pico.resets[-1][0]
        bench.wait_until(again + BOOT_S)
        last = told(bench, "boot")[-1].detail
        assert last["warm"], f"{name}: the clock is lost"
        # MicroPython says ImportError when it is the search for a module that has no memory.
        words = "" if last["cause"] == "watchdog" else faults(bench, "crash")[-1]
        assert not words or "MemoryError" in words or "ImportError" in words, name
        assert bench.lights()["red"], name
        self._failed += 1
        if self._failed == 2:  # a third within a minute would lead to safe mode
            assert calls(bench, again), name
            self.settle()

    def settle(self) -> None:
        """Lives until nothing is left of the last reset."""
        bench = self.bench
        self._failed = 0
        again = bench.pico.resets[-1][0] if bench.pico.resets else 0.0
        bench.wait_until(again + LASTS_S)
        if again > self._settled:
            self._settled = again
            # each reset costs the clock a millisecond or two
            asked = bench.now
            seconds, ms = ask(bench, "clock-get")["mono"]
            scenes.synchronise(bench, (asked + bench.now) / 2 - seconds - ms / 1000)


def at_rest(make_bench: MakeBench, flash: bytes) -> Sweep:
    """A bench on which the boot is done and the clock is set."""
    bench = make_bench(flash)
    bench.pico.hangs_on_break = True
    bench.wait(scenes.BOOTED_S)
    scenes.synchronise(bench)
    bench.wait(LASTS_S)
    return Sweep(bench)


@pytest.fixture
def sweep(make_bench: MakeBench, new_board: bytes) -> Sweep:
    """A configured board at rest: nothing to do, and no course."""
    return at_rest(make_bench, configured(new_board))


def answered(bench: EmulatedBench, ident: str) -> bool:
    return f"\n{ident}00".encode() in b"\n" + bytes(bench.pico.usb.out[-8000:])


def alive(bench: EmulatedBench, since: float, within: float = 7.1) -> bool:
    """The watchdog is fed, and the device answers."""
    bench.wait_until(since + within)
    return bool(bench.light_edges("alive", since)) and ask(bench, "hello")["product"] == "dosebell"


@THINLY
@pytest.mark.req("A-07", "S-03", "J-02")
def test_without_memory_in_a_press_it_is_answered_or_the_nurse_is_called(sweep: Sweep, every: int) -> None:
    bench = sweep.bench
    for offset in PRESSES[::every]:
        t = bench.now + SOON_S
        scenes.tap_at(bench, "start", t)
        recorded = len(told(bench, "start-refused"))

        def right(t: float = t, recorded: int = recorded) -> bool:
            taken = pitched(bench, REFUSED_HZ, t)
            return bool(
                taken and taken[0].start - t <= PRESS_S and len(told(bench, "start-refused")) != recorded
            ) or bool(pitched(bench, NOT_RECORDED_HZ, t))

        sweep.trial(t, offset, t + 0.5, right, "press")
    assert sweep.reset
    # the release of a button, and a long press: START held 3 s, where there is nothing to prepare
    sweep.settle()
    for offset in RELEASES:
        t = bench.now + SOON_S + 3.0
        scenes.tap_at(bench, "start", t - 3.0, 3.0)
        sweep.trial(t, offset, t + 0.3, lambda t=t: alive(bench, t, 0.6), "release")  # type: ignore[misc]
    assert sweep.went_on and sweep.reset


@THINLY
@pytest.mark.req("A-07", "A-06", "H-03")
def test_without_memory_in_a_request_it_is_answered_or_the_nurse_is_called(sweep: Sweep, every: int) -> None:
    bench = sweep.bench
    for do, arguments, offsets in REQUESTS:
        for offset in offsets[::every]:
            bench.serial()
            ident = f"{next(_ids):08x}"
            line = b"\n" + request(ident, do, arguments)
            t = bench.now + SOON_S
            bench.pico.at(t, lambda line=line: bench.pico.usb.send(line))  # type: ignore[misc]
            sweep.trial(t, offset, t + 0.4, lambda ident=ident: answered(bench, ident), do)  # type: ignore[misc]
            if do == "configure":
                sweep.settle()  # the offer at the bed expires
    assert sweep.went_on and sweep.reset


@THINLY
@pytest.mark.req("A-07", "H-03", "S-03")
def test_without_memory_in_a_confirmation_it_takes_effect_or_the_nurse_is_called(sweep: Sweep, every: int) -> None:
    bench = sweep.bench
    for offset in CONFIRMATIONS[::every]:
        ident = f"{next(_ids):08x}"
        answer = bench.serial().ask("configure", request_id=ident, regimen=QUICK, label="bed 7", armed=False)
        assert answer["state"] == "offered"
        done = len(told(bench, "configured"))
        t = bench.now + SOON_S + 2.0
        scenes.tap_at(bench, "pause", t - 2.0, CONFIRM_S)

        def right(t: float = t, done: int = done, ident: str = ident) -> bool:
            confirmed = ask(bench, "outcome", of=ident)["state"] == "confirmed"
            return confirmed and bool(pitched(bench, TAKEN_HZ, t)) and len(told(bench, "configured")) >= done

        sweep.trial(t, offset, t + 0.4, right, "confirmation")
        sweep.settle()
    assert sweep.went_on and sweep.reset


def brisk(new_board: bytes) -> bytes:
    past = Past(new_board)
    past.configure(BRISK)
    return past.flash


@THINLY
@pytest.mark.req("A-07", "S-01", "A-05")
def test_without_memory_at_an_instant_of_the_schedule_the_call_comes_or_the_device_calls_for_itself(
    make_bench: MakeBench, new_board: bytes, every: int
) -> None:
    # given a course in which a dose falls due every minute, and is late, overdue and missed
    sweep = at_rest(make_bench, brisk(new_board))
    bench = sweep.bench
    due = scenes.start_course(bench, 5)
    phases = (
        ("dose-due", 0, LOW_HZ),
        ("dose-late", 13, MEDIUM_HZ),
        ("dose-overdue", 26, MEDIUM_HZ),
        ("dose-closed", 39, None),
    )
    for offset in SCHEDULE[::every]:
        for kind, after, hertz in phases:
            # when the heap is locked around the instant at which it changes its phase
            while due + after - bench.now < 2:
                due += 60
            t = due + after
            bench.wait_until(t - 1)
            known = len(told(bench, kind))

            def right(t: float = t, kind: str = kind, hertz: int | None = hertz, known: int = known) -> bool:
                came = bench.instant_of(scenes.utc_of(told(bench, kind)[-1].utc))
                calls = hertz is None or any(tone.start - t <= IDLE_S + LOCK_S for tone in pitched(bench, hertz, t))
                return abs(came - t) < IDLE_S and calls

            if not sweep.trial(t, offset, t + 0.5, right, kind):
                sweep.settle()
            if kind == "dose-closed":
                bench.hold("pause", CONFIRM_S)  # the missed dose is acknowledged: it would hide what is only due
    assert sweep.went_on and sweep.reset


@THINLY
@pytest.mark.req("A-07", "A-01", "A-02", "S-01")
def test_without_memory_light_and_sound_and_sleep_go_on(sweep: Sweep, every: int) -> None:
    # given a device that calls: yellow blinks, and a burst sounds every 10 s
    bench = sweep.bench
    due = scenes.start_course(bench, 30)
    bench.wait_until(due + 125)
    grid = due + 120
    for offset in LIGHTS[::every]:
        t = grid + 10 * ((bench.now - grid) // 10 + 1)
        if t - bench.now < 0.1:
            t += 10
        if t - grid > 290:  # the calls become rare: a new one
            bench.press("hold")
            bench.wait(1)
            bench.hold("pause", 5.2)
            bench.wait(1)
            grid = max(edge.start for edge in bench.tones(bench.now - 12))
            t = bench.now + 1

        def right(t: float = t) -> bool:
            return bench.rhythm("yellow", 6).kind == "0.5 Hz" and alive(bench, t, 6.0)

        sweep.trial(t, offset, t + 5, right, "call")
    # and asleep for as long as it may: around the wake, and in between
    bench.press("start")
    bench.wait(LASTS_S + 5)
    bench.press("pause")
    bench.wait(30 * MINUTE)
    resets, began = sweep.reset, bench.now
    for offset in WAKES:
        fed = bench.light_edges("alive")[-1].t
        bench.wait_until(fed + SLEEP_S - 1.01)
        wakes = fed + SLEEP_S
        sweep.trial(wakes, offset, wakes + offset + 0.2, lambda t=fed + 1: alive(bench, t, SLEEP_S), "sleep")  # type: ignore[misc]
        bench.wait(1)
    # (the device has something to do once an hour: it looks for a clock chip)
    assert sweep.reset <= resets + 1 + (bench.now - began) // (60 * MINUTE), "a pass that has nothing to do allocates"
    # and when what wakes it means nothing: a glitch of a button, noise on the line
    for what in ("glitch", "noise"):
        for offset in NOTHING:
            t = bench.now + SOON_S
            bench.serial()
            if what == "glitch":
                scenes.tap_at(bench, "hold", t, 0.001)
            else:
                bench.pico.at(t, lambda: bench.pico.usb.send(bytes(range(1, 97)) + b"\n"))
            sweep.trial(t, offset, t + 0.3, lambda t=t: alive(bench, t, SLEEP_S), what)  # type: ignore[misc]


@THINLY
@pytest.mark.req("A-07", "T-03", "J-03")
def test_without_memory_in_a_boot_or_the_work_that_follows_it_the_nurse_is_called(sweep: Sweep, every: int) -> None:
    bench = sweep.bench
    for offset in BOOTS[::every]:
        # given a device that was reset
        sweep.settle()
        t = bitten(bench)
        resets = len(bench.pico.resets)

        def right(t: float = t, resets: int = resets) -> bool:
            try:
                return bench.lights()["red"] and alive(bench, t, 1.9)
            except NoAnswer:
                # the application could not be begun: the board calls for a minute and begins again
                called = calls(bench, t)
                bench.wait_until(t + LASTS_S + 2)
                return called and len(bench.pico.resets) == resets + 1

        # when there is no memory for a moment of its boot, or of its first work
        sweep.trial(t, offset, t + 1.8, right, "boot")
    assert sweep.went_on and sweep.reset


@THINLY
@pytest.mark.req("A-07", "J-03", "A-05")
def test_without_memory_in_an_erase_it_is_done_later_or_the_nurse_is_called(sweep: Sweep, every: int) -> None:
    bench = sweep.bench

    def begin_anew() -> float:
        """A device that was reset, and finds three sectors that are to be erased, each in two copies."""
        sweep.settle()
        spoil_next_sectors(bench)
        return bitten(bench)

    def erases(since: float) -> list[float]:
        return [each.t for each in bench.pico.flash_spy.operations if each.kind == "erase" and each.t > since]

    begun = begin_anew()
    bench.wait_until(begun + CALM_S)
    after = erases(begun)[0] - begun
    for offset in ERASES[::every]:
        begun = begin_anew()
        t = begun + after
        bench.wait_until(t - 1)
        if sweep.trial(t, offset, t + 1, lambda t=t: alive(bench, t - 1, SLEEP_S + 2), "erase"):  # type: ignore[misc]
            assert abs(erases(begun)[0] - t) < 0.1, "the sweep is not where the erases are"
        # then all of them are erased in the end
        bench.wait_until(t + CALM_S)
        assert len(erases(begun)) >= 6
    assert sweep.went_on
    assert told(bench, "journal-gap") == []
    assert status(bench)["alerts"] == []
