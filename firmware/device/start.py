"""From reset to the first pass of the loop: why the chip was reset, what the journal says, what time it is."""

from time import ticks_diff, ticks_ms

import dosebell_build as build
from machine import unique_id

from device.clock import Clock
from device.drivers.flash import JournalFlash
from device.drivers.i2c_bus import CLOCK_CHIP
from device.journal.ring import Ring
from device.keeper import wake
from dosecore import findings

_BLOCK = 4096


def journal():
    """The ring over the board's flash, not yet looked at."""
    at = build.JOURNAL_OFFSET - build.STORAGE_OFFSET
    return Ring(JournalFlash(at, build.JOURNAL_BLOCKS), build.JOURNAL_BLOCKS, at // _BLOCK)


def start_clock(mono):
    """The clock goes on from `mono` at the reset, whose counter was 0; without it, it starts with the counter."""
    clock = Clock(ticks_ms, ticks_diff)
    ticks = clock.ticks
    s, ms = mono if mono is not None else (0, 0)
    ms += ticks % 1000
    clock.s, clock.ms = s + ticks // 1000 + ms // 1000, ms % 1000
    return clock


def clock_chip(bus):
    """(ClockChip, whether the board file names one); (None, False) when there is none: nobody answers on a bus that works, and none is named."""
    board = build.BOARD
    named = "clock" in board
    address = board["clock"]["address"] if named else CLOCK_CHIP
    if not (bus.answers(address) or bus.held or named):
        return None, False
    from device.drivers.clock_chip import ClockChip

    return ClockChip(bus, address, unique_id()), named


def _cold_clock(keeper, bus, clock):
    """The clock after a power loss is that of a clock chip, or unknown. bus: None in safe mode, which asks nobody."""
    chip = None if bus is None else clock_chip(bus)[0]
    if chip is None:
        keeper.note(findings.clock_lost, {}, clock.now())
    else:
        from device.timekeeping import ask

        ask(keeper, chip, clock)


def start(reset, bus, safe=False):
    """(clock, keeper, warm): the state is folded; boot and lost clock are noted, and what is wrong is said. safe: nothing is formatted or erased."""
    keeper, found = wake(journal(), safe)
    # One behind: the boot that failed had journaled its own number, and not yet fed the watchdog with it.
    warm = reset.mono is not None and found is not None and keeper.state.boot - reset.boot in (0, 1)
    clock = start_clock(reset.mono if warm else None)
    now = keeper.handled = clock.now()
    keeper.note(findings.boot, {"cause": reset.cause, "warm": warm}, now)
    if found is None or not found.sound:
        from device.journal.losses import tell

        tell(keeper, found, now)
    if reset.failed or keeper.state.alarm("self-test-failed") is not None:
        keeper.note_unwell("restart", now)
    if not warm:
        _cold_clock(keeper, bus, clock)
    return clock, keeper, warm
