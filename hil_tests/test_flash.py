"""`dosebell flash`, the real command in a process of its own, against the loader drives of emulated boards (B-01, issue: from a bare board)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dosebell.image import build_image
from dosebell.image.files import BOARDS, FIRMWARE, ROOT
from dosebell.sim import FLASH_SIZE, flash_from_uf2
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.command import CliResult
from hil_tests.bench.computer import Computer
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured, stored_events
from hil_tests.scenes import BOOTED_S

IMAGE = ROOT / "build" / "dosebell-pico.uf2"
BLANK = b"\xff" * FLASH_SIZE


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


def version(bench: EmulatedBench) -> Any:
    return scenes.ask(bench, "hello")["firmware"]


def error(result: CliResult) -> Any:
    """The error of a run with --json."""
    import json

    return json.loads(result.stderr.splitlines()[-1])


@pytest.mark.req("B-01")
def test_a_blank_board_is_flashed_after_a_copy_that_broke_off(
    computer: Computer, make_bench: MakeBench, newer: Path
) -> None:
    # given a blank board: it is in its loader; and a cable that comes off in the middle of the copy
    bench = make_bench(BLANK)
    serial_number = computer.plug(bench)
    drive = computer.drives[serial_number]
    assert bench.lights() == {"red": False, "yellow": False, "green": False, "alive": False}
    drive.breaks_after = 1500
    failed = computer.run("--json", "flash", str(newer))
    # then that is said, and what to do
    assert failed.exit_code == 3, failed.stderr
    assert error(failed)["error"] == "copy-broke-off" and 40 < error(failed)["percent"] < 60
    # and when it is switched on again it is in its loader, not in half an image
    bench.cut_power()
    bench.restore_power()
    bench.replug()
    computer.look()
    assert drive.path is not None
    # when the command is given again, with another image of as many blocks, then the board runs that
    done = computer.run("--json", "flash", str(IMAGE)).ok().json
    (board,) = done["boards"]
    assert (board["id"], board["image"], board["with"]) == (serial_number, done["image"], "copy")
    assert bench.pico.snapshot()[:0xA2000] == flash_from_uf2(IMAGE.read_bytes())[:0xA2000]
    assert drive.path is None


@pytest.mark.req("B-01", "J-03")
def test_an_update_of_a_board_with_a_course_keeps_log_settings_and_course(
    computer: Computer, make_bench: MakeBench, older: bytes
) -> None:
    # given a board with an older image, on which a course runs
    bench = make_bench(configured(older))
    due = scenes.running(bench, due_in=3600)
    assert version(bench) == "0.0.9"
    events = stored_events(bench.pico.snapshot())
    serial_number = computer.plug(bench)
    # when it is to be updated, then the device refuses
    refused = computer.run("flash", str(IMAGE))
    assert refused.exit_code == 4 and "course-running" in refused.stderr and "--force" in refused.stderr
    # and when that is forced, and PAUSE is held at the bed, it is done
    done = computer.run("--json", "flash", "--force", str(IMAGE), confirmed_at=[serial_number]).ok().json
    (board,) = done["boards"]
    # then log, settings and course are what they were, and the new code runs
    assert (board["was"], board["firmware"], board["course"]) == ("0.0.9", done["firmware"], "running")
    assert (board["label"], board["last_seq_before"]) == ("bed 7", events[-1][0])
    assert stored_events(bench.pico.snapshot())[: len(events)] == events
    boot = next(event for event in scenes.kinds(bench, "boot") if event.seq > events[-1][0])
    assert boot.detail == {"cause": "software", "warm": False}
    assert scenes.alert(bench, "self-test-failed") is None
    # and the clock, which this computer's differs from by years, is left to a person
    assert board["clock"] == "differs"
    assert scenes.status(bench)["course"]["next_due"] is not None
    assert due > 0


@pytest.mark.req("B-01", "H-03")
def test_nothing_happens_to_a_board_at_which_nobody_confirms(
    computer: Computer, make_bench: MakeBench, older: bytes
) -> None:
    bench = make_bench(configured(older))
    bench.wait(BOOTED_S)
    computer.plug(bench)
    refused = computer.run("flash", str(IMAGE))
    assert refused.exit_code == 4 and refused.stderr.splitlines()[-2].startswith("expired")
    assert bench.pico.resets == [] and version(bench) == "0.0.9"


@pytest.mark.req("B-01")
def test_all_boards_are_flashed_and_one_that_is_another_board_is_told(
    computer: Computer, make_bench: MakeBench, older: bytes, tmp_path: Path
) -> None:
    # given two boards in service that were never configured, and an image for another kind of board
    benches = {}
    for number in (1, 2):
        bench = make_bench(older, unique_id=bytes([number] * 8))
        bench.wait(BOOTED_S)
        benches[computer.plug(bench)] = bench
    panel = build_image(BOARDS / "pico-panel.toml", FIRMWARE, tmp_path / "panel.uf2").path
    first, second = sorted(benches)
    # when one is not named, or the image is not its own, then nothing is done
    assert error(computer.run("--json", "flash", str(IMAGE)))["error"] == "several-boards"
    wrong = computer.run("--json", "--port", first, "flash", str(panel))
    assert wrong.exit_code == 2 and error(wrong)["error"] == "wrong-board" and error(wrong)["theirs"] == "pico"
    assert all(bench.pico.resets == [] for bench in benches.values())
    # when one is named by its serial number, then that one is updated
    computer.run("--port", second, "flash", str(IMAGE)).ok()
    assert [version(benches[each]) != "0.0.9" for each in (first, second)] == [False, True]
    # and with --all both are, one after the other
    done = computer.run("--json", "flash", "--all", "--yes", str(IMAGE)).ok().json
    assert [board["id"] for board in done["boards"]] == [first, second]
    assert all(version(bench) != "0.0.9" for bench in benches.values())


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
    import shutil

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
