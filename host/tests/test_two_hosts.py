"""Two commands at once, and devices that change places: clear errors, and nothing of one device is taken for another's (H-01, H-03, H-04)."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_scenarios import World, configured, running
from host_command import PATHS, board, dosebell, on
from scripted_device import ScriptedDevice

from dosebell import clock_sync, log_pull
from dosebell.archive import Archive
from dosebell.archive_check import check
from dosebell.client import connect
from dosebell.errors import DosebellError

pytestmark = pytest.mark.req("H-01")

ONE, OTHER = "a" * 16, "b" * 16


@pytest.fixture
def one() -> Iterator[ScriptedDevice]:
    with ScriptedDevice(ONE) as made:
        happen(made, 150, "one")
        yield made


@pytest.fixture
def other() -> Iterator[ScriptedDevice]:
    with ScriptedDevice(OTHER) as made:
        happen(made, 160, "other")
        yield made


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.sqlite"


def happen(device: ScriptedDevice, times: int, words: str) -> None:
    for _ in range(times):
        device.happen("fault", code="test", words=words)


def kinds(device: ScriptedDevice) -> list[str]:
    from dosecore import events

    return [events.decode(bytes(raw)).kind for _, raw in device.ring.read_sector(device.ring.epoch).events]


def until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def begin(device: ScriptedDevice, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dosebell", "--port", device.port, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": PATHS, "PATH": ""},
    )


def faults_of(archive: Path) -> dict[str, set[str]]:
    """The words of all faults that the archive holds, by device; each journal proven, each event once."""
    found: dict[str, set[str]] = {}
    with Archive(archive, create=False) as kept:
        for journal in kept.journals():
            checked = check(kept, journal)
            assert not checked.bad and not checked.gaps
            said = [event.detail["words"] for event in kept.events(journal) if event.kind == "fault"]
            found.setdefault(journal.device, set()).update(said)
    return found


def pull(device: ScriptedDevice, archive: Path) -> log_pull.Pulled:
    with connect(device.port) as client, Archive(archive, create=True) as kept:
        return log_pull.pull(client, kept)


# -- two commands at once


@pytest.mark.req("H-03")
def test_a_port_in_use_is_said_and_the_command_that_uses_it_goes_on(one: ScriptedDevice) -> None:
    one.confirm = False
    first = begin(one, "configure", "hd-il2")
    until(lambda: "outcome" in one.asked)
    for arguments in (("status",), ("log", "pull", "--archive", "/dev/null/none"), ("course", "stop")):
        ran = on(one.port, "--json", *arguments)
        assert (ran.code, ran.error["error"], ran.out) == (3, "port-busy", "") and one.port in ran.error["sentence"]
    one.confirm = True
    assert first.wait(10) == 0
    assert one.state.regimen is not None and set(one.asked) == {"hello", "configure", "outcome"}


@pytest.mark.req("H-04")
def test_several_pulls_into_one_new_archive_at_once(one: ScriptedDevice, other: ScriptedDevice, archive: Path) -> None:
    with ScriptedDevice("c" * 16) as third:
        happen(third, 140, "third")
        pulls = [begin(device, "log", "pull", "--archive", str(archive)) for device in (one, other, third)]
        for each in pulls:
            assert each.wait(20) == 0, each.communicate()[1]
        assert faults_of(archive) == {ONE: {"one"}, OTHER: {"other"}, third.id: {"third"}}


@pytest.mark.req("H-04")
def test_the_same_device_pulled_twice_at_once(one: ScriptedDevice, archive: Path) -> None:
    one.late_s = 0.1  # a slow line: both are under way at once, for longer than a port in use is waited for
    pulls = [begin(one, "log", "pull", "--archive", str(archive)) for _ in range(2)]
    ended = sorted((each.wait(20), each.communicate()[1]) for each in pulls)
    assert [code for code, _ in ended] == [0, 3] and ended[1][1].startswith("port-busy: ")
    assert faults_of(archive) == {ONE: {"one"}}
    with Archive(archive, create=False) as kept:
        assert len(kept.journals()) == 1


# -- another device on the same path


@pytest.mark.req("H-04")
def test_a_device_swapped_between_two_pulls_is_kept_apart(
    one: ScriptedDevice, other: ScriptedDevice, archive: Path, tmp_path: Path
) -> None:
    path = tmp_path / "port"
    for device in (one, other, one):
        path.unlink(missing_ok=True)
        path.symlink_to(device.port)
        assert on(str(path), "log", "pull", "--archive", str(archive)).code == 0
    assert faults_of(archive) == {ONE: {"one"}, OTHER: {"other"}}


@pytest.mark.req("H-03")
@pytest.mark.parametrize("place", ["before", "after"])
def test_a_command_meant_for_one_device_does_nothing_to_another(
    other: ScriptedDevice, tmp_path: Path, place: str
) -> None:
    running(World(other, tmp_path))
    before = kinds(other)
    meant = ("--device", ONE)
    ran = on(other.port, "--json", *((*meant, "course", "stop") if place == "before" else ("course", "stop", *meant)))
    assert (ran.code, ran.error["error"], ran.out) == (3, "other-device", "")
    assert (ran.error["wanted"], ran.error["found"]) == (ONE, f"{OTHER} (Bed 12)")
    assert other.asked == ["hello"] and kinds(other) == before
    for name in (OTHER, OTHER.upper(), "Bed 12"):
        assert on(other.port, "--device", name, "info").code == 0
    assert on(other.port, "--device", "bed 12", "info").code == 3


def test_a_device_is_found_among_several_by_its_label(
    one: ScriptedDevice, other: ScriptedDevice, tmp_path: Path
) -> None:
    boards = [board(one.port, "1"), board(other.port, "2")]
    configured(World(other, tmp_path))
    assert dosebell("--json", "--device", "Bed 12", "info", boards=boards).json["id"] == OTHER
    assert dosebell("--json", "--device", ONE, "info", boards=boards).json["id"] == ONE
    ran = dosebell("--json", "--device", "Bed 13", "info", boards=boards)
    assert (ran.code, ran.error["error"], ran.error["wanted"]) == (3, "no-such-device", "Bed 13")
    configured(World(one, tmp_path))
    ran = dosebell("--json", "--device", "Bed 12", "info", boards=boards)
    assert (ran.code, ran.error["error"]) == (3, "two-devices")
    assert ran.error["ports"] == [f"{one.port} ({ONE} (Bed 12))", f"{other.port} ({OTHER} (Bed 12))"]


@pytest.mark.req("H-02")
def test_the_same_option_chooses_from_the_archive(one: ScriptedDevice, other: ScriptedDevice, archive: Path) -> None:
    pull(one, archive), pull(other, archive)
    show = ("log", "show", "--archive", str(archive), "--kind", "fault")
    for line in (("--device", OTHER, *show), (*show, "--device", OTHER), ("--device", ONE, *show, "--device", OTHER)):
        assert {event["detail"]["words"] for event in dosebell("--json", *line).lines} == {"other"}, line


# -- another device within one command


@pytest.mark.req("H-04", "H-06")
def test_a_cable_moved_to_another_device_during_a_pull(
    one: ScriptedDevice, other: ScriptedDevice, archive: Path, tmp_path: Path
) -> None:
    path = tmp_path / "port"
    path.symlink_to(one.port)

    def move() -> None:
        path.unlink()
        path.symlink_to(other.port)
        one.pull_cable()

    one.cut_after, one.cut = 9000, move
    ran = on(str(path), "--json", "log", "pull", "--archive", str(archive))
    assert (ran.code, ran.error["error"]) == (3, "unplugged")
    assert other.asked == []
    assert on(str(path), "log", "pull", "--archive", str(archive)).code == 0
    assert faults_of(archive)[OTHER] == {"other"} and faults_of(archive).get(ONE, {"one"}) <= {"one"}
    one.replug()
    pull(one, archive)
    assert faults_of(archive) == {ONE: {"one"}, OTHER: {"other"}}


def swap_at(device: ScriptedDevice, request: int, other: ScriptedDevice) -> None:
    """At the request of that number the other device answers."""
    seen = 0

    def meanwhile() -> None:
        nonlocal seen
        seen += 1
        if seen == request:
            device.become(other)

    device.meanwhile = meanwhile


@pytest.mark.req("H-04")
@pytest.mark.parametrize(("at_once", "again"), [(1, False), (8, True)])
def test_a_device_exchanged_behind_a_port_in_the_network_during_a_pull(
    other: ScriptedDevice, tmp_path: Path, at_once: int, again: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_pull, "_SECTORS_AT_ONCE", at_once)
    swaps, request = 0, 1
    while True:
        request += 1
        archive = tmp_path / f"{request}.sqlite"
        with ScriptedDevice(ONE, socket_port=True) as one:
            happen(one, 150, "one")
            if again:
                pull(one, archive)
                happen(one, 100, "one")
            told = other.ring.exported
            swap_at(one, request, other)
            try:
                pull(one, archive)
            except DosebellError as err:
                assert err.code == "device-swapped", f"request {request}: {err}"
                assert (err.context["wanted"], err.context["found"]) == (ONE, OTHER)
                swaps += 1
            else:
                break  # the pull had no request of that number: it was through
        assert other.ring.exported == told
        if archive.exists():
            assert faults_of(archive).get(ONE, {"one"}) <= {"one"} and OTHER not in faults_of(archive)
    assert swaps >= 4 and faults_of(archive) == {ONE: {"one"}}


@pytest.mark.req("H-03")
def test_a_device_exchanged_while_the_bed_is_waited_for(other: ScriptedDevice) -> None:
    with ScriptedDevice(ONE, socket_port=True) as one:
        one.confirm = False
        before = kinds(other)
        swap_at(one, 3, other)  # hello, configure, and now `outcome`
        ran = on(one.port, "--json", "configure", "hd-il2")
        assert (ran.code, ran.error["error"], ran.out) == (3, "device-swapped", "")
        assert other.state.regimen is None and kinds(other) == before


@pytest.mark.req("T-02")
def test_the_clock_of_a_device_that_was_exchanged_meanwhile_is_not_set(other: ScriptedDevice) -> None:
    with ScriptedDevice(ONE, socket_port=True) as one, connect(one.port) as client:
        before = kinds(other)
        swap_at(one, 4, other)
        with pytest.raises(DosebellError) as err:
            clock_sync.sync(client)
        assert err.value.code == "device-swapped" and kinds(other) == before
