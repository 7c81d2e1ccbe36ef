"""The bench itself: power cuts, resets and flash that misbehaves."""

import pytest

from hil_tests.bench import EmulatedBench, NotOnThisBench
from hil_tests.bench.guests import BELL, WRITER, flash_with
from hil_tests.conftest import MakeBench, pytest_runtest_call

# Where WRITER writes, and the operations of its life: one erase, then a page a second.
PAGES = 0xA2000
BOOTED_S = 0.3


@pytest.fixture(scope="module")
def writer() -> bytes:
    return flash_with(WRITER)


def page(bench: EmulatedBench, number: int) -> bytes:
    start = PAGES + number * 256
    return bench.pico.snapshot()[start : start + 256]


@pytest.mark.parametrize(
    ("how", "left"),
    [
        ("before", b"\xff" * 256),
        ("half", b"\x02" * 128 + b"\xff" * 128),
        ("after", b"\x02" * 256),
    ],
)
def test_power_goes_within_a_chosen_flash_operation(
    make_bench: MakeBench, writer: bytes, how: str, left: bytes
) -> None:
    bench = make_bench(writer)
    bench.power_cut_at_flash_op(2, how)
    bench.wait(5)
    assert not bench.powered
    assert bench.now == pytest.approx(5)
    assert [operation.kind for operation in bench.pico.flash_spy.operations] == ["erase", "program", "program"]
    assert page(bench, 1) == b"\x01" * 256
    assert page(bench, 2) == left
    assert not any(bench.lights().values())


def test_the_device_starts_anew_after_a_cut_with_the_flash_as_it_was(make_bench: MakeBench, writer: bytes) -> None:
    bench = make_bench(writer)
    bench.wait(2.5)
    flash = bench.pico.snapshot()
    bench.cut_power()
    bench.wait(10)
    bench.restore_power(off_time=3)
    assert bench.now == pytest.approx(15.5)
    assert bench.pico.snapshot() == flash
    bench.wait(BOOTED_S)
    assert bench.pico.usb.out.startswith(b"born 0 0 ")
    assert bench.lights()["red"]
    assert [edge.level for edge in bench.light_edges("red")][-2:] == [False, True]


@pytest.mark.parametrize(("kind", "born"), [("run", b"born 0 0 "), ("watchdog", b"born 1 77 ")])
def test_scratch_registers_survive_the_watchdog_and_not_the_run_line(
    make_bench: MakeBench, writer: bytes, kind: str, born: bytes
) -> None:
    bench = make_bench(writer)
    bench.wait(1)
    assert bench.lights()["red"]
    bench.pico.usb.out.clear()
    if kind == "watchdog":
        # The guest starts the watchdog through its registers, as `machine.WDT` does, and never feeds it.
        bench.pico.mcu.write_uint32(0x40058004, 100_000)
        bench.pico.mcu.write_uint32(0x40058000, 1 << 30)
        bench.wait(0.1)
    else:
        bench.reset(kind)
        assert not bench.lights()["red"]
    bench.wait(BOOTED_S)
    assert bytes(bench.pico.usb.out).startswith(born)


def test_flash_can_refuse_writes_and_takes_its_time_all_the_same(make_bench: MakeBench, writer: bytes) -> None:
    bench = make_bench(writer)
    bench.wait(1.5)
    bench.refuse_flash_writes()
    bench.wait(1)
    bench.refuse_flash_writes(False)
    bench.wait(1)
    assert page(bench, 1) == b"\x01" * 256
    assert page(bench, 2) == b"\xff" * 256
    assert page(bench, 3) == b"\x03" * 256
    assert len(bench.pico.flash_spy.operations) == 4


def test_flash_operations_end_at_the_same_instants_however_time_is_cut(make_bench: MakeBench, writer: bytes) -> None:
    whole, pieces = make_bench(writer), make_bench(writer)
    whole.wait(2.5)
    for _ in range(3572):
        pieces.wait(0.0007)
    assert pieces.now >= whole.now
    assert pieces.pico.flash_spy.operations == whole.pico.flash_spy.operations
    assert [edge for edge in pieces.light_edges("red") if edge.t <= 2.5] == whole.light_edges("red")


def test_an_erase_takes_45_ms(make_bench: MakeBench, writer: bytes) -> None:
    bench = make_bench(writer)
    bench.wait(BOOTED_S)
    (erase,) = bench.pico.flash_spy.operations
    lit = bench.light_edges("red")[0]
    assert 0.045 < lit.t - erase.t < 0.047


def test_a_board_has_its_unique_id(make_bench: MakeBench, writer: bytes) -> None:
    bench = make_bench(writer, unique_id=bytes.fromhex("0102030405060708"))
    bench.wait(BOOTED_S)
    assert b"0102030405060708" in bench.pico.usb.out


def test_a_finger_stays_on_the_button_through_a_power_cut(make_bench: MakeBench) -> None:
    bench = make_bench(flash_with(BELL))
    bench.wait(1)
    bench.down("start")
    bench.wait(0.1)
    assert bench.lights()["yellow"]
    bench.cut_power()
    assert not bench.lights()["yellow"]
    assert bench.tones()[-1].end == bench.now
    bench.restore_power()
    bench.wait(1)
    bench.up("start")
    bench.wait(0.1)
    assert [edge.level for edge in bench.light_edges("yellow")] == [True, False]


def test_a_heap_without_room(make_bench: MakeBench) -> None:
    program = """
import time
while True:
    time.sleep_ms(100)
    try:
        bytearray(1000)
    except MemoryError:
        print('full')
"""
    bench = make_bench(flash_with(program))
    bench.wait(1)
    bench.lock_heap()
    bench.wait(0.101)
    bench.lock_heap(False)
    bench.wait(0.2)
    assert b"full" in bench.pico.usb.out


def test_a_bus_without_parts_answers_nack_at_once(make_bench: MakeBench) -> None:
    program = """
from machine import I2C, Pin
from time import ticks_diff, ticks_us
bus = I2C(0, sda=Pin(4), scl=Pin(5), freq=400_000, timeout=2000)
begun = ticks_us()
try:
    bus.writeto(0x68, b'\\0')
except OSError as error:
    print(error.errno, ticks_diff(ticks_us(), begun) < 1000)
begun = ticks_us()
print(bus.scan(), ticks_diff(ticks_us(), begun) < 50_000)
"""
    bench = make_bench(flash_with(program))
    bench.wait(1)
    assert bytes(bench.pico.usb.out).startswith(b"5 True\r\n[] True\r\n"), bytes(bench.pico.usb.out)


def test_what_a_bench_cannot_do_skips_the_test(request: pytest.FixtureRequest) -> None:
    call = pytest_runtest_call(request.node)
    next(call)
    with pytest.raises(pytest.skip.Exception, match="a hand on the watchdog"):
        call.throw(NotOnThisBench("a hand on the watchdog"))
