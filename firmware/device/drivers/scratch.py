"""The watchdog's scratch registers: what a reset without power loss leaves behind (T-03), and why the chip was reset.

Registers 0 to 3 survive the watchdog and machine.reset(), not RUN and not power-on (RP2040 data sheet 4.7.3); the boot ROM uses 4 to 7.
    0 monotonic s | 1 monotonic ms, bits 10-11 how exact | 2 boot number | 3 check word
"""

from machine import mem32
from micropython import const

_REASON = const(0x40058008)
_S = const(0x4005800C)
_MS = const(0x40058010)
_BOOT = const(0x40058014)
_CHECK = const(0x40058018)
_CHIP_RESET = const(0x40064008)
_HAD_RUN = const(1 << 16)
_TIMER = const(1)
_FORCED = const(2)
_SALT = const(0x15A5C3D2)
WATCHDOG_MS = const(8388)

FED = const(0)  # written at a feed: a timer reset follows 8,388 ms later
RESETTING = const(1)  # written right before a reset on purpose
CRASHED = const(2)  # the same, because of an escaped exception


def save(s, ms, how, boot):
    """Leaves the time for the next boot. 0 <= s < 2^29, so that nothing allocates."""
    word = ms | how << 10
    mem32[_S] = s
    mem32[_MS] = word
    mem32[_BOOT] = boot
    mem32[_CHECK] = _SALT ^ s ^ word << 16 ^ boot


def forget():
    """Makes what stands there invalid: the time that passes from now on will not be known."""
    mem32[_CHECK] = 0


def _saved():
    s, word, boot = mem32[_S], mem32[_MS], mem32[_BOOT]
    if mem32[_CHECK] != _SALT ^ s ^ word << 16 ^ boot or (word & 1023) > 999:
        return None
    return s, word & 1023, word >> 10, boot


def reset_reason():
    """(cause, monotonic (s, ms) at the reset or None, boot number before it or None). cause: a word of `dosecore.events.CAUSES`."""
    reason = mem32[_REASON] & 3
    if reason == 0:
        return ("run-pin" if mem32[_CHIP_RESET] & _HAD_RUN else "power-on"), None, None
    saved = _saved()
    if reason & _TIMER:
        if saved is None or saved[2] != FED:
            return "watchdog", None, None
        ms = saved[1] + WATCHDOG_MS
        return "watchdog", (saved[0] + ms // 1000, ms % 1000), saved[3]
    # Forced without our mark: the time of the last feed says too little (up to 7 s).
    if saved is None or saved[2] == FED:
        return "software", None, None
    return ("crash" if saved[2] == CRASHED else "software"), (saved[0], saved[1]), saved[3]
