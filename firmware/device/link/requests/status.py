"""`status`, `self-test` and `alert-test`."""

import dosebell_build as build

from device.journal import stored
from device.link.requests.identity import PROTOCOL, is_bench
from dosecore.refusals import Refusal
from dosecore.timeline import utc
from dosecore.view import alerts_view, course_view, no_course, safe_alert


def _view(device, view, now, otherwise):
    """What the core says. Safe mode answers even if the core cannot: with the state as it was remembered, and its own alert."""
    state = device.keeper.state
    try:
        return view(state, now)
    except Exception:
        if not device.safe:
            raise
        return otherwise(state)


def status(device, request, now):
    state = device.keeper.state
    ring = device.keeper.ring
    return {
        "device": {
            "id": device.ident,
            "label": state.label,
            "board": build.BOARD["name"],
            "firmware": build.VERSION,
            "micropython": build.MICROPYTHON,
            "protocol": PROTOCOL,
            "bench": is_bench(state),
            "safe_mode": device.safe,
        },
        "clock": {
            "mono": now,
            "utc": utc(state, now),
            "quality": state.quality,
            "uptime_s": now[0],
            "battery": device.chores is not None and device.chores.battery(),
        },
        "course": _view(device, course_view, now, no_course),
        "alerts": _view(device, alerts_view, now, safe_alert),
        "journal": {
            "first_seq": stored.first_seq(ring),
            "last_seq": ring.seq,
            "capacity": stored.capacity(ring),
            "exported_seq": ring.exported,
            "faults": ring.faults,
        },
    }


def self_test(device, request, now):
    device.begin_chores()
    return {"ok": True, "faults": device.chores.self_test()}


def alert_test(device, request, now):
    """Plays one call at the bed (`device.panel.rehearsal`)."""
    name = request.get("play")
    if name is not None and not isinstance(name, str):
        return Refusal("bad-field", "play", name)
    from device.panel.rehearsal import play

    ms = play(device, name, request.get("goes_on") is True, now)
    return ms if isinstance(ms, Refusal) else {"ok": True, "ms": ms}
