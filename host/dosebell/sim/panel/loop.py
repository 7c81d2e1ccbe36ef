"""The panel at work: keys in, time passes, screen out."""

import time
from dataclasses import replace

from rich.console import Console
from rich.text import Text

from dosebell.keyboard import Keyboard
from dosebell.screen import draw
from dosebell.sim.bedside import Bedside
from dosebell.sim.panel import view
from dosebell.sim.panel.hands import Hands
from dosebell.sim.panel.log_reader import LogReader
from dosebell.sim.panel.pace import Pace
from dosebell.sim.panel.seen import BUTTON_KEYS, Seen
from dosebell.sim.panel.skip import Skip
from dosebell.sim.panel.watcher import Picture, Watcher
from dosebell.sim.serial_port import SerialPort

# A program that waits for PAUSE asks four times a second: while it has the port open, and for at most this long (real seconds) after its last byte, time
# is real. The offer that it waits for would lapse in a second otherwise.
TALK_S = 5.0
# How long a turn waits for a key: short while a program waits for answers.
WAIT_S, TALK_WAIT_S = 0.02, 0.002
# Real time from one picture to the next: often enough for a pulse of 150 ms, less often when time is to run.
FRAME_S, FAST_FRAME_S = 0.05, 0.2
# A picture that took long to draw is followed by a pause of so many times as long: the board comes first.
DRAWING_PAUSE = 4
BUTTONS = {key: name for name, key in BUTTON_KEYS.items()}


class Panel:
    """One bedside as a terminal shows it.

    port: on which programs are served; shown_port: what it is called on the screen. log: reads the journal, since the device was switched on.
    """

    def __init__(
        self,
        bedside: Bedside,
        port: SerialPort,
        log: LogReader,
        display: Picture | None,
        *,
        shown_port: str = "",
        speed: float = 1.0,
        notice: str = "",
    ) -> None:
        self._bedside = bedside
        self._port = port
        self._log = log
        self._shown_port = shown_port
        self._hands = Hands(bedside)
        self._watcher = Watcher(bedside, self._hands, log, display)
        self._pace = Pace(bedside, speed)
        self._skip: Skip | None = None
        self._talked_at = float("-inf")
        self._notice = notice
        self._help = False
        self.ended = False

    # -- keys
    def key(self, key: str) -> None:
        """Do what a key means. Any key ends a run to the next event."""
        self._end_skip("stopped")
        self._notice = ""
        button = BUTTONS.get(key.lower())
        if button is not None:
            self._press(button, keep=key.isupper())
        elif key in "+=":
            self._pace.faster()
        elif key in "-_":
            self._pace.slower()
        elif key == "1":
            self._pace.set(1.0)
        elif key == "n":
            self._begin_skip()
        elif key == "?":
            self._help = not self._help
        elif key == "q":
            self.ended = True
        elif key.isprintable():
            self._notice = f"{key} is no key here: see below"

    def _press(self, button: str, *, keep: bool) -> None:
        self._pace.set(1.0)  # two seconds of PAUSE are two seconds for whoever holds it
        if button not in self._bedside.buttons:
            self._notice = f"this board has no button {button}"
        elif keep:
            self._hands.keep(button)
        else:
            self._hands.press(button)

    def _begin_skip(self) -> None:
        if self._hands.busy:
            self._notice = "n waits until no button is down"
        else:
            self._skip = Skip(self._bedside, self._log)

    def _end_skip(self, why: str) -> None:
        if self._skip is not None:
            self._skip.stop(why)
            self._notice = f"> {self._skip.ended}"
            self._skip = None
            self._pace.set(1.0)
            self._pace.rest()

    # -- time
    @property
    def skipping(self) -> bool:
        """Whether it is on its way to the next event."""
        return self._skip is not None

    @property
    def hurried(self) -> bool:
        """Whether time at the bed is to run as fast as it can."""
        return self._skip is not None or self._pace.behind

    @property
    def wait_s(self) -> float:
        """For how long the next turn may be put off to wait for a key (real seconds)."""
        if self.hurried:
            return 0.0
        return TALK_WAIT_S if self._talks else WAIT_S

    @property
    def _talks(self) -> bool:
        return self._port.opened and time.monotonic() - self._talked_at < TALK_S

    def turn(self) -> None:
        """Let a little time pass at the bed, and serve the port."""
        if self._port.service():
            self._talked_at = time.monotonic()
            self._end_skip("a program talks to the device")
        if self._skip is not None:
            self._skip.turn()
            if self._skip.ended is not None:
                self._end_skip(self._skip.ended)
        else:
            self._pace.turn(in_real_time=self._talks, until=self._hands.next_release)
            self._hands.look()
        self._port.flush()

    # -- what there is to see
    def seen(self) -> Seen:
        """This moment at the bed and at the panel."""
        return replace(
            self._watcher.seen(),
            speed=1.0 if self._talks else self._pace.speed,
            reached=self._pace.reached,
            skipping=self.skipping,
            port=self._shown_port,
            notice=self._notice,
            help=self._help,
        )

    def leave(self) -> None:
        """Take all fingers and hooks away."""
        self._end_skip("stopped")
        self._hands.let_go()


def run(panel: Panel, keyboard: Keyboard, console: Console) -> None:
    """Show the panel on the console's screen and obey the keyboard until `q`, or until the terminal is gone. Screen and terminal are as before afterwards."""
    shown: tuple[Seen, int, int] | None = None
    next_at = float("-inf")
    with keyboard, console.screen(hide_cursor=True):
        try:
            while not panel.ended and not keyboard.ended:
                for key in keyboard.read(panel.wait_s):
                    if not panel.ended:
                        panel.key(key)
                panel.turn()
                began = time.monotonic()
                if began < next_at:
                    continue
                state = (panel.seen(), *console.size)
                if state != shown:
                    _draw(console, *state)
                    shown = state
                took = time.monotonic() - began
                next_at = began + took + max(FAST_FRAME_S if panel.hurried else FRAME_S, DRAWING_PAUSE * took)
        finally:
            panel.leave()


def _draw(console: Console, seen: Seen, width: int, height: int) -> None:
    rows: list[Text] = (
        view.rows(seen) if width >= view.WIDTH and height >= view.HEIGHT else view.too_small(width, height)
    )
    draw(console, rows)
