"""Wiring, and the one poll loop: senses, asks the core, signals, sleeps until the next deadline."""

import select
import sys
from time import ticks_add, ticks_diff

import dosebell_build as build
import machine
from micropython import const

from device import guard
from device.clock import CAP_MS
from device.drivers import watchdog
from device.drivers.buttons import NAMES, RELEASED, TAPPED, Buttons
from device.drivers.buzzer import Buzzer
from device.drivers.i2c_bus import Bus
from device.drivers.lights import Lights
from device.panel.lights import rhythms
from device.panel.player import Player
from dosecore.alerts import MEDIUM, alerts, next_burst
from dosecore.instant import plus, plus_ms
from dosecore.timeline import next_instant

_FEED_MS = const(500)  # busy passes feed no more often
_LATE_MOST_MS = const(2000)  # a task that is later than this is stuck: no feed
# Garbage is counted in units of about 100 bytes of work done: to look at the heap takes 7 ms, a collection 20.
COLLECT_UNITS = const(350)  # a third of what is free: the end of the heap stays whole
IDLE_UNITS = const(40)  # the same when nobody waits: little garbage, so that what stays is not strewn over the heap
_HOST_SILENT_MS = const(50)
_SCHEDULE_UNITS = const(20)
_COLLECT_ROOM_MS = const(100)  # a collection takes up to 25 ms
_STUCK_AT_BOOT_S = const(10)
_STALE_MS = const(1000)  # a burst that is later than this is not made up for
_NOTICES = ("refused", "not-recorded")  # feedback that the display explains


class Device:
    """Everything that a boot has put together. `run` never returns. safe: only what a nurse cannot do without is done (`device.safe`)."""

    safe = False

    def __init__(self, reset):
        self.ident = "".join(["%02x" % byte for byte in machine.unique_id()])
        self.desk = None  # desk and session come when the alerts are under way: their modules take 0.15 s to import
        self.session = None
        self.build(build.BOARD, reset)
        self.keeper.signal = self._signal
        flash = self.keeper.ring.flash
        flash.before_erase, flash.after_erase = self._deafen, self._undeafen
        self.changed = True  # state or desk changed: deadlines, lights and sound must be found anew
        self.redraw = True  # the display may have to show something else
        self.notice = None  # (what, detail, instant) of what was last refused or found, for the display
        self._sound_from = self.keeper.handled  # bursts before this have begun, or fell out
        self.lamps_until = None
        self.rehearsal = False  # a host plays calls here (`device.panel.rehearsal`)
        self.pressed_at = None  # instant of the last press, or release
        self._happened = []
        self._stuck_at = None
        self._burst_at = self._sound_from  # nothing sounds before this, if nothing changes
        self._deadline = None
        self.units = 0  # garbage made since the last collection
        self.tidy = True
        self.pending = True  # there is something to do in a calm moment
        self.acted = False  # a request made something that lives long: garbage goes before the next does
        self.chores = None
        self._proved_at = plus(self.clock.now(), guard.LASTS_S)
        self._power_on()

    def build(self, board, reset):
        """The parts without which nobody can be called: light and sound, buttons, what is remembered."""
        self.lights = Lights(board["leds"], board["call"]["pin"] if "call" in board else None)
        self.buzzer = Buzzer(board["buzzer"]["pin"])
        self.player = Player(self.lights.set, self.buzzer.tone, ticks_add, ticks_diff)
        self.buttons = Buttons(board["buttons"])
        self.bus = Bus(board["i2c"])
        from device.start import start  # nothing of it is kept: `chores` forgets it

        self.clock, self.keeper, self.warm = start(reset, self.bus)
        self.watchdog = watchdog.Watchdog(board["leds"]["alive"])

    def _power_on(self):
        """Buttons that were down at boot are stuck in 10 s; the self-test of a cold start follows in the first calm moment (A-07)."""
        now = self.clock.now()
        if self.buttons.held_since_boot():
            self._stuck_at = plus(now, _STUCK_AT_BOOT_S)
        else:
            self.keeper.condition("stuck-button", False, now)  # of an earlier boot

    def change(self, at):
        """Everything before the instant `at` is known; what happens at it begins or brings back calls, which sound from then on.

        Bursts that such a call would have had before are not made up for. Only one that was to sound anyway, and is late by a pass, still does.
        """
        self.changed = True
        if self._burst_at is None or self._burst_at > at:
            self._burst_at = at
        if self._burst_at > self._sound_from:
            self._sound_from = self._burst_at

    # -- what requests use

    def catch_up(self, now):
        """Brings the core up to `now`, as a request must find it; costs nothing while no deadline has come."""
        if self.changed or (self._deadline is not None and self._deadline <= now):
            self.advance(now)
        elif now > self.keeper.handled:
            self.keeper.handled = now

    def advance(self, now):
        """Brings the core up to `now`: clock events and long presses in the order of their instants."""
        keeper, desk = self.keeper, self.desk
        state = keeper.state
        while True:
            desk_at = None if desk is None else desk.next_instant(state)
            desk_first = desk_at is not None and desk_at <= now
            if keeper.bring(desk_at if desk_first else now):
                self.changed = True
                continue
            if not desk_first:
                break
            reaction = desk.tick(state, desk_at if desk_at > keeper.handled else keeper.handled)
            if reaction is None:
                break
            self._react(reaction, now)
        if now > keeper.handled:
            keeper.handled = now
        keeper.flush()

    # -- buttons

    def _deafen(self):
        self.buttons.deaf = 1

    def _undeafen(self):
        self.buttons.deaf = 0

    def _press(self):
        happened = self._happened
        if self.desk is None:
            self.begin_desk()
        if self.rehearsal:
            self.end_rehearsal()
        self.buttons.step(happened)
        while happened:
            button, what, ticks = happened.pop(0)
            at = self.clock.at_ticks(ticks)
            if at < self.keeper.handled:
                at = self.keeper.handled  # the core's time never steps back
            self.catch_up(at)
            self.pressed_at = at
            self.changed = True
            name = NAMES[button]
            state = self.keeper.state
            if what != RELEASED:
                self._react(self.desk.down(state, name, at), at)
            if what in (RELEASED, TAPPED):
                self._react(self.desk.up(state, name, at), at)
        if self._stuck_at is not None and not self.buttons.held_since_boot():
            self._stuck_at = None
            now = self.clock.now()
            self.catch_up(now)
            self.change(now)
            self.keeper.condition("stuck-button", False, now)

    def _react(self, reaction, now):
        """Durable first, then feedback."""
        self.changed = True
        if reaction is None:
            return
        if reaction.events:
            self.change(reaction.events[0].mono)  # not `now`: a long press is decided late
        word = reaction.feedback
        if not self.keeper.commit(reaction.events, now):
            word = "not-recorded"
            if reaction.request is not None:
                self.desk.not_recorded(reaction.request)
        if word:
            self.player.feedback(word, self.clock.update())
            self.notice = (word, reaction.refusal, now) if word in _NOTICES else None

    # -- light and sound

    def _signal(self, since):
        """Lights and sound as the state wants them now; `since`: the instant of what changed it."""
        ticks = self.clock.update()
        now = (self.clock.s, self.clock.ms)
        self._show(now, ticks)
        self.change(since)
        oldest = plus_ms(now, -_STALE_MS)
        if oldest > self._sound_from:
            self._sound_from = oldest
        self._sound(now, ticks)

    def _show(self, now, ticks):
        state = self.keeper.state
        found = alerts(state, now)
        medium = bool(found) and found[0].priority == MEDIUM
        self.lights.call(medium)
        offered = None if self.desk is None else self.desk.standing(now)
        if self.rehearsal and (found or offered is not None):
            self.end_rehearsal()
        if self.lamps_until is not None:
            if now < self.lamps_until:
                return
            self.lamps_until = None
        slot = state.open.get(state.current)
        running = state.course == "running"
        self.player.show(
            rhythms(
                found,
                running,
                running and slot is not None and slot.phase == "infusing",
                state.regimen is not None and state.regimen.bench,
                offered,
            ),
            ticks,
        )

    def _sound(self, now, ticks):
        """Begins the burst that has come, and finds the next."""
        state = self.keeper.state
        burst = next_burst(state, self._sound_from)
        if burst is not None and burst[0] <= now:
            self.player.burst(burst[1], ticks)
            self._sound_from = plus_ms(now, 1)
            burst = next_burst(state, self._sound_from)
        self._burst_at = None if burst is None else burst[0]

    def end_rehearsal(self):
        """A press or an alert, or the host itself, ends what a host plays here: light and sound are the device's own again."""
        self.rehearsal = False
        self.lamps_until = None
        self.changed = True
        self.player.hush(self.clock.ticks)

    # -- the schedule

    def _schedule(self):
        """A deadline has come, or something changed: brings the core up to now, signals. Returns the next deadline, an instant or None."""
        now = self.clock.now()
        self.advance(now)
        self.change(now)
        if self._stuck_at is not None and now >= self._stuck_at:
            self._stuck_at = None
            if self.buttons.held_since_boot():
                self.keeper.condition("stuck-button", True, now)
                self._stuck_at = (0x3FFFFFFF, 0)
        if self._proved_at is not None and now >= self._proved_at:
            self._proved_at = None
            guard.lasted()
            self.keeper.unwell("restart", False, now)
        self.keeper.mend(now)
        self.changed = False
        ticks = self.clock.update()
        self._show(now, ticks)
        self._sound(now, ticks)
        if now > self._sound_from:
            self._sound_from = now
        state = self.keeper.state
        earliest = next_instant(state)
        after = plus_ms(now, 1)
        desk_at = None if self.desk is None else self.desk.next_instant(state)
        for at in (desk_at, self._burst_at, self.lamps_until, self._stuck_at, self._proved_at, self.keeper.mend_at()):
            if at is not None and (earliest is None or at < earliest):
                earliest = at if at > now else after
        self._deadline = earliest
        self.units += _SCHEDULE_UNITS
        self.tidy = self.pending = self.redraw = True
        return earliest

    # -- what is imported when the alerts are under way

    def begin_desk(self):
        if self.desk is None:
            from dosecore.desk import Desk

            self.desk = Desk()
            self.changed = True

    def begin_session(self):
        if self.session is None:
            from device.link.session import Session

            self.begin_desk()
            self.session = Session(self)

    def begin_chores(self):
        if self.chores is None:
            from device.chores import Chores

            self.chores = Chores(self)

    def run(self):
        """The loop. An idle pass allocates nothing and takes less than 0.25 ms: locals, and no call that can be spared."""
        clock = self.clock
        update = clock.update
        player = self.player
        buttons = self.buttons
        flag = buttons.flag
        stream = sys.stdin.buffer
        feed = self.watchdog.feed
        boot = (self.keeper.state.boot & 0xFFFF) << watchdog.BOOT_SHIFT
        diff = ticks_diff
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        poll.register(flag, select.POLLIN)
        ipoll = poll.ipoll
        ms_until = clock.ms_until
        deadline = None
        wake = None  # `deadline`, or an instant before it at which the chores go on
        due = clock.ticks  # the counter's value at `wake`, or at the end of the longest sleep before it
        fed = ticks_add(due, -_FEED_MS)
        wait = 0
        quiet = False  # nothing runs but the clock
        while True:
            readable = woken = False
            for source, _ in ipoll(wait):
                if source is stream:
                    readable = True
                else:
                    woken = True
            ticks = update()
            if quiet and not readable and not woken:
                wait = CAP_MS if wake is None else ms_until(wake)
                if wait:
                    due = ticks_add(ticks, wait)
                    fed = ticks
                    feed(clock.s, clock.ms, boot)
                    continue
            if woken or buttons.settling:
                self._press()
            wait = diff(due, ticks)
            if self.changed or wait <= 0:
                if self.changed or (deadline is not None and ms_until(deadline) == 0):
                    deadline = wake = self._schedule()
                    ticks = update()
                elif wake is not None and ms_until(wake) == 0:
                    wake = deadline
                    self.pending = True
                wait = CAP_MS if wake is None else ms_until(wake)
                due = ticks_add(ticks, wait)
            if not player.idle:
                edge = diff(player.next_ticks, ticks)
                if edge <= 0:
                    player.step(ticks)
                    edge = diff(player.next_ticks, ticks)
                if edge < wait:
                    wait = edge
            if readable:
                if self.session is None:
                    self.begin_session()
                self.units += self.session.pump()
                if self.units >= IDLE_UNITS:
                    self.pending = True
                ticks = update()
                wait = min(wait, diff(due, ticks))
            # The one place where the watchdog is fed: each part above has had its turn, and what was due has been done.
            if diff(ticks, fed) >= _FEED_MS and diff(due, ticks) > -_LATE_MOST_MS:
                fed = ticks
                feed(clock.s, clock.ms, boot)
            quiet = False
            if self.changed or wait < 0:
                wait = 0
            elif buttons.settling:
                wait = buttons.settle_ms()
            elif not self.pending:
                quiet = player.idle
            elif readable and self.units < COLLECT_UNITS and not self.acted:
                wait = min(wait, _HOST_SILENT_MS)  # the host may have more to say; chores when it is silent
            elif wait > _COLLECT_ROOM_MS:
                self.begin_chores()
                again = self.chores.do(wait, readable)
                if again is not None and (deadline is None or again < deadline):
                    wake = again
                    due = ticks
                wait = 0  # a chore takes its time: how long to sleep is found anew
