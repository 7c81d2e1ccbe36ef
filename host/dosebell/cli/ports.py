"""`dosebell ports`: which boards are attached, and which of them is a Dosebell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.lazy import Command, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result


@click.command(cls=Command)
@click.pass_obj
def ports(settings: Settings) -> Result:
    """List the USB serial ports, and ask each MicroPython board whether it is a Dosebell. Others are left alone.

    \b
    Example: dosebell ports
    """
    from dosebell import transport
    from dosebell.cli.output import Result, message, table

    found = [_look(port, settings) for port in transport.found()]
    if not found and not settings.json:
        message("No USB serial port is attached.")

    def human() -> Any:
        if found:
            yield table(
                ("Port", "Serial number", "Label", "What it is"),
                [(one["port"], one["serial_number"], one["label"] or "", one["what"]) for one in found],
            )

    return Result(human, found)


def _look(port: Any, settings: Settings) -> dict[str, Any]:
    """One port: what is known of it, and for a board what it says of itself."""
    from dosebell.client import connect
    from dosebell.errors import DosebellError

    seen: dict[str, Any] = {
        "port": port.path,
        "serial_number": port.serial_number,
        "dosebell": False,
        "label": None,
        "what": port.description,
    }
    if not port.board:
        return seen
    try:
        with connect(port.path, min(settings.timeout, 1.5)) as client:
            device = client.identity
    except DosebellError as err:
        return {**seen, "what": f"MicroPython board: {err.code}"}
    return {
        **seen,
        "dosebell": True,
        "label": device["label"],
        "what": f"Dosebell {device['id']}, firmware {device['firmware']}",
    }
