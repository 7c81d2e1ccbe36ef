"""Draws a Screen into the memory of a picture: title, figure, bar and lines."""

from framebuf import MONO_VLSB, FrameBuffer
from micropython import const

from device.panel.figures import HEIGHT, glyphs, width

_WIDTH = const(128)
_LETTER = const(8)  # of the built-in font, with its space
_TITLE = const(10)  # pixels down
_FIGURE_Y = const(13)
_LINES_Y = const(40)
_BENCH = "BENCH"
_BENCH_X = const(88)
_MARK = const(3)  # one for each card of several, at the right edge
_MARK_EVERY = const(5)
_MARKS = const(5)
_MARKS_WIDE = const(5)
_GLYPHS_A_STEP = const(3)


class Canvas:
    """picture: 1024 bytes in the order of the display's memory."""

    def __init__(self):
        self.picture = bytearray(_WIDTH * 8)
        self._frame = FrameBuffer(self.picture, _WIDTH, 64, MONO_VLSB)

    def drawing(self, screen):
        """Draws it anew, step by step: a generator, each of whose steps takes 3 ms at most."""
        frame = self._frame
        card = screen.card
        frame.fill(0)
        self._title(card.title, screen.calls, screen.bench)
        y = _LINES_Y
        if card.bar is not None:
            frame.rect(0, y, _WIDTH, _LETTER - 1, 1)
            frame.fill_rect(1, y + 1, card.bar, _LETTER - 3, 1)
            y += _LETTER
        for line in card.lines:
            frame.text(line, 0, y)
            y += _LETTER
        if not screen.recorded:
            y = _LINES_Y + 2 * _LETTER
            frame.fill_rect(0, y, _WIDTH, _LETTER, 1)
            frame.text("! NOT RECORDED !", 0, y, 0)
        yield
        room = _WIDTH
        if screen.count > 1:
            room -= _MARKS_WIDE
            self._marks(screen.place, screen.count)
        figure = glyphs(card.figure)
        yield
        x = (room - width(figure)) // 2
        for place, (before, wide, columns) in enumerate(figure):
            x += before
            frame.blit(FrameBuffer(bytearray(columns), wide, HEIGHT, MONO_VLSB), x, _FIGURE_Y)
            x += wide
            if place % _GLYPHS_A_STEP == _GLYPHS_A_STEP - 1:
                yield

    def _title(self, title, calls, bench):
        frame = self._frame
        ink = 0 if calls else 1
        if calls:
            frame.fill_rect(0, 0, _WIDTH, _TITLE, 1)
        else:
            frame.hline(0, _TITLE - 1, _WIDTH, 1)
        if bench:
            while len(title) * _LETTER > _BENCH_X:
                title = title[: title.rfind(" ")].rstrip(",:")
            frame.fill_rect(_BENCH_X, 0, _WIDTH - _BENCH_X, _TITLE, ink)
            frame.text(_BENCH, _BENCH_X, 1, 1 - ink)
        frame.text(title, 0, 0 if not calls else 1, ink)

    def _marks(self, place, count):
        frame = self._frame
        for mark in range(min(count, _MARKS)):
            y = _FIGURE_Y + mark * _MARK_EVERY
            if mark == min(place, _MARKS - 1):
                frame.fill_rect(_WIDTH - _MARK, y, _MARK, _MARK, 1)
            else:
                frame.pixel(_WIDTH - _MARK + 1, y + 1, 1)
