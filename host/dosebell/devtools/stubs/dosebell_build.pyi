"""The module that `python -m dosebell.image` generates into each image: what the device knows about its own build."""

from typing import Any

BOARD: dict[str, Any]
"""`name`, and the tables of the board file: `buttons`, `leds`, `buzzer`, `i2c`, and `clock` and `call` if the board has them."""
TWO_BUTTONS: tuple[int, int]
"""GPIO of the two buttons that open maintenance when they are held at power-on."""
VERSION: str
MICROPYTHON: str
STORAGE_OFFSET: int
"""Flash offset of the filesystem in bytes; `rp2.Flash(start=)` counts from here."""
JOURNAL_OFFSET: int
"""Flash offset of the journal in bytes."""
JOURNAL_BLOCKS: int
IMAGE_HASH: str
"""16 hexadecimal digits over all files of the application and the board."""
