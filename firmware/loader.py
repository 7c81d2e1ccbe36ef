"""Lets the application be imported from one file, `/app.bundle`, instead of fifty: finding a file in littlefs costs 10 ms, and a boot has 400.

The bundle: u16 number of names, u16 length of their text, the names ("/" + path, of folders too; "\n" between them), then a u32 for each name and one more:
where its content begins, from the start of the file; it ends where the next begins, and a folder's is empty. Little-endian.
What is needed after the first alert alone stands in a second such list, which begins where the last content of the first list ends: 50 names cost the
boot 7 ms. It is mounted as a small read-only file system, and becomes the first place where modules are sought. Without the file nothing changes.
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
        self.file = file
        self.buffer = None  # type: memoryview | None
        self.forget()

    def forget(self):
        """Gives memory back until the next import."""
        self.buffer = None
        self.places = {}  # type: dict
        self.offsets = ()  # type: tuple
        self._whole = False  # both lists are known

    def _load(self, at):
        """Adds the list that begins `at` bytes into the file: all of it, or with an error nothing."""
        if not at:
            self.buffer = memoryview(bytearray(_MODULE_MOST))
        raw = self.buffer
        self.file.seek(at)
        self.file.readinto(raw[:4])  # type: ignore[index]
        count, size = unpack_from("<HH", raw)
        self.file.readinto(raw[4 : 8 + size + 4 * count])  # type: ignore[index]
        # Split, unpacked and zipped in C: a loop over the names in Python takes 8 ms more.
        names = str(raw[4 : 4 + size], "ascii").split("\n")  # type: ignore[index]
        known = len(self.offsets)
        offsets = self.offsets + unpack_from("<%dI" % (count + 1), raw, 4 + size)
        places = dict(zip(names, range(known, known + count)))
        places.update(self.places)
        self.places = places
        self.offsets = offsets
        self._whole = at > 0

    def _seek(self, path):
        """Where the offset of a name stands that was not found so far; OSError if there is none. A module may be in the second list, a folder not."""
        if not self.places:
            self._load(0)
        if path not in self.places and not self._whole and path.endswith(".mpy"):
            self._load(self.offsets[-1])
        if path not in self.places:
            raise OSError(2)
        return self.places[path]

    def mount(self, readonly, mkfs):
        pass

    def umount(self):
        pass

    def stat(self, path):
        place = self.places.get(path)
        if place is None:
            # Places where MicroPython looks in vain: in haste. A folder has no `__init__` in the image.
            if self.places and (self._whole or not path.endswith(".mpy") or path.endswith("/__init__.mpy")):
                raise OSError(2)
            place = self._seek(path)
        return _FILE if self.offsets[place + 1] > self.offsets[place] else _DIRECTORY

    def open(self, path, mode):
        place = self.places.get(path)
        if place is None:
            place = self._seek(path)
        offset = self.offsets[place]
        size = self.offsets[place + 1] - offset
        part = self.buffer[:size]  # type: ignore[index]
        if len(part) < size:
            raise OSError(27)
        self.file.seek(offset)
        self.file.readinto(part)
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
        bundle.forget()
