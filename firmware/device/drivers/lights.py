"""The three lights, and the optional contact of a nurse-call relay."""

from machine import Pin


class Lights:
    """red, yellow, green: by number 0, 1, 2. call: closed while on; a board may lack it."""

    def __init__(self, leds, call_pin=None):
        self._pins = tuple([Pin(leds[name], Pin.OUT, value=0) for name in ("red", "yellow", "green")])
        self._call = None if call_pin is None else Pin(call_pin, Pin.OUT, value=0)

    def set(self, light, on):
        self._pins[light].value(on)

    def call(self, on):
        if self._call is not None:
            self._call.value(on)

    def off(self):
        """Everything dark: the safe state before a reset."""
        for pin in self._pins:
            pin.value(0)
        self.call(0)
