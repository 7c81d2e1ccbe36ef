"""UF2 files: encoded and decoded without loss, refused when damaged."""

import struct

import pytest

from dosebell.image import ImageError, flash_contents
from dosebell.image.uf2 import decode, encode

pytestmark = pytest.mark.req("B-01")

PAGES = [(0, bytes(range(256))), (0xA0000, b"\xff" * 256), (0x1FFF00, b"end." * 64)]


def changed(block: int, offset: int, value: int) -> bytes:
    """A good file with one word changed."""
    uf2 = bytearray(encode(PAGES))
    struct.pack_into("<I", uf2, block * 512 + offset, value)
    return bytes(uf2)


def test_pages_come_back_as_they_went_in():
    assert list(decode(encode(PAGES))) == PAGES


def test_flash_is_blank_where_the_file_says_nothing():
    flash = flash_contents(encode(PAGES))
    assert len(flash) == 2 * 1024 * 1024
    assert flash[:256] == PAGES[0][1]
    assert flash[-256:] == PAGES[2][1]
    assert flash[256:-256].count(0xFF) == len(flash) - 512


@pytest.mark.parametrize(
    "uf2, reason",
    [
        (encode(PAGES)[:-1], "cut off"),
        (encode(PAGES)[512:], "block 0 of 2 says that it is 1 of 3"),
        (changed(1, 0, 0), "block 1 has no UF2 magic"),
        (changed(2, 508, 0), "block 2 has no UF2 magic"),
        (changed(0, 8, 0), "block 0 is for another chip"),
        (changed(0, 28, 0xE48BFF59), "family 0xe48bff59, not 0xe48bff56"),
        (changed(0, 16, 255), "block 0 is not one flash page"),
        (changed(0, 12, 0x10000001), "block 0 is not one flash page"),
        (changed(0, 12, 0x0FFFFF00), "block 0 is not one flash page"),
        (changed(0, 12, 0x10200000), "beyond a flash of 2097152 bytes"),
    ],
)
def test_a_damaged_file_is_refused(uf2, reason):
    with pytest.raises(ImageError, match=reason):
        flash_contents(uf2)


@pytest.mark.parametrize("page", [(1, bytes(256)), (0, bytes(255))])
def test_only_whole_pages_are_encoded(page):
    with pytest.raises(ValueError, match="not one flash page"):
        encode([page])
