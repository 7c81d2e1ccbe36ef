"""The table of requests: which function answers which, and which of them only read (of one that acts, a repeated id gets the same answer and does nothing).

A function is `f(device, request, now)` and returns a dict for JSON, a Refusal, or `Raw`.
"""

from device.link.requests import changes, clock, identity, log, status


def _files(device, request, now):
    """Of what lies in the filesystem, and of a new image, by a module that is fetched when a host asks, and forgotten when it is silent."""
    from device.link.requests import files

    return getattr(files, request["do"])(device, request, now)


TABLE = {
    "hello": identity.hello,
    "status": status.status,
    "clock-get": clock.clock_get,
    "clock-set": clock.clock_set,
    "configure": changes.offer,
    "course-start": changes.offer,
    "course-stop": changes.offer,
    "next-cycle": changes.offer,
    "reschedule": changes.reschedule,
    "dose-record": changes.offer,
    "dose-reason": changes.dose_reason,
    "outcome": changes.outcome,
    "files": _files,
    "file": _files,
    "proven": _files,
    "log": log.log,
    "log-info": log.log_info,
    "exported": log.exported,
    "self-test": status.self_test,
    "alert-test": status.alert_test,
    "loader": _files,
}

# All others act.
READING = ("hello", "status", "clock-get", "outcome", "files", "file", "log", "log-info")

# Of those that act, what safe mode still does: it keeps the schedule, and changes nothing. A new image may be what ends it.
IN_SAFE_MODE = ("clock-set", "exported", "loader")
