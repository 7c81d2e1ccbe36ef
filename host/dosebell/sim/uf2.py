"""What the boot ROM does with a UF2 file: lay its pages into the flash."""

import struct

FLASH_BASE = 0x10000000
FLASH_SIZE = 2 * 1024 * 1024
BLOCK_SIZE = 512
HEADER = struct.Struct("<8I")
MAGIC_START = (0x0A324655, 0x9E5D5157)
MAGIC_END = 0x0AB16F30
FAMILY_RP2040 = 0xE48BFF56
FLAG_FAMILY = 0x2000


def flash_from_uf2(uf2: bytes, flash: bytes | None = None) -> bytes:
    """The 2 MiB of flash after `uf2` was copied to a board whose flash held `flash` (None: a new, erased board).

    Raises ValueError for a file that is not a whole UF2 for the RP2040, as the boot ROM would ignore it.
    """
    memory = bytearray(flash if flash is not None else b"\xff" * FLASH_SIZE)
    if len(memory) != FLASH_SIZE:
        raise ValueError(f"the flash of a Pico has {FLASH_SIZE} bytes, not {len(memory)}")
    if not uf2 or len(uf2) % BLOCK_SIZE:
        raise ValueError(f"not a UF2 file: {len(uf2)} bytes is not a whole number of {BLOCK_SIZE}-byte blocks")
    for position in range(0, len(uf2), BLOCK_SIZE):
        block = uf2[position : position + BLOCK_SIZE]
        first, second, flags, address, size, _number, _total, family = HEADER.unpack_from(block)
        if (first, second) != MAGIC_START or struct.unpack_from("<I", block, BLOCK_SIZE - 4)[0] != MAGIC_END:
            raise ValueError(f"not a UF2 file: no block at byte {position}")
        if not flags & FLAG_FAMILY or family != FAMILY_RP2040:
            raise ValueError(f"a UF2 for another chip (family {family:#010x})")
        offset = address - FLASH_BASE
        if offset < 0 or offset + size > FLASH_SIZE:
            raise ValueError(f"a UF2 for a larger board: address {address:#010x} is outside 2 MiB of flash")
        memory[offset : offset + size] = block[HEADER.size : HEADER.size + size]
    return bytes(memory)
