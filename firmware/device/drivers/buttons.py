"""The three buttons: interrupts latch their edges with the time, the loop asks what became of them.

The flag is an object that select.poll can wait for: the interrupt sets it, and the loop wakes within 0.1 ms.
"""

import io
from time import ticks_diff, ticks_ms

from machine import Pin
from micropython import const

from device.drivers.debounce import SETTLE_MS, Debounce

NAMES = ("start", "hold", "pause")
PRESSED = const(1)
RELEASED = const(2)
TAPPED = const(3)

_POLLIN = const(1)


class Flag(io.IOBase):
    """Readable for select.poll while `up` is 1."""

    def __init__(self):
        self.up = 0

    def ioctl(self, request, arg):
        """Asked by select.poll alone, many times a second: the shortest answer that is right."""
        return self.up


class Buttons:
    """Call `step` whenever `flag.up` is set or `settling` is true; it gives what happened, oldest first."""

    def __init__(self, pins):
        """pins: GPIO by name; active low, pulled up."""
        self.flag = Flag()
        self.settling = False
        self.deaf = 0
        self._pins = tuple([Pin(pins[name], Pin.IN, Pin.PULL_UP) for name in NAMES])
        self._keys = tuple([Debounce(not pin.value()) for pin in self._pins])
        # Written by the interrupts, read by the loop; small ints only, so that an interrupt allocates nothing.
        self._edges = [0, 0, 0]
        self._first = [0, 0, 0]
        self._last = [0, 0, 0]
        self._latched = [0, 0, 0]
        self._irqs = []
        for i, pin in enumerate(self._pins):
            self._irqs.append(pin.irq(self._handler(i), Pin.IRQ_FALLING | Pin.IRQ_RISING, hard=True))

    def _handler(self, i):
        def edge(pin):
            now = ticks_ms()
            if not self._edges[i]:
                self._edges[i] = 1
                self._first[i] = now
            self._last[i] = now
            if self.deaf and self._irqs[i].flags() & Pin.IRQ_FALLING:
                self._latched[i] = 1
            self.flag.up = _POLLIN

        return edge

    def held_since_boot(self):
        """Names of the buttons that were down at boot and still are: they mean nothing until released."""
        return [NAMES[i] for i in range(3) if self._keys[i].ignored]

    def step(self, happened):
        """Appends (number, PRESSED, RELEASED or TAPPED, ticks of its first edge) to the list `happened`."""
        self.flag.up = 0
        settling = False
        now = ticks_ms()
        for i in range(3):
            key = self._keys[i]
            if self._edges[i]:
                self._edges[i] = 0
                key.edge(self._first[i], self._latched[i])
                self._latched[i] = 0
            if key.pending:
                what = key.settle(not self._pins[i].value(), ticks_diff(now, self._last[i]), ticks_diff(now, key.first))
                if what:
                    happened.append((i, what, key.first))
                elif key.pending:
                    settling = True
        self.settling = settling

    def settle_ms(self):
        """How long the loop may sleep while a button settles."""
        return SETTLE_MS
