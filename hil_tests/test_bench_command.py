"""The bench itself: the real command against the real firmware, on simulated time."""

import pytest

from hil_tests.bench import Bench, EmulatedBench
from hil_tests.bench.interface import from_wire, to_wire
from hil_tests.conftest import MakeBench

BOOTED_S = 2.0


def configured(bench: EmulatedBench) -> tuple[float, list[float]]:
    """Configure a new device with PAUSE held at the bed; the instant at which that was done, and the green edges."""
    bench.wait(BOOTED_S)
    bench.cli_confirmed("configure", "hd-il2").ok()
    assert bench.serial().ask("status")["course"]["regimen"] == "hd-il2"
    return bench.now, [edge.t for edge in bench.light_edges("green")]


@pytest.mark.req("H-03")
def test_a_confirmed_command_takes_the_same_time_in_every_run(make_bench: MakeBench) -> None:
    first, second = configured(make_bench()), configured(make_bench())
    # The ids of requests are random: the device takes a little more or less time over them.
    assert first[0] == pytest.approx(second[0], abs=0.005)
    assert first[1] == pytest.approx(second[1], abs=0.005)
    assert BOOTED_S + 2.5 < first[0] < BOOTED_S + 4


@pytest.mark.req("H-03", "H-01")
def test_a_change_that_nobody_confirms_lapses_while_time_passes(make_bench: MakeBench) -> None:
    bench = make_bench()
    bench.wait(BOOTED_S)
    result = bench.cli("configure", "hd-il2", speed=100)
    assert result.exit_code == 4
    assert "expired" in result.stderr
    assert 60 < bench.now - BOOTED_S < 200


def test_the_clock_is_set_to_the_wall_clock_of_the_bench(bench: Bench) -> None:
    bench.wait(BOOTED_S)
    bench.set_clock()
    clock = bench.serial().ask("clock-get")
    assert clock["quality"] == "synced"
    assert abs((from_wire(clock["utc"]) - bench.utc_at(bench.now)).total_seconds()) < 0.02


def test_an_instant_is_written_to_the_wire_and_read_back(bench: Bench) -> None:
    moment = bench.utc_at(1.25)
    assert from_wire(to_wire(moment)) == moment
    assert bench.instant_of(moment) == 1.25


def test_a_command_for_an_unplugged_device_says_so(bench: Bench) -> None:
    port = bench.port
    bench.unplug()
    with pytest.raises(FileNotFoundError):
        bench.cli("info")
    bench.replug()
    bench.wait(BOOTED_S)
    assert bench.cli("info").exit_code == 0, f"the port was {port}, is {bench.port}"
