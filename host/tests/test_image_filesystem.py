"""The littlefs image: the application's files, and the journal's blocks where the device expects them."""

import random
from dataclasses import replace

import pytest
from littlefs import LittleFS

from dosebell.image import ImageError
from dosebell.image.files import BOARDS
from dosebell.image.filesystem import block_pointers, check_journal, lay_filesystem, open_filesystem
from dosebell.image.micropython import load_micropython

STORAGE = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
BLOCK = STORAGE.block_size
FIRST = STORAGE.journal_first
FILES = {
    "main.py": b"import device.app\n",
    "device/app.mpy": b"M\x06" * 3000,
    "device/link/frames.mpy": b"x",
    "zero": b"",
}


def read(filesystem: LittleFS, name: str) -> bytes:
    with filesystem.open(name, "rb") as file:
        return bytes(file.read())


def many_files(seed: int) -> dict[str, bytes]:
    """An application of another size: 60 modules in folders, up to 300 kB."""
    dice = random.Random(seed)
    return {f"device/part{n % 5}/module{n}.mpy": dice.randbytes(dice.randrange(1, 5000)) for n in range(60)}


@pytest.mark.req("B-01")
def test_files_are_there_as_given():
    filesystem = open_filesystem(lay_filesystem(FILES, STORAGE), STORAGE)
    for name, content in FILES.items():
        assert read(filesystem, f"/{name}") == content
    assert sorted(filesystem.listdir("/")) == ["device", "journal", "main.py", "zero"]


@pytest.mark.req("B-01")
def test_the_order_in_which_files_are_given_does_not_matter():
    assert lay_filesystem(FILES, STORAGE) == lay_filesystem(dict(reversed(FILES.items())), STORAGE)


@pytest.mark.req("B-01", "J-03")
@pytest.mark.parametrize("files", [{}, FILES, many_files(1), many_files(2)], ids=["none", "few", "many", "many others"])
def test_the_journal_lies_in_its_place_whatever_the_application(files):
    image = lay_filesystem(files, STORAGE)
    for number in range(STORAGE.journal_blocks):
        start = (FIRST + number) * BLOCK
        pointers = block_pointers(number, FIRST)
        assert image[start : start + len(pointers)] == pointers
        assert image[start + len(pointers) :].startswith(b"journal " + number.to_bytes(4, "little"))


def test_block_pointers_follow_littlefs_skip_list():
    assert block_pointers(0, 2) == b""
    assert block_pointers(1, 2) == (2).to_bytes(4, "little")
    assert block_pointers(12, 2) == b"".join(n.to_bytes(4, "little") for n in (13, 12, 10))
    assert len(block_pointers(128, 2)) == 32
    assert max(len(block_pointers(n, 2)) for n in range(256)) == 32


@pytest.mark.req("J-03")
def test_littlefs_and_a_journal_written_round_it_leave_each_other_alone():
    # given a journal that the device has filled, all but the pointers
    image = bytearray(lay_filesystem(FILES, STORAGE))
    dice = random.Random(3)
    for number in range(STORAGE.journal_blocks):
        start, end = (FIRST + number) * BLOCK, (FIRST + number + 1) * BLOCK
        start += len(block_pointers(number, FIRST))
        image[start:end] = dice.randbytes(end - start)
    journal = slice(FIRST * BLOCK, (FIRST + STORAGE.journal_blocks) * BLOCK)
    written = bytes(image[journal])
    # when files are written and removed in maintenance
    filesystem = open_filesystem(bytes(image), STORAGE)
    for n in range(200):
        with filesystem.open(f"/note{n % 7}", "wb") as file:
            file.write(dice.randbytes(3000))
        if n % 3 == 0:
            filesystem.remove(f"/note{n % 7}")
    # then the journal is untouched and the application, too
    assert bytes(filesystem.context.buffer)[journal] == written
    assert all(read(filesystem, f"/{name}") == content for name, content in FILES.items())


@pytest.mark.req("B-01")
@pytest.mark.parametrize("number", [0, 1, 128, 255])
def test_a_journal_block_out_of_place_is_noticed(number):
    image = bytearray(lay_filesystem(FILES, STORAGE))
    image[(FIRST + number) * BLOCK] ^= 1
    with pytest.raises(ImageError, match=f"not contiguous: its block {number} should be block {FIRST + number} "):
        check_journal(bytes(image), STORAGE)


@pytest.mark.req("B-01")
@pytest.mark.parametrize("first", [2, 3, 40, 96])
def test_the_journal_can_begin_elsewhere_or_the_build_fails(first):
    """The place is data of the pinned MicroPython: the ballast steers littlefs there."""
    image = lay_filesystem(FILES, replace(STORAGE, journal_first=first))
    assert image[first * BLOCK :].startswith(b"journal \0\0\0\0")


@pytest.mark.req("B-01")
def test_an_application_that_is_too_large_is_refused_by_name():
    with pytest.raises(ImageError, match=r"/device/big.mpy \(600000 bytes\) does not fit"):
        lay_filesystem({"device/big.mpy": bytes(600_000)}, STORAGE)
    with pytest.raises(ImageError, match="/journal is the journal's own file"):
        lay_filesystem({"journal": b""}, STORAGE)
