"""The clock chip in service: looked at now and then, set after each host, and called out when it can no longer be relied on (T-05, A-07).

The chip's crystal is the better one (5 ppm against some 30 of the Pico's), so the device's clock follows it, a second at a time, while the difference is
one that crystals make. A larger one means that one of the two is wrong: the chip is then a fault, and is set again only from a clock that a host has set.
"""

from device.bracket import Bracket
from device.drivers.clock_setting import disown, set_chip
from device.timekeeping import CODE, HALF_MS, judge, not_before, silence
from dosecore import findings
from dosecore.instant import ms_between, plus, plus_ms
from dosecore.timeline import utc

LOOK_S = 600
RETRY_S = 30  # after a failure
FAILURES = 3  # so many in a row are a fault
VERIFY_S = 2  # after a setting: an oscillator that stood needs up to 2 s
SETTING_MS = 5  # from the look at the clock to the chip's new second
FOLLOW_MS = 1000  # differences beyond this are taken over; each of two looks can be half a second off
CRYSTAL_S = 15  # the Pico's crystal and the chip's drift apart by at most 1 ms in so many seconds (67 ppm)
RECOVERED_MS = 2000  # what a watchdog reset may have added (T-03)
_LONGEST_S = 500_000  # beyond this no difference would be too large; keeps milliseconds in a small int


class ClockWatch:
    """`step` is called when `at` has come, in a calm moment.

    known: the chip has answered in this boot, or the board file names one. trusted: its time would be believed after a power loss now.
    """

    def __init__(self, keeper, chip, named, now):
        self.trusted = keeper.state.quality == "rtc"  # a cold boot has asked it
        self.known = named or self.trusted
        self.at = now
        self._keeper = keeper
        self._chip = chip
        self._failures = 0
        self._told = keeper.is_unwell(CODE)
        self._equal_at = now  # when the two clocks were last known to be equal
        self._host = None  # (bound in ms, when) of the time that a host has set in this boot
        self._to_set = False
        self._bracket = Bracket() if self.trusted else None  # while the half second of a reading is being found out

    # -- what a host does

    def before_set(self, new, now):
        """A host is about to set the clock to `new`. A chip that shows something else must not be believed if the power goes before it is set too."""
        old = utc(self._keeper.state, now)
        if old is not None and self.known and abs(new[0] - old[0]) > 1:
            self._disown()

    def after_set(self, bound_ms, now):
        """A host has set the clock: the chip is set in the next calm moment."""
        self._host = (bound_ms, now)
        self._to_set = True
        self._bracket = None
        self.at = now

    # -- in calm moments

    def step(self, now):
        """Sets the chip if it has to be, else looks at it. `at` is then when to come again."""
        if self._to_set:
            self._set(now)
        else:
            self.look(now)

    def passes(self, now):
        """The self-test: whether the chip can be relied on, or there is none (A-07)."""
        return self.look(now) or not (self.known or self._chip.bus.held)

    def look(self, now):
        """Asks the chip, and judges. True when its time can be relied on."""
        keeper, chip = self._keeper, self._chip
        state = keeper.state
        try:
            reading = chip.read()
        except OSError:
            self._silent(silence(chip), now)
            return False
        self.known = True
        clock = utc(state, now)
        taken = False
        found, why = judge(reading, not_before(state, now) if clock is None else None)
        if found is not None:
            differs = 0 if clock is None else _apart(clock, found[0])
            if abs(differs) > self._allowed_ms(now):
                found, why = None, "it differs from the clock by %d s" % (differs // 1000)
            elif clock is None or abs(differs) > FOLLOW_MS:
                self._take(found[0], found[1], now)
                self._bracket = Bracket()
                taken = True
        if found is None:
            self._wrong(why, now)
            return False
        self._failures = 0
        self.at = plus(now, LOOK_S)
        if self._bracket is not None:
            self.at = plus(now, 1) if taken else self._sharpen(reading, clock, found[1], now)
        self.trusted = True
        self._told = False
        keeper.unwell(CODE, False, now)
        return True

    def _take(self, new, bound_ms, now):
        """The clock is set from the chip: it is `new` at `now`."""
        self._keeper.found(findings.clock_set, {"source": "rtc", "utc": new, "mono": now, "bound_ms": bound_ms}, now)
        self._equal_at = now

    def _sharpen(self, reading, clock, bound_ms, now):
        """A clock taken from a whole second is sure to half of one: looks where the chip's second changes tell the rest. Returns when to look next."""
        bracket = self._bracket
        bracket.look(clock, plus_ms((reading.s, reading.phase_ms), 0))
        if not bracket.done():
            return plus_ms(now, bracket.wait_ms(clock, reading.phase_ms))
        self._bracket = None
        self._take(plus_ms(clock, -bracket.error()), bound_ms - HALF_MS + bracket.doubt(), now)
        return plus(now, LOOK_S)

    def _allowed_ms(self, now):
        """How far the two may be apart without one of them being wrong."""
        recovered = RECOVERED_MS if self._keeper.state.quality == "recovered" else 0
        host = 0 if self._host is None else self._host[0]
        return 2 * HALF_MS + recovered + host + min(now[0] - self._equal_at[0], _LONGEST_S) // CRYSTAL_S

    def _set(self, now):
        bound_ms, since = self._host  # type: ignore[misc]
        bound_ms += SETTING_MS + min(now[0] - since[0], _LONGEST_S) // CRYSTAL_S
        try:
            set_chip(self._chip, utc(self._keeper.state, now), bound_ms)
        except OSError:
            self._silent("it cannot be set", now)
            return
        self.known = True
        self._to_set = False
        self._equal_at = now
        self.at = plus(now, VERIFY_S)

    def _silent(self, why, now):
        if self.known or self._chip.bus.held:
            self._fail(why, now)
        else:
            self.at = plus(now, LOOK_S)  # there is none

    def _wrong(self, why, now):
        """It answers, and is not to be believed. When that is sure it is set again from a clock that a host has set, or no boot will believe it."""
        self.trusted = False
        if self._keeper.state.regimen is None:
            self.at = plus(now, LOOK_S)  # a new board, whose chip is not set yet
            return
        self._fail(why, now)
        if self._failures < FAILURES:
            return
        if self._keeper.state.quality == "synced" and self._host is not None:
            self._to_set = True
            self.at = now
        else:
            self._disown()

    def _disown(self):
        self.trusted = False
        try:
            disown(self._chip)
        except OSError:
            pass  # the next look tells

    def _fail(self, why, now):
        self.at = plus(now, RETRY_S)
        self._failures += 1
        if self._failures < FAILURES:
            return
        self.trusted = False
        if not self._told:
            self._told = True
            self._keeper.fault(CODE, why, now)
            self._keeper.unwell(CODE, True, now)


def _apart(a, b):
    """a - b in ms; more than a day is a day."""
    if abs(a[0] - b[0]) > 86_400:
        return 86_400_000 if a > b else -86_400_000
    return ms_between(a, b)
