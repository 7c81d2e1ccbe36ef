"""Lets the application be imported from one file, `/app.bundle`, instead of fifty: finding a file in littlefs costs 10 ms, and a boot has 400.

The bundle: u16 number of entries, then for each u8 length of the path, path, u32 offset, u32 size; offsets count from the start of the file. Little-endian.
It is mounted as a small read-only file system, and becomes the only place where modules are sought. Without the file nothing changes.
"""

import usys as sys
from uio import BytesIO
from ustruct import unpack_from
from vfs import mount

BUNDLE = "/app.bundle"
# Built-in modules that a file could replace: MicroPython looks for that file at each import (5 ms), unless the module is known already.
BUILT_IN = ("binascii", "io", "json", "machine", "select", "struct", "time")
_MODULE_MOST = 8192  # the largest module, and all entries, fit in so much
_DIRECTORY = (0x4000, 0, 0, 0, 0, 0, 0, 0, 0, 0)
_FILE = (0x8000, 0, 0, 0, 0, 0, 0, 0, 0, 0)


class Bundle:
    """The file system; directories are implied by their files.

    A module passes through one buffer into a BytesIO, whose memory the import gives back at once; a `read` for each would leave holes all
    over the heap. Between imports buffer and entries (14 kB) can be given back, see `release`.
    """

    def __init__(self, file):
        self._file = file
        self.buffer = None
        self.entries = {}  # type: dict

    def _load(self):
        self.buffer = raw = memoryview(bytearray(_MODULE_MOST))
        self._file.seek(0)
        self._file.readinto(raw)
        entries = {"": None}  # type: dict
        self.entries = entries
        at = 2
        for _ in range(unpack_from("<H", raw)[0]):
            end = at + 1 + raw[at]
            path = "/" + str(raw[at + 1 : end], "ascii")
            entries[path] = unpack_from("<II", raw, end)
            at = end + 8
            folder = path[: path.rfind("/")]
            while folder not in entries:
                entries[folder] = None
                folder = folder[: folder.rfind("/")]

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        if not self.entries:
            self._load()
        entry = self.entries.get(path, self)
        if entry is self:
            raise OSError(2)
        return _FILE if entry else _DIRECTORY

    def open(self, path, mode):
        if not self.entries:
            self._load()
        offset, size = self.entries[path]
        part = self.buffer[:size]  # type: ignore[index]
        if len(part) < size:
            raise OSError(27)
        self._file.seek(offset)
        self._file.readinto(part)
        return BytesIO(part)


_mounted = []  # type: list[Bundle]


def use_bundle():
    """Mounts the bundle, if there is one, as the place of all modules."""
    for name in BUILT_IN:
        sys.modules[name] = __import__("u" + name)
    try:
        file = open(BUNDLE, "rb")  # noqa: SIM115 - stays open as long as the device runs
    except OSError:
        return
    bundle = Bundle(file)
    _mounted.append(bundle)
    mount(bundle, "/app")
    sys.path[:] = ["/app"]


def release():
    """Gives memory back between imports; the next one takes it again."""
    for bundle in _mounted:
        bundle.buffer = None
        bundle.entries = {}
