"""Dosebell on the host: the `dosebell` command, and what it is made of. A reminder, not a medical device."""

__version__ = "0.1.0"

# The versions of docs/protocol.md that this host speaks, the oldest and the newest.
PROTOCOL_OLDEST = PROTOCOL = 1
