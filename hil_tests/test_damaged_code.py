"""A board whose application is damaged or gone: what light and sound say in each case, and damage that no boot stumbles on (A-07, B-01)."""

from collections.abc import Callable

import pytest

from dosebell.image.files import BOARDS
from dosebell.image.filesystem import lay_filesystem
from dosebell.image.micropython import load_micropython
from hil_tests import scenes
from hil_tests.conftest import MakeBench
from hil_tests.failures import FAILED_S, calls, faults
from hil_tests.prepared import configured
from hil_tests.test_journal_times import SPARE, marked, spans
from hil_tests.test_maintenance import JOURNAL, filesystem

pytestmark = pytest.mark.req("A-07", "B-01")

STORAGE = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
BUNDLE = "app.bundle"
# Stands once on the flash, in a module that no board without a display imports.
WORD = b"Log is damaged:"
CHECKED_S = 8.0  # from the power-on, with a journal that is not full
SLICE_S = 0.005
DARK = {"red": False, "yellow": False, "green": False, "alive": False}


def flipped(flash: bytes) -> tuple[bytes, int]:
    """The flash with one bit of WORD changed, and where."""
    assert flash.count(WORD) == 1
    at = flash.index(WORD)
    return flash[:at] + bytes([flash[at] ^ 1]) + flash[at + 1 :], at


@pytest.mark.req("A-07", "B-01", "J-01")
def test_a_bit_of_the_code_that_has_changed_is_found_and_called_out(make_bench: MakeBench, new_board: bytes) -> None:
    # given a board in whose application one bit has changed, where no boot comes by
    flash, at = flipped(configured(new_board))
    bench = make_bench(flash)
    bench.wait(CHECKED_S)
    # then it is journaled, once, and called out
    assert faults(bench, "code") == ["the application is damaged"]
    assert scenes.alert(bench, "self-test-failed")["priority"] == "medium"
    assert bench.pico.resets == []
    assert calls(bench, bench.now)
    # and `info` says which file it is
    told = bench.cli("--json", "info")
    assert told.exit_code == 6
    assert told.json["code_files"]["changed"] == ["app.bundle"]
    # when the bit is right again, and the power goes off and on
    bench.pico.poke_flash(at, WORD[:1])
    bench.reset("run")
    bench.wait(70)
    # then nothing is said any more
    assert faults(bench, "code") == ["the application is damaged"]
    assert scenes.alert(bench, "self-test-failed") is None


def test_the_check_of_the_code_takes_slices_of_no_more_than_5_ms(make_bench: MakeBench) -> None:
    new_board = marked("device/code_check.py", "                damaged = self._read()", "\n_BYTES_A_STEP = ")
    bench = make_bench(configured(new_board))
    log = bench.pico.watch(SPARE)
    bench.wait(CHECKED_S)
    slices = spans(log.since(0))
    print(f"{len(slices)} slices, longest {max(slices) * 1000:.2f} ms, together {sum(slices) * 1000:.0f} ms")
    assert len(slices) > 40
    assert max(slices) <= SLICE_S
    assert faults(bench, "code") == []
    assert scenes.alert(bench, "self-test-failed") is None


def laid_anew(flash: bytes, change: Callable[[dict[str, bytes]], object]) -> bytes:
    """The flash with other files in its filesystem, and its journal as it was."""
    found = filesystem(flash)
    files = {}
    for name in found.listdir("/"):
        if name != "journal":
            with found.open("/" + name, "rb") as file:
                files[name] = bytes(file.read())
    change(files)
    laid = flash[: STORAGE.start] + lay_filesystem(files, STORAGE) + flash[STORAGE.end :]
    return laid[: JOURNAL.start] + flash[JOURNAL] + laid[JOURNAL.stop :]


def cut_short(files: dict[str, bytes]) -> None:
    files[BUNDLE] = files[BUNDLE][: len(files[BUNDLE]) // 4]


GONE: dict[str, Callable[[dict[str, bytes]], object]] = {
    "the bundle is cut short": cut_short,
    "the bundle is gone": lambda files: files.pop(BUNDLE),
    "the loader is gone": lambda files: files.pop("loader.mpy"),
}


@pytest.mark.parametrize("what", GONE)
def test_an_application_that_is_not_whole_is_called_out(make_bench: MakeBench, new_board: bytes, what: str) -> None:
    # given a configured board, which has nothing else to say
    bench = make_bench(laid_anew(configured(new_board), GONE[what]))
    bench.wait(FAILED_S)
    # then the board's pins call: a medium technical condition
    assert calls(bench, bench.now)
    assert str(bench.rhythm("yellow", 6)).startswith("0.5 Hz")
    assert bench.rhythm("red", 6).kind == "steady"
    assert bench.rhythm("green", 6).kind == "off"


@pytest.mark.parametrize("what", ["main.py is gone", "the filesystem is blank"])
def test_without_main_the_stock_micropython_is_dark_and_silent(
    make_bench: MakeBench, new_board: bytes, what: str
) -> None:
    # given a board on which only MicroPython is left to run
    if what == "main.py is gone":
        flash = laid_anew(new_board, lambda files: files.pop("main.py"))
    else:
        begin = STORAGE.start
        flash = new_board[:begin] + b"\xff" * (len(new_board) - begin)
    bench = make_bench(flash)
    bench.wait(12)
    # then nothing is lit, nothing sounds, the light that tells of life stands still: it does not look well, and cannot call
    assert bench.lights() == DARK
    assert all(bench.light_edges(light) == [] for light in DARK)
    assert bench.tones(0) == []
    # and its prompt is open to the cable
    bench.serial()
    bench.send_noise(b"\x03\r\n")
    bench.wait(0.2)
    assert b">>> " in bytes(bench.pico.usb.out)
