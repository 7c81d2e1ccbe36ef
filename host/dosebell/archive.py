"""The archive: a SQLite file that keeps what was pulled from devices, as stored bytes and as events. Written a sector at a time; its tables are in
`archive_schema`, its proof in `archive_check`.

A device can come with a new journal (lost, or the board was laid anew): its sequence numbers start again. Each journal is therefore kept apart.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dosebell.archive_schema import explained, journal_hash, open_archive, seal_journal, seal_sector, sector_slots
from dosebell.errors import DosebellError
from dosebell.journal_reader import Gap, Sector
from dosecore import events
from dosecore.events import Event


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
    """One journal of one device, by its number in the archive. firmware: what it ran at the last pull; "" where no pull has noted it."""

    id: int
    device: str
    label: str
    board: str
    firmware: str = ""


@dataclass(frozen=True)
class Filter:
    """Which events are wanted. None: all. `course`: counted in the journal from 1, by its `course-started`."""

    cycle: int | None = None
    slot: int | None = None
    kinds: tuple[str, ...] = ()
    course: int | None = None


class Archive:
    """An open archive. Every method that writes is one transaction: what was cut off is wholly absent."""

    def __init__(self, path: Path, *, create: bool) -> None:
        """`create`: to be written, and made if it is not there. Errors: those of `open_archive`; every method's: archive-busy, -full, -readonly, -damaged."""
        self.path = path
        self._db = open_archive(path, create=create)

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _rows(self, query: str, values: tuple[Any, ...] = ()) -> list[Any]:
        with explained(self.path):
            return self._db.execute(query, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with explained(self.path), self._db:
            yield

    # -- journals

    def journals(self, device: str | None = None) -> list[Journal]:
        """The journals kept, oldest first."""
        query = "SELECT id, device, label, board, firmware FROM journal WHERE ?1 IS NULL OR device = ?1 ORDER BY id"
        return [Journal(*row) for row in self._rows(query, (device,))]

    def begin_journal(self, device: str, label: str, board: str) -> Journal:
        with self._transaction():
            id = self._db.execute(
                "INSERT INTO journal(device, label, board) VALUES (?, ?, ?)", (device, label, board)
            ).lastrowid
            assert id is not None
            seal_journal(self._db, id)
        return Journal(id, device, label, board)

    def epochs(self, journal: Journal) -> list[int]:
        """The sectors kept, oldest first."""
        query = "SELECT DISTINCT epoch FROM slot WHERE journal = ? ORDER BY epoch"
        return [row[0] for row in self._rows(query, (journal.id,))]

    def newest_epoch(self, journal: Journal) -> int | None:
        epoch: int | None = self._rows("SELECT max(epoch) FROM slot WHERE journal = ?", (journal.id,))[0][0]
        return epoch

    def slots(self, journal: Journal, epoch: int) -> dict[int, bytes]:
        """The slots kept of a sector, by number."""
        with explained(self.path):
            return sector_slots(self._db, journal.id, epoch)

    # -- writing

    def store(self, journal: Journal, sector: Sector, gaps: list[Gap], label: str) -> None:
        """Keep what is new in a sector."""
        with self._transaction():
            self._db.executemany(
                "INSERT OR IGNORE INTO slot VALUES (?, ?, ?, ?)",
                [(journal.id, sector.epoch, number, raw) for number, raw in sector.slots.items()],
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(journal.id, one.seq, *columns(one.event), one.raw) for one in sector.events],
            )
            self._db.executemany(
                "INSERT OR IGNORE INTO gap VALUES (?, ?, ?, ?)",
                [(journal.id, gap.first, gap.last, gap.cause) for gap in gaps],
            )
            self._db.execute("UPDATE journal SET label = ? WHERE id = ?", (label, journal.id))
            seal_sector(self._db, journal.id, sector.epoch)
            seal_journal(self._db, journal.id)

    def note_firmware(self, journal: Journal, firmware: str) -> None:
        """What the device says that it runs."""
        with self._transaction():
            self._db.execute("UPDATE journal SET firmware = ? WHERE id = ?", (firmware, journal.id))

    def store_pull(
        self, journal: Journal, at: str, first: int | None, last: int | None, count: int, sha256: str
    ) -> None:
        with self._transaction():
            self._db.execute(
                "INSERT INTO pull(journal, at, first, last, bytes, sha256) VALUES (?, ?, ?, ?, ?, ?)",
                (journal.id, at, first, last, count, sha256),
            )
            seal_journal(self._db, journal.id)

    # -- seals

    def seal(self, journal: Journal) -> str:
        """The SHA-256 of everything kept of the journal, as it was when it was last written: the fingerprint to keep elsewhere."""
        return str(self._rows("SELECT seal FROM journal WHERE id = ?", (journal.id,))[0][0])

    def seal_holds(self, journal: Journal) -> bool:
        """Whether sectors, gaps and pulls are listed as they were when the journal was last written."""
        with explained(self.path):
            return journal_hash(self._db, journal.id) == self.seal(journal)

    def sealed_sectors(self, journal: Journal) -> dict[int, tuple[int | None, int | None, str]]:
        """(first event, last event, SHA-256) of each sector, as they were when it was last written."""
        query = "SELECT epoch, first, last, sha256 FROM sector WHERE journal = ? ORDER BY epoch"
        return {epoch: (first, last, sha256) for epoch, first, last, sha256 in self._rows(query, (journal.id,))}

    # -- reading

    def sound(self) -> bool:
        """Whether SQLite finds the file's structure whole."""
        return [tuple(row) for row in self._rows("PRAGMA integrity_check(1)")] == [("ok",)]

    def gaps(self, journal: Journal) -> list[Gap]:
        query = "SELECT first, last, cause FROM gap WHERE journal = ? ORDER BY first, last"
        return [Gap(*row) for row in self._rows(query, (journal.id,))]

    def pulls(self, journal: Journal) -> list[tuple[str, int | None, int | None, int, str]]:
        """(at, first, last, bytes, SHA-256) of each pull that brought something, oldest first."""
        return self._rows(
            "SELECT at, first, last, bytes, sha256 FROM pull WHERE journal = ? ORDER BY id", (journal.id,)
        )

    def last_seq(self, journal: Journal, without: tuple[str, ...] = ()) -> int:
        """The newest event kept, not counting the kinds `without`; 0 for none."""
        query = f"SELECT seq FROM event WHERE journal = ? AND coalesce(kind, '') NOT IN ({', '.join('?' * len(without))}) ORDER BY seq DESC LIMIT 1"
        return next((int(row[0]) for row in self._rows(query, (journal.id, *without))), 0)

    def event_rows(self, journal: Journal) -> dict[int, tuple[Any, ...]]:
        """(kind, cycle, slot, utc_s, raw) as the table has them, by number."""
        query = "SELECT seq, kind, cycle, slot, utc_s, CAST(raw AS BLOB) FROM event WHERE journal = ? ORDER BY seq"
        return {row[0]: row[1:] for row in self._rows(query, (journal.id,))}

    def events(self, journal: Journal, wanted: Filter | None = None) -> Iterator[Event]:
        """The events in order of their numbers, without those that this version cannot decode (each of them is a gap)."""
        wanted = wanted or Filter()
        where, values = ["journal = ?", "kind IS NOT NULL"], [journal.id]
        for column, value in (("cycle", wanted.cycle), ("slot", wanted.slot)):
            if value is not None:
                where.append(f"{column} = ?")
                values.append(value)
        if wanted.course is not None:
            query = "SELECT seq FROM event WHERE journal = ? AND kind = 'course-started' ORDER BY seq"
            begins = [row[0] for row in self._rows(query, (journal.id,))]
            if not 0 < wanted.course <= len(begins):
                return
            where.append("seq >= ?")
            values.append(begins[wanted.course - 1])
            if wanted.course < len(begins):
                where.append("seq < ?")
                values.append(begins[wanted.course])
        kinds = wanted.kinds
        if kinds:
            where.append(f"kind IN ({', '.join('?' * len(kinds))})")
        query = f"SELECT seq, CAST(raw AS BLOB) FROM event WHERE {' AND '.join(where)} ORDER BY seq"
        for seq, raw in self._rows(query, (*values, *kinds)):
            try:
                event = events.decode(raw, seq)
            except ValueError:
                raise DosebellError(
                    "log-altered", path=str(self.path), seq=seq, detail="is not as it was pulled"
                ) from None
            yield event


def columns(event: Event | None) -> tuple[Any, ...]:
    """What of an event stands in columns of its own: (kind, cycle, slot, utc_s)."""
    if event is None:
        return (None, None, None, None)
    return (event.kind, event.cycle, event.slot, event.utc and event.utc[0])


def choose(archive: Archive, device: str | None, number: int | None) -> Journal:
    """The journal meant: by its number, the newest of `device` (id or label), or the newest of the only device kept.

    Errors: archive-empty, archive-choice, archive-no-device.
    """
    found = matching(archive, device, number)
    if len({one.device for one in found}) > 1:
        raise DosebellError("archive-choice", ports=_names(archive.journals()))
    return found[-1]


def matching(archive: Archive, device: str | None, number: int | None) -> list[Journal]:
    """All journals of `device` (id or label; None: any) with that number (None: any), oldest first. Errors: archive-empty, archive-no-device."""
    kept = archive.journals()
    if not kept:
        raise DosebellError("archive-empty", path=str(archive.path))
    found = [one for one in kept if device in (None, one.device, one.label) and number in (None, one.id)]
    if not found:
        raise DosebellError("archive-no-device", value=device or f"journal {number}", ports=_names(kept))
    return found


def _names(journals: list[Journal]) -> list[str]:
    return sorted({f"{one.device} ({one.label})" if one.label else one.device for one in journals})
