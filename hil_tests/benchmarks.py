"""`make bench`: the device's figures beside their limits, as a table on stdout and in build/bench.json.

All times are simulated unless a figure says wall. Exit code 1 if a figure misses its limit. Progress goes to stderr.
"""

import json
import subprocess
import sys
import tempfile
import time
from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dosebell.image import build_image, build_uf2
from dosebell.image.files import BOARDS, ROOT, write_whole
from dosebell.sim import flash_from_uf2
from dosebell.sim.bedside import Bedside
from dosebell.sim.serial_port import SerialPort
from dosebell.sim.timekeeper import AFTER_OPENING_S
from hil_tests import effects, figures, long_log, prepared, scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.emulated import BOARD_FILE

RESULT = ROOT / "build" / "bench.json"
FILE_BYTES = 64 * 1024
SECTOR_BYTES = 4096
SECTORS_AT_ONCE = 8  # as `dosebell log pull` asks
HOURS_S = 8 * 3600.0
REPORT_EVENTS = 10_000
# A board on which somebody works with mpremote: it does nothing, and its REPL is open.
PLAIN = b"import time\nwhile True: time.sleep_ms(500)\n"
BOOT_REPL_S = 0.5
# Time runs only while board or cable are busy, in steps that are short beside an exchange: mpremote's own speed costs nothing.
PORT = "{port}"
TRANSFER_TIMEOUT_S = 120.0
POLL_S, STEP_S, STILL_S = 0.005, 0.0001, 0.001


@dataclass(frozen=True)
class Figure:
    """One line of the table. `limit`: None where the figure is only reported; `at_least`: the limit is a lower one."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


class Benchmarks:
    """`figures` grows as they are measured. `home`: an empty folder."""

    def __init__(self, new_board: bytes, home: Path) -> None:
        self.figures: list[Figure] = []
        self._new_board = new_board
        self._home = home
        self._made = 0

    def _bench(self, flash: bytes) -> EmulatedBench:
        self._made += 1
        home = self._home / f"home{self._made}"
        home.mkdir()
        return EmulatedBench(flash, home)

    def _add(self, name: str, value: float, unit: str, limit: float | None = None, at_least: bool = False) -> None:
        self.figures.append(Figure(name, round(value, 3), unit, limit, at_least))

    def effects(self) -> None:
        """Light and sound after their instant, and presses, with three kinds of host."""
        hosts: list[tuple[str, scenes.Traffic, float]] = [
            ("idle", scenes.idle, scenes.IDLE_S),
            ("log pull", scenes.LogPull(), scenes.BUSY_S),
            ("serial noise", scenes.Noise(), scenes.BUSY_S),
        ]
        for name, traffic, limit in hosts:
            found = effects.measure(self._bench(prepared.full_and_ready(self._new_board)), traffic)
            self._add(f"effect, latest of {len(found.effects)}, {name}", found.worst() * 1000, "ms", limit * 1000)
            self._add(f"press to confirmation, {name}", found.worst_press() * 1000, "ms", scenes.PRESS_S * 1000)

    def boot(self) -> None:
        """From power-on until light and sound can call."""
        full = figures.boot(self._bench(prepared.full_and_running(self._new_board)))
        past = prepared.Past(self._new_board)
        past.run_course(prepared.QUICK, tail_free=50)
        young = figures.boot(self._bench(past.flash))
        self._add("boot to alert-capable, full journal", full.alert_capable * 1000, "ms", 400)
        self._add("boot to first call's edge, full journal", full.first_call * 1000, "ms", 1000)
        self._add("boot to alert-capable, young journal", young.alert_capable * 1000, "ms", 400)

    def memory(self) -> None:
        """Passes, heap and collections in a running course, and eight hours of it."""
        bench = self._bench(prepared.full_and_ready(self._new_board))
        scenes.running(bench, due_in=HOURS_S + 3600)
        view = figures.HeapView(bench)
        bench.wait(120)
        self._add("idle pass, longest of 3", max(figures.idle_passes(bench)) * 1e6, "us", 250)
        before = figures.collections(bench, view, wanted=2)
        begun = time.monotonic()
        bench.wait(HOURS_S)
        self._add("8 h idle, wall time", time.monotonic() - begun, "s")
        after = figures.collections(bench, view, wanted=2)
        found = [*before, *after]
        self._add("heap free after a collection, least", min(each.heap.free for each in found), "B", 110_000, True)
        self._add("largest free block, least", min(each.heap.largest for each in found), "B", 32 * 1024, True)
        self._add("heap growth in 8 h", before[-1].heap.free - after[-1].heap.free, "B", 256)
        self._add("longest collection", max(each.seconds for each in found) * 1000, "ms")

    def log(self) -> None:
        """The whole journal, asked for by a host that answers at once, against `mpremote fs cp` of a file."""
        bench = self._bench(prepared.full_and_ready(self._new_board))
        bench.wait(scenes.BOOTED_S)
        oldest, newest = scenes.ask(bench, "log-info")["epochs"]
        begun = bench.now
        epoch = oldest
        while epoch <= newest:
            at_once = max(1, min(SECTORS_AT_ONCE, newest - epoch))
            epoch += -(-len(b64decode(scenes.ask_log(bench, epoch, sectors=at_once))) // SECTOR_BYTES)
        rate = prepared.record_bytes(bench.pico.snapshot()) / (bench.now - begun)
        copy = mpremote_rate(self._home)
        self._add("log read, record bytes", rate / 1000, "kB/s")
        self._add("mpremote fs cp of 64 KiB", copy / 1000, "kB/s")
        self._add("log read / mpremote", rate / copy, "x", 3, True)

    def host(self) -> None:
        """What this computer does with a long log."""
        archive = self._home / "long.sqlite"
        events, seconds = long_log.ten_thousand(self._new_board, archive)
        self._add(f"pulls of {events} events, host's own time", seconds, "s", 3)
        for name in long_log.COMMANDS:
            self._add(f"{name} of them", long_log.command_s(archive, name), "s")

    def report(self) -> None:
        """10,000 events of one course, pulled twice over a ring that goes on: the host's own time for pull, proof and report, and the file's size."""
        sys.path.append(str(ROOT / "host" / "tests"))
        from reported_courses import Bed, restless  # type: ignore[import-not-found]

        from dosebell.archive import Archive, choose
        from dosebell.report.facts import gather
        from dosebell.report.page import page

        bed, path, spent = (
            Bed(sectors=125, max_doses=63, max_days=0, cycles=4, cycle_days=22),
            self._home / "log.sqlite",
            0.0,
        )
        for events in (5_000, REPORT_EVENTS):
            restless(bed, events)
            begun = time.process_time()
            bed.pull(path)
            spent += time.process_time() - begun
        begun = time.process_time()
        with Archive(path, create=False) as archive:
            html = page(gather(archive, choose(archive, None, None)))
        made = time.process_time() - begun
        self._add("pull to report of 10,000 events, host time", spent + made, "s", 3)
        self._add("of which proof and report", made, "s")
        self._add("report of 10,000 events", len(html.encode()) / 1000, "kB", 1000)


def mpremote_rate(home: Path) -> float:
    """Bytes a second of `mpremote fs cp` from a board whose REPL is open, with a host that answers at once."""
    content = bytes(range(256)) * (FILE_BYTES // 256)
    bedside = Bedside.of_board(flash_from_uf2(build_uf2({"main.py": PLAIN, "big.bin": content})), BOARD_FILE)
    bedside.advance(BOOT_REPL_S)
    copied = home / "big.bin"
    seconds = transfer_s(bedside, ["-m", "mpremote", "connect", PORT, "fs", "cp", ":big.bin", str(copied)])
    if copied.read_bytes() != content:
        raise SystemExit("bench: mpremote did not copy the file as it is")
    return FILE_BYTES / seconds


def transfer_s(bedside: Bedside, arguments: Sequence[str]) -> float:
    """Runs a Python module against the board's port; the simulated seconds that board and cable were busy for it."""
    port = SerialPort(bedside.usb)
    try:
        return _transfer_s(bedside, port, arguments)
    finally:
        port.close()


def _transfer_s(bedside: Bedside, port: SerialPort, arguments: Sequence[str]) -> float:
    command = [sys.executable, *(str(port.path) if each == PORT else each for each in arguments)]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    end = time.monotonic() + TRANSFER_TIMEOUT_S
    busy = 0.0
    while process.poll() is None:
        if time.monotonic() > end:
            process.kill()
        was_open, taken = port.opened, port.bytes_in
        port.service(POLL_S)
        if port.opened != was_open:
            bedside.advance(AFTER_OPENING_S)
        if port.bytes_in != taken:
            busy += _exchange_s(bedside, port)
    said = process.communicate()[0].decode(errors="replace")
    if process.returncode:
        raise SystemExit(f"bench: {' '.join(arguments)} ended with {process.returncode}: {said[-500:]}")
    return busy


def _exchange_s(bedside: Bedside, port: SerialPort) -> float:
    """Time runs until board and cable are still; the seconds until then. The host is as fast as one can be: it costs none."""
    begun = active = bedside.now
    while bedside.now - active < STILL_S:
        spoken = port.bytes_out
        bedside.advance(STEP_S)
        if bedside.usb.unsent:
            port.service()
        else:
            port.flush()
        if port.bytes_out != spoken or bedside.usb.unsent or not bedside.pico.asleep:
            active = bedside.now
    return active - begun


def table(found: list[Figure]) -> str:
    """The figures as text."""
    lines = [f"{'figure':44} {'value':>12}  {'unit':5} {'limit':>12}", "-" * 80]
    for each in found:
        limit = "" if each.limit is None else f"{'>=' if each.at_least else '<='} {each.limit:g}"
        lines.append(
            f"{each.name:44} {each.value:>12.10g}  {each.unit:5} {limit:>12} {'' if each.met else '  MISSED'}".rstrip()
        )
    return "\n".join(lines)


def main() -> int:
    """Measures everything. 0 when every limit is met, else 1."""
    info = build_image(BOARDS / "pico.toml", ROOT / "firmware", ROOT / "build" / "dosebell-pico.uf2")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as home:
        benchmarks = Benchmarks(flash_from_uf2(info.path.read_bytes()), Path(home))
        steps: list[tuple[str, Callable[[], None]]] = [
            ("effects and presses, with three kinds of host", benchmarks.effects),
            ("boot", benchmarks.boot),
            ("memory and passes", benchmarks.memory),
            ("log and mpremote", benchmarks.log),
            ("a long log on this computer", benchmarks.host),
            ("report", benchmarks.report),
        ]
        for number, (name, measure) in enumerate(steps, 1):
            print(f"[{number}/{len(steps)}, {time.monotonic() - begun:3.0f} s] {name} ...", file=sys.stderr, flush=True)
            measure()
    found = benchmarks.figures
    print(table(found))
    content = {"image": info.image_hash, "figures": [asdict(each) | {"met": each.met} for each in found]}
    write_whole(RESULT, (json.dumps(content, indent=1) + "\n").encode())
    missed = [each.name for each in found if not each.met]
    if missed:
        print(f"bench: limits missed: {', '.join(missed)}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
