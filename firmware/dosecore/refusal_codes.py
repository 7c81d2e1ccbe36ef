"""The codes with which a command, a request or a press is refused: the one list. No board imports it, which saves it half a kilobyte of memory.

The sentences and the advice for people stand in the host (`dosebell/errors.py`); a test holds both lists together.
"""

CODES = (
    # of a press
    "infusing",
    "no-slot-open",
    "clock-unknown",
    "too-early",
    "gap",
    # of a change from the host
    "bad-field",
    "unknown-field",
    "missing-field",
    "unconfigured",
    "course-running",
    "no-course",
    "not-resting",
    "not-in-future",
    "nothing-to-move",
    "no-such-slot",
    "not-due-yet",
    "slot-infusing",
    "start-needed",
    "never-on-hold",
    "busy",
    "expired",
    # of the link
    "unknown-request",
    "bad-request",
    "wrong-boot",
    "not-stored",
    "journal-fault",
    "safe-mode",
    # of a test of the calls
    "calling",
    "cut-short",
)
