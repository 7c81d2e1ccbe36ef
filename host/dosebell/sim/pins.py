"""Edges of a GPIO with their instants, kept small: a 1 Hz light over eleven days is two million of them."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import NamedTuple


class Edge(NamedTuple):
    """A change of a pin: `t` in seconds on the clock of the bench, `level` True for high."""

    t: float
    level: bool


class EdgeLog:
    """Every change of one pin, oldest first. It can be carried on from one power cycle to the next.

    A pin that nobody drives (before the firmware has set it up, or without power) counts as low: the light is dark.
    `on_change`, if set, is called after each edge, at its instant.
    """

    def __init__(self) -> None:
        self.on_change: Callable[[], None] | None = None
        self._times = array("d")
        self._levels = bytearray()

    def append(self, t: float, level: bool) -> None:
        """Note that the pin is `level` from `t` on; nothing is noted if it was so already."""
        if level != self.level:
            self._times.append(t)
            self._levels.append(level)
            if self.on_change is not None:
                self.on_change()

    @property
    def level(self) -> bool:
        """The level after the newest edge."""
        return bool(self._levels and self._levels[-1])

    def level_at(self, t: float) -> bool:
        """The level just before `t`."""
        index = bisect_left(self._times, t)
        return index > 0 and bool(self._levels[index - 1])

    def since(self, t: float) -> list[Edge]:
        """The edges at or after `t`."""
        return [Edge(self._times[i], bool(self._levels[i])) for i in range(bisect_left(self._times, t), len(self))]

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[Edge]:
        return (Edge(t, bool(level)) for t, level in zip(self._times, self._levels, strict=True))

    def __getitem__(self, index: int) -> Edge:
        return Edge(self._times[index], bool(self._levels[index]))
