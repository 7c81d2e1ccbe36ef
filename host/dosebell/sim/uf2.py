"""What the boot ROM does with a UF2 file: lay its pages into the flash of the board it was copied to."""

from dosebell.image.uf2 import PAGE, PICO_FLASH, decode

FLASH_BASE = 0x10000000
FLASH_SIZE = PICO_FLASH


def flash_from_uf2(uf2: bytes, flash: bytes | None = None) -> bytes:
    """The 2 MiB of flash after `uf2` was copied to a board whose flash held `flash` (None: a new, erased board).

    Raises `dosebell.image.errors.ImageError` for a file that is damaged or for another chip.
    """
    memory = bytearray(flash if flash is not None else b"\xff" * FLASH_SIZE)
    if len(memory) != FLASH_SIZE:
        raise ValueError(f"the flash of a Pico has {FLASH_SIZE} bytes, not {len(memory)}")
    for offset, page in decode(uf2):
        if offset + PAGE > FLASH_SIZE:
            raise ValueError(f"a UF2 for a larger board: offset {offset:#x} is outside 2 MiB of flash")
        memory[offset : offset + PAGE] = page
    return bytes(memory)
