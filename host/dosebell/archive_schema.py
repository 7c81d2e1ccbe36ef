"""The archive's tables, by version: how a new archive is made, an older one brought up to date, and what SQLite's failures mean to people.

Version 2 added the seals: `sector` keeps the SHA-256 of each sector's slots, `journal.seal` that of everything which is kept of the journal.
Version 3 added `journal.firmware`: what the device said that it runs, at its last pull. Like the label it is no part of the seal.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dosebell.errors import DosebellError
from dosebell.journal_reader import numbers_of

SCHEMA_VERSION = 3
BUSY_S = 5.0  # how long another program may be writing before we give up

_VERSION_1 = """
CREATE TABLE journal(
    id INTEGER PRIMARY KEY, device TEXT NOT NULL, label TEXT NOT NULL, board TEXT NOT NULL);
CREATE TABLE slot(
    journal INTEGER NOT NULL REFERENCES journal, epoch INTEGER NOT NULL, number INTEGER NOT NULL, raw BLOB NOT NULL,
    PRIMARY KEY(journal, epoch, number)) WITHOUT ROWID;
CREATE TABLE event(
    journal INTEGER NOT NULL REFERENCES journal, seq INTEGER NOT NULL, kind TEXT, cycle INTEGER, slot INTEGER, utc_s INTEGER,
    raw BLOB NOT NULL, PRIMARY KEY(journal, seq)) WITHOUT ROWID;
CREATE TABLE gap(
    journal INTEGER NOT NULL REFERENCES journal, first INTEGER NOT NULL, last INTEGER NOT NULL, cause TEXT NOT NULL,
    PRIMARY KEY(journal, first, last, cause)) WITHOUT ROWID;
CREATE TABLE pull(
    id INTEGER PRIMARY KEY, journal INTEGER NOT NULL REFERENCES journal, at TEXT NOT NULL, first INTEGER, last INTEGER,
    bytes INTEGER NOT NULL, sha256 TEXT NOT NULL);
"""
_VERSION_2 = """
CREATE TABLE sector(
    journal INTEGER NOT NULL REFERENCES journal, epoch INTEGER NOT NULL, first INTEGER, last INTEGER, sha256 TEXT NOT NULL,
    PRIMARY KEY(journal, epoch)) WITHOUT ROWID;
ALTER TABLE journal ADD COLUMN seal TEXT NOT NULL DEFAULT '';
"""
_VERSION_3 = "ALTER TABLE journal ADD COLUMN firmware TEXT NOT NULL DEFAULT '';"


def _run(db: sqlite3.Connection, script: str) -> None:
    """Statement by statement: `executescript` would commit what is open."""
    for statement in script.split(";"):
        if statement.strip():
            db.execute(statement)


def _to_1(db: sqlite3.Connection) -> None:
    _run(db, _VERSION_1)


def _to_2(db: sqlite3.Connection) -> None:
    """What is there is sealed as it is: what was altered before cannot be told by a seal."""
    _run(db, _VERSION_2)
    for journal, epoch in db.execute("SELECT DISTINCT journal, epoch FROM slot ORDER BY journal, epoch").fetchall():
        seal_sector(db, journal, epoch)
    for (journal,) in db.execute("SELECT id FROM journal").fetchall():
        seal_journal(db, journal)


def _to_3(db: sqlite3.Connection) -> None:
    _run(db, _VERSION_3)


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {0: _to_1, 1: _to_2, 2: _to_3}
"""The step from each version to the next. Never changed once released: an archive may come from any of them."""


# -- seals


def sector_slots(db: sqlite3.Connection, journal: int, epoch: int) -> dict[int, bytes]:
    """The slots that are kept of a sector, by number, in order. Bytes, whatever somebody has written there."""
    query = "SELECT number, CAST(raw AS BLOB) FROM slot WHERE journal = ? AND epoch = ? ORDER BY number"
    return dict(db.execute(query, (journal, epoch)))


def slots_hash(slots: dict[int, bytes]) -> str:
    """SHA-256 of a sector's slots, each with its number."""
    digest = hashlib.sha256()
    for number, raw in slots.items():
        digest.update(b"%d:%b" % (number, raw))
    return digest.hexdigest()


def journal_hash(db: sqlite3.Connection, journal: int) -> str:
    """SHA-256 of whose journal it is, of its sectors' hashes, its gaps and its pulls."""
    digest = hashlib.sha256()
    for query in (
        "SELECT device, board FROM journal WHERE id = ?",
        "SELECT 'sector', epoch, first, last, sha256 FROM sector WHERE journal = ? ORDER BY epoch",
        "SELECT 'gap', first, last, cause FROM gap WHERE journal = ? ORDER BY first, last, cause",
        "SELECT 'pull', at, first, last, bytes, sha256 FROM pull WHERE journal = ? ORDER BY id",
    ):
        for row in db.execute(query, (journal,)):
            digest.update(repr(row).encode())
    return digest.hexdigest()


def seal_sector(db: sqlite3.Connection, journal: int, epoch: int) -> None:
    """Keep the sector's hash, and the first and last event that stand in it."""
    slots = sector_slots(db, journal, epoch)
    numbers = numbers_of(slots)
    first, last = min(numbers, default=None), max(numbers, default=None)
    db.execute("INSERT OR REPLACE INTO sector VALUES (?, ?, ?, ?, ?)", (journal, epoch, first, last, slots_hash(slots)))


def seal_journal(db: sqlite3.Connection, journal: int) -> None:
    db.execute("UPDATE journal SET seal = ? WHERE id = ?", (journal_hash(db, journal), journal))


# -- opening


def open_archive(path: Path, *, create: bool) -> sqlite3.Connection:
    """The archive's database in the present version. One that is only read (`create` False) is never written: an older one is brought up to date in memory.

    Errors: archive-empty (not there, and not to be made), archive-too-new, archive-damaged, archive-readonly, archive-full, archive-busy.
    """
    if not create and not path.exists():
        raise DosebellError("archive-empty", path=str(path))
    with explained(path):
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, timeout=BUSY_S)
        try:
            version = _version(db, path)
            if version == 0 and not create:
                raise DosebellError("archive-empty", path=str(path))
            if version < SCHEMA_VERSION and not create:
                copy = sqlite3.connect(":memory:")
                db.backup(copy)
                db.close()
                db = copy
            if version < SCHEMA_VERSION:
                migrate(db, path)
        except BaseException:
            db.close()
            raise
        return db


def _version(db: sqlite3.Connection, path: Path) -> int:
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise DosebellError("archive-too-new", path=str(path))
    if version == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise DosebellError("archive-damaged", path=str(path), detail="a database of something else")
    return version


def migrate(db: sqlite3.Connection, path: Path) -> None:
    """Every step up to the present version in one transaction: cut off, the archive is wholly the old one."""
    db.execute("BEGIN IMMEDIATE")
    try:
        for step in range(_version(db, path), SCHEMA_VERSION):  # another program may have been quicker
            MIGRATIONS[step](db)
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        db.commit()
    except BaseException:
        db.rollback()
        raise


# -- failures

_CODES = {
    sqlite3.SQLITE_BUSY: "archive-busy",
    sqlite3.SQLITE_LOCKED: "archive-busy",
    sqlite3.SQLITE_FULL: "archive-full",
    sqlite3.SQLITE_READONLY: "archive-readonly",
    sqlite3.SQLITE_CANTOPEN: "archive-readonly",
    sqlite3.SQLITE_PERM: "archive-readonly",
    sqlite3.SQLITE_IOERR: "archive-readonly",
}


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """What SQLite and the file system refuse is raised as a DosebellError."""
    try:
        yield
    except OSError as err:
        raise DosebellError("archive-readonly", path=str(path), detail=err.strerror or str(err)) from None
    except sqlite3.DatabaseError as err:
        primary = getattr(err, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF  # the rest says more of the same
        code = _CODES.get(primary, "archive-damaged")
        raise DosebellError(code, path=str(path), detail=str(err)) from None
