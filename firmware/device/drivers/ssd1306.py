"""The SSD1306 display, 128 x 64 pixels on I2C: half a page, 64 bytes, in one transfer of 1.7 ms, which the bus ends after 2 ms in any case."""

from micropython import const

from device.drivers.i2c_bus import DISPLAY

TILES = 16  # half pages, from left to right and from top to bottom
TILE = 64  # bytes of one
_HEAD = const(7)

_COMMANDS = b"\x00"  # control byte: commands follow
_ON, _OFF = _COMMANDS + b"\xaf", _COMMANDS + b"\xae"
# Data sheet 1.1, figure 2 and application note: oscillator, 64 lines, no offset, charge pump on, page addressing, upright, pins of a 128 x 64
# glass, moderate contrast (lasts longer, does not light a ward), precharge, level; no scrolling, picture from memory, not inverted.
_SETTINGS = _COMMANDS + (
    b"\xd5\x80\xa8\x3f\xd3\x00\x40\x8d\x14\x20\x02\xa1\xc8\xda\x12\x81\x4f\xd9\xf1\xdb\x40\x2e\xa4\xa6"
)


class Ssd1306:
    """All methods raise OSError when the display does not answer, or the bus is held."""

    def __init__(self, bus):
        self._bus = bus
        # Three commands with a control byte each (page, column in two halves), then the control byte of the picture.
        self._tile = bytearray(b"\x80\x00\x80\x00\x80\x00\x40" + bytes(TILE))

    def begin(self):
        """Settings, whatever it was before; the picture and whether it is on stay as they are."""
        self._bus.write(DISPLAY, _SETTINGS)

    def light(self, on):
        self._bus.write(DISPLAY, _ON if on else _OFF)

    def send(self, number, picture):
        """Tile `number` becomes these TILE bytes, eight pixels down in each, the lowest bit on top."""
        tile = self._tile
        tile[1] = 0xB0 | number >> 1
        tile[5] = 0x14 if number & 1 else 0x10
        tile[_HEAD:] = picture
        self._bus.write(DISPLAY, tile)
