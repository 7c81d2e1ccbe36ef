"""`dosebell configure`: give the device a regimen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from dosebell.cli.complete import changes, regimen_names
from dosebell.cli.lazy import Command, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result


@click.command(cls=Command)
@click.argument("name", metavar="REGIMEN", shell_complete=regimen_names, help="A name, or the path of a TOML file.")
@click.option(
    "--label",
    metavar="BED",
    help="Bed or asset that the device stands at, at most 24 characters; no patient data [as it is].",
)
@click.option("--armed", is_flag=True, help="Let the bedside start the course: START held for 3 s makes slot 1 due.")
@click.option(
    "--set",
    "set_",
    metavar="FIELD=VALUE",
    multiple=True,
    shell_complete=changes,
    help="Change a field of the regimen. Repeatable.",
)
@click.pass_obj
def configure(settings: Settings, name: str, label: str | None, armed: bool, set_: tuple[str, ...]) -> Result:
    """Give the device a regimen. Confirmed at the bed: PAUSE held for 2 s.

    \b
    Example: dosebell configure hd-il2 --label "Bed 12"
             dosebell configure til-il2 --set interval_min=600 --armed
    """
    from dosebell import regimens
    from dosebell.cli.output import Result
    from dosebell.cli.session import change, open_device
    from dosebell.errors import from_refusal
    from dosecore.regimen_rules import check_label

    found = regimens.changed(regimens.load(name), set_)
    refusal = check_label(label) if label is not None else None
    if refusal is not None:
        raise from_refusal(refusal)
    with open_device(settings) as client:
        kept = client.identity.get("label") or ""
        bed = kept if label is None else label
        change(client, "configure", regimen=found.data, label=bed, armed=armed)
        device = client.identity["id"]
    words = (
        f"{device} now has the regimen {found.data['name']}"
        + (f", label {bed}" if bed else "")
        + (", armed." if armed else ".")
    )
    return Result(
        lambda: [words], {"configured": True, "device": device, "label": bed, "armed": armed, "regimen": found.data}
    )
