"""Board files: what a good one says, and that each kind of slip is refused with file, key and reason."""

import subprocess
import sys
from pathlib import Path

import pytest

from dosebell.image import BoardError, build_image
from dosebell.image.board import load_board
from dosebell.image.files import BOARDS, FIRMWARE
from dosebell.image.micropython import load_micropython

pytestmark = pytest.mark.req("B-02")

GOOD = (BOARDS / "pico.toml").read_text()
PINNED = (BOARDS / "micropython.toml").read_text()


def board_with(folder: Path, old: str, new: str, name: str = "pico.toml") -> Path:
    """The reference board file with one change."""
    assert old in GOOD
    file = folder / name
    file.write_text(GOOD.replace(old, new))
    return file


def test_the_reference_board_tells_the_device_its_pins():
    board = load_board(BOARDS / "pico.toml")
    device = board.for_device()
    assert device["name"] == "pico"
    assert set(device) == {"name", "buttons", "leds", "buzzer", "i2c"}
    assert set(device["buttons"]) == {"start", "hold", "pause"}
    assert set(device["leds"]) == {"red", "yellow", "green", "alive"}
    assert device["leds"]["alive"] == 25


def test_a_new_board_is_a_new_file(tmp_path):
    file = board_with(tmp_path, 'name = "pico"', 'name = "ward-3"', "ward-3.toml")
    file.write_text(file.read_text().replace("start = 10", "start = 2") + "\n[call]\npin = 16\n")
    board = load_board(file)
    assert board.name == "ward-3"
    assert board.for_device()["buttons"]["start"] == 2
    assert board.for_device()["call"] == {"pin": 16}


def test_the_panel_board_is_the_reference_board_with_a_clock_chip_and_a_display():
    """The display is for wiring and tests alone: the device finds it, and learns nothing of it."""
    panel, reference = load_board(BOARDS / "pico-panel.toml"), load_board(BOARDS / "pico.toml")
    assert (panel.display, reference.display) == (0x3C, None)
    assert panel.for_device() == reference.for_device() | {"name": "pico-panel", "clock": {"address": 0x68}}


def test_a_readers_own_board_is_built_by_its_path(tmp_path):
    """From any folder, with the project's own MicroPython, and no line of code touched."""
    file = board_with(tmp_path, 'name = "pico"', 'name = "ward-3"', "ward-3.toml")
    out = tmp_path / "ward-3.uf2"
    built = subprocess.run(
        [sys.executable, "-m", "dosebell.image", "--board", str(file), "--out", str(out)],
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    assert "for ward-3, MicroPython" in built.stdout
    assert out.exists()


def test_make_image_says_the_line_and_the_reason(tmp_path):
    file = board_with(tmp_path, "hold = 11", "hold = 10")
    built = subprocess.run(
        [sys.executable, "-m", "dosebell.image", "--board", str(file)], capture_output=True, text=True
    )
    assert (built.returncode, built.stdout) == (1, "")
    assert built.stderr == f"error: {file}:10: buttons.hold: GPIO 10 is used twice, also by buttons.start\n"


def test_a_readers_own_board_cannot_take_the_name_of_a_shipped_one(tmp_path):
    """Its image would lie where that of the shipped board lies, and both devices would tell the same name."""
    file = board_with(tmp_path, "start = 10", "start = 2")
    built = subprocess.run(
        [sys.executable, "-m", "dosebell.image", "--board", str(file), "--out", str(tmp_path / "own.uf2")],
        capture_output=True,
        text=True,
    )
    assert (built.returncode, built.stdout) == (1, "")
    assert built.stderr == (
        f"error: {file}:4: board.name: is 'pico', a board that comes with Dosebell; give file and board a name of their own\n"
    )
    assert not (tmp_path / "own.uf2").exists()


def test_an_unknown_micropython_is_refused_at_the_line_that_names_it(tmp_path):
    file = board_with(tmp_path, 'micropython = "RPI_PICO"', 'micropython = "RPI_PICO2"')
    with pytest.raises(BoardError) as refused:
        build_image(file, FIRMWARE, tmp_path / "out.uf2")
    assert str(refused.value) == f"{file}:5: board.micropython: is 'RPI_PICO2'; micropython.toml has: RPI_PICO"


def test_a_key_that_stands_twice_is_refused_with_its_line(tmp_path):
    with pytest.raises(BoardError, match="pico.toml:11: is not TOML: Cannot overwrite a value .at line 11"):
        load_board(board_with(tmp_path, "hold = 11", "hold = 11\nhold = 12"))


@pytest.mark.req("T-05", "B-02")
def test_a_board_file_may_name_its_clock_chip(tmp_path):
    file = board_with(tmp_path, "[i2c]", "[clock]\naddress = 0x68\n\n[i2c]")
    assert load_board(file).for_device()["clock"] == {"address": 0x68}


@pytest.mark.parametrize(
    "old, new, key, reason",
    [
        ("hold = 11", "hold = 10", "buttons.hold", "GPIO 10 is used twice, also by buttons.start"),
        ("sda = 4", "sda = 12", "i2c.sda", "GPIO 12 is used twice, also by buttons.pause"),
        ("hold = 11", "held = 11", "buttons.hold", "is missing"),
        ("hold = 11", "hold = 11\nstop = 6", "buttons.stop", "unknown key"),
        ("[buzzer]", "[speaker]\nvolume = 3\n[buzzer]", "speaker", "unknown key"),
        ("[leds]", "[lights]", "leds", "is missing"),
        ("red = 18", 'red = "18"', "leds.red", "must be a whole number, not '18'"),
        ("red = 18", "red = true", "leds.red", "must be a whole number, not True"),
        ("red = 18", "red = 31", "leds.red", "is 31, must be 0 to 29"),
        ("red = 18", "red = 23", "leds.red", "GPIO 23 is not led out: it switches"),
        ("hold = 11", "hold = 24", "buttons.hold", "GPIO 24 is not led out: it senses"),
        ("hold = 11", "hold = 25", "buttons.hold", "GPIO 25 is not led out: it is the LED"),
        ("red = 18", "red = 29", "leds.red", "GPIO 29 is not led out: it measures"),
        ("scl = 5", "scl = 6", "i2c.scl", "GPIO 6 cannot be SCL of I2C 0; can be: 1, 5,"),
        ("[i2c]", "[display]\naddress = 0x3D\n[i2c]", "display.address", "is 0x3d; the firmware looks"),
        ("[i2c]", "[display]\naddress = 0x3C\n[clock]\naddress = 0x3C\n[i2c]", "clock.address", "a DS3231 has 0x68"),
        ("[i2c]", "[clock]\naddress = 0x57\n[i2c]", "clock.address", "is 0x57; a DS3231 has 0x68 and no other"),
        ("red = 18", "red = 14", "buzzer.pin", "GPIO 15 shares PWM slice 7 with leds.red (GPIO 14)"),
        ("id = 0", "id = 2", "i2c.id", "is 2, must be 0 to 1"),
        ("id = 0", "id = 1", "i2c.sda", "GPIO 4 cannot be SDA of I2C 1; can be: 2, 6,"),
        ("[i2c]", "[clock]\naddress = 0x78\n[i2c]", "clock.address", "is 120, must be 8 to 119"),
        ("[i2c]", '[clock]\naddress = 0x68\npart = "DS3231"\n[i2c]', "clock.part", "unknown key"),
        ('name = "pico"', 'name = "Pico one"', "board.name", "must be 1 to 16 of"),
        ('name = "pico"', 'name = "other"', "board.name", "but the file is called pico.toml"),
        ('name = "pico"', "name = 7", "board.name", "must be text in quotes, not 7"),
        ("[buzzer]\npin = 15", "buzzer = 15", "leds.buzzer", "unknown key"),
    ],
)
def test_a_slip_is_refused_with_file_key_and_reason(tmp_path, old, new, key, reason):
    file = board_with(tmp_path, old, new)
    with pytest.raises(BoardError) as refused:
        load_board(file)
    line = line_of(file, key)
    assert str(refused.value).startswith(f"{file}:{line}: {key}: ")
    assert reason in str(refused.value)


def line_of(file: Path, key: str) -> int:
    """Where the reader is to look: the line of the key in its own table, else that of the table, else the last of the file."""
    lines = file.read_text().splitlines()
    table, _, word = key.rpartition(".")
    head = f"[{table}]" if table else f"[{key}]"
    if head not in lines:
        return len(lines)
    start = lines.index(head)
    for number, line in enumerate(lines[start + 1 :], start + 2):
        if line.startswith("["):
            break
        if table and line.startswith(f"{word} ="):
            return number
    return start + 1


def test_every_way_to_write_a_key_has_its_line(tmp_path):
    """Quoted, without and with spaces, with the line ends of Windows."""
    for old, new, line in (
        ("red = 18", '"red" = 99', 15),
        ("[buttons]\nstart = 10\nhold = 11\npause = 12", "[buttons]\nstart=99\nhold = 11\npause = 12", 9),
        ("[buttons]\nstart = 10\nhold = 11\npause = 12", "[ buttons ]\n  start   = 99\nhold = 11\npause = 12", 9),
    ):
        file = board_with(tmp_path, old, new)
        file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
        with pytest.raises(BoardError) as refused:
            load_board(file)
        assert str(refused.value).startswith(f"{file}:{line}: "), new


def test_a_file_that_is_not_there_or_not_toml_is_refused_by_name(tmp_path):
    with pytest.raises(BoardError, match="none.toml: cannot be read: No such file"):
        load_board(tmp_path / "none.toml")
    with pytest.raises(BoardError, match="pico.toml:3: is not TOML: .*line 3"):
        load_board(board_with(tmp_path, "[board]", "[board"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BoardError, match="bytes.toml:1: is not UTF-8"):
        load_board(tmp_path / "bytes.toml")


@pytest.mark.req("J-03")
def test_the_journals_place_in_flash_never_moves():
    """Only while this holds does a board in service keep its log across updates."""
    storage = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
    assert (storage.journal_offset, storage.journal_blocks * storage.block_size) == (0xA2000, 0x100000)


@pytest.mark.parametrize(
    "old, new, key, reason",
    [
        ("journal_blocks = 256", "journal_blocks = 351", "storage.journal_blocks", "is 351, must be 1 to 350"),
        ("journal_first = 2", "journal_first = 200", "storage.journal_blocks", "beyond the filesystem's 352 blocks"),
        ("start = 0xA0000", "start = 0x9FF00", "storage.start", "must be a multiple of 4096"),
        ("start = 0xA0000", "start = 0xB0000", "storage.start", "must be 4096 to 655360"),
        ('sha256 = "e0c4', 'sha256 = "E0C4', "sha256", "64 lower-case hexadecimal digits"),
        ('version = "1.25.0"', "", "version", "is missing"),
        ('mpy_arch = "armv6m"', 'mpy_arch = "armv6m"\nspeed = 1', "speed", "unknown key"),
    ],
)
def test_a_slip_in_the_pinned_micropython_is_refused(tmp_path, old, new, key, reason):
    assert old in PINNED
    file = tmp_path / "micropython.toml"
    file.write_text(PINNED.replace(old, new))
    with pytest.raises(BoardError) as refused:
        load_micropython(file, "RPI_PICO")
    table = "[RPI_PICO.storage]" if key.startswith("storage.") else "[RPI_PICO]"
    lines = file.read_text().split("\n[RPI_PICO.second_source]" if table == "[RPI_PICO]" else "\0")[0].splitlines()
    start = lines.index(table)
    word = f"{key.rpartition('.')[2]} ="
    found = [number for number, line in enumerate(lines[start:], start + 1) if line.startswith(word)]
    assert str(refused.value).startswith(f"{file}:{found[0] if found else start + 1}: RPI_PICO.{key}: ")
    assert reason in str(refused.value)


def test_an_unknown_micropython_is_refused_with_the_known_ones():
    with pytest.raises(BoardError, match="PICO_9: no such MicroPython; there are: RPI_PICO"):
        load_micropython(BOARDS / "micropython.toml", "PICO_9")
