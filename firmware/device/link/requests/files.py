"""What lies in the filesystem, for a host that proves the code: it lists and reads, and changes nothing.

littlefs itself is asked, past the bundle that is mounted over `/app`: a folder of that name must be seen too. Imported when it is asked for.
"""

import dosebell_build as build
from vfs import mount

from device.link.requests.log import Raw, number
from dosecore.refusals import Refusal

_FILES_MOST = 16  # of one answer
_ENTRIES_MOST = 1023  # of one folder: each costs 0.05 ms, and an answer must not delay an alert
_BYTES_MOST = 4096  # of one answer: read in 0.2 ms
_FOLDER = 0x4000
_OFFSET_MOST = 0xFFFFFF
UNITS = 12  # garbage of opening a file
_buffer = memoryview(bytearray(_BYTES_MOST))


def _littlefs():
    return mount()[-1][0]  # the filesystem at "/" stands last


def _plain(name):
    """The name, with "?" for what cannot be sent as it is."""
    return "".join([c if " " < c <= "~" else "?" for c in name])


def files(device, request, now):
    """At most _FILES_MOST entries of `folder` from number `at` on: [name, size], None for the size of a folder."""
    folder = request.get("folder", "/")
    at = number(request, "at", 0, _ENTRIES_MOST, 0)
    if isinstance(at, Refusal):
        return at
    found = []  # type: list
    try:
        for name, kind, _, size in _littlefs().ilistdir(folder):
            if at:
                at -= 1
            elif len(found) == _FILES_MOST:
                return {"files": found, "more": True}
            else:
                found.append((_plain(name), None if kind == _FOLDER else size))
    except (OSError, TypeError):
        return Refusal("bad-field", "folder", folder)
    return {"files": found, "more": False}


def file(device, request, now):
    """At most _BYTES_MOST bytes of `path` from byte `at` on; none at its end."""
    path = request.get("path")
    at = number(request, "at", 0, _OFFSET_MOST, 0)
    if isinstance(at, Refusal):
        return at
    device.units += UNITS
    try:
        with _littlefs().open(path, "rb") as opened:
            opened.seek(at)
            return Raw(_buffer[: opened.readinto(_buffer)])
    except (OSError, TypeError, UnicodeError):
        return Refusal("bad-field", "path", path)


def proven(device, request, now):
    """A host has compared every file with the image whose hash is `image`: what maintenance may have left is known, and its alert ends."""
    image = request.get("image")
    if image != build.IMAGE_HASH:
        return Refusal("bad-field", "image", image)
    device.change(now)
    return {"ok": True} if device.keeper.condition("maintenance", False, now) else Refusal("journal-fault")


def loader(device, request, now):
    """A new image: by a module of its own, which stays, because it remembers what the bed was asked."""
    from device.link.requests import update

    return update.loader(device, request, now)
