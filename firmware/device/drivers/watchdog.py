"""The watchdog, fed at one place, and its scratch registers: what a reset without power loss leaves behind (T-03), why it came, how many boots did not last.

Registers 0 to 3 survive the watchdog and machine.reset(), not RUN and not power-on (RP2040 data sheet 4.7.3); the boot ROM uses 4 to 7.
    0 monotonic s | 1 monotonic ms, bits 10-11 how exact, bits 12-27 boot number | 2 boots that did not last | 3 check word of 0 and 1
`main` adds 1 to the check word at each boot: only the first boot after the words were written finds them right, because a second
would not know how long the first took.
"""

from time import ticks_ms

from machine import WDT, Pin, mem32
from micropython import const

_REASON = const(0x40058008)
_S = const(0x4005800C)
_WORD = const(0x40058010)
_BOOTS = const(0x40058014)
_CHECK = const(0x40058018)
_CHIP_RESET = const(0x40064008)
_HAD_RUN = const(1 << 16)
_TIMER = const(1)
_FORCED = const(2)
_SALT = const(0x15A5C3D2)
_BOOTS_SALT = const(0x1DB5E000)
_BOOTS_MASK = const(0xFFF)
BOOT_SHIFT = const(12)
WATCHDOG_MS = const(8388)

FED = const(0)  # written at a feed: a timer reset follows 8,388 ms later
RESETTING = const(1)  # written right before a reset on purpose
CRASHED = const(2)  # the same, because of an escaped exception
_NO_BOOT = const(0xFFFF)  # number of a boot that no other follows
_CLEARED = const(1)  # the check word after power-on or RUN: 0, and the 1 that `main` adds


def save(s, ms, how, boot):
    """Leaves the time for the next boot. 0 <= s < 2^29, so that nothing allocates: a full memory must not keep it from being left."""
    word = ms | how << 10 | (boot & 0xFFFF) << BOOT_SHIFT
    mem32[_S] = s
    mem32[_WORD] = word
    mem32[_CHECK] = _SALT ^ s ^ word


def forget():
    """Makes what stands there invalid: the time that passes from now on will not be known."""
    mem32[_CHECK] = 0


def _saved():
    s, word = mem32[_S], mem32[_WORD]
    if mem32[_CHECK] != (_SALT ^ s ^ word) + 1 or (word & 1023) > 999:
        return None
    return s, word & 1023, word >> 10 & 3, word >> BOOT_SHIFT


class Reset:
    """Why this boot is. cause: a word of `dosecore.events.CAUSES`. mono: monotonic instant of the reset, boot: number of the boot before it; None where
    they are not known. failed: the boot before ended in a way that nobody wanted."""

    def __init__(self, cause, mono=None, boot=None, failed=False):
        self.cause = cause
        self.mono = mono
        self.boot = boot
        self.failed = failed

    def leave(self, how):
        """Leaves for the next boot what this one knows of the time so far; `how` as in `save`."""
        if self.mono is not None:
            ms = self.mono[1] + ticks_ms()
            save(self.mono[0] + ms // 1000, ms % 1000, how, self.boot)
        elif how == FED:
            forget()
        else:
            save(0, 0, how, 0)  # no boot has the number 0: the cause is told, the time is not


def reset_reason():
    """The Reset that this boot follows. To be asked once, before anything is saved."""
    reason = mem32[_REASON] & 3
    if reason == 0:
        if mem32[_CHECK] != _CLEARED:  # a soft reset of a prompt: maintenance is left by a real one
            save(0, 0, RESETTING, _NO_BOOT)
            __import__("machine").reset()
        return Reset("run-pin" if mem32[_CHIP_RESET] & _HAD_RUN else "power-on")
    saved = _saved()
    if reason & _TIMER:
        if mem32[_CHECK] == 1 and mem32[_BOOTS] == 0:
            return Reset(
                "software"
            )  # nothing but the ROM's loader has run since power-on, or since the registers were left so for it
        if saved is None or saved[2] != FED:
            return Reset("watchdog", failed=True)
        ms = saved[1] + WATCHDOG_MS
        return Reset("watchdog", (saved[0] + ms // 1000, ms % 1000), saved[3], True)
    # Forced without our mark: the time of the last feed says too little (up to 7 s).
    if saved is None or saved[2] == FED:
        return Reset("software", failed=True)
    crashed = saved[2] == CRASHED
    return Reset("crash" if crashed else "software", (saved[0], saved[1]), saved[3], crashed)


def boots():
    """The 12 bits that `set_boots` left; 0 after power-on and RUN. What they mean: `device.guard`."""
    word = mem32[_BOOTS]
    return word & _BOOTS_MASK if word & ~_BOOTS_MASK == _BOOTS_SALT else 0


def set_boots(bits):
    mem32[_BOOTS] = _BOOTS_SALT | bits


class Watchdog:
    """Bites 8,388 ms after the last feed, the longest the chip can; cannot be stopped. `main` has started it at the very beginning of the boot."""

    def __init__(self, alive_pin):
        self._feed = WDT(timeout=WATCHDOG_MS).feed
        self._toggle = Pin(alive_pin, Pin.OUT, value=0).toggle

    def feed(self, s, ms, boot_bits):
        """Feeds, leaves the monotonic time for the next boot, toggles the light. boot_bits: the boot's number, shifted by BOOT_SHIFT."""
        # As `save` does, written out: this is a part of every idle pass, and a call costs as much as the writing.
        self._feed()
        registers = mem32
        word = ms | boot_bits
        registers[_S] = s
        registers[_WORD] = word
        registers[_CHECK] = _SALT ^ s ^ word
        self._toggle()
