"""Scripts: what a nurse and a host do at which moment. Written once, played on the model, on the core and (by `verbs`) on a board's bench.

Moments are ms on the tester's clock; 0 is the boot. `UTC0` is the UTC (ms since 2020) that the clock is set to at 0; instants in arguments are UTC ms.
"""

from dosecore.regimen_rules import built_in

UTC0 = 217_123_200_000  # 2026-11-18T00:00:00Z, an arbitrary midnight
SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
PRESS_MS = 150
INSTANTS = ("at", "last", "started", "ended")


class Script:
    """A named list of steps (t, verb, arguments), built in order of time."""

    def __init__(self, name, regimen, armed=False):
        self.name = name
        self.regimen = regimen
        self.steps = []
        self.t = 0
        self.end = 0
        self.change("configure", regimen=regimen, label="", armed=armed)

    def _step(self, verb, *arguments):
        self.steps.append((self.t, verb, arguments))
        self.end = max(self.end, self.t)
        return self

    def at(self, t):
        """The next step is at `t` (never before the last one)."""
        assert t >= self.t, f"scripts run forward: {t} after {self.t} in {self.name}"
        self.t = t
        return self

    def wait(self, ms):
        return self.at(self.t + ms)

    def hold_down(self, button, ms):
        """The button is down for `ms`; the script's time is then its release."""
        self._step("down", button)
        self.t += ms
        return self._step("up", button)

    def press(self, button):
        return self.hold_down(button, PRESS_MS)

    def start(self):
        return self.press("start")

    def hold(self):
        return self.press("hold")

    def pause(self):
        return self.press("pause")

    def confirm(self):
        """PAUSE held 2 s."""
        return self.hold_down("pause", 2 * SECOND + PRESS_MS)

    def undo(self):
        """PAUSE held 5 s."""
        return self.hold_down("pause", 5 * SECOND + PRESS_MS)

    def offer(self, name, **arguments):
        return self._step("offer", name, arguments)

    def change(self, name, **arguments):
        """A change from the host, confirmed at the device half a second later."""
        return self.offer(name, **arguments).wait(500).confirm()

    def reason(self, cycle, slot, reason):
        return self._step("reason", cycle, slot, reason)

    def until(self, t):
        """The script ends at `t`."""
        self.end = t
        return self


def play(script, target):
    """Plays the script on anything that has `to(t)` and a method for each verb."""
    for t, verb, arguments in script.steps:
        target.to(t)
        getattr(target, verb)(*arguments)
    target.to(script.end)
    return target


def built(name, **changes):
    """A built-in regimen with changes."""
    return dict(built_in()[name], **changes)


def verbs(script):
    """The script as a tester's verbs for a board's bench, in order of time: (t, "hold", button, ms), (t, "change", name, arguments), (t, "reason", arguments).

    A "change" is what the host's command asks for; the PAUSE that confirms it is a "hold" of its own. Two buttons at once are told as they overlap.
    """
    down = {}
    told = []
    for t, verb, arguments in script.steps:
        if verb == "down":
            down[arguments[0]] = len(told)
            told.append((t, "hold", arguments[0], 0))
        elif verb == "up":
            began, _, button, _ = told[down[arguments[0]]]
            told[down.pop(button)] = (began, "hold", button, t - began)
        elif verb == "offer":
            told.append((t, "change") + arguments)
        else:
            told.append((t, verb, arguments))
    return told
