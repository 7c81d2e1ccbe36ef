"""`dosebell clock`: the device's clock, set from this computer's or only looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dosebell.cli.lazy import LazyGroup, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result


@click.group(cls=LazyGroup)
def clock() -> None:
    """Set the device's clock from this computer's, or show how the two differ. Neither needs a confirmation.

    \b
    Example: dosebell clock sync
    """


@clock.command()
@click.pass_obj
def sync(settings: Settings) -> Result:
    """Set the device's clock from this computer's: the quickest of several exchanges counts.

    \b
    Example: dosebell clock sync
    """
    from dosebell import clock_sync
    from dosebell.cli.output import Result, facts
    from dosebell.cli.session import open_device
    from dosebell.times import local, rfc3339

    with open_device(settings) as client:
        done = clock_sync.sync(client)
    data = {"old": rfc3339(done.old), "new": rfc3339(done.new), "step_ms": done.step_ms, "bound_ms": done.bound_ms}
    shown = [
        ("Old", local(done.old, seconds=True, absent="not set")),
        ("New", local(done.new, seconds=True)),
        *([("Step", f"{done.step_ms:+d} ms")] if done.step_ms is not None else []),
        ("Sure to", f"{done.bound_ms} ms"),
    ]
    return Result(lambda: [facts(shown)], data)


@clock.command()
@click.pass_obj
def show(settings: Settings) -> Result:
    """Show the device's time, how good it is, and how it differs from this computer's.

    \b
    Example: dosebell clock show
    """
    from dosebell import clock_sync
    from dosebell.cli.output import Result, facts
    from dosebell.cli.session import open_device
    from dosebell.times import local, rfc3339

    with open_device(settings) as client:
        one = clock_sync.best(client)
    there = one.device_utc
    ahead = None if there is None else (there[0] - one.utc[0]) * 1000 + there[1] - one.utc[1]
    data = {
        "utc": rfc3339(there),
        "quality": one.quality,
        "ahead_ms": ahead,
        "bound_ms": one.bound_ms,
        "uptime_s": one.mono[0],
    }
    if ahead is None:
        shown = [("Device", "not set; run `dosebell clock sync`"), ("This computer", local(one.utc, seconds=True))]
    else:
        shown = [
            ("Device", f"{local(there, seconds=True)}, {one.quality}"),
            ("This computer", local(one.utc, seconds=True)),
            ("Difference", f"{ahead:+d} ms, sure to {one.bound_ms} ms"),
        ]
    return Result(lambda: [facts(shown)], data)
