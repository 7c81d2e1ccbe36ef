"""The emulated boot ROM: what it makes of the blocks of a UF2 file, and that our image survives its errata."""

import struct

import pytest

from dosebell.image import build_image
from dosebell.image.files import BOARDS, ROOT
from dosebell.image.uf2 import PAGE, encode
from dosebell.sim.loader import BLOCK, Loader, boots
from dosebell.sim.uf2 import FLASH_SIZE, flash_from_uf2

SECTOR = 4096


def blocks(uf2: bytes) -> list[bytes]:
    return [uf2[at : at + BLOCK] for at in range(0, len(uf2), BLOCK)]


def copied(uf2: bytes, flash: bytes | None = None) -> bytes:
    """The flash of a board after the whole file was copied to its drive."""
    memory = bytearray(b"\xff" * FLASH_SIZE if flash is None else flash)
    loader = Loader(memory)
    for block in blocks(uf2):
        loader.take(block)
    assert loader.complete
    return bytes(memory)


def page(value: int) -> bytes:
    return bytes([value]) * PAGE


@pytest.fixture(scope="module")
def image() -> bytes:
    return build_image(BOARDS / "pico.toml", ROOT / "firmware", ROOT / "build" / "dosebell-pico.uf2").path.read_bytes()


@pytest.mark.req("B-01")
@pytest.mark.parametrize("before", [b"\xff", b"\x00"])
def test_the_image_is_in_the_flash_after_the_rom_has_written_it(image: bytes, before: bytes) -> None:
    # given a board whose flash is blank, or full of an older image; when the ROM writes the image as it writes files
    flash = before * FLASH_SIZE
    # then every byte is what the image says, and every other is what it was: no sector was erased late, or not at all
    assert copied(image, flash) == flash_from_uf2(image, flash)
    assert boots(copied(image, flash))


@pytest.mark.req("B-01")
def test_each_16_blocks_of_the_image_are_one_sector(image: bytes) -> None:
    """RP2040-E14: the ROM erases by the number of a block."""
    for number, block in enumerate(blocks(image)):
        (address,) = struct.unpack_from("<I", block, 12)
        assert address % SECTOR == number % 16 * PAGE, f"block {number} is at {address:#x}"


def test_a_sector_that_is_shared_by_two_groups_of_16_loses_what_came_first() -> None:
    # given a file that goes to its second sector in the middle of 16 blocks, as ours once did
    pages = [(n * PAGE, page(n)) for n in range(8)] + [(SECTOR + n * PAGE, page(n)) for n in range(16)]
    # then the model shows what the ROM does: half of that sector is gone
    flash = copied(encode(pages))
    assert flash[SECTOR : SECTOR + 8 * PAGE] == b"\xff" * 8 * PAGE
    assert flash[SECTOR + 8 * PAGE : 2 * SECTOR] == b"".join(page(n) for n in range(8, 16))


def test_another_chips_file_and_other_files_change_nothing() -> None:
    flash = bytearray(page(7) * (FLASH_SIZE // PAGE))
    loader = Loader(flash)
    for block in [*blocks(encode([(0, page(1))], family=0xE48BFF59)), b"hello".ljust(BLOCK, b"\0"), b"short"]:
        loader.take(block)
    assert bytes(flash) == page(7) * (FLASH_SIZE // PAGE)
    assert not loader.complete


def test_a_copy_that_broke_off_counts_for_the_next_of_the_same_size_until_garbage_comes() -> None:
    # given half of one file, then the whole of another with as many blocks
    first = encode([(n * PAGE, page(1)) for n in range(32)])
    second = encode([(n * PAGE, page(2)) for n in range(32)])
    flash = bytearray(b"\xff" * FLASH_SIZE)
    loader = Loader(flash)
    for block in blocks(first)[:20] + blocks(second):
        loader.take(block)
    # then the ROM has mixed them
    assert loader.complete
    assert flash[:PAGE] == page(1) and flash[31 * PAGE : 32 * PAGE] == page(2)
    # but not with a block between them that makes no sense to it
    loader = Loader(flash)
    nonsense = bytearray(blocks(second)[0])
    struct.pack_into("<I", nonsense, 24, 0)
    for block in [*blocks(first)[:20], bytes(nonsense), *blocks(second)]:
        loader.take(block)
    assert loader.complete
    assert flash[: 32 * PAGE] == page(2) * 32


def test_a_blank_flash_and_one_that_was_begun_do_not_boot(image: bytes) -> None:
    whole = flash_from_uf2(image)
    assert boots(whole)
    assert not boots(b"\xff" * FLASH_SIZE)
    assert not boots(bytes([whole[0] ^ 1]) + whole[1:])
