"""Every effect shows on time: within 20 ms when the device is left alone, within 100 ms while a host talks (S-01, A-05)."""

import pytest

from hil_tests import effects
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured, full_and_ready
from hil_tests.scenes import BUSY_S, IDLE_S, PRESS_S, LogPull, Noise, idle

EFFECTS = 15
NOISE_BYTES = 64 * 1024
# Of the journal, as text, while the instants come and go.
PULLED_BYTES = 100_000


def late(latencies: dict[str, float], limit: float) -> dict[str, str]:
    """Those beyond the limit, in words."""
    return {name: f"{seconds * 1000:.1f} ms" for name, seconds in latencies.items() if seconds > limit}


def check(measured: effects.Latencies, limit: float) -> None:
    assert len(measured.effects) == EFFECTS
    assert late(measured.effects, limit) == {}
    assert late(measured.presses, PRESS_S) == {}


@pytest.mark.req("S-01", "A-05", "S-03", "A-01", "A-02", "A-03")
def test_effects_come_on_time(make_bench: MakeBench, new_board: bytes) -> None:
    # given a course on a device with a full journal; when each instant comes; then light and sound show it in time
    check(effects.measure(make_bench(full_and_ready(new_board)), idle), IDLE_S)


@pytest.mark.req("S-01", "A-05", "A-06", "S-03")
def test_effects_come_on_time_during_a_log_pull(make_bench: MakeBench, new_board: bytes) -> None:
    pull = LogPull()
    measured = effects.measure(make_bench(full_and_ready(new_board)), pull)
    assert pull.moved > PULLED_BYTES, "the log was hardly pulled"
    check(measured, BUSY_S)


@pytest.mark.req("S-01", "A-05", "A-06", "S-03")
def test_effects_come_on_time_in_serial_noise(make_bench: MakeBench, new_board: bytes) -> None:
    noise = Noise()
    measured = effects.measure(make_bench(configured(new_board)), noise)
    assert noise.sent >= NOISE_BYTES, f"only {noise.sent} bytes of noise were taken"
    check(measured, BUSY_S)
