"""`status`, `info` and `clock`: the contract that scripts may rely on, and what people see in 80 columns (H-02, T-02)."""

from typing import Any

import pytest
from host_command import dosebell
from scripted_device import ScriptedDevice

pytestmark = pytest.mark.req("H-02")

# 2026-11-22T14:30:00.250Z on the wire
NOW = [217521000, 250]
ANSWER: dict[str, Any] = {
    "device": {
        "id": "e66118604b2a5c21",
        "label": "Bed 12",
        "board": "pico",
        "firmware": "0.1.0",
        "micropython": "1.25.0",
        "protocol": 1,
        "bench": True,
    },
    "clock": {"mono": [90061, 7], "utc": NOW, "quality": "synced", "battery": False},
    "course": {
        "state": "running",
        "armed": False,
        "regimen": "hd-il2",
        "cycle": 1,
        "slot": 3,
        "phase": "infusing",
        "due": [217521000 - 1800, 0],
        "not_before": None,
        "variance_ms": 1500000,
        "counts": {"given": 2, "partial": 0, "held": 0, "missed": 0, "unknown": 0},
        "next_due": [217521000 + 27000, 0],
        "infusion": {"started": [217521000 - 300, 0], "ends": [217521000 + 600, 0], "remaining_s": 600},
    },
    "alerts": [
        {
            "condition": "missed-doses",
            "priority": "medium",
            "since": [217521000 - 3600, 0],
            "cycle": 1,
            "slot": 2,
            "audio": "paused",
            "count": 2,
        },
        {
            "condition": "clock-lost",
            "priority": "low",
            "since": None,
            "cycle": None,
            "slot": None,
            "audio": "off",
            "count": 1,
        },
    ],
    "journal": {"first_seq": 1, "last_seq": 240, "capacity": 7686, "exported_seq": 200, "faults": 1},
}


def answered(answer: dict[str, Any], *arguments: str, **environment: str) -> Any:
    with ScriptedDevice() as device:
        device.answers["status"] = answer
        return dosebell("--port", device.port, *arguments, "status", **environment)


def test_json_is_the_contract() -> None:
    said = answered(ANSWER, "--json").json
    assert list(said) == ["device", "clock", "course", "alerts", "journal"]
    assert list(said["device"]) == ["id", "label", "board", "firmware", "micropython", "protocol", "bench"]
    assert said["clock"] == {
        "utc": "2026-11-22T14:30:00.250Z",
        "quality": "synced",
        "uptime_s": 90061,
        "battery": False,
    }
    assert list(said["clock"]) == ["utc", "quality", "uptime_s", "battery"]
    course = said["course"]
    assert list(course) == [
        "state", "armed", "regimen", "cycle", "slot", "phase", "due", "not_before", "variance_ms", "counts", "next_due", "infusion",
    ]  # fmt: skip
    assert (course["due"], course["not_before"], course["next_due"]) == (
        "2026-11-22T14:00:00.000Z",
        None,
        "2026-11-22T22:00:00.000Z",
    )
    assert list(course["counts"]) == ["given", "partial", "held", "missed", "unknown"]
    assert course["infusion"] == {
        "started": "2026-11-22T14:25:00.000Z",
        "ends": "2026-11-22T14:40:00.000Z",
        "remaining_s": 600,
    }
    assert list(said["alerts"][0])[:6] == ["condition", "priority", "since", "cycle", "slot", "audio"]
    assert (said["alerts"][0]["since"], said["alerts"][1]["since"]) == ("2026-11-22T13:30:00.000Z", None)
    assert list(said["journal"]) == ["first_seq", "last_seq", "capacity", "exported_seq", "faults"]


def test_people_see_a_table_of_80_columns() -> None:
    assert answered(ANSWER, TZ="Europe/Berlin").out == (
        "Device      Bed 12, e66118604b2a5c21, pico, firmware 0.1.0\n"
        "BENCH       a bench regimen: minutes are seconds here; not for a patient\n"
        "Clock       Sun 2026-11-22 15:30:00 CET, synced, no clock battery\n"
        "Course      running, hd-il2\n"
        "Slot        cycle 1, slot 3, infusing\n"
        "Due         Sun 2026-11-22 15:00 CET (30 min ago)\n"
        "Variance    +25.0 min\n"
        "Infusion    started Sun 2026-11-22 15:25 CET, 10 min left\n"
        "Next due    Sun 2026-11-22 23:00 CET (in 7 h 30 min)\n"
        "This cycle  2 given, 0 partial, 0 held, 0 missed, 0 unknown\n"
        "Alerts      medium: missed-doses x 2 (cycle 1, slot 2), for 1 h 0 min, sound\n"
        "            paused\n"
        "            low: clock-lost, sound off\n"
        "Journal     events 1 to 240, 200 exported, room for 7686, 1 fault\n"
    )


@pytest.mark.req("T-04")
def test_a_clock_that_was_never_set_is_said_with_advice() -> None:
    with ScriptedDevice() as device:
        ran = dosebell("--port", device.port, "status")
        assert "Clock    not set, no clock battery\n" in ran.out
        assert ran.out.endswith("\nThe device does not know the time. Run `dosebell clock sync`.\n")
        said = dosebell("--port", device.port, "--json", "status").json
        assert (said["clock"]["utc"], said["clock"]["quality"], said["course"]["state"]) == (
            None,
            "unknown",
            "unconfigured",
        )


def test_no_colour_and_no_control_bytes_when_piped() -> None:
    assert "\x1b" not in answered(ANSWER).out + dosebell("info").err


@pytest.mark.req("T-02")
def test_clock_sync_takes_several_exchanges_and_says_old_new_and_bound() -> None:
    with ScriptedDevice() as device:
        first = dosebell("--port", device.port, "--json", "clock", "sync").json
        assert (first["old"], first["step_ms"]) == (None, None) and first["bound_ms"] <= 50
        assert device.asked.count("clock-get") >= 8 and device.asked.count("clock-set") == 1
        device.shift_s += 90
        again = dosebell("--port", device.port, "--json", "clock", "sync").json
        assert abs(again["step_ms"] + 90_000) <= first["bound_ms"] + again["bound_ms"] + 2
        shown = dosebell("--port", device.port, "--json", "clock", "show").json
        assert abs(shown["ahead_ms"]) <= again["bound_ms"] + shown["bound_ms"] + 2 and shown["quality"] == "synced"
        assert "Sure to" in dosebell("--port", device.port, "clock", "sync").out


@pytest.mark.req("T-02")
def test_a_slow_exchange_does_not_count() -> None:
    import time

    from dosebell import clock_sync
    from dosebell.client import connect

    with ScriptedDevice() as device, connect(device.port) as client:
        original, calls = client.ask, []

        def ask(do: str, **arguments: Any) -> dict[str, Any]:
            calls.append(do)
            answer = original(do, **arguments)
            if len(calls) != 3:
                time.sleep(0.03)  # all exchanges but one are slow on the way back
            return answer

        client.ask = ask  # type: ignore[method-assign]
        assert clock_sync.best(client).bound_ms < 15 and len(calls) == clock_sync.EXCHANGES


@pytest.mark.req("T-02")
def test_a_device_that_restarts_during_the_sync_is_not_set() -> None:
    with ScriptedDevice() as device:
        device.answers["clock-set"] = {"err": "wrong-boot"}
        ran = dosebell("--port", device.port, "clock", "sync")
        assert ran.code == 4 and ran.err.startswith("wrong-boot: ")


def test_clock_show_on_a_clock_never_set() -> None:
    with ScriptedDevice() as device:
        ran = dosebell("--port", device.port, "clock", "show")
        assert ran.code == 0 and "not set; run `dosebell clock sync`" in ran.out


def test_info() -> None:
    with ScriptedDevice() as device:
        ran = dosebell("--port", device.port, "info")
        assert ran.out.splitlines()[2] == f"id           {device.id}" and "bench        no\n" in ran.out
        assert list(dosebell("--port", device.port, "--json", "info").json)[:4] == ["port", "product", "id", "label"]


def test_safe_mode_stands_in_the_table_and_in_the_json() -> None:
    answer = {**ANSWER, "device": {**ANSWER["device"], "safe_mode": True}}
    assert "SAFE MODE   it has failed three times" in answered(answer).out
    assert "SAFE MODE" not in answered(ANSWER).out
