"""The codes with which a command, a request or a press is refused. One list for device, host and tests.

The sentences and the advice for people stand in the host (`dosebell/errors.py`); a test holds both lists together.
"""


class Refusal:
    """An expected "no": `code` from CODES; for a bad argument also `field`, its `value` and the range `low`..`high` (None where it has none)."""

    def __init__(self, code, field=None, value=None, low=None, high=None):
        self.code = code
        self.field = field
        self.value = value
        self.low = low
        self.high = high

    def __repr__(self):
        return "Refusal(%r, %r, %r)" % (self.code, self.field, self.value)


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
)
