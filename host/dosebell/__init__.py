"""Dosebell on the host: the `dosebell` command, and what it is made of. A reminder, not a medical device."""

__version__ = "0.1.0"

# The version of docs/protocol.md that this host speaks.
PROTOCOL = 1
