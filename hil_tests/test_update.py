"""Flashing another image over a board in service: what its journal and its course become (B-01, J-03)."""

import pytest

from dosebell.sim import flash_from_uf2
from hil_tests import scenes
from hil_tests.bench.changed import build_changed
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured
from hil_tests.scenes import ask, kinds, slot_and_phase, status


@pytest.mark.req("B-01", "J-03", "T-04")
def test_a_newer_image_finds_journal_and_course_as_they_were(make_bench: MakeBench, new_board: bytes) -> None:
    # given a course whose first dose is due, on a board with today's image
    bench = make_bench(configured(new_board))
    due = scenes.running(bench)
    bench.wait_until(due + 10)
    events = [repr(event) for event in scenes.stored(bench)]
    # when an image of another version is copied over it
    bench.cut_power()
    newer = make_bench(flash_from_uf2(build_changed({}, version="99.0.1"), bench.pico.snapshot()))
    newer.wait(scenes.BOOTED_S)
    # then it is that version that runs, every event is there, and the course goes on
    assert ask(newer, "hello")["firmware"] == "99.0.1"
    assert [repr(event) for event in scenes.stored(newer)][: len(events)] == events
    assert [event.detail["cause"] for event in kinds(newer, "boot")][-1] == "power-on"
    assert status(newer)["course"]["state"] == "running"
    assert slot_and_phase(newer) == (1, "due")
