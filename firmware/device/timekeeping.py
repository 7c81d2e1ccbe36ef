"""Which clock is believed: what the clock chip must show, and what a boot does with it. Pure; asked before the first alert of a cold boot, so it is short.

A chip is believed when all of this holds, else the clock stays unknown and the reason is journaled; nothing is guessed:
its oscillator never stood; its registers hold a date; this device set it, before that date, and not so long ago that its drift could be a minute;
it is not behind what the journal knows to have happened.
"""

from dosecore import findings
from dosecore.instant import add, plus_ms

HALF_MS = 500  # the chip shows whole seconds: the middle of the one it shows is at most this far away
# What a DS3231 can drift (2 ppm at room temperature, 3.5 in the cold, 1 a year with age; the DS3231M 5): 1 ms in so many seconds.
DRIFT_S = 200
BOUND_MOST_MS = 60_000  # as for a host: who knows the time no better does not know it
# The clock may be so far ahead of the chip in service: 1.5 s (`device.clock_watch`) and twice the half second, and some room.
BEHIND_MOST_MS = 3000
CODE = "clock-chip"


def not_before(state, now):
    """While the clock is unknown: the UTC that it is at least now, or None. The newest that the journal knows lies before the power-on."""
    return None if state.newest_utc is None else add(state.newest_utc, now)


def judge(reading, newest):
    """((UTC, bound in ms), "") for a Reading that is believed, else (None, why). newest: UTC that it is at least, or None."""
    if reading.stopped:
        return None, "its oscillator stood still: the battery?"
    if reading.s is None:
        return None, "it holds no date"
    if reading.set_s is None:
        return None, "it was not set by this device"
    age = reading.s - reading.set_s
    bound_ms = HALF_MS + reading.bound_ms + age // DRIFT_S
    if age < 0:
        return None, "it shows a time before it was set"
    if bound_ms > BOUND_MOST_MS:
        return None, "it was set too long ago: %d days" % (age // 86_400)
    utc = plus_ms((reading.s, reading.phase_ms), HALF_MS)
    if newest is not None and plus_ms(utc, BEHIND_MOST_MS) < newest:
        return None, "it is behind the journal"
    return (utc, bound_ms), ""


def silence(chip):
    """What is wrong with a chip that did not answer, in words."""
    return "the I2C bus is held low" if chip.bus.held else "it does not answer"


def ask(keeper, chip, clock):
    """A cold boot: the clock is the chip's, or is lost. A chip that should be right and is not is a fault.

    What is found out is noted: signalled by the next `bring`, stored after that.
    """
    state = keeper.state
    try:
        now = clock.now()
        found, why = judge(chip.read(), not_before(state, now))
        if found is None:
            # Once more, for a disturbed transfer; then no later boot may believe it either, when more time has passed and it seems to fit.
            now = clock.now()
            found, why = judge(chip.read(), not_before(state, now))
            if found is None:
                from device.drivers.clock_setting import disown

                disown(chip)
        wrong = found is None and state.regimen is not None  # a chip that is new to a new board is only not set yet
    except OSError:
        now = clock.now()
        found, why = None, silence(chip)
        wrong = True
    if found is not None:
        keeper.note(findings.clock_set, {"source": "rtc", "utc": found[0], "mono": now, "bound_ms": found[1]}, now)
    else:
        keeper.note(findings.clock_lost, {}, now)
    if wrong:
        keeper.note(findings.plain("fault"), {"code": CODE, "words": why}, now)
        keeper.note_unwell(CODE, now)
