"""What a script must bring about, worked out without the core: the answer key for a board, emulated or real."""

from tests.model import calls
from tests.model.device import Model
from tests.model.scripts import UTC0, play


class Expectation(Model):
    """Plays a script alone and keeps, besides `notes` (events) and `bursts`, when each alert stood.

    utc: what the device's clock says at t = 0, in ms since 2020; None: it does not know. Alerts: (condition, priority, cycle, slot, since, until), ms on
    the tester's clock, until None: stands at the end. Counts: one dict a cycle.
    """

    def __init__(self, utc=UTC0):
        self._standing = {}
        self._over = []
        super().__init__(error=utc)

    def offer(self, name, arguments):
        assert self.offer_change(name, **arguments), f"{name} at {self.t} while something else is offered"

    def changed(self):
        now = {}
        for one in calls.standing(self.course, self.t):
            now[(one.condition, one.priority, one.cycle, one.slot, one.since)] = None
        for gone in [key for key in self._standing if key not in now]:
            del self._standing[gone]
            self._over.append((*gone, self.t))
        for key in now:
            self._standing.setdefault(key, None)

    def alerts_stood(self):
        return sorted(self._over + [(*key, None) for key in self._standing], key=lambda a: a[4])

    def counts(self):
        return [cycle.counts() for cycle in self.course.cycles]


def expect(script, utc=UTC0):
    """The Expectation of a script, played to its end."""
    return play(script, Expectation(utc))
