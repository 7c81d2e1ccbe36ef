"""The first and the last of every boot: counts boots that did not last, begins the device or its safe mode, and is where every failure ends.

A failure leaves the time in the scratch registers and word in the journal, and the chip is reset. After three boots in a row that failed within a minute
the next is in safe mode, which needs less; when that fails three times too, the board's pins alone are made to call.
"""

import gc
from time import sleep_ms

import dosebell_build as build
import machine
from micropython import const

from device.drivers import watchdog

LASTS_S = 60  # a boot that ran for so long has not failed
_SAFE_AFTER = const(3)
_CALL_AFTER = const(6)
_COUNT = const(7)  # bits of `watchdog.boots`; the others belong to safe mode
_BREATH_MS = const(2)  # before word is left of a failure: an interrupt may hold the heap


def _count(reset):
    """How many boots before this one have failed in a row; this one counts as failed too until `lasted` says otherwise."""
    bits = watchdog.boots() if reset.failed else 0
    failed = bits & _COUNT
    watchdog.set_boots(bits + 1 if failed < _COUNT else bits)
    return failed


def lasted():
    """This boot has run for LASTS_S. If one in safe mode fails later, the next is in safe mode again."""
    bits = watchdog.boots()
    watchdog.set_boots((bits & ~_COUNT) | _SAFE_AFTER if bits & _COUNT > _SAFE_AFTER else 0)


def _leave(clock, boot, reset):
    """The time, for the next boot. Allocates nothing: a full memory must not keep it from being left."""
    if clock is None:
        reset.leave(watchdog.CRASHED)
    else:
        clock.update()
        watchdog.save(clock.s, clock.ms, watchdog.CRASHED, boot)


def run():
    """Runs the device for ever; whatever escapes is journaled, and the chip is reset. Comes back for maintenance alone, with what has the last `reset`."""
    reset = watchdog.reset_reason()
    reset.leave(watchdog.FED)  # if this boot hangs before its first feed
    device = clock = None
    boot = 0
    try:
        if (
            reset.mono is None and not reset.failed
        ):  # power-on or RUN: somebody may hold two buttons (inputs, pulled up) for maintenance
            pins = [machine.Pin(number, 0, 1) for number in build.TWO_BUTTONS]
            if not (pins[0]() or pins[1]()):
                maintenance = __import__("device.maintenance").maintenance
                if maintenance.run(reset):
                    return maintenance
        failed = _count(reset)
        if failed >= _CALL_AFTER:
            import last_call

            while True:
                last_call.minute()
        elif failed >= _SAFE_AFTER:
            device = __import__("device.safe").safe.SafeDevice(reset)
        else:
            device = __import__("device.app").app.Device(reset)
        clock = device.clock
        device.run()
    except BaseException as error:
        try:
            if clock is not None:
                boot = device.keeper.state.boot
            _leave(clock, boot, reset)
            device = None  # not needed any more, and what failed may be memory itself
            sleep_ms(_BREATH_MS)
            gc.collect()
            from device.last_words import write

            write(error, clock and clock.now(), boot)
        finally:
            _leave(clock, boot, reset)
            machine.reset()
    return machine
