"""Eyes and ears at one bedside: from pins, display and flash to what is seen at this moment."""

from typing import Protocol

from dosebell.sim.bedside import Bedside
from dosebell.sim.panel import rhythms
from dosebell.sim.panel.ear import Ear, Heard
from dosebell.sim.panel.hands import Hands
from dosebell.sim.panel.log_reader import LogReader
from dosebell.sim.panel.seen import Light, Seen
from dosebell.times import span

COLUMNS, ROWS = 64, 16
SHOWN = 3
# Bit of each pixel of a braille character, by column and row (Unicode, block "Braille Patterns").
_BRAILLE = 0x2800
_DOTS = tuple(
    (x, y, 1 << bit)
    for (x, y), bit in zip(((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)), range(8), strict=True)
)


class Picture(Protocol):
    """A display as an eye sees it: 128 x 64 pixels, (0, 0) at the upper left."""

    @property
    def on(self) -> bool: ...
    @property
    def bytes_shown(self) -> int: ...
    def pixel(self, x: int, y: int) -> bool: ...


def braille(picture: Picture) -> tuple[str, ...]:
    """The picture as 16 rows of 64 characters of 2 x 4 dots; all blank when the display is off."""
    if not picture.on:
        return (" " * COLUMNS,) * ROWS
    return tuple(
        "".join(
            chr(_BRAILLE + sum(bit for x, y, bit in _DOTS if picture.pixel(2 * column + x, 4 * row + y)))
            for column in range(COLUMNS)
        )
        for row in range(ROWS)
    )


class Watcher:
    """Watches one bedside through one power-on life, and what hands do there. log: reads its journal; display: None if there is none."""

    def __init__(self, bedside: Bedside, hands: Hands, log: LogReader, display: Picture | None) -> None:
        self._bedside = bedside
        self._hands = hands
        self._display = display
        self._ear = Ear(bedside.tones)
        self._log = log
        self._drawn: tuple[tuple[bool, int], tuple[str, ...]] | None = None

    def seen(self) -> Seen:
        """This moment, without what the panel itself has to say (speed, port, notice)."""
        now = self._bedside.now
        self._ear.listen(now)
        return Seen(
            seconds=int(now),
            lights=tuple(self._light(name, now) for name in self._bedside.lights),
            buttons=self._hands.seen(),
            picture=self._picture(),
            sound=self._ear.now,
            heard=tuple(_heard_words(one, now) for one in self._ear.heard[:SHOWN]),
            logged=tuple(f"{one.words}: {_ago(one.t, now)}" for one in self._log.logged[:SHOWN]),
        )

    def _light(self, name: str, now: float) -> Light:
        log = self._bedside.lights[name]
        if name == "alive":
            return Light(name, log.level, rhythms.alive_words(log, now), "")
        return Light(name, log.level, rhythms.rhythm_words(log, now), rhythms.strip(log, now))

    def _picture(self) -> tuple[str, ...] | None:
        """Drawn anew only when the display was written to: its 8,192 pixels take a while."""
        if self._display is None:
            return None
        state = (self._display.on, self._display.bytes_shown)
        if self._drawn is None or self._drawn[0] != state:
            self._drawn = (state, braille(self._display))
        return self._drawn[1]


def _ago(t: float, now: float) -> str:
    seconds = max(0, int(now - t))
    return "now" if seconds < 1 else f"{span(seconds)} ago"


def _heard_words(one: Heard, now: float) -> str:
    often = f", {one.count} times, every {span(round(one.every))}" if one.every is not None and one.every >= 1 else ""
    return f"{one.words}{often}: {_ago(one.end, now)}"
