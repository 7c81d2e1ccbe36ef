"""Figures of the host: what a log of ten thousand events costs this computer, beyond the transfer from a device.

A device that answers at once stands at the other end: the firmware's own journal, read as its link reads it, without a line and without waiting.
All figures are processor seconds, so that a busy machine does not change them.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from dosebell.archive import Archive
from dosebell.image.files import ROOT
from dosebell.log_pull import pull
from hil_tests import prepared

EVENTS = 10_000
COMMANDS: dict[str, tuple[str, ...]] = {
    "log verify": (),
    "log show": (),
    "log export --format jsonl": ("--output", "log.jsonl"),
    "log export --format csv": ("--output", "log.csv"),
}


class AtOnce:
    """What `log_pull` needs of a client, answered from the journal of a prepared board."""

    def __init__(self, past: prepared.Past) -> None:
        self.identity = {"id": "e6614c311b425a2f", "label": "bed 7", "board": "pico"}
        self._past = past

    def same_device(self) -> None:
        """It cannot be exchanged."""

    def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
        ring = self._past.ring
        if do == "exported":
            self._past.export()
            return {"ok": True}
        assert do == "log-info", do
        return {"epochs": [ring.oldest, ring.epoch], "last": ring.seq, "exported": ring.exported, "written": ring.used}

    def ask_raw(self, do: str, **which: int) -> bytes:
        assert do == "log", do
        return self._past.answer_log(**which)


def ten_thousand(new_board: bytes, archive: Path) -> tuple[int, float]:
    """Fills a new archive by as many pulls as the ring needs; how many events it then holds, and the processor seconds that the pulls took."""
    past = prepared.Past(new_board)
    events, seconds = 0, 0.0
    with Archive(archive, create=True) as kept:
        while events < EVENTS:
            before = past.ring.seq
            while past.ring.seq - before < EVENTS // 2:
                past.course()
            begun = time.process_time()
            done = pull(AtOnce(past), kept)  # type: ignore[arg-type]
            seconds += time.process_time() - begun
            assert not done.gaps
            events += done.events
    return events, seconds


def command_s(archive: Path, name: str) -> float:
    """Processor seconds of a whole command over the archive, its start included; what it writes lies beside the archive."""
    before = os.times()
    subprocess.run(
        [sys.executable, "-m", "dosebell", *name.split(), "--archive", archive.name, *COMMANDS[name]],
        cwd=archive.parent,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "host"), str(ROOT / "firmware")))},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system
