"""Holds the core against the model: the same steps on both, every event, alert and burst compared."""

from dosecore.view import course_view
from tests.driver import Device, Refused, instant
from tests.model.device import Model
from tests.model.scripts import INSTANTS, UTC0

# Which details the model knows; the others are for diagnosis only.
DETAILS = {
    "course-started": ("mode",),
    "course-stopped": ("by",),
    "course-rescheduled": ("due", "dropped"),
    "cycle-started": ("due",),
    "cycle-completed": ("given", "partial", "held", "missed", "unknown"),
    "dose-due": ("not_before",),
    "dose-started": ("variance_ms", "override"),
    "dose-interrupted": ("infused_ms",),
    "dose-resumed": ("remaining_ms",),
    "dose-stopped": ("infused_ms", "by"),
    "dose-on-hold": ("reason",),
    "dose-reason": ("reason",),
    "dose-undone": ("press",),
    "dose-closed": ("outcome",),
    "dose-recorded": ("outcome", "started"),
    "start-refused": ("reason",),
    "alert-raised": ("condition",),
    "alert-acknowledged": ("condition",),
    "alert-cleared": ("condition",),
}
UNSPOKEN = ("boot", "clock-set", "checkpoint", "self-test", "fault")
COUNTED = ("missed-doses", "doses-not-observed")


def _plain(value):
    return value[0] * 1000 + value[1] if isinstance(value, tuple) else value


def from_model(note):
    place = (note.cycle, note.slot) if note.kind.startswith(("dose-", "cycle-start", "course-resch")) else (0, 0)
    if note.kind == "cycle-started":
        place = (note.cycle, 0)
    return (note.kind, note.utc, place, tuple(note.detail.get(k) for k in DETAILS.get(note.kind, ())))


def from_core(event):
    utc = None if event.utc is None else _plain(event.utc)
    place = (event.cycle, event.slot) if event.kind.startswith(("dose-", "cycle-start", "course-resch")) else (0, 0)
    if event.kind == "cycle-started":
        place = (event.cycle, 0)
    return (event.kind, utc, place, tuple(_plain(event.detail[k]) for k in DETAILS.get(event.kind, ())))


def _ordered(happenings):
    """Alerts of one kind at one instant have no order among themselves."""
    for first in range(len(happenings)):
        last = first
        while last < len(happenings) and happenings[last][:2] == happenings[first][:2]:
            last += 1
        if happenings[first][0].startswith("alert-"):
            happenings[first:last] = sorted(happenings[first:last])
    return happenings


def _placeless(alerts):
    """(condition, priority, since, audio, place of a phase): the place of the others is not specified, only missed and unobserved doses are counted."""
    phases = ("due", "late", "overdue", "on-hold", "interrupted")
    return [
        (a[0], a[1], a[2], a[6]) + (a[3:5] if a[0] in phases else ()) + (a[5:6] if a[0] in COUNTED else ())
        for a in alerts
    ]


def view_of_core(core):
    """The core's `course_view` in the model's words."""
    view = course_view(core.state, core.now)
    found = {
        k: _plain(view[k])
        for k in ("state", "armed", "cycle", "slot", "phase", "due", "not_before", "variance_ms", "counts")
    }
    found["remaining_s"] = view["infusion"] and view["infusion"]["remaining_s"]
    return found


class Twin:
    """The core and the model side by side: each step is done to both, and both must agree after it."""

    def __init__(self, utc=UTC0, after_event=None):
        self.core = Device(after_event)
        self.core.boot(utc=utc)
        self.model = Model(error=utc)
        self.utc0 = utc
        self.seen = [0, 0]
        self.seen_bursts = 0
        self.steps = []

    @property
    def t(self):
        return self.core.t

    def check(self):
        core = [from_core(e) for e in self.core.log[self.seen[0] :] if e.kind not in UNSPOKEN]
        model = [from_model(n) for n in self.model.notes[self.seen[1] :]]
        told = f"after {self.steps[-3:]!r} at {self.t}"
        core, model = _ordered(core), _ordered(model)
        assert core == model, "{}\n core:  {}\n model: {}".format(
            told, "\n        ".join(map(str, core)), "\n        ".join(map(str, model))
        )
        self.seen = [len(self.core.log), len(self.model.notes)]
        core, model = _placeless(self.core.standing()), _placeless(self.model.alerts())
        assert core == model, f"alerts {told}\n core:  {core}\n model: {model}"
        core, model = self.core.bursts[self.seen_bursts :], self.model.bursts[self.seen_bursts :]
        assert core == model, (
            f"bursts {told}\n core:  {core[:30]}\n model: {model[:30]}\n standing {self.core.standing()}"
        )
        self.seen_bursts = len(self.core.bursts)
        core, model = view_of_core(self.core), self.model.view()
        assert core == model, f"status {told}\n core:  {core}\n model: {model}"

    def _do(self, what, *arguments):
        self.steps.append((self.t, what) + arguments)

    def to(self, t):
        self._do("to", t)
        self.core.to(t)
        self.model.to(t)
        self.check()

    def wait(self, duration):
        self.to(self.t + duration)

    def down(self, button):
        self._do("down", button)
        self.core.down(button)
        self.model.down(button)
        self.check()

    def up(self, button):
        self._do("up", button)
        self.core.up(button)
        self.model.up(button)
        self.check()

    def offer(self, name, arguments):
        """The core judges whether the change can be offered; the model is asked only when it can. Returns the refusal's code or None."""
        self._do("offer", name, arguments)
        try:
            self.core.offer(
                name, **{k: instant(v) if k in INSTANTS and v is not None else v for k, v in arguments.items()}
            )
        except Refused as no:
            self.check()
            return no.args[0]
        assert self.model.offer_change(name, **arguments), "the model is busy"
        self.check()
        return None

    def reason(self, cycle, slot, reason):
        self._do("reason", cycle, slot, reason)
        self.core.command("dose-reason", cycle=cycle, slot=slot, reason=reason)
        self.model.reason(cycle, slot, reason)
        self.check()

    def power_cut(self, off=0, battery=False):
        """Power is gone for `off` ms; with `battery` a clock chip knows the time afterwards."""
        self._do("power_cut", off, battery)
        self.core.t += off
        self.core.boot(utc=self.core.t + self.utc0 if battery else None, source="rtc")
        self.model.boot(off, error=self.utc0 if battery else None)
        self.check()

    def watchdog_reset(self):
        self._do("watchdog_reset")
        self.core.boot("watchdog", warm=True)
        self.model.boot(warm=True)
        self.check()

    def sync(self):
        self._do("sync")
        self.core.set_clock(self.core.t + self.utc0)
        self.model.sync(self.utc0)
        self.check()
