"""A stranger follows docs/biomed-manual.md on the emulated bench, from a bare board to next year's proof: each command of it is run, in its order."""

import json
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dosebell.image.files import ROOT
from dosebell.provisioning.steps import BUTTONS, QUESTIONS
from dosebell.sim import FLASH_SIZE
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.attended import AttendedCommand
from hil_tests.bench.command import CliResult
from hil_tests.bench.computer import Computer
from hil_tests.conftest import MakeBench
from hil_tests.engineer import Engineer

MANUAL = ROOT / "docs" / "biomed-manual.md"
# For a command that hangs; decides nothing else.
WALL_LIMIT_S = 300.0
BARE = b"\xff" * FLASH_SIZE
_STEP = re.compile(r"<!-- at the board: (?P<act>[^>]+) -->|^```sh\n(?P<block>.*?)^```", re.MULTILINE | re.DOTALL)
# What installs the project was done before this test could run.
ALREADY_DONE = ("make setup", ". .venv/bin/activate")


def steps() -> Iterator[tuple[str, str]]:
    """What the manual has the reader do, in its order: ("act", words) at the board, ("command", line) at the computer."""
    for found in _STEP.finditer(MANUAL.read_text(encoding="utf-8")):
        if found["act"]:
            yield "act", found["act"]
        else:
            yield from (("command", line) for line in found["block"].splitlines() if line.strip())


class Desk(Computer):
    """The computer at which the manual is followed, and the engineer before the board."""

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.home = home / "user"
        self._where = {"DOSEBELL_PORTS": str(home / "ports"), "DOSEBELL_DRIVES": str(home / "drives")}

    def follow(self, line: str, serial_number: str, engineer: Engineer) -> CliResult:
        """One command line of the manual, typed in the checkout."""
        bench, port, timekeeper = self._boards[serial_number]
        command = AttendedCommand(
            ("sh", "-c", line),
            home=self.home,
            place=ROOT,
            environment={
                **self._where,
                "DOSEBELL_TIMEOUT": "60",
                "PATH": os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])),
                "TTY": port.path or "",
            },
        )
        engineer.begin()
        end = time.monotonic() + WALL_LIMIT_S

        def done() -> bool:
            if time.monotonic() > end:
                raise TimeoutError(f"{line}: not done within {WALL_LIMIT_S:g} s; it said {command.said()}")
            engineer.look(command)
            return command.done()

        try:
            if "flash" in line:  # the board leaves its port for the loader, and time must go on meanwhile
                self.serve(done)
            else:
                timekeeper.serve_on_demand(done)
        finally:
            result = command.result()
        return result


@pytest.mark.req("B-01", "B-02", "B-03", "H-02", "A-07")
def test_a_stranger_follows_the_manual(make_bench: MakeBench, tmp_path: Path) -> None:
    # given a bare Pico with buttons, lights, sounder, a clock chip and a display soldered to it
    bench = make_bench(BARE, display=True)
    bench.solder_clock_chip()
    engineer = Engineer(bench)
    desk = Desk(tmp_path / "computer")
    acts: dict[str, Callable[[], object]] = {
        "a bare Pico is plugged in": lambda: desk.plug(bench),
        "power on with HOLD and PAUSE": bench.open_maintenance,
        "power off and on": lambda: off_and_on(bench),
    }
    serial_number = bench.bedside.unique_id.hex()
    said: dict[str, list[CliResult]] = {}
    try:
        # when all is done as it stands there, in its order
        for kind, words in steps():
            if kind == "act":
                acts.pop(words)()
                desk.look()
            elif words not in ALREADY_DONE:
                result = desk.follow(words, serial_number, engineer)
                assert result.exit_code == 0, f"{words}: {result.exit_code}\n{result.stdout}\n{result.stderr}"
                said.setdefault(" ".join(shlex.split(words)[:3]), []).append(result)
    finally:
        desk.close()
    # then nothing was left out, the device is provisioned and well, and what it runs is what the record says and what is built here
    assert not acts
    hello = scenes.ask(bench, "hello")
    (line,) = (desk.home / ".local/share/dosebell/production.jsonl").read_text().splitlines()
    made = json.loads(line)
    assert made["passed"] and made["by"] == "mk" and made["clock_battery"] is True
    assert engineer.answers == dict.fromkeys((each.test for each in QUESTIONS), "yes")
    assert made["device"] == {key: hello[key] for key in ("id", "label", "board", "firmware", "micropython", "image")}
    assert (hello["label"], made["code"]["computed"]) == ("Bed 12", hello["image"])
    assert f"image {hello['image']}" in said["make image BOARD=pico"][0].stdout
    bill = json.loads((ROOT / "build" / "dosebell-pico.cdx.json").read_text())
    assert bill["metadata"]["component"]["properties"] == [{"name": "dosebell:image-hash", "value": hello["image"]}]
    assert hello["id"] in (ROOT / "build" / "labels.html").read_text()
    assert scenes.ask(bench, "status")["course"]["state"] == "ready"


def off_and_on(bench: EmulatedBench) -> None:
    bench.cut_power()
    bench.restore_power()
    bench.wait(scenes.BOOTED_S)


@pytest.mark.req("B-01")
def test_the_manual_names_every_test_of_provisioning() -> None:
    tests = ["code", "clock", "configured", "self-test", "no-alert", *(each.test for each in QUESTIONS)]
    text = MANUAL.read_text(encoding="utf-8")
    for name in (*tests, *(f"button-{button}" for button in BUTTONS)):
        assert f"`{name}`" in text, name
