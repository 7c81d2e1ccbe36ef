"""`dosebell watch` at work: on a terminal a picture that is drawn anew when it changes; elsewhere one line for each change; or one look and no more."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from dosebell.screen import draw
from dosebell.times import local, now_utc, to_instant
from dosebell.watch import view
from dosebell.watch.changes import Change, changes
from dosebell.watch.lookout import Lookout
from dosebell.watch.ward import Step, Ward

if TYPE_CHECKING:
    from dosebell.keyboard import Keyboard  # not there on every system

TURN_S = 0.25  # how long a turn waits for a key or for news: a countdown shows seconds


class Watch:
    """The ward and those who ask. patience_s: see Ward."""

    def __init__(self, lookout: Lookout, patience_s: float) -> None:
        self.lookout = lookout
        self.ward = Ward(patience_s)

    def steps(self, wait_s: float = 0.0) -> Iterator[Step]:
        """What has happened since the last time, waiting up to `wait_s` for the first news."""
        for path in self.lookout.look(time.monotonic()):
            yield from self.ward.forget(path)
        wait = wait_s > 0
        while True:
            try:
                report = self.lookout.reports.get(wait, wait_s if wait else None)
            except queue.Empty:
                break
            wait = False
            yield from self.ward.take(report)
        yield from self.ward.look(time.monotonic())


def on_screen(watch: Watch, keyboard: Keyboard, console: Console, foot: str) -> None:
    """Shows the beds until `q`, or until the terminal is gone. Screen and terminal are as before afterwards."""
    shown: tuple[list[Text], int, int] | None = None
    with keyboard, console.screen(hide_cursor=True):
        while not keyboard.ended:
            for _ in watch.steps():
                pass
            width, height = console.size
            clock = local(to_instant(now_utc()), seconds=True)
            beds = watch.ward.beds
            rows = view.rows(beds, time.monotonic(), clock, width=width, height=height, foot=foot)
            if (rows, width, height) != shown:
                draw(console, rows)
                shown = (rows, width, height)
            if "q" in keyboard.read(TURN_S).lower():
                return


def in_lines(watch: Watch, say: Callable[[Change], None]) -> None:
    """Says each change, for ever."""
    while True:
        for step in watch.steps(TURN_S):
            for change in changes(step):
                say(change)


def once(watch: Watch, patience_s: float) -> list[Change]:
    """One answer, or the reason why there is none, of every port that is there now, within `patience_s`. The rest is in the ward."""
    found: list[Change] = []
    end = time.monotonic() + patience_s
    watch.lookout.look(time.monotonic())
    for _ in range(watch.lookout.count):
        try:
            report = watch.lookout.reports.get(timeout=max(0.0, end - time.monotonic()))
        except queue.Empty:
            break
        found += [change for step in watch.ward.take(report) for change in changes(step)]
    return found
