"""How a command, a request or a press is refused."""


class Refusal:
    """An expected "no": `code` from `refusal_codes`; for a bad argument also `field`, its `value` and the range `low`..`high` (None where it has none)."""

    def __init__(self, code, field=None, value=None, low=None, high=None):
        self.code = code
        self.field = field
        self.value = value
        self.low = low
        self.high = high

    def __repr__(self):
        return "Refusal(%r, %r, %r)" % (self.code, self.field, self.value)
