"""`dosebell alert`: what the bed says, to be seen and heard when nothing is wrong."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import click

from dosebell.cli.complete import CALL
from dosebell.cli.lazy import LazyGroup, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result

PAUSE_S = 0.5  # between one call and the next


@click.group(cls=LazyGroup)
def alert() -> None:
    """Play the device's calls at the bed.

    \b
    Example: dosebell alert test
    """


@alert.command()
@click.argument("call", type=CALL, required=False, help="A condition, low, medium, an offer or a feedback sound.")
@click.pass_obj
def test(settings: Settings, call: str | None) -> Result:
    """Play each call and each feedback sound at the bed with its light, or the one named. Any button there ends it.

    Refused while a course runs or anything stands: what sounds then is real.

    \b
    Example: dosebell alert test
             dosebell alert test medium
    """
    from dosebell import call_words
    from dosebell.cli.output import Result, message
    from dosebell.cli.session import open_device

    names = call_words.SERIES if call is None else (call,)
    with open_device(settings) as client:
        try:
            for number, name in enumerate(names):
                answer = client.ask("alert-test", play=name, goes_on=number > 0)
                message(call_words.line(name))
                time.sleep(answer["ms"] / 1000 + PAUSE_S)
        except KeyboardInterrupt:
            client.ask("alert-test", play=None, goes_on=True)
            raise
        # Was the last one heard to its end?
        client.ask("alert-test", play=None, goes_on=True)
    return Result(lambda: [f"Played: {', '.join(names)}. Was each seen and heard at the bed?"], {"played": list(names)})
