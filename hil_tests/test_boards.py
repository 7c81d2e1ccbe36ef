"""Each board file that comes with Dosebell, built and switched on with the parts that it names, and without them (B-02)."""

import pytest

from dosebell.image import build_image
from dosebell.image.files import BOARDS, BUILD, FIRMWARE
from dosebell.sim import flash_from_uf2
from hil_tests import scenes
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured

PANEL = BOARDS / "pico-panel.toml"


def panel_image() -> bytes:
    """The flash of a new pico-panel."""
    return flash_from_uf2(build_image(PANEL, FIRMWARE, BUILD / "dosebell-pico-panel.uf2").path.read_bytes())


@pytest.fixture(scope="module")
def panel_board() -> bytes:
    """The flash of a young pico-panel, configured."""
    return configured(panel_image())


@pytest.mark.req("B-02", "B-01", "T-05", "A-04")
def test_pico_panel_finds_its_clock_chip_and_its_display(make_bench: MakeBench, panel_board: bytes) -> None:
    # given a board with a clock chip and a display
    bench = make_bench(panel_board, board_file=PANEL, display=True)
    bench.solder_clock_chip()
    bench.wait(scenes.BOOTED_S)
    # when its clock is set
    bench.set_clock()
    bench.wait(5)
    # then it says which board it is, nothing is amiss, the clock is kept by the chip, and the display shows a card
    status = scenes.ask(bench, "status")
    assert (status["device"]["board"], status["clock"]["battery"], status["alerts"]) == ("pico-panel", True, [])
    assert bench.display.on and any("#" in row for row in bench.display.rows())


@pytest.mark.req("B-02", "T-05", "A-07")
def test_a_clock_chip_that_the_board_file_names_is_missed(make_bench: MakeBench, panel_board: bytes) -> None:
    """On `pico`, which names none, a bus without a chip is as it should be; on `pico-panel` it is a fault."""
    bench = make_bench(panel_board, board_file=PANEL)
    bench.wait(scenes.BOOTED_S)
    bench.set_clock()
    assert [alert["condition"] for alert in scenes.ask(bench, "status")["alerts"]] == ["self-test-failed"]
    assert scenes.ask(bench, "self-test") == {"ok": True, "faults": ["clock-chip"]}
