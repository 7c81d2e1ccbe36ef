"""Wiring, and the one poll loop: senses, asks the core, signals, sleeps until the next deadline."""

import gc
import io
import select
import sys
from time import ticks_add, ticks_diff, ticks_ms

import dosebell_build as build
import machine
from micropython import const

from device.clock import CAP_MS
from device.drivers import scratch
from device.drivers.buttons import NAMES, RELEASED, TAPPED, Buttons
from device.drivers.buzzer import Buzzer
from device.drivers.lights import Lights
from device.drivers.watchdog import Watchdog
from device.link.session import Session
from device.panel.lights import ALL_ON, rhythms
from device.panel.player import Player
from device.start import start
from dosecore.alerts import MEDIUM, alerts, next_burst
from dosecore.decide import decide
from dosecore.desk import Desk
from dosecore.instant import plus, plus_ms
from dosecore.refusals import Refusal
from dosecore.timeline import next_instant

_FEED_MS = const(500)  # busy passes feed no more often
_LATE_MOST_MS = const(2000)  # a task that is later than this is stuck: no feed
_COLLECT_BELOW = const(60_000)  # bytes free
_COLLECT_UNITS = const(24)  # work after which free memory is looked at; looking takes milliseconds
_COLLECT_ROOM_MS = const(100)  # a collection takes up to 25 ms
_QUIET_MS = const(2000)  # an erase needs so long without a deadline
_HANDS_OFF_S = const(60)  # and without a press
_LAMP_TEST_MS = const(500)
_STUCK_AT_BOOT_S = const(10)
_STALE_MS = const(1000)  # a burst that is later than this is not made up for


class Device:
    """Everything that a boot has put together. `run` never returns."""

    def __init__(self):
        board = build.BOARD
        self.lights = Lights(board["leds"], board["call"]["pin"] if "call" in board else None)
        self.buzzer = Buzzer(board["buzzer"]["pin"])
        self.player = Player(self.lights.set, self.buzzer.tone, ticks_add, ticks_diff)
        self.ident = "".join(["%02x" % byte for byte in machine.unique_id()])
        self.desk = Desk()
        self.buttons = Buttons(board["buttons"])
        self.clock, self.keeper, self.warm = start()
        self.watchdog = Watchdog(board["leds"]["alive"])
        self.keeper.signal = self._signal
        flash = self.keeper.ring.flash
        flash.before_erase, flash.after_erase = self._deafen, self._undeafen
        self.session = Session(self)
        self.changed = True  # state or desk changed: deadlines, lights and sound must be found anew
        self._sound_from = self.keeper.handled
        self._deadline = None
        self._due_ticks = self.clock.ticks
        self._lamps_until = None
        self._pressed_at = (-_HANDS_OFF_S, 0)
        self._happened = []
        self._stuck_at = None
        self._burst_at = None
        self._units = 0
        self._tidy = True
        self.longest_collection_ms = 0
        self._power_on()

    def _power_on(self):
        """The self-test (A-07): lamps and buzzer after a cold start, buttons that were down at boot in 10 s."""
        now = self.clock.now()
        if self.buttons.held_since_boot():
            self._stuck_at = plus(now, _STUCK_AT_BOOT_S)
        if not self.warm:
            self.self_test(now)

    # -- what requests use

    def advance(self, now):
        """Brings the core up to `now`: clock events and long presses in the order of their instants."""
        keeper, desk = self.keeper, self.desk
        state = keeper.state
        while True:
            clock_at = next_instant(state)
            desk_at = desk.next_instant(state)
            if clock_at is not None and clock_at <= now and (desk_at is None or clock_at <= desk_at):
                self.changed = True
                keeper.bring(clock_at)
                continue
            if desk_at is None or desk_at > now:
                break
            reaction = desk.tick(state, desk_at if desk_at > keeper.handled else keeper.handled)
            if reaction is None:
                # The last instant of an offer's window belongs to it: it ends right after.
                if clock_at is not None and clock_at <= now:
                    self.changed = True
                    keeper.bring(clock_at)
                    continue
                reaction = desk.tick(state, now)
                if reaction is None:
                    break
            self._react(reaction, now)
        if now > keeper.handled:
            keeper.handled = now
        keeper.flush()

    def act(self, name, args, now):
        """Decides and commits for a request. None when it is durable, else the Refusal."""
        events = decide(self.keeper.state, name, args, now)
        if isinstance(events, Refusal):
            return events
        self.changed = True
        return None if self.keeper.commit(events, now) else Refusal("journal-fault")

    def self_test(self, now):
        """Lights and buzzer for half a second; returns and journals what is wrong."""
        faults = []
        if not self.keeper.recorded or self.keeper.state.alarm("journal-fault") is not None:
            faults.append("journal")
        if self.keeper.state.offset is None:
            faults.append("clock")
        for name in self.buttons.held_since_boot():
            faults.append("button-" + name)
        self.player.feedback("taken", self.clock.ticks)
        self.player.show(ALL_ON, self.clock.ticks)
        self._lamps_until = plus_ms(now, _LAMP_TEST_MS)
        self.changed = True
        self.keeper.command("self-test", {"passed": not faults, "faults": " ".join(faults)}, now)
        return faults

    # -- buttons

    def _deafen(self):
        self.buttons.deaf = 1

    def _undeafen(self):
        self.buttons.deaf = 0

    def _press(self):
        happened = self._happened
        self.buttons.step(happened)
        while happened:
            button, what, ticks = happened.pop(0)
            at = self.clock.at_ticks(ticks)
            if at < self.keeper.handled:
                at = self.keeper.handled  # the core's time never steps back
            self.advance(at)
            self._pressed_at = at
            self.changed = True
            name = NAMES[button]
            state = self.keeper.state
            if what != RELEASED:
                self._react(self.desk.down(state, name, at), at)
            if what == RELEASED or what == TAPPED:
                self._react(self.desk.up(state, name, at), at)
                self._released_at_last(at)

    def _released_at_last(self, now):
        if self._stuck_at is not None and not self.buttons.held_since_boot():
            self._stuck_at = None
            self.keeper.command("condition", {"condition": "stuck-button", "present": False}, now)

    def _react(self, reaction, now):
        """Durable first, then feedback."""
        self.changed = True
        if reaction is None:
            return
        word = reaction.feedback
        if not self.keeper.commit(reaction.events, now):
            word = "not-recorded"
            if reaction.request is not None:
                self.desk.not_recorded(reaction.request)
        if word:
            self.player.feedback(word, self.clock.update())

    # -- light and sound

    def _signal(self, since):
        """Lights and sound as the state wants them now; `since`: the instant of what changed it."""
        ticks = self.clock.update()
        now = (self.clock.s, self.clock.ms)
        self._show(now, ticks)
        oldest = plus_ms(now, -_STALE_MS)
        self._sound_from = since if since > oldest else oldest
        self._sound(now, ticks)

    def _show(self, now, ticks):
        state = self.keeper.state
        found = alerts(state, now)
        medium = bool(found) and found[0].priority == MEDIUM
        self.lights.call(medium)
        if self._lamps_until is not None:
            if now < self._lamps_until:
                return
            self._lamps_until = None
        slot = state.open.get(state.current)
        running = state.course == "running"
        self.player.show(
            rhythms(
                found,
                running,
                running and slot is not None and slot.phase == "infusing",
                state.regimen is not None and state.regimen.bench,
                self.desk.standing(now) is not None,
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

    # -- the schedule

    def _schedule(self):
        """A deadline has come, or something changed: brings the core up to now, signals, finds the next deadline."""
        now = self.clock.now()
        if self._stuck_at is not None and now >= self._stuck_at:
            self._stuck_at = None
            if self.buttons.held_since_boot():
                self.keeper.command("condition", {"condition": "stuck-button", "present": True}, now)
                self._stuck_at = (0x3FFFFFFF, 0)
        self.advance(now)
        self.changed = False
        ticks = self.clock.update()
        self._show(now, ticks)
        self._sound(now, ticks)
        self._sound_from = plus_ms(now, 1)
        state = self.keeper.state
        earliest = next_instant(state)
        after = plus_ms(now, 1)
        for at in (self.desk.next_instant(state), self._burst_at, self._lamps_until, self._stuck_at, self.keeper.mend_at()):
            if at is not None and (earliest is None or at < earliest):
                earliest = at if at > now else after
        self._deadline = earliest
        self._units += 8
        self._tidy = True

    def _calm(self, wait):
        """What nobody waits for, done when `wait` ms are free: the journal's next sector, an erase ahead, the garbage."""
        if self._tidy:
            self._tidy = False
            if self.keeper.tidy(self.clock.now()):
                self.changed = True
                return
        ring = self.keeper.ring
        if wait > _QUIET_MS and ring.erase_wanted() and not self.player.sounding and self._hands_off():
            self.keeper.erase(self.clock.now())
            self._tidy = True
            return
        if self._units >= _COLLECT_UNITS:
            self._units = 0
            if gc.mem_free() < _COLLECT_BELOW:
                began = ticks_ms()
                gc.collect()
                took = ticks_diff(ticks_ms(), began)
                if took > self.longest_collection_ms:
                    self.longest_collection_ms = took

    def _hands_off(self):
        """No press in the last minute."""
        return self.clock.s - self._pressed_at[0] > _HANDS_OFF_S and self.desk.held is None

    def run(self):
        """The loop. An idle pass allocates nothing."""
        clock = self.clock
        player = self.player
        buttons = self.buttons
        flag = buttons.flag
        session = self.session
        stream = session.stream
        update = clock.update
        diff = ticks_diff
        feed = self.watchdog.feed
        poll = select.poll()
        poll.register(stream, select.POLLIN)
        poll.register(flag, select.POLLIN)
        ipoll = poll.ipoll
        fed = ticks_add(clock.ticks, -_FEED_MS)
        wait = 0
        while True:
            readable = False
            for source, _ in ipoll(wait):
                if source is stream:
                    readable = True
            ticks = update()
            if flag.up or buttons.settling:
                self._press()
            if self.changed or diff(self._due_ticks, ticks) <= 0:
                if self.changed or (self._deadline is not None and clock.ms_until(self._deadline) == 0):
                    self._schedule()
                ticks = update()
                self._due_ticks = ticks_add(ticks, CAP_MS if self._deadline is None else clock.ms_until(self._deadline))
            if not player.idle and diff(player.next_ticks, ticks) <= 0:
                player.step(ticks)
            if readable:
                self._units += session.pump()
                ticks = update()
            wait = diff(self._due_ticks, ticks)
            if not player.idle:
                edge = diff(player.next_ticks, ticks)
                if edge < wait:
                    wait = edge
            if diff(ticks, fed) >= _FEED_MS and wait > -_LATE_MOST_MS:
                fed = ticks
                feed(clock.s, clock.ms, self.keeper.state.boot)
            if self.changed:
                wait = 0
            elif buttons.settling:
                wait = min(wait, buttons.settle_ms())
            elif wait > _COLLECT_ROOM_MS and (self._tidy or self._units >= _COLLECT_UNITS or (wait > _QUIET_MS and self._erasable())):
                self._calm(wait)
                wait = 0
            if wait < 0:
                wait = 0

    def _erasable(self):
        return self.keeper.ring.erase_wanted() and not self.player.sounding and self._hands_off()

    def crash(self, error):
        """Leaves word of an escaped exception, and everything dark and silent."""
        self.player.show(((), (), ()), self.clock.ticks)
        self.buzzer.tone(0)
        self.keeper.command("fault", {"code": "crash", "words": words_of(error)}, self.clock.now())


def words_of(error):
    """The exception in a few words: type, text, and where."""
    trace = io.StringIO()
    sys.print_exception(error, trace)
    lines = trace.getvalue().split("\n")
    where = lines[-3].strip() if len(lines) > 3 else ""
    return ("%s %s" % (lines[-2], where))[:120]


def run():
    """Runs the device for ever; whatever escapes is journaled, and the chip is reset."""
    device = None
    try:
        device = Device()
        device.run()
    except Exception as error:
        try:
            if device is not None:
                device.crash(error)
        finally:
            if device is not None:
                now = device.clock.now()
                scratch.save(now[0], now[1], scratch.CRASHED, device.keeper.state.boot)
            machine.reset()
