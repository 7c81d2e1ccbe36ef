"""Safe mode: after three boots that failed, what a nurse cannot do without, and each part guarded by itself. Left by power-on or RUN alone.

Nothing optional is done (erasing ahead, collecting ahead, self-test), nothing is erased or formatted. A part that raises is journaled once, tried again,
and left out after some failures in a row; one that hung until the watchdog bit is left out by the next boot. Without the part that finds the alerts,
or the one that shows them, the board calls unconditionally (`last_call`).
"""

import select
import sys
from time import ticks_add, ticks_diff

import dosebell_build as build
from micropython import const

from device.app import Device
from device.drivers import watchdog
from device.drivers.buttons import Buttons
from device.drivers.buzzer import Buzzer
from device.drivers.i2c_bus import Bus
from device.drivers.lights import Lights
from device.keeper import Keeper
from device.last_words import words_of
from device.panel.player import Player
from device.start import journal, start, start_clock
from dosecore import findings
from dosecore.events import encode
from dosecore.instant import plus
from dosecore.state import State

PARTS = ("alerts", "panel", "buttons", "link")
# After so many failures in a row a part is left out. What shows the alerts can be replaced at once; a host may ask again and again for what fails.
FAILURES_MOST = (3, 1, 3, 10)
_AGAIN_S = const(1)  # how soon the alerts are tried again
_BEAT_MS = const(500)  # the longest sleep, and how often the watchdog is fed
_CALL_MS = const(10)
# In `watchdog.boots`: the number of the part at work, from 1, and a bit for each part that is left out.
_AT_WORK_SHIFT = const(3)
_AT_WORK = const(7 << 3)
_OUT_SHIFT = const(6)


class Part:
    """Stands for one part of the device: its methods are called through this, and give None when they raise or the part is `out`."""

    def __init__(self, name, device):
        self.name = name
        self.thing = None
        self.out = bool(watchdog.boots() >> _OUT_SHIFT + PARTS.index(name) & 1)
        self.failures = 0
        self._told = False
        self._device = device
        self._number = PARTS.index(name) + 1

    def make(self, function, *args):
        """Makes the thing itself, guarded; returns it, or None."""
        self.thing = self.call(function, *args)
        return self.thing

    def call(self, function, *args):
        """function(*args), guarded: a hang is known by the next boot, an exception is noted now."""
        if self.out:
            return None
        bits = watchdog.boots()
        watchdog.set_boots((bits & ~_AT_WORK) | self._number << _AT_WORK_SHIFT)
        try:
            answer = function(*args)
            self.failures = 0
            return answer
        except Exception as error:
            self.failures += 1
            self.out = self.failures >= FAILURES_MOST[self._number - 1]
            if not self._told:
                self._told = True
                self._device.tell("%s: %s" % (self.name, words_of(error)))
        finally:
            watchdog.set_boots((watchdog.boots() & ~_AT_WORK) | (bits & _AT_WORK))
        return None

    def __getattr__(self, name):
        found = getattr(self.thing, name)
        return (lambda *args: self.call(found, *args)) if callable(found) else found


class UnknownPast(Keeper):
    """For a journal that cannot be folded: nothing is written after it but faults, so that it is what it was when somebody can read it again."""

    def __init__(self, ring):
        super().__init__(State(), ring)
        self.recorded = False

    def _keep(self, event, now):
        return False

    def mend(self, now):
        pass

    def mend_at(self):
        return None

    def fault(self, code, words, now):
        for event in findings.plain("fault")(self.state, {"code": code, "words": words}, now):
            self.ring.append(encode(event))


class SafeDevice(Device):
    """A Device whose parts may fail."""

    safe = True

    def __init__(self, reset):
        self._words = []  # that could not be told yet
        self._last_call = None
        self.keeper = None
        super().__init__(reset)
        now = self.clock.now()
        self.keeper.unwell("safe-mode", True, now)
        self.tell("three boots failed")
        self._link.call(self._darken)  # as a part of the link: that may fail without harm
        for part in (self.alerts, self._panel, self._hands, self._link):
            if part.out:
                self.tell(part.name + ": hung, left out")

    def tell(self, words):
        """Journals a fault as soon as that can be done."""
        self._words.append(words)
        try:
            while self.keeper is not None and self._words:
                self.keeper.fault("safe-mode", self._words[0], self.clock.now())
                self._words.pop(0)
        except Exception:
            pass  # whoever is told: the lights and the call say it all the time

    def _darken(self):
        """What a display showed before the reset is not true any more."""
        from device.panel.dark import darken

        darken(Bus(build.BOARD["i2c"]))

    # -- what is there

    def build(self, board, reset):
        watchdog_light = board["leds"]["alive"]
        self.watchdog = watchdog.Watchdog(watchdog_light)
        _settle_hang()
        self.alerts = Part("alerts", self)
        self._panel = Part("panel", self)
        self._hands = Part("buttons", self)
        self._link = Part("link", self)
        self._panel.make(self._make_panel, board)
        self.player = self._panel  # type: ignore[assignment]
        self.buttons = self._hands.make(Buttons, board["buttons"])
        found = self.alerts.call(start, reset, None, True)
        if found is None:
            found = self._without_past(reset)
        self.clock, self.keeper, self.warm = found

    def _power_on(self):
        if self.buttons is not None:
            super()._power_on()

    def _make_panel(self, board):
        self.lights = Lights(board["leds"], board["call"]["pin"] if "call" in board else None)
        self.buzzer = Buzzer(board["buzzer"]["pin"])
        return Player(self.lights.set, self.buzzer.tone, ticks_add, ticks_diff)

    def _without_past(self, reset):
        """What `start` gives, for a journal that cannot be folded; it can still be read by the host."""
        self.alerts.failures = 0
        ring = journal()
        if self.alerts.call(ring.scan):
            self.alerts.call(lambda: ring.adopt(ring.read_sector(ring.epoch)))
        self.alerts.failures = 0
        clock = start_clock(None)
        keeper = UnknownPast(ring)
        now = keeper.handled = clock.now()
        keeper.note(findings.boot, {"cause": reset.cause, "warm": False}, now)
        keeper.note(findings.condition, {"condition": "journal-fault", "present": True}, now)
        return clock, keeper, False

    def begin_desk(self):
        if self.desk is None:
            super().begin_desk()
            desk = Part("buttons", self)
            desk.thing = self.desk
            self.desk = desk

    def catch_up(self, now):
        """For the host, who reads even when nothing can be brought up to now."""
        self.alerts.call(super().catch_up, now)

    # -- the loop

    def run(self):
        """Each part in its turn, at its instant or when it is woken."""
        clock = self.clock
        player = self._panel
        stream = sys.stdin.buffer
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        if self.buttons is not None:
            poll.register(self.buttons.flag, select.POLLIN)
        boot = (self.keeper.state.boot & 0xFFFF) << watchdog.BOOT_SHIFT
        deadline = None
        wait = 0
        fed = ticks_add(clock.ticks, -_BEAT_MS)
        while True:
            readable = False
            for source, _ in poll.ipoll(wait):
                readable = readable or source is stream
            ticks = clock.update()
            wait = _BEAT_MS
            if self.buttons is not None and (self.buttons.flag.up or self.buttons.settling):
                self._hands.call(self._press)
                if self.buttons.settling:
                    wait = self.buttons.settle_ms()
            if self.changed or (deadline is not None and clock.ms_until(deadline) == 0):
                deadline = self.alerts.call(self._schedule)
                if self.alerts.failures:
                    self.changed = False
                    deadline = plus(clock.now(), _AGAIN_S)
                ticks = clock.update()
            if self.alerts.out or player.out:
                self._call()
                wait = _CALL_MS
            elif not player.idle:
                if ticks_diff(player.next_ticks, ticks) <= 0:
                    player.step(ticks)
                wait = min(wait, max(0, ticks_diff(player.next_ticks, ticks)))
            if readable:
                self._link.call(self._pump)
                if self._link.out:
                    poll.unregister(stream)
            if ticks_diff(ticks, fed) >= _BEAT_MS:
                fed = ticks
                self.watchdog.feed(clock.s, clock.ms, boot)
            if self.changed:
                wait = 0
            elif deadline is not None:
                wait = min(wait, clock.ms_until(deadline))

    def _pump(self):
        self.begin_session()
        self.session.pump()

    def _call(self):
        """Without alerts, or without anything to show them: the board's pins alone."""
        if self._last_call is None:
            from last_call import LastCall

            self._panel.out = True  # the pins are driven by one alone
            self._last_call = LastCall(build.BOARD)
        self._last_call.step()


def _settle_hang():
    """If the watchdog bit while a part of safe mode was at work, that part is left out from now on."""
    bits = watchdog.boots()
    at_work = (bits & _AT_WORK) >> _AT_WORK_SHIFT
    if at_work:
        watchdog.set_boots((bits & ~_AT_WORK) | 1 << _OUT_SHIFT + at_work - 1)
