"""The image on the emulated Pico: it boots, finds its pins and its journal, and littlefs goes on beside a journal."""

import json
from pathlib import Path

import pytest

from dosebell.image import build_image, flash_contents
from dosebell.image.board import load_board
from dosebell.image.files import BOARDS
from dosebell.image.filesystem import block_pointers, open_filesystem
from dosebell.image.micropython import load_micropython
from dosebell.sim import Pico

STORAGE = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage

# What a device does at its first boot, pointers into every journal block and a record, and then maintenance: files.
APP = """
import json
import struct
import rp2
import dosebell_build as build

FIRST = (build.JOURNAL_OFFSET - build.STORAGE_OFFSET) // 4096
ring = rp2.Flash(start=build.JOURNAL_OFFSET - build.STORAGE_OFFSET, len=build.JOURNAL_BLOCKS * 4096)
page = lambda data: data + b"\\xff" * (256 - len(data))  # the flash takes whole pages; 0xFF leaves bytes as they are
for number in range(1, build.JOURNAL_BLOCKS):
    pointers = b""
    step = 1
    while True:
        pointers += struct.pack("<I", FIRST + number - step)
        if number & step:
            break
        step <<= 1
    ring.writeblocks(number, page(pointers), 0)
ring.writeblocks(5, page(b"a record of the journal"), 256)
for n in range(3):
    with open("note%d" % n, "wb") as file:
        file.write(bytes((n,)) * 3000)
with open("told", "w") as file:
    blank = bytes(memoryview(ring)[64:72]) == b"\\xff" * 8
    json.dump([build.BOARD, build.IMAGE_HASH, build.VERSION, blank], file)
"""


@pytest.mark.req("B-01", "B-02", "J-03")
def test_a_blank_board_with_this_image_boots_and_keeps_journal_and_filesystem_apart(tmp_path: Path):
    # given a blank board to which the image was copied
    firmware = tmp_path / "firmware"
    (firmware / "device").mkdir(parents=True)
    (firmware / "main.py").write_text("import micropython\nmicropython.kbd_intr(-1)\nimport device.app\n")
    (firmware / "device" / "app.py").write_text(APP)
    info = build_image(BOARDS / "pico.toml", firmware, tmp_path / "out.uf2", version="7.8.9")
    # when it has run
    pico = Pico(bytes(flash_contents(info.path.read_bytes())), usb=False)
    pico.advance(2.0)
    flash = pico.snapshot()
    # then it knew its pins, and its filesystem took every file
    filesystem = open_filesystem(flash[STORAGE.start : STORAGE.end], STORAGE)
    with filesystem.open("/told", "rb") as file:
        board, image_hash, version, blank = json.loads(file.read())
    assert board == load_board(BOARDS / "pico.toml").for_device()
    assert (image_hash, version, blank) == (info.image_hash, "7.8.9", True)
    for n in range(3):
        with filesystem.open(f"/note{n}", "rb") as file:
            assert file.read() == bytes((n,)) * 3000
    # and the journal holds what was written there, and nothing else
    journal = bytearray(b"\xff" * (info.journal_blocks * STORAGE.block_size))
    for number in range(info.journal_blocks):
        pointers = block_pointers(number, STORAGE.journal_first)
        start = number * STORAGE.block_size
        journal[start : start + len(pointers)] = pointers
    record = 5 * STORAGE.block_size + 256
    journal[record : record + 23] = b"a record of the journal"
    assert flash[info.journal_offset :][: len(journal)] == journal
