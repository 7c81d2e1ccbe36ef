"""Running the real `dosebell` command as users do: a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]
PATHS = os.pathsep.join((str(ROOT / "host"), str(ROOT / "firmware")))

# The computer's USB ports are the one thing that a test must invent: boards given as (path, serial number, vendor, product).
# TEST_BOARDS: a file that lists them instead, read at each look.
_WITH_BOARDS = """
import json, os, sys
from serial.tools import list_ports, list_ports_common
def comports():
    file = os.environ.get("TEST_BOARDS")
    boards = json.load(open(file)) if file else {boards!r}
    for path, number, vid, pid in boards:
        port = list_ports_common.ListPortInfo(path)
        port.serial_number, port.vid, port.pid, port.description = number, vid, pid, "Board in FS mode"
        yield port
list_ports.comports = comports
from dosebell.__main__ import main
main()
"""


def program(boards: Sequence[tuple[str, str, int, int]] = ()) -> list[str]:
    """What runs `dosebell` on a computer with these boards, or with those that the file TEST_BOARDS lists."""
    return [sys.executable, "-c", _WITH_BOARDS.format(boards=tuple(boards))]


class Ran(NamedTuple):
    """What a command said, its exit code, and how long it took."""

    code: int
    out: str
    err: str
    seconds: float

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def error(self) -> Any:
        """The error of a run with --json: the last line on stderr."""
        return json.loads(self.err.splitlines()[-1])


def dosebell(
    *arguments: str,
    home: Path | None = None,
    boards: Sequence[tuple[str, str, int, int]] = (),
    typed: str | None = None,
    **environment: str,
) -> Ran:
    """Run `dosebell` with these arguments. home: where its archive and configuration are. boards: what is plugged in. typed: what stands on stdin."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DOSEBELL", "_DOSEBELL"))}
    place = {"HOME": str(home), "XDG_DATA_HOME": f"{home}/data", "XDG_CONFIG_HOME": f"{home}/config"} if home else {}
    begun = time.monotonic()
    done = subprocess.run(
        [*program(boards), *arguments],
        env={**kept, "PYTHONPATH": PATHS, "TZ": "UTC", "COLUMNS": "80", **place, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        **({"stdin": subprocess.DEVNULL} if typed is None else {"input": typed}),
    )
    return Ran(done.returncode, done.stdout, done.stderr, time.monotonic() - begun)


def on(port: str, *arguments: str) -> Ran:
    """Run `dosebell` for the device on that port."""
    return dosebell("--port", port, *arguments)


def board(path: str, number: str = "e66118604b2a5c21") -> tuple[str, str, int, int]:
    """A MicroPython board on the USB."""
    return (path, number, 0x2E8A, 0x0005)
