"""The application as one file: finding fifty modules in littlefs would cost the boot a quarter of a second (see firmware/loader.py, which reads it)."""

from __future__ import annotations

import struct
from pathlib import PurePosixPath

BUNDLE = "app.bundle"
# What the board must find before it can read a bundle, and what it has when it cannot.
_OUTSIDE = ("main.py", "loader.mpy", "last_call.mpy")
_TWICE = ("dosebell_build.mpy",)


def bundled(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same files with all modules in one bundle; unchanged where there is no loader for it."""
    if "loader.mpy" not in files:
        return files
    outside = {name: content for name, content in files.items() if name in _OUTSIDE + _TWICE}
    return outside | {BUNDLE: pack({name: content for name, content in files.items() if name not in _OUTSIDE})}


def pack(files: dict[str, bytes]) -> bytes:
    """A bundle, as `firmware/loader.py` describes it. No file may be empty: such a name means a folder."""
    folders = {parent.as_posix() for name in files for parent in PurePosixPath(f"/{name}").parents}
    contents = {f"/{name}": content for name, content in files.items()} | {
        "" if folder == "/" else folder: b"" for folder in folders
    }
    names = sorted(contents)
    text = "\n".join(names).encode()
    offset = 4 + len(text) + 4 * (len(names) + 1)
    offsets = [offset]
    for name in names:
        offset += len(contents[name])
        offsets.append(offset)
    head = struct.pack("<HH", len(names), len(text)) + text + struct.pack(f"<{len(offsets)}I", *offsets)
    return head + b"".join(contents[name] for name in names)
