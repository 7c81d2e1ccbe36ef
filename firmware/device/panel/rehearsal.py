"""Plays one call, offer or feedback sound at the bed, because a host wants people to hear it (`alert-test`). Imported when it is asked for.

What sounds while a course runs, or while anything stands, is never a rehearsal: it is refused then, and ended by whatever comes up and by any press.
The device, not the host, knows when that is.
"""

from device.panel.lights import OFFERS, rhythms
from device.panel.sounds import FEEDBACK
from dosecore.alerts import LIGHT, LOW, MEDIUM, Alert, alerts, priority_of
from dosecore.events import CONDITIONS
from dosecore.instant import plus_ms
from dosecore.refusals import Refusal

SHOWN_MS = 4000  # two periods of the slowest light
FEEDBACK_MS = 1500

_EXAMPLES = {"low": LOW, "medium": MEDIUM}


def _why_not(device, goes_on, now):
    """The Refusal of a rehearsal at this moment, or None."""
    if goes_on and not device.rehearsal:
        return Refusal("cut-short")
    state = device.keeper.state
    if state.course == "running":
        return Refusal("course-running")
    if alerts(state, now) or device.desk.standing(now) is not None:
        return Refusal("calling")
    return None


def _call(name):
    """(lights, priority of the burst or LIGHT) of a call or an offer; None when it is none."""
    if name in OFFERS:
        return OFFERS[name], LIGHT
    if name in CONDITIONS:
        priority = priority_of(name)
    elif name in _EXAMPLES:
        priority = _EXAMPLES[name]
    else:
        return None
    # As in a course that runs: with a light-only condition all else is well.
    return rhythms((Alert(name, priority, None, 0, 0),), True, False, False, None), priority


def play(device, name, goes_on, now):
    """Begins to play `name`: a condition, "low" or "medium", an offer or a feedback sound; None only ends what plays. Its length in ms, or a Refusal.

    goes_on: part of a series, which a press or an alert has not ended meanwhile.
    """
    refusal = _why_not(device, goes_on, now)
    if refusal:
        return refusal
    call = None if name is None or name in FEEDBACK else _call(name)
    if call is None and name is not None and name not in FEEDBACK:
        return Refusal("bad-field", "play", name)
    if device.rehearsal:
        device.end_rehearsal()
    if name is None:
        return 0
    device.rehearsal = device.redraw = device.pending = True
    ticks = device.clock.update()  # the import of this module took its time
    now = (device.clock.s, device.clock.ms)
    length = FEEDBACK_MS
    if call is None:
        device.player.feedback(name, ticks)
    else:
        length = SHOWN_MS
        lights, priority = call
        device.player.show(lights, ticks)
        if priority != LIGHT:
            device.player.burst(priority, ticks)
        device.lamps_until = plus_ms(now, length)
    return length
