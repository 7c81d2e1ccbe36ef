"""`dosebell`: the outermost command, its list of commands, and the one place where results and errors are printed."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

from dosebell import __version__
from dosebell.cli.lazy import Entry, LazyGroup, Settings, global_options

_LOOK, _SET_UP, _COURSE, _RECORD, _DEVICE = (
    "Look",
    "Set up",
    "Course (each change is confirmed at the bed)",
    "Record",
    "Device",
)

COMMANDS = {
    "status": Entry("dosebell.cli.status:status", "What the device is doing now.", _LOOK),
    "info": Entry("dosebell.cli.info:info", "Which device this is, and what runs on it.", _LOOK),
    "watch": Entry("dosebell.cli.watch:watch", "All devices, live.", _LOOK),
    "ports": Entry("dosebell.cli.ports:ports", "Which boards are attached.", _LOOK),
    "regimen": Entry("dosebell.cli.regimen:regimen", "List, show and check regimens.", _SET_UP),
    "configure": Entry("dosebell.cli.configure:configure", "Give the device a regimen.", _SET_UP),
    "clock": Entry("dosebell.cli.clock:clock", "Set or show the device's clock.", _SET_UP),
    "course": Entry("dosebell.cli.course:course", "Start, stop or move a course.", _COURSE),
    "dose": Entry("dosebell.cli.dose:dose", "Correct a dose, or give the reason of a hold.", _COURSE),
    "log": Entry("dosebell.cli.log:log", "Pull the device's log and show it.", _RECORD),
    "report": Entry("dosebell.cli.report:report", "Write what a course was, as a page to print.", _RECORD),
    "provision": Entry("dosebell.cli.provision:provision", "Test, record and label a board.", _DEVICE),
    "self-test": Entry("dosebell.cli.self_test:self_test", "Let the device test itself.", _DEVICE),
    "alert": Entry("dosebell.cli.alert:alert", "Play the calls at the bed.", _DEVICE),
    "flash": Entry("dosebell.cli.flash:flash", "Put an image on boards, and prove that it runs.", _DEVICE),
    "doctor": Entry("dosebell.cli.doctor:doctor", "What is wrong, and what mends it.", _DEVICE),
    "sim": Entry("dosebell.cli.sim:sim", "An emulated device to try all this with.", _DEVICE),
}

_EXIT_CODES = "0 ok, 2 usage, 3 no device, 4 device refused, 5 device fault, 6 data damaged, 130 stopped with Ctrl-C"


@click.command(
    cls=LazyGroup,
    entries=COMMANDS,
    params=global_options(outermost=True),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog=f"Exit codes: {_EXIT_CODES}. Dosebell is a reminder, not a medical device.",
)
@click.version_option(__version__, prog_name="dosebell")
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Talk to a Dosebell, the bedside dose bell: set its regimen and clock, start a course, read its log.

    \b
    Example: dosebell status
    """
    ctx.ensure_object(Settings)


@cli.result_callback()
@click.pass_obj
def show(settings: Settings, result: Any) -> None:
    """Print what a command returned: a Result, or None when it has said everything itself."""
    if result is not None:
        result.show(as_json=settings.json)


def _report(err: Any, as_json: bool) -> int:
    """Print a DosebellError on stderr; returns its exit code."""
    if as_json:
        import json

        click.echo(json.dumps(err.as_json()), err=True)
    else:
        code = err.code if os.environ.get("NO_COLOR") else click.style(err.code, bold=True)
        click.echo(f"{code}: {err.sentence}\n{err.advice}", err=True)
    return int(err.exit_code)


def _usage(err: click.UsageError) -> Any:
    from dosebell.errors import DosebellError

    command = err.ctx.command_path if err.ctx is not None else "dosebell"
    return DosebellError("usage", detail=err.format_message(), command=command)


def run(arguments: list[str]) -> int:
    """Run one command line; returns the exit code."""
    as_json = "--json" in arguments
    try:
        code = cli.main(arguments, prog_name="dosebell", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.UsageError as err:
        return _report(_usage(err), as_json)
    except click.ClickException as err:
        err.show()
        return err.exit_code
    except (click.Abort, KeyboardInterrupt) as err:
        click.echo("stopped", err=True)
        return getattr(err.__cause__ or err, "code", 130)  # of `Ended`, which click hides behind its Abort
    except BrokenPipeError:
        sys.stderr.close()  # whoever read us is gone: nothing is left to say, also not by the interpreter as it closes
        return 1
    except Exception as err:
        from dosebell.errors import DosebellError

        if not isinstance(err, DosebellError):
            raise
        return _report(err, as_json)
