"""The drive that a computer shows while an emulated board is in its loader: a folder that appears, takes copied files and vanishes.

What a program writes there reaches the board's boot ROM block by block, in the order in which it arrives, as soon as it is looked at.
"""

import shutil
from pathlib import Path

from dosebell.sim.bedside import Bedside
from dosebell.sim.loader import BLOCK, INFO, WRITE_S

LABEL = "RPI-RP2"
INFO_FILE, INDEX_FILE = "INFO_UF2.TXT", "INDEX.HTM"
_INDEX = (
    '<html><head><meta http-equiv="refresh" content="0;URL=\'https://raspberrypi.com/device/RP2\'"/></head></html>\n'
)
_OWN = (INFO_FILE, INDEX_FILE)


class LoaderDrive:
    """Shows `bedside`'s board below `place`, where a computer mounts its drives, as RPI-RP2 or with a number behind it.

    `path`: the folder while it is there. `writable`: False makes the drive read-only, as a locked-down computer does. `breaks_after`: the
    cable is pulled once so many pages of an image are written; None: it stays.
    """

    def __init__(self, bedside: Bedside, place: Path) -> None:
        self._bedside = bedside
        self._place = place
        self._taken: dict[str, int] = {}
        self.path: Path | None = None
        self.writable = True
        self.breaks_after: int | None = None

    def service(self) -> bool:
        """Appear or vanish as the board does, and take what was copied. True if anything came."""
        loader = self._bedside.pico.loader if self._bedside.powered else None
        there = loader is not None and not loader.complete and self._bedside.usb.plugged
        if not there:
            self.vanish()
            return False
        if self.path is None:
            self._appear()
        return self._take()

    def _appear(self) -> None:
        self._taken.clear()
        number = 0
        while self.path is None:
            path = self._place / f"{LABEL}{number or ''}"
            try:
                path.mkdir(parents=True)
            except FileExistsError:
                number += 1
            else:
                self.path = path
        (self.path / INDEX_FILE).write_text(_INDEX, encoding="ascii")
        (self.path / INFO_FILE).write_text(INFO, encoding="ascii", newline="")
        if not self.writable:
            self.path.chmod(0o555)

    def vanish(self) -> None:
        """The drive is gone: its board has rebooted, or lost the cable or the power."""
        if self.path is not None:
            self.path.chmod(0o755)
            shutil.rmtree(self.path, ignore_errors=True)
            self.path = None

    def _take(self) -> bool:
        assert self.path is not None
        came = False
        for file in sorted(self.path.iterdir()):
            if file.name in _OWN or not file.is_file():
                continue
            taken = self._taken.get(file.name, 0)
            with file.open("rb") as source:
                source.seek(taken)
                data = source.read()
            whole = len(data) - len(data) % BLOCK
            for at in range(0, whole, BLOCK):
                self._write(data[at : at + BLOCK])
            self._taken[file.name] = taken + whole
            came = came or whole > 0
        if not self._bedside.usb.plugged:
            self.vanish()
        return came

    def _write(self, block: bytes) -> None:
        loader = self._bedside.pico.loader
        if loader is None or not self._bedside.usb.plugged:
            return
        if self.breaks_after is not None and loader.written >= self.breaks_after:
            self.breaks_after = None
            self._bedside.usb.unplug()
            return
        before = loader.written
        self._bedside.pico.copy_block(block)
        self._bedside.advance((loader.written - before) * WRITE_S)
