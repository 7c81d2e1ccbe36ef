"""`dosebell sim --panel`: whether there is a terminal for it, and the panel on it."""

from __future__ import annotations

import errno
import os
import sys
from typing import TYPE_CHECKING

import click

from dosebell.errors import DosebellError

if TYPE_CHECKING:
    from dosebell.sim.bedside import Bedside
    from dosebell.sim.panel.log_reader import LogReader
    from dosebell.sim.serial_port import SerialPort

STDIN = 0


def check(as_json: bool) -> None:
    """Errors: no-terminal, and usage with --json: the panel has no result."""
    if as_json:
        raise click.UsageError("--panel is for people; it does not go with --json.")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise DosebellError("no-terminal", detail="its keys and its screen are not both a terminal")
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown"):
        raise DosebellError("no-terminal", detail="the one here cannot move its cursor (TERM)")
    if "utf" not in (sys.stdout.encoding or "").lower():
        raise DosebellError("no-terminal", detail="the one here does not take UTF-8")


def show(bedside: Bedside, port: SerialPort, log: LogReader, shown_port: str, speed: float, practice: bool) -> None:
    """The panel until `q`, or until its window is closed. shown_port: what the port is called on the screen."""
    from dosebell.keyboard import Keyboard
    from dosebell.screen import live_console
    from dosebell.sim.display import ADDRESS, Display
    from dosebell.sim.panel.loop import Panel, run

    part = bedside.i2c_parts.get(ADDRESS)
    display = part if isinstance(part, Display) else None
    notice = "the first dose is due in a minute" if practice else ""
    panel = Panel(bedside, port, log, display, shown_port=shown_port, speed=speed, notice=notice)
    try:
        run(panel, Keyboard(STDIN), live_console())
    except OSError as err:
        if err.errno != errno.EIO:  # EIO: the window was closed, and there is no screen left to restore
            raise
