"""What changes the course waits for PAUSE at the bed, and never acts twice (H-03); bad input of those commands (H-01)."""

import os
import pty
import signal
import subprocess
import sys

import pytest
from host_command import PATHS, dosebell, on
from scripted_device import ScriptedDevice


def kinds(device: ScriptedDevice) -> list[str]:
    from dosecore import events

    return [events.decode(bytes(raw)).kind for _, raw in device.ring.read_sector(device.ring.epoch).events]


def running(device: ScriptedDevice, at: str = "+1h") -> None:
    """Given a configured device with a course that starts in an hour."""
    assert on(device.port, "configure", "hd-il2").code == 0
    assert on(device.port, "clock", "sync").code == 0
    assert on(device.port, "course", "start", "--at", at).code == 0


@pytest.mark.req("H-02", "H-03")
def test_configure_takes_effect_when_it_is_confirmed(device: ScriptedDevice) -> None:
    ran = on(device.port, "--json", "configure", "til-il2", "--label", "Bed 12", "--set", "interval_min=600", "--armed")
    assert (ran.json["configured"], ran.json["label"], ran.json["armed"]) == (True, "Bed 12", True)
    assert device.state.regimen.data["interval_min"] == 600 and device.state.armed
    assert on(device.port, "configure", "hd-il2").out == f"{device.id} now has the regimen hd-il2, label Bed 12.\n"


@pytest.mark.req("H-01", "H-03")
def test_a_change_that_is_never_confirmed(device: ScriptedDevice) -> None:
    device.confirm, device.offer_s = False, 0.8
    ran = on(device.port, "configure", "hd-il2")
    assert ran.code == 4 and ran.out == ""
    assert ran.err.startswith("Hold PAUSE for 2 s at the bed to confirm (1 s left)\nexpired: Nobody confirmed")
    assert device.state.regimen is None and kinds(device) == ["checkpoint", "boot"]


@pytest.mark.req("H-03")
@pytest.mark.parametrize("fault", ["lose", "damage"])
def test_a_retried_change_acts_once(device: ScriptedDevice, fault: str) -> None:
    running(device)
    device.asked.clear()
    original = device._offered

    def offered(*arguments: object) -> object:
        setattr(device, fault, 2)
        return original(*arguments)

    device._offered = offered
    assert on(device.port, "course", "reschedule", "+3h").code == 0
    assert device.asked.count("reschedule") == 3
    assert kinds(device).count("course-rescheduled") == 1


@pytest.mark.req("H-03", "H-06")
def test_unplugged_while_the_bed_is_waited_for(device: ScriptedDevice) -> None:
    device.unplug_on = "outcome"
    ran = on(device.port, "configure", "hd-il2")
    assert ran.code == 3 and "unplugged: " in ran.err and "Nothing takes effect unless PAUSE is held" in ran.err
    assert ran.seconds < 5


@pytest.mark.req("H-03")
def test_ctrl_c_while_the_bed_is_waited_for(device: ScriptedDevice) -> None:
    device.confirm = False
    command = [sys.executable, "-m", "dosebell", "--port", device.port, "configure", "hd-il2"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": PATHS})
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Hold PAUSE for 2 s at the bed to confirm")
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=10)[1]
    assert (
        process.returncode == 130
        and said.startswith("Not waiting any longer. The offer lapses")
        and "Traceback" not in said
    )


@pytest.mark.req("H-03")
def test_a_terminal_shows_the_seconds_left(device: ScriptedDevice) -> None:
    device.confirm, device.offer_s = False, 2.2
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "dosebell", "--port", device.port, "configure", "hd-il2"]
    process = subprocess.Popen(command, stderr=slave, env={**os.environ, "PYTHONPATH": PATHS})
    os.close(slave)
    process.wait(10)
    said = os.read(master, 4096).decode()
    os.close(master)
    assert all(f"\rHold PAUSE for 2 s at the bed to confirm ({left} s left)" in said for left in (3, 2, 1))
    assert process.returncode == 4


@pytest.mark.req("H-03")
def test_a_device_that_restarts_meanwhile_has_forgotten(device: ScriptedDevice) -> None:
    device.answers["outcome"] = {"state": "unknown"}
    ran = on(device.port, "configure", "hd-il2")
    assert ran.code == 4 and "outcome-unknown: " in ran.err


@pytest.mark.req("H-03")
def test_a_change_refused_at_its_confirmation(device: ScriptedDevice) -> None:
    device.answers["outcome"] = {"state": "refused", "err": "course-running"}
    ran = on(device.port, "configure", "hd-il2")
    assert ran.code == 4 and "course-running: " in ran.err


@pytest.mark.req("H-03")
def test_a_second_change_meanwhile_is_refused(device: ScriptedDevice) -> None:
    device.answers["configure"] = {"err": "busy"}
    ran = on(device.port, "configure", "hd-il2")
    assert ran.code == 4 and ran.err.startswith("busy: ")


@pytest.mark.req("H-01")
def test_a_course_on_a_clock_that_was_never_set(device: ScriptedDevice) -> None:
    assert on(device.port, "configure", "hd-il2").code == 0
    ran = on(device.port, "course", "start")
    assert ran.code == 4
    assert ran.err == (
        "clock-unknown: The device's clock was never set since its power came on.\nRun `dosebell clock sync`, then try again.\n"
    )


@pytest.mark.req("H-01")
def test_a_course_without_a_regimen(device: ScriptedDevice) -> None:
    for arguments in (("course", "start"), ("course", "start", "--armed")):
        ran = on(device.port, *arguments)
        assert ran.code == 4 and ran.err.startswith("unconfigured: ")


@pytest.mark.req("H-02")
def test_armed_keeps_the_regimen_that_the_device_has(device: ScriptedDevice) -> None:
    assert on(device.port, "configure", "hd-il2", "--set", "late_min=45", "--label", "Bed 3").code == 0
    before = device.state.regimen.data
    assert on(device.port, "--json", "course", "start", "--armed").json == {
        "done": "course-start",
        "armed": True,
        "regimen": "hd-il2",
    }
    assert device.state.armed and device.state.regimen.data == before and device.state.label == "Bed 3"


@pytest.mark.req("H-02")
def test_a_course_from_start_to_stop(device: ScriptedDevice) -> None:
    running(device)
    assert device.state.course == "running"
    ran = on(device.port, "--json", "course", "reschedule", "+2h")
    assert ran.json["dropped"] == 0 and ran.err.startswith("at: ")
    ran = on(device.port, "configure", "hd-il2")
    assert ran.code == 4 and ran.err.startswith("course-running: ")
    assert on(device.port, "course", "next-cycle").err.startswith("not-resting: ")
    assert on(device.port, "--json", "course", "stop").json == {"done": "course-stop"}
    assert device.state.course == "stopped"
    assert on(device.port, "course", "stop").err.startswith("no-course: ")


@pytest.mark.req("H-02")
def test_a_course_in_the_middle(device: ScriptedDevice) -> None:
    on(device.port, "configure", "hd-il2"), on(device.port, "clock", "sync")
    ran = on(device.port, "course", "start", "--cycle", "2", "--slot", "5", "--last-start", "-6h", "--at", "+2h")
    assert ran.code == 0, ran.err
    assert (device.state.cycle, device.state.current) == (2, 5) and device.state.last_start is not None


@pytest.mark.req("H-02", "H-03", "S-06")
def test_a_dose_is_recorded_and_a_reason_given(device: ScriptedDevice) -> None:
    running(device)
    device.wait(3600 + 60)
    assert on(device.port, "dose", "record", "1", "1", "given").err.startswith("start-needed: ")
    assert on(device.port, "dose", "reason", "1", "1", "cardiac").err.startswith("never-on-hold: ")
    device.happen("hold")
    assert on(device.port, "--json", "dose", "reason", "1", "1", "cardiac").json["reason"] == "cardiac"
    assert (
        on(device.port, "dose", "record", "1", "1", "held", "--reason", "cardiac").out
        == "Cycle 1, slot 1 is recorded as held.\n"
    )
    assert device.state.tally().counts() == [0, 0, 1, 0, 0]
    ran = on(device.port, "dose", "record", "1", "2", "missed")
    assert ran.code == 4 and ran.err.startswith("not-due-yet: ") and "slot 2" in ran.err
    ran = on(device.port, "dose", "record", "3", "1", "missed")
    assert ran.code == 4 and ran.err.startswith("no-such-slot: The course has no such cycle or slot (cycle 3; ")


@pytest.mark.req("H-01")
@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("course", "start", "--at", "soon"), "bad-time"),
        (("course", "start", "--slot", "64"), "usage"),
        (("course", "start", "--armed", "--at", "now"), "usage"),
        (("course", "reschedule"), "usage"),
        (("course", "begin"), "usage"),
        (("dose", "record", "1", "1", "taken"), "usage"),
        (("dose", "record", "1", "1", "given"), "start-needed"),
        (("dose", "record", "1", "1", "given", "--started", "-1h", "--ended", "-2h"), "bad-field"),
        (("dose", "reason", "1", "1", "tired"), "usage"),
        (("configure", "hd-il2", "--label", "x" * 25), "bad-field"),
        (("configure", "hd-il2", "--label", "Bött"), "bad-field"),
        (("configure",), "usage"),
        (("--timeout", "0", "info"), "usage"),
        (("--bogus",), "usage"),
    ],
)
def test_wrong_input_is_refused_before_a_device_is_looked_for(arguments: tuple[str, ...], code: str) -> None:
    ran = dosebell(*arguments, "--json") if arguments[0] != "--bogus" else dosebell("--json", *arguments)
    assert ran.code == 2 and ran.out == ""
    assert ran.error["error"] == code and ran.error["advice"], ran.err


@pytest.mark.req("H-02", "A-07")
def test_self_test(device: ScriptedDevice) -> None:
    assert on(device.port, "--json", "self-test").json == {"passed": True, "faults": []}
    device.answers["self-test"] = {"ok": True, "faults": ["buzzer", "journal"]}
    ran = on(device.port, "self-test")
    assert ran.code == 5 and ran.err.startswith("self-test-failed: The self-test failed: buzzer, journal.")
