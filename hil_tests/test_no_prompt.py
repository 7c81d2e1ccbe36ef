"""In service no sequence of bytes reaches a prompt, and none at any moment of a boot (B-03). The same hunt finds one where there is one."""

from collections.abc import Callable

import pytest

from dosebell.image import build_uf2
from dosebell.sim import Pico, flash_from_uf2
from hil_tests import prompt_hunt, scenes
from hil_tests.bench.changed import build_changed
from hil_tests.conftest import MakeBench
from hil_tests.effects import LATE_S
from hil_tests.prepared import configured
from hil_tests.prompt_hunt import CRAFTED, Found
from hil_tests.scenes import LOW_HZ, heard

pytestmark = pytest.mark.req("B-03")

# `make test` takes 20,000 sequences and 200 boots; `make soak` a million and 20,000, in parts with seeds of their own.
SEQUENCES, EARLY_BOOTS, WHOLE_BOOTS = 20_000, 192, 8
SOAK_PARTS, SOAK_SEQUENCES, SOAK_EARLY, SOAK_WHOLE = 20, 50_000, 975, 25
SEED = 1_000_000  # of a part's first
PLAIN = b"import time\nwhile True: time.sleep_ms(500)\n"
FIRST = "import micropython; micropython.kbd_intr(-1)  # one byte 0x03 in the first milliseconds would win a REPL\n"
# From a reset: when MicroPython shows itself to the host, when main.py's first statement begins and has done its work, when the first byte of a
# host that takes no time at all can come. In docs/security.md, "What a cable can do".
ATTACHED_S, ARMED_S, DISARMED_S, FIRST_BYTE_S = 0.0035, 0.01107, 0.01116, 0.0137
ARMED_MOST_S = 0.0001


def parts(short: int, long: int) -> pytest.MarkDecorator:
    """How many in `make test`, and in each part of `make soak`."""
    soak = [pytest.param(part, long, marks=pytest.mark.soak, id=f"part{part}") for part in range(1, SOAK_PARTS + 1)]
    return pytest.mark.parametrize(("part", "count"), [pytest.param(0, short, id="short"), *soak])


@parts(SEQUENCES, SOAK_SEQUENCES)
def test_no_sequence_of_bytes_reaches_a_prompt_in_service(
    make_bench: MakeBench, new_board: bytes, part: int, count: int
) -> None:
    # given a device in service, with a course whose first dose is near
    bench = make_bench(configured(new_board))
    due = scenes.running(bench, due_in=20)
    boot = scenes.ask(bench, "hello")["boot"]
    # when sequences of all kinds come, as fast as they are taken
    found = prompt_hunt.in_service(bench, count, seed=part * SEED)
    # then it says nothing to them, is never reset, and its schedule goes on
    assert found == Found(count, [])
    bench.wait_until(due + LATE_S + 15)
    assert scenes.ask(bench, "hello")["boot"] == boot
    assert heard(bench, LOW_HZ, due) - due <= scenes.BUSY_S
    phase = scenes.slot_and_phase(bench)
    assert phase[0] == 1 and phase[1] in ("late", "overdue"), phase


@parts(EARLY_BOOTS, SOAK_EARLY)
def test_no_byte_at_any_moment_of_an_early_boot_reaches_a_prompt(new_board: bytes, part: int, count: int) -> None:
    flash = configured(new_board)
    ways = [way for number in range(count) for way in prompt_hunt.early_boot(flash, part * SEED + number).ways]
    assert ways == []


@parts(WHOLE_BOOTS, SOAK_WHOLE)
def test_no_byte_at_any_moment_of_a_whole_boot_reaches_a_prompt(
    make_bench: MakeBench, new_board: bytes, part: int, count: int
) -> None:
    bench = make_bench(configured(new_board))
    bench.wait(scenes.BOOTED_S)
    ways = [way for number in range(count) for way in prompt_hunt.whole_boot(bench, part * SEED + number).ways]
    assert ways == []
    assert scenes.ask(bench, "hello")["boot"] == 2 + count


def first_found(hunts: Callable[[int], Found], most: int) -> Found:
    """The first hunt of at most so many that finds something."""
    for number in range(most):
        found = hunts(number)
        if found.ways:
            return found
    return Found(most)


def test_the_hunt_finds_the_prompt_of_a_board_that_has_one(make_bench: MakeBench) -> None:
    bench = make_bench(flash_from_uf2(build_uf2({"main.py": PLAIN})))
    bench.wait(1)
    found = prompt_hunt.in_service(bench, 2000, seed=0)
    assert any("a prompt" in way for way in found.ways), found


def test_the_hunt_finds_what_the_first_statement_is_for(make_bench: MakeBench) -> None:
    # given firmware that does not turn the interrupting byte off, or turns it off after its first import
    without = flash_from_uf2(build_changed({"main.py": [(FIRST, "")]}))
    later = flash_from_uf2(
        build_changed({"main.py": [(FIRST, 'import micropython; __import__("loader"); micropython.kbd_intr(-1)\n')]})
    )
    # then the same boots find a way in: at the latest one in twenty, and with the second a whole prompt
    assert first_found(lambda number: prompt_hunt.early_boot(without, number), 20).ways
    assert any("a prompt" in way for number in range(20) for way in prompt_hunt.early_boot(later, number).ways)
    # and so do sequences in service
    bench = make_bench(configured(without))
    bench.wait(scenes.BOOTED_S)
    assert prompt_hunt.in_service(bench, 2000, seed=0).ways


def test_what_mpremote_sends_gets_no_answer(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    bench.wait(scenes.BOOTED_S)
    for crafted in (b"\r\x03\x03\r\x01", b"\r\x03\x03\r\x01\x05A\x01"):
        assert crafted in CRAFTED
        assert bench.serial().exchange(crafted, timeout=0.3) == b""
    assert scenes.ask(bench, "hello")["product"] == "dosebell"


def test_the_window_that_micropython_leaves_is_over_before_a_byte_can_come(new_board: bytes) -> None:
    # given a boot, looked at every 2 microseconds
    pico = Pico(configured(new_board))
    pico.usb.hurry()
    enumerated: list[float] = []
    pico.usb.on_enumerated = lambda: enumerated.append(pico.now)
    armed = [0.0, 0.0]
    while pico.now < 0.02:
        pico.advance(2e-6)
        if pico.interrupt_byte == 3:
            armed = [armed[0] or pico.now, pico.now]
    # then a byte 0x03 would interrupt it for less than 0.1 ms, before any host can have sent it
    assert armed[0] == pytest.approx(ARMED_S, abs=0.0005)
    assert 0 < armed[1] - armed[0] <= ARMED_MOST_S
    assert enumerated and enumerated[0] == pytest.approx(FIRST_BYTE_S, abs=0.0005)
    assert armed[1] + 0.002 < enumerated[0]
