"""The emulated DS3231 against its data sheet: what the tests of T-05 stand on."""

from datetime import UTC, datetime, timedelta

import pytest

from dosebell.sim.clock_chip import ADDRESS, CONTROL, STATUS, ClockChip

pytestmark = pytest.mark.req("T-05", "Q-01")

SUNDAY = datetime(2028, 12, 31, 23, 59, 58, 700_000, tzinfo=UTC)


class Wires:
    """A chip, and the transfers of a master. `t`: seconds."""

    def __init__(self) -> None:
        self.t = 0.0
        self.chip = ClockChip(lambda: self.t)

    def write(self, *data: int) -> None:
        self.chip.start(True)
        assert all(self.chip.write(byte) for byte in data)
        self.chip.stop()

    def read(self, register: int, count: int) -> bytes:
        self.write(register)
        self.chip.start(False)
        found = bytes(self.chip.read() for _ in range(count))
        self.chip.stop()
        return found


def test_a_new_chip_begins_with_the_century_and_says_that_it_stood() -> None:
    wires = Wires()
    assert ADDRESS == 0x68
    assert wires.read(0, 3) == b"\0\0\0"
    assert wires.read(4, 3) == b"\x01\x01\x00"
    assert (wires.read(CONTROL, 1)[0], wires.read(STATUS, 1)[0] & 0x80) == (0x1C, 0x80)
    wires.t = 61
    assert wires.read(0, 2) == b"\x01\x01"


def test_it_counts_seconds_to_the_next_year_in_bcd() -> None:
    wires = Wires()
    wires.chip.set(SUNDAY)
    assert wires.read(0, 7) == bytes.fromhex("58592307311228")
    wires.t += 1.29
    assert wires.read(0, 1) == b"\x59"
    wires.t += 0.02
    assert wires.read(0, 7) == bytes.fromhex("00000001010129")


def test_a_second_begins_when_its_register_is_written() -> None:
    wires = Wires()
    wires.t = 5.7
    wires.write(0x00, *bytes.fromhex("58592307311228"))
    wires.t += 0.999
    assert wires.read(0, 1) == b"\x58"
    wires.t += 0.002
    assert wires.read(0, 1) == b"\x59"


def test_the_stop_flag_can_be_cleared_and_not_set() -> None:
    wires = Wires()
    wires.write(STATUS, 0x00)
    assert wires.read(STATUS, 1) == b"\x00"
    wires.write(STATUS, 0x88)
    assert wires.read(STATUS, 1) == b"\x08"
    wires.chip.stop_oscillator()
    assert wires.chip.oscillator_stopped
    before = wires.chip.utc
    wires.t += 100
    assert wires.chip.utc == before


def test_registers_are_kept_and_the_pointer_goes_round_at_the_end() -> None:
    wires = Wires()
    wires.write(0x07, 1, 2, 3)
    assert wires.read(0x07, 3) == b"\x01\x02\x03"
    wires.chip.set(SUNDAY)
    assert wires.read(0x12, 2)[1] == 0x58
    wires.chip.lose_battery()
    assert wires.read(0x07, 3) == b"\0\0\0"


def test_a_crystal_that_is_too_fast_gains() -> None:
    wires = Wires()
    wires.chip.set(SUNDAY)
    wires.chip.ppm = 100.0
    wires.t += 10_000
    assert abs(wires.chip.utc - SUNDAY - timedelta(seconds=10_001)) < timedelta(milliseconds=1)
