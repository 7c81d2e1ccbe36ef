"""`log verify`, `log export` and older archives: whatever is altered in an archive or a file is found, and named by its event (H-04, H-05, J-04)."""

import csv
import json
import re
import shutil
import sqlite3
import struct
from binascii import crc32
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from host_command import Ran, dosebell, on
from scripted_device import ScriptedDevice

from dosebell import archive_schema, log_pull
from dosebell.archive import Archive
from dosebell.archive_check import check
from dosebell.client import connect
from dosecore.regimen_rules import built_in

OLD = Path(__file__).parent / "data" / "archive-1.sql"
EVENTS = 130  # in three sectors
BAD = 70

Edit = Callable[[sqlite3.Connection], object]
EditLines = Callable[[list[str]], list[str]]


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of a device's journal; not to be changed."""
    path = tmp_path_factory.mktemp("pulled") / "archive.sqlite"
    with ScriptedDevice() as device:
        while device.ring.seq < EVENTS:
            device.happen("fault", code="test", words=f"number {device.ring.seq}")
        with connect(device.port) as client, Archive(path, create=True) as archive:
            assert log_pull.pull(client, archive).last == EVENTS
    return path


@pytest.fixture
def archive(pulled: Path, tmp_path: Path) -> Path:
    """One of its own for a test."""
    return Path(shutil.copy(pulled, tmp_path / "archive.sqlite"))


@pytest.fixture(scope="module")
def exported(pulled: Path) -> list[str]:
    """The lines of the exported log."""
    ran = dosebell("log", "export", "--archive", str(pulled))
    assert ran.code == 0
    return list(ran.out.splitlines())


def verify(*arguments: object) -> Ran:
    return dosebell("--json", "log", "verify", *map(str, arguments))


def slot_of(db: sqlite3.Connection, seq: int) -> tuple[int, int, bytes]:
    """(epoch, number, bytes) of the record that holds event `seq`."""
    for epoch, number, raw in db.execute("SELECT epoch, number, raw FROM slot WHERE number > 0"):
        if struct.unpack_from("<I", raw, 4)[0] == seq:
            return epoch, number, raw
    raise LookupError(seq)


def put_slot(db: sqlite3.Connection, seq: int, raw: bytes) -> None:
    epoch, number, _ = slot_of(db, seq)
    db.execute("UPDATE slot SET raw = ? WHERE epoch = ? AND number = ?", (raw, epoch, number))


def alter_record(db: sqlite3.Connection, *, with_crc: bool) -> None:
    raw = bytearray(slot_of(db, BAD)[2])
    raw[12 + 25] ^= 1
    if with_crc:
        raw[60:] = crc32(raw[:60]).to_bytes(4, "little")
    put_slot(db, BAD, bytes(raw))


def alter_both(db: sqlite3.Connection) -> None:
    """As somebody does who knows the format, but for the chain."""
    alter_record(db, with_crc=True)
    raw = slot_of(db, BAD)[2]
    db.execute("UPDATE event SET raw = ? WHERE seq = ?", (raw[12 : 12 + raw[3]], BAD))


def swap_records(db: sqlite3.Connection) -> None:
    one, other = slot_of(db, BAD)[2], slot_of(db, BAD + 1)[2]
    put_slot(db, BAD, b"\0" * 64)
    put_slot(db, BAD + 1, one)
    db.execute("UPDATE slot SET raw = ? WHERE raw = ?", (other, b"\0" * 64))


def swap_listed(db: sqlite3.Connection) -> None:
    one, other = (db.execute("SELECT raw FROM event WHERE seq = ?", (seq,)).fetchone()[0] for seq in (BAD, BAD + 1))
    db.execute("UPDATE event SET raw = ? WHERE seq = ?", (other, BAD))
    db.execute("UPDATE event SET raw = ? WHERE seq = ?", (one, BAD + 1))


def remove_with_record(db: sqlite3.Connection) -> None:
    epoch, number, _ = slot_of(db, BAD)
    db.execute("DELETE FROM slot WHERE epoch = ? AND number = ?", (epoch, number))
    db.execute("DELETE FROM event WHERE seq = ?", (BAD,))


def remove_and_say_lost(db: sqlite3.Connection) -> None:
    remove_with_record(db)
    epoch = slot_of(db, BAD + 1)[0]
    db.execute("INSERT INTO gap VALUES (1, ?, ?, ?)", (BAD, BAD, f"unreadable, before {BAD + 1} in sector {epoch}"))


def remove_the_end(db: sqlite3.Connection) -> None:
    epoch, number, _ = slot_of(db, BAD)
    db.execute("DELETE FROM slot WHERE epoch > ? OR (epoch = ? AND number >= ?)", (epoch, epoch, number))
    db.execute("DELETE FROM event WHERE seq >= ?", (BAD,))


def append(db: sqlite3.Connection) -> None:
    """An event that has its CRC and its place in the chain."""
    epoch, number, last = slot_of(db, EVENTS)
    raw = bytearray(last)
    raw[4:8] = (EVENTS + 1).to_bytes(4, "little")
    raw[8:12] = last[60:]
    raw[60:] = crc32(raw[:60]).to_bytes(4, "little")
    db.execute("INSERT INTO slot VALUES (1, ?, ?, ?)", (epoch, number + 1, bytes(raw)))
    db.execute(
        "INSERT INTO event SELECT journal, ?, kind, cycle, slot, utc_s, ? FROM event WHERE seq = ?",
        (EVENTS + 1, bytes(raw[12 : 12 + raw[3]]), EVENTS),
    )


def sql(text: str) -> Edit:
    return lambda db: db.execute(text)


ARCHIVE_EDITS: dict[str, tuple[Edit, int]] = {
    "the list's bytes": (sql(f"UPDATE event SET raw = x'00' || substr(raw, 2) WHERE seq = {BAD}"), BAD),
    "the list's kind": (sql(f"UPDATE event SET kind = 'dose-closed' WHERE seq = {BAD}"), BAD),
    "the list's slot": (sql(f"UPDATE event SET slot = 3 WHERE seq = {BAD}"), BAD),
    "the list's time": (sql(f"UPDATE event SET utc_s = 1 WHERE seq = {BAD}"), BAD),
    "a record": (lambda db: alter_record(db, with_crc=False), BAD),
    "a record and its CRC": (lambda db: alter_record(db, with_crc=True), BAD),
    "a record, its CRC and the list": (alter_both, BAD),
    "swapped records": (swap_records, BAD),
    "swapped in the list": (swap_listed, BAD),
    "removed from the list": (sql(f"DELETE FROM event WHERE seq = {BAD}"), BAD),
    "removed altogether": (remove_with_record, BAD),
    "the end removed": (remove_the_end, BAD),
    "appended with a right chain": (append, EVENTS + 1),
    "appended to the list": (
        sql(f"INSERT INTO event SELECT journal, {EVENTS + 1}, kind, cycle, slot, utc_s, raw FROM event WHERE seq = 9"),
        EVENTS + 1,
    ),
}


@pytest.mark.req("H-04", "J-04")
def test_an_archive_as_it_was_pulled_is_proven(archive: Path) -> None:
    before = archive.read_bytes()
    ran = verify("--archive", archive)
    (journal,) = ran.json["journals"]
    assert (ran.code, ran.json["proven"], journal["proven"], journal["first_bad_seq"]) == (0, True, True, None)
    assert (journal["events"], journal["first_seq"], journal["last_seq"], journal["gaps"]) == (EVENTS, 1, EVENTS, [])
    assert archive.read_bytes() == before
    assert journal["fingerprint"] in dosebell("log", "verify", str(archive)).out


@pytest.mark.req("H-04", "J-04")
def test_a_loss_that_no_pull_has_recorded_breaks_the_seal_of_its_sector(archive: Path) -> None:
    with sqlite3.connect(archive) as db:
        epoch = slot_of(db, BAD)[0]
        (first,) = db.execute("SELECT first FROM sector WHERE epoch = ?", (epoch,)).fetchone()
        remove_and_say_lost(db)
    db.close()
    ran = verify("--archive", archive)
    assert (ran.code, ran.error["error"], ran.error["seq"]) == (6, "log-altered", first)
    assert f"event {first} or a later one of sector {epoch}" in ran.error["sentence"]


@pytest.mark.req("H-04", "J-04")
@pytest.mark.parametrize("edit", ARCHIVE_EDITS)
def test_what_is_altered_in_an_archive_is_named(archive: Path, edit: str) -> None:
    change, bad = ARCHIVE_EDITS[edit]
    with sqlite3.connect(archive) as db:
        change(db)
    db.close()
    ran = verify("--archive", archive)
    assert (ran.code, ran.error["error"], ran.error["seq"]) == (6, "log-altered", bad)
    assert (ran.json["proven"], ran.json["journals"][0]["first_bad_seq"]) == (False, bad)


def again_hashed(lines: list[str]) -> list[str]:
    """The first line altered as by one who computes its own hash anew, but not those that follow."""
    first = json.loads(lines[0])
    first["boot"] += 1
    del first["hash"]
    from dosebell import log_file

    return [log_file.text_of({**first, "hash": log_file._hash("", first)}), *lines[1:]]


FILE_EDITS: dict[str, tuple[EditLines, int]] = {
    "altered": (lambda lines: [line.replace(f"number {BAD - 1}", "number 0") for line in lines], BAD),
    "a key altered": (
        lambda lines: [line.replace(f'"seq":{BAD},"boot":1', f'"seq":{BAD},"boot":2') for line in lines],
        BAD,
    ),
    "removed": (lambda lines: lines[: BAD - 1] + lines[BAD:], BAD),
    "the first removed": (lambda lines: lines[1:], 1),
    "swapped": (lambda lines: [*lines[: BAD - 1], lines[BAD], lines[BAD - 1], *lines[BAD + 1 :]], BAD),
    "doubled": (lambda lines: [*lines[:BAD], lines[BAD - 1], *lines[BAD:]], BAD + 1),
    "appended": (lambda lines: [*lines, lines[-1].replace(f'"seq":{EVENTS}', f'"seq":{EVENTS + 1}')], EVENTS + 1),
    "the end removed": (lambda lines: lines[: BAD - 1], BAD),
    "no JSON": (lambda lines: [*lines[: BAD - 1], lines[BAD - 1][:-9], *lines[BAD:]], BAD),
    "hashed anew": (again_hashed, 2),
}


@pytest.mark.req("H-04", "H-05", "J-04")
@pytest.mark.parametrize("edit", FILE_EDITS)
def test_what_is_altered_in_an_exported_file_is_named(exported: list[str], tmp_path: Path, edit: str) -> None:
    change, bad = FILE_EDITS[edit]
    file = tmp_path / "log.jsonl"
    changed = change(exported)
    assert changed != exported
    file.write_text("\n".join(changed) + "\n")
    ran = verify(file)
    assert (ran.code, ran.out, ran.error["error"], ran.error["seq"]) == (6, "", "log-altered", bad)


@pytest.mark.req("H-04", "H-05")
def test_an_exported_log_is_the_contract_and_proves_itself(pulled: Path, tmp_path: Path) -> None:
    file = tmp_path / "log.jsonl"
    ran = dosebell("--json", "log", "export", "--archive", str(pulled), "--output", str(file))
    assert (ran.code, ran.json["events"], ran.json["file"]) == (0, EVENTS, str(file))
    shown = dosebell("--json", "log", "show", "--archive", str(pulled)).lines
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [{key: line[key] for key in shown[0]} for line in lines] == shown
    assert [list(line)[:9] for line in lines] == [list(shown[0])] * EVENTS
    proven = verify(file)
    assert (proven.code, proven.json["events"], proven.json["fingerprint"]) == (0, EVENTS, lines[-1]["hash"])
    assert [one.name for one in tmp_path.iterdir()] == ["log.jsonl"]


@pytest.mark.req("H-05")
def test_a_selection_says_that_it_is_one(pulled: Path, tmp_path: Path) -> None:
    file = tmp_path / "some.jsonl"
    assert dosebell("log", "export", "--archive", str(pulled), "--kind", "boot", "-o", str(file)).code == 0
    proven = verify(file)
    assert (proven.code, proven.json["events"], proven.json["log"]["selection"]) == (0, 1, {"kind": ["boot"]})


@pytest.mark.req("H-05", "H-01")
def test_a_table_has_typed_columns(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    db = sqlite3.connect(path)
    db.executescript(OLD.read_text())
    db.close()
    ran = dosebell("log", "export", "--format", "csv", "--archive", str(path), "--device", "Bed 12")
    rows = list(csv.DictReader(ran.out.splitlines()))
    events = dosebell("--json", "log", "show", "--archive", str(path), "--device", "Bed 12").lines
    assert [int(row["seq"]) for row in rows] == [event["seq"] for event in events]
    assert [json.loads(row["detail"]) for row in rows] == [event["detail"] for event in events]
    for row, event in zip(rows, events, strict=True):
        assert re.fullmatch(
            r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})?", row["utc"]
        )  # what LibreOffice takes for a date
        read = row["utc"] and datetime.fromisoformat(row["utc"] + "+00:00")
        assert (read or None) == (event["utc"] and datetime.fromisoformat(event["utc"]))
        for name in ("boot", "mono_ms"):
            assert int(row[name]) == event[name]
        assert (row["cycle"], row["slot"]) == (str(event["cycle"] or ""), str(event["slot"] or ""))
    starts = [
        (row["variance_ms"], event["detail"]["variance_ms"])
        for row, event in zip(rows, events, strict=True)
        if event["kind"] == "dose-started"
    ]
    assert starts and all(int(shown) == true for shown, true in starts if true is not None)


@pytest.mark.req("H-05")
@pytest.mark.parametrize("label", ["=1+1", "+1", "-1", "@SUM(A1)", '",=1+1'])
def test_no_cell_of_a_table_is_a_formula(device: ScriptedDevice, tmp_path: Path, label: str) -> None:
    path = tmp_path / "archive.sqlite"
    device.happen("configure", regimen=built_in()["hd-il2"], label=label, armed=False)
    device.happen("fault", code=label, words=label)
    assert on(device.port, "log", "pull", "--archive", str(path)).code == 0
    ran = dosebell("log", "export", "--format", "csv", "--archive", str(path))
    rows = list(csv.DictReader(ran.out.splitlines()))
    assert label in [json.loads(row["detail"]).get("label") for row in rows]
    for row in rows:
        for name, cell in row.items():
            assert not cell.startswith(("=", "+", "-", "@", "\t")) or (name == "variance_ms" and int(cell) < 0)


@pytest.mark.req("H-05", "H-01")
def test_a_file_that_cannot_be_written_is_told_and_the_older_one_stays(pulled: Path, tmp_path: Path) -> None:
    ran = dosebell("--json", "log", "export", "--archive", str(pulled), "-o", str(tmp_path / "none" / "log.jsonl"))
    assert (ran.code, ran.error["error"]) == (2, "unwritable-file")
    (tmp_path / "log.jsonl").mkdir()
    assert dosebell("log", "export", "--archive", str(pulled), "-o", str(tmp_path / "log.jsonl")).code == 2
    assert [one.name for one in tmp_path.iterdir()] == ["log.jsonl"]


@pytest.mark.req("H-04", "H-01")
def test_what_is_no_log_is_not_called_a_damaged_one(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear ward,\n")
    ran = verify(tmp_path / "letter.txt")
    assert (ran.code, ran.error["error"]) == (6, "not-a-log")
    ran = verify(tmp_path / "none.jsonl")
    assert (ran.code, ran.error["error"]) == (2, "unreadable-file")


@pytest.mark.req("H-04")
def test_an_archive_of_the_first_version_is_brought_up_to_date(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite"
    db = sqlite3.connect(path)
    db.executescript(OLD.read_text())
    old = {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in ("slot", "event", "gap", "pull")}
    db.close()
    # given only a look at it, then the file stays as it is, and is read all the same
    before = path.read_bytes()
    with Archive(path, create=False) as archive:
        kept = [(one.id, event.seq) for one in archive.journals() for event in archive.events(one)]
        assert kept == [row[:2] for row in old["event"]]
    assert path.read_bytes() == before
    # when it is opened to be written, then everything in it is there, and proven
    with Archive(path, create=True) as archive:
        assert all(check(archive, journal).bad == [] for journal in archive.journals())
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA user_version").fetchone() == (archive_schema.SCHEMA_VERSION,)
    assert old == {table: db.execute(f"SELECT * FROM {table}").fetchall() for table in old}
    db.close()


@pytest.mark.req("H-04")
def test_a_step_up_that_is_cut_off_leaves_the_older_archive_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.sqlite"
    db = sqlite3.connect(path)
    db.executescript(OLD.read_text())
    whole = list(db.iterdump())

    def cut_off(db: sqlite3.Connection, journal: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(archive_schema, "seal_journal", cut_off)
    with pytest.raises(KeyboardInterrupt):
        Archive(path, create=True)
    assert (list(db.iterdump()), db.execute("PRAGMA user_version").fetchone()) == (whole, (1,))
    db.close()
