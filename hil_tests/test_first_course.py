"""A first course with the real command over the real port, in seconds: it runs on the emulated bench and on a rig alike (Q-01).

The regimen is `bench`: every minute is a second, so that nothing has to be skipped. Instants are compared with the bench's `resolution_s` and the time that a
person and a command take in mind.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hil_tests.bench import Bench

BOOTED_S = 2.0
INFUSION_S = 15.0
INTERVAL_S = 60.0
# How far the device's clock, set through the port, and the bench's may be apart.
CLOCK_S = 0.1


def shown(bench: Bench) -> Any:
    """`dosebell status --json`."""
    return bench.cli("--json", "status").ok().json


def moment(bench: Bench, utc: str | None) -> float:
    """An instant of the device's JSON on the bench's clock."""
    assert utc is not None
    return bench.instant_of(datetime.fromisoformat(utc))


@pytest.mark.req("Q-01", "H-02", "H-03", "H-04", "S-07")
def test_a_first_course_from_the_box_to_the_log(bench: Bench, tmp_path: Path) -> None:
    """Given an idle device, when it is configured, started, answered once with START and once with HOLD, then lights, log and status tell that."""
    tolerance = CLOCK_S + bench.resolution_s
    archive = str(tmp_path / "log.sqlite")
    bench.wait(BOOTED_S)
    bench.set_clock()
    if shown(bench)["course"]["state"] in ("running", "resting"):  # a rig's board keeps the course of the test before
        bench.cli_confirmed("course", "stop").ok()

    # configured and started: each takes effect only when PAUSE is held
    bench.cli_confirmed("configure", "bench", "--label", "table 1").ok()
    assert shown(bench)["course"]["state"] == "ready"
    bench.cli_confirmed("course", "start").ok()
    status = shown(bench)
    assert status["device"]["bench"] is True and status["device"]["label"] == "table 1"
    assert (status["course"]["state"], status["course"]["slot"], status["course"]["phase"]) == ("running", 1, "due")
    due = moment(bench, status["course"]["due"])
    assert bench.now - 10 < due <= bench.now
    assert bench.lights()["yellow"]

    # one dose given
    bench.wait_until(due + 8)
    pressed = bench.press("start")
    bench.wait(5)
    assert bench.rhythm("green", 4.5).kind == "1 Hz"
    assert shown(bench)["course"]["infusion"]["remaining_s"] <= INFUSION_S - 5
    bench.wait_until(pressed + INFUSION_S + 1)
    (call,) = [burst for burst in bench.bursts(pressed + INFUSION_S - 1) if burst.start < pressed + INFUSION_S + 0.5]
    assert call.pulses == 2
    assert abs(call.start - pressed - INFUSION_S) < tolerance
    bench.press("pause")

    # one dose held, with the second reason of the list
    second = due + INTERVAL_S
    bench.wait_until(second + 3)
    held = bench.press("hold")
    bench.wait(1)
    bench.press("hold")
    bench.wait(12)
    assert bench.lights()["yellow"]
    assert shown(bench)["course"]["phase"] == "on-hold"
    bench.wait_until(second + INTERVAL_S + 4)

    # what the device says of it
    status = shown(bench)
    assert status["course"]["counts"] == {"given": 1, "partial": 0, "held": 1, "missed": 0, "unknown": 0}
    assert (status["course"]["cycle"], status["course"]["slot"], status["course"]["phase"]) == (1, 3, "due")
    assert moment(bench, status["course"]["due"]) == pytest.approx(due + 2 * INTERVAL_S, abs=0.001)
    assert [alert["condition"] for alert in status["alerts"]] == ["due"]
    bench.cli("log", "pull", "--archive", archive).ok()
    lines = bench.cli("--json", "log", "show", "--archive", archive).ok().stdout.splitlines()
    events = [json.loads(line) for line in lines]
    newest = max(place for place, event in enumerate(events) if event["kind"] == "configured")
    told = {
        (event["slot"], event["kind"]): (moment(bench, event["utc"]), event["detail"])
        for event in events[newest:]
        if event["kind"].startswith("dose-")
    }
    assert list(told) == [
        (1, "dose-due"),
        (1, "dose-started"),
        (1, "dose-completed"),
        (1, "dose-closed"),
        (2, "dose-due"),
        (2, "dose-on-hold"),
        (2, "dose-reason"),
        (2, "dose-closed"),
        (3, "dose-due"),
    ]
    started, detail = told[1, "dose-started"]
    assert abs(started - pressed) < tolerance
    assert timedelta(milliseconds=detail["variance_ms"]).total_seconds() == pytest.approx(started - due, abs=0.001)
    assert told[1, "dose-completed"][0] == pytest.approx(started + INFUSION_S, abs=0.001)
    assert told[1, "dose-closed"][1]["outcome"] == "given"
    assert abs(told[2, "dose-on-hold"][0] - held) < tolerance
    assert told[2, "dose-reason"][1]["reason"] == "hypotension"
    assert told[2, "dose-closed"][1]["outcome"] == "held"
    assert told[2, "dose-closed"][0] == pytest.approx(due + 2 * INTERVAL_S, abs=0.001)
    # pulled twice, nothing is there twice
    bench.cli("log", "pull", "--archive", archive).ok()
    again = bench.cli("--json", "log", "show", "--archive", archive).ok().stdout.splitlines()
    assert again[: len(lines)] == lines
