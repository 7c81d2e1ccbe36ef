"""Pulling the log: sector by sector from the device into the archive, resumable and idempotent (H-04)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from dosebell.archive import Archive, Journal
from dosebell.archive_check import prove, prove_quickly
from dosebell.client import Client
from dosebell.errors import DosebellError
from dosebell.journal_reader import SLOT_BYTES, Gap, Place, Sector, filled, follow, read_sector
from dosebell.times import now_utc, rfc3339, to_instant

Progress = Callable[[int, int], None]  # bytes done, bytes in all
_SECTOR_BYTES = 64 * SLOT_BYTES
_SECTORS_AT_ONCE = 8
_EPOCH = slice(40, 44)  # of a sector: its number, see docs/journal.md
_BLANK_SLOT = b"\xff" * SLOT_BYTES
# Events that tell of no change by themselves; pulling alone must not make the next pull find something to export.
_OWN_ECHO = ("exported", "checkpoint")


@dataclass
class Pulled:
    """What a pull did. `bytes` and `seconds` count the transfer; `gaps` those newly found; `second` the slots read from the second copy.
    `forked_after`: the journal begins as one that was pulled before and goes on otherwise after that event: somebody has taken away or replaced the rest.
    """

    journal: Journal
    new_journal: bool = False
    forked_after: int | None = None
    events: int = 0
    first: int | None = None
    last: int = 0
    bytes: int = 0
    seconds: float = 0.0
    second: int = 0
    gaps: list[Gap] = field(default_factory=list)
    exported: int | None = None
    sha256: str = ""


class _Reader:
    """Reads sectors of one device, each at most once; whole ones several at a time, which spares the time of asking."""

    def __init__(self, client: Client, newest: int) -> None:
        self._client = client
        self._newest = newest
        self._read: dict[int, tuple[Sector, bytes]] = {}
        self._ahead: dict[int, bytes] = {}  # first copies that came with an earlier sector

    def sector(self, epoch: int) -> tuple[Sector, bytes]:
        """The sector and the bytes of its first copy. Errors: those of `Client.ask_raw`, device-swapped."""
        if epoch not in self._read:
            raw = self._copy(epoch, 0)
            self._read[epoch] = read_sector(epoch, raw, lambda: self._copy(epoch, 1)), raw
        return self._read.pop(epoch)

    def keep(self, epoch: int) -> Sector:
        """The sector, kept for the next `sector`."""
        self._read[epoch] = self.sector(epoch)
        return self._read[epoch][0]

    def _copy(self, epoch: int, copy: int) -> bytes:
        sectors = 1 if copy else min(_SECTORS_AT_ONCE, self._newest - epoch)
        if sectors <= 1:
            return self._log(epoch=epoch, slot=0, copy=copy)
        if epoch not in self._ahead:
            raw = self._log(epoch=epoch, slot=0, copy=copy, sectors=sectors)
            pieces = [raw[at : at + _SECTOR_BYTES] for at in range(0, len(raw), _SECTOR_BYTES)]
            self._ahead = {epoch + place: _without_blank_end(piece) for place, piece in enumerate(pieces)}
        piece = self._ahead.pop(epoch)
        # A sector that does not say that it is this one (worn, or damaged there) is asked for by itself: the device says what it is.
        if piece[_EPOCH] == epoch.to_bytes(4, "little"):
            return piece
        return self._log(epoch=epoch, slot=0, copy=copy)

    def _log(self, **which: int) -> bytes:
        """Slots of the device of the first `hello`, and of no other that has taken its place on the line."""
        raw = self._client.ask_raw("log", **which)
        self._client.same_device()
        return raw


def _without_blank_end(sector: bytes) -> bytes:
    """The slots up to the last one written."""
    end = len(sector)
    while end > SLOT_BYTES and sector[end - SLOT_BYTES : end] == _BLANK_SLOT:
        end -= SLOT_BYTES
    return sector[:end]


def pull(client: Client, archive: Archive, progress: Progress | None = None) -> Pulled:
    """Bring the archive up to date with the device and tell the device so. Errors: those of `Client.ask`; what is archived before one stays."""
    begun = time.monotonic()
    info = client.ask("log-info")
    reader = _Reader(client, info["epochs"][1])
    result = _find_journal(reader, archive, client.identity, info)
    journal = result.journal
    if info["epochs"][1]:
        _sectors(reader, archive, result, info, client.identity.get("label") or "", progress)
    firmware = client.identity.get("firmware") or ""
    if firmware != journal.firmware:
        archive.note_firmware(journal, firmware)
    result.seconds = time.monotonic() - begun
    result.last = archive.last_seq(journal)
    if archive.last_seq(journal, without=_OWN_ECHO) > info["exported"]:
        client.same_device()
        client.ask("exported", seq=result.last)
        result.exported = result.last
    return result


def _find_journal(reader: _Reader, archive: Archive, device: dict[str, Any], info: dict[str, Any]) -> Pulled:
    """The archive's journal that this device goes on with, or a new one: then what is stored differs from what was pulled before.

    Errors: log-altered: nothing is added to an archive that was altered, and a device is not blamed for it.
    """
    known = archive.journals(device["id"])
    label, board = device.get("label") or "", device.get("board") or ""
    if not known:
        return Pulled(archive.begin_journal(device["id"], label, board))
    newest = known[-1]
    prove_quickly(archive, newest)
    epoch = archive.newest_epoch(newest)
    same = info["last"] >= archive.last_seq(newest)
    if same and epoch is not None and info["epochs"][0] <= epoch <= info["epochs"][1]:
        now_there = reader.keep(epoch).slots
        kept = archive.slots(newest, epoch)
        same = all(now_there.get(number, raw) == raw for number, raw in kept.items() if number)
    if same:
        return Pulled(newest)
    prove(archive, newest)
    forked_after = _last_common(reader, archive, newest, info)
    return Pulled(archive.begin_journal(device["id"], label, board), new_journal=True, forked_after=forked_after)


def _last_common(reader: _Reader, archive: Archive, known: Journal, info: dict[str, Any]) -> int | None:
    """The last event that the device's journal and the archived one share from their beginning on.

    None when they share none that bears a date: the first events of any two new boards are alike.
    """
    last = None
    dated = False
    oldest, newest = info["epochs"]
    for epoch in range(max(oldest, 1), min(newest, archive.newest_epoch(known) or 0) + 1):
        kept = archive.slots(known, epoch)
        found = reader.keep(epoch)
        for each in found.events:
            places = range(each.slot, each.slot + found.slots[each.slot][2])
            if any(kept.get(place) != found.slots[place] for place in places):
                return last if dated else None
            last = each.seq
            dated = dated or (each.event is not None and each.event.utc is not None)
    return last if dated else None


def _sectors(
    reader: _Reader, archive: Archive, result: Pulled, info: dict[str, Any], label: str, progress: Progress | None
) -> None:
    """All sectors from the newest archived one on. The newest of the device is read last, and as far as it is written by then."""
    journal = result.journal
    oldest, newest = info["epochs"]
    archived = archive.newest_epoch(journal)
    before = archive.last_seq(journal)
    epoch = oldest if archived is None else max(oldest, archived)
    total = (newest - epoch) * _SECTOR_BYTES + info["written"] * SLOT_BYTES
    digest = hashlib.sha256()
    known = set(archive.gaps(journal))
    # The open sector of the last pull is read again whole and followed from its start. If it is gone, the first event that is left tells what is missing.
    place = Place() if archived in (None, epoch) else Place(before + 1)
    while epoch <= newest:
        try:
            sector, raw = reader.sector(epoch)
        except DosebellError as err:
            if not err.by_device:
                raise
            # Given to newer events since the device was asked what it has, or left out because its flash is worn: the numbers tell what is lost.
            epoch += 1
            continue
        digest.update(raw)
        result.bytes += len(raw)
        result.second += len(sector.second)
        if epoch == archived:
            sector = filled(sector, archive.slots(journal, epoch))
        gaps = follow(sector, place)
        result.gaps += [gap for gap in gaps if gap not in known]
        known.update(gaps)
        archive.store(journal, sector, gaps, label)
        fresh = [one for one in sector.events if one.seq > before]
        result.events += len(fresh)
        if fresh and result.first is None:
            result.first = fresh[0].seq
        if progress is not None:
            progress(result.bytes, max(total, result.bytes))
        epoch += 1
    if result.bytes:
        result.sha256 = digest.hexdigest()
    if result.events:
        archive.store_pull(
            journal,
            rfc3339(to_instant(now_utc())) or "",
            result.first,
            archive.last_seq(journal),
            result.bytes,
            result.sha256,
        )
