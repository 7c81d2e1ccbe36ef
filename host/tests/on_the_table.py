"""A board as it lies before the engineer who provisions it: its code can be read, its buttons are pressed when that is asked for."""

from __future__ import annotations

from typing import Any

from scripted_device import ScriptedDevice

from dosebell.image.bundle import sealed
from dosebell.manifest import BUNDLE
from dosebell.provisioning.steps import BUTTONS

ANSWERS = "yellow=yes,low-call=yes,red=yes,medium-call=yes,green=yes,display=none"
"""All is well, and there is no display."""


class OnTheTable(ScriptedDevice):  # type: ignore[misc]  # mypy does not find helpers beside tests
    """A board that an engineer provisions. `presses`: which buttons are pressed, one whenever a press is waited for. `standing`: something calls.

    `strange`: a file too many on it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.presses = list(BUTTONS)
        self.standing = False
        self.strange = False
        self.battery = False
        knows = b"IMAGE_HASH = '0000000000000000'"
        self.files, self.image = sealed(
            {"main.py": b"import app\n", BUNDLE: b"code " + knows, "dosebell_build.mpy": knows}, 4096
        )

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
