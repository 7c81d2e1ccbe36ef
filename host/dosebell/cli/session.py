"""What commands share: opening the device as the global options say, and waiting for a confirmation at the bed."""

from __future__ import annotations

import sys
from typing import Any

import click

from dosebell.cli.lazy import Settings
from dosebell.cli.output import message
from dosebell.client import Client, connect

CONFIRM = "Hold PAUSE for 2 s at the bed to confirm"


def open_device(settings: Settings) -> Client:
    """The one device meant, proved by its `hello`."""
    trace = (lambda text: message(text)) if settings.verbose else None
    return connect(settings.port, settings.timeout, trace, settings.device)


class Countdown:
    """Says on stderr that the bed is waited for: counting down on a terminal, one line elsewhere."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._shown: int | None = None

    def __call__(self, left_s: float) -> None:
        seconds = int(left_s + 0.999)
        if self._shown == seconds or (self._shown is not None and not self._live):
            return
        self._shown = seconds
        text = f"{CONFIRM} ({seconds} s left)"
        if self._live:
            click.echo(f"\r{text} ", err=True, nl=False)
        else:
            click.echo(text, err=True)

    def done(self) -> None:
        if self._live and self._shown is not None:
            click.echo(err=True)


def change(client: Client, do: str, **arguments: Any) -> dict[str, Any]:
    """Offer a change and wait until it is confirmed at the bed; returns the answer to the offer."""
    countdown = Countdown()
    try:
        return client.change(do, countdown, **arguments)
    except KeyboardInterrupt:
        countdown.done()
        message(
            "Not waiting any longer. The offer lapses within 60 s unless PAUSE is held for 2 s at the bed; look at `dosebell status` then."
        )
        raise
    finally:
        countdown.done()
