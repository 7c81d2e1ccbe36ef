"""`dosebell doctor`: what may be wrong between this computer and a device, and what mends it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dosebell.cli.lazy import Command, Settings
from dosebell.cli.selection import ARCHIVE

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dosebell.doctor.check import Check


@click.command(cls=Command)
@ARCHIVE
@click.option("--udev", is_flag=True, help="Print the udev rule for Linux instead, and on stderr how to install it.")
@click.pass_context
def doctor(ctx: click.Context, path: Path | None, udev: bool) -> None:
    """Look for everything that may be wrong between this computer and a device; each with the command that mends it.

    Reads only, and never needs root. `look` is worth a look; only what is `wrong` makes the exit code: the highest of 3
    (no device), 5 (device fault), 6 (data damaged) and 2 (this computer).

    \b
    Example: dosebell doctor
             dosebell --json doctor | jq '.checks[] | select(.verdict=="wrong")'
             dosebell doctor --udev | sudo tee /etc/udev/rules.d/70-dosebell.rules
    """
    from dosebell.cli.output import Result, message
    from dosebell.doctor.check import exit_code, summary

    if udev:
        from dosebell.doctor.computer import INSTALL_RULE, rule_text

        click.echo(rule_text(), nl=False)
        message(f"To install it: {INSTALL_RULE}")
        return
    from dosebell.archive import default_path
    from dosebell.doctor.examine import examine
    from dosebell.doctor.system import System

    settings = ctx.ensure_object(Settings)
    checks = list(examine(System(), settings.port, settings.timeout, path or default_path()))
    code = exit_code(checks)
    data = {"checks": [check.as_json() for check in checks], "summary": summary(checks), "exit": code}
    Result(lambda: report(checks), data).show(as_json=settings.json)
    ctx.exit(code)


def report(checks: list[Check]) -> Iterator[RenderableType]:
    """What people see: a table for each thing looked at, and one line that sums up."""
    from rich.table import Table
    from rich.text import Text

    from dosebell.doctor.check import summary

    styles = {"wrong": "bold reverse", "look": "bold"}
    for about in dict.fromkeys(check.about for check in checks):
        yield Text(about, "bold")
        made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        made.add_column(no_wrap=True, min_width=11)
        made.add_column(no_wrap=True, min_width=13)
        made.add_column(overflow="fold")
        for check in checks:
            if check.about == about:
                made.add_row(Text(check.verdict, styles.get(check.verdict, "")), check.name, Text(check.words))
                if check.mend:
                    made.add_row("", "", Text(f"-> {check.mend}"))
        yield made
    count = summary(checks)
    yield f"\n{count['ok']} ok, {count['look']} to look at, {count['wrong']} wrong, {count['not_checked']} not checked."
