"""A dead, slow, hostile or absent host never delays, silences or stops anything (A-06), and never reaches a REPL (B-03).

The same quarter of an hour at the bed is played with nobody at the port and with a host that misbehaves; what light and
buzzer did is compared edge by edge.
"""

from collections.abc import Callable
from itertools import zip_longest

import pytest

from dosebell.sim import Edge
from dosebell.wire import request
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.conftest import MakeBench
from hil_tests.effects import INFUSION_S, LATE_S
from hil_tests.prepared import configured
from hil_tests.scenes import BUSY_S, Noise

NOISE_BYTES = 256 * 1024
# When the nurse presses START, and how long after the infusion is looked at.
ANSWERED_S = LATE_S + 34.5  # between two edges of light and sound
LOOKED_S = 15
LINE_MAX = 1024

Misdeed = Callable[[EmulatedBench], None]
Story = dict[str, list[tuple[float, object]]]


def play(bench: EmulatedBench, misdeeds: dict[str, Misdeed]) -> Story:
    """Due, late, START, infusion ended: at each the host does what `misdeeds` say, by the name of the moment.

    What light and buzzer did, in seconds from the due.
    """
    due = scenes.running(bench)
    started = due + ANSWERED_S
    ended = started + INFUSION_S
    moments = {"due": due, "late": due + LATE_S, "start": started, "ended": ended}
    scenes.tap_at(bench, "start", started)
    for name, instant in moments.items():
        bench.wait_until(instant - 1)
        misdeeds.get(name, lambda _bench: None)(bench)
        bench.wait_until(instant + 3)
    bench.wait_until(ended + LOOKED_S)
    return story(bench, due - 2)


def story(bench: EmulatedBench, since: float) -> Story:
    """Every edge of the three lights, and every tone by its beginning, since an instant."""

    def told(edges: list[Edge]) -> list[tuple[float, object]]:
        return [(edge.t - since, edge.level) for edge in edges]

    heard: list[tuple[float, object]] = [
        (tone.start - since, round(tone.frequency / 10)) for tone in bench.tones(since)
    ]
    return {light: told(bench.light_edges(light, since)) for light in ("red", "yellow", "green")} | {"buzzer": heard}


def differences(quiet: Story, disturbed: Story) -> list[str]:
    """Where the two differ: an edge more or less, another level or pitch, or one that came over 100 ms later."""
    found = []
    for name, expected in quiet.items():
        for one, other in zip_longest(expected, disturbed[name]):
            if one is None or other is None or one[1] != other[1] or abs(one[0] - other[0]) > BUSY_S:
                found.append(f"{name}: {one} became {other}")
    return found


def honest(bench: EmulatedBench) -> None:
    """The next honest request is answered, by a device that was never reset."""
    answer = scenes.status(bench)
    assert answer["course"]["counts"]["given"] == 1
    assert bench.pico.resets == []


@pytest.fixture(scope="module")
def undisturbed() -> dict[bytes, Story]:
    """The story without a host, by the board's flash; played once."""
    return {}


def quiet_story(make_bench: MakeBench, flash: bytes, known: dict[bytes, Story]) -> Story:
    if flash not in known:
        known[flash] = play(make_bench(flash), {})
        assert len(known[flash]["buzzer"]) > 12, "nothing was heard: the comparison would prove nothing"
    return known[flash]


def unplugged_mid_request(bench: EmulatedBench) -> None:
    line = request("0000beef", "status", {})
    bench.serial().send(b"\n" + line)
    bench.wait(0.004)  # the answer is on its way
    bench.unplug()
    bench.wait(2)
    bench.replug()
    bench.wait(1)


def stops_reading(bench: EmulatedBench) -> None:
    """Asks for a whole sector, grants everything, and takes nothing for 2.5 s."""
    bench.serial()
    bench.stall_host(2.5)
    bench.send_noise(b"\n" + request("0000bee0", "log", {"epoch": 1, "slot": 0, "copy": 0}) + b"+" * 40)
    bench.wait(3)


def falls_asleep(bench: EmulatedBench) -> None:
    bench.serial().send(b"\n" + request("0000bee1", "status", {}))
    bench.wait(0.002)
    bench.suspend_host()
    bench.wait(2.5)
    bench.resume_host()
    bench.wait(0.5)


def half_a_request(bench: EmulatedBench) -> None:
    """A line that stops in the middle, for ever; and a port that is closed upon it."""
    bench.send_noise(request("0000bee2", "status", {})[:20])
    bench.wait(1)
    bench.pico.usb.close_port()
    bench.wait(1)


@pytest.mark.req("A-06", "H-06")
def test_a_host_that_is_unplugged_stalls_or_sleeps_changes_nothing(
    make_bench: MakeBench, new_board: bytes, undisturbed: dict[bytes, Story]
) -> None:
    flash = configured(new_board)
    # given a host that fails in another way at each moment of the course
    bench = make_bench(flash)
    disturbed = play(
        bench,
        {"due": unplugged_mid_request, "late": stops_reading, "start": falls_asleep, "ended": half_a_request},
    )
    # then lights, sound and schedule are those of a device that nobody talks to
    assert differences(quiet_story(make_bench, flash, undisturbed), disturbed) == []
    honest(bench)


@pytest.mark.req("A-06", "B-03", "H-06")
def test_256_kib_of_anything_change_nothing(
    make_bench: MakeBench, new_board: bytes, undisturbed: dict[bytes, Story]
) -> None:
    flash = configured(new_board)
    bench = make_bench(flash)
    noise = Noise()

    def random_bytes(bench: EmulatedBench) -> None:
        """A quarter of it, 0x03 and 0x04 among them, around the moment."""
        noise.until_sent(bench, NOISE_BYTES // 4)

    def interrupts_first(bench: EmulatedBench) -> None:
        bench.send_noise(b"\x03\x03\x03\r\n\x04\x04\x01import machine\x04" * 20)
        random_bytes(bench)

    def credits_first(bench: EmulatedBench) -> None:
        bench.send_noise(b"+" * 2000)
        random_bytes(bench)

    def long_lines_first(bench: EmulatedBench) -> None:
        bench.send_noise((b"{" + b"a" * 3 * LINE_MAX + b"\n") * 2)
        random_bytes(bench)

    disturbed = play(
        bench,
        {"due": random_bytes, "late": interrupts_first, "start": credits_first, "ended": long_lines_first},
    )
    assert noise.sent >= NOISE_BYTES
    assert differences(quiet_story(make_bench, flash, undisturbed), disturbed) == []
    # not one byte was said to it, and the next honest request is answered
    assert bytes(bench.pico.usb.out).count(b"\n") < 20
    assert b">>>" not in bytes(bench.pico.usb.out)
    honest(bench)


@pytest.mark.req("A-06", "H-06")
@pytest.mark.parametrize(
    "line",
    [
        b"{" + b"x" * (LINE_MAX + 10) + b"\n",
        request("0000bee3", "status", {}).replace(b"status", b"statas"),
        request("0000bee4", "status", {})[:-12] + b"\n",
        b"AT\r\nAT+GCAP\r\n",
        b"\x00\xff" * 40 + b"\n",
    ],
    ids=["too-long", "wrong-crc", "cut-short", "modem-manager", "binary"],
)
def test_a_line_that_is_no_request_gets_no_answer_and_the_next_one_does(
    noisy_bench: EmulatedBench, line: bytes
) -> None:
    assert noisy_bench.serial().exchange(b"\n" + line, timeout=0.3) == b""
    assert scenes.ask(noisy_bench, "hello")["product"] == "dosebell"


@pytest.fixture(scope="module")
def noisy_bench(tmp_path_factory: pytest.TempPathFactory, new_board: bytes) -> EmulatedBench:
    """One device for all the lines: what one leaves behind must not harm the next."""
    bench = EmulatedBench(configured(new_board), tmp_path_factory.mktemp("home"))
    bench.wait(scenes.BOOTED_S)
    return bench
