"""The optional relay of the nurse call: closed while a medium condition is present, whatever its sound does (A-09)."""

from pathlib import Path

import pytest

from dosebell.image import build_image
from dosebell.image.files import BOARDS, FIRMWARE
from dosebell.sim import flash_from_uf2
from dosebell.sim.pins import EdgeLog
from hil_tests import scenes
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured
from hil_tests.scenes import GRAIN_S, IDLE_S, LOW_HZ, MEDIUM_HZ, MINUTE, PRESS_S

CALL_PIN = 16
# Of prepared.QUICK: late and overdue after the due.
LATE_S, OVERDUE_S = 2 * MINUTE, 8 * MINUTE


@pytest.fixture
def board_with_relay(tmp_path: Path) -> Path:
    """The reference board, with the relay that its file names as an option."""
    file = tmp_path / "pico.toml"
    file.write_text((BOARDS / "pico.toml").read_text() + f"\n[call]\npin = {CALL_PIN}\n")
    (tmp_path / "micropython.toml").write_bytes((BOARDS / "micropython.toml").read_bytes())
    return file


def changes(relay: EdgeLog, since: float) -> list[tuple[bool, float]]:
    return [(edge.level, edge.t) for edge in relay.since(since)]


@pytest.mark.req("A-09", "A-03", "B-02")
def test_the_relay_is_closed_while_a_medium_condition_is_present(
    make_bench: MakeBench, board_with_relay: Path, tmp_path: Path
) -> None:
    # given a board with a relay on it, and a course
    image = build_image(board_with_relay, FIRMWARE, tmp_path / "relay.uf2").path.read_bytes()
    bench = make_bench(configured(flash_from_uf2(image)), board_file=board_with_relay)
    relay = bench.pico.watch(CALL_PIN)
    bench.wait(scenes.BOOTED_S)
    # when a host plays a medium call at the bed; then nobody is sent for
    assert scenes.ask(bench, "alert-test", play="medium", goes_on=False)["ok"]
    bench.wait(5)
    assert changes(relay, 0) == []
    # when a dose falls due; then that is no matter for the nurse call
    scenes.synchronise(bench)
    due = scenes.start_course(bench, 30)
    bench.wait_until(due + 5)
    assert scenes.heard(bench, LOW_HZ, due) >= due - GRAIN_S
    assert changes(relay, 0) == []
    # when it is late; then the relay closes with the light and the sound
    late = due + LATE_S
    bench.wait_until(late + 5)
    ((closed, at),) = changes(relay, 0)
    assert closed and -GRAIN_S <= at - late <= IDLE_S
    assert scenes.heard(bench, MEDIUM_HZ, late) - late <= IDLE_S
    # and it stays so while the sound is paused, and when the dose is overdue
    bench.press("pause")
    bench.wait_until(due + OVERDUE_S + 5)
    assert len(changes(relay, 0)) == 1
    # and opens when the dose is started, and not again at the low call of its end
    started = bench.press("start")
    bench.wait(MINUTE + 5)
    ((opened, at),) = changes(relay, started)
    assert not opened and at - started <= PRESS_S
