"""A course with outages on a board with a battery clock, side by side with its independent calculation (see `outages`).

What the chip makes of the clock at a cold boot only the device knows: it is read from its journal, held against the bench's clock, and given to the model.
"""

from itertools import takewhile

from dosecore.events import Event
from hil_tests.bench import EmulatedBench
from hil_tests.clock_scenes import OFF_MOST_S
from hil_tests.course_check import to_ms
from hil_tests.outages import ThroughOutages
from tests.model.scripts import SECOND, UTC0

# How long it may take to ask the chip.
ASKED_MS = 50
# So soon after a boot the device has found out the fraction of the chip's second, and so soon after a host it has set the chip.
SHARP_WITHIN_S, LOOK_EVERY_S = 15, 3
SET_MS = 5 * SECOND


class ThroughOutagesWithChip(ThroughOutages):
    """`chip_errors`: seconds by which the clock of each cold boot was off, as the chip told it first, and as it was known some seconds later."""

    has_chip = True

    def __init__(self, bench: EmulatedBench) -> None:
        super().__init__(bench)
        bench.solder_clock_chip()
        self.chip_errors: list[tuple[float, float]] = []

    def sync(self) -> None:
        """A host sets the clock, and then the device its chip: from now on no power cut costs the time."""
        super().sync()
        self.to(self.next_ms + SET_MS)
        assert self.port.ask("status")["clock"]["battery"] is True

    def _follow_boot(self, cause: str, warm: bool, of_zero: int, reset_at: float) -> None:
        super()._follow_boot(cause, warm, of_zero, reset_at)
        if not warm:
            self._sharpen()

    def _clock_of_boot(self, booted_t: int) -> tuple[int | None, int]:
        first = self._clock_sets()[0]
        t = self._story_ms(first)
        assert 0 <= t - booted_t <= ASKED_MS
        assert abs(self._error_s(first)) <= OFF_MOST_S, (first, self.told[-1])
        return to_ms(first.utc) - t, t

    def _sharpen(self) -> None:
        """The chip shows whole seconds: within seconds the device finds out where they begin, and sets its clock once more."""
        sets = self._clock_sets()
        while len(sets) < 2:
            assert self.bench.now < self.switched_on + SHARP_WITHIN_S, self.told[-1]
            self.bench.wait(LOOK_EVERY_S)
            sets = self._clock_sets()
        first, second = sets
        self.chip_errors.append((self._error_s(first), self._error_s(second)))
        t = self._story_ms(second)
        self.model.to(t)
        self.model.sync(to_ms(second.utc) - t)

    def _clock_sets(self) -> list[Event]:
        """Each time that this boot has set its clock: from the chip alone."""
        events = takewhile(lambda event: event.boot == self._boot, self._backwards())
        found = [event for event in events if event.kind == "clock-set"][::-1]
        assert found and {event.detail["source"] for event in found} == {"rtc"}, (found, self.told[-1])
        return found

    def _error_s(self, clock_set: Event) -> float:
        """By how much the clock was off when it was set so: never by more than the device said."""
        error_ms = to_ms(clock_set.utc) - self._story_ms(clock_set) - UTC0
        assert abs(error_ms) <= clock_set.detail["bound_ms"], (clock_set, self.told[-1])
        return error_ms / 1000
