"""This computer as the doctor reads it: /sys, /proc, /etc and /dev under one folder, and the few calls that no folder can stand in for."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from dosebell.times import now_utc

RULES = "70-dosebell.rules"
_RULE_FOLDERS = (
    "etc/udev/rules.d",
    "run/udev/rules.d",
    "usr/local/lib/udev/rules.d",
    "usr/lib/udev/rules.d",
    "lib/udev/rules.d",
)
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised


@dataclass(frozen=True)
class UsbDevice:
    """A device on the USB. place: its name in sysfs, such as 1-1.4. ttys: its serial ports, by name."""

    place: str
    vendor: str
    product: str
    serial: str
    name: str
    ttys: tuple[str, ...]


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _own_groups() -> set[int]:
    return {*os.getgroups(), os.getegid()} if hasattr(os, "getgroups") else set()


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), as far as it matters here; 0 in `modes` only reads."""

    _fields_ = [("modes", ctypes.c_uint), ("_rest", ctypes.c_long * 64)]


def _synchronised() -> bool | None:
    """Whether the kernel holds the clock for synchronised; None where it cannot be asked."""
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.byref(_Timex()))
    except (AttributeError, OSError, TypeError):
        return None
    return None if state < 0 else bool(state != _TIME_ERROR)


@dataclass(frozen=True)
class System:
    """root: where /sys, /proc, /etc and /dev are. group_of and what follows: what only the real system knows."""

    root: Path = Path("/")
    platform: str = sys.platform
    user: str = field(default_factory=_user)
    groups: Callable[[], set[int]] = _own_groups
    group_of: Callable[[Path], int] = lambda path: path.stat().st_gid
    may_open: Callable[[Path], bool] = lambda path: os.access(path, os.R_OK | os.W_OK)
    synchronised: Callable[[], bool | None] = _synchronised
    now: Callable[[], datetime] = now_utc

    @property
    def is_linux(self) -> bool:
        return self.platform.startswith("linux")

    def path(self, absolute: str) -> Path:
        """Where `absolute`, a path such as /dev/ttyACM0, is for this system."""
        return Path(absolute) if self.root == Path("/") else self.root / absolute.lstrip("/")

    def read(self, path: Path) -> str:
        """The text of a small file; "" if there is none or it may not be read."""
        try:
            return path.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            return ""

    # -- USB
    def usb(self) -> list[UsbDevice] | None:
        """What is on the USB, by place; None where that cannot be seen."""
        folder = self.path("/sys/bus/usb/devices")
        if not folder.is_dir():
            return None
        found = []
        for device in sorted(folder.iterdir()):
            vendor = self.read(device / "idVendor").lower()
            if vendor:
                found.append(
                    UsbDevice(
                        device.name,
                        vendor,
                        self.read(device / "idProduct").lower(),
                        self.read(device / "serial"),
                        self.read(device / "product"),
                        tuple(sorted(tty.name for tty in device.glob("*:*/tty/*"))),
                    )
                )
        return found

    # -- programs
    def processes(self) -> Iterator[tuple[int, str]]:
        """(number, name) of each program that runs, of other users too."""
        for folder in sorted(self.path("/proc").glob("[0-9]*")):
            name = self.read(folder / "comm")
            if name:
                yield int(folder.name), name

    def holders(self, port: str) -> list[tuple[int, str]]:
        """The programs that have `port` open, as far as they may be looked at: this user's own."""
        wanted = {port, os.path.realpath(port)}
        return [(number, name) for number, name in self.processes() if wanted & self._open_files(number)]

    def _open_files(self, process: int) -> set[str]:
        found = set()
        try:
            for link in self.path(f"/proc/{process}/fd").iterdir():
                found.add(os.readlink(link))
        except OSError:
            return found  # another user's, or it has ended meanwhile
        return found

    # -- rights
    def group_name(self, number: int) -> str:
        """A group's name by /etc/group."""
        return next((name for name, at, _ in self._group_lines() if at == number), str(number))

    def listed_in(self, number: int) -> bool:
        """Whether /etc/group lists this user in the group, so that the next log-in brings it."""
        return any(at == number and self.user in members for _, at, members in self._group_lines())

    def _group_lines(self) -> Iterator[tuple[str, int, list[str]]]:
        for line in self.read(self.path("/etc/group")).splitlines():
            parts = line.split(":")
            if len(parts) == 4 and parts[2].isdigit():
                yield parts[0], int(parts[2]), parts[3].split(",")

    def rule(self) -> str | None:
        """The text of the udev rule that is in force, or None."""
        for folder in _RULE_FOLDERS:
            file = self.path("/" + folder) / RULES
            if file.is_file():
                return self.read(file)
        return None
