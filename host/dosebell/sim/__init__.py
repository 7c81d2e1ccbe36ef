"""The emulated Raspberry Pi Pico: the unmodified MicroPython image on simulated time that the caller owns.

    from dosebell.sim import Pico, flash_from_uf2

    pico = Pico(flash_from_uf2(Path("build/dosebell-pico.uf2").read_bytes()))
    light = pico.watch(16)                  # an EdgeLog: every change of GPIO 16, with its instant
    pico.advance(2.0)                       # two simulated seconds, exactly
    pico.usb.send(b"\\n")
    pico.advance(0.01)
    pico.usb.out                            # what the device has said

Needs the extra `sim` (rp2040py). Nothing here knows what Dosebell is: it is a board, its wires and its faults.
"""

from dosebell.sim.flash import Cut, FlashOperation
from dosebell.sim.pico import GuestStopped, Pico
from dosebell.sim.pins import Edge, EdgeLog
from dosebell.sim.tones import Tone, ToneLog
from dosebell.sim.uf2 import FLASH_SIZE, flash_from_uf2

__all__ = [
    "FLASH_SIZE",
    "Cut",
    "Edge",
    "EdgeLog",
    "FlashOperation",
    "GuestStopped",
    "Pico",
    "Tone",
    "ToneLog",
    "flash_from_uf2",
]
