"""Pulls that are cut off at random moments, with events written meanwhile: the archive is afterwards the one that an undisturbed pull makes.

The scripted device plays them: the real journal code behind a pseudo-terminal, the real command in a process of its own where the host is killed.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random

import pytest
from host_command import PATHS
from scripted_device import ScriptedDevice

from dosebell import log_pull
from dosebell.archive import Archive
from dosebell.archive_check import check
from dosebell.client import connect
from dosebell.errors import DosebellError
from dosecore.events import KINDS as event_kinds

SEED = 20261123
OWN_ECHO = {event_kinds.index("exported"), event_kinds.index("checkpoint")}
ROOM = 40  # slots that may be written while a pull runs, once the ring has gone round
KINDS = ("host killed", "cable pulled", "device reset", "host stopped", "host told to end")
SIGNALS = {"host killed": signal.SIGKILL, "host stopped": signal.SIGINT, "host told to end": signal.SIGTERM}
ENDS = {"host killed": -signal.SIGKILL, "host stopped": 130, "host told to end": 143}
TRIALS, SOAK_TRIALS = 40, 200


def pull(device: ScriptedDevice, archive: Path) -> log_pull.Pulled:
    with connect(device.port) as client, Archive(archive, create=True) as kept:
        return log_pull.pull(client, kept)


def contents(archive: Path) -> tuple[dict[int, bytes], list[object]]:
    """Every event by number, and every gap."""
    with Archive(archive, create=False) as kept:
        (journal,) = kept.journals()
        assert not check(kept, journal).bad
        return {seq: row[-1] for seq, row in kept.event_rows(journal).items()}, list(kept.gaps(journal))


class Trial:
    """One device, two archives: `cut` whose pull is cut off, and `calm`."""

    def __init__(self, number: int, home: Path, device: ScriptedDevice) -> None:
        self.kind = KINDS[number % len(KINDS)]
        self._random = Random(f"{SEED}/{number}")
        self._beside = Random(f"{SEED}/{number}/meanwhile")
        self._device = device
        self.cut, self.calm = home / f"cut{number}.sqlite", home / f"calm{number}.sqlite"
        self.was_cut = False

    def play(self) -> None:
        device, random = self._device, self._random
        self._write(random.randrange(1, 250))
        if random.random() < 0.4:  # both have a beginning, and what follows may go round the ring, or be damaged
            pull(device, self.calm)
            shutil.copy(self.calm, self.cut)
            self._write(random.choice((5, 100, 900)))
        if random.random() < 0.4:
            device.hurt(random.randrange(1, device.ring.used), copies=(0, 1))
            self._write(3)
        while self._nearly_round(ROOM):
            self._write(1)
        before = device.said
        pull(device, self.calm)
        device.meanwhile = self._meanwhile
        device.cut_after = random.randrange(200, device.said - before)
        device.cut = self._cut
        if self.kind in SIGNALS:
            self._with_a_host_that_ends()
        else:
            with pytest.raises(DosebellError):
                pull(device, self.cut)
            device.replug()
        device.meanwhile = lambda: None
        assert self.was_cut, "the pull was over before it was cut"
        pull(device, self.cut)
        pull(device, self.calm)
        self._compare()

    def _write(self, count: int) -> None:
        for _ in range(count):
            self._device.happen("fault", code="test", words="w" * self._beside.randrange(90))

    def _meanwhile(self) -> None:
        if not self._nearly_round(6) and self._beside.random() < 0.3:
            self._write(1)

    def _nearly_round(self, room: int) -> bool:
        """Whether so many slots more would overwrite the oldest sector: what two pulls find must not differ by that."""
        ring = self._device.ring
        return bool(ring.epoch >= ring.sectors - 4 and ring.free_slots < room)

    def _cut(self) -> None:
        self.was_cut = True
        if self.kind in SIGNALS:
            time.sleep(self._random.random() * 0.02)  # also into what the host does by itself
            os.kill(self._process.pid, SIGNALS[self.kind])
        else:
            self._device.pull_cable()
            if self.kind == "device reset":
                self._device.reboot()

    def _with_a_host_that_ends(self) -> None:
        command = [sys.executable, "-m", "dosebell", "--port", self._device.port, "log", "pull", "--archive", self.cut]
        self._process = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": PATHS}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        out, err = self._process.communicate(timeout=20)
        assert (self._process.returncode, out) == (ENDS[self.kind], ""), err
        if self.kind != "host killed":
            assert err.endswith("stopped\n") and "Traceback" not in err, err
            assert {path.name for path in self.cut.parent.glob("cut*-*")} == set(), "SQLite left something beside it"

    def _compare(self) -> None:
        (events, gaps), (wanted, wanted_gaps) = contents(self.cut), contents(self.calm)
        # What the device wrote when it was told of that pull came after it, unless the cut did.
        told = [wanted.pop(seq)[0] for seq in sorted(wanted) if seq > max(events)]
        assert set(told) <= OWN_ECHO
        assert events == wanted and gaps == wanted_gaps
        lost = {seq for gap in gaps for seq in range(gap.first, gap.last + 1)}  # type: ignore[attr-defined]
        assert sorted({*events, *lost}) == list(range(min(events), max(events) + 1)) and not lost & set(events)


def play(numbers: range, home: Path) -> None:
    for number in numbers:
        with ScriptedDevice(sectors=8) as device:
            trial = Trial(number, home, device)
            try:
                trial.play()
            except BaseException:
                print(f"seed {SEED}, trial {number}: {trial.kind}")
                raise


@pytest.mark.req("H-04")
@pytest.mark.parametrize("part", range(2))
def test_a_pull_that_is_cut_off_at_any_moment_loses_and_doubles_nothing(part: int, tmp_path: Path) -> None:
    half = TRIALS // 2
    play(range(part * half, (part + 1) * half), tmp_path)


@pytest.mark.soak
@pytest.mark.req("H-04")
@pytest.mark.parametrize("part", range(5))
def test_many_pulls_that_are_cut_off_lose_and_double_nothing(part: int, tmp_path: Path) -> None:
    fifth = SOAK_TRIALS // 5
    play(range(part * fifth, (part + 1) * fifth), tmp_path)
