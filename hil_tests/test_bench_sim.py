"""`dosebell sim`: the emulated device for people and scripts, with a small guest in place of the firmware."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import serial  # type: ignore[import-untyped]

from dosebell.image import build_uf2
from dosebell.sim import display
from hil_tests.bench.command import ROOT
from hil_tests.bench.guests import BELL, CLOCK_SEEKER, WRITER

WALL_LIMIT_S = 20


def uf2(folder: Path, program: str) -> Path:
    file = folder / "guest.uf2"
    file.write_bytes(build_uf2({"main.py": program.encode()}))
    return file


@contextmanager
def running(*args: str) -> Iterator["subprocess.Popen[str]"]:
    """A `dosebell --json sim`, ended when the test is done with it."""
    path = os.pathsep.join(str(ROOT / folder) for folder in ("host", "firmware"))
    process = subprocess.Popen(
        [sys.executable, "-m", "dosebell", "--json", "sim", *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=os.environ | {"PYTHONPATH": path},
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.req("H-02")
def test_a_program_talks_to_it_and_lines_on_stdin_are_its_hands(tmp_path: Path) -> None:
    link = tmp_path / "bell"
    with running("--image", str(uf2(tmp_path, BELL)), "--link", str(link), "--speed", "100") as sim:
        assert sim.stdin is not None
        assert sim.stdout is not None
        assert json.loads(sim.stdout.readline()) == {"port": str(link)}
        with serial.Serial(str(link), timeout=5) as port:
            port.write(b"good morning")
            assert port.read(12) == b"good morning"
        sim.stdin.write("wait 100\nhold start 0.3\nlights\n")
        waited = json.loads(sim.stdout.readline())
        lights = json.loads(sim.stdout.readline())
        assert waited["t"] > 100
        assert lights["t"] >= waited["t"] + 0.3
        assert lights["lights"]["green"].startswith("1 Hz")
        assert lights["lights"]["yellow"] == "irregular"
        out, err = sim.communicate("press nose\nquit\n", timeout=WALL_LIMIT_S)
        assert "the buttons are start, hold, pause" in err
    assert sim.returncode == 0
    assert not link.is_symlink()


@pytest.mark.req("H-02")
def test_the_flash_is_kept_from_run_to_run(tmp_path: Path) -> None:
    image, flash = uf2(tmp_path, WRITER), tmp_path / "flash"
    with running("--image", str(image), "--flash", str(flash)) as sim:
        sim.communicate("wait 2.5\nquit\n", timeout=WALL_LIMIT_S)
    written = flash.read_bytes()[0xA2100:0xA2300]
    assert written == b"\x01" * 256 + b"\x02" * 256
    with running("--image", str(image), "--flash", str(flash)) as sim:
        assert sim.stdout is not None
        sim.stdout.readline()
        sim.send_signal(signal.SIGINT)
        sim.communicate(timeout=WALL_LIMIT_S)
    assert sim.returncode == 0
    assert flash.stat().st_size == 2 * 1024 * 1024


@pytest.mark.req("H-02", "T-05")
@pytest.mark.parametrize(("options", "green", "red"), [([], "off", "steady"), (["--clock-chip"], "steady", "off")])
def test_a_clock_chip_is_there_when_it_is_asked_for(tmp_path: Path, options: list[str], green: str, red: str) -> None:
    with running("--image", str(uf2(tmp_path, CLOCK_SEEKER)), *options) as sim:
        out, _ = sim.communicate("wait 6\nlights\nquit\n", timeout=WALL_LIMIT_S)
    lights = json.loads(out.splitlines()[-1])["lights"]
    assert (lights["green"], lights["red"]) == (green, red)


@pytest.mark.req("H-02", "A-04")
def test_a_display_is_there_when_it_is_asked_for(tmp_path: Path) -> None:
    seeker = CLOCK_SEEKER.replace("0x68", hex(display.ADDRESS))
    with running("--image", str(uf2(tmp_path, seeker)), "--display") as sim:
        out, _ = sim.communicate("wait 6\nlights\nquit\n", timeout=WALL_LIMIT_S)
    assert json.loads(out.splitlines()[-1])["lights"]["green"] == "steady"


@pytest.mark.req("B-01", "H-02")
def test_a_new_board_waits_in_its_loader_and_takes_an_image(tmp_path: Path) -> None:
    drives, link = tmp_path / "drives", tmp_path / "bell"
    with running("--blank", "--drives", str(drives), "--link", str(link)) as sim:
        assert sim.stdout is not None
        # given a new board: it has no port, and a drive
        drive = Path(json.loads(sim.stdout.readline())["drive"])
        assert (
            drive / "INFO_UF2.TXT"
        ).read_text() == "UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n"
        assert not link.is_symlink()
        # when an image is copied to it as a file manager does
        (drive / "image.uf2").write_bytes(build_uf2({"main.py": BELL.encode()}))
        # then it runs
        assert json.loads(sim.stdout.readline()) == {"port": str(link)}
        with serial.Serial(str(link), timeout=5) as port:
            port.write(b"x")
            assert port.read(1) == b"x"
        # and with BOOTSEL held it is a drive again
        assert sim.stdin is not None
        sim.stdin.write("bootsel\n")
        assert json.loads(sim.stdout.readline()) == {"drive": str(drive)}
        sim.communicate("quit\n", timeout=WALL_LIMIT_S)
    assert not drive.exists()


@pytest.mark.req("H-01", "H-02")
def test_without_an_image_it_says_how_to_make_one(tmp_path: Path) -> None:
    with running("--board", "no-such-board") as sim:
        out, err = sim.communicate(timeout=WALL_LIMIT_S)
    assert sim.returncode == 2
    assert out == ""
    error = json.loads(err)
    assert "make image BOARD=no-such-board" in error["advice"]
