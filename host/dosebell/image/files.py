"""Where the project's own files are, and how an output file is written."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
"""The checkout. The image is built from one; an installed wheel holds no firmware."""

BOARDS = ROOT / "boards"
FIRMWARE = ROOT / "firmware"
BUILD = ROOT / "build"
CACHE = BUILD / "cache"


def board_file(named: str, folder: Path = BOARDS) -> Path:
    """The board file that a user names: `pico` is a file of `boards/`, what ends in `.toml` is a path."""
    return Path(named) if named.endswith(".toml") else folder / f"{named}.toml"


def write_whole(file: Path, content: bytes) -> None:
    """Write the file whole or not at all: two builds at once, or one that is interrupted, leave no half of it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    except BaseException:  # Ctrl-C too
        part.unlink(missing_ok=True)
        raise
