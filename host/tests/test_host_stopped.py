"""Ctrl-C, and a polite signal to end, at any moment of a command that writes: nothing is left half written, and the command says that it was stopped (H-01).

Pulls that are stopped stand in `test_pull_cuts`, beside those that are killed.
"""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
import schemas
from built_device import OnTheTable
from command_scenarios import SCENARIOS, World, pulled
from host_command import PATHS
from pytest_mock import MockerFixture
from scripted_device import ScriptedDevice

from dosebell.cli import output
from dosebell.deferred import deferred
from dosebell.errors import EXIT_CODES, STOPPED
from dosebell.image import files
from dosebell.provisioning import record

pytestmark = pytest.mark.req("H-01")

SEED = 20261128
CODES = {signal.SIGINT: STOPPED, signal.SIGTERM: 143, signal.SIGHUP: 129}
CHANGES = ("configure", "course start", "course stop", "course next-cycle", "course reschedule", "dose record")
# Says when our own code begins: what comes before is the interpreter's.
_UP = "import os; from dosebell.__main__ import main; os.write({fd}, b'!'); main()"


class Running:
    """A `dosebell` under way, to be sent signals."""

    def __init__(self, *arguments: str, home: Path) -> None:
        up, told = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _UP.format(fd=told), *arguments],
            env={
                **os.environ,
                "PYTHONPATH": PATHS,
                "XDG_DATA_HOME": f"{home}/data",
                "XDG_CONFIG_HOME": f"{home}/config",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=(told,),
        )
        os.close(told)
        os.read(up, 1)
        os.close(up)
        self.began = time.monotonic()

    def send(self, number: int) -> None:
        self._process.send_signal(number)

    def end(self) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        out, err = self._process.communicate(timeout=20)
        return self._process.returncode, out, err


@pytest.fixture
def world(device: ScriptedDevice, tmp_path: Path) -> World:
    return World(device, tmp_path)


def journal(device: ScriptedDevice) -> list[str]:
    from dosecore import events

    return [events.decode(bytes(raw)).kind for _, raw in device.ring.read_sector(device.ring.epoch).events]


def stopped_at(world: World, name: str, request: int, number: signal.Signals) -> tuple[int, str, str]:
    """Run a command of SCENARIOS and send it a signal as its request of that number reaches the device."""
    seen = 0

    def meanwhile() -> None:
        nonlocal seen
        seen += 1
        if seen == request:
            running.send(number)

    arguments = SCENARIOS[name].runs[0]
    running = Running("--port", world.device.port, *name.split(), *arguments, home=world.home)
    world.device.meanwhile = meanwhile
    try:
        return running.end()
    finally:
        world.device.meanwhile = lambda: None


@pytest.mark.req("H-03")
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_is_stopped_changes_nothing_and_says_that_its_offer_lapses(world: World, name: str) -> None:
    SCENARIOS[name].given(world)
    world.device.confirm, world.device.offer_s = False, 0.05  # the next one finds the bed free again
    before = journal(world.device)
    for request, number in (
        (1, signal.SIGTERM),
        (2, signal.SIGINT),
        (4, signal.SIGHUP),
    ):  # hello; the change; the second look
        code, out, err = stopped_at(world, name, request, number)
        assert (code, out) == (CODES[number], ""), err
        assert err.endswith("stopped\n") and "Traceback" not in err
        assert ("The offer lapses within 60 s unless PAUSE is held" in err) == (request > 1), err
        assert journal(world.device) == before
        time.sleep(0.06)


@pytest.mark.parametrize(("name", "kind"), [("clock sync", "clock-set"), ("dose reason", "dose-reason")])
def test_what_needs_no_confirmation_has_happened_once_or_not_at_all(world: World, name: str, kind: str) -> None:
    SCENARIOS["dose reason"].given(world)
    before = journal(world.device).count(kind)
    asked = 14 if kind == "clock-set" else 2  # hello, 12 exchanges and another hello come before the setting
    for request, happens in ((1, 0), (asked, 0 if kind == "clock-set" else 1), (asked + 1, 1)):
        code, out, err = stopped_at(world, name, request, signal.SIGINT)
        assert "Traceback" not in err and (code == 0) != err.endswith("stopped\n")
        assert code in (0, STOPPED)
        assert journal(world.device).count(kind) - before <= happens
        before = journal(world.device).count(kind)


@pytest.mark.parametrize(
    ("words", "trials"),
    [
        ("log export --format jsonl", 8),
        ("log export --format csv", 4),
        ("log export --format fhir", 4),
        ("log export --format ics", 4),
        ("report", 4),
    ],
)
def test_what_is_stopped_as_it_writes_a_file_leaves_the_old_one_or_the_new_one(
    world: World, words: str, trials: int
) -> None:
    for _ in range(300):
        world.device.happen("fault", code="test", words="of no meaning")
    pulled(world)
    exports = world.home / "exports"
    exports.mkdir()
    file = exports / "written"
    command = (*words.split(), "--output", str(file))
    running = Running(*command, home=world.home)
    assert running.end()[0] == 0
    took, end = time.monotonic() - running.began, file.read_text()[-30:]  # what comes before may tell when it was made
    random, codes = Random(f"{SEED}/{words}"), []
    for trial in range(trials):
        file.write_text("old")
        running = Running(*command, home=world.home)
        time.sleep(random.random() * took)
        number = (signal.SIGINT, signal.SIGTERM)[trial % 2]
        running.send(number)
        code, out, err = running.end()
        codes.append(code)
        assert code in (0, CODES[number]) and (code == 0) != err.endswith("stopped\n"), (
            f"seed {SEED}, trial {trial}: {err}"
        )
        assert "Traceback" not in err
        written = file.read_text()
        assert written.endswith(end) or (code and written == "old"), f"seed {SEED}, trial {trial}: {written[-60:]}"
        assert list(exports.iterdir()) == [file], "something was left beside it"
    assert any(codes), "none was stopped in time"


@pytest.mark.req("B-01")
def test_provisioning_that_is_stopped_is_recorded_as_stopped(tmp_path: Path) -> None:
    with OnTheTable() as board:
        world = World(board, tmp_path)
        # hello; the look at its state; the reading of its code; what it plays
        for number, (request, sent) in enumerate(
            ((1, signal.SIGINT), (2, signal.SIGTERM), (12, signal.SIGHUP), (58, signal.SIGINT))
        ):
            code, out, err = stopped_at(world, "provision run", request, sent)
            assert (code, out) == (CODES[sent], "") and err.endswith("stopped\n") and "Traceback" not in err, err
            # before the board said who it is there is nothing to record; then there is a whole line for each time
            found = record.read(world.records) if number else []
            assert len(found) == number and all((one["error"], one["passed"]) == ("stopped", False) for one in found)
            for one in found:
                schemas.check("provision-run", one)
        assert found[0]["results"] == []
        assert [each["test"] for each in found[-1]["results"]][:3] == ["code", "clock", "configured"]
        assert not list(tmp_path.glob("*.html"))


def test_a_signal_that_is_held_back_takes_effect_afterwards() -> None:
    done = []
    for number in (signal.SIGINT, signal.SIGTERM):
        handler = signal.signal(number, lambda *_: done.append("stopped"))
        try:
            with deferred():
                signal.raise_signal(number)
                done.append("goes on")
        finally:
            signal.signal(number, handler)
    assert done == ["goes on", "stopped"] * 2


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_a_file_is_written_wholly_or_not_at_all(tmp_path: Path, mocker: MockerFixture, step: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text("old")
    mocker.patch(step, side_effect=KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        output.write_whole(file, "new")
    assert list(tmp_path.iterdir()) == [file] and file.read_text() == "old"


def test_a_flash_that_is_kept_is_written_wholly_or_not_at_all(tmp_path: Path, mocker: MockerFixture) -> None:
    file = tmp_path / "flash.bin"
    file.write_bytes(b"old")
    mocker.patch("pathlib.Path.replace", side_effect=KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        files.write_whole(file, b"new")
    assert list(tmp_path.iterdir()) == [file] and file.read_bytes() == b"old"


def test_stopped_before_anything_began_is_said_as_well(tmp_path: Path) -> None:
    random = Random(SEED)
    for _ in range(4):
        running = Running("--help", home=tmp_path)
        time.sleep(random.random() * 0.08)
        running.send(signal.SIGINT)
        code, _, err = running.end()
        assert code in (0, STOPPED) and "Traceback" not in err
        assert (code == 0) == (err == ""), err


def test_the_exit_code_of_being_stopped_is_documented() -> None:
    said = dict(EXIT_CODES)[STOPPED]
    assert all(str(code) in said for code in CODES.values() if code != STOPPED)
