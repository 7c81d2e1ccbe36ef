"""The table of requests: which function answers which, and whether it acts (then a repeated id gets the same answer and does nothing).

A function is `f(device, request, now)` and returns a dict for JSON, a Refusal, or `Raw`.
"""

from device.link.requests import changes, clock, identity, log, status

READS, ACTS = False, True


def _files(device, request, now):
    """Of what lies in the filesystem, by a module that is fetched when a host asks, and forgotten when it is silent."""
    from device.link.requests import files

    return getattr(files, request["do"])(device, request, now)


TABLE = {
    "hello": (identity.hello, READS),
    "status": (status.status, READS),
    "clock-get": (clock.clock_get, READS),
    "clock-set": (clock.clock_set, ACTS),
    "configure": (changes.offer, ACTS),
    "course-start": (changes.offer, ACTS),
    "course-stop": (changes.offer, ACTS),
    "next-cycle": (changes.offer, ACTS),
    "reschedule": (changes.reschedule, ACTS),
    "dose-record": (changes.offer, ACTS),
    "dose-reason": (changes.dose_reason, ACTS),
    "outcome": (changes.outcome, READS),
    "files": (_files, READS),
    "file": (_files, READS),
    "proven": (_files, ACTS),
    "log": (log.log, READS),
    "log-info": (log.log_info, READS),
    "exported": (log.exported, ACTS),
    "self-test": (status.self_test, ACTS),
    "alert-test": (status.alert_test, ACTS),
    "loader": (changes.loader, ACTS),
}

# Of those that act, what safe mode still does: it keeps the schedule, and changes nothing. A new image may be what ends it.
IN_SAFE_MODE = ("clock-set", "exported", "loader")
