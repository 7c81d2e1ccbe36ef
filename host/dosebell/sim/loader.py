"""The loader in the RP2040's boot ROM, as a drive takes it: what becomes of the blocks of a UF2 file, in the order in which they come.

Follows `virtual_disk.c` of the ROM (github.com/raspberrypi/pico-bootrom-rp2040, versions B1 and B2) to its errata: a sector is erased when the first of 16
consecutive block NUMBERS comes, not the first block of that sector (RP2040-E14), and blocks of an earlier copy that broke off count, if the file
has as many, until garbage comes.
"""

import struct

from dosebell.image.uf2 import FLASH_BASE, PAGE, RP2040_FAMILY

BLOCK = 512
SECTOR = 4096
PAGES_A_SECTOR = SECTOR // PAGE
# Seconds that a block takes: its page is programmed, and each 16th erases a sector.
WRITE_S = 0.0007 + 0.045 / PAGES_A_SECTOR
# The ROM reboots so long after the last block, so that the host can close the file.
REBOOT_S = 1.0
INFO = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n"

_HEADER = struct.Struct("<8I")
_MAGIC = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_FAMILY_PRESENT, _NOT_MAIN_FLASH = 0x2000, 0x0001
# The first 256 bytes of flash are run only if their last four are the CRC-32 of the others (RP2040 data sheet 2.8.1.3.1).
BOOT_BYTES = 256
_BOOT2 = BOOT_BYTES - 4
_POLYNOMIAL = 0x04C11DB7


def boots(flash: bytes | bytearray | memoryview) -> bool:
    """Whether the ROM would start this flash; if not, it stays in its loader."""
    crc = 0xFFFFFFFF
    for byte in flash[:_BOOT2]:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ (_POLYNOMIAL if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc == int.from_bytes(flash[_BOOT2:BOOT_BYTES], "little")


class Loader:
    """A chip that waits for a UF2 file. `complete`: it has all blocks, and reboots. `written`: pages written so far.

    `flash` is written to as the ROM does: erased by sector, programmed by page (bits go from 1 to 0 alone).
    """

    def __init__(self, flash: bytearray | memoryview) -> None:
        self._flash = flash
        self._total = 0  # blocks of the copy under way; 0: none is
        self._had: set[int] = set()
        self._erased: set[int] = set()
        self.complete = False
        self.written = 0

    def take(self, block: bytes) -> None:
        """512 bytes that the host has written somewhere on the drive."""
        if len(block) != BLOCK or self.complete:
            return
        start0, start1, flags, address, size, number, total, family = _HEADER.unpack_from(block)
        (end,) = struct.unpack_from("<I", block, BLOCK - 4)
        if (start0, start1) != _MAGIC or end != _MAGIC_END:
            return
        if not flags & _FAMILY_PRESENT or family != RP2040_FAMILY or flags & _NOT_MAIN_FLASH or size != PAGE:
            return
        offset = address - FLASH_BASE
        if not total or offset % PAGE or not 0 <= offset <= len(self._flash) - PAGE:
            self._total = 0  # garbage: what was under way is forgotten
            return
        if total != self._total:
            self._total = total
            self._had.clear()
            self._erased.clear()
        if number >= total:
            self._total = 0
        elif number not in self._had:
            self._write(number, offset, block[_HEADER.size : _HEADER.size + PAGE])

    def _write(self, number: int, offset: int, page: bytes) -> None:
        group = number // PAGES_A_SECTOR
        if group not in self._erased:
            self._erased.add(group)
            sector = offset - offset % SECTOR
            self._flash[sector : sector + SECTOR] = b"\xff" * SECTOR
        kept = int.from_bytes(self._flash[offset : offset + PAGE], "big")
        self._flash[offset : offset + PAGE] = (kept & int.from_bytes(page, "big")).to_bytes(PAGE, "big")
        self._had.add(number)
        self.written += 1
        self.complete = len(self._had) == self._total
