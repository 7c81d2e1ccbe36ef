"""Maintenance: MicroPython's prompt is opened to the cable, by an act at the board that nobody does by accident (B-03). Fetched only while that act is done.

HOLD and PAUSE are held, and START is not, when the power comes on or RUN is let go, and for HOLD_MS more. Refused while a patient depends on the
device: with a course that runs, rests or is armed the boot goes on as always. Left by a reset alone; that something was open stays journaled, and is
called, until a host has proven the code. Nothing here outlives a soft reset of the prompt but what the pins and the display keep by themselves.
"""

from time import sleep_ms, ticks_diff, ticks_ms

import dosebell_build as build
from machine import WDT, Pin, mem32
from micropython import const

from device.drivers import watchdog
from device.drivers.buzzer import Buzzer
from device.drivers.i2c_bus import Bus
from device.drivers.lights import Lights
from device.keeper import wake
from device.panel.lights import RED
from device.panel.sounds import FEEDBACK
from device.start import journal, start

HOLD_MS = const(3000)  # much longer than a hand that rests on the panel while the cable is put in
_POLL_MS = const(5)
_NO_BOOT = const(0xFFFF)  # number of a boot that no other follows
_CONDITION = "maintenance"
_CARD = ("Maintenance", "OFF", ("Doses are not", "watched.", "Left by a reset"), None, None)
# Clears bits of the watchdog's control register (RP2040 data sheet, 2.1.2 and 4.7.6).
_CONTROL_CLEAR = const(0x4005B000)
_ENABLE = const(1 << 30)


def run(why):
    """False: the boot goes on. True: everything is said and journaled; `reset` is to be called at the very end of `main`."""
    if _needed() or not _held():
        return False
    board = build.BOARD
    WDT(timeout=watchdog.WATCHDOG_MS)  # feeds it: the hold has taken its time
    bus = Bus(board["i2c"])
    clock, keeper, _ = start(why, bus)
    keeper.condition(_CONDITION, False, clock.now())  # of an earlier time: each is journaled
    keeper.condition(_CONDITION, True, clock.now())
    # Red alone, which nothing else shows; the light that tells of life stands still.
    lights = Lights(board["leds"], board["call"]["pin"] if "call" in board else None)
    lights.set(RED, True)
    Pin(board["leds"]["alive"], Pin.OUT, value=0)
    _sound(Buzzer(board["buzzer"]["pin"]))
    try:
        _draw(bus)
    except OSError:
        pass  # no display, or one that has died
    # The reset that ends it is no failure, and no time is known after it.
    watchdog.save(0, 0, watchdog.RESETTING, _NO_BOOT)
    return True


def _needed():
    """Whether the journal knows of a course that runs, rests or is armed. One that cannot be read knows of none: it may be why somebody comes."""
    try:
        state = wake(journal(), True)[0].state
    except Exception:
        return False
    return state.has_course() or (state.course == "ready" and state.armed)


def _held():
    """True when the two, and not the third, stay down for HOLD_MS."""
    pins = build.BOARD["buttons"]
    start, hold, pause = [Pin(pins[name], Pin.IN, Pin.PULL_UP) for name in ("start", "hold", "pause")]
    begun = ticks_ms()
    while ticks_diff(ticks_ms(), begun) < HOLD_MS:
        sleep_ms(_POLL_MS)
        if hold.value() or pause.value() or not start.value():
            return False
    return True


def _sound(buzzer):
    for hertz, ms in FEEDBACK["reached"]:
        buzzer.tone(hertz)
        sleep_ms(ms)
    buzzer.tone(0)


def _draw(bus):
    from device.drivers.ssd1306 import TILE, TILES, Ssd1306
    from device.panel.canvas import Canvas
    from device.panel.screen import Card, Screen

    chip = Ssd1306(bus)
    chip.begin()
    canvas = Canvas()
    for _ in canvas.drawing(Screen(Card(*_CARD), True, 0, 1, False, True)):
        pass
    for number in range(TILES):
        chip.send(number, memoryview(canvas.picture)[number * TILE : (number + 1) * TILE])
    chip.light(True)


def reset():
    """In the place of `machine.reset`: nothing is reset, and the watchdog stops, because a prompt feeds nothing."""
    mem32[_CONTROL_CLEAR] = _ENABLE
