"""`dosebell self-test`: the device tests itself (A-07)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dosebell.cli.lazy import Command, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result


@click.command("self-test", cls=Command)
@click.pass_obj
def self_test(settings: Settings) -> Result:
    """Let the device test lamps, buzzer, buttons, journal and clock. Watch and listen: it cannot see its own lamps.

    \b
    Example: dosebell self-test
    """
    from dosebell.cli.output import Result
    from dosebell.cli.session import open_device
    from dosebell.errors import DosebellError

    with open_device(settings) as client:
        answer = client.ask("self-test")
    if answer["faults"]:
        raise DosebellError("self-test-failed", detail=", ".join(answer["faults"]), faults=answer["faults"])
    return Result(
        lambda: ["The self-test passed. Did each lamp light, and the buzzer sound?"], {"passed": True, "faults": []}
    )
