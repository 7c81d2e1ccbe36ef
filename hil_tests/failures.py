"""Firmware that is broken on purpose, and what a device leaves behind when it fails, read from its flash: a device that fails may not answer."""

from functools import cache, partial
from typing import Any

from dosebell.image.files import BOARDS, FIRMWARE
from dosebell.image.micropython import load_micropython
from dosebell.journal_reader import SLOT_BYTES, SLOTS, header_of, read_sector
from dosebell.sim import flash_from_uf2
from dosebell.sim.flash import PAGE_BYTES
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.changed import Change, build_changed
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured

_STORAGE = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
_SECTOR = SLOTS * SLOT_BYTES
_COPY = _STORAGE.journal_blocks // 2 * _SECTOR
# Safe mode, or the last call, is reached within this long of three (six) boots that fail at once.
FAILED_S = 4.0
# The name of a place at which `FAIL_ONCE` raises is told by the host in a `hello`.
_ARM = "import loader\n\n\ndef hello(device, request, now):\n    loader.armed = request.get('fail')\n"


def journal(flash: bytes) -> list[Any]:
    """The events of the newest two sectors that a board's flash holds."""
    begin = _STORAGE.journal_offset
    heads = {}
    for at in range(begin, begin + _COPY, _SECTOR):
        for copy in (at, at + _COPY):
            header = header_of(flash[copy : copy + SLOT_BYTES])
            if header is not None:
                heads[header.epoch] = at
    events = []
    for epoch in sorted(heads)[-2:]:
        at = heads[epoch]
        sector = read_sector(epoch, flash[at : at + _SECTOR], partial(_piece, flash, at + _COPY))
        events += [each.event for each in sector.events]
    return events


def _piece(flash: bytes, at: int) -> bytes:
    return flash[at : at + _SECTOR]


def spoil_next_sectors(bench: EmulatedBench, sectors: int = 3) -> None:
    """The sectors after the newest look as if their erase had been cut off: the next boot erases them in its first calm moments."""
    flash = bench.pico.snapshot()
    begin = _STORAGE.journal_offset
    headers = [header_of(flash[at : at + SLOT_BYTES]) for at in range(begin, begin + 2 * _COPY, _SECTOR)]
    newest = max(header.epoch for header in headers if header is not None)
    for epoch in range(newest + 1, newest + 1 + sectors):
        at = begin + (epoch - 1) * _SECTOR % _COPY
        for copy in (at, at + _COPY):
            bench.pico.poke_flash(copy, bytes(PAGE_BYTES))


def told(bench: EmulatedBench, *kinds: str) -> list[Any]:
    """The events of these kinds, read from the flash of a device that may not answer."""
    return [event for event in journal(bench.pico.snapshot()) if event is not None and event.kind in kinds]


def faults(bench: EmulatedBench, code: str) -> list[str]:
    """The words of every fault of that code."""
    return [event.detail["words"] for event in told(bench, "fault") if event.detail["code"] == code]


def journal_blocks(copy: int) -> tuple[int, int]:
    """Where in the flash that copy of the journal begins, and its size in bytes."""
    return _STORAGE.journal_offset + copy * _COPY, _COPY


def broken(changes: dict[str, Change], past: bytes | None = None) -> bytes:
    """The flash of a board with an image of changed sources: configured, or with the past of another."""
    uf2 = build_changed(changes)
    return configured(flash_from_uf2(uf2)) if past is None else flash_from_uf2(uf2, past)


def before(line: str, statement: str) -> tuple[str, str]:
    """A change that puts a statement before a line, which must stand in its file once."""
    indent = line[: len(line) - len(line.lstrip())]
    return line, f"{indent}{statement}\n{line}"


def first(file: str, function: str, statement: str) -> tuple[str, str]:
    """A change that puts a statement first in a function, whose name must stand in the file once."""
    (line,) = [
        line for line in (FIRMWARE / file).read_text(encoding="utf-8").splitlines() if f"def {function}(" in line
    ]
    indent = line[: len(line) - len(line.lstrip())]
    return f"{line}\n", f"{line}\n{indent}    {statement}\n"


def in_a_course(make_bench: MakeBench, new_board: bytes, due_in: float) -> tuple[bytes, float]:
    """The flash of a board whose course runs, and the wall clock's instant at which its first dose is due."""
    bench = make_bench(configured(new_board))
    due = scenes.running(bench, due_in)
    bench.cut_power()
    return bench.pico.snapshot(), due


def calls(bench: EmulatedBench, since: float, within: float = 10.5) -> bool:
    """Whether a whole medium call is heard within so long: three pulses."""
    bench.wait_until(since + within + 1)
    return any(burst.pulses == 3 for burst in scenes.called(bench, scenes.MEDIUM_HZ, since))


@cache
def fails_on_demand(places: tuple[tuple[str, str, str], ...]) -> bytes:
    """A configured board with an image that raises, once, at the place that the last `hello` has named. places: (name, file, function)."""
    changes: dict[str, list[tuple[str, str]]] = {
        "loader.py": [
            before(
                "def release():",
                'armed = None\n\n\ndef fail(name):\n    global armed\n    if armed == name:\n        armed = None\n        raise ValueError("at " + name)\n\n',
            )
        ],
        "device/link/requests/identity.py": [("def hello(device, request, now):\n", _ARM)],
    }
    for name, file, function in places:
        changes.setdefault(file, []).append(first(file, function, f'__import__("loader").fail("{name}")'))
    return broken(dict(changes))
