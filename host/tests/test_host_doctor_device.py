"""`dosebell doctor` on a device that answers, or does not: firmware, clock, log, alerts, each with what mends it (H-02, H-06)."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from scripted_device import ScriptedDevice
from test_host_status import ANSWER

import dosebell
from dosebell.client import connect
from dosebell.doctor import device as look_at
from dosebell.doctor.check import LOOK, OK, WRONG, Check, exit_code
from dosebell.doctor.examine import examine
from dosebell.doctor.system import System

pytestmark = pytest.mark.req("H-02", "H-06")


@pytest.fixture
def status() -> dict[str, Any]:
    """What a device in service says that has nothing to complain of."""
    answer: dict[str, Any] = copy.deepcopy(ANSWER)
    answer["device"]["bench"] = False
    answer["clock"]["battery"] = True
    answer["alerts"] = [alert for alert in answer["alerts"] if alert["condition"] == "missed-doses"]
    answer["journal"]["faults"] = 0
    return answer


@pytest.fixture
def device() -> Iterator[ScriptedDevice]:
    with ScriptedDevice() as made:
        yield made


def examined(device: ScriptedDevice, built: Path = Path("/nowhere")) -> dict[str, Check]:
    with connect(device.port) as client:
        return {check.name: check for check in look_at.examine(client, device.port, built)}


def set_clock(device: ScriptedDevice, ahead_s: int) -> None:
    """Set the device's clock so far from this computer's."""
    from dosebell import clock_sync

    with connect(device.port) as client:
        clock_sync.sync(client)
    device.shift_s += ahead_s


def is_wrong(check: Check, words: str, mend: str, code: int = 5) -> None:
    assert (check.verdict, check.exit) == (WRONG, code), check
    assert words in check.words and mend in check.mend, check


def is_to_look_at(check: Check, words: str, mend: str) -> None:
    assert check.verdict == LOOK and words in check.words and mend in check.mend, check


def test_a_device_in_service_has_nothing_wrong(device: ScriptedDevice, status: dict[str, Any]) -> None:
    set_clock(device, 0)
    device.answers["status"] = status
    checks = examined(device)
    assert {check.verdict for check in checks.values()} == {OK}, checks
    assert list(checks) == ["device", "firmware", "image", "mode", "alerts", "clock", "clock battery", "journal"]
    # a course's own alerts are the nurse's
    assert "missed" not in " ".join(check.words for check in checks.values())
    # it reads and does nothing else
    assert set(device.asked) - {"clock-set"} == {"hello", "status", "clock-get"}


@pytest.mark.parametrize(("ahead_s", "verdict"), [(-1, OK), (10, LOOK), (-10, LOOK), (70, WRONG), (-7200, WRONG)])
def test_a_clock_that_is_off(device: ScriptedDevice, status: dict[str, Any], ahead_s: int, verdict: str) -> None:
    set_clock(device, ahead_s)
    device.answers["status"] = status
    check = examined(device)["clock"]
    assert check.verdict == verdict, check
    assert ("ahead of" if ahead_s > 0 else "behind") in check.words
    assert check.mend.startswith("dosebell clock sync") or verdict == OK


def test_a_clock_that_was_never_set(device: ScriptedDevice) -> None:
    is_wrong(examined(device)["clock"], "never set", "dosebell clock sync")


def test_what_a_device_says_of_itself(device: ScriptedDevice, status: dict[str, Any]) -> None:
    # given a device without a clock battery, with a bench regimen, a fault in its journal and nothing exported
    set_clock(device, 0)
    status["clock"]["battery"] = False
    status["device"]["bench"] = True
    status["journal"].update(faults=2)
    device.answers["status"] = status
    checks = examined(device)
    is_to_look_at(checks["clock battery"], "none", "DS3231")
    is_to_look_at(checks["mode"], "BENCH", "configure")
    is_to_look_at(checks["journal"], "2 times the flash did not take", "dosebell log pull")
    # when it is in safe mode and its log is nearly full
    status["device"]["safe_mode"] = True
    status["journal"].update(faults=0, last_seq=6_400, exported_seq=100, capacity=7_686)
    checks = examined(device)
    is_wrong(checks["mode"], "SAFE MODE", "dosebell log pull")
    is_to_look_at(checks["journal"], "nearly full: 6300 events", "dosebell log pull")
    assert exit_code(list(checks.values())) == 5
    # when it has no regimen
    status["device"].update(safe_mode=False, bench=False)
    status["course"]["regimen"] = None
    is_to_look_at(examined(device)["mode"], "no regimen", "dosebell configure hd-il2")


@pytest.mark.parametrize(
    ("condition", "mend"),
    [
        ("clock-lost", "dosebell clock sync"),
        ("journal-fault", "dosebell log pull"),
        ("self-test-failed", "biomed"),
        ("stuck-button", "Free the button"),
        ("maintenance", "biomed has it"),
    ],
)
def test_a_technical_alert_that_stands(
    device: ScriptedDevice, status: dict[str, Any], condition: str, mend: str
) -> None:
    status["alerts"].append({**ANSWER["alerts"][1], "condition": condition})
    device.answers["status"] = status
    is_wrong(examined(device)["alert"], f"{condition} stands", mend)


def test_another_firmware_that_is_understood(device: ScriptedDevice, mocker: Any) -> None:
    mocker.patch.object(dosebell, "__version__", "0.2.0")
    is_to_look_at(examined(device)["firmware"], "firmware 0.1.0", "dosebell flash")


def test_the_image_against_the_one_that_was_built_here(device: ScriptedDevice, tmp_path: Path) -> None:
    file = tmp_path / "dosebell-pico.json"
    file.write_text(json.dumps({"image_hash": "0a1b2c3d"}))
    assert examined(device, tmp_path)["image"].words == "0a1b2c3d, the one built here"
    file.write_text(json.dumps({"image_hash": "ffffffff"}))
    is_to_look_at(examined(device, tmp_path)["image"], "built here is ffffffff", "dosebell flash")
    file.write_text("half a file")
    assert "no image was built here" in examined(device, tmp_path)["image"].words


@pytest.mark.parametrize("answer", [{"device": {}}, {}, {**ANSWER, "journal": None}, {**ANSWER, "clock": None}])
def test_an_answer_that_makes_no_sense(device: ScriptedDevice, answer: Any) -> None:
    device.answers["status"] = answer
    check = examined(device)["answers"]
    assert (check.verdict, check.exit) == (WRONG, 6)


def test_an_identity_that_lacks_something(device: ScriptedDevice) -> None:
    device.answers["hello"] = {"product": "dosebell", "protocol": 1, "id": device.id}
    check = examined(device)["answers"]
    assert (check.verdict, check.exit) == (WRONG, 6) and "KeyError" in check.words


@pytest.mark.parametrize(
    ("how", "words", "mend"),
    [
        ({"silent": True}, "does not answer", "Unplug it"),
        ({"chatter": b">>> "}, "not a Dosebell", "dosebell flash"),
        ({"protocol": 0}, "too old", "dosebell flash"),
        ({"protocol": 2}, "too new", "make setup"),
    ],
)
def test_what_does_not_answer_as_it_should(
    device: ScriptedDevice, tmp_path: Path, how: dict[str, Any], words: str, mend: str
) -> None:
    for name, value in how.items():
        setattr(device, name, value)
    found = list(examine(System(), device.port, 0.6, tmp_path / "archive.sqlite"))
    is_wrong(next(check for check in found if check.name == "answers"), words, mend, 3)
    assert exit_code(found) == 3


def test_the_worst_decides_the_exit_code() -> None:
    def check(verdict: str, code: int) -> Check:
        return Check("this computer", "x", verdict, "y", "z", code)

    assert exit_code([check(OK, 0), check(LOOK, 0)]) == 0
    assert exit_code([check(WRONG, 2), check(WRONG, 3)]) == 3
    assert exit_code([check(WRONG, 6), check(WRONG, 5), check(LOOK, 0)]) == 6
