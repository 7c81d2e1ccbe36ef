"""Figures of the device that no pin shows, read through the emulator: free memory, collections, passes, boot.

The unmodified image runs; nothing here has an effect on it. Tests hold these figures to their limits, `make bench` prints them.
"""

import struct
from dataclasses import dataclass

from dosebell.sim.pico import HEAP_LOCK, SRAM_BASE
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.scenes import MEDIUM_HZ

SRAM_BYTES = 264 * 1024
# MicroPython's heap on the Pico: blocks of 16 bytes, two bits each in its table, 0 for a free one.
BLOCK_BYTES = 16
# Longest sleep of the loop, and the steps in which its passes are timed.
SLEEP_S, FINE_S = 7.0, 0.000005
ALERT_S = 2.0


@dataclass(frozen=True)
class Heap:
    """Bytes: free in all, and in the largest run. Garbage that was not collected yet counts as used."""

    free: int
    largest: int


class HeapView:
    """Finds the heap's table in the SRAM by its own arithmetic: start, length and pool must fit each other."""

    def __init__(self, bench: EmulatedBench) -> None:
        words = struct.unpack(f"<{SRAM_BYTES // 4}I", bench.pico.peek(SRAM_BASE, SRAM_BYTES))
        end = SRAM_BASE + SRAM_BYTES
        found = {
            (table, size)
            for table, size, finalisers, pool, pool_end in zip(
                words, words[1:], words[2:], words[3:], words[4:], strict=False
            )
            if SRAM_BASE <= table < finalisers <= pool < pool_end <= end and pool_end - pool == size * 4 * BLOCK_BYTES
            if size > 1000
        }
        assert len(found) == 1, f"the heap was not found: {found}"
        ((self._table, self._size),) = found

    def read(self, bench: EmulatedBench) -> Heap:
        """The heap at this moment."""
        table = bench.pico.peek(self._table, self._size)
        free = largest = run = 0
        for byte in table:
            for shift in (0, 2, 4, 6):
                if byte >> shift & 3:
                    largest, run = max(largest, run), 0
                else:
                    run += 1
                    free += 1
        return Heap(free * BLOCK_BYTES, max(largest, run) * BLOCK_BYTES)


def collecting(bench: EmulatedBench) -> bool:
    """Whether a garbage collection is under way (the heap is locked meanwhile)."""
    return bench.pico.peek(HEAP_LOCK, 2) != b"\0\0"


@dataclass(frozen=True)
class Collection:
    """One garbage collection: how long it took (seconds), and the heap after it."""

    seconds: float
    heap: Heap


class CollectionWatch:
    """Looks at the heap's lock every half a millisecond while time passes. `found`: the collections seen so far."""

    STEP_S = 0.0005

    def __init__(self, bench: EmulatedBench, view: HeapView) -> None:
        self.found: list[Collection] = []
        self._bench = bench
        self._view = view
        self._begun: float | None = None
        self._watching = True
        self._look()

    def stop(self) -> None:
        self._watching = False

    def _look(self) -> None:
        now = self._bench.pico.now
        if collecting(self._bench):
            self._begun = now if self._begun is None else self._begun
        elif self._begun is not None:
            self.found.append(Collection(now - self._begun + self.STEP_S, self._view.read(self._bench)))
            self._begun = None
        if self._watching:
            self._bench.pico.at(now + self.STEP_S, self._look)


def collections(bench: EmulatedBench, view: HeapView, wanted: int = 1, most_requests: int = 200) -> list[Collection]:
    """Asks for the status again and again until so many collections have been seen."""
    watch = CollectionWatch(bench, view)
    for _ in range(most_requests):
        scenes.status(bench)
        if len(watch.found) >= wanted:
            break
    watch.stop()
    bench.wait(2 * watch.STEP_S)
    return watch.found


@dataclass(frozen=True)
class Boot:
    """Seconds from power-on to: the loop's first pass (lights, sound and schedule stand), the first call's first edge."""

    alert_capable: float
    first_call: float


def boot(bench: EmulatedBench) -> Boot:
    """The boot of a bench that was just switched on, whose board was in a course: it has lost its clock, and must say so."""
    begun = bench.now
    bench.wait(ALERT_S)
    first_pass = bench.light_edges("alive", begun)[0].t
    return Boot(first_pass - begun, scenes.heard(bench, MEDIUM_HZ, begun) - begun)


def idle_passes(bench: EmulatedBench, count: int = 3) -> list[float]:
    """How long the processor is awake (seconds) at each of the next `count` wakes of a device that has nothing to do."""
    found: list[float] = []
    for _ in range(count):
        edges = len(bench.light_edges("alive"))
        assert bench.pico.run_until(lambda known=edges: len(bench.light_edges("alive")) > known, SLEEP_S + 1, 0.5)  # type: ignore[misc]
        fed = bench.light_edges("alive")[-1].t
        # It is asleep again; it wakes a whole sleep after that feed.
        bench.wait_until(fed + SLEEP_S - 0.002)
        assert bench.pico.run_until(lambda: not bench.pico.asleep, 0.01, FINE_S), "it did not wake when expected"
        woke = bench.now
        assert bench.pico.run_until(lambda: bench.pico.asleep, 0.1, FINE_S), "it did not go to sleep again"
        found.append(bench.now - woke)
    return found
