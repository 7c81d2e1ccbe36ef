"""A whole terminal as a picture of rows: drawn in one piece, so that nothing flickers, nothing scrolls, and a window may change its size."""

import os
from collections.abc import Sequence

from rich.console import Console, Group
from rich.control import Control
from rich.screen import Screen
from rich.text import Text


def live_console() -> Console:
    """The terminal. A window may be made larger and smaller: its size is asked for, whatever the environment says that it was."""
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    return Console(highlight=False, _environ=environment)


def draw(console: Console, rows: Sequence[Text]) -> None:
    """Fill the screen with `rows`, from its upper left corner; what does not fit is cut."""
    with console:  # in one piece
        console.control(Control.home())
        console.print(Screen(Group(*rows)), end="")
