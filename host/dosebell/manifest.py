"""What a board's filesystem holds when it is as built: the manifest in the image, and the image hash, which is the manifest's.

A line for each file, in the order of their names: name, size, SHA-256 of its content. The journal's line says "-" instead: what it holds is not code.
The image hash is the first 16 hexadecimal digits of the manifest's own SHA-256. The running code knows it (`dosebell_build`), so it stands inside files
that the manifest speaks of: there it is taken for 16 zeros.

The manifest lies at the end of the bundle, behind what the board reads: the text, its length (u16), and the CRC-32 of the whole bundle up to here (u32).
Its line of the bundle speaks of what comes before it.
"""

from __future__ import annotations

import hashlib
import re
import struct
from typing import NamedTuple
from zlib import crc32

BUNDLE = "app.bundle"
JOURNAL = "journal"
KNOW_HASH = (BUNDLE, "dosebell_build.mpy")
"""The files in which the image's hash stands, once in each."""
HASH_DIGITS = 16
UNKNOWN_HASH = "0" * HASH_DIGITS
_LENGTH, _CRC = struct.Struct("<H"), struct.Struct("<I")
_NOT_CODE = "-"
_LINE = re.compile(r"([!-~]+) (\d{1,9}) ([0-9a-f]{64}|-)")


class Entry(NamedTuple):
    """What a file must be: its size in bytes, and its digest, None for the journal."""

    size: int
    digest: str | None


def write(files: dict[str, bytes], journal_bytes: int | None) -> bytes:
    """The manifest of these files, in which the hash is not known yet (UNKNOWN_HASH). journal_bytes: None without a journal."""
    lines = {name: f"{name} {len(content)} {hashlib.sha256(content).hexdigest()}" for name, content in files.items()}
    if journal_bytes is not None:
        lines[JOURNAL] = f"{JOURNAL} {journal_bytes} {_NOT_CODE}"
    return "".join(lines[name] + "\n" for name in sorted(lines)).encode("ascii")


def image_hash(manifest: bytes) -> str:
    """The hash by which an image is known."""
    return hashlib.sha256(manifest).hexdigest()[:HASH_DIGITS]


def append(bundle: bytes, manifest: bytes) -> bytes:
    """The bundle with its manifest and its checksum."""
    whole = bundle + manifest + _LENGTH.pack(len(manifest))
    return whole + _CRC.pack(crc32(whole))


def split(bundle: bytes) -> tuple[bytes, bytes] | None:
    """A bundle's content, and its manifest; None if it has none that can be read. The checksum is not looked at: the digests say more."""
    end = len(bundle) - _LENGTH.size - _CRC.size
    if end < 0:
        return None
    begin = end - _LENGTH.unpack_from(bundle, end)[0]
    return (bundle[:begin], bundle[begin:end]) if 0 <= begin < end else None


def read(manifest: bytes) -> dict[str, Entry] | None:
    """What it says of each file; None if it is none."""
    entries: dict[str, Entry] = {}
    try:
        lines = manifest.decode("ascii").splitlines()
    except UnicodeDecodeError:
        return None
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            return None
        entries[match[1]] = Entry(int(match[2]), None if match[3] == _NOT_CODE else match[3])
    return entries or None


def with_hash(name: str, content: bytes, found: str) -> bytes:
    """The content of a file in which the image's hash was not known yet, now that it is."""
    return content.replace(UNKNOWN_HASH.encode(), found.encode()) if name in KNOW_HASH else content


def without_hash(name: str, content: bytes, found: str) -> bytes:
    """The content as it was before `with_hash`."""
    return content.replace(found.encode(), UNKNOWN_HASH.encode()) if name in KNOW_HASH else content
