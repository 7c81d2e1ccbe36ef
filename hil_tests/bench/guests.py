"""Small programs for the emulated board, with which the bench itself is tested. Pins are those of boards/pico.toml."""

from dosebell.image import build_uf2
from dosebell.sim import flash_from_uf2

# Blinks green at 1 Hz, lights yellow and sounds 440 Hz while START is down; answers each byte with itself.
BELL = """
import micropython
micropython.kbd_intr(-1)
import io, select, sys
from machine import PWM, Pin
from time import ticks_add, ticks_diff, ticks_ms

class Flag(io.IOBase):
    up = 0
    def ioctl(self, request, argument):
        return self.up & argument if request == 3 else -1

flag = Flag()
def pressed(pin):
    flag.up = 1

start = Pin(10, Pin.IN, Pin.PULL_UP)
start.irq(pressed, Pin.IRQ_FALLING | Pin.IRQ_RISING)
yellow, green = Pin(19, Pin.OUT), Pin(20, Pin.OUT)
buzzer = None
poll = select.poll()
poll.register(sys.stdin.buffer, select.POLLIN)
poll.register(flag, select.POLLIN)
byte = bytearray(1)
beat = ticks_add(ticks_ms(), 500)
while True:
    left = ticks_diff(beat, ticks_ms())
    if left <= 0:
        beat = ticks_add(beat, 500)
        green.toggle()
        continue
    for stream, _ in poll.poll(left):
        if stream is flag:
            flag.up = 0
            down = not start.value()
            yellow.value(down)
            if down:
                buzzer = PWM(Pin(15), freq=440, duty_u16=9830)
            elif buzzer:
                buzzer.deinit()
        else:
            sys.stdin.buffer.readinto(byte)
            sys.stdout.buffer.write(byte)
"""

# Says how it came to life and what the scratch register holds; then writes 1, 2, 3, ... over the journal's first pages
# (0x2000 into the storage, which begins at 0xA0000 of the flash), a page a second, toggling red after each.
WRITER = """
import micropython
micropython.kbd_intr(-1)
import binascii, machine, rp2, time
from machine import Pin, mem32
cause = mem32[0x40058008]
print('born', cause, mem32[0x4005800C], binascii.hexlify(machine.unique_id()).decode())
mem32[0x4005800C] = 77
red = Pin(18, Pin.OUT)
flash = rp2.Flash(start=0x2000, len=0x2000)
flash.ioctl(6, 0)
red.on()
page = bytearray(256)
for number in range(1, 16):
    time.sleep(1)
    page[:] = bytes([number]) * 256
    flash.writeblocks(0, page, number * 256)
    red.toggle()
"""

# Lights green if a clock chip answers on the bus, red if none does.
CLOCK_SEEKER = """
import micropython
micropython.kbd_intr(-1)
from machine import I2C, Pin
try:
    I2C(0, sda=Pin(4), scl=Pin(5), timeout=2000).readfrom_mem(0x68, 0, 7)
    Pin(20, Pin.OUT, value=1)
except OSError:
    Pin(18, Pin.OUT, value=1)
"""

# Feeds the watchdog every 4 s and does nothing else: how a Dosebell spends most of its life.
SLEEPER = """
import micropython
micropython.kbd_intr(-1)
import select, sys
from machine import WDT
watchdog = WDT(timeout=8300)
poll = select.poll()
poll.register(sys.stdin.buffer, select.POLLIN)
while True:
    watchdog.feed()
    poll.poll(4000)
"""

# Runs into a breakpoint as soon as START goes down: a fault of the processor, which ends the emulation.
BREAKS_ON_START = """
import micropython
micropython.kbd_intr(-1)
from machine import Pin, idle

@micropython.asm_thumb
def stop():
    data(2, 0xbe00)

start = Pin(10, Pin.IN, Pin.PULL_UP)
while start.value():
    idle()
stop()
"""


def flash_with(program: str) -> bytes:
    """The flash of a board with the official MicroPython and `program` as its main.py."""
    return flash_from_uf2(build_uf2({"main.py": program.encode()}))
