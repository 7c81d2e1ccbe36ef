"""Click classes of our own: groups that know their commands by name only, and global options that may stand anywhere on the line.

Start-up is the reason: `dosebell --help` and shell completion must not import serial, rich or sqlite3.
"""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import click

PORT_VARIABLE = "DOSEBELL_PORT"
TIMEOUT_VARIABLE = "DOSEBELL_TIMEOUT"


class Settings:
    """The global options of one run, wherever on the line they stood."""

    def __init__(self) -> None:
        self.port: str | None = None
        self.device: str | None = None
        self.json = False
        self.verbose = False
        self.timeout = 3.0


class Entry(NamedTuple):
    """A command that is not imported yet: "module:attribute", its one-line help, and the heading under which it is listed."""

    where: str
    help: str
    section: str


def _keep(ctx: click.Context, option: click.Parameter, value: Any) -> Any:
    """Keep a global option that was given (or comes from the environment); the innermost place on the line wins."""
    settings = ctx.ensure_object(Settings)
    assert option.name is not None
    source = ctx.get_parameter_source(option.name)
    if source is not None and source.name in ("COMMANDLINE", "ENVIRONMENT"):
        setattr(settings, option.name, value)
    return value


def global_options(*, outermost: bool = False) -> list[click.Parameter]:
    """The options that every command takes. Only the outermost reads the environment, so that `dosebell --port X info` is not overruled by it."""
    common: dict[str, Any] = {"expose_value": False, "callback": _keep}
    return [
        click.Option(
            ["--port"],
            metavar="PORT",
            envvar=PORT_VARIABLE if outermost else None,
            help="Device path, USB serial number, or URL such as socket://host:port [env: DOSEBELL_PORT; else the one Dosebell attached].",
            **common,
        ),
        click.Option(
            ["--device"],
            metavar="ID",
            help="The device meant, by its id or label: no other one is talked to, whatever is plugged in there.",
            **common,
        ),
        click.Option(["--json"], is_flag=True, help="Results as JSON on stdout, errors as JSON on stderr.", **common),
        click.Option(["-v", "--verbose"], is_flag=True, help="Show on stderr what is asked and answered.", **common),
        click.Option(
            ["--timeout"],
            type=click.FloatRange(0.3, 60),
            metavar="SECONDS",
            envvar=TIMEOUT_VARIABLE if outermost else None,
            help="Give up on a silent device after this long [env: DOSEBELL_TIMEOUT; else 3]; it is asked three times meanwhile.",
            **common,
        ),
    ]


class _Grouped:
    """Help with the global options under a heading of their own."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": [], "Global options": []}
        for parameter in self.get_params(ctx):  # type: ignore[attr-defined]
            record = parameter.get_help_record(ctx)
            if record is not None:
                argument = isinstance(parameter, click.Argument)
                heading = "Global options" if parameter.callback is _keep else "Arguments" if argument else "Options"
                sections[heading].append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
        if isinstance(self, LazyGroup):
            self.format_commands(ctx, formatter)

    def format_arguments(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Nothing: `format_options` lists them, before the options."""


class Command(_Grouped, click.Command):
    """A command that takes the global options too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = {parameter.name for parameter in self.params}
        self.params.extend(option for option in global_options() if option.name not in own)


class LazyGroup(_Grouped, click.Group):
    """A group that imports a command's module when that command is asked for. `entries`: its commands by name."""

    command_class = Command

    def __init__(self, *args: Any, entries: dict[str, Entry] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.entries = entries or {}
        if not self.entries:
            self.params.extend(global_options())

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.entries, *self.commands]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        entry = self.entries.get(name)
        if entry is None:
            return super().get_command(ctx, name)
        module, attribute = entry.where.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as err:
            import difflib

            near = difflib.get_close_matches(args[0], self.list_commands(ctx), n=1)
            if not near or "Did you mean" in err.message:
                raise
            raise click.UsageError(f"{err.message} Did you mean {near[0]}?", ctx=ctx) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Names and help of commands without importing them."""
        from click.shell_completion import CompletionItem

        names = [
            CompletionItem(name, help=entry.help) for name, entry in self.entries.items() if name.startswith(incomplete)
        ]
        return names + (
            click.Command.shell_complete(self, ctx, incomplete)
            if self.entries
            else super().shell_complete(ctx, incomplete)
        )

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if not self.entries:
            super().format_commands(ctx, formatter)
            return
        width = max(map(len, self.entries))
        for section in dict.fromkeys(entry.section for entry in self.entries.values()):
            with formatter.section(section):
                formatter.write_dl(
                    [
                        (name.ljust(width), entry.help)
                        for name, entry in self.entries.items()
                        if entry.section == section
                    ]
                )
