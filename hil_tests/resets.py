"""How the chip comes to be reset without losing its power: the firmware hangs, or gives up."""

from dosebell.wire import request
from hil_tests import scenes
from hil_tests.bench import EmulatedBench

# Cortex-M0+: clears the enable bit of every interrupt. A processor that hears none sleeps until the watchdog bites.
NVIC_ICER = 0xE000E180
BITE_S = 8.388
# An exception that escapes takes a moment to be written down.
GIVES_UP_S = 0.5


def stop_dead(bench: EmulatedBench) -> None:
    """From now on the firmware does nothing any more; the watchdog bites 8.388 s after its last feed."""
    bench.pico.mcu.write_uint32(NVIC_ICER, 0xFFFFFFFF)


def hang(bench: EmulatedBench) -> None:
    """The firmware stops dead, the watchdog resets the chip, and it boots."""
    resets = len(bench.pico.resets)
    stop_dead(bench)
    bench.wait(BITE_S + 0.1)
    assert [cause for _, cause in bench.pico.resets[resets:]] == ["WATCHDOG"]
    bench.wait(scenes.BOOTED_S)


def bitten(bench: EmulatedBench) -> float:
    """The processor stands still until the watchdog bites: returns within a hundredth of a second of that, with its instant."""
    resets = len(bench.pico.resets)
    bench.pico.hang()
    assert bench.pico.run_until(lambda: len(bench.pico.resets) > resets, BITE_S + 0.1, 0.01)
    return bench.pico.resets[-1][0]


def give_up(bench: EmulatedBench) -> None:
    """An exception escapes in the firmware, which leaves word of it and resets the chip: returns within a millisecond of that.

    There is no memory for 0.15 ms while a request is worked on: long enough for the next allocation to fail, short enough for the last words.
    """
    resets = len(bench.pico.resets)
    for attempt in range(8):
        bench.serial().send(b"\n" + request(f"0000dea{attempt}", "status", {}))
        bench.wait(0.003 + 0.0005 * attempt)
        bench.lock_heap()
        bench.wait(0.00015)
        bench.lock_heap(False)
        if bench.pico.run_until(lambda: len(bench.pico.resets) > resets, GIVES_UP_S):
            break
    assert len(bench.pico.resets) == resets + 1, "no allocation failed, or the firmware did not give up"


def crash(bench: EmulatedBench) -> None:
    """The firmware gives up, and boots."""
    give_up(bench)
    bench.wait(scenes.BOOTED_S)
