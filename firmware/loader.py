"""Lets the application be imported from one file, `/app.bundle`, instead of fifty: finding a file in littlefs costs 10 ms, and a boot has 400.

The bundle: u16 number of names, u16 length of their text, the names ("/" + path, of folders too; "\n" between them), then a u32 for each name and one more:
where its content begins, from the start of the file; it ends where the next begins, and a folder's is empty. Little-endian.
It is mounted as a small read-only file system, and becomes the first place where modules are sought. Without the file nothing changes.
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
    """The file system.

    A module passes through one buffer into a BytesIO, whose memory the import gives back at once; a `read` for each would leave holes all
    over the heap. Between imports buffer and directory (14 kB) can be given back, see `release`.
    """

    def __init__(self, file):
        self._file = file
        self.buffer = None
        self.places = {}  # type: dict
        self.offsets = ()  # type: tuple

    def _load(self):
        self.buffer = raw = memoryview(bytearray(_MODULE_MOST))
        self._file.seek(0)
        self._file.readinto(raw)
        # Split, unpacked and zipped in C: a loop over the names in Python takes 8 ms more.
        count, size = unpack_from("<HH", raw)
        names = str(raw[4 : 4 + size], "ascii").split("\n")
        self.offsets = unpack_from("<%dI" % (count + 1), raw, 4 + size)
        self.places = dict(zip(names, range(count)))

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        if not self.places:
            self._load()
        place = self.places.get(path)
        if place is None:
            raise OSError(2)
        return _FILE if self.offsets[place + 1] > self.offsets[place] else _DIRECTORY

    def open(self, path, mode):
        if not self.places:
            self._load()
        place = self.places[path]
        offset = self.offsets[place]
        size = self.offsets[place + 1] - offset
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
    sys.path[:] = ["/app", ""]


def release():
    """Gives memory back between imports; the next one takes it again."""
    for bundle in _mounted:
        bundle.buffer = None
        bundle.places = {}
        bundle.offsets = ()
