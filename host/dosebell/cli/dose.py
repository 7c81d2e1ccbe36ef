"""`dosebell dose`: correct what the device knows of a dose, or give the reason of a hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.complete import OUTCOME, REASON
from dosebell.cli.lazy import LazyGroup, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result

# Written out, so that help and completion need not import the core; a test holds it to dosecore.events.REASONS.
_REASONS = (
    "One of unspecified, hypotension, cardiac, respiratory, neurologic, renal, gastrointestinal, infection, hematologic, hepatic, skin, "
    "patient-refused, unavailable, awaiting-drug or other."
)
_CYCLE, _SLOT = click.IntRange(1, 4), click.IntRange(1, 63)


@click.group(cls=LazyGroup)
def dose() -> None:
    """Correct a dose, or give the reason of a hold. Nothing in the log is edited: a correction is added.

    \b
    Example: dosebell dose record 1 3 given --started 14:05
    """


@dose.command()
@click.argument("cycle", type=_CYCLE, metavar="CYCLE", help="The cycle, from 1.")
@click.argument("slot", type=_SLOT, metavar="SLOT", help="The slot in that cycle, from 1.")
@click.argument("outcome", type=OUTCOME, help="given, partial, held, missed or unknown.")
@click.option("--started", metavar="TIME", help="When the infusion started; needed for given and partial.")
@click.option("--ended", metavar="TIME", help="When it ended.")
@click.option("--reason", type=REASON, help="Why it was not given, or not wholly; see `dosebell dose reason --help`.")
@click.pass_obj
def record(
    settings: Settings, cycle: int, slot: int, outcome: str, started: str | None, ended: str | None, reason: str | None
) -> Result:
    """Record what became of a slot that has fallen due: given, partial, held, missed or unknown. Confirmed at the bed.

    A TIME is `now`, `-20m`, `14:05` (local, the latest one), or RFC 3339.

    \b
    Example: dosebell dose record 1 3 given --started 14:05 --ended 14:20
             dosebell dose record 1 4 held --reason hypotension
    """
    from dosebell.cli.output import Result, message
    from dosebell.cli.session import change, open_device
    from dosebell.errors import DosebellError
    from dosebell.times import local, parse, rfc3339

    if outcome in ("given", "partial") and started is None:
        raise DosebellError("start-needed", field="started")
    instants: dict[str, Any] = {}
    for field, text in (("started", started), ("ended", ended)):
        instant = None if text is None else parse(text, field=field, past=True)
        instants[field] = None if instant is None else list(instant)
        if instant is not None:
            message(f"{field}: {local(instant, seconds=True)}")
    if started is not None and ended is not None and instants["ended"] < instants["started"]:
        raise DosebellError("bad-field", field="ended", value=instants["ended"], low=instants["started"])
    with open_device(settings) as client:
        change(
            client, "dose-record", cycle=cycle, slot=slot, outcome=outcome, reason=reason or "unspecified", **instants
        )
    data = {
        "done": "dose-record",
        "cycle": cycle,
        "slot": slot,
        "outcome": outcome,
        **{key: rfc3339(value) for key, value in instants.items()},
    }
    return Result(
        lambda: [f"Cycle {cycle}, slot {slot} is recorded as {outcome}."], {**data, "reason": reason or "unspecified"}
    )


@dose.command("reason")
@click.argument("cycle", type=_CYCLE, metavar="CYCLE", help="The cycle, from 1.")
@click.argument("slot", type=_SLOT, metavar="SLOT", help="The slot in that cycle, from 1.")
@click.argument("reason", type=REASON, help=_REASONS)
@click.pass_obj
def reason_(settings: Settings, cycle: int, slot: int, reason: str) -> Result:
    """Give the reason of a slot that is or was on hold. Needs no confirmation.

    \b
    Example: dosebell dose reason 1 4 cardiac
    """
    from dosebell.cli.output import Result
    from dosebell.cli.session import open_device

    with open_device(settings) as client:
        client.ask("dose-reason", cycle=cycle, slot=slot, reason=reason)
    return Result(
        lambda: [f"Cycle {cycle}, slot {slot}: {reason}."],
        {"done": "dose-reason", "cycle": cycle, "slot": slot, "reason": reason},
    )
