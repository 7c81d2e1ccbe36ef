"""A course with outages, side by side with its independent calculation: power cuts, resets of every kind, clocks lost and set.

Story time (see `course_check`) goes on through an outage. A cold boot begins the device's counter anew: story time is then laid on its whole
milliseconds again, by less than one. A warm boot goes on from what the firmware left in the scratch registers: story time follows that clock, and how far it
has gone wrong is kept in `clock_errors`. When a boot or a clock set was stamped only the device knows; that instant is read from its journal, held against
the bench's clock, and given to the model. Everything else is calculated, to the millisecond.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dosebell.journal_reader import read_sector
from dosecore.events import Event
from hil_tests import resets
from hil_tests.bench import EmulatedBench
from hil_tests.course_check import (
    BOOTED_S,
    LATE_MOST_S,
    Call,
    SideBySide,
    calls,
    of_new_board,
    on_wire,
    read_log,
    second_copy,
    sector_bytes,
    timer_us,
    to_ms,
)
from tests.model.calls import sounded
from tests.model.compare import UNSPOKEN, from_core, from_model
from tests.model.scripts import UTC0

# The longest that a boot may take before it is stamped: the journal has been read by then.
BOOT_S = 0.400
# T-03: how far a clock may be off that was carried over a watchdog or software reset.
CLOCK_ERROR_S = 2.0
# How long it may take to find that there is no battery clock.
ASKED_MS = 20
# RP2040 data sheet 4.7.6: the watchdog's control register, its trigger, and the scratch registers 0 and 1, in which the firmware leaves its time.
WATCHDOG_CTRL, TRIGGER = 0x40058000, 1 << 31
SCRATCH_S, SCRATCH_MS = 0x4005800C, 0x40058010
MS_MASK = 1023
BITE_MS = 8388
# A boot that has run for so long is good: what the device said of the one before is over then, a moment sooner or later.
LASTS_MS, LASTED_MS = 60_000, 60_500
# It takes so long at most to read of that in the journal.
READ_MS = 500
# A boot has settled, and a burst that is cut off has ended, a second before or after.
SETTLED_MS = 1000
# After so many boots in a row that failed sooner than that the device goes into safe mode, which has tests of its own.
FAILURES_MOST = 2


@dataclass
class Life:
    """From a boot to the next outage, in story ms; `begin`: the bench's instant of story time 0 as it was then."""

    begin: float
    since: int
    until: int = 0


class ThroughOutages(SideBySide):
    """The board and the model, with outages. `told`: (story ms, kind) of each. `clock_errors`: seconds by which each warm boot moved the clock."""

    has_chip = False  # a battery clock, which a cold boot asks for the time

    def __init__(self, bench: EmulatedBench) -> None:
        super().__init__(bench)
        self._story_ms_of_zero: dict[int, int] = {
            self._boot: -self.mono_0
        }  # by boot number: where its monotonic 0 lies
        self.told: list[tuple[int, str]] = []
        self.clock_errors: list[float] = []
        self._lives: list[Life] = [Life(self._begin, 0)]
        self._booted_t = -LASTED_MS
        self.switched_on = 0.0  # the bench's instant of the last power-on or reset
        self._unwell = False  # the device says that the boot before has failed
        self._failures = 0

    @property
    def next_ms(self) -> int:
        """The first whole millisecond of story time that has not begun."""
        return int((self.bench.now - self._begin) * 1000) + 1

    # -- time
    def to(self, t: int) -> None:
        if self._unwell and t > self._booted_t + LASTS_MS:
            self._live_until_well()
        super().to(t)

    def _live_until_well(self) -> None:
        """The device takes back what it said of itself, 60 s after its boot: when exactly is known to it alone."""
        self._unwell = False
        self.bench.wait_until(self.instant(self._booted_t + LASTED_MS))
        cleared = self._newest(lambda event: event.detail.get("condition") == "self-test-failed")
        t = self._story_ms(cleared)
        assert cleared.kind == "alert-cleared" and LASTS_MS <= t - self._booted_t <= LASTED_MS, (cleared, self.told[-1])
        self.model.to(t)
        self.model.well()

    def busy_with_itself(self, t: int, duration: int) -> int | None:
        """If something that takes `duration` ms from `t` on meets the device when it takes back what it said of itself: the moment when that is over."""
        over = self._booted_t + LASTED_MS + READ_MS
        return over if self._unwell and t <= over and t + duration >= self._booted_t + LASTS_MS else None

    @property
    def may_fail(self) -> bool:
        """Whether one more failure would not bring it into safe mode."""
        return self.next_ms > self._booted_t + LASTED_MS or self._failures < FAILURES_MOST

    # -- outages
    def power_cut(self, off_s: float) -> None:
        """The power goes for `off_s`."""
        self._note(f"power cut of {off_s:.1f} s")
        self.bench.cut_power()
        self.bench.restore_power(off_s)
        self._boot_cold("power-on", self.bench.now)

    def run_line(self) -> None:
        """RUN is pulled: as good as a power cut."""
        self._note("RUN reset")
        self.bench.reset("run")
        self._boot_cold("run-pin", self.bench.now)

    def forced(self) -> None:
        """A software reset that nobody prepared: the time of the last feed says too little, so the clock is lost."""
        self._note("software reset")
        self.bench.pico.mcu.write_uint32(WATCHDOG_CTRL, TRIGGER)
        self.bench.wait(0.0001)
        self._boot_cold("software", self.bench.pico.resets[-1][0])

    def hang(self) -> None:
        """The firmware hangs, and the watchdog bites."""
        self._note("hang")
        bites = len(self.bench.pico.resets)
        resets.stop_dead(self.bench)
        self.bench.wait(0.05)
        left = self._scratch_ms() + BITE_MS
        assert self.bench.pico.run_until(lambda: len(self.bench.pico.resets) > bites, resets.BITE_S + 0.1)
        self._boot_warm("watchdog", left)

    def crash(self) -> None:
        """An exception escapes, and the firmware resets the chip."""
        self._note("crash")
        resets.give_up(self.bench)
        self._boot_warm("crash", self._scratch_ms())

    def _note(self, kind: str) -> None:
        self.told.append((self.model.t, kind))
        self._lives[-1].until = self.model.t

    def _scratch_ms(self) -> int:
        return self.bench.pico.mem32(SCRATCH_S) * 1000 + (self.bench.pico.mem32(SCRATCH_MS) & MS_MASK)

    def _boot_cold(self, cause: str, reset_at: float) -> None:
        zero = self._booted()
        of_zero = round((zero - self._begin) * 1000)
        self._begin = zero - of_zero / 1000
        self._follow_boot(cause, False, of_zero, reset_at)

    def _boot_warm(self, cause: str, mono_ms: int) -> None:
        """mono_ms: where the device believes its monotonic clock to stand when its counter begins anew."""
        reset_at = self.bench.pico.resets[-1][0]
        zero = self._booted()
        of_zero = self._story_ms_of_zero[self._boot]
        begin = zero - (mono_ms + of_zero) / 1000
        self.clock_errors.append(begin - self._begin)
        assert abs(self.clock_errors[-1]) <= CLOCK_ERROR_S, self.told[-1]
        self._begin = begin
        self._follow_boot(cause, True, of_zero, reset_at)

    def _booted(self) -> float:
        """Waits for the boot and what follows it at once; the bench's instant at which the chip's counter was 0."""
        self.bench.wait(BOOTED_S)
        self.port = self.bench.serial()
        return self.bench.now - timer_us(self.bench) / 1e6

    def _follow_boot(self, cause: str, warm: bool, of_zero: int, reset_at: float) -> None:
        self.switched_on = reset_at
        boot = self._newest(lambda event: event.kind == "boot")
        assert (boot.detail["cause"], boot.detail["warm"]) == (cause, warm), (boot, self.told[-1])
        assert boot.boot == self._boot + 1, (boot.boot, self._boot)
        self._boot = boot.boot
        self._story_ms_of_zero[self._boot] = of_zero
        t = of_zero + to_ms(boot.mono)
        assert 0 <= self.instant(t) - reset_at <= BOOT_S, (self.instant(t) - reset_at, self.told[-1])
        failed = cause in ("watchdog", "crash", "software")
        if not failed or t > self._booted_t + LASTED_MS:
            self._failures = 0
        else:
            self._failures += 1
        error, decided = (None, t) if warm else self._clock_of_boot(t)
        self.model.boot(t - self.model.t, warm=warm, failed=failed, error=error, asked=decided - t)
        self._booted_t = t
        self._lives.append(Life(self._begin, t))
        self._unwell = "self-test-failed" in self.model.course.alerts

    # -- the clock
    def _clock_of_boot(self, booted_t: int) -> tuple[int | None, int]:
        """What a cold boot has for a clock, the UTC of story time 0 or None, and when it has found that out, in story ms: at its stamp or some ms later."""
        found = self._newest(lambda event: event.boot == self._boot and event.kind in ("boot", "clock-lost"))
        t = self._story_ms(found)
        assert 0 <= t - booted_t <= ASKED_MS
        return None, t

    def sync(self) -> None:
        """A host sets the clock, exactly."""
        asked = self.bench.now
        clock = self.port.ask("clock-get")
        of_zero, seconds = self._story_ms_of_zero[self._boot], clock["mono"][0]
        utc = UTC0 + of_zero + seconds * 1000
        answer = self.port.ask("clock-set", mono=[seconds, 0], utc=on_wire(utc), bound_ms=1, boot=self._boot)
        assert answer.get("ok"), answer
        answered = self.bench.now
        t = of_zero + to_ms(self._newest(lambda event: event.kind == "clock-set").mono)
        assert asked - 0.001 <= self.instant(t) <= answered
        self.model.to(t)
        self.model.sync(UTC0)

    def _newest(self, meant: Callable[[Event], bool]) -> Event:
        """The newest event that is meant."""
        found = next(filter(meant, self._backwards()), None)
        assert found is not None, "there is no such event in the journal"
        return found

    def _backwards(self) -> Iterator[Event]:
        """The events of the journal, the newest first."""
        info = self.port.ask("log-info")
        for epoch in range(info["epochs"][1], info["epochs"][0] - 1, -1):
            sector = read_sector(epoch, sector_bytes(self.port, epoch, 0), second_copy(self.port, epoch))
            yield from [stored.event for stored in reversed(sector.events) if stored.event is not None]

    # -- in the end
    def check_log(self) -> list[Event]:
        """The log is the calculated one, event by event: kind, instant, UTC or none, place, details. Returns it."""
        log = read_log(self.port)
        first = next(place for place, event in enumerate(log) if event.kind == "audio-paused")
        told = [event for event in log[first:] if event.kind not in UNSPOKEN and not of_new_board(event)]
        got = _ordered([(self._story_ms(event), *from_core(event)) for event in told])
        expected = _ordered([(note.t, *from_model(note)) for note in self.model.notes])
        for place, (one, other) in enumerate(zip(got, expected, strict=False)):
            assert one == other, (
                f"event {place}:\n logged     {one}\n calculated {other}\n before it  {expected[max(0, place - 3) : place]}"
                f"\n outages    {[outage for outage in self.told if outage[0] <= max(one[0], other[0])][-3:]}"
            )
        assert len(got) == len(expected), (got[len(expected) :], expected[len(got) :])
        return log

    def check_calls(self) -> list[Call]:
        """In each life, but its first and last second, every burst came, none too many, each within 20 ms of its instant. Returns them."""
        configured = next(note.t for note in self.model.notes if note.kind == "configured")
        self._lives[-1].until = self.model.t
        tones, found = self.bench.tones(self.heard_from), []
        for life in self._lives:
            since = max(life.since + SETTLED_MS, configured)
            bursts = sounded([burst for burst in self.model.bursts if life.since <= burst[0] < life.until])
            expected = [Call(life.begin + t / 1000, priority) for t, priority in bursts if t >= since]
            low, end = life.begin + since / 1000, life.begin + life.until / 1000
            booted = life.begin + life.since / 1000  # a burst may have begun before `low`
            heard = [each for each in calls(tone for tone in tones if booted <= tone.start < end) if each.start >= low]
            # In its last second a burst may be cut off.
            whole = len([call for call in expected if call.start < end - SETTLED_MS / 1000])
            for place, (one, other) in enumerate(zip(heard[:whole], expected, strict=False)):
                near = one.priority == other.priority and 0 <= one.start - other.start <= LATE_MOST_S
                assert near, (
                    f"in {life}: heard {one}, calculated {other}, before it {expected[max(0, place - 3) : place]}"
                )
            assert whole <= len(heard) <= len(expected), (
                f"in {life}: heard {heard[whole:]}, calculated {expected[len(heard) :]}"
            )
            found += heard[:whole]
        return found

    def _story_ms(self, event: Event) -> int:
        return to_ms(event.mono) + self._story_ms_of_zero[event.boot]


def _ordered(happenings: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Alerts of one kind at one instant have no order among themselves."""
    ordered: list[tuple[Any, ...]] = []
    for (_t, kind), group in groupby(happenings, key=lambda one: one[:2]):
        together = list(group)
        ordered += sorted(together, key=repr) if kind.startswith("alert-") else together
    return ordered
