"""The archive: a SQLite file that keeps what was pulled from devices, as stored bytes and as events. Opened by schema version, written a sector at a time.

A device can come with a new journal (lost, or the board was laid anew): its sequence numbers start again. Each journal is therefore kept apart.
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dosebell.errors import DosebellError
from dosebell.journal_reader import Gap, Sector
from dosecore import events
from dosecore.events import Event

SCHEMA_VERSION = 1
_SCHEMA = """
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


def default_path() -> Path:
    """The user's own archive, in the platform's place for data."""
    if sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    elif sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "dosebell" / "archive.sqlite"


@dataclass(frozen=True)
class Journal:
    """One journal of one device, by its number in the archive."""

    id: int
    device: str
    label: str
    board: str


@dataclass(frozen=True)
class Filter:
    """Which events are wanted. None: all."""

    cycle: int | None = None
    slot: int | None = None
    kinds: tuple[str, ...] = ()


class Archive:
    """An open archive. Every method that writes is one transaction: what was cut off is wholly absent."""

    def __init__(self, path: Path, *, create: bool) -> None:
        """Errors: archive-empty (not there, and not to be made), archive-too-new, archive-damaged."""
        self.path = path
        if not create and not path.exists():
            raise DosebellError("archive-empty", path=str(path))
        try:
            if create:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path)
            self._open()
        except OSError as err:
            raise DosebellError("archive-damaged", path=str(path), detail=err.strerror or str(err)) from None
        except sqlite3.DatabaseError as err:
            raise DosebellError("archive-damaged", path=str(path), detail=str(err)) from None

    def _open(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise DosebellError("archive-too-new", path=str(self.path))
        if version == 0:
            if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise DosebellError("archive-damaged", path=str(self.path), detail="a database of something else")
            self._db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    # -- journals

    def journals(self, device: str | None = None) -> list[Journal]:
        """The journals kept, oldest first."""
        rows = self._db.execute(
            "SELECT id, device, label, board FROM journal WHERE ?1 IS NULL OR device = ?1 ORDER BY id", (device,)
        )
        return [Journal(*row) for row in rows]

    def begin_journal(self, device: str, label: str, board: str) -> Journal:
        with self._db:
            id = self._db.execute(
                "INSERT INTO journal(device, label, board) VALUES (?, ?, ?)", (device, label, board)
            ).lastrowid
        assert id is not None
        return Journal(id, device, label, board)

    def newest_epoch(self, journal: Journal) -> int | None:
        epoch: int | None = self._db.execute("SELECT max(epoch) FROM slot WHERE journal = ?", (journal.id,)).fetchone()[
            0
        ]
        return epoch

    def slots(self, journal: Journal, epoch: int) -> dict[int, bytes]:
        """The slots kept of a sector, by number."""
        return dict(
            self._db.execute("SELECT number, raw FROM slot WHERE journal = ? AND epoch = ?", (journal.id, epoch))
        )

    # -- writing

    def store(self, journal: Journal, sector: Sector, gaps: list[Gap], label: str) -> None:
        """Keep what is new in a sector."""
        with self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO slot VALUES (?, ?, ?, ?)",
                [(journal.id, sector.epoch, number, raw) for number, raw in sector.slots.items()],
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (
                        journal.id,
                        one.seq,
                        event and event.kind,
                        event and event.cycle,
                        event and event.slot,
                        event and event.utc and event.utc[0],
                        one.raw,
                    )
                    for one in sector.events
                    for event in (one.event,)
                ],
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO gap VALUES (?, ?, ?, ?)",
                [(journal.id, gap.first, gap.last, gap.cause) for gap in gaps],
            )
            self._db.execute("UPDATE journal SET label = ? WHERE id = ?", (label, journal.id))

    def store_pull(
        self, journal: Journal, at: str, first: int | None, last: int | None, count: int, sha256: str
    ) -> None:
        with self._db:
            self._db.execute(
                "INSERT INTO pull(journal, at, first, last, bytes, sha256) VALUES (?, ?, ?, ?, ?, ?)",
                (journal.id, at, first, last, count, sha256),
            )

    # -- reading

    def gaps(self, journal: Journal) -> list[Gap]:
        return [
            Gap(*row)
            for row in self._db.execute(
                "SELECT first, last, cause FROM gap WHERE journal = ? ORDER BY first, last", (journal.id,)
            )
        ]

    def pulls(self, journal: Journal) -> list[tuple[str, int | None, int | None, int, str]]:
        """(at, first, last, bytes, SHA-256) of each pull that brought something, oldest first."""
        return list(
            self._db.execute(
                "SELECT at, first, last, bytes, sha256 FROM pull WHERE journal = ? ORDER BY id", (journal.id,)
            )
        )

    def last_seq(self, journal: Journal, without: tuple[str, ...] = ()) -> int:
        """The newest event kept, not counting the kinds `without`; 0 for none."""
        query = f"SELECT coalesce(max(seq), 0) FROM event WHERE journal = ? AND coalesce(kind, '') NOT IN ({', '.join('?' * len(without))})"
        return int(self._db.execute(query, (journal.id, *without)).fetchone()[0])

    def events(self, journal: Journal, wanted: Filter | None = None) -> Iterator[Event]:
        """The events in order of their numbers, without those that this version cannot decode (each of them is a gap)."""
        wanted = wanted or Filter()
        where, values = ["journal = ?", "kind IS NOT NULL"], [journal.id]
        for column, value in (("cycle", wanted.cycle), ("slot", wanted.slot)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        kinds = wanted.kinds
        if kinds:
            where.append(f"kind IN ({', '.join('?' * len(kinds))})")
        query = f"SELECT seq, raw FROM event WHERE {' AND '.join(where)} ORDER BY seq"
        for seq, raw in self._db.execute(query, (*values, *kinds)):
            yield events.decode(raw, seq)


def choose(archive: Archive, device: str | None, number: int | None) -> Journal:
    """The journal meant: by its number, the newest of `device` (id or label), or the newest of the only device kept.

    Errors: archive-empty, archive-choice, archive-no-device.
    """
    all_journals = archive.journals()
    if not all_journals:
        raise DosebellError("archive-empty", path=str(archive.path))
    kept = sorted({f"{one.device} ({one.label})" if one.label else one.device for one in all_journals})
    matching = [one for one in all_journals if device in (None, one.device, one.label) and number in (None, one.id)]
    if not matching:
        raise DosebellError("archive-no-device", value=device or f"journal {number}", ports=kept)
    if len({one.device for one in matching}) > 1:
        raise DosebellError("archive-choice", ports=kept)
    return matching[-1]
