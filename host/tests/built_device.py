"""Scripted devices that hold the files of an image: one that an engineer provisions, and one that takes another image by its loader."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

from scripted_device import ScriptedDevice

from dosebell.flash.drives import INFO_FILE
from dosebell.flash.writer import FILE, as_copied
from dosebell.image.bundle import sealed
from dosebell.manifest import BUNDLE
from dosebell.provisioning.steps import BUTTONS

YES = "yellow=yes,low-call=yes,red=yes,medium-call=yes,green=yes,display=none"


def built(code: bytes) -> tuple[dict[str, bytes], str]:
    """The files of an image in which this code is, and its hash."""
    knows = b"IMAGE_HASH = '0000000000000000'"
    return sealed({"main.py": b"import app\n", BUNDLE: code + b" " + knows, "dosebell_build.mpy": knows}, 4096)


class OnTheTable(ScriptedDevice):  # type: ignore[misc]  # mypy does not find helpers beside tests
    """A board that an engineer provisions. `presses`: which buttons are pressed, one whenever a press is waited for. `standing`: something calls.

    `strange`: a file too many on it.
    """

    def __init__(self, *, socket_port: bool = False) -> None:
        super().__init__(socket_port=socket_port)
        self.presses = list(BUTTONS)
        self.standing = False
        self.strange = False
        self.battery = False
        self.files, self.image = built(b"code")

    def _do_hello(self, given: dict[str, Any]) -> Any:
        return super()._do_hello(given) | {"image": self.image}

    def _do_files(self, given: dict[str, Any]) -> Any:
        listed = [[name, len(content)] for name, content in sorted(self.files.items())] + [["journal", 4096]]
        return {"files": [*listed, ["boot.py", 7]] if self.strange else listed, "more": False}

    def _do_file(self, given: dict[str, Any]) -> Any:
        return self.files.get(given["path"][1:], b"import x")[given["at"] : given["at"] + 4096]

    def _do_status(self, given: dict[str, Any]) -> Any:
        status = super()._do_status(given)
        status["clock"]["battery"] = self.battery
        return status

    def _do_alert_test(self, given: dict[str, Any]) -> Any:
        if self.standing:
            return {"err": "calling"}
        answer = super()._do_alert_test(given)
        if given["goes_on"] and given["play"] is not None and self.presses:
            pressed = self.presses.pop(0)
            if pressed != "hold":  # which leaves no event while no course runs
                self.happen(pressed)
            return {"err": "cut-short"}
        return answer


class Updated(OnTheTable):
    """A board in service that takes another image: it leaves for its loader, whose drive is a folder here, and comes back when that holds the image.

    The image itself is no code, only as many blocks; what it holds for the host is what `built` makes.
    """

    def __init__(self) -> None:
        super().__init__(socket_port=True)
        self.drives = Path("/nowhere")
        self._uf2 = b""
        self._next: tuple[dict[str, bytes], str] = ({}, "")

    def image_in(self, folder: Path) -> None:
        """Write `image.uf2` and its record there; from now on loader drives appear beside them, in `drives`."""
        self._uf2, self._next = bytes(512) * 40, built(b"new code")
        (folder / "image.uf2").write_bytes(self._uf2)
        said = {"board": "pico", "version": "0.1.0", "image_hash": self._next[1]}
        record = {**said, "sha256": hashlib.sha256(self._uf2).hexdigest()}
        (folder / "image.json").write_text(json.dumps(record))
        self.drives = folder / "drives"

    @property
    def drive(self) -> Path:
        return self.drives / "RPI-RP2"

    def _do_loader(self, given: dict[str, Any]) -> Any:
        self.drive.mkdir(parents=True)
        (self.drive / INFO_FILE).write_text("UF2 Bootloader v3.0\nModel: Raspberry Pi RP2\nBoard-ID: RPI-RP2\n")
        return {"ok": True, "leaves_ms": 1000}

    def _do_hello(self, given: dict[str, Any]) -> Any:
        copied = self.drive / FILE
        if copied.exists() and copied.read_bytes() == as_copied(self._uf2):
            shutil.rmtree(self.drive)
            self.files, self.image = self._next
            self.reboot()
        return super()._do_hello(given)
