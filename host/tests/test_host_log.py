"""`log pull` and `log show`: incremental, resumable, idempotent; damage is mended from the second copy or reported, never hidden (H-04, J-02, J-04)."""

import os
import pty
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from host_command import PATHS, Ran, dosebell
from pytest_mock import MockerFixture
from scripted_device import ScriptedDevice

from dosebell import log_pull
from dosebell.archive import Archive
from dosebell.client import connect
from dosebell.errors import DosebellError

KEYS = ["seq", "boot", "mono_ms", "utc", "quality", "kind", "cycle", "slot", "detail"]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.sqlite"


def pull(device: ScriptedDevice, archive: Path) -> log_pull.Pulled:
    with connect(device.port) as client, Archive(archive, create=True) as kept:
        return log_pull.pull(client, kept)


def numbers(archive: Path) -> list[int]:
    with Archive(archive, create=False) as kept:
        return [event.seq for event in kept.events(kept.journals()[-1])]


def press(device: ScriptedDevice, times: int) -> None:
    """Events of one slot each, in the journal."""
    for _ in range(times):
        device.happen("fault", code="test", words="of no meaning")


def shown(archive: Path, *arguments: str) -> Ran:
    return dosebell("--json", "log", "show", "--archive", str(archive), *arguments)


@pytest.mark.req("H-02", "H-04")
def test_pull_brings_what_is_new_and_tells_the_device(device: ScriptedDevice, archive: Path) -> None:
    press(device, 150)
    first = pull(device, archive)
    assert (first.first, first.last, first.exported, first.gaps) == (1, device.ring.seq - 1, first.last, [])
    assert device.ring.exported == first.last
    press(device, 3)
    again = pull(device, archive)
    assert (again.first, again.events) == (first.last + 1, 4)  # the `exported` of the first pull, and the three
    assert again.bytes < first.bytes
    assert numbers(archive) == list(range(1, again.last + 1))


@pytest.mark.req("H-04")
def test_pulling_again_and_again_comes_to_rest(device: ScriptedDevice, archive: Path) -> None:
    press(device, 10)
    for _ in range(3):
        pull(device, archive)
    before = device.ring.seq
    last = pull(device, archive)
    assert (last.events, last.exported, device.ring.seq) == (0, None, before)


@pytest.mark.req("H-04")
def test_a_device_that_was_not_told_is_told_by_the_next_pull(device: ScriptedDevice, archive: Path) -> None:
    device.unplug_on = "exported"
    with pytest.raises(DosebellError):
        pull(device, archive)
    device.unplug_on = ""
    device.replug()
    again = pull(device, archive)
    assert (again.events, again.exported) == (0, again.last) and device.ring.exported == again.last


@pytest.mark.req("H-04")
@pytest.mark.parametrize(("at_once", "after"), [*((1, after) for after in range(1, 6)), (2, 2), (8, 1), (8, 2)])
def test_an_interrupted_pull_is_resumed(
    device: ScriptedDevice, archive: Path, mocker: MockerFixture, at_once: int, after: int
) -> None:
    press(device, 250)
    mocker.patch.object(log_pull, "_SECTORS_AT_ONCE", at_once)
    with connect(device.port) as client, Archive(archive, create=True) as kept:
        asked, original = [], client.ask_raw

        def ask_raw(do: str, **arguments: int) -> bytes:
            asked.append(do)
            if len(asked) == after:
                raise DosebellError("unplugged", port=device.port)
            return original(do, **arguments)

        client.ask_raw = ask_raw  # type: ignore[method-assign]
        with pytest.raises(DosebellError):
            log_pull.pull(client, kept)
    pull(device, archive)
    assert numbers(archive)[: device.ring.seq] == list(range(1, numbers(archive)[-1] + 1))
    with Archive(archive, create=False) as kept:
        assert kept.gaps(kept.journals()[0]) == [] and len(kept.journals()) == 1


@pytest.mark.req("H-04")
def test_a_long_log_comes_in_answers_of_eight_sectors(archive: Path) -> None:
    with ScriptedDevice(sectors=24) as device:
        press(device, 1100)
        assert device.ring.epoch > 17
        pulled = pull(device, archive)
        assert pulled.gaps == [] and numbers(archive) == list(range(1, pulled.last + 1))
        assert device.asked.count("log") < device.ring.epoch / 3


@pytest.mark.req("H-04", "J-02")
def test_a_damaged_slot_is_read_from_its_second_copy(device: ScriptedDevice, archive: Path) -> None:
    press(device, 10)
    device.hurt(5)
    pulled = pull(device, archive)
    assert (pulled.gaps, pulled.second) == ([], 1)
    assert numbers(archive) == list(range(1, pulled.last + 1))


@pytest.mark.req("H-04", "J-02", "H-01")
def test_an_event_that_both_copies_lost_is_a_gap(device: ScriptedDevice, archive: Path, tmp_path: Path) -> None:
    press(device, 10)
    before = device.ring.seq
    device.hurt(9, copies=(0, 1))
    ran = dosebell("--port", device.port, "--json", "log", "pull", "--archive", str(archive))
    assert ran.code == 6 and ran.error["error"] == "data-damaged"
    (gap,) = ran.json["gaps"]
    assert gap["first_seq"] == gap["last_seq"]
    assert numbers(archive) == [seq for seq in range(1, before + 1) if seq != gap["first_seq"]]
    again = dosebell("--port", device.port, "log", "pull", "--archive", str(archive))
    assert again.code == 0 and "Gaps that earlier pulls recorded: 1" in again.err
    assert f"Gap: events {gap['first_seq']} to {gap['first_seq']}" in shown(archive).err


@pytest.mark.req("H-04", "J-02")
def test_an_event_that_was_pulled_before_the_device_lost_it_is_no_gap(device: ScriptedDevice, archive: Path) -> None:
    press(device, 10)
    pull(device, archive)
    device.hurt(9, copies=(0, 1))
    press(device, 3)
    pulled = pull(device, archive)
    assert pulled.gaps == [] and numbers(archive) == list(range(1, pulled.last + 1))


@pytest.mark.req("H-04", "J-04")
def test_an_altered_event_breaks_the_chain(device: ScriptedDevice, archive: Path) -> None:
    from device.journal import layout

    press(device, 10)
    for copy in (0, 1):
        cell = device.flash.cells[copy * device.ring.sectors]
        at = 9 * layout.SLOT
        raw = bytes(cell[at : at + layout.SLOT])
        fragment, fragments, used, seq, chain, _ = layout.record_fields(raw)
        forged = bytearray(raw[12 : 12 + used])
        forged[8] ^= 1  # another time, under a CRC that is right
        layout.put_record(cell, at, fragment, fragments, seq, chain, bytes(forged), 0)
    pulled = pull(device, archive)
    assert [gap.cause for gap in pulled.gaps] == [f"the chain breaks before {seq + 1}"]


@pytest.mark.req("H-04", "J-02")
def test_a_write_that_was_cut_off_is_no_gap(device: ScriptedDevice, archive: Path) -> None:
    press(device, 4)
    ring = device.ring
    for copy in (0, 1):
        device.flash.cells[copy * ring.sectors][ring.used * 64 : ring.used * 64 + 20] = b"\xa5" + bytes(19)
    ring.used = (ring.used // 4 + 1) * 4  # as after the boot that follows: on a fresh page
    press(device, 4)
    pulled = pull(device, archive)
    assert pulled.gaps == [] and numbers(archive) == list(range(1, pulled.last + 1))


@pytest.mark.req("H-04", "J-03")
def test_what_was_overwritten_before_it_was_pulled_is_a_gap(device: ScriptedDevice, archive: Path) -> None:
    press(device, 5)
    first = pull(device, archive)
    press(device, 600)  # more than the small ring holds
    second = pull(device, archive)
    assert len(second.gaps) == 1 and second.gaps[0].first == first.last + 1
    assert second.first == second.gaps[0].last + 1
    assert pull(device, archive).gaps == []


@pytest.mark.req("H-04", "J-05")
def test_a_new_journal_of_the_same_device_is_kept_apart(archive: Path) -> None:
    with ScriptedDevice() as device:
        press(device, 20)
        pull(device, archive)
    with ScriptedDevice() as device:
        press(device, 3)
        ran = dosebell("--port", device.port, "log", "pull", "--archive", str(archive))
        assert ran.code == 0 and "journal is a new one" in ran.err
    assert len(shown(archive).lines) == 5 and len(shown(archive, "--journal", "1").lines) == 22


@pytest.mark.req("H-04", "J-04")
@pytest.mark.parametrize("goes_on", [0, 3, 30])
def test_a_journal_whose_end_was_taken_away_is_found(device: ScriptedDevice, archive: Path, goes_on: int) -> None:
    """Truncation cannot be seen in a journal itself: what was never written looks the same. The archive knows better."""
    device.happen("clock-set", source="host", utc=(200_000_000, 0), mono=device.now(), bound_ms=1)
    press(device, 20)
    cells = [bytes(cell) for cell in device.flash.cells]
    last, used, chain = device.ring.seq, device.ring.used, device.ring.chain
    press(device, 10)
    assert pull(device, archive).last == last + 10
    for cell, before in zip(device.flash.cells, cells, strict=True):
        cell[:] = before
    device.ring.seq, device.ring.used, device.ring.chain = last, used, chain
    press(device, goes_on)
    ran = dosebell("--port", device.port, "--json", "log", "pull", "--archive", str(archive))
    assert ran.code == 6 and ran.error["error"] == "log-forked"
    assert ran.json["forked_after"] == last
    # both are kept
    assert len(shown(archive, "--journal", "1").lines) == last + 10


@pytest.mark.req("H-04", "J-04")
def test_each_pull_leaves_its_hash(device: ScriptedDevice, archive: Path) -> None:
    press(device, 3)
    written = device.ring.used
    pull(device, archive)
    with Archive(archive, create=False) as kept:
        (at, first, last, count, sha256), *rest = kept.pulls(kept.journals()[0])
    assert (first, last, count, len(sha256), rest, at[-1]) == (1, 5, written * 64, 64, [], "Z")


@pytest.mark.req("H-02", "T-06")
def test_show_is_the_contract_and_resolves_times_of_the_same_boot_only(device: ScriptedDevice, archive: Path) -> None:
    press(device, 1)
    device.reboot()
    press(device, 1)
    dosebell("--port", device.port, "clock", "sync")
    dosebell("--port", device.port, "configure", "hd-il2", "--label", "Bed 12")
    dosebell("--port", device.port, "course", "start", "--at", "+1h")
    device.wait(3600 + 30)
    device.happen("start")
    pull(device, archive)
    events = shown(archive).lines
    assert all(list(event) == KEYS for event in events)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    by_kind = {event["kind"]: event for event in events}
    first, second = (event for event in events if event["kind"] == "fault")
    assert (first["boot"], first["utc"], second["boot"]) == (1, None, 2)
    assert second["quality"] == "unknown" and second["utc"] is not None and second["utc"] < by_kind["clock-set"]["utc"]
    started = by_kind["dose-started"]
    assert started["detail"]["variance_ms"] >= 30_000 and started["detail"]["override"] == ""
    assert started["detail"]["due"] == by_kind["dose-due"]["utc"] and started["detail"]["due"].endswith("Z")
    assert [
        one["kind"]
        for one in shown(archive, "--cycle", "1", "--slot", "1", "--kind", "dose-due", "--kind", "dose-started").lines
    ] == [
        "dose-due",
        "dose-started",
    ]
    assert [one["kind"] for one in shown(archive, "--since", started["utc"]).lines] == [
        "checkpoint",
        "boot",
        "fault",
        "dose-started",
    ]
    table = dosebell("log", "show", "--archive", str(archive), "--kind", "dose-started").out.splitlines()
    assert table[0].split() == ["Seq", "Time", "(UTC)", "Slot", "Event", "Detail"]
    assert "1/1   dose-started  +0.5 min" in table[1]
    assert max(map(len, table)) <= 80


@pytest.mark.req("H-01")
def test_bad_input_of_show(device: ScriptedDevice, archive: Path, tmp_path: Path) -> None:
    assert shown(archive).error["error"] == "archive-empty"
    archive.write_text("no database, but long enough that sqlite reads a header from it" * 20)
    ran = shown(archive)
    assert (ran.code, ran.error["error"]) == (6, "archive-damaged")
    other = tmp_path / "other.sqlite"
    sqlite3.connect(other).execute("CREATE TABLE t(x)").connection.close()
    assert shown(other).error["error"] == "archive-damaged"
    newer = tmp_path / "newer.sqlite"
    sqlite3.connect(newer).execute("PRAGMA user_version = 99").connection.close()
    assert (shown(newer).code, shown(newer).error["error"]) == (2, "archive-too-new")
    assert shown(archive, "--kind", "dose-taken").error["error"] == "usage"
    good = tmp_path / "good.sqlite"
    pull(device, good)
    assert shown(good, "--device", "nobody").error["error"] == "archive-no-device"
    with ScriptedDevice("f" * 16) as second:
        pull(second, good)
    assert shown(good).error["error"] == "archive-choice"
    assert shown(good, "--device", "f" * 16).code == 0


@pytest.mark.req("H-04")
def test_a_terminal_shows_progress_with_its_rate(device: ScriptedDevice, archive: Path) -> None:
    press(device, 250)
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "dosebell", "--port", device.port, "log", "pull", "--archive", str(archive)]
    environment = {**os.environ, "PYTHONPATH": PATHS, "TERM": "xterm", "COLUMNS": "80"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=slave, text=True, env=environment)
    os.close(slave)
    out = process.communicate(timeout=20)[0]
    said = os.read(master, 65536).decode()
    os.close(master)
    assert "Pulling the log" in said and "B/s" in said
    assert out.startswith("2") and " new events (1 to 2" in out and "kB/s" in out


@pytest.mark.req("H-04")
def test_the_users_own_archive_is_the_default(device: ScriptedDevice, tmp_path: Path) -> None:
    said = dosebell("--port", device.port, "--json", "log", "pull", home=tmp_path).json
    assert said["archive"] == str(tmp_path / "data" / "dosebell" / "archive.sqlite")
    assert dosebell("log", "show", home=tmp_path).code == 0
