"""Board files: what a good one says, and that each kind of slip is refused with file, key and reason."""

from pathlib import Path

import pytest

from dosebell.image import BoardError
from dosebell.image.board import load_board
from dosebell.image.files import BOARDS
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
        ("red = 18", "red = 31", "leds.red", "is 31, must be 0 to 28"),
        ("red = 18", "red = 23", "leds.red", "GPIO 23 is not led out"),
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
    assert str(refused.value).startswith(f"{file}: {key}: ")
    assert reason in str(refused.value)


def test_a_file_that_is_not_there_or_not_toml_is_refused_by_name(tmp_path):
    with pytest.raises(BoardError, match="none.toml: cannot be read: No such file"):
        load_board(tmp_path / "none.toml")
    with pytest.raises(BoardError, match="pico.toml: is not TOML: .*line 3"):
        load_board(board_with(tmp_path, "[board]", "[board"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(BoardError, match="bytes.toml: is not UTF-8"):
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
    assert str(refused.value).startswith(f"{file}: RPI_PICO.{key}: ")
    assert reason in str(refused.value)


def test_an_unknown_micropython_is_refused_with_the_known_ones():
    with pytest.raises(BoardError, match="PICO_9: no such MicroPython; there are: RPI_PICO"):
        load_micropython(BOARDS / "micropython.toml", "PICO_9")
