"""`dosebell flash`, the real command in a process of its own, against the loader drives of emulated boards (B-01, issue: from a bare board)."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dosebell.image import build_image
from dosebell.image.files import BOARDS, FIRMWARE, ROOT
from dosebell.sim import FLASH_SIZE, flash_from_uf2
from dosebell.sim.pico import UNIQUE_ID
from hil_tests import scenes
from hil_tests.bench.command import CliResult
from hil_tests.bench.computer import Computer
from hil_tests.bench.interface import to_wire
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured, stored_events
from hil_tests.scenes import BOOTED_S

IMAGE = ROOT / "build" / "dosebell-pico.uf2"
BLANK = b"\xff" * FLASH_SIZE
# Where the journal's sectors begin.
APPLICATION_END = 0xA2000


@pytest.fixture
def computer(tmp_path: Path) -> Iterator[Computer]:
    made = Computer(tmp_path / "computer")
    yield made
    made.close()


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The flash of a new board with an older image."""
    return flash_from_uf2(older_image(tmp_path_factory.mktemp("older")).read_bytes())


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An image of another version."""
    return build_image(
        BOARDS / "pico.toml", FIRMWARE, tmp_path_factory.mktemp("newer") / "newer.uf2", version="99.0.1"
    ).path


def older_image(folder: Path) -> Path:
    return build_image(BOARDS / "pico.toml", FIRMWARE, folder / "older.uf2", version="0.0.9").path


def error(result: CliResult) -> Any:
    """The error of a run with --json."""
    return json.loads(result.stderr.splitlines()[-1])


@pytest.mark.req("B-01")
def test_a_copy_that_breaks_off_leaves_a_board_in_its_loader_and_all_boards_are_flashed(
    computer: Computer, make_bench: MakeBench, older: bytes, newer: Path
) -> None:
    # given a blank board: it is in its loader; and a cable that comes off in the middle of the copy
    blank = make_bench(BLANK)
    drive = computer.drives[computer.plug(blank)]
    assert blank.lights() == {"red": False, "yellow": False, "green": False, "alive": False}
    drive.breaks_after = 60  # of 2,840: the computer writes ahead of the board, by as much as the board is slow
    failed = computer.run("--json", "flash", str(newer))
    # then that is said, with how far the computer had come, which is ahead of the board
    assert failed.exit_code == 3, failed.stderr
    assert error(failed)["error"] == "copy-broke-off" and 0 < error(failed)["percent"] < 100
    # and when it is switched on again it is in its loader, not in half an image
    blank.cut_power()
    blank.restore_power()
    blank.replug()
    computer.look()
    assert drive.path is not None
    # and given a second board, with an older image, that was never configured
    second = make_bench(older, unique_id=bytes([2] * 8))
    second.wait(BOOTED_S)
    number = computer.plug(second)
    # when none is named, then nothing is done
    assert error(computer.run("--json", "flash", str(IMAGE)))["error"] == "several-boards"
    # when all are to be flashed, with another image of as many blocks as what broke off, then both run that, and all of it
    done = computer.run("--json", "flash", "--all", "--yes", str(IMAGE)).ok().json
    assert [board["id"] for board in done["boards"]] == [UNIQUE_ID.hex(), number]
    assert {(board["image"], board["with"]) for board in done["boards"]} == {(done["image"], "copy")}
    assert "was" not in done["boards"][0] and done["boards"][1]["was"] == "0.0.9"
    for bench in (blank, second):
        assert bench.pico.snapshot()[:APPLICATION_END] == flash_from_uf2(IMAGE.read_bytes())[:APPLICATION_END]
    assert drive.path is None


@pytest.mark.req("B-01", "J-03", "H-03")
def test_an_update_of_one_board_of_two_keeps_its_course_log_and_settings(
    computer: Computer, make_bench: MakeBench, older: bytes, tmp_path: Path
) -> None:
    # given a board with an older image, on which a course runs, and another board beside it
    bench = make_bench(configured(older))
    due = scenes.running(bench, due_in=3600)
    events = stored_events(bench.pico.snapshot())
    other = make_bench(older, unique_id=bytes([2] * 8))
    other.wait(BOOTED_S)
    computer.plug(other)
    number = computer.plug(bench)

    def flash(*options: str, confirmed: bool = False) -> CliResult:
        at = [number] if confirmed else []
        return computer.run("--json", "--port", number, "flash", *options, confirmed_at=at)

    # when the image is another board's, or it is not forced, or nobody confirms it at the bed, then nothing happens
    panel = build_image(BOARDS / "pico-panel.toml", FIRMWARE, tmp_path / "panel.uf2").path
    for options, exit_code, code in (
        ([str(panel)], 2, "wrong-board"),
        ([str(IMAGE)], 4, "course-running"),
        (["--force", str(IMAGE)], 4, "expired"),
    ):
        refused = flash(*options)
        assert (refused.exit_code, error(refused)["error"]) == (exit_code, code), refused.stderr
    assert bench.pico.resets == [] and scenes.slot_and_phase(bench) == (1, "waiting")
    # when it is forced and confirmed, then the new code runs, and log, settings and course are what they were
    (board,) = flash("--force", str(IMAGE), confirmed=True).ok().json["boards"]
    assert (board["id"], board["was"], board["course"]) == (number, "0.0.9", "running")
    assert board["firmware"] == scenes.ask(bench, "hello")["firmware"] != "0.0.9"
    assert (board["label"], board["last_seq_before"]) == ("bed 7", events[-1][0])
    assert stored_events(bench.pico.snapshot())[: len(events)] == events
    # and the boot says that it was on purpose: nobody is called for a fault
    boot = next(event for event in scenes.kinds(bench, "boot") if event.seq > events[-1][0])
    assert boot.detail == {"cause": "software", "warm": False}
    assert scenes.alert(bench, "self-test-failed") is None
    # and the clock, from which this computer's differs by days, is left to a person
    assert board["clock"] == "differs"
    scenes.synchronise(bench)
    assert scenes.status(bench)["course"]["due"] == to_wire(bench.utc_at(due))
    # and the other board was left alone
    assert other.pico.resets == []


@pytest.mark.req("B-01")
def test_a_drive_that_is_read_only_and_a_board_that_does_not_come_back(
    computer: Computer, make_bench: MakeBench, new_board: bytes, tmp_path: Path
) -> None:
    # given a board with BOOTSEL held at power-on, on a computer that may not write to drives
    bench = make_bench(new_board)
    bench.hold_bootsel_at_power_on()
    drive = computer.drives[computer.plug(bench)]
    drive.vanish()
    drive.writable = False
    computer.look()
    locked = computer.run("--json", "flash", str(IMAGE))
    assert locked.exit_code == 2 and error(locked)["error"] == "drive-readonly"
    # when it may, but the image starts nothing
    drive.vanish()
    drive.writable = True
    computer.look()
    dead = build_image(BOARDS / "pico.toml", dead_firmware(tmp_path), tmp_path / "dead.uf2", version="0.0.2").path
    gone = computer.run("--json", "flash", "--wait", "3", str(dead))
    # then the command waits for so long, and says what to do
    assert gone.exit_code == 5 and error(gone)["error"] == "not-back"
    assert "BOOTSEL" in error(gone)["advice"]


def dead_firmware(folder: Path) -> Path:
    """Sources of a firmware that never begins to listen."""
    firmware = folder / "firmware"
    shutil.copytree(FIRMWARE, firmware, ignore=shutil.ignore_patterns("__pycache__"))
    (firmware / "main.py").write_text(
        "import micropython; micropython.kbd_intr(-1)\nwhile True: micropython.mem_info\n"
    )
    return firmware


@pytest.mark.req("B-01", "H-06")
def test_without_a_board_the_command_says_what_a_computer_cannot_know(computer: Computer) -> None:
    nothing = computer.run("--json", "flash", str(IMAGE))
    assert nothing.exit_code == 3 and error(nothing)["error"] == "no-board"
    assert "carry power alone" in error(nothing)["advice"]
