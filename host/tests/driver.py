"""Drives the core as the device's loop does, on a clock that the test owns, and keeps what it did: events, bursts, standing alerts.

The tester's clock `t` counts ms from the start of the script. A cold boot starts the device's monotonic time anew; `origin` is where it stands on `t`.
"""

from dosecore import events as codec
from dosecore.alerts import PRIORITIES, alerts, next_burst
from dosecore.apply import apply
from dosecore.decide import decide
from dosecore.desk import Desk
from dosecore.refusals import Refusal
from dosecore.state import State
from dosecore.timeline import next_clock_event, next_instant

MOST_AT_ONE_INSTANT = 2000  # events and ticks; more is a loop that does not end


def instant(ms):
    """Whole milliseconds as the core's (s, ms)."""
    return (ms // 1000, ms % 1000)


def ms(moment):
    """The core's (s, ms) as whole milliseconds; None stays None."""
    return None if moment is None else moment[0] * 1000 + moment[1]


class Refused(Exception):
    """A change from the host that the core refused."""


class Device:
    """The core with its desk and a loop around it. `after_event` (if given) is called with each event after it was applied."""

    def __init__(self, after_event=None):
        self.state = State()
        self.desk = Desk()
        self.t = 0
        self.origin = 0
        self.log = []
        self.bursts = []
        self.heard = []  # of each burst: (condition, since)
        self.refusals = []
        self.after_event = after_event
        self._burst_at = -1
        self._requests = 0

    # -- the loop
    @property
    def now(self):
        return instant(self.t - self.origin)

    def add(self, found):
        """Numbers, keeps and applies events."""
        for event in found:
            event.seq = len(self.log) + 1
            self.log.append(event)
            apply(self.state, event)
            if self.after_event:
                self.after_event(event)

    def _settle(self):
        """Everything that belongs to this very instant: what the clock brought, then the desk's timers."""
        for _ in range(MOST_AT_ONE_INSTANT):
            event = next_clock_event(self.state, self.now)
            if event is not None:
                self.add([event])
                continue
            self._burst()
            reaction = self.desk.tick(self.state, self.now)
            if reaction is None:
                return
            self._take(reaction)
        raise AssertionError(f"the loop does not come to rest at {self.t} ms")

    def _burst(self):
        found = next_burst(self.state, self.now)
        if found and found[0] == self.now and self._burst_at != self.t:
            self._burst_at = self.t
            self.bursts.append((self.t, PRIORITIES[found[1]]))
            for alert in alerts(self.state, self.now):
                if alert.audio == "on" and alert.call_from <= self.now:
                    self.heard.append((alert.condition, ms(alert.since) + self.origin))
                    break

    def _take(self, reaction):
        self.add(reaction.events)
        if reaction.refusal:
            self.refusals.append((self.t, reaction.refusal))
        return reaction

    def next_wake(self):
        """When, on the tester's clock, the device has something to do next; None: nothing."""
        burst = next_burst(self.state, instant(max(self.t, self._burst_at + 1) - self.origin))
        found = [next_instant(self.state), self.desk.next_instant(self.state), burst and burst[0]]
        found = [ms(f) + self.origin for f in found if f]
        return min(found) if found else None

    def to(self, t):
        """Lets time pass up to and including `t`."""
        self._settle()
        while True:
            wake = self.next_wake()
            if wake is None or wake > t:
                break
            self.t = max(self.t + (wake <= self.t), wake)
            if self.t > t:
                self.t = t
                break
            self._settle()
        self.t = max(self.t, t)
        self._settle()

    def wait(self, duration):
        self.to(self.t + duration)

    # -- what is done to it
    def down(self, button):
        self._settle()
        reaction = self.desk.down(self.state, button, self.now)
        if reaction:
            self._take(reaction)
        self._settle()

    def up(self, button):
        reaction = self.desk.up(self.state, button, self.now)
        if reaction:
            self._take(reaction)
        self._settle()

    def command(self, name, **arguments):
        """A command of the shell or a request that needs no confirmation. Raises Refused."""
        self._settle()
        found = decide(self.state, name, arguments, self.now)
        if isinstance(found, Refusal):
            raise Refused(found.code, found.field)
        self.add(found)
        self._settle()

    def offer(self, name, **arguments):
        """A change from the host, offered at the bed. Returns its id; raises Refused."""
        self._settle()
        self._requests += 1
        request = f"r{self._requests:07d}"
        refusal = self.desk.offer(self.state, request, name, arguments, self.now)
        if refusal is not None:
            raise Refused(refusal.code, refusal.field)
        return request

    def outcome(self, request):
        return self.desk.outcome(request, self.now)

    def boot(self, cause="power-on", warm=False, utc=None, source="host"):
        """The device starts at `t`; cold: monotonic time begins anew and the clock is what `utc` (ms) says, or unknown."""
        if not warm:
            self.origin = self.t
            self._burst_at = -1
        self.desk = Desk()
        self.add(decide(self.state, "boot", {"cause": cause, "warm": warm}, self.now))
        # The shell looks at its clocks before the loop begins: nothing sounds in between.
        if utc is not None:
            self.add(decide(self.state, "clock-set", self._clock(utc, source), self.now))
        elif not warm:
            self.add(decide(self.state, "clock-lost", {}, self.now))
        self._settle()

    def _clock(self, utc, source):
        return {"source": source, "utc": instant(utc), "mono": self.now, "bound_ms": 5}

    def set_clock(self, utc, source="host"):
        self.command("clock-set", **self._clock(utc, source))

    # -- what can be seen
    def standing(self):
        """The standing alerts as comparable tuples: (condition, priority, since on `t`, cycle, slot, count, audio)."""
        found = alerts(self.state, self.now)
        return sorted(
            (a.condition, PRIORITIES[a.priority], ms(a.since) + self.origin, a.cycle, a.slot, a.count, a.audio)
            for a in found
        )

    def happenings(self):
        """The log as [(kind, UTC ms or None, cycle, slot, detail)] for comparison."""
        return [(e.kind, ms(e.utc), e.cycle, e.slot, e.detail) for e in self.log]

    def journal(self):
        """The log as the bytes of each event."""
        return [bytes(codec.encode(e)) for e in self.log]
