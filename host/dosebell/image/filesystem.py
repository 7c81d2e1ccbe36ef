"""The board's littlefs: the application's files, and one contiguous file that owns the journal's blocks.

The device writes its journal straight to flash. littlefs and the stock boot script must agree that those blocks are
taken, so at build time a file `/journal` is laid over them. littlefs keeps pointers in the first bytes of each block
of a file: `block_pointers` gives them, the device writes them again whenever it erases a block.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from dosebell.image.errors import ImageError
from dosebell.image.micropython import Storage
from dosebell.manifest import JOURNAL as JOURNAL_FILE

if TYPE_CHECKING:
    from littlefs import LittleFS

_SUPERBLOCKS = 2  # littlefs keeps its root in blocks 0 and 1
_MARK = struct.Struct("<8sI")
_MARK_TEXT = b"journal "
_SHORTEST_DATA_FILE = 4096  # longer than what littlefs would keep inside a directory entry


def block_pointers(number: int, first: int) -> bytes:
    """What littlefs keeps at the start of a file's block: 0 to 36 bytes.

    `number` counts the blocks of the file from 0, `first` is the block of the filesystem where the contiguous file
    begins. Block n points to n - 2^k for k = 0 .. ctz(n) (littlefs, DESIGN.md, "CTZ skip-lists"); block 0 has no
    pointers.
    """
    if number == 0:
        return b""
    count = (number & -number).bit_length()
    return struct.pack(f"<{count}I", *(first + number - (1 << k) for k in range(count)))


def journal_bytes(storage: Storage) -> int | None:
    """How large the file `/journal` is; None if no journal is laid."""
    return _capacity(storage.journal_blocks, storage.block_size) if storage.journal_blocks else None


def lay_filesystem(files: dict[str, bytes], storage: Storage) -> bytes:
    """The bytes of the whole filesystem, `storage.blocks` blocks, with `/journal` and these files.

    Names are paths without a leading slash. The same files give the same bytes: they are written in the order of
    their names, and littlefs keeps no times. Raises `ImageError` if they do not fit or if the journal would not lie
    where `storage` says.
    """
    filesystem = _formatted(storage)
    if storage.journal_blocks:
        _lay_journal(filesystem, storage)
    folders: set[str] = set()
    for name in sorted(files):
        if name == JOURNAL_FILE and storage.journal_blocks:
            raise ImageError(f"/{name} is the journal's own file and cannot be a file of the application")
        folder = name.rpartition("/")[0]
        if folder and folder not in folders:
            filesystem.makedirs(f"/{folder}", exist_ok=True)
            folders.add(folder)
        _write(filesystem, name, files[name])
    filesystem.unmount()
    image = bytes(filesystem.context.buffer)
    if storage.journal_blocks:
        check_journal(image, storage)
    return image


def check_journal(image: bytes, storage: Storage) -> None:
    """Raise `ImageError` unless each journal block lies in its place, in order, with the pointers of the formula.

    Only for a filesystem fresh from `lay_filesystem`: it looks for the marks that were laid there.
    """
    for number in range(storage.journal_blocks):
        start = (storage.journal_first + number) * storage.block_size
        expected = block_pointers(number, storage.journal_first) + _mark(number)
        found = image[start : start + len(expected)]
        if found != expected:
            raise ImageError(
                f"the journal is not contiguous: its block {number} should be block {storage.journal_first + number} of"
                f" the filesystem and begin with {expected.hex()}, there is {found.hex()}"
            )


def open_filesystem(image: bytes, storage: Storage) -> LittleFS:
    """A filesystem as a board holds it, mounted, to be read and written without touching `image`."""
    filesystem = _unmounted(storage)
    filesystem.context.buffer[:] = image
    filesystem.mount()
    return filesystem


def _formatted(storage: Storage) -> LittleFS:
    filesystem = _unmounted(storage)
    filesystem.format()
    filesystem.mount()
    return filesystem


def _unmounted(storage: Storage) -> LittleFS:
    """With the parameters of MicroPython's `rp2.Flash` and `vfs.VfsLfs2` in v1.25 (disk version 2.1)."""
    # Imported here: who only reads UF2 files needs no littlefs.
    from littlefs import LittleFS

    return LittleFS(
        block_size=storage.block_size,
        block_count=storage.blocks,
        read_size=32,
        prog_size=256,
        cache_size=1024,
        lookahead_size=32,
        block_cycles=100,
        disk_version=0x00020001,
        mount=False,
    )


def _lay_journal(filesystem: LittleFS, storage: Storage) -> None:
    """Write `/journal` so that it begins in block `journal_first`.

    littlefs hands out blocks in order, from a start of its own choice, and round again. A ballast file takes what
    comes before the wanted block and is deleted: the next file then begins there.
    """
    ballast = (storage.journal_first - _next_free_block(storage)) % storage.blocks
    if storage.journal_first < _next_free_block(storage):
        ballast -= _SUPERBLOCKS  # on its way round the ballast passes over them
    if ballast > 0:
        _write(filesystem, "ballast", bytes(_capacity(ballast, storage.block_size)))
        filesystem.remove("/ballast")
    content = bytearray()
    for number in range(storage.journal_blocks):
        room = storage.block_size - len(block_pointers(number, 0))
        content += _mark(number).ljust(room, b"\xff")
    _write(filesystem, JOURNAL_FILE, bytes(content))


def _next_free_block(storage: Storage) -> int:
    """The block that a freshly formatted filesystem gives to its first file: found by writing one to a scratch copy."""
    scratch = _formatted(storage)
    mark = b"first block of a file"
    _write(scratch, "probe", mark.ljust(_SHORTEST_DATA_FILE, b"\0"))
    scratch.unmount()
    return bytes(scratch.context.buffer).index(mark) // storage.block_size


def _capacity(blocks: int, block_size: int) -> int:
    """Bytes of content that fill this many blocks of one file."""
    return sum(block_size - len(block_pointers(number, 0)) for number in range(blocks))


def _mark(number: int) -> bytes:
    return _MARK.pack(_MARK_TEXT, number)


def _write(filesystem: LittleFS, name: str, content: bytes) -> None:
    from littlefs import LittleFSError

    try:
        with filesystem.open(f"/{name}", "wb") as file:
            file.write(content)
    except LittleFSError as problem:
        raise ImageError(f"/{name} ({len(content)} bytes) does not fit into the filesystem: {problem}") from problem
