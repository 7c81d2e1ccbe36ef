"""What the shell finds out becomes events here: a boot, a clock set or lost, a technical condition, a checkpoint.

Each function is `f(state, args, now)` and returns events; it changes nothing.
"""

from dosecore.checkpoint import pack
from dosecore.instant import add, sub
from dosecore.timeline import event, utc


def boot(state, args, now):
    boot = state.boot + 1
    found = event(state, "boot", now, {"cause": args["cause"], "warm": args["warm"]})
    found.boot = boot
    if args["warm"]:
        found.quality = "unknown" if state.offset is None else "recovered"
    else:
        found.utc, found.quality = None, "unknown"
    return [found]


def clock_set(state, args, now):
    offset = sub(args["utc"], args["mono"])
    at = add(now, offset)
    detail = {"source": args["source"], "old": utc(state, now), "utc": at, "bound_ms": args["bound_ms"]}
    found = event(state, "clock-set", now, detail)
    found.utc = at
    found.quality = {"host": "synced", "rtc": "rtc"}.get(args["source"], "recovered")
    return [found]


def clock_lost(state, args, now):
    if state.lost or not (state.has_course() or (state.course == "ready" and state.armed)):
        return []
    found = event(state, "clock-lost", now)
    found.utc, found.quality = None, "unknown"
    return [found]


def condition(state, args, now):
    """A technical condition is present or gone: said once each way."""
    condition = args["condition"]
    standing = state.alarm(condition)
    if args["present"]:
        return [] if standing is not None else [event(state, "alert-raised", now, {"condition": condition, "count": 1})]
    return [] if standing is None else [event(state, "alert-cleared", now, {"condition": condition})]


def plain(kind):
    """A command whose arguments are the detail of one event."""
    return lambda state, args, now: [event(state, kind, now, args)]


def checkpoint(state, args, now):
    return [event(state, "checkpoint", now, {"state": pack(state)})]
