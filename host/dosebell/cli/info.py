"""`dosebell info`: which device this is, and what runs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dosebell.cli.lazy import Command, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result


_KEYS = ("product", "id", "label", "board", "firmware", "micropython", "image", "protocol", "boot", "bench")


@click.command(cls=Command)
@click.pass_obj
def info(settings: Settings) -> Result:
    """Show which device this is, and what runs on it.

    \b
    Example: dosebell info
             dosebell --port /dev/ttyACM1 --json info
    """
    from dosebell.cli.output import Result, facts, ordered
    from dosebell.cli.session import open_device

    with open_device(settings) as client:
        identity = client.identity
        port = client.port.name
    shown = {"port": port, **ordered(identity, _KEYS)}
    return Result(lambda: [facts((key, _words(value)) for key, value in shown.items())], shown)


def _words(value: object) -> str:
    return (
        {None: "", True: "yes", False: "no"}.get(value, str(value))
        if value is None or isinstance(value, bool)
        else str(value)
    )
