"""`dosebell watch`: one or many devices, live."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.lazy import PORT_VARIABLE, Command, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result
    from dosebell.watch.changes import Change
    from dosebell.watch.loop import Watch

STDIN = 0


@click.command(cls=Command)
@click.argument(
    "ports",
    nargs=-1,
    metavar="[PORT]...",
    help="Only these, each named as for --port [every Dosebell that is attached].",
)
@click.option(
    "--interval",
    type=click.FloatRange(0.5, 300),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How often each device is asked.",
)
@click.option("--once", is_flag=True, help="Look once, show it, and end.")
@click.pass_obj
def watch(settings: Settings, ports: tuple[str, ...], interval: float, once: bool) -> Result | None:
    """Show what devices are doing, live: alerts first, then what is due and in how long. It only reads.

    Devices may come, go and come back on another port. Between two questions each port is free for other commands. On a
    terminal: q quits. Elsewhere, and with --json: one line for each change.

    \b
    Example: dosebell watch
             dosebell watch /dev/ttyACM0 /dev/ttyACM1
             dosebell --json watch | jq -r 'select(.change=="alert").text'
    """
    from dosebell.watch.lookout import Lookout
    from dosebell.watch.loop import Watch

    with _ends_politely():
        lookout = Lookout(_names(settings, ports), interval, settings.timeout)
        try:
            seen = Watch(lookout, patience_s=3 * interval + settings.timeout + 5)
            if once:
                return _once(seen, patience_s=settings.timeout + 5)
            if not settings.json and _is_terminal():
                _on_screen(seen, interval)
            else:
                _in_lines(seen, settings.json)
        finally:
            lookout.stop()
    return None


def _names(settings: Settings, ports: tuple[str, ...]) -> list[str]:
    """The ports named. A port from the environment is what holds where none is named."""
    named = settings.port is not None and settings.port != os.environ.get(PORT_VARIABLE)
    return [*([settings.port] if settings.port and (named or not ports) else []), *ports]


def _is_terminal() -> bool:
    """Whether keys and screen are a terminal that can be drawn on."""
    return (
        sys.stdin.isatty()
        and sys.stdout.isatty()
        and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")
        and sys.platform != "win32"  # no keys one by one there: lines
    )


def _on_screen(watch: Watch, interval: float) -> None:
    import errno

    from dosebell.keyboard import Keyboard
    from dosebell.screen import live_console
    from dosebell.watch.loop import on_screen

    try:
        on_screen(
            watch,
            Keyboard(STDIN),
            live_console(),
            f"q quits   each is asked every {interval:g} s   a reminder, not a medical device",
        )
    except OSError as err:
        if err.errno != errno.EIO:  # EIO: the window was closed, and there is no screen left to restore
            raise


def _in_lines(watch: Watch, as_json: bool) -> None:
    from dosebell.cli.output import message
    from dosebell.watch.loop import in_lines

    watch.lookout.look(float("-inf"))
    if not watch.lookout.count:
        message("No Dosebell is attached; waiting for one. Ctrl-C ends.")
    in_lines(watch, lambda change: click.echo(_said(change, as_json)))


def _once(watch: Watch, patience_s: float) -> Result:
    """Errors: no-device; where no device answers, the error of the first port."""
    import time

    from dosebell.cli.output import Result
    from dosebell.errors import DosebellError
    from dosebell.times import now_utc, rfc3339, to_instant
    from dosebell.watch import loop, view

    found = loop.once(watch, patience_s)
    if not found:
        raise DosebellError("no-device")
    beds = watch.ward.beds
    errors = [bed.error for bed in beds if bed.error is not None]
    if len(errors) == len(beds):
        raise errors[0]
    at = str(rfc3339(to_instant(now_utc())))
    now_s = time.monotonic()
    return Result(lambda: view.text(beds, now_s), lines=(change.as_json(at) for change in found))


def _said(change: Change, as_json: bool) -> str:
    from dosebell.times import now_utc, rfc3339, to_instant

    at = str(rfc3339(to_instant(now_utc())))
    return json.dumps(change.as_json(at), separators=(",", ":")) if as_json else change.line(at)


@contextmanager
def _ends_politely() -> Iterator[None]:
    """A polite kill and a closed window end it like any other program, but leave the terminal as it was."""

    def stop(number: int, _frame: Any) -> None:
        raise SystemExit(128 + number)

    numbers = [number for name in ("SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
