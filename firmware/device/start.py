"""From reset to the first pass of the loop: why the chip was reset, what the journal says, what time it is."""

from time import ticks_diff, ticks_ms

import dosebell_build as build
from machine import unique_id

from device.clock import Clock
from device.drivers.flash import JournalFlash
from device.journal.replay import replay
from device.journal.ring import Ring
from device.keeper import Keeper
from dosecore import findings
from dosecore.state import State

_BLOCK = 4096
_CLOCK_CHIP = 0x68  # the one address of a DS3231


def open_journal():
    """(ring, Replay or None when no sector is whole). Nothing is written yet."""
    start = build.JOURNAL_OFFSET - build.STORAGE_OFFSET
    flash = JournalFlash(start, build.JOURNAL_BLOCKS)
    ring = Ring(flash, build.JOURNAL_BLOCKS, start // _BLOCK)
    return ring, (replay(ring, True) if ring.scan() else None)


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
    address = board["clock"]["address"] if named else _CLOCK_CHIP
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
    ring, found = open_journal()
    state = found.state if found is not None else None
    warm = reset.mono is not None and state is not None and reset.boot == state.boot
    clock = start_clock(reset.mono if warm else None)
    now = clock.now()
    keeper = Keeper(State() if state is None else state, ring)
    keeper.handled = now
    keeper.may_erase = not safe
    if found is None and not safe:
        ring.format()
    keeper.note(findings.boot, {"cause": reset.cause, "warm": warm}, now)
    _tell(keeper, found, now)
    if reset.failed or keeper.state.alarm("self-test-failed") is not None:
        keeper.note_unwell("restart", now)
    if not warm:
        _cold_clock(keeper, bus, clock)
    return clock, keeper, warm


def _tell(keeper, found, now):
    """What the journal has lost, said in the journal and by an alert (J-02, J-05)."""
    words = None
    if found is None:
        words = "blank: a new board, or the log is lost"
    elif found.state is None:
        words = "no checkpoint could be read; the state is lost"
    elif found.gaps:
        words = "events are damaged in both copies"
        for first, last in found.gaps:
            keeper.gap(first, last, now)
    elif found.unreadable:
        words = "%d events of a newer firmware" % found.unreadable
    if words is not None:
        keeper.fault("journal", words, now)
        keeper.condition("journal-fault", True, now)
