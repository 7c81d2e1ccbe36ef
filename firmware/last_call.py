"""The last resort: an unconditional call of medium priority that needs the board's pins and nothing else.

It lies beside the bundle, with a copy of the pins, so that it can be had when the bundle cannot.
"""

import usys as sys
from machine import PWM, WDT, Pin
from utime import sleep_ms, ticks_add, ticks_diff, ticks_ms

_STEP_MS = 10
_MINUTE_MS = 60_000
# As every medium call: three pulses of 150 ms, 200 ms apart, every 10 s; yellow 0.5 Hz, red steady.
_BLINK_MS = 1000
_CALL_MS = 10_000
_PULSE_MS, _PULSES_MS = 350, 1050
_SOUND_MS = 150
_HERTZ, _DUTY_U16 = 660, 9830


class LastCall:
    """Lights and buzzer, driven by the counter alone. `step` at least every 20 ms."""

    def __init__(self, board):
        leds = board["leds"]
        self._yellow = Pin(leds["yellow"], Pin.OUT, value=0)
        self._buzzer = PWM(Pin(board["buzzer"]["pin"], Pin.OUT, value=0), freq=_HERTZ, duty_u16=0)
        self._sounds = False
        self._begun = ticks_ms()
        Pin(leds["red"], Pin.OUT, value=1)
        Pin(leds["green"], Pin.OUT, value=0)
        if "call" in board:
            Pin(board["call"]["pin"], Pin.OUT, value=1)

    def step(self):
        """Returns the milliseconds of the call so far, 0 to 9,999."""
        at = ticks_diff(ticks_ms(), self._begun)
        if at >= _CALL_MS:
            self._begun = ticks_add(self._begun, _CALL_MS)
            at -= _CALL_MS
        self._yellow.value(at // _BLINK_MS & 1 ^ 1)
        sounds = at < _PULSES_MS and at % _PULSE_MS < _SOUND_MS
        if sounds != self._sounds:
            self._sounds = sounds
            self._buzzer.duty_u16(_DUTY_U16 if sounds else 0)
        return at


def minute():
    """Calls for a minute. The watchdog is fed, and the light that says so toggles, twice a second."""
    sys.path[:] = [""]  # the copy of the pins beside the bundle, unless they are known already
    from dosebell_build import BOARD

    call = LastCall(BOARD)
    watchdog = WDT(timeout=8388)
    alive = Pin(BOARD["leds"]["alive"], Pin.OUT, value=0)
    begun = ticks_ms()
    fed = begun
    while ticks_diff(ticks_ms(), begun) < _MINUTE_MS:
        if ticks_diff(ticks_ms(), fed) >= 500:
            fed = ticks_ms()
            watchdog.feed()
            alive.toggle()
        call.step()
        sleep_ms(_STEP_MS)
