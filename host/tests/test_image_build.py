"""Building an image: what is in the file, that the same inputs give the same bytes, and when it is built anew."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from littlefs import LittleFS

from dosebell.image import ImageError, build_image, build_uf2, flash_contents
from dosebell.image.application import build_module, compile_application
from dosebell.image.board import load_board
from dosebell.image.bundle import sealed
from dosebell.image.files import BOARDS, BUILD, CACHE, FIRMWARE, ROOT
from dosebell.image.filesystem import open_filesystem
from dosebell.image.micropython import load_micropython, official_image
from dosebell.image.uf2 import decode
from dosebell.manifest import UNKNOWN_HASH

pytestmark = pytest.mark.req("B-01")

PICO = BOARDS / "pico.toml"
MICROPYTHON = load_micropython(BOARDS / "micropython.toml", "RPI_PICO")
STORAGE = MICROPYTHON.storage
MAIN = "import micropython\nmicropython.kbd_intr(-1)\nimport device.app\n"


@pytest.fixture
def firmware(tmp_path: Path) -> Path:
    """A small application: main.py and two modules."""
    folder = tmp_path / "firmware"
    (folder / "device" / "link").mkdir(parents=True)
    (folder / "main.py").write_text(MAIN)
    (folder / "device" / "app.py").write_text("def run():\n    raise ValueError('here')\n")
    (folder / "device" / "link" / "frames.py").write_text("MARK = const(5)\n")
    (folder / "device" / "notes.txt").write_text("not for the board")
    return folder


def filesystem_of(uf2: bytes) -> LittleFS:
    """The filesystem of a board that was blank before this image was copied to it."""
    return open_filesystem(bytes(flash_contents(uf2)[STORAGE.start : STORAGE.end]), STORAGE)


def build_facts(firmware: Path) -> dict[str, Any]:
    """What the generated module tells the device."""
    board = load_board(PICO)
    text = build_module(board, MICROPYTHON, "1.2.3")
    facts: dict[str, Any] = {}
    exec(text, facts)
    return facts


def test_the_image_is_the_official_micropython_and_the_application(firmware, tmp_path):
    out = tmp_path / "out.uf2"
    info = build_image(PICO, firmware, out)
    pages = dict(decode(out.read_bytes()))
    official = dict(decode(official_image(MICROPYTHON, CACHE, print)))
    assert {offset: pages[offset] for offset in official} == official
    filesystem = filesystem_of(out.read_bytes())
    found = [f"{folder}/{name}".lstrip("/") for folder, _, names in filesystem.walk("/") for name in names]
    assert sorted(found) == ["device/app.mpy", "device/link/frames.mpy", "dosebell_build.mpy", "journal", "main.py"]
    with filesystem.open("/main.py", "rb") as file:
        assert file.read() == MAIN.encode()
    assert info.sha256 == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (info.board, info.micropython, info.files, info.rebuilt) == ("pico", "1.25.0", 4, True)


def test_every_filesystem_sector_is_written_but_the_journals(firmware, tmp_path):
    out = tmp_path / "out.uf2"
    info = build_image(PICO, firmware, out)
    written = {offset for offset, _ in decode(out.read_bytes()) if offset >= STORAGE.start}
    everything = set(range(STORAGE.start, STORAGE.end, 256))
    journal = set(range(info.journal_offset, info.journal_offset + info.journal_blocks * 4096, 256))
    assert written == everything - journal
    assert len(journal) == 256 * 16


def test_a_file_for_the_emulator_can_hold_anything_and_no_journal():
    uf2 = build_uf2({"main.py": b"pass", "data/x": b"abc"}, journal=False)
    assert {offset for offset, _ in decode(uf2) if offset >= STORAGE.start} == set(
        range(STORAGE.start, STORAGE.end, 256)
    )
    assert sorted(filesystem_of(uf2).listdir("/")) == ["data", "main.py"]


def test_the_device_learns_pins_and_places(firmware):
    facts = build_facts(firmware)
    assert facts["BOARD"] == load_board(PICO).for_device()
    assert (facts["STORAGE_OFFSET"], facts["JOURNAL_OFFSET"], facts["JOURNAL_BLOCKS"]) == (0xA0000, 0xA2000, 256)
    assert (facts["VERSION"], facts["MICROPYTHON"]) == ("1.2.3", "1.25.0")
    assert len(facts["IMAGE_HASH"]) == 16


def test_the_image_hash_covers_names_contents_board_and_the_journals_size():
    def hash_of(files: dict[str, bytes], board: bytes = b"1", journal: int | None = 4096) -> str:
        return sealed(files | {"dosebell_build.mpy": board + UNKNOWN_HASH.encode()}, journal)[1]

    files = {"a": b"1", "b": b"2"}
    hashes = [
        hash_of(files),
        hash_of({"a": b"1", "c": b"2"}),
        hash_of({"a": b"2", "b": b"1"}),
        hash_of({"a": b"1"}),
        hash_of(files, board=b"2"),
        hash_of(files, journal=8192),
        hash_of(files, journal=None),
    ]
    assert len(set(hashes)) == len(hashes)
    assert hash_of(dict(reversed(files.items()))) == hashes[0]


def test_modules_carry_their_own_name_and_line_numbers_but_no_path(firmware):
    files = compile_application(firmware, MICROPYTHON)
    assert b"device/app.py" in files["device/app.mpy"]
    assert not [name for name, content in files.items() if str(firmware).encode() in content]
    (firmware / "device" / "app.py").write_text("\n\ndef run():\n    raise ValueError('here')\n")
    assert compile_application(firmware, MICROPYTHON)["device/app.mpy"] != files["device/app.mpy"], (
        "line numbers are in"
    )


def test_a_second_checkout_with_other_surroundings_gives_the_same_bytes(tmp_path):
    """The image that this checkout has built, and its bill of materials, by a process that agrees on nothing but the sources and the tools."""
    own = build_image(PICO, FIRMWARE, BUILD / "dosebell-pico.uf2")
    root = tmp_path / "another place and much longer"
    for folder in ("boards", "firmware", "host/dosebell"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    surroundings = {
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "LANGUAGE": "de",
        "PYTHONHASHSEED": "2",
        "HOME": "/nowhere",
    }
    builder = [sys.executable, "-m", "dosebell.image", "--cache", str(CACHE)]
    subprocess.run(
        ["sh", "-c", 'umask 077; exec "$@"', "sh", *builder],
        cwd=root / "host",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(root / "host"), **surroundings},
        check=True,
    )
    built = root / "build" / "dosebell-pico.uf2"
    assert built.read_bytes() == own.path.read_bytes()
    assert built.with_suffix(".cdx.json").read_bytes() == own.bill_of_materials.read_bytes()


def test_an_image_is_built_anew_only_when_something_changed(firmware, tmp_path):
    out = tmp_path / "out.uf2"
    first = build_image(PICO, firmware, out)
    for file in firmware.rglob("*"):
        os.utime(file)
    again = build_image(PICO, firmware, out)
    assert (first.rebuilt, again.rebuilt) == (True, False)
    assert (again.sha256, again.image_hash, again.files) == (first.sha256, first.image_hash, first.files)

    (firmware / "device" / "app.py").write_text("X = 1\n")
    changed = build_image(PICO, firmware, out)
    assert changed.rebuilt
    assert changed.image_hash != first.image_hash
    (firmware / "device" / "app.py").unlink()
    assert build_image(PICO, firmware, out).files == first.files - 1
    assert build_image(PICO, firmware, out, version="9.9.9").image_hash != changed.image_hash

    out.write_bytes(out.read_bytes()[:-512])
    assert build_image(PICO, firmware, out, version="9.9.9").rebuilt, "a damaged file is built anew"
    out.with_suffix(".json").write_text(json.dumps({"inputs": ""}))
    assert build_image(PICO, firmware, out, version="9.9.9").rebuilt


@pytest.mark.parametrize(
    "file, text, reason",
    [
        ("main.py", None, "main.py is missing: the board would boot into a prompt"),
        ("main.py", "pass\n" * 11, "main.py has 11 lines; at most 10"),
        ("boot.py", "", "there must be no boot.py"),
        ("dosebell_build.py", "", "dosebell_build is generated"),
        ("device/app.py", "x = 1\ndef (:\n", "device/app.py does not compile: line 2: SyntaxError"),
    ],
)
def test_what_must_not_reach_a_board_is_refused(firmware, tmp_path, file, text, reason):
    if text is None:
        (firmware / file).unlink()
    else:
        (firmware / file).write_text(text)
    with pytest.raises(ImageError, match=reason):
        build_image(PICO, firmware, tmp_path / "out.uf2")
    assert not (tmp_path / "out.uf2").exists()


def test_a_cross_compiler_for_another_micropython_is_refused(firmware, tmp_path):
    boards = tmp_path / "boards"
    shutil.copytree(BOARDS, boards)
    pinned = boards / "micropython.toml"
    pinned.write_text(pinned.read_text().replace('mpy_version = "6.3"', 'mpy_version = "6.1"'))
    with pytest.raises(ImageError, match=r"the cross compiler says .*mpy v6.3.*needs mpy v6.1"):
        build_image(boards / "pico.toml", firmware, tmp_path / "out.uf2")


def test_the_command_says_what_it_built_and_what_is_wrong(firmware, tmp_path):
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "dosebell.image",
            "--firmware",
            str(firmware),
            "--out",
            str(tmp_path / "x.uf2"),
        ]
        return subprocess.run([*command, *arguments], capture_output=True, text=True, check=False, cwd=ROOT / "host")

    built = run()
    assert built.returncode == 0
    assert "x.uf2: built; Dosebell" in built.stdout
    assert "for pico, MicroPython 1.25.0, 4 files, image " in built.stdout
    assert "x.uf2: up to date; Dosebell" in run().stdout

    unknown = run("--board", "toaster")
    assert unknown.returncode == 1
    assert unknown.stdout == ""
    assert unknown.stderr.startswith("error: ")
    assert "toaster.toml: cannot be read: No such file" in unknown.stderr
