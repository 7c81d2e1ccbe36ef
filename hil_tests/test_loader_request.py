"""The request `loader`: who may send a board out of service, what the bed sees of it, and what the boot that follows says (H-03, B-01)."""

from typing import Any

import pytest

from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.changed import Change
from hil_tests.bench.interface import CONFIRM_S, to_wire
from hil_tests.conftest import MakeBench
from hil_tests.failures import FAILED_S, before, broken
from hil_tests.prepared import configured
from hil_tests.scenes import ask, slot_and_phase, status

LEAVES_S = 1.0
# A confirmation is good for so long after the offer was made.
GOOD_S = 70.0


def offered(bench: EmulatedBench, request_id: str, **arguments: Any) -> Any:
    return bench.serial().ask("loader", request_id=request_id, **arguments)


def confirmed(bench: EmulatedBench, request_id: str, **arguments: Any) -> None:
    """The bed is asked, and PAUSE is held there."""
    assert offered(bench, request_id, **arguments) == {"state": "offered", "expires_s": 60}
    bench.hold("pause", CONFIRM_S)
    assert ask(bench, "outcome", of=request_id) == {"state": "confirmed"}


@pytest.mark.req("H-03", "B-01", "A-06")
def test_a_board_leaves_service_only_when_it_is_told_so_at_the_bed(make_bench: MakeBench, new_board: bytes) -> None:
    # given a course on a board with a display, and a host that wants it to leave
    bench = make_bench(configured(new_board), display=True)
    scenes.running(bench, due_in=3600)
    assert ask(bench, "loader") == {"err": "course-running"}
    assert ask(bench, "loader", force=1)["err"] == "bad-field"
    # when it does not wait for the bed, or names a confirmation of something else
    assert offered(bench, "aaaa0001", force=True)["state"] == "offered"
    assert ask(bench, "loader", force=True)["err"] == "busy"
    assert ask(bench, "loader", of="aaaa0001", force=True) == {"err": "expired"}
    bench.wait(61)
    assert ask(bench, "outcome", of="aaaa0001")["state"] == "expired"
    later = to_wire(bench.utc_at(7200))
    assert bench.serial().ask("reschedule", request_id="aaaa0002", at=later)["state"] == "offered"
    bench.hold("pause", CONFIRM_S)
    assert ask(bench, "outcome", of="aaaa0002") == {"state": "confirmed"}
    assert ask(bench, "loader", of="aaaa0002", force=True) == {"err": "expired"}
    # or when the bed has confirmed long ago
    confirmed(bench, "aaaa0003", force=True)
    bench.wait(GOOD_S)
    assert ask(bench, "loader", of="aaaa0003", force=True) == {"err": "expired"}
    assert ask(bench, "loader", of="aaaa0003") == {"err": "course-running"}
    # then it stays where it is
    assert bench.pico.resets == [] and slot_and_phase(bench) == (1, "waiting")
    # when the bed has just confirmed, then the device answers and leaves a second later; the nurse sees and hears it
    confirmed(bench, "aaaa0004", force=True)
    seen = bench.display.rows()
    asked = bench.now
    assert ask(bench, "loader", of="aaaa0004", force=True) == {"ok": True, "leaves_ms": 1000}
    bench.wait(0.1)
    assert bench.lights()["red"] and not bench.lights()["green"]
    assert bench.tones(asked)
    bench.wait(LEAVES_S + 0.1)
    assert bench.pico.loader is not None
    assert len(bench.pico.resets) == 1 and LEAVES_S <= bench.pico.resets[0][0] - asked < LEAVES_S + 0.2
    # and in the loader nothing looks well: all is dark and silent, and the display says that nothing is watched
    off = bench.display.rows()
    assert off != seen and bench.display.on
    bench.wait(60)
    assert not any(bench.lights().values())
    assert bench.tones(bench.now - 59) == []
    assert bench.display.rows() == off


FAILS: dict[str, Change] = {
    "device/chores.py": [before("        device = self._device\n        if self.first:", "1 / 0")]
}


@pytest.mark.req("H-03", "B-01", "A-07")
def test_a_board_in_safe_mode_can_be_given_a_firmware_that_works(make_bench: MakeBench, image: bytes) -> None:
    # given a board whose firmware fails at each boot, so that it runs in safe mode
    bench = make_bench(broken(FAILS))
    bench.wait(FAILED_S)
    assert status(bench)["device"]["safe_mode"]
    # when it is to leave, then the bed is asked there too
    confirmed(bench, "aaaa0001")
    assert ask(bench, "loader", of="aaaa0001")["ok"]
    bench.wait(LEAVES_S + 0.1)
    assert bench.pico.loader is not None
    # and with a firmware that works it is in service again, and nothing of the failures is left
    for at in range(0, len(image), 512):
        bench.pico.copy_block(image[at : at + 512])
    bench.wait(LEAVES_S + scenes.BOOTED_S)
    found = status(bench)
    assert not found["device"]["safe_mode"] and found["device"]["label"] == "bed 7"
    assert [event.detail for event in scenes.kinds(bench, "boot")][-1] == {"cause": "software", "warm": False}
