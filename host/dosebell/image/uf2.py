"""UF2 files: what a Pico's USB drive takes. 512-byte blocks, each carrying one flash page and its address."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from dosebell.image.errors import ImageError

# https://github.com/microsoft/uf2, "File format".
_MAGIC_START = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_FAMILY_PRESENT = 0x2000
_HEADER = struct.Struct("<8I")
_BLOCK = 512
_DATA = 476

PAGE = 256
FLASH_BASE = 0x10000000  # where the RP2040 maps its flash; UF2 addresses count from there
RP2040_FAMILY = 0xE48BFF56
PICO_FLASH = 2 * 1024 * 1024

Page = tuple[int, bytes]
"""Offset in flash (bytes, a multiple of 256) and the 256 bytes that belong there."""


def decode(uf2: bytes, family: int = RP2040_FAMILY) -> Iterator[Page]:
    """The pages of a UF2 file in its order. Raises `ImageError` if it is damaged or for another chip."""
    if len(uf2) % _BLOCK:
        raise ImageError(f"UF2 file of {len(uf2)} bytes is cut off: not a multiple of {_BLOCK}")
    total = len(uf2) // _BLOCK
    for number in range(total):
        block = uf2[number * _BLOCK : (number + 1) * _BLOCK]
        start0, start1, flags, address, size, stated, stated_total, stated_family = _HEADER.unpack_from(block)
        (end,) = struct.unpack_from("<I", block, _BLOCK - 4)
        if (start0, start1) != _MAGIC_START or end != _MAGIC_END:
            raise ImageError(f"UF2 block {number} has no UF2 magic numbers")
        if (stated, stated_total) != (number, total):
            raise ImageError(f"UF2 block {number} of {total} says that it is {stated} of {stated_total}")
        if not flags & _FAMILY_PRESENT or stated_family != family:
            raise ImageError(f"UF2 block {number} is for another chip (family {stated_family:#x}, not {family:#x})")
        if size != PAGE or address % PAGE or address < FLASH_BASE:
            raise ImageError(f"UF2 block {number} is not one flash page: {size} bytes at {address:#x}")
        yield address - FLASH_BASE, block[_HEADER.size : _HEADER.size + size]


def encode(pages: Iterable[Page], family: int = RP2040_FAMILY) -> bytes:
    """One UF2 file with these pages, numbered anew."""
    listed = list(pages)
    uf2 = bytearray()
    for number, (offset, page) in enumerate(listed):
        if len(page) != PAGE or offset % PAGE:
            raise ValueError(f"not one flash page: {len(page)} bytes at offset {offset:#x}")
        uf2 += _HEADER.pack(*_MAGIC_START, _FAMILY_PRESENT, FLASH_BASE + offset, PAGE, number, len(listed), family)
        uf2 += page.ljust(_DATA, b"\0") + struct.pack("<I", _MAGIC_END)
    return bytes(uf2)


def flash_contents(uf2: bytes, size: int = PICO_FLASH) -> bytearray:
    """The flash of a board, `size` bytes, that was blank (0xFF) before this UF2 file was copied to it."""
    flash = bytearray(b"\xff" * size)
    for offset, page in decode(uf2):
        if offset + PAGE > size:
            raise ImageError(f"UF2 page at offset {offset:#x} is beyond a flash of {size} bytes")
        flash[offset : offset + PAGE] = page
    return flash
