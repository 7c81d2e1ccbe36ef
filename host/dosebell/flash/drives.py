"""Loader drives: where the three systems show them, and how one is told from other drives (by what is in it, not by its name).

DOSEBELL_DRIVES names further folders (separated as in PATH): each is a drive, or holds drives.
"""

from __future__ import annotations

import os
import re
import string
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

VARIABLE = "DOSEBELL_DRIVES"
INFO_FILE = "INFO_UF2.TXT"
RP2040 = "RPI-RP2"
LOADER_USB = ("2e8a", "0003")
_INFO_MOST = 4096
# "1-1.4" in ".../usb1/1-1/1-1.4/1-1.4:1.0/host2/...": bus, then the ports of the hubs on the way.
_LOCATION = re.compile(r"/(\d+-\d+(?:\.\d+)*):\d+\.\d+/")
_FAT = ("vfat", "msdos")


@dataclass(frozen=True)
class Drive:
    """A drive of a UF2 loader. `board_id`: what its INFO_UF2.TXT says. `location`: where its board hangs on the USB, "" where that is not known."""

    path: Path
    board_id: str
    location: str = ""

    @property
    def is_pico(self) -> bool:
        return self.board_id == RP2040

    @property
    def is_there(self) -> bool:
        """Whether it still is the loader's."""
        return _board_id(self.path) == self.board_id


def found(
    platform: str = sys.platform, environment: Mapping[str, str] = os.environ, root: Path = Path("/")
) -> list[Drive]:
    """The loader drives that this computer shows now, by path. `root`: where its files begin; for tests."""
    drives: dict[Path, Drive] = {}
    for path, location in _places(platform, environment, root):
        board_id = _board_id(path)
        if board_id is not None:
            drives.setdefault(path, Drive(path, board_id, location))
    return [drives[path] for path in sorted(drives)]


def unmounted(root: Path = Path("/")) -> list[str]:
    """USB locations of all boards in their loader, whether their drive is shown or not. Known on Linux alone, else empty."""
    here = []
    for device in sorted((root / "sys/bus/usb/devices").glob("*")):
        if (_line(device / "idVendor"), _line(device / "idProduct")) == LOADER_USB:
            here.append(device.name)
    return here


def bus_and_address(location: str, root: Path = Path("/")) -> tuple[str, str] | None:
    """The numbers by which `picotool` names the device at a USB location, or None where they are not known."""
    device = root / "sys/bus/usb/devices" / location
    bus, address = _line(device / "busnum"), _line(device / "devnum")
    return (bus, address) if location and bus and address else None


def _places(platform: str, environment: Mapping[str, str], root: Path) -> Iterator[tuple[Path, str]]:
    """Where a drive may be, and its USB location."""
    for named in environment.get(VARIABLE, "").split(os.pathsep):
        if named:
            yield Path(named), ""
            yield from ((path, "") for path in _folders(Path(named)))
    if platform == "win32":
        yield from ((Path(f"{letter}:\\"), "") for letter in string.ascii_uppercase[2:])
    elif platform == "darwin":
        yield from ((path, "") for path in _folders(root / "Volumes"))
    else:
        yield from _mounted(root)


def _mounted(root: Path) -> Iterator[tuple[Path, str]]:
    """Every FAT file system that Linux has mounted, wherever: below /media, /run/media, /mnt or by hand."""
    for line in _text(root / "proc/mounts").splitlines():
        fields = line.split()
        if len(fields) >= 3 and fields[2] in _FAT:
            # Blanks in a path are written as \040.
            path = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[1])
            yield root / path.lstrip("/"), _location(root, fields[0])


def _location(root: Path, device: str) -> str:
    """The USB location of a block device such as /dev/sda1, or ""."""
    if not device.startswith("/dev/"):
        return ""
    where = os.path.realpath(root / "sys/class/block" / device.removeprefix("/dev/"))
    found = _LOCATION.search(where)
    return found[1] if found else ""


def _board_id(path: Path) -> str | None:
    """The Board-ID in a loader drive's INFO_UF2.TXT; None for any other folder."""
    text = _text(path / INFO_FILE)
    if not text.startswith("UF2 Bootloader"):
        return None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "Board-ID":
            return value.strip()
    return ""


def _folders(place: Path) -> list[Path]:
    try:
        return sorted(path for path in place.iterdir() if path.is_dir())
    except OSError:
        return []


def _text(path: Path) -> str:
    """What a small file says; nothing if it cannot be read, as a drive that has just vanished."""
    try:
        with path.open("rb") as file:
            return file.read(_INFO_MOST if path.name == INFO_FILE else -1).decode("ascii", "replace")
    except OSError:
        return ""


def _line(path: Path) -> str:
    return _text(path).strip()
