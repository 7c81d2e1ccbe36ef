"""The application as one file: finding fifty modules in littlefs would cost the boot a quarter of a second (see firmware/loader.py, which reads it)."""

from __future__ import annotations

import struct

BUNDLE = "app.bundle"
# What the board must find before it can read a bundle.
_OUTSIDE = ("main.py", "loader.mpy")


def bundled(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same files with all modules in one bundle; unchanged where there is no loader for it."""
    if "loader.mpy" not in files:
        return files
    outside = {name: content for name, content in files.items() if name in _OUTSIDE}
    return outside | {BUNDLE: pack({name: content for name, content in files.items() if name not in _OUTSIDE})}


def pack(files: dict[str, bytes]) -> bytes:
    """A bundle: u16 number of entries, then for each u8 length of the path, path, u32 offset, u32 size; then the contents. Little-endian."""
    names = sorted(files)
    offset = 2 + sum(1 + len(name.encode()) + 8 for name in names)
    head, body = struct.pack("<H", len(names)), b""
    for name in names:
        path = name.encode()
        head += struct.pack("<B", len(path)) + path + struct.pack("<II", offset + len(body), len(files[name]))
        body += files[name]
    return head + body
