"""No device, a wrong device, a silent one, an unplugged one: a clear error within 5 s, each with its code (H-01, H-06)."""

import os
import pty
import socket
import tty
from pathlib import Path

import pytest
import serial
from host_command import Ran, board, dosebell
from pytest_mock import MockerFixture
from scripted_device import ScriptedDevice

from dosebell import transport
from dosebell.errors import DosebellError

pytestmark = pytest.mark.req("H-01", "H-06")


def refused(ran: Ran, code: str, exit_code: int = 3) -> None:
    assert ran.err.splitlines()[0].startswith(code + ": "), ran.err
    assert len(ran.err.splitlines()) == 2  # the sentence, and the advice
    assert (ran.code, ran.out) == (exit_code, "")
    assert ran.seconds < 5


def test_no_device() -> None:
    refused(dosebell("info"), "no-device")


def test_boards_of_another_kind_are_left_alone() -> None:
    with ScriptedDevice() as device:
        refused(dosebell("info", boards=[(device.port, "A50285BI", 0x0403, 0x6001)]), "no-device")
        assert device.asked == []


def test_the_only_one_attached_is_found_by_itself() -> None:
    with ScriptedDevice() as device:
        assert dosebell("--json", "info", boards=[board(device.port)]).json["id"] == device.id


def test_two_devices() -> None:
    with ScriptedDevice("a" * 16) as one, ScriptedDevice("b" * 16) as other:
        boards = [board(one.port, "a" * 16), board(other.port, "b" * 16)]
        ran = dosebell("info", boards=boards)
        refused(ran, "two-devices")
        assert one.port in ran.err and other.port in ran.err
        assert dosebell("--json", "--port", "b" * 16, "info", boards=boards).json["id"] == other.id


def test_a_dosebell_beside_another_board() -> None:
    with ScriptedDevice() as device, ScriptedDevice() as other:
        other.chatter = b"Traceback (most recent call last):\r\n>>> "
        ran = dosebell("--json", "info", boards=[board(device.port), board(other.port, "x")])
        assert ran.json["id"] == device.id and ran.seconds < 5


def test_no_dosebell_among_several_boards() -> None:
    with ScriptedDevice() as one, ScriptedDevice() as other:
        one.silent = other.silent = True
        refused(dosebell("info", boards=[board(one.port), board(other.port, "x")]), "not-a-dosebell")


def test_a_serial_number_that_is_not_there() -> None:
    refused(dosebell("--port", "e66118604b2a5c22", "info"), "no-such-port")


def test_a_path_that_is_not_there() -> None:
    refused(dosebell("--port", "/dev/ttyACM99", "info"), "no-such-port")


def test_a_path_that_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("x")
    refused(dosebell("--port", str(path), "info"), "not-a-port")


def test_a_port_that_one_may_not_open(mocker: MockerFixture) -> None:
    # Mocked: these tests may run as root, who may open everything.
    said = "could not open port /dev/ttyACM0: [Errno 13] Permission denied"
    mocker.patch("serial.serial_for_url", side_effect=serial.SerialException(13, said))
    with pytest.raises(DosebellError) as err:
        transport.Port("/dev/ttyACM0")
    assert err.value.code == "no-permission" and "dialout" in err.value.advice


def test_a_port_in_use() -> None:
    with ScriptedDevice() as device, serial.Serial(device.port, exclusive=True):
        refused(dosebell("--port", device.port, "info"), "port-busy")


def test_a_url_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
    refused(dosebell("--port", f"socket://127.0.0.1:{number}", "info"), "no-such-port")


def test_a_url_of_no_known_kind() -> None:
    refused(dosebell("--port", "carrier://pigeon", "info"), "not-a-port")


def test_a_device_behind_a_socket() -> None:
    with ScriptedDevice(socket_port=True) as device:
        assert dosebell("--json", "info", DOSEBELL_PORT=device.port).json["id"] == device.id


def test_the_line_overrules_the_environment() -> None:
    with ScriptedDevice() as device:
        for arguments in (("--port", device.port, "--json", "info"), ("info", "--json", "--port", device.port)):
            assert dosebell(*arguments, DOSEBELL_PORT="/dev/ttyACM99").json["id"] == device.id


def test_a_device_that_does_not_answer() -> None:
    with ScriptedDevice() as device:
        device.silent = True
        ran = dosebell("--port", device.port, "status")
        refused(ran, "no-answer")
        assert ran.seconds > 2.5  # three tries of a second
        assert dosebell("--port", device.port, "--timeout", "0.6", "status").seconds < 2


def test_a_port_that_does_not_even_read() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    try:
        refused(dosebell("--port", os.ttyname(slave), "status"), "no-answer")
    finally:
        os.close(master)
        os.close(slave)


@pytest.mark.parametrize("chatter", [b">>> ", b"\x00\xff" * 3000, b"OK\r\n", b"{}\n"])
def test_a_port_that_is_not_a_dosebell(chatter: bytes) -> None:
    with ScriptedDevice() as device:
        device.chatter = chatter
        refused(dosebell("--port", device.port, "--timeout", "0.6", "status"), "not-a-dosebell")


def test_a_port_that_echoes() -> None:
    with ScriptedDevice() as device:
        device.echo = True
        refused(dosebell("--port", device.port, "status"), "not-a-dosebell")


def test_an_answer_without_an_end() -> None:
    with ScriptedDevice() as device:
        device.answers["hello"] = bytes(60_000)
        refused(dosebell("--port", device.port, "status"), "bad-answer", 6)


def test_another_product_of_the_same_protocol() -> None:
    with ScriptedDevice() as device:
        device.answers["hello"] = {"product": "doorbell", "protocol": 1}
        refused(dosebell("--port", device.port, "status"), "not-a-dosebell")


@pytest.mark.parametrize(
    ("protocol", "code"), [(2, "protocol-too-new"), (0, "protocol-too-old"), (None, "protocol-too-old")]
)
def test_firmware_of_another_age(protocol: object, code: str) -> None:
    with ScriptedDevice() as device:
        device.protocol = protocol
        refused(dosebell("--port", device.port, "status"), code)
        assert set(device.asked) == {"hello"}


def test_unplugged_in_the_middle() -> None:
    with ScriptedDevice() as device:
        device.unplug_on = "status"
        refused(dosebell("--port", device.port, "status"), "unplugged")


def test_an_answer_that_makes_no_sense() -> None:
    with ScriptedDevice() as device:
        device.answers["status"] = [1, 2]
        refused(dosebell("--port", device.port, "status"), "bad-answer", 6)


@pytest.mark.parametrize("fault", ["lose", "damage"])
def test_a_lost_or_damaged_answer_is_asked_for_again(fault: str) -> None:
    with ScriptedDevice() as device:
        setattr(device, fault, 2)
        assert dosebell("--port", device.port, "--json", "info").json["id"] == device.id
        assert device.asked[:3] == ["hello"] * 3 and device.asked[3:] == ["files"]


def test_errors_as_json() -> None:
    ran = dosebell("info", "--json")
    assert ran.out == "" and ran.error["error"] == "no-device" and ran.error["exit"] == ran.code == 3
    assert set(ran.error) == {"error", "sentence", "advice", "exit"}


def test_verbose_shows_frames_on_stderr() -> None:
    with ScriptedDevice() as device:
        ran = dosebell("-v", "--json", "--port", device.port, "info")
        assert '"do":"hello"' in ran.err and ran.json["id"] == device.id


@pytest.mark.req("H-02")
def test_ports_tells_boards_apart() -> None:
    with ScriptedDevice() as device, ScriptedDevice() as other:
        other.silent = True
        boards = [board(device.port), board(other.port, "x"), ("/dev/ttyUSB7", "A50285BI", 0x0403, 0x6001)]
        found = {one["port"]: one for one in dosebell("--json", "ports", boards=boards).json}
        assert found[device.port]["dosebell"] and found[device.port]["what"] == f"Dosebell {device.id}, firmware 0.1.0"
        assert found[other.port]["what"] == "MicroPython board: no-answer"
        assert not found["/dev/ttyUSB7"]["dosebell"]
        assert "no-answer" in dosebell("ports", boards=boards).out
    assert dosebell("ports").code == 0


def test_a_device_that_answers_too_late_is_not_taken_for_a_stranger() -> None:
    with ScriptedDevice() as device:
        device.late_s = 0.5
        refused(dosebell("--port", device.port, "--timeout", "0.9", "status"), "no-answer")
        device.late_s = 0.2
        assert dosebell("--port", device.port, "--timeout", "0.9", "--json", "info").json["id"] == device.id


def test_noise_before_the_answer_on_its_line_does_no_harm() -> None:
    with ScriptedDevice() as device:
        device.prefix = b"\x00AT+CGMM\xff ok "
        assert dosebell("--port", device.port, "--json", "info").json["id"] == device.id
        assert device.asked == ["hello", "files"]
