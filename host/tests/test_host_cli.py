"""The command line itself: help, start-up time, completion (H-01, H-02)."""

import importlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator

import click
import pytest
from host_command import PATHS, ROOT, dosebell

from dosebell.cli.lazy import LazyGroup
from dosebell.cli.main import COMMANDS, cli

pytestmark = pytest.mark.req("H-02")

NAMES = (
    "ports",
    "info",
    "status",
    "watch",
    "regimen",
    "configure",
    "clock",
    "course",
    "dose",
    "log",
    "report",
    "provision",
    "self-test",
    "alert",
    "doctor",
    "flash",
    "sim",
)
IN_GROUPS = {
    "regimen": {"list", "show", "check"},
    "clock": {"sync", "show"},
    "course": {"start", "stop", "next-cycle", "reschedule"},
    "dose": {"record", "reason"},
    "log": {"pull", "show", "export", "verify"},
    "provision": {"run", "show", "labels"},
    "alert": {"test"},
}


def every_command() -> Iterator[tuple[str, click.Command]]:
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            for inner, one in command.commands.items():
                yield f"{name} {inner}", one


def test_the_commands_are_those_of_the_specification() -> None:
    assert set(COMMANDS) == set(NAMES)
    for name, inner in IN_GROUPS.items():
        group = cli.get_command(click.Context(cli), name)
        assert isinstance(group, LazyGroup) and set(group.commands) == inner


def test_every_command_has_help_with_an_example_of_itself() -> None:
    for name, command in every_command():
        assert command.help and "Example: " in command.help, name
        assert f"dosebell {name.split()[0]}" in command.help or f"--json {name.split()[0]}" in command.help, name
        assert name.split()[-1] in command.help.split("Example:")[1], name


def test_help_fits_80_columns_and_shows_the_global_options() -> None:
    for name in ("", "course start", "log show", "dose record", "regimen"):
        said = dosebell(*name.split(), "--help").out
        assert max(map(len, said.splitlines())) <= 80, name
        assert "Global options:" in said and "--port PORT" in said


def test_every_argument_has_help_with_the_words_it_takes() -> None:
    from dosecore.events import OUTCOMES, REASONS

    for name, command in every_command():
        for parameter in command.params:
            assert not isinstance(parameter, click.Argument) or parameter.help, name
    said = dosebell("dose", "reason", "--help").out
    assert all(word in said for word in REASONS)
    assert all(word in dosebell("dose", "record", "--help").out for word in OUTCOMES[1:6])


def test_every_command_can_be_imported() -> None:
    for entry in COMMANDS.values():
        module, attribute = entry.where.split(":")
        assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)


def test_the_installed_command_and_the_module_are_the_same() -> None:
    module = subprocess.run(
        [sys.executable, "-m", "dosebell", "--version"],
        env={**os.environ, "PYTHONPATH": PATHS},
        capture_output=True,
        text=True,
    )
    assert module.stdout == "dosebell, version 0.1.0\n"
    assert 'dosebell = "dosebell.__main__:main"' in (ROOT / "pyproject.toml").read_text()


def seconds(*arguments: str) -> float:
    begun = time.perf_counter()
    subprocess.run(
        [sys.executable, *arguments], env={**os.environ, "PYTHONPATH": PATHS}, stdout=subprocess.DEVNULL, check=True
    )
    return time.perf_counter() - begun


def test_help_starts_within_100_ms_of_click() -> None:
    """The quickest of several runs of each, in turns, so that a busy machine slows both."""
    ours, clicks = [], []
    for _ in range(7):
        clicks.append(seconds("-c", "import click"))
        ours.append(seconds("-m", "dosebell", "--help"))
    assert min(ours) - min(clicks) < 0.1, (ours, clicks)


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from dosebell.cli.main import run; run(['--help']); print([m for m in sys.modules if m.split('.')[0] in %r])"
    heavy = (
        "serial",
        "rich",
        "sqlite3",
        "tomllib",
        "dosecore",
        "rp2040py",
        "fhir",
        "pydantic",
        "icalendar",
        "importlib.metadata",
    )
    said = subprocess.run(
        [sys.executable, "-c", code % (heavy,)], env={**os.environ, "PYTHONPATH": PATHS}, capture_output=True, text=True
    )
    assert said.stdout.endswith("[]\n"), said.stdout


def completed(line: str) -> set[str]:
    ran = dosebell(_DOSEBELL_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(line.split(" ")) - 1))
    return {row.split(",", 1)[1] for row in ran.out.splitlines()}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("dosebell c", {"configure", "clock", "course"}),
        ("dosebell course ", {"start", "stop", "next-cycle", "reschedule"}),
        ("dosebell configure hd-il2-", {"hd-il2-critical", "hd-il2-15"}),
        ("dosebell regimen show t", {"til-il2"}),
        ("dosebell configure hd-il2 --set late", {"late_min="}),
        ("dosebell dose record 1 1 ", {"given", "partial", "held", "missed", "unknown"}),
        ("dosebell dose reason 1 1 he", {"hematologic", "hepatic"}),
        ("dosebell log show --kind dose-re", {"dose-resumed", "dose-reason", "dose-recorded"}),
    ],
)
def test_completion(line: str, offered: set[str]) -> None:
    assert completed(line) == offered


def test_completion_of_options_includes_the_global_ones() -> None:
    assert {"--port", "--json", "--at", "--armed"} <= completed("dosebell course start --")


def test_the_completion_script_is_there_for_each_shell() -> None:
    for shell in ("zsh", "fish"):  # bash's needs a bash, which not every machine has
        assert "_DOSEBELL_COMPLETE" in dosebell(_DOSEBELL_COMPLETE=f"{shell}_source").out


@pytest.mark.req("H-01")
def test_a_command_that_does_not_exist() -> None:
    ran = dosebell("stauts")
    assert ran.code == 2 and ran.err.startswith("usage: No such command 'stauts'. Did you mean status?")
    assert "\nRun `dosebell --help`." in ran.err


def test_docs_list_every_command() -> None:
    text = (ROOT / "docs" / "commands.md").read_text()
    for name, _ in every_command():
        assert re.search(rf"`dosebell {name}\b", text), name
