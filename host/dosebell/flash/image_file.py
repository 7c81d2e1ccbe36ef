"""The image that is put on a board: the UF2 file, and what `make image` recorded of it beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dosebell.errors import DosebellError


@dataclass(frozen=True)
class Image:
    """An image whose bytes are those that were built. `image_hash`: what a board that runs it answers to `hello`."""

    path: Path
    uf2: bytes
    board: str
    version: str
    image_hash: str
    sha256: str


def read_image(path: Path, build_advice: str = "") -> Image:
    """The image in `path`. Errors: unreadable-file (with `build_advice`), bad-image."""
    record = path.with_suffix(".json")
    uf2 = _read(path, build_advice)
    try:
        said = json.loads(_read(record, build_advice))
        image = Image(path, uf2, *(_text(said, key) for key in ("board", "version", "image_hash", "sha256")))
    except ValueError:
        raise DosebellError(
            "bad-image", path=str(path), detail=f"{record.name} beside it is no record of an image"
        ) from None
    if hashlib.sha256(uf2).hexdigest() != image.sha256:
        raise DosebellError(
            "bad-image", path=str(path), detail=f"it is not the file that {record.name} beside it speaks of"
        )
    return image


def _read(path: Path, note: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise DosebellError("unreadable-file", path=str(path), detail=str(err.strerror), note=note) from None


def _text(said: Any, key: str) -> str:
    if not isinstance(said, dict) or not isinstance(said.get(key), str):
        raise ValueError(key)
    return str(said[key])
