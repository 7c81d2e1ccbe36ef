"""The clock chip: its registers, whether it is believed, and what a cut in the middle of a setting leaves (T-05)."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.bracket import TRANSFER_MS, Bracket
from device.drivers.clock_chip import ClockChip, Reading, seconds_of
from device.drivers.clock_setting import disown, registers_of, set_chip
from device.timekeeping import BEHIND_MOST_MS, DRIFT_S, HALF_MS, judge
from dosebell.sim.clock_chip import ADDRESS, CONTROL, STATUS
from dosebell.sim.clock_chip import ClockChip as EmulatedChip
from dosecore.instant import plus_ms
from tests.clock_world import EPOCH, IDENT, ChipBus, PowerCut, World, moment
from tests.driver import instant
from tests.model.scripts import HOUR, MINUTE, SECOND, UTC0

SECONDS = st.integers(0, 33 * 365 * 86_400)
DAY_S = 86_400


class Bench:
    """An emulated chip with its driver; `t` in seconds."""

    def __init__(self):
        self.t = 0.0
        self.chip = EmulatedChip(lambda: self.t)
        self.bus = ChipBus(self.chip)
        self.driver = ClockChip(self.bus, ADDRESS, IDENT)


@pytest.mark.req("T-05")
@given(SECONDS)
def test_every_second_from_2020_to_2052_goes_into_the_registers_and_comes_back(s):
    raw = registers_of(s)
    assert seconds_of(raw) == s
    date = EPOCH + timedelta(seconds=s)
    shown = (date.second, date.minute, date.hour, date.isoweekday(), date.day, date.month, date.year - 2000)
    assert [byte // 16 * 10 + byte % 16 for byte in raw] == list(shown)


@pytest.mark.req("T-05")
@pytest.mark.parametrize(
    ("register", "byte"),
    [
        (0, 0x60),  # 60 s
        (0, 0x0A),  # no decimal digit
        (1, 0x61),
        (2, 0x24),
        (2, 0x52),  # 12 hours, afternoon
        (4, 0x00),
        (4, 0x31),  # 31 November
        (5, 0x00),
        (5, 0x13),
        (5, 0x91),  # the next century
        (6, 0x19),
        (6, 0x54),
    ],
)
def test_registers_that_hold_no_date_are_told(register, byte):
    raw = bytearray(registers_of(217_123_200))  # 2026-11-18
    raw[register] = byte
    with pytest.raises(ValueError):
        seconds_of(raw)


@pytest.mark.req("T-05")
def test_a_chip_that_was_set_gives_the_time_with_its_fraction_as_long_as_it_goes():
    bench = Bench()
    set_chip(bench.driver, (217_123_200, 730), 7)
    bench.t += 3600
    reading = bench.driver.read()
    assert (reading.s, reading.phase_ms, reading.stopped) == (217_126_800, 730, False)
    assert 7 <= reading.bound_ms <= 14
    assert reading.set_s == 217_123_200
    (utc, bound), _ = judge(reading, None)
    assert utc == plus_ms((217_126_800, 730), HALF_MS)
    assert bound == HALF_MS + reading.bound_ms + 3600 // DRIFT_S


@pytest.mark.req("T-05")
@given(st.integers(1, 60_000), st.integers(0, 999))
def test_the_bound_is_never_made_smaller(bound, ms):
    bench = Bench()
    set_chip(bench.driver, (217_123_200, ms), bound)
    reading = bench.driver.read()
    assert bound <= reading.bound_ms < 2 * bound or bound == reading.bound_ms == 1
    assert reading.phase_ms == ms


def reading(**changes):
    """Of a chip that may be believed, but for the changes."""
    fields = {"s": 217_123_200, "stopped": False, "set_s": 217_123_200 - DAY_S, "phase_ms": 0, "bound_ms": 8}
    return Reading(**{**fields, **changes})


@pytest.mark.req("T-05", "T-04")
@pytest.mark.parametrize(
    ("changes", "newest", "why"),
    [
        ({}, None, ""),
        ({}, (217_123_200, 0), ""),
        ({}, plus_ms((217_123_200, HALF_MS), BEHIND_MOST_MS), ""),
        ({}, plus_ms((217_123_200, HALF_MS), BEHIND_MOST_MS + 1), "it is behind the journal"),
        ({"stopped": True}, None, "its oscillator stood still: the battery?"),
        ({"s": None}, None, "it holds no date"),
        ({"set_s": None}, None, "it was not set by this device"),
        ({"set_s": 217_123_200 + 60}, None, "it shows a time before it was set"),
        ({"set_s": 217_123_200 - 137 * DAY_S}, None, ""),
        ({"set_s": 217_123_200 - 138 * DAY_S}, None, "it was set too long ago: 138 days"),
    ],
)
def test_what_a_chip_must_show_to_be_believed(changes, newest, why):
    found, said = judge(reading(**changes), newest)
    assert said == why
    assert (found is None) == bool(why)


@pytest.mark.req("T-05")
def test_a_chip_that_another_device_has_set_is_not_ours():
    bench = Bench()
    set_chip(ClockChip(bench.bus, ADDRESS, b"another!"), (217_123_200, 0), 7)
    assert judge(bench.driver.read(), None) == (None, "it was not set by this device")


@pytest.mark.req("T-05")
@pytest.mark.parametrize(("register", "byte"), [(STATUS, 0x80), (CONTROL, 0x9C)])
def test_an_oscillator_that_stood_or_would_stand_on_battery_is_told(register, byte):
    bench = Bench()
    set_chip(bench.driver, (217_123_200, 0), 7)
    bench.chip.registers[register] = byte
    assert bench.driver.read().stopped


@pytest.mark.req("T-05")
def test_a_power_cut_at_any_byte_of_a_setting_leaves_a_chip_that_is_right_or_not_believed():
    """From one day's end to another year: were half of it believed, it would be wrong by hours or months."""
    old, new = 252_460_799, 217_123_200  # 2027-12-31 23:59:59, which a host had set by mistake, and 2026-11-18
    total = len(b"\x07" + bytes(7)) + len(b"\0" + bytes(16))
    for cut in range(total + 1):
        bench = Bench()
        set_chip(bench.driver, (old, 0), 7)
        bench.bus.cut_after = cut
        try:
            set_chip(bench.driver, (new, 0), 7)
            assert cut == total
        except PowerCut:
            assert cut < total
        bench.bus.cut_after = None
        bench.t += 10
        found, _ = judge(bench.driver.read(), None)
        # The first byte is the number of a register's number: nothing has changed yet.
        right = {old + 10} if cut <= 1 else {new + 10}
        assert found is None or found[0][0] in right, f"after {cut} bytes: {found}"
        assert (found is not None) == (cut <= 1 or cut >= total - 2), f"after {cut} bytes"


@pytest.mark.req("T-05")
def test_a_disowned_chip_is_not_believed():
    bench = Bench()
    set_chip(bench.driver, (217_123_200, 0), 7)
    disown(bench.driver)
    assert judge(bench.driver.read(), None)[1] == "it was not set by this device"


@pytest.mark.req("T-05")
@given(st.integers(-499, 499), st.integers(0, 999), st.lists(st.integers(0, 900), max_size=4), st.integers(0, 2))
def test_looks_at_whole_seconds_tell_the_fraction(error, phase, lateness, transfer):
    """The chip's true time is b at 0 ms; the clock is `error` ahead of it. A look can come late, and the chip is read a little after the clock."""
    b = 1_000_000_000 + phase
    bracket, t, looks = Bracket(), 0, 0
    while not bracket.done():
        chip_ms = b + t + transfer
        begun = (chip_ms - phase) // 1000 * 1000 + phase
        clock = instant(b + t + error)
        bracket.look(clock, instant(begun))
        t += bracket.wait_ms(clock, phase) + (lateness[looks] if looks < len(lateness) else 1)
        looks += 1
    assert abs(bracket.error() - error) <= bracket.doubt()
    assert looks <= 12
    assert bracket.doubt() <= 22 + TRANSFER_MS or len(lateness) > 0


@pytest.mark.req("T-05")
def test_looks_that_always_come_late_end_with_what_they_have_told():
    bracket, t = Bracket(), 0
    while not bracket.done():
        clock = instant(1_000_000_000 + t + 300)
        bracket.look(clock, instant((1_000_000_000 + t) // 1000 * 1000))
        t += bracket.wait_ms(clock, 0) + 450
    assert t < 20 * SECOND
    assert abs(bracket.error() - 300) <= bracket.doubt()


def configured(world):
    """The device is in use: a chip that is not to be believed is then a fault."""
    from dosecore.regimen_rules import built_in

    device = world.device
    device.command("configure", regimen=built_in()["hd-il2"], label="", armed=False)
    return world


def told(world):
    return [event.detail["words"] for event in world.device.log if event.kind == "fault"]


def called_out(world):
    return world.device.state.alarm("self-test-failed") is not None


@pytest.mark.req("T-05", "T-02")
def test_a_host_that_corrects_the_date_leaves_no_chip_with_the_wrong_one():
    """The power goes after the clock was set and before the chip is: the chip still has the date that was wrong."""
    world = configured(World(chip_ppm=0.0))
    world.sync(error=24 * HOUR)
    world.wait(MINUTE)
    world.sync()
    world.cold_boot(off=SECOND)
    assert world.claimed is None


@pytest.mark.req("T-05")
def test_a_chip_that_service_has_found_wrong_is_not_believed_by_the_next_boot():
    # given a device that has its time from the chip, which then jumps
    world = configured(World(chip_ppm=0.0))
    world.sync()
    world.wait(MINUTE)
    world.cold_boot(off=HOUR)
    assert world.device.state.quality == "rtc"
    world.chip.set(moment(world.utc + 5 * MINUTE))
    # when that was told, and the power goes
    world.wait(15 * MINUTE)
    assert told(world) == ["it differs from the clock by -300 s"]
    assert abs(world.claimed - world.utc) <= HALF_MS + 15
    world.cold_boot(off=SECOND)
    # then nobody believes it
    assert world.claimed is None


@pytest.mark.req("T-05", "A-07")
def test_a_chip_that_the_board_file_names_is_missed_at_the_boot_and_told_once():
    world = configured(World(named=True))
    world.cold_boot(off=SECOND)
    assert told(world)[-1:] == ["it does not answer"]
    assert called_out(world)
    before = len(told(world))
    world.wait(HOUR)
    assert len(told(world)) == before
    assert called_out(world)
    assert not world.watch.passes(world.device.now)


@pytest.mark.req("T-05")
def test_a_board_without_a_chip_misses_nothing():
    world = configured(World())
    world.cold_boot(off=SECOND)
    world.wait(HOUR)
    assert told(world) == []
    assert not called_out(world)
    assert not world.battery


@pytest.mark.req("T-05", "T-04")
def test_a_chip_behind_a_stuck_bus_at_the_boot_gives_the_time_when_the_bus_is_free():
    # given a boot with a bus that is held
    world = configured(World(chip_ppm=0.0))
    world.sync()
    world.wait(MINUTE)
    world.bus.stuck = True
    world.cold_boot(off=HOUR)
    assert world.claimed is None
    assert told(world) == ["the I2C bus is held low"]
    # when it is free
    world.bus.stuck = False
    world.wait(MINUTE)
    # then the chip is believed as at a boot, and the call ends
    assert abs(world.claimed - world.utc) <= HALF_MS + 25
    assert world.device.state.quality == "rtc"
    assert not called_out(world)
    assert world.battery


@pytest.mark.req("T-05", "T-04")
def test_a_chip_that_was_set_back_behind_a_stuck_bus_is_not_believed_because_time_has_passed():
    # given a boot that cannot ask a chip which shows a minute less than the journal
    world = configured(World(chip_ppm=0.0))
    world.sync()
    world.wait(5 * MINUTE)
    world.device.command("pause")
    world.bus.stuck = True
    world.chip.set(moment(world.utc - MINUTE))
    world.cold_boot(off=SECOND)
    world.wait(5 * MINUTE)
    # when the bus is free, and the chip has gone past the journal
    world.bus.stuck = False
    world.wait(15 * MINUTE)
    # then it is not believed
    assert world.claimed is None
    assert not world.battery


@pytest.mark.req("T-05")
def test_a_host_that_was_wrong_and_is_put_right_does_not_put_the_chip_behind_the_journal():
    world = configured(World(chip_ppm=0.0))
    world.sync(error=24 * HOUR)
    world.wait(MINUTE)
    world.sync()
    world.wait(MINUTE)
    world.cold_boot(off=HOUR)
    assert world.claimed is not None
    assert abs(world.claimed - world.utc) <= HALF_MS + 25


@pytest.mark.req("T-05")
@pytest.mark.parametrize("ppm", [-30.0, 30.0])
def test_the_clock_follows_the_better_crystal(ppm):
    """Five days without a host: the Pico alone would be 13 s off, and a chip that is looked at after a power cut 10 s behind the journal."""
    world = configured(World(pico_ppm=ppm, chip_ppm=2.0))
    world.sync()
    for _ in range(5):
        world.wait(24 * HOUR)
        assert abs(world.claimed - world.utc) <= 1500 + 900
        assert world.battery
    assert told(world) == []
    world.cold_boot(off=SECOND)
    assert abs(world.claimed - world.utc) <= HALF_MS + 900


@pytest.mark.req("T-05", "T-03")
@pytest.mark.parametrize("error", [-1900, 1900])
def test_what_a_watchdog_reset_has_added_is_no_fault_of_the_chip(error):
    world = configured(World(chip_ppm=0.0))
    world.sync()
    world.wait(MINUTE)
    world.watchdog_reset(8 * SECOND, error)
    assert world.claimed - world.utc == error
    world.wait(MINUTE)
    assert abs(world.claimed - world.utc) <= 25
    assert told(world) == []
    assert world.battery


@pytest.mark.req("T-05")
def test_failures_that_do_not_follow_each_other_are_no_fault():
    world = configured(World(chip_ppm=0.0))
    world.sync()
    world.wait(MINUTE)
    for _ in range(4):
        world.bus.there = False
        assert not world.watch.look(world.device.now)
        world.bus.there = True
        assert world.watch.look(world.device.now)
    assert told(world) == []


def test_the_world_itself_runs_true():
    world = World(pico_ppm=30.0)
    world.sync()
    world.wait(24 * HOUR)
    assert world.utc == UTC0 + 24 * HOUR
    assert abs(world.claimed - world.utc - 2592) <= 2
