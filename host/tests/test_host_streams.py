"""What goes where: colour and bars on a terminal only, none with NO_COLOR, and a reader that goes away (H-01)."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from command_scenarios import World, pulled
from host_command import PATHS
from scripted_device import ScriptedDevice

pytestmark = pytest.mark.req("H-01")

BOLD = "\x1b[1m"


@pytest.fixture
def world(device: ScriptedDevice, tmp_path: Path) -> World:
    return World(device, tmp_path)


def environment(world: World, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    return {**kept, "PYTHONPATH": PATHS, "TERM": "xterm", "XDG_DATA_HOME": f"{world.home}/data", **more}


def on_terminal(world: World, *arguments: str, **more: str) -> str:
    """All that a command says with stdout and stderr on one terminal."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "dosebell", "--port", world.device.port, *arguments]
    process = subprocess.Popen(command, stdout=slave, stderr=slave, env=environment(world, **more))
    os.close(slave)
    said = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:  # the last one has closed it
            break
        said += data
    process.wait(10)
    os.close(master)
    return said.decode()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(("status",), "Journal"), (("course", "stop"), "no-course"), (("regimen", "list"), "hd-il2")],
)
def test_a_terminal_has_headings_in_bold_but_not_with_no_color(
    world: World, arguments: tuple[str, ...], words: str
) -> None:
    said = on_terminal(world, *arguments)
    assert BOLD in said and words in said
    said = on_terminal(world, *arguments, NO_COLOR="1")
    assert "\x1b" not in said and words in said


def test_the_bar_of_a_pull_has_no_colour_with_no_color(world: World) -> None:
    for _ in range(250):
        world.device.happen("fault", code="test", words="of no meaning")
    said = on_terminal(world, "log", "pull", NO_COLOR="1")
    moves = said.replace("\x1b[?25l", "").replace("\x1b[?25h", "").replace("\x1b[2K", "").replace("\x1b[1A", "")
    assert "Pulling the log" in moves and "\x1b" not in moves, "a line that is written anew, and no more"


def test_json_on_a_terminal_is_json_alone(world: World) -> None:
    assert "\x1b" not in on_terminal(world, "--json", "log", "pull")


@pytest.mark.parametrize(
    "arguments", [("log", "show"), ("--json", "log", "show"), ("log", "export"), ("log", "export", "--format", "csv")]
)
def test_a_reader_that_goes_away_ends_the_command_quietly(world: World, arguments: tuple[str, ...]) -> None:
    for _ in range(300):
        world.device.happen("fault", code="test", words="of no meaning")
    pulled(world)
    process = subprocess.Popen(
        [sys.executable, "-m", "dosebell", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(world),
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()  # before it has said a word
    assert process.stderr.read() == b""
    assert process.wait(10) == 1
