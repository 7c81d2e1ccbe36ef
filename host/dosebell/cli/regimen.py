"""`dosebell regimen`: the regimens that this computer knows, without a device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.complete import regimen_names
from dosebell.cli.lazy import LazyGroup

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dosebell.cli.output import Result


@click.group(cls=LazyGroup)
def regimen() -> None:
    """List, show and check regimens: the built-in ones, and a site's own as TOML files.

    A site's files lie in the folder `regimens` of the user's configuration folder (on Linux ~/.config/dosebell/regimens),
    or in the folder that DOSEBELL_REGIMENS names.

    \b
    Example: dosebell regimen list
    """


@regimen.command("list")
def list_() -> Result:
    """List the regimens by name.

    \b
    Example: dosebell regimen list
    """
    from dosebell import regimens
    from dosebell.cli.output import Result, message, table
    from dosebell.errors import DosebellError
    from dosecore.regimen_rules import built_in

    found = [regimens.Found(data, "built in") for data in built_in().values()]
    for path in regimens.site_files():
        try:
            found.append(regimens.read(path))
        except DosebellError as err:
            message(f"{path}: {err}")
    rows = [
        (
            one.data["name"],
            str(one.data["interval_min"]),
            str(len(regimens.due_offsets_min(one.data))),
            str(one.data["cycles"]),
            one.source,
        )
        for one in found
    ]
    headings = ("Name", "Interval min", "Doses a cycle", "Cycles", "From")
    return Result(
        lambda: [table(headings, rows, right=headings[1:4])],
        [{**one.data, "source": one.source} for one in found],
    )


@regimen.command()
@click.argument("name", metavar="REGIMEN", shell_complete=regimen_names, help="A name, or the path of a TOML file.")
@click.option("--toml", is_flag=True, help="As TOML, to begin a site's own file with.")
def show(name: str, toml: bool) -> Result:
    """Show a regimen: every field, and when its slots are due.

    \b
    Example: dosebell regimen show hd-il2
             dosebell regimen show hd-il2 --toml > ours.toml
    """
    from dosebell import regimens
    from dosebell.cli.output import Result

    found = regimens.load(name)
    data = {**found.data, "source": found.source}
    if toml:
        text = regimens.as_toml(found.data)
        return Result(lambda: [text.rstrip()], data)
    return Result(lambda: _human(found), data)


@regimen.command()
@click.argument("name", metavar="REGIMEN", shell_complete=regimen_names, help="A name, or the path of a TOML file.")
def check(name: str) -> Result:
    """Check a regimen. An error names the field, its value and its range.

    \b
    Example: dosebell regimen check ours.toml
    """
    from dosebell import regimens
    from dosebell.cli.output import Result

    found = regimens.load(name)
    doses = len(regimens.due_offsets_min(found.data))
    words = f"{found.data['name']} is a valid regimen: {doses} doses a cycle, {found.data['cycles']} cycles ({found.source})."
    return Result(lambda: [words], {"valid": True, "name": found.data["name"], "source": found.source})


def _human(found: Any) -> Iterator[RenderableType]:
    from dosebell.cli.output import facts
    from dosebell.regimens import due_offsets_min
    from dosecore.regimen import KEYS

    data = found.data
    unit = "s" if data["bench"] else "min"
    shown = []
    for key in KEYS:
        value = str(data[key]).lower() if key == "bench" else str(data[key])
        shown.append((key, f"{value} {unit}" if key.endswith("_min") else value))
    yield facts([*shown, ("from", found.source)])
    offsets = due_offsets_min(data)
    hours = ", ".join(f"{offset / 60:g}" for offset in offsets)
    end = offsets[-1] + data["infusion_min"]
    big, small = ("min", "s") if data["bench"] else ("h", "min")
    yield f"\n{len(offsets)} slots a cycle, due at {hours} {big}; the last infusion ends at {end // 60} {big} {end % 60} {small}."
    if data["bench"]:
        yield "BENCH: every minute is a second. Not for a patient."
