"""An SSD1306 on the emulated bus: 128 x 64 pixels of white on black, as they can be seen through the glass.

One object is one display. It has no battery: when the power goes it forgets everything, and wakes up dark with noise in
its memory, as the chip does.
"""

from collections.abc import Iterator
from pathlib import Path
from random import Random

ADDRESS = 0x3C
WIDTH, HEIGHT = 128, 64
PAGES = HEIGHT // 8
CONTINUES, IS_DATA = 0x80, 0x40  # of a control byte (data sheet 8.1.5.2)
OFF_FLAG = 0x40  # of the status
# How many bytes follow a command; all others stand alone (data sheet, table 9).
FOLLOWED_BY = {
    0x20: 1,
    0x21: 2,
    0x22: 2,
    0x26: 6,
    0x27: 6,
    0x29: 5,
    0x2A: 5,
    0x81: 1,
    0x8D: 1,
    0xA3: 2,
    0xA8: 1,
    0xD3: 1,
    0xD5: 1,
    0xD9: 1,
    0xDA: 1,
    0xDB: 1,
}
HORIZONTAL, VERTICAL = 0, 1  # addressing modes; anything else is page by page
PUMP_ON = 0x04
NOISE_SEED = 1306


class Display:
    """The chip as its data sheet describes it (Solomon Systech SSD1306, revision 1.1), on a module that is upright with A1 and C8.

    `contrast`: 0 to 255. `bytes_shown`: how many bytes of picture it was ever sent. `on`, `pixel`, `rows` and `png` tell
    what an eye sees.
    """

    def __init__(self) -> None:
        self.bytes_shown = 0
        self.lose_power()

    def lose_power(self) -> None:
        """The supply was gone for a moment: all registers are as after power-on, the memory is noise."""
        self._memory = bytearray(Random(NOISE_SEED).randbytes(WIDTH * PAGES))
        self._enabled = self._pumped = self._inverted = self._all_lit = False
        self.contrast = 0x7F
        self._mode = 2
        self._columns, self._pages = (0, WIDTH - 1), (0, PAGES - 1)
        self._column = self._page = 0
        self._segments_turned = self._commons_turned = False
        self._start_line = self._offset = 0
        self._height = HEIGHT
        self._command = bytearray()
        self._control: int | None = None

    # -- what can be seen
    @property
    def on(self) -> bool:
        """Whether it shows its picture: switched on, its charge pump too."""
        return self._enabled and self._pumped

    def pixel(self, x: int, y: int) -> bool:
        """Whether the pixel is lit; (0, 0) is the upper left one of the upright module."""
        common = HEIGHT - 1 - y
        line = HEIGHT - 1 - common if self._commons_turned else common
        if not self.on or line >= self._height:
            return False
        row = (line + self._start_line + self._offset) % HEIGHT
        stored = self._memory[row // 8 * WIDTH + WIDTH - 1 - x] >> row % 8 & 1
        return bool(self._all_lit or stored) != self._inverted

    def rows(self) -> list[str]:
        """The picture as 64 lines of 128 characters, `#` for lit and `.` for dark: what a test compares."""
        return ["".join("#" if self.pixel(x, y) else "." for x in range(WIDTH)) for y in range(HEIGHT)]

    def png(self, path: Path, scale: int = 4) -> None:
        """Writes the picture as a PNG in black and white, a pixel `scale` x `scale`. Needs Pillow."""
        from PIL import Image

        picture = Image.new("1", (WIDTH, HEIGHT))
        picture.putdata([255 * self.pixel(x, y) for y in range(HEIGHT) for x in range(WIDTH)])
        picture.resize((WIDTH * scale, HEIGHT * scale), Image.Resampling.NEAREST).save(path)

    # -- the bus (I2cDevice)
    def start(self, write: bool) -> None:
        self._control = None

    def write(self, value: int) -> bool:
        """A control byte says whether commands or picture follow, and whether only one byte does."""
        if self._control is None:
            self._control = value
            return True
        if self._control & IS_DATA:
            self._store(value)
        else:
            self._take(value)
        if self._control & CONTINUES:
            self._control = None
        return True

    def read(self) -> int:
        """Its status: whether the display is off."""
        return 0 if self._enabled else OFF_FLAG

    def stop(self) -> None:
        """Each byte has had its effect when it passed."""

    def _store(self, value: int) -> None:
        column = WIDTH - 1 - self._column if self._segments_turned else self._column
        self._memory[self._page * WIDTH + column] = value
        self.bytes_shown += 1
        if self._mode == VERTICAL:
            self._page, over = _next(self._page, self._pages)
            if over:
                self._column, _ = _next(self._column, self._columns)
        elif self._mode == HORIZONTAL:
            self._column, over = _next(self._column, self._columns)
            if over:
                self._page, _ = _next(self._page, self._pages)
        else:
            self._column = (self._column + 1) % WIDTH

    def _take(self, value: int) -> None:
        """A byte of a command; the last of it carries it out."""
        self._command.append(value)
        if len(self._command) <= FOLLOWED_BY.get(self._command[0], 0):
            return
        command, *numbers = self._command
        self._command.clear()
        if numbers:
            self._set(command, numbers)
        elif command < 0x20 and self._mode not in (HORIZONTAL, VERTICAL):
            half = command & 0x0F
            self._column = self._column & 0x70 | half if command < 0x10 else (half & 7) << 4 | self._column & 0x0F
        elif 0x40 <= command < 0x80:
            self._start_line = command & 0x3F
        elif 0xB0 <= command < 0xB8:
            self._page = command & 7
        elif command in (0xA0, 0xA1):
            self._segments_turned = command == 0xA1
        elif command in (0xC0, 0xC8):
            self._commons_turned = command == 0xC8
        elif command in (0xA4, 0xA5):
            self._all_lit = command == 0xA5
        elif command in (0xA6, 0xA7):
            self._inverted = command == 0xA7
        elif command in (0xAE, 0xAF):
            self._enabled = command == 0xAF

    def _set(self, command: int, numbers: list[int]) -> None:
        if command == 0x20:
            self._mode = numbers[0] & 3
        elif command == 0x21:
            self._columns = (numbers[0] & 0x7F, numbers[1] & 0x7F)
            self._column = self._columns[0]
        elif command == 0x22:
            self._pages = (numbers[0] & 7, numbers[1] & 7)
            self._page = self._pages[0]
        elif command == 0x81:
            self.contrast = numbers[0]
        elif command == 0x8D:
            self._pumped = bool(numbers[0] & PUMP_ON)
        elif command == 0xA8:
            self._height = (numbers[0] & 0x3F) + 1
        elif command == 0xD3:
            self._offset = numbers[0] & 0x3F


def _next(place: int, ends: tuple[int, int]) -> tuple[int, bool]:
    """The next place between the ends, and whether it is the first one again."""
    return (ends[0], True) if place == ends[1] else (place + 1, False)


def lit(display: Display) -> Iterator[tuple[int, int]]:
    """The lit pixels, (x, y), line by line."""
    return ((x, y) for y in range(HEIGHT) for x in range(WIDTH) if display.pixel(x, y))
