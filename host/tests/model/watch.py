"""What must hold after every event and every step, whatever was pressed: the invariants of the product."""

from dosecore import events as codec
from dosecore.alerts import alerts
from dosecore.apply import apply
from dosecore.checkpoint import pack, unpack
from dosecore.instant import add
from dosecore.regimen import Regimen
from dosecore.state import State
from dosecore.timeline import next_clock_event, next_instant
from dosecore.view import alerts_view, course_view

COUNTED = ("given", "partial", "held", "missed", "unknown")
LIT = ("due", "late", "overdue", "on-hold", "interrupted")
PLAIN = {int, str, bool, bytes, type(None)}


def ms(moment):
    return moment[0] * 1000 + moment[1]


def facts(thing):
    """Everything that a state knows, as plain data: compared field by field, so that a checkpoint that forgets one is found out."""
    if type(thing) in PLAIN:  # most are: asked first
        return thing
    if isinstance(thing, (list, tuple)):
        return [facts(one) for one in thing]
    if isinstance(thing, dict):
        return {key: facts(value) for key, value in thing.items()}
    if isinstance(thing, Regimen):
        return thing.data
    return {name: facts(value) for name, value in vars(thing).items()} if hasattr(thing, "__dict__") else thing


class Watch:
    """Follows one device. `event` is called after each applied event, `rest` whenever the loop has come to rest."""

    def __init__(self, folds=True):
        self.folds = folds  # hold the folds against the state at each event: thorough, and slow
        self.all = State()  # the fold of every event as read back from its bytes
        self.tail = State()  # the fold of the last checkpoint and what followed it
        self.outcomes = {}  # (cycle, slot) -> outcome, recounted from the events alone
        self.starts = {}  # (cycle, slot) -> UTC ms of the start that stands
        self.mono_starts = {}  # (cycle, slot) -> mono ms, of this boot
        self.outside = None
        self.presses = 0
        self.doses = 0

    def _fold(self, device, event, back):
        """J-01: the state is the fold of all events, and of the last checkpoint and its tail."""
        apply(self.all, back)
        if event.kind == "checkpoint":
            self.tail = unpack(event.detail["state"])
        apply(self.tail, back)
        now = facts(device.state)
        assert facts(self.all) == now, f"the fold differs after {event!r}"
        assert facts(self.tail) == now, f"checkpoint + tail differs after {event!r}"
        assert facts(unpack(pack(device.state))) == now, f"a checkpoint forgets something after {event!r}"

    # -- after each event
    def event(self, device, event):
        raw = bytes(codec.encode(event))
        back = codec.decode(raw, event.seq)
        assert bytes(codec.encode(back)) == raw
        assert (back.kind, back.mono, back.utc, back.detail) == (event.kind, event.mono, event.utc, event.detail)
        if self.folds:
            self._fold(device, event, back)
        assert event.mono <= device.now, f"{event!r} is stamped in the future"
        if event.utc is not None:
            assert event.utc == add(event.mono, device.state.offset), f"{event!r}: UTC is not mono + offset"
        self._recount(event, device.state)

    def copy(self):
        """A second Watch that goes on from here: for a path that branches."""
        other = Watch(self.folds)
        if self.folds:
            other.all, other.tail = unpack(pack(self.all)), unpack(pack(self.tail))
        other.outcomes, other.starts, other.mono_starts = dict(self.outcomes), dict(self.starts), dict(self.mono_starts)
        other.outside, other.doses = self.outside, self.doses
        return other

    def adopt(self, device):
        """Takes up a device that has booted already."""
        for event in device.log:
            apply(self.all, event)
            apply(self.tail, event)

    def _recount(self, event, state):
        place = (event.cycle, event.slot)
        kind, detail = event.kind, event.detail
        if kind in ("configured", "course-started"):
            self.outcomes, self.starts, self.mono_starts = {}, {}, {}
            self.outside = ms(detail["last"]) if kind == "course-started" and detail["last"] else None
        elif kind == "boot" and not detail["warm"]:
            self.mono_starts = {}
        elif kind in ("dose-closed", "dose-recorded"):
            if kind == "dose-closed":
                assert place not in self.outcomes, f"{event!r} closes a closed slot"
            self.outcomes[place] = detail["outcome"]
            if kind == "dose-recorded":
                self.starts.pop(place, None)
                self.mono_starts.pop(place, None)
                if detail["outcome"] in ("given", "partial"):
                    self.starts[place] = ms(detail["started"])
        elif kind == "dose-undone":
            self.outcomes.pop(place, None)
            if detail["press"] == "start":
                self.starts.pop(place, None)
                self.mono_starts.pop(place, None)
        elif kind == "dose-started":
            self._check_gap(event, state.regimen.min_gap * 1000)
            self.doses += 1
            self.mono_starts[place] = ms(event.mono)
            if event.utc is not None:
                self.starts[place] = ms(event.utc)
        elif kind == "clock-set":
            for place, mono in self.mono_starts.items():
                self.starts.setdefault(place, mono + ms(detail["utc"]) - ms(event.mono))
        counts = [dict.fromkeys(COUNTED, 0) for _ in state.tallies]
        for (cycle, _), outcome in self.outcomes.items():
            counts[cycle - 1][outcome] += 1
        for tally, count in zip(state.tallies, counts, strict=True):
            assert tally.counts() == list(count.values()), f"counts differ from the recount after {event!r}"

    def _check_gap(self, event, gap):
        """No two starts of a course within the gap, unless overridden."""
        place = (event.cycle, event.slot)
        if event.detail["override"]:
            return
        if event.utc is not None:
            others = [at for where, at in self.starts.items() if where != place] + (
                [self.outside] if self.outside else []
            )
            assert not others or ms(event.utc) >= max(others) + gap, f"{event!r} is within the gap of {max(others)}"
        others = [at for where, at in self.mono_starts.items() if where != place]
        assert not others or ms(event.mono) >= max(others) + gap, f"{event!r} is within the gap (mono)"

    # -- what a press made
    def pressed(self, made):
        started = [e for e in made if e.kind in ("dose-started", "dose-resumed")]
        assert len(started) <= 1, f"one press, two doses: {started!r}"

    # -- whenever the loop rests
    def rest(self, device):
        state, now = device.state, device.now
        assert next_clock_event(state, now) is None
        coming = next_instant(state)
        assert coming is None or coming > now, f"something is due at {coming!r}, now is {now!r}"
        tick = device.desk.next_instant(state)
        assert tick is None or tick > now, f"the desk waits for {tick!r}, now is {now!r}"
        self.light(state, now)
        course_view(state, now)
        assert len(alerts_view(state, now)) == len(alerts(state, now))

    def light(self, state, now):
        """Nothing is due, held or interrupted without a light; nothing that stands began in the future."""
        found = alerts(state, now)
        standing = {(a.condition, a.slot) for a in found}
        if state.course == "running":
            for number, slot in state.open.items():
                if slot.phase in LIT:
                    assert (slot.phase, number) in standing, f"slot {number} is {slot.phase} without a light"
        for alert in found:
            assert alert.since <= now, f"{alert.condition} since {alert.since!r}, now is {now!r}"
        urgency = [(a.priority, a.since) for a in found]
        assert urgency == sorted(urgency, reverse=True), "the most urgent is not first"
        conditions = [(a.condition, a.slot if a.condition in LIT else 0) for a in found]
        assert len(set(conditions)) == len(conditions), "a condition stands twice"
