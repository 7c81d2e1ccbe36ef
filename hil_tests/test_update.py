"""Another image copied over a board in service: what becomes of its journal and its course (B-01, J-03, T-04)."""

import pytest

from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.changed import build_changed
from hil_tests.conftest import MakeBench
from hil_tests.effects import INFUSION_S, LATE_S
from hil_tests.prepared import configured, stored_events
from hil_tests.scenes import IDLE_S, LOW_HZ, MEDIUM_HZ, MINUTE, heard, slot_and_phase

INTERVAL_S = 60 * MINUTE


def update(bench: EmulatedBench, version: str) -> None:
    """An image of that version is copied to the board; every event is there when it has started, and the clock is set again."""
    events = stored_events(bench.pico.snapshot())
    bench.put_image(build_changed({}, version=version))
    bench.wait(scenes.BOOTED_S)
    assert scenes.ask(bench, "hello")["firmware"] == version
    assert stored_events(bench.pico.snapshot())[: len(events)] == events
    assert scenes.alert(bench, "journal-fault") is None
    assert scenes.alert(bench, "clock-lost") is not None
    scenes.synchronise(bench)


@pytest.mark.req("B-01", "J-03", "T-04")
def test_an_update_keeps_the_journal_and_the_course_goes_on(make_bench: MakeBench, new_board: bytes) -> None:
    # given a board with a journal, and a course whose first dose is near
    bench = make_bench(configured(new_board))
    due = scenes.running(bench, due_in=30)
    # when a newer image is copied over it, then the dose falls due in its time
    update(bench, "99.0.1")
    assert slot_and_phase(bench) == (1, "waiting")
    bench.wait_until(due + LATE_S + 5)
    assert heard(bench, LOW_HZ, due) - due <= IDLE_S
    assert heard(bench, MEDIUM_HZ, due + LATE_S) - due - LATE_S <= IDLE_S
    # and a call goes on across another update
    update(bench, "99.0.2")
    assert slot_and_phase(bench) == (1, "late")
    calling = bench.now
    bench.wait(11)
    assert heard(bench, MEDIUM_HZ, calling) - calling <= 10
    # and an infusion that ran is interrupted, as by a power cut, and goes on when START says so
    bench.press("start")
    bench.wait(20)
    update(bench, "99.0.3")
    assert slot_and_phase(bench) == (1, "interrupted")
    bench.press("start")
    assert slot_and_phase(bench) == (1, "infusing")
    bench.wait(INFUSION_S)
    bench.press("pause")
    assert scenes.status(bench)["course"]["counts"]["given"] == 1
    # and an older image takes it all back, since it knows the format
    update(bench, "0.0.1")
    bench.wait_until(due + INTERVAL_S + 1)
    assert heard(bench, LOW_HZ, due + INTERVAL_S) - due - INTERVAL_S <= IDLE_S
    assert slot_and_phase(bench) == (2, "due")
