"""Every command is held to what scripts rely on: JSON as its schema says and in its order, results on stdout and the rest on stderr, no colour and
no moving bar without a terminal, the documented exit codes (H-01). The real command, in a process of its own.
"""

import ast
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
import schemas
from command_scenarios import SCENARIOS, Scenario, World
from host_command import ROOT, Ran, dosebell
from scripted_device import ScriptedDevice

from dosebell.cli.main import COMMANDS, cli
from dosebell.errors import EXIT_CODES
from dosecore.events import FIELDS

pytestmark = pytest.mark.req("H-01", "H-02")

MakeWorld = Callable[..., World]


def commands() -> Iterator[str]:
    """Every command that does something, by its words."""
    for name in COMMANDS:
        command = cli.get_command(click.Context(cli), name)
        if isinstance(command, click.Group):
            yield from (f"{name} {inner}" for inner in command.commands)
        else:
            yield name


ALL = list(commands())
ON_DEVICE = [name for name in ALL if name in SCENARIOS and SCENARIOS[name].asks]


@pytest.fixture
def make_world(tmp_path: Path) -> Iterator[MakeWorld]:
    """Makes a new device and a new home each time. Of a command: the device of its scenario."""
    made: list[World] = []

    def make(name: str = "") -> World:
        home = tmp_path / f"home{len(made)}"
        home.mkdir()
        kind = SCENARIOS[name].device if name else ScriptedDevice
        made.append(World(kind().__enter__(), home))
        return made[-1]

    yield make
    for world in made:
        world.device.__exit__(None, None, None)


def schema_of(name: str) -> str:
    return SCENARIOS[name].schema or name.replace(" ", "-")


def run(world: World, name: str, arguments: tuple[str, ...], *options: str) -> Ran:
    filled = [one.replace("{home}", str(world.home)) for one in arguments]
    return world.run(*options, *name.split(), *filled, typed=SCENARIOS[name].typed)


def plain(ran: Ran) -> None:
    """Nothing that only a terminal understands."""
    for said in (ran.out, ran.err):
        assert "\x1b" not in said and "\r" not in said and "Traceback" not in said, said


def printed(ran: Ran, scenario: Scenario) -> list[object]:
    return ran.lines if scenario.lines else [ran.json]


# -- that nothing is forgotten


def test_every_command_has_its_scenario_and_its_schema() -> None:
    assert set(SCENARIOS) == set(ALL), "see host/tests/command_scenarios.py"
    missing = {schema_of(name) for name in ALL} - {path.stem for path in schemas.files()}
    assert not missing, f"host/dosebell/schemas lacks {missing}"


def test_the_schemas_are_schemas_and_ship_with_the_package() -> None:
    from jsonschema import Draft202012Validator

    used = {schema_of(name) for name in ALL} | {"common", "error", "event", "log-line"}
    for path in schemas.files():
        Draft202012Validator.check_schema(json.loads(path.read_text()))
        assert path.stem in used, f"{path.name} is of no command"
    assert '"dosebell.schemas" = ["*.json"]' in (ROOT / "pyproject.toml").read_text()


def test_the_schema_of_an_event_knows_every_kind_and_every_field_in_order() -> None:
    kinds = json.loads((schemas.FOLDER / "event.json").read_text())["$defs"]
    assert {kind: list(schema["properties"]) for kind, schema in kinds.items()} == {
        kind: [name for name, _ in fields] for kind, fields in FIELDS
    }
    for kind, fields in FIELDS:
        for name, words in fields:
            if isinstance(words, tuple):
                assert kinds[kind]["properties"][name]["enum"] == list(words)


def test_what_is_not_in_the_schema_or_not_in_its_order_is_found() -> None:
    """The check itself: it must be able to fail."""
    good = {"done": "dose-reason", "cycle": 1, "slot": 2, "reason": "renal"}
    schemas.check("dose-reason", good)
    for bad in (
        {**good, "slot": 64},
        {**good, "by": "nurse"},
        dict(reversed(good.items())),
        {key: value for key, value in good.items() if key != "reason"},
    ):
        with pytest.raises(AssertionError):
            schemas.check("dose-reason", bad)
    event = {
        "seq": 1,
        "boot": 1,
        "mono_ms": 0,
        "utc": None,
        "quality": "unknown",
        "kind": "boot",
        "cycle": 0,
        "slot": 0,
    }
    schemas.check("event", {**event, "detail": {"cause": "power-on", "warm": False}})
    for detail in ({"warm": False, "cause": "power-on"}, {"cause": "power-on"}, {"cause": "fire", "warm": False}):
        with pytest.raises(AssertionError):
            schemas.check("event", {**event, "detail": detail})


def test_the_documents_name_every_schema_and_every_exit_code() -> None:
    said = (ROOT / "docs" / "commands.md").read_text()
    assert "../host/dosebell/schemas" in said
    for code, _ in EXIT_CODES:
        assert f"| {code} |" in (ROOT / "docs" / "errors.md").read_text()


def test_the_schema_of_an_error_knows_all_that_errors_say_in_order() -> None:
    known = list(json.loads((schemas.FOLDER / "error.json").read_text())["properties"])
    raised = 0
    for path in (ROOT / "host" / "dosebell").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "DosebellError":
                said = [one.arg for one in node.keywords if one.arg not in (None, "by_device", "note")]
                assert said == [key for key in known if key in said], f"{path.name}:{node.lineno}: {said}"
                raised += 1
    assert raised > 100


# -- results


@pytest.mark.parametrize("name", ALL)
def test_json_is_what_its_schema_says(name: str, make_world: MakeWorld) -> None:
    world, scenario = make_world(name), SCENARIOS[name]
    scenario.given(world)
    for arguments in scenario.runs:
        ran = run(world, name, arguments, "--json")
        assert ran.code == 0, ran.err
        plain(ran)
        found = printed(ran, scenario)
        assert found
        for each in found:
            schemas.check(schema_of(name), each)


@pytest.mark.parametrize("name", ALL)
def test_people_get_their_result_on_stdout_without_colour(name: str, make_world: MakeWorld) -> None:
    world, scenario = make_world(name), SCENARIOS[name]
    scenario.given(world)
    ran = run(world, name, scenario.runs[0])
    assert ran.code == 0, ran.err
    plain(ran)
    assert ran.out.endswith("\n") or (name == "ports" and not ran.out)
    assert all(len(line) <= 80 or " " not in line for line in ran.out.splitlines()), ran.out


def test_an_exported_log_is_what_its_schema_says(make_world: MakeWorld) -> None:
    world = make_world()
    SCENARIOS["log export"].given(world)
    lines = world.ok("log", "export").lines
    for line in lines:
        schemas.check("log-line", line)
    assert "log" in lines[0] and "end" in lines[-1]


# -- errors


def refused(ran: Ran, exit_code: int, error: str) -> None:
    """The documented exit code, one JSON object as the last line on stderr, nothing on stdout."""
    plain(ran)
    assert (ran.code, ran.error["error"], ran.error["exit"]) == (exit_code, error, exit_code), ran.err
    assert exit_code in dict(EXIT_CODES)
    schemas.check("error", ran.error)


@pytest.mark.parametrize("name", ALL)
def test_wrong_use_exits_with_2(name: str, make_world: MakeWorld) -> None:
    ran = dosebell("--json", *name.split(), "--no-such-option")
    refused(ran, 2, "usage")
    assert ran.out == "" and ran.error["command"] == f"dosebell {name}"


@pytest.mark.parametrize("name", ON_DEVICE)
def test_without_a_device_it_exits_with_3(name: str) -> None:
    ran = dosebell("--json", *name.split(), *SCENARIOS[name].runs[0])
    refused(ran, 3, "no-device")
    assert ran.out == ""


@pytest.mark.parametrize("name", ON_DEVICE)
def test_what_the_device_refuses_exits_with_4_5_and_6(name: str, make_world: MakeWorld) -> None:
    world, scenario = make_world(name), SCENARIOS[name]
    scenario.given(world)
    for answer, exit_code, error in (
        ({"err": "bad-request"}, 4, "bad-request"),
        ({"err": "journal-fault"}, 5, "journal-fault"),
        ([1, 2], 6, "bad-answer"),
    ):
        world.device.answers[scenario.asks] = answer
        ran = run(world, name, scenario.runs[0], "--json")
        refused(ran, exit_code, error)
        assert ran.out == ""


@pytest.mark.parametrize("name", [name for name in ALL if name in SCENARIOS and SCENARIOS[name].fails])
def test_other_ways_to_an_exit_code(name: str, make_world: MakeWorld) -> None:
    for exit_code, fails in SCENARIOS[name].fails.items():
        world = make_world(name)
        fails.given(world)
        ran = run(world, name, fails.arguments, "--json")
        refused(ran, exit_code, fails.error)
        if ran.out:  # what could be done all the same
            schemas.check(schema_of(name), ran.json)
