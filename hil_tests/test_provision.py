"""A new board is provisioned by the real command and an engineer who watches, listens and presses (B-01, B-02)."""

import sys
from pathlib import Path

import pytest

from hil_tests import scenes
from hil_tests.conftest import MakeBench
from hil_tests.engineer import Engineer
from hil_tests.test_boards import PANEL, panel_image

PROVISION = (
    sys.executable,
    "-m",
    "dosebell",
    "--json",
    "--timeout",
    "60",
    "provision",
    "run",
    "hd-il2",
    "--label",
    "Bed 12",
)


@pytest.mark.req("B-01", "B-02", "H-02", "A-07")
def test_a_new_board_becomes_a_device_with_a_record(make_bench: MakeBench, tmp_path: Path) -> None:
    # given a board on which the image was put, with all its parts, that was never configured: it calls
    bench = make_bench(panel_image(), board_file=PANEL, display=True)
    bench.solder_clock_chip()
    bench.wait(scenes.BOOTED_S)
    # when it is provisioned
    engineer = Engineer(bench)
    ran = engineer.run(*PROVISION, home=tmp_path)
    # then all that was asked for was seen and heard, and the record says what the board says of itself
    assert ran.exit_code == 0, ran.stderr
    assert engineer.answers == {
        name: "yes" for name in ("yellow", "low-call", "red", "medium-call", "green", "display")
    }
    made = ran.json
    assert made["passed"] and [each["test"] for each in made["results"] if not each["passed"]] == []
    hello, status = scenes.ask(bench, "hello"), scenes.ask(bench, "status")
    assert made["device"] == {key: hello[key] for key in ("id", "label", "board", "firmware", "micropython", "image")}
    assert hello["label"] == "Bed 12"
    assert made["code"] == {"ok": True, "computed": hello["image"]} and made["clock_battery"] is True
    assert (status["course"]["state"], status["course"]["regimen"], status["alerts"]) == ("ready", "hd-il2", [])
