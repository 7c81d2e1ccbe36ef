"""The bench itself: its serial port, for programs in a process of their own and for the test."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from dosebell.sim.bedside import Bedside
from dosebell.sim.serial_port import SerialPort
from dosebell.sim.timekeeper import AFTER_OPENING_S, Timekeeper
from hil_tests.bench import EmulatedBench
from hil_tests.bench.emulated import BOARD_FILE
from hil_tests.bench.guests import BELL, flash_with
from hil_tests.conftest import MakeBench

WALL_LIMIT_S = 30

# Plain pyserial, as any program would use it: opens the port twice, and takes its time. Between closing and opening it
# leaves enough for a busy machine to notice the closing.
CLIENT = """
import serial, sys, time
for word in (b"good morning", bytes(range(256))):
    time.sleep(0.25)
    with serial.Serial(sys.argv[1], 115200, timeout=5) as port:
        for _ in range(3):
            time.sleep({pause})
            port.write(word)
            assert port.read(len(word)) == word, word
print("understood")
"""

# Writes and never reads, so that everything which the device echoes stays lying.
DEAF_CLIENT = """
import os, serial, sys
with serial.Serial(sys.argv[1], 115200, timeout=5) as port:
    for _ in range(9):
        port.write(b"x" * 1024)
    port.flush()
"""

# Says one word and is gone.
HASTY_CLIENT = """
import serial, sys
with serial.Serial(sys.argv[1], 115200) as port:
    port.write(b"bye")
"""


@pytest.fixture(scope="module")
def bell() -> bytes:
    return flash_with(BELL)


def run_client(bedside: Bedside, program: str, link: Path) -> tuple[str, float]:
    """Run a pyserial program against the board, time on demand; what it printed, and the simulated seconds it took."""
    port = SerialPort(bedside.usb, link)
    bedside.advance(1.0)
    before = bedside.now
    end = time.monotonic() + WALL_LIMIT_S
    client = subprocess.Popen([sys.executable, "-c", program, str(link)], stdout=subprocess.PIPE, text=True)

    def done() -> bool:
        assert time.monotonic() < end, "the program hangs"
        return client.poll() is not None

    try:
        Timekeeper(bedside, port).serve_on_demand(done)
        return client.communicate()[0], bedside.now - before
    finally:
        client.kill()
        client.wait()
        port.close()


def test_a_separate_program_talks_through_the_port_and_time_waits_for_it(bell: bytes, tmp_path: Path) -> None:
    quick, slow = (Bedside.of_board(bell, BOARD_FILE) for _ in range(2))
    said, seconds = run_client(quick, CLIENT.format(pause=0), tmp_path / "port")
    assert said == "understood\n"
    assert seconds < 0.5, "time ran while the program did nothing"
    assert not (tmp_path / "port").is_symlink()
    assert run_client(slow, CLIENT.format(pause=0.1), tmp_path / "port") == (said, seconds)
    assert list(slow.lights["green"]) == list(quick.lights["green"])


def test_what_a_program_did_right_before_it_ended_reaches_the_board(bell: bytes, tmp_path: Path) -> None:
    bedside = Bedside.of_board(bell, BOARD_FILE)
    port = SerialPort(bedside.usb, tmp_path / "port")
    bedside.advance(1.0)
    # when: it opens the port, speaks, closes the port and ends, all before anybody looks
    subprocess.run([sys.executable, "-c", HASTY_CLIENT, str(tmp_path / "port")], check=True, timeout=WALL_LIMIT_S)
    Timekeeper(bedside, port).serve_on_demand(lambda: True)
    port.close()
    # then: the board had its word, and the time that an opening and a closing take
    assert bytes(bedside.usb.out) == b"bye"
    assert bedside.now - 1.0 > 2 * AFTER_OPENING_S


def test_a_program_that_does_not_read_stops_no_light_for_longer_than_micropython_waits(
    bell: bytes, tmp_path: Path
) -> None:
    bedside = Bedside.of_board(bell, BOARD_FILE)
    run_client(bedside, DEAF_CLIENT, tmp_path / "port")
    bedside.advance(5.0)
    assert len(bedside.lights["green"]) > 5


def test_noise_arrives_whole(make_bench: MakeBench, bell: bytes) -> None:
    bench = make_bench(bell)
    bench.wait(1)
    noise = bytes(number * 7 % 256 for number in range(4096))
    bench.send_noise(noise)
    bench.wait(2)
    assert bytes(bench.pico.usb.out) == noise


def test_a_stalled_host_gets_its_answer_when_it_reads_again(make_bench: MakeBench, bell: bytes) -> None:
    bench = make_bench(bell)
    bench.wait(1)
    bench.stall_host(2.0)
    bench.send_noise(b"a")
    bench.wait(1.9)
    assert bench.pico.usb.out == b""
    bench.wait(0.2)
    assert bench.pico.usb.out == b"a"
    assert bench.rhythm("green", 3).kind == "1 Hz"


def test_an_unplugged_device_keeps_time_and_answers_after_it_is_plugged_in_again(
    make_bench: MakeBench, bell: bytes
) -> None:
    bench = make_bench(bell)
    bench.wait(1)
    path = Path(bench.port)
    assert path.exists()
    bench.unplug()
    assert not path.exists()
    with pytest.raises(FileNotFoundError):
        _ = bench.port
    bench.send_noise(b"lost")
    bench.wait(10)
    assert bench.rhythm("green", 5).kind == "1 Hz"
    bench.replug()
    bench.wait(1)
    assert Path(bench.port).exists()
    assert bench.serial().exchange(b"here\n") == b"here\n"


def test_a_host_that_sleeps_wakes_up_to_a_working_port(make_bench: MakeBench, bell: bytes) -> None:
    bench = make_bench(bell)
    bench.wait(1)
    bench.suspend_host()
    bench.wait(5)
    bench.resume_host()
    bench.wait(1)
    assert bench.serial().exchange(b"good morning\n") == b"good morning\n"


def test_the_port_outlives_a_power_cut(make_bench: MakeBench, bell: bytes) -> None:
    bench: EmulatedBench = make_bench(bell)
    path = bench.port
    bench.wait(1)
    bench.cut_power()
    bench.restore_power()
    bench.wait(1)
    assert bench.port == path
    assert bench.serial().exchange(b"again\n") == b"again\n"


def test_an_answer_that_does_not_come_is_empty(make_bench: MakeBench, bell: bytes) -> None:
    bench = make_bench(bell)
    bench.wait(1)
    bench.suspend_host()
    before = bench.now
    assert bench.serial().exchange(b"anyone?\n", timeout=0.5) == b""
    assert bench.now - before == pytest.approx(0.5, abs=0.002)
