"""Pulls from the real firmware that are cut off at random moments: the archive is afterwards the one that an undisturbed pull makes (H-04).

The host is killed or stopped, the cable pulled, the board reset, the power cut; then the pull is run again, until it is through. `host/tests/test_pull_cuts`
cuts the same way with events written and damage done meanwhile, on a device without flash, USB and time.
"""

import signal
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from dosebell.archive import Archive
from dosebell.archive_check import check
from hil_tests import prepared, scenes
from hil_tests.bench import CliResult, EmulatedBench
from hil_tests.bench.command import Command
from hil_tests.conftest import MakeBench

SEED = 20261128
CUTS, SOAK_CUTS = 40, 200
# A pull brings eight sectors in one answer, of 48 kB on the line, and keeps them when it has them all. So many sectors take two answers and a short one.
SECTORS = 13
# Cuts fall within so many bytes of what the device says in a pull, most of them early: what a cut wastes is read again.
SHORT_BYTES, LONG_BYTES = 70_000, 150_000
# A cable comes back after so long, a board after a reset; what has no power stays without it.
BACK_S = 0.3
# A busy machine emulates slowly, and the command's patience is real time.
PATIENT, WALL_S = ("--timeout", "60"), 600.0
SIGNALS = {"host killed": signal.SIGKILL, "host stopped": signal.SIGINT, "host told to end": signal.SIGTERM}
# A killed host and a pulled cable cost no boot.
KINDS = 3 * ("host killed", "cable pulled", "host stopped") + ("host told to end",)
BOOTS = ("watchdog", "run", "power cut")


class Pulls:
    """One board, and pulls that are cut; `archives`: those that were pulled through in spite of it."""

    def __init__(self, bench: EmulatedBench, home: Path, random: Random, within: int) -> None:
        self._bench = bench
        self._within = within
        self._home = home
        self._random = random
        self.archives: list[Path] = []
        self.cuts: list[str] = []
        self._begin()

    def _begin(self) -> None:
        self._archive = self._home / f"archive{len(self.archives)}.sqlite"

    def cut(self, kind: str) -> None:
        """One more pull that is cut; those that are through before it count for nothing."""
        while True:
            after = 200 + int(self._within * self._random.random() ** 2)
            done = self._bench.cli_cut(
                *self._command(), after=after, delay=self._random.random() * 0.002, cut=self._by(kind)
            )
            self._mend()
            if done.exit_code:
                self._assert_clear(kind, done)
                self.cuts.append(kind)
                return
            self._next()

    def finish(self) -> None:
        """The last pull, which nobody cuts."""
        self._bench.cli(*self._command(), timeout=WALL_S).ok()
        self._next()

    def _next(self) -> None:
        self.archives.append(self._archive)
        self._begin()

    def _command(self) -> tuple[str, ...]:
        return (*PATIENT, "log", "pull", "--archive", str(self._archive))

    def _by(self, kind: str) -> Callable[[Command], None]:
        bench = self._bench
        if kind in SIGNALS:
            return lambda command: command.signal(SIGNALS[kind])

        def leave(_command: Command) -> None:
            bench.unplug()  # also a board that restarts leaves the bus
            if kind == "power cut":
                bench.cut_power()
            elif kind != "cable pulled":
                bench.reset(kind)

        return leave

    def _mend(self) -> None:
        bench = self._bench
        if not bench.powered:
            bench.restore_power(off_time=0.5)
        if not bench.pico.usb.plugged:
            bench.wait(BACK_S)
            bench.replug()
            bench.wait(BACK_S)

    @staticmethod
    def _assert_clear(kind: str, done: CliResult) -> None:
        assert "Traceback" not in done.stderr, done.stderr
        if kind == "host killed":
            assert done.exit_code == -signal.SIGKILL
        elif kind in SIGNALS:
            assert done.exit_code == 128 + SIGNALS[kind] and done.stderr.endswith("stopped\n"), done
        else:
            assert done.exit_code == 3 and done.stderr.startswith("unplugged: "), done


def contents(archive: Path) -> tuple[dict[int, bytes], dict[int, tuple[int | None, int | None, str]]]:
    """Every event by number, and every sector's seal; the archive is proven and has no gap."""
    with Archive(archive, create=False) as kept:
        (journal,) = kept.journals()
        checked = check(kept, journal)
        assert not checked.bad and not checked.gaps
        return {seq: row[-1] for seq, row in kept.event_rows(journal).items()}, kept.sealed_sectors(journal)


def assert_as_undisturbed(bench: EmulatedBench, pulls: Pulls, before: bytes, calm: Path) -> None:
    """before: the board's flash before the first pull: a full journal gives its oldest sectors to new events meanwhile."""
    bench.cli(*PATIENT, "log", "pull", "--archive", str(calm), timeout=WALL_S).ok()
    wanted, seals = contents(calm)
    on_board = dict(prepared.stored_events(before)) | dict(prepared.stored_events(bench.pico.snapshot()))
    assert pulls.archives, "no pull came through"
    for archive in pulls.archives:
        events, found = contents(archive)
        # The newest events (of the boots, of the pulls) came after some of these archives.
        first, last = min(events), max(events)
        assert list(events) == list(range(first, last + 1)) and first <= min(wanted), archive.name
        assert events == {seq: on_board[seq] for seq in events}
        assert {seq: raw for seq, raw in events.items() if seq in wanted} == {
            seq: raw for seq, raw in wanted.items() if seq <= last
        }
        whole = [epoch for epoch in found if epoch < max(found) and epoch in seals]
        assert whole and [found[epoch] for epoch in whole] == [seals[epoch] for epoch in whole]


def play(bench: EmulatedBench, home: Path, number: int, kinds: list[str], within: int) -> Pulls:
    random = Random(f"{SEED}/{number}")
    random.shuffle(kinds)
    bench.wait(scenes.BOOTED_S)
    pulls = Pulls(bench, home, random, within)
    for kind in kinds:
        try:
            pulls.cut(kind)
        except BaseException:
            print(f"seed {SEED}/{number}, after {len(pulls.cuts)} cuts: {kind}")
            raise
    pulls.finish()
    return pulls


def kinds_for(cuts: int, boots: int) -> list[str]:
    cheap = [KINDS[number % len(KINDS)] for number in range(cuts - boots)]
    return cheap + [BOOTS[number % len(BOOTS)] for number in range(boots)]


@pytest.mark.req("H-04", "H-06")
def test_forty_cuts_of_pulls_lose_and_double_nothing(make_bench: MakeBench, new_board: bytes, tmp_path: Path) -> None:
    past = prepared.Past(new_board)
    while past.ring.epoch < SECTORS:
        past.course()
    bench = make_bench(past.flash)
    pulls = play(bench, tmp_path, 0, kinds_for(CUTS, len(BOOTS)), SHORT_BYTES)
    assert len(pulls.cuts) == CUTS
    assert_as_undisturbed(bench, pulls, past.flash, tmp_path / "calm.sqlite")


@pytest.mark.soak
@pytest.mark.req("H-04", "H-06")
@pytest.mark.parametrize("part", range(1, 6))
def test_two_hundred_cuts_of_pulls_of_a_full_journal_lose_and_double_nothing(
    make_bench: MakeBench, new_board: bytes, tmp_path: Path, part: int
) -> None:
    flash = prepared.full_and_ready(new_board)
    bench = make_bench(flash)
    pulls = play(bench, tmp_path, part, kinds_for(SOAK_CUTS // 5, 3 * len(BOOTS)), LONG_BYTES)
    assert_as_undisturbed(bench, pulls, flash, tmp_path / "calm.sqlite")
