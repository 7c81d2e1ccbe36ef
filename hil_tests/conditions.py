"""How each condition of the table of alerts comes to stand on a board, alone or heard above what else stands, for as long as its call takes to slow down.

A journey plays a device through some of them and gives a Window for each. Tests and pictures measure on the pins within the windows; nothing here does.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from dosebell.sim import flash_from_uf2
from dosebell.sim.senses import Burst, bursts
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.changed import build_changed
from hil_tests.bench.interface import CONFIRM_S, TAP_S, WIRE_EPOCH
from hil_tests.conftest import MakeBench
from hil_tests.prepared import HOUR, QUICK, Past
from hil_tests.scenes import GRAIN_S, LOW_HZ, MEDIUM_HZ, MINUTE

# A medium call is fast for 5 min and has then two slow bursts; a low one is fast for as long and has then two in 10 min.
MEDIUM_S, LOW_S = 7 * MINUTE + 1, 15 * MINUTE + 1
# Long enough in each phase for its call to slow down; an hour from dose to dose.
PATIENT: dict[str, Any] = {
    **QUICK,
    "name": "patient",
    "pre_dose_check_min": 2,
    "late_min": 20,
    "overdue_min": 40,
    "hold_remind_min": 15,
}
HOLDS: dict[str, Any] = {**PATIENT, "name": "holds", "hold_review_count": 1}
# One dose a cycle, the next cycle a day later; supportive care half an hour before that.
RESTING: dict[str, Any] = {
    **QUICK,
    "name": "resting",
    "max_doses": 1,
    "cycles": 2,
    "cycle_days": 1,
    "supportive_care_review_min": 1410,
}
SUPPORTIVE_S = 1410 * MINUTE
DAY_S = 24 * HOUR
# A boot, a host's request or a calm moment brings such a condition up within so long.
FOUND_S = LAMP_TEST_OVER_S = 3.0
# A clock chip that has died is missed within so long: a look every ten minutes, and three tries.
CHIP_MISSED_S = 11.5 * MINUTE
# A divider does not hit a pitch exactly.
PITCH_HZ = 5


class Window(NamedTuple):
    """A condition that is heard, or would be: from `since` to `until` (seconds on the bench's clock).

    bursts: seconds after `since` at which its bursts are due, as the requirements have them. green: that light meanwhile.
    settles_s: so long after `since` its light must show; longer than a moment when it came up in a boot, in which the lamps are tested.
    """

    condition: str
    priority: str
    since: float
    until: float
    bursts: tuple[float, ...]
    green: str = "off"
    settles_s: float = 0.2


def cadence(priority: str, seconds: float) -> tuple[float, ...]:
    """Seconds after its beginning at which a call has its bursts (A-02): medium every 10 s for 5 min, then every 60 s; low every 30 s, then every 5 min."""
    fast, slow = {"medium": (10, 60), "low": (30, 300)}[priority]
    found = [*range(0, 301, fast), *range(300 + slow, 24 * HOUR, slow)]
    return tuple(float(t) for t in found if t < seconds)


def window(bench: EmulatedBench, condition: str, priority: str, since: float, seconds: float, **more: Any) -> Window:
    """Lets the time pass."""
    bench.wait_until(since + seconds)
    return Window(condition, priority, since, since + seconds, cadence(priority, seconds), **more)


def bursts_of_calls(bench: EmulatedBench, since: float) -> list[Burst]:
    """What calls, without the feedback that sounds between or over its pulses."""
    tones = bench.tones(since - GRAIN_S)
    return bursts(
        [tone for tone in tones if min(abs(tone.frequency - hertz) for hertz in (LOW_HZ, MEDIUM_HZ)) < PITCH_HZ]
    )


def first_heard(bench: EmulatedBench, hertz: int, since: float) -> float:
    """Since when a condition stands whose instant only the device knows: its third burst comes two steps after that. Its first may be later, in a boot."""
    step = cadence("medium" if hertz == MEDIUM_HZ else "low", HOUR)[1]
    bench.wait_until(since + FOUND_S + 2 * step)
    calls = [burst.start for burst in bursts_of_calls(bench, since) if abs(burst.fundamental - hertz) < PITCH_HZ]
    return calls[2] - 2 * step


Journey = Callable[[MakeBench, bytes], Iterator[tuple[EmulatedBench, Window]]]


def unanswered(make_bench: MakeBench, new_board: bytes) -> Iterator[tuple[EmulatedBench, Window]]:
    """Nobody comes: a dose is to be checked, falls due, is late, overdue, missed."""
    past = Past(new_board)
    past.configure(PATIENT)
    bench = make_bench(past.flash)
    due = scenes.running(bench, 3 * MINUTE)
    bench.wait_until(due)
    yield bench, Window("pre-dose-check", "light", due - 2 * MINUTE, due, (), "steady")
    yield bench, window(bench, "due", "low", due, 20 * MINUTE)
    yield bench, window(bench, "late", "medium", due + 20 * MINUTE, 20 * MINUTE)
    yield bench, window(bench, "overdue", "medium", due + 40 * MINUTE, 20 * MINUTE)
    yield bench, window(bench, "missed-doses", "medium", due + 60 * MINUTE, MEDIUM_S)


def outage(make_bench: MakeBench, new_board: bytes) -> Iterator[tuple[EmulatedBench, Window]]:
    """The power is away for three doses; then the clock is lost, until a host sets it."""
    past = Past(new_board)
    past.configure(PATIENT)
    bench = make_bench(past.flash)
    due = scenes.running(bench, 30 * MINUTE)
    bench.cut_power()
    bench.restore_power(due + 2.8 * HOUR - bench.now)
    lost = first_heard(bench, MEDIUM_HZ, bench.now)
    yield bench, window(bench, "clock-lost", "medium", lost, MEDIUM_S, settles_s=LAMP_TEST_OVER_S)
    # The third slot ends unobserved; that is known as soon as the clock is, and counts from the slot's end.
    ended = due + 3 * HOUR
    bench.wait_until(ended + 5)
    scenes.synchronise(bench)
    rest = tuple(t - 10 for t in cadence("medium", MEDIUM_S)[1:])
    bench.wait_until(ended + MEDIUM_S)
    yield bench, Window("doses-not-observed", "medium", ended + 10, bench.now, rest)


def held(make_bench: MakeBench, new_board: bytes) -> Iterator[tuple[EmulatedBench, Window]]:
    """A dose on hold, too often for the regimen; given late, interrupted and left so; and the next one given to its end."""
    past = Past(new_board)
    past.configure(HOLDS)
    bench = make_bench(past.flash)
    due = scenes.running(bench)
    bench.wait_until(due + 5)
    on_hold = bench.press("hold")
    review = first_heard(bench, MEDIUM_HZ, on_hold + 9)
    yield bench, window(bench, "review-holds", "medium", review, MEDIUM_S)
    bench.hold("pause", CONFIRM_S)
    # Acknowledged: what is left is the hold itself, with its reminders.
    calm = bench.now + 1
    bench.wait_until(on_hold + 45 * MINUTE + 2)
    reminders = tuple(on_hold + n * 15 * MINUTE - calm for n in (1, 2, 3))
    yield bench, Window("on-hold", "low", calm, bench.now, reminders)
    bench.press("start")
    bench.wait(20)
    bench.down("hold")
    interrupted = bench.now + 2
    bench.wait_until(interrupted + TAP_S)
    bench.up("hold")
    yield bench, window(bench, "interrupted", "medium", interrupted, 14 * MINUTE)
    bench.wait_until(due + 63 * MINUTE)
    bench.press("start")  # answers that the infusion has been given up
    bench.wait(1)
    started = bench.press("start")
    yield bench, window(bench, "infusion-ended", "low", started + MINUTE, LOW_S)


def resting(make_bench: MakeBench, new_board: bytes) -> Iterator[tuple[EmulatedBench, Window]]:
    """A course between two cycles, a day after its only dose. The first dose was given on the minute at which it fell due."""
    past = Past(new_board)
    past.configure(RESTING)
    first_due = WIRE_EPOCH + timedelta(seconds=past.utc_s)
    past.one_dose()
    bench = make_bench(past.flash)
    care = DAY_S - SUPPORTIVE_S  # so long before the next cycle, less the minute of the infusion
    bench.utc_begin = first_due + timedelta(seconds=SUPPORTIVE_S)
    bench.wait(scenes.BOOTED_S)
    scenes.synchronise(bench)
    yield bench, window(bench, "supportive-care", "low", MINUTE, LOW_S)
    bench.press("pause")
    yield bench, window(bench, "next-cycle", "low", care, LOW_S)


def blank(make_bench: MakeBench, new_board: bytes) -> Iterator[tuple[EmulatedBench, Window]]:
    """A board that was never switched on: a lost journal cannot be told from a new one."""
    bench = make_bench(new_board)
    told = first_heard(bench, MEDIUM_HZ, 0.0)
    yield bench, window(bench, "journal-fault", "medium", told, MEDIUM_S, settles_s=LAMP_TEST_OVER_S)


def hands_and_parts(make_bench: MakeBench, new_board: bytes) -> Iterator[tuple[EmulatedBench, Window]]:
    """A board in maintenance, according to its journal; then a button stays down, then a clock chip stops to answer."""
    past = Past(new_board)
    past.configure(QUICK)
    past.technical("maintenance")
    bench = make_bench(past.flash)
    bench.solder_clock_chip()
    # The chip is new: it is believed, and no fault, once a host has set the clock.
    bench.wait(FOUND_S)
    scenes.synchronise(bench)
    bench.wait(1)
    yield (
        bench,
        window(bench, "maintenance", "medium", raised_at(bench, "maintenance"), MEDIUM_S, settles_s=LAMP_TEST_OVER_S),
    )
    bench.down("start")
    stuck = bench.now + 10
    yield bench, window(bench, "stuck-button", "medium", stuck, MEDIUM_S)
    bench.up("start")
    bench.wait(1)
    bench.unsolder_clock_chip()
    bench.wait(CHIP_MISSED_S)
    yield bench, window(bench, "self-test-failed", "medium", raised_at(bench, "self-test-failed"), MEDIUM_S)


def raised_at(bench: EmulatedBench, condition: str) -> float:
    """The bench's instant at which the condition was raised, by the status of a device whose clock is set."""
    alert = scenes.alert(bench, condition)
    assert alert is not None, f"{condition} does not stand"
    return bench.instant_of(scenes.utc_of(alert["since"]))


def nearly_full(make_bench: MakeBench, _new_board: bytes) -> Iterator[tuple[EmulatedBench, Window]]:
    """A journal with more than the host should leave in it. It takes 2 % of the ring here, not 80: the check of a full ring takes the emulator 8 s."""
    changed = build_changed({"device/journal/stored.py": [("NEARLY_FULL_PERCENT = 80", "NEARLY_FULL_PERCENT = 2")]})
    past = Past(flash_from_uf2(changed))
    while past.ring.epoch < 2:
        past.configure(QUICK)
    bench = make_bench(past.flash)
    told = first_heard(bench, LOW_HZ, 0.0)
    yield bench, window(bench, "journal-nearly-full", "low", told, LOW_S, settles_s=LAMP_TEST_OVER_S)


JOURNEYS: dict[Journey, tuple[str, ...]] = {
    unanswered: ("pre-dose-check", "due", "late", "overdue", "missed-doses"),
    outage: ("clock-lost", "doses-not-observed"),
    held: ("review-holds", "on-hold", "interrupted", "infusion-ended"),
    resting: ("supportive-care", "next-cycle"),
    blank: ("journal-fault",),
    hands_and_parts: ("maintenance", "stuck-button", "self-test-failed"),
    nearly_full: ("journal-nearly-full",),
}
