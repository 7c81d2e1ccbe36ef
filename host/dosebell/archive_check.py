"""The proof of an archive: what is kept of a journal is as it was pulled, every event and every byte (H-04).

Four things are held against each other: the events as the table has them, the bytes of the device's records with their CRCs and their chain, the gaps
that pulls have recorded, and the seals. What this proves and what not: docs/journal.md, "What the archive proves".
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dosebell.archive import Archive, Journal, columns
from dosebell.archive_schema import slots_hash
from dosebell.errors import DosebellError
from dosebell.journal_reader import Gap, Place, Sector, Stored, follow, kept_sector

Progress = Callable[[int, int], None]  # sectors done, sectors in all


@dataclass(frozen=True)
class Bad:
    """Something that is not as it was pulled. `detail` follows "event N"."""

    seq: int
    detail: str


@dataclass(frozen=True)
class Checked:
    """What was found of a journal. `bad`: by number, none when it is proven. `gaps`: those recorded by pulls, which are losses at the device."""

    journal: Journal
    events: int
    first: int | None
    last: int | None
    gaps: list[Gap]
    pulls: int
    seal: str
    bad: list[Bad]


def check(archive: Archive, journal: Journal, progress: Progress | None = None) -> Checked:
    """Everything of one journal. Errors: archive-damaged (no structure that could be read), archive-busy."""
    try:
        return _check(archive, journal, progress)
    except (TypeError, ValueError, OverflowError, struct.error) as err:
        raise DosebellError(
            "archive-damaged", path=str(archive.path), detail=f"what is kept makes no sense: {err}"
        ) from None


def prove(archive: Archive, journal: Journal) -> None:
    """Nothing, if the journal is as it was pulled. Errors: log-altered (with `seq`), and those of `check`."""
    refuse(archive, check(archive, journal))


def prove_quickly(archive: Archive, journal: Journal) -> None:
    """Like `prove`, but in a moment: by the seals alone, of the list of sectors and of the newest one, which a pull goes on with."""
    epoch = archive.newest_epoch(journal)
    sealed = archive.sealed_sectors(journal)
    holds = archive.seal_holds(journal) and (
        epoch is None or (epoch in sealed and sealed[epoch][2] == slots_hash(archive.slots(journal, epoch)))
    )
    if not holds:
        prove(archive, journal)


def refuse(archive: Archive, checked: Checked) -> None:
    """Errors: log-altered, with the first bad event's `seq`, when there is any."""
    for bad in checked.bad[:1]:
        journal = checked.journal
        raise DosebellError(
            "log-altered",
            path=str(archive.path),
            seq=bad.seq,
            detail=bad.detail,
            device=journal.device,
            journal=journal.id,
        )


def _check(archive: Archive, journal: Journal, progress: Progress | None) -> Checked:
    if not archive.sound():
        raise DosebellError("archive-damaged", path=str(archive.path), detail="its structure is broken")
    rows = archive.event_rows(journal)
    gaps = archive.gaps(journal)
    sealed = archive.sealed_sectors(journal)
    place, stored, bad = Place(), dict[int, Stored](), list[Bad]()
    breaks, broken_chain = list[Gap](), list[Bad]()
    seals: list[tuple[int, int, Bad]] = []  # from which to which event a broken seal may mean, and what it says
    epochs = sorted({*archive.epochs(journal), *sealed})
    for number, epoch in enumerate(epochs, 1):
        slots = archive.slots(journal, epoch)
        sector = kept_sector(epoch, slots)
        following = place.seq or 1
        bad += _damage(sector, following)
        followed = follow(sector, place)
        breaks += followed
        broken_chain += _breaks(followed, gaps)
        stored.update((one.seq, one) for one in sector.events)
        numbers = [following, *(one.seq for one in sector.events), *(had for had in sealed.get(epoch, ())[:2] if had)]
        broken = _seal(sector, slots_hash(slots), sealed.get(epoch), following)
        seals += [(min(numbers), max(numbers) + 1, one) for one in broken]
        if progress is not None:
            progress(number, len(epochs))
    sealed_last = max((last or 0 for _, last, _ in sealed.values()), default=0)
    bad += _altered_before(broken_chain, breaks, stored, sealed_last)
    bad += _events(rows, stored, gaps)
    last = max(rows, default=0)
    bad += [
        Bad(last + 1, "is missing: a pull had brought it")
        for _, _, end, _, _ in archive.pulls(journal)[-1:]
        if (end or 0) > last
    ]
    # A seal tells that a sector was altered, not always where: what names the event itself comes before it.
    bad += [one for first, last, one in seals if not any(first <= known.seq <= last for known in bad)]
    if not bad and not archive.seal_holds(journal):
        bad.append(Bad(last + 1, "or the record of sectors, gaps and pulls was taken away or altered"))
    return Checked(
        journal,
        len(rows),
        min(rows, default=None),
        max(rows, default=None),
        gaps,
        len(archive.pulls(journal)),
        archive.seal(journal),
        sorted(bad, key=lambda one: one.seq),
    )


def _damage(sector: Sector, following: int) -> list[Bad]:
    """Slots that are not as a device writes them. They are named by the event that is due there."""
    found = []
    for slot in sector.damaged:
        seq = max((one.seq + 1 for one in sector.events if one.slot < slot), default=following)
        found.append(Bad(seq, f"is not as it was pulled (sector {sector.epoch}, slot {slot}: its CRC is wrong)"))
    return found


def _breaks(found: list[Gap], recorded: list[Gap]) -> list[Bad]:
    """What is lost and was not recorded as lost, and what was altered, recorded or not."""
    return [
        Bad(gap.first, f"is not as it was written ({gap.cause})" if gap.alteration else "is missing")
        for gap in found
        if gap.alteration or gap not in recorded
    ]


def _altered_before(bad: list[Bad], gaps: list[Gap], stored: dict[int, Stored], sealed_last: int) -> list[Bad]:
    """Breaks of the chain by the event that was altered: each record carries the CRC of the one before. One that was altered itself breaks the chain on
    both sides; a break alone, with an event after it that was there when all was sealed, means the event before."""
    breaks = {gap.first for gap in gaps if gap.alteration and gap.cause.startswith("the chain breaks")}
    found = []
    for one in bad:
        alone = one.seq in breaks and not {one.seq - 1, one.seq + 1} & breaks
        if alone and one.seq - 1 in stored and one.seq < sealed_last:
            one = Bad(one.seq - 1, one.detail)
        found.append(one)
    return found


def _events(rows: dict[int, tuple[Any, ...]], stored: dict[int, Stored], gaps: list[Gap]) -> list[Bad]:
    """The table against the stored records."""
    found = []
    unknown = {gap.first for gap in gaps if gap.first == gap.last}
    for seq in sorted({*rows, *stored}):
        if seq not in stored:
            found.append(Bad(seq, "is listed, but the device's record of it is missing or altered"))
        elif seq not in rows:
            found.append(Bad(seq, "was taken from the list; the device's record of it is there"))
        else:
            *listed, raw = rows[seq]
            one = stored[seq]
            # One that the dosebell which pulled it did not know stays without columns; it is recorded as a gap.
            late = listed == [None] * 4 and seq in unknown
            if raw != one.raw:
                found.append(Bad(seq, "is listed otherwise than the device recorded it"))
            elif tuple(listed) != columns(one.event) and not late:
                found.append(Bad(seq, "is listed with another kind, cycle, slot or time than the device recorded"))
    return found


def _seal(sector: Sector, found: str, sealed: tuple[int | None, int | None, str] | None, following: int) -> list[Bad]:
    """The sector against its seal. Where records are consistent in themselves it tells no more than the first event that may be meant."""
    numbers = [one.seq for one in sector.events]
    first, last = min(numbers, default=following), max(numbers, default=0)
    if sealed is None:
        return [Bad(first, "was added: no pull has sealed its sector")]
    if found == sealed[2]:
        return []
    had = sealed[1] or 0
    if last > had:
        return [Bad(had + 1 if had else first, "was added: it was not there when its sector was sealed")]
    if last < had:
        return [Bad(max(last + 1, sealed[0] or 1), "is missing: it was there when its sector was sealed")]
    return [Bad(first, f"or a later one of sector {sector.epoch} is not as it was pulled (its seal is broken)")]
