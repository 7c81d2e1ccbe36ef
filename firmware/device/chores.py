"""What nobody waits for, done one at a time in calm moments: what a boot leaves for later, the journal's next sector, erases ahead, the garbage.

Imported when the alerts are under way: a boot has 400 ms.
"""

import gc
import sys
from time import ticks_diff, ticks_ms

import dosebell_build as build
from micropython import const

import device as package
from device.app import COLLECT_UNITS, IDLE_UNITS
from device.drivers.i2c_bus import CLOCK_CHIP, DISPLAY
from device.upkeep import Upkeep
from dosecore.instant import plus, plus_ms
from loader import release

_IDLE_MS = const(200)  # without a deadline, and no host talking: nobody waits
_QUIET_MS = const(2000)  # an erase needs so long without a deadline
# The same when a light has been blinking for days and the last sector is in use: an erase fits between two of its edges.
_LAST_RESORT_MS = const(900)
_HANDS_OFF_S = const(60)  # and without a press
_TRY_ERASE_S = const(7)  # how soon to try again when it was not so; not in step with bursts, every 10 or 30 s
_AFTER_EDGE_MS = const(10)
_LOOK_FOR_PARTS_S = const(3600)  # a part that is not there may come; a look costs 5 ms and, now and then, a collection
_CHECK_UNITS = const(30)  # garbage of one slice of the check
_DISPLAY_UNITS = const(2)  # of one step of the display, on average


def _forget(parent, name):
    """Until the module is imported again, its 2 to 4 kB are worth more than the 10 ms of that. parent: the package `device`, or one in it."""
    del sys.modules[parent.__name__ + "." + name]
    delattr(parent, name)


def _forget_journal(name):
    _forget(package.journal, name)


def _clock_chip(bus):
    """See `device.start`, which is not fetched where there is nothing to be found."""
    if not (bus.answers(CLOCK_CHIP) or bus.held or "clock" in build.BOARD):
        return None, False
    from device.start import clock_chip

    found = clock_chip(bus)
    _forget(package, "start")
    return found


class Chores:
    """Knows the device's state of work: `device.units` (garbage made), `device.tidy` (the journal was written to), `device.acted` (by a request)."""

    def __init__(self, device):
        self._device = device
        self._clock_watch = None
        self._look_at = device.clock.now()
        self.display = None
        self.display_at = self._look_at  # when it is looked for, or has something to do by itself
        self.longest_collection_ms = 0
        self.upkeep = Upkeep(device.keeper, _forget_journal)
        _forget(package, "start")  # the boot is over
        # The modules imported so far left garbage between them; what comes now shall fill those holes.
        self.first = [self._collect, device.begin_desk, device.begin_session, self._collect]
        if not device.warm:
            self.first.insert(2, self.self_test)

    def do(self, wait, readable):
        """One chore that fits in `wait` ms. readable: a host talks. Returns the instant at which to look again, or None.

        `device.pending` becomes False when nothing is left.
        """
        device = self._device
        if self.first:
            self.first.pop(0)()
            return None
        now = device.clock.now()
        if self._look_at <= now:
            self._look_at_clock()
            return None
        if self.display is None:
            if self.display_at <= now:
                self._look_for_display(now)
                return None
        elif self.display.wants(now):
            device.units += _DISPLAY_UNITS
            self.display_at = self.display.step(now)
            return None
        if device.tidy:
            device.tidy = False
            if self.upkeep.tidy(now):
                device.change(now)
            return None
        idle = wait >= _IDLE_MS and (device.acted or not readable) and self.upkeep.check is None
        if device.units >= (IDLE_UNITS if idle else COLLECT_UNITS):
            device.units = 0
            device.acted = False
            self._collect()
            return None
        if self.upkeep.check_wanted(now):
            device.units += _CHECK_UNITS
            if self.upkeep.check_step(now):
                device.change(now)
            if self.upkeep.check is None:
                from device.code_check import Check

                self.first.append(Check(device, self.first).step)
            return None
        if self.upkeep.erase_wanted():
            return self._erase(wait)
        device.pending = False
        return min(self._look_at, self.display_at)

    def _erase(self, wait):
        """One erase, if it disturbs nobody; else the instant at which to try again."""
        device = self._device
        now = device.clock.now()
        out = self.upkeep.running_out()
        free = self._hands_off() and not device.player.sounding
        if free and wait > (_LAST_RESORT_MS if out else _QUIET_MS):
            self.upkeep.erase(now)
            device.tidy = True
            return None
        device.pending = False
        # With a light that blinks the room is right after its next edge.
        again = plus_ms(now, wait + _AFTER_EDGE_MS) if free and out else plus(now, _TRY_ERASE_S)
        return min(again, self._look_at, self.display_at)

    def _look_for_display(self, now):
        self.display_at = plus(now, _LOOK_FOR_PARTS_S)
        try:
            self._device.bus.write(DISPLAY, b"\x00\xe3")  # does nothing
        except OSError:
            return
        from device.panel.begin_display import steps

        self.first = steps(self, self._device, self._collect)

    def clock_watch(self):
        """The ClockWatch from the moment at which there is a chip to be watched, else None."""
        device = self._device
        if self._clock_watch is None:
            chip, named = _clock_chip(device.bus)
            if chip is not None:
                from device.clock_watch import ClockWatch

                self._clock_watch = ClockWatch(device.keeper, chip, named, device.clock.now())
        return self._clock_watch

    def _look_at_clock(self):
        device = self._device
        watch = self.clock_watch()
        now = device.clock.now()  # not before an import: the chip's second is compared with this instant
        if watch is None:
            self._look_at = plus(now, _LOOK_FOR_PARTS_S)
            return
        before = device.keeper.ring.seq
        if watch.at <= now:
            watch.step(now)
        self._look_at = watch.at
        if device.keeper.ring.seq != before:
            device.change(now)
            device.tidy = True

    def before_clock_set(self, new, now):
        """A host will set the clock to `new`, meant for the instant `now`."""
        watch = self.clock_watch()
        if watch is not None:
            watch.before_set(new, now)

    def clock_set(self, bound_ms, now):
        """A host has set the clock, known to `bound_ms` at `now`."""
        watch = self.clock_watch()
        if watch is not None:
            watch.after_set(bound_ms, now)
            self._look_at = watch.at
            self._device.pending = True

    def battery(self):
        """Whether the clock would go on after a power loss now."""
        return self._clock_watch is not None and self._clock_watch.trusted

    def _collect(self):
        """Collects garbage before the next thing that lives long is made: it then lies near the start of the heap, and the end stays whole."""
        release()  # of what an import has taken
        if "device.link.requests.files" in sys.modules:
            _forget(sys.modules["device.link.requests"], "files")
        began = ticks_ms()
        gc.collect()
        took = ticks_diff(ticks_ms(), began)
        if took > self.longest_collection_ms:
            self.longest_collection_ms = took

    def _hands_off(self):
        """No press in the last minute, and no button down."""
        device = self._device
        pressed = device.pressed_at
        return (pressed is None or device.clock.s - pressed[0] > _HANDS_OFF_S) and device.desk.held is None

    def self_test(self):
        """Lights and buzzer for half a second (A-07); returns and journals what is wrong."""
        from device.self_test import self_test

        watch = self.clock_watch()
        faults = self_test(self._device, watch)
        if watch is not None:
            self._look_at = watch.at
        _forget(package, "self_test")
        return faults
