"""Copies an image onto a loader drive, so that a copy that breaks off leaves a board that comes back in its loader.

The boot ROM takes the blocks of a UF2 file in any order and erases a sector with its first block. So the first sector is begun first, which takes the
old start of the flash away, and its first page, without which the ROM starts nothing, is written last of all. A block that makes no sense to the
ROM goes before: it lets it forget an earlier copy that broke off, whose blocks it would else count for this one (`virtual_disk.c` of the ROM).
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable

from dosebell.errors import DosebellError
from dosebell.flash.drives import Drive

Progress = Callable[[int, int], None]
"""Told how many bytes are copied, of how many."""

FILE = "DOSEBELL.UF2"
BLOCK = 512
CHUNK = 64 * BLOCK
_TOTAL_AT = 24  # of the number of blocks, in a block's header
_LOCKED = (errno.EROFS, errno.EACCES, errno.EPERM)


def as_copied(uf2: bytes) -> bytes:
    """The blocks of the image in the order in which they are copied."""
    forget = bytearray(uf2[:BLOCK])
    struct.pack_into("<I", forget, _TOTAL_AT, 0)
    return bytes(forget) + uf2[BLOCK:] + uf2[:BLOCK]


def copy(drive: Drive, uf2: bytes, progress: Progress) -> None:
    """Copy the image. Whether the board took it only the board itself can tell: some systems report an error although it did.

    Errors: drive-readonly, drive-full, copy-broke-off.
    """
    data = as_copied(uf2)
    done = 0
    try:
        file = os.open(drive.path / FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
        try:
            while done < len(data):
                done += os.write(file, data[done : done + CHUNK])
                os.fsync(file)
                progress(done, len(data))
                if done < len(data) and not drive.is_there:
                    raise DosebellError("copy-broke-off", port=str(drive.path), percent=100 * done // len(data))
        finally:
            os.close(file)
    except OSError as err:
        if done == len(data):
            return  # the board reboots with its last block: the system complains of a drive that has gone
        raise _failed(drive, err, done, len(data)) from None


def _failed(drive: Drive, err: OSError, done: int, size: int) -> DosebellError:
    if err.errno == errno.ENOSPC:
        return DosebellError("drive-full", port=str(drive.path))
    if err.errno in _LOCKED and not done:
        return DosebellError("drive-readonly", port=str(drive.path), detail=err.strerror or str(err))
    return DosebellError(
        "copy-broke-off", port=str(drive.path), percent=100 * done // size, detail=err.strerror or str(err)
    )
