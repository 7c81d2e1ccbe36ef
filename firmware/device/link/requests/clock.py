"""`clock-get` and `clock-set`: what the host needs to bring UTC here (T-02)."""

from device.link.acting import act
from dosecore.refusals import Refusal
from dosecore.timeline import utc

LAST_SECOND = 0x3FFFFFFF  # an instant's seconds stay a small int
BOUND_MOST_MS = 60_000  # a host that knows the time no better does not know it


def clock_get(device, request, now):
    state = device.keeper.state
    return {"mono": now, "utc": utc(state, now), "quality": state.quality, "boot": state.boot}


def _is_number(value, high):
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= high


def _instant(request, field):
    """The instant, or a Refusal."""
    value = request.get(field)
    if value is None:
        return Refusal("missing-field", field)
    if (
        not isinstance(value, list)
        or len(value) != 2
        or not _is_number(value[0], LAST_SECOND)
        or not _is_number(value[1], 999)
    ):
        return Refusal("bad-field", field, value)
    return (value[0], value[1])


def clock_set(device, request, now):
    state = device.keeper.state
    if request.get("boot") != state.boot:
        return Refusal("wrong-boot", "boot", request.get("boot"), state.boot, state.boot)
    mono, at = _instant(request, "mono"), _instant(request, "utc")
    for value in (mono, at):
        if isinstance(value, Refusal):
            return value
    if mono > now:
        return Refusal("bad-field", "mono", mono, None, now)
    bound_ms = request.get("bound_ms")
    if not _is_number(bound_ms, BOUND_MOST_MS):
        return Refusal("bad-field", "bound_ms", bound_ms, 0, BOUND_MOST_MS)
    old = utc(state, now)
    chores = None
    if not device.safe:  # which knows of no clock chip
        device.begin_chores()
        chores = device.chores
        chores.before_clock_set(at, mono)
    stored = act(device, "clock-set", {"source": "host", "utc": at, "mono": mono, "bound_ms": bound_ms}, now)
    if chores is not None:
        chores.clock_set(bound_ms, now)  # also when it could not be recorded: the clock is set all the same
    if isinstance(stored, Refusal):
        return stored
    return {"ok": True, "old": old, "utc": utc(state, now)}
