"""Writing by Raspberry Pi's `picotool`, where it is installed: for computers on which nobody mounts the loader's drive."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from dosebell.errors import DosebellError
from dosebell.flash import drives

TOOL = "picotool"
_TIMEOUT_S = 180


def is_installed() -> bool:
    return shutil.which(TOOL) is not None


def load(image: Path, location: str) -> None:
    """Write the image to the board in its loader, verify it and start it. `location`: its USB location, "" if it is the only one.

    Errors: picotool-failed.
    """
    chosen = drives.bus_and_address(location)
    where = ["--bus", chosen[0], "--address", chosen[1]] if chosen else []
    command = [TOOL, "load", "--verify", "--execute", str(image), *where]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as err:
        raise DosebellError("picotool-failed", detail=str(err)) from None
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise DosebellError("picotool-failed", detail=said[-1] if said else f"exit code {done.returncode}")
