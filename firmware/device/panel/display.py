"""The display in service: what it shows follows the state, in calm moments, one transfer at a time. Everything works without it.

Imported only on a board on whose bus one answers, after the first alerts.
"""

import dosebell_build as build
from micropython import const

from device.drivers.ssd1306 import TILE, TILES, Ssd1306
from device.panel.begin_display import CODE, NEVER
from device.panel.canvas import Canvas
from device.panel.screen import soonest
from device.panel.screens import Bed, choosing
from dosecore.instant import plus, plus_ms

RETRY_S = 30  # a dead one is tried again so often
RENEW_S = 60  # one that has lost its power for a moment, unseen, shows its picture again after so long
_FAILURES = const(3)  # so many in a row, and it is dead
_AGAIN_MS = const(100)
_TELL_AGAIN_S = const(3600)  # a bad contact must not fill the journal


class Display:
    """`step` is called in a calm moment when `wants(now)`; it takes less than 5 ms. at: when it has something to do by itself."""

    def __init__(self, device):
        now = device.clock.now()
        self.at = now
        self._device = device
        self._chip = Ssd1306(device.bus)
        self._canvas = Canvas()
        self._sent = bytearray(len(self._canvas.picture))
        self._screen = None
        self._choose_at = None
        self._choosing = None  # the steps that are left until the next screen is chosen
        self._drawing = None  # the steps that are left
        self._told_at = None  # when the journal was told that it is dead
        self._failures = 0
        self._begin()

    def _begin(self):
        """It is to be set up anew, and sent everything."""
        self._begun = self._lit = self._known = False
        self._tile = TILES
        self._screen = self._choosing = None

    def wants(self, now):
        """Whether there is something to do."""
        return self.at <= now or (self._device.redraw and not self._failures)

    def step(self, now):
        """One thing: sets up, chooses, draws, or sends. Returns when it has something to do by itself.

        A screen that cannot be chosen or drawn ends it until the next boot, dark: nobody needs it to know that something calls.
        """
        try:
            self._step(now)
        except OSError:
            self._fail(now)
        except Exception as error:
            self._give_up(error, now)
        return self.at

    def _step(self, now):
        device = self._device
        if not self._begun:
            self._chip.begin()
            self._failures = 0
            self._begun = True
            self._renew_at = plus(now, RENEW_S)
            self.at = now
        elif device.redraw or (self._choosing is None and self._is_old(now)):
            device.redraw = False
            self._choose_at = None
            self._choosing = choosing(self._bed(), now)
            self.at = now
        elif self._choosing is not None:
            self._choose()
        elif self._drawing is not None:
            self._draw()
        elif self._tile < TILES:
            self._send()
        elif not self._lit:
            self._chip.light(True)
            self._lit = True
        elif self._renew_at <= now:
            # What it shows stays: it is sent once more, and it is switched on once more.
            self._begun = self._lit = self._known = False
            self._tile = 0
        else:
            self.at = soonest(self._choose_at, self._renew_at)

    def _is_old(self, now):
        return self._screen is None or (self._choose_at is not None and self._choose_at <= now)

    def _bed(self):
        device = self._device
        desk = device.desk
        stuck = (desk.stuck if desk is not None else None) or device.buttons.held_since_boot()
        rehearsal = device.rehearsal and device.lamps_until is not None  # a host that is gone ends nothing
        keeper = device.keeper
        return Bed(keeper.state, desk, keeper.recorded, keeper.causes, stuck, device.notice, rehearsal, build.VERSION)

    def _choose(self):
        found = next(self._choosing)  # type: ignore[arg-type]
        if found is None:
            return
        self._choosing = None
        screen, self._choose_at = found
        if screen != self._screen:
            self._screen = screen
            self._drawing = self._canvas.drawing(screen)

    def _draw(self):
        try:
            next(self._drawing)  # type: ignore[arg-type]
        except StopIteration:
            self._drawing = None
            self._tile = 0

    def _send(self):
        """The next tile that differs from what was sent."""
        picture, sent = memoryview(self._canvas.picture), memoryview(self._sent)
        while self._tile < TILES:
            number = self._tile
            at = number * TILE
            tile = picture[at : at + TILE]
            if not self._known or tile != sent[at : at + TILE]:
                self._chip.send(number, tile)
                self._failures = 0
                sent[at : at + TILE] = tile
                self._tile += 1
                break
            self._tile += 1
        if self._tile == TILES:
            self._known = True

    def _fail(self, now):
        self._failures += 1
        self.at = plus_ms(now, _AGAIN_MS)
        if self._failures < _FAILURES:
            return
        self._begin()
        self.at = plus(now, RETRY_S)
        if self._told_at is None or now >= plus(self._told_at, _TELL_AGAIN_S):
            self._told_at = now
            self._device.keeper.fault(CODE, "it does not answer", now)
            self._device.changed = True

    def _give_up(self, error, now):
        from device.last_words import words_of
        from device.panel.dark import darken

        darken(self._device.bus)
        self._failures = _FAILURES  # from now on it wants nothing
        self.at = NEVER
        self._device.keeper.fault(CODE, words_of(error), now)
        self._device.changed = True
