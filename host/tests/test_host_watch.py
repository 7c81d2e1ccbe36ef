"""`dosebell watch`, the real command: on a terminal, in lines, as JSON; devices that come, go, come back, are slow, are in use (H-01, H-02, H-06)."""

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import serial
from host_command import PATHS, board, dosebell, on, program
from scripted_device import ScriptedDevice

from dosebell import regimens
from dosebell.times import now_utc, to_instant
from dosecore.refusals import Refusal
from hil_tests.terminal import PATIENCE_S, Terminal

pytestmark = pytest.mark.req("H-02", "H-06")

ONE, OTHER = "a" * 16, "b" * 16
QUICK = ("--interval", "0.5")


@pytest.fixture
def one() -> Iterator[ScriptedDevice]:
    with ScriptedDevice(ONE) as made:
        yield made


@pytest.fixture
def other() -> Iterator[ScriptedDevice]:
    with ScriptedDevice(OTHER) as made:
        yield made


def configured(device: ScriptedDevice, label: str) -> None:
    found = device.happen("configure", regimen=regimens.load("hd-il2").data, label=label, armed=False)
    assert not isinstance(found, Refusal), found.code


def running(device: ScriptedDevice, label: str) -> None:
    """A course whose first dose is due in less than an hour, on a clock that is right."""
    now = to_instant(now_utc())
    device.happen("clock-set", source="host", utc=now, mono=device.now(), bound_ms=1)
    configured(device, label)
    found = device.happen("course-start", at=(now[0] + 3595, 0), cycle=1, slot=1, last=None)
    assert not isinstance(found, Refusal), found.code


def unplug(device: ScriptedDevice) -> None:
    """Pull its cable when it is asked the next time."""
    device.unplug_on = "status"
    end = time.monotonic() + PATIENCE_S
    while device._fds and time.monotonic() < end:
        time.sleep(0.02)
    assert not device._fds
    device.unplug_on = ""


class Lines:
    """A running `dosebell watch` whose output is no terminal."""

    def __init__(self, *arguments: str, **environment: str) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("DOSEBELL")}
        self.process = subprocess.Popen(
            [*program(), *arguments],
            env={**kept, "PYTHONPATH": PATHS, "TZ": "UTC", **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._heard = b""

    def line(self) -> str:
        """The next line. AssertionError if there is none for long."""
        assert self.process.stdout is not None
        read = self.process.stdout.fileno()
        end = time.monotonic() + PATIENCE_S
        while b"\n" not in self._heard:
            assert time.monotonic() < end, self._heard
            if select.select([read], [], [], 0.2)[0]:
                data = os.read(read, 65_536)
                assert data, self.process.stderr
                self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        return line.decode()

    def next(self, change: str) -> Any:
        """The next object of that change; those before it are passed over."""
        while True:
            found = json.loads(self.line())
            if found["change"] == change:
                return found


@contextmanager
def lines(*arguments: str, **environment: str) -> Iterator[Lines]:
    made = Lines(*arguments, **environment)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.communicate()


class Boards:
    """The boards that are plugged in, in a file that the command looks at again and again."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.are()

    def are(self, *found: tuple[str, str, int, int]) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(json.dumps(found))
        part.replace(self._file)

    @property
    def environment(self) -> dict[str, str]:
        return {"TEST_BOARDS": str(self._file)}


@pytest.fixture
def boards(tmp_path: Path) -> Boards:
    return Boards(tmp_path / "boards.json")


def watched(boards: Boards | None, *arguments: str, **environment: str) -> Terminal:
    return Terminal(
        ["watch", *QUICK, *arguments],
        program=program(),
        environment={"TZ": "UTC", **(boards.environment if boards else {}), **environment},
    )


def row(screen: str, *words: str) -> str:
    return next((line for line in screen.splitlines() if all(word in line for word in words)), "")


# -- on a terminal
def test_two_devices_that_come_go_and_come_back(one: ScriptedDevice, other: ScriptedDevice, boards: Boards) -> None:
    running(one, "bed 7")
    with watched(boards) as terminal:
        # given nothing attached; when one is plugged in, then it shows by itself
        terminal.wait_for("No Dosebell is attached", "q quits")
        assert terminal.screen.cursor.hidden
        boards.are(board(one.port, ONE))
        terminal.wait_for("bed 7", "due in 59 min", "No alerts.", one.port)
        # when another comes, then both are shown
        boards.are(board(one.port, ONE), board(other.port, OTHER))
        terminal.wait_for("2 devices", "bbbb~", "unconfigured")
        # when the dose of the first falls due, then its alert stands above, before both beds
        one.wait(3600)
        screen = terminal.wait_for("1 alert", "due, due ")
        assert screen.index("!  bed 7") < screen.index("NEXT DUE")
        one.wait(3600)
        screen = terminal.wait(lambda text: row(text, "!! bed 7", "late"), "a late dose")
        # when its cable is pulled, then that is said, what it last said stays, and the other is shown as before
        unplug(one)
        boards.are(board(other.port, OTHER))
        screen = terminal.wait(lambda text: row(text, "?? bed 7", "unplugged since"), "unplugged")
        assert "when last heard" in row(screen, "!! bed 7") and "1 unplugged" in screen
        # when it is plugged in elsewhere, then it is the same bed
        before, taken = one.port, []
        while not os.path.exists(before):  # so that its port gets another name
            taken += os.openpty()
        one.replug()
        assert one.port != before
        boards.are(board(one.port, ONE), board(other.port, OTHER))
        screen = terminal.wait(lambda text: "unplugged" not in text and one.port in text, "back")
        assert "2 devices" in screen and row(screen, "!! bed 7", "late")
        for fd in taken:
            os.close(fd)
        # when it is left, then the terminal is as it was
        terminal.type("q")
        assert terminal.exit_code() == 0 and terminal.is_restored
        # and it has only ever read
        assert set(other.asked) == {"hello", "status"}


def test_nothing_flickers_scrolls_or_is_left_behind(one: ScriptedDevice) -> None:
    running(one, "bed 7")
    with watched(None, one.port) as terminal:
        terminal.wait_for("due in 59 min", one.port)
        # when the window changes its size, then the picture fits it again
        for columns, height in ((100, 30), (60, 10), (80, 24)):
            terminal.resize(columns, height)

            def fits(text: str, height: int = height) -> bool:
                rows = text.splitlines()
                return rows[0].startswith(" DOSEBELL") and rows[height - 1].startswith(" q quits")

            terminal.wait(fits, f"{columns} x {height}")
            assert len("\n".join(terminal.look()).split(" DOSEBELL")) == 2
        # then each picture begins at the upper left, is written over the last one, and ends without a line feed
        terminal.type("q")
        assert terminal.exit_code() == 0 and terminal.is_restored
        written = bytes(terminal.raw).split(b"\x1b[?1049h")[1].split(b"\x1b[?1049l")[0]
        pictures = written.split(b"\x1b[H")[2:]
        assert len(pictures) >= 4 and b"\x1b[2J" not in b"".join(pictures)
        assert all(not picture.endswith(b"\n") for picture in pictures)


def test_no_color_is_honoured_and_words_are_enough(one: ScriptedDevice) -> None:
    with watched(None, one.port, NO_COLOR="1") as terminal:
        terminal.wait_for("unconfigured")
        terminal.type("q")
        assert terminal.exit_code() == 0
        colours = [
            code for code in bytes(terminal.raw).split(b"\x1b[")[1:] if code.split(b"m")[0] in (b"31", b"33", b"32")
        ]
        assert colours == []


@pytest.mark.req("H-01")
@pytest.mark.parametrize(("how", "code"), [("ctrl-c", 130), ("sigterm", 143)])
def test_the_terminal_is_restored_when_it_is_interrupted(one: ScriptedDevice, how: str, code: int) -> None:
    with watched(None, one.port) as terminal:
        terminal.wait_for("unconfigured")
        if how == "ctrl-c":
            terminal.type("\x03")
        else:
            terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == code and terminal.is_restored


def test_when_its_window_is_closed_it_ends(one: ScriptedDevice) -> None:
    with watched(None, one.port) as terminal:
        terminal.wait_for("unconfigured")
        terminal.close_window()
        assert terminal.exit_code() in (0, 128 + signal.SIGHUP)


# -- in lines
def test_a_line_for_each_change_and_nothing_else(one: ScriptedDevice) -> None:
    running(one, "bed 7")
    with lines("watch", *QUICK, one.port, NO_COLOR="") as watch:
        said = [watch.line()]
        one.wait(3600)
        said.append(watch.line())
        one.wait(3600)
        said.append(watch.line())
        unplug(one)
        said.append(watch.line())
    ends = (
        f"{ONE} bed 7: connected, on {one.port}: running, hd-il2; cycle 1, slot 1, waiting",
        f"{ONE} bed 7: cycle 1, slot 1, due; low alert, sound on",
        f"{ONE} bed 7: cycle 1, slot 1, late; medium alert, sound on",
    )
    for line, end in zip(said, ends, strict=False):
        at, _, words = line.partition(" ")
        assert words == end and len(at) == 24 and at.endswith("Z") and at[10] == "T"
    assert said[3].endswith(f"{ONE} bed 7: unplugged. Plug it in: it comes back by itself.")
    assert all(one.isprintable() for one in "".join(said))


def test_json_lines_while_a_device_goes_and_comes_back_under_its_name(one: ScriptedDevice, boards: Boards) -> None:
    boards.are(board(one.port, ONE))
    with lines("--json", "watch", *QUICK, "--port", ONE, **boards.environment) as watch:
        connected = watch.next("connected")
        assert list(connected) == [
            "at", "change", "device", "label", "port", "text", "condition", "alert", "error", "status",
        ]  # fmt: skip
        assert connected["status"]["device"]["id"] == ONE and connected["error"] is None
        unplug(one)
        boards.are()
        assert watch.next("lost")["error"]["error"] in ("unplugged", "no-such-port")
        one.replug()
        boards.are(board(one.port, ONE))
        assert watch.next("connected")["port"] == one.port
        # when it is interrupted, it exits as every command does
        watch.process.send_signal(signal.SIGINT)
        assert watch.process.wait(PATIENCE_S) == 130


def test_a_silent_device_keeps_no_other_waiting(one: ScriptedDevice, other: ScriptedDevice) -> None:
    # given one that says nothing, with as much patience as may be asked for
    one.silent = True
    with lines("--json", "--timeout", "60", "watch", *QUICK, one.port, other.port) as watch:
        # then the other is heard, and goes on being heard, while the first is still waited for
        assert watch.next("connected")["device"] == OTHER
        for label in ("bed 8", "bed 9"):
            configured(other, label)
            assert watch.next("course")["label"] == label
        assert other.asked.count("status") >= 3 and len(one.asked) == 0


def test_other_commands_work_while_it_watches(one: ScriptedDevice) -> None:
    # given a device that takes its time for an answer, and a watch that asks as often as it may
    one.late_s = 0.05
    with lines("--json", "watch", *QUICK, one.port) as watch:
        watch.next("connected")
        # then other commands never find it in use
        begun = time.monotonic()
        ran = [on(one.port, "info") for _ in range(5)]
        while one.asked.count("status") < 3 and time.monotonic() - begun < 20:
            ran.append(on(one.port, "info"))
        assert [found.err for found in ran if found.code] == []
        # and it goes on asking
        assert one.asked.count("status") >= 3


def test_a_port_in_use_is_said_to_be_and_heard_when_it_is_free(one: ScriptedDevice) -> None:
    with lines("--json", "watch", *QUICK, one.port) as watch, serial.Serial(one.port, exclusive=True):
        lost = watch.next("lost")
        assert lost["error"]["error"] == "port-busy" and lost["device"] is None and lost["port"] == one.port
    with lines("--json", "watch", *QUICK, one.port) as watch:
        with serial.Serial(one.port, exclusive=True):
            watch.next("lost")
        assert watch.next("connected")["device"] == ONE


# -- once
def test_once(one: ScriptedDevice, other: ScriptedDevice) -> None:
    running(one, "bed 7")
    ran = dosebell("watch", "--once", boards=[board(one.port, ONE), board(other.port, OTHER)])
    assert ran.code == 0 and "\x1b" not in ran.out and max(map(len, ran.out.splitlines())) <= 80
    assert row(ran.out, "bed 7", "cycle 1, slot 1", "due in 59 min") and row(ran.out, "bbbb", "unconfigured")
    said = dosebell("--json", "watch", "--once", boards=[board(one.port, ONE), board(other.port, OTHER)])
    assert {found["device"] for found in said.lines} == {ONE, OTHER}


@pytest.mark.req("H-01")
def test_once_without_a_device_says_why(one: ScriptedDevice) -> None:
    assert (dosebell("watch", "--once").code, dosebell("--json", "watch", "--once").error["error"]) == (3, "no-device")
    one.silent = True
    ran = dosebell("--timeout", "0.5", "watch", "--once", one.port)
    assert ran.code == 3 and ran.err.startswith("no-answer: ")


def test_which_ports_are_meant() -> None:
    from dosebell.cli.lazy import PORT_VARIABLE, Settings
    from dosebell.cli.watch import _names

    def names(port: str | None, ports: Sequence[str], variable: str = "") -> list[str]:
        settings = Settings()
        settings.port = port or variable or None
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv(PORT_VARIABLE, variable)
            return _names(settings, tuple(ports))

    assert names(None, []) == [] and names(None, ["A", "B"]) == ["A", "B"]
    assert names("A", ["B"]) == ["A", "B"] and names("A", []) == ["A"]
    assert names(None, [], "E") == ["E"] and names(None, ["B"], "E") == ["B"]
