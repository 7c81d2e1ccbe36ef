"""The application as one file: finding fifty modules in littlefs would cost the boot a quarter of a second (see firmware/loader.py, which reads it)."""

from __future__ import annotations

import struct
from pathlib import PurePosixPath

from dosebell import manifest
from dosebell.image.errors import ImageError
from dosebell.manifest import BUNDLE

# What the board must find before it can read a bundle, and what it has when it cannot.
_OUTSIDE = ("main.py", "loader.mpy", "last_call.mpy")
_TWICE = ("dosebell_build.mpy",)
# What no boot needs before its first alert, by the beginnings of paths. A module that is wrongly here costs the boot 13 ms, one that is wrongly not
# here 0.15 ms; neither is lost.
_LATER = (
    "device/bracket",
    "device/chores",
    "device/clock_watch",
    "device/code_check",
    "device/drivers/ssd1306",
    "device/journal/ahead",
    "device/journal/check",
    "device/journal/losses",
    "device/journal/repair",
    "device/journal/stored",
    "device/last_words",
    "device/link/",
    "device/maintenance",
    "device/panel/alert_cards",
    "device/panel/answer_cards",
    "device/panel/begin_display",
    "device/panel/canvas",
    "device/panel/course_cards",
    "device/panel/dark",
    "device/panel/display",
    "device/panel/durations",
    "device/panel/figures",
    "device/panel/rehearsal",
    "device/panel/screen",
    "device/safe",
    "device/self_test",
    "device/upkeep",
    "dosecore/changes",
    "dosecore/decide",
    "dosecore/desk",
    "dosecore/presses",
    "dosecore/refusal_codes",
    "dosecore/refusals",
    "dosecore/regimen_rules",
    "dosecore/view",
)

# littlefs finds each block of a file from its last one, in leaps: from block 32 it leaps to 16 and to 0, from block 31 it walks. The boot is 1 ms
# shorter for the few bytes more.
_LEAST_BYTES = 32 * 4096


def bundled(files: dict[str, bytes]) -> dict[str, bytes]:
    """The same files with all modules in one bundle; unchanged where there is no loader for it."""
    if "loader.mpy" not in files:
        return files
    outside = {name: content for name, content in files.items() if name in _OUTSIDE + _TWICE}
    return outside | {BUNDLE: pack({name: content for name, content in files.items() if name not in _OUTSIDE})}


def sealed(files: dict[str, bytes], journal_bytes: int | None) -> tuple[dict[str, bytes], str]:
    """The files as they are laid, and the hash of their image, which they now know. The bundle, if there is one, has the manifest at its end.

    journal_bytes: of the journal's file; None without one.
    """
    for name in manifest.KNOW_HASH:
        if name in files and files[name].count(manifest.UNKNOWN_HASH.encode()) != 1:
            raise ImageError(f"{name}: the place of the image's hash is not found in it, or not once")
    if BUNDLE in files:
        files = files | {BUNDLE: files[BUNDLE].ljust(_LEAST_BYTES, b"\0")}
    listed = manifest.write(files, journal_bytes)
    found = manifest.image_hash(listed)
    laid = {name: manifest.with_hash(name, content, found) for name, content in files.items()}
    if BUNDLE in laid:
        laid[BUNDLE] = manifest.append(laid[BUNDLE], listed)
    return laid, found


def pack(files: dict[str, bytes]) -> bytes:
    """A bundle, as `firmware/loader.py` describes it. No file may be empty: such a name means a folder."""
    folders = {parent.as_posix() for name in files for parent in PurePosixPath(f"/{name}").parents}
    first = {"" if folder == "/" else folder: b"" for folder in folders}
    later: dict[str, bytes] = {}
    for name, content in files.items():
        (later if name.startswith(_LATER) else first)[f"/{name}"] = content
    begun = _part(first, 0)
    return begun + _part(later, len(begun))


def _part(contents: dict[str, bytes], begin: int) -> bytes:
    """A list and its contents, `begin` bytes into the file."""
    names = sorted(contents)
    text = "\n".join(names).encode()
    offset = begin + 4 + len(text) + 4 * (len(names) + 1)
    offsets = [offset]
    for name in names:
        offset += len(contents[name])
        offsets.append(offset)
    head = struct.pack("<HH", len(names), len(text)) + text + struct.pack(f"<{len(offsets)}I", *offsets)
    return head + b"".join(contents[name] for name in names)
