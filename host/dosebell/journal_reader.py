"""From the journal's stored slots to events: checks each slot, takes the second copy of a damaged one, joins fragments, follows chain and sequence.

The format is in docs/architecture.md ("The journal in flash"). A slot that cannot be read is no loss by itself: a write that the power cut off
leaves one, and its event never existed. A loss shows in the sequence numbers; an alteration in the chain. Both are reported as a Gap, never hidden.
"""

from __future__ import annotations

import struct
from binascii import crc32
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dosecore import events
from dosecore.events import Event

SLOT_BYTES = 64
SLOTS = 64
HEADER_FROM = 36  # before it: littlefs' block pointers, which differ between the copies
MAGIC = b"DB"
FORMAT = 1
MARKER = 0xA5
PAYLOAD_AT, PAYLOAD_MAX = 12, 48
CRC_AT = 60
BLANK = b"\xff" * SLOT_BYTES
# Parts of the causes of gaps, by which those that tell of an alteration are known again.
_CHAIN = "the chain breaks"
_ORDER = "stands out of order"


@dataclass(frozen=True)
class Header:
    """A sector's slot 0: its place in the journal, the first event that begins in it, the chain so far."""

    epoch: int
    first_seq: int
    chain: int


@dataclass(frozen=True)
class Stored:
    """One event as it is stored: its place, its bytes, and the event, or None where this version cannot decode it."""

    seq: int
    epoch: int
    slot: int
    raw: bytes
    event: Event | None


@dataclass(frozen=True)
class Gap:
    """Events `first`..`last` that are lost (or altered); `cause` says why, in words."""

    first: int
    last: int
    cause: str

    @property
    def alteration(self) -> bool:
        """Whether it tells of something altered, and not of something lost."""
        return _CHAIN in self.cause or _ORDER in self.cause


@dataclass
class Sector:
    """What could be read of one sector.

    slots: the best copy of each slot, by number. second: those taken from copy 1. damaged: those of which no copy is whole.
    """

    epoch: int
    header: Header | None
    slots: dict[int, bytes] = field(default_factory=dict)
    second: list[int] = field(default_factory=list)
    damaged: list[int] = field(default_factory=list)
    events: list[Stored] = field(default_factory=list)


@dataclass
class Place:
    """How far the journal has been followed: the next event's number, and the CRCs of which the next record must carry one.

    There can be two: of the last whole event, and of a whole record of an event that was cut off after it. None: not known, so not checked.
    """

    seq: int | None = None
    chain: tuple[int, ...] | None = None


def header_of(raw: bytes) -> Header | None:
    """The header in slot 0, or None when it is damaged or of another format."""
    (crc,) = struct.unpack_from("<I", raw, CRC_AT)
    if raw[HEADER_FROM : HEADER_FROM + 2] != MAGIC or raw[38] != FORMAT or crc != crc32(raw[HEADER_FROM:CRC_AT]):
        return None
    return Header(*struct.unpack_from("<III", raw, 40))


def whole(raw: bytes) -> bool:
    """Whether a record slot is as it was written."""
    return (
        len(raw) == SLOT_BYTES and raw[0] == MARKER and struct.unpack_from("<I", raw, CRC_AT)[0] == crc32(raw[:CRC_AT])
    )


def crc_of(raw: bytes) -> int:
    return int(struct.unpack_from("<I", raw, CRC_AT)[0])


def chain_of(raw: bytes) -> int:
    """The CRC of the record before, which a record carries."""
    return int(struct.unpack_from("<I", raw, 8)[0])


def _slot_at(data: bytes, number: int) -> bytes:
    return data[number * SLOT_BYTES : (number + 1) * SLOT_BYTES]


def read_sector(epoch: int, first_copy: bytes, second_copy: Callable[[], bytes]) -> Sector:
    """The sector `epoch`, from the bytes of copy 0 (from slot 0 on) and, asked for only where it is needed, copy 1."""
    second: bytes | None = None
    sector = Sector(epoch, None)
    count = max(1, len(first_copy) // SLOT_BYTES)
    number = 0
    while number < count:
        raw = _slot_at(first_copy, number)
        good = _good(number, raw, epoch)
        if not good:
            if second is None:
                second = second_copy()
                count = max(count, len(second) // SLOT_BYTES)
            other = _slot_at(second, number)
            if _good(number, other, epoch):
                raw, good = other, True
                sector.second.append(number)
        if good:
            sector.slots[number] = raw
        elif raw != BLANK:
            sector.damaged.append(number)
        number += 1
    return _with_events(sector)


def kept_sector(epoch: int, slots: dict[int, bytes]) -> Sector:
    """A sector from the slots that an archive keeps of it; those that are not whole, or not in their place, are `damaged`."""
    sector = Sector(epoch, None)
    for number, raw in sorted(slots.items()):
        if 0 <= number < SLOTS and _good(number, raw, epoch):
            sector.slots[number] = raw
        else:
            sector.damaged.append(number)
    return _with_events(sector)


def filled(sector: Sector, kept: dict[int, bytes]) -> Sector:
    """The sector with the slots that an archive has kept of it where the device cannot give them any more: what was pulled once is not lost."""
    whole_now = kept_sector(sector.epoch, {**kept, **sector.slots})
    whole_now.second = sector.second
    whole_now.damaged = [number for number in sector.damaged if number not in whole_now.slots]
    return whole_now


def _with_events(sector: Sector) -> Sector:
    """With its header and events, from its slots."""
    if 0 in sector.slots:
        sector.header = header_of(sector.slots[0])
    sector.events = [
        Stored(seq, sector.epoch, begun, data, _decoded(data, seq)) for seq, begun, data in _joined(sector.slots)
    ]
    return sector


def numbers_of(slots: dict[int, bytes]) -> list[int]:
    """The numbers of the events that are whole in these slots of a sector, in their order there."""
    good = {number: raw for number, raw in slots.items() if number and whole(raw)}
    return [seq for seq, _, _ in _joined(good)]


def _good(number: int, raw: bytes, epoch: int) -> bool:
    if number:
        return whole(raw)
    header = header_of(raw) if len(raw) == SLOT_BYTES else None
    return header is not None and header.epoch == epoch


def _joined(slots: dict[int, bytes]) -> Iterator[tuple[int, int, bytes]]:
    """(number, first slot, bytes) of the events that are whole: all fragments of one number, in order, in consecutive slots.

    One that stands there twice is the same: the device writes the last event once more when a power cut left only one copy of it.
    """
    parts: list[bytes] = []
    begun = 0
    last: tuple[int, bytes] | None = None
    for number in sorted(slots):
        if number == 0:
            continue
        raw = slots[number]
        fragment, fragments, used = raw[1], raw[2], raw[3]
        seq = struct.unpack_from("<I", raw, 4)[0]
        if fragment == 0:
            parts, begun = [], number
        elif (
            not parts
            or fragment != len(parts)
            or number != begun + fragment
            or seq != struct.unpack_from("<I", slots[begun], 4)[0]
        ):
            parts = []
            continue
        parts.append(raw[PAYLOAD_AT : PAYLOAD_AT + min(used, PAYLOAD_MAX)])
        if len(parts) == fragments:
            data = b"".join(parts)
            parts = []
            if (seq, data) == last:
                continue
            last = (seq, data)
            yield seq, begun, data


def _decoded(data: bytes, seq: int) -> Event | None:
    try:
        event: Event = events.decode(data, seq)
    except ValueError:
        return None
    return event


def follow(sector: Sector, place: Place) -> list[Gap]:
    """The gaps that the sector shows when the journal has been followed to `place`, which is moved on to the sector's end."""
    gaps: list[Gap] = []
    if sector.header is not None:
        gaps += _seq_gap(place, sector.header.first_seq, sector)
        if not gaps and place.chain is not None and sector.header.chain not in place.chain:
            gaps.append(
                Gap(
                    sector.header.first_seq,
                    sector.header.first_seq,
                    f"{_CHAIN} at the start of sector {sector.epoch}",
                )
            )
        place.seq = max(place.seq or 0, sector.header.first_seq)
        place.chain = (sector.header.chain,)
    else:
        place.chain = None  # a lost header: sequence numbers still tell what is missing
    for stored in sector.events:
        if place.seq is not None and stored.seq < place.seq:
            gaps.append(Gap(stored.seq, stored.seq, f"number {stored.seq} {_ORDER} in sector {sector.epoch}"))
            continue
        lost = _seq_gap(place, stored.seq, sector)
        gaps += lost
        if not lost and not _chained(sector, stored, place):
            gaps.append(Gap(stored.seq, stored.seq, f"{_CHAIN} before {stored.seq}"))
        if stored.event is None:
            gaps.append(Gap(stored.seq, stored.seq, "of a kind that this version does not know"))
        place.seq = stored.seq + 1
        place.chain = (crc_of(sector.slots[_last_slot(sector, stored)]),)
    last = max(sector.slots, default=0)
    if last and place.chain is not None:
        place.chain += (crc_of(sector.slots[last]),)
    return gaps


def _seq_gap(place: Place, seq: int, sector: Sector) -> list[Gap]:
    if place.seq is None or seq <= place.seq:
        return []
    return [Gap(place.seq, seq - 1, f"unreadable, before {seq} in sector {sector.epoch}")]


def _last_slot(sector: Sector, stored: Stored) -> int:
    return stored.slot + sector.slots[stored.slot][2] - 1


def _chained(sector: Sector, stored: Stored, place: Place) -> bool:
    """Whether the event's records carry the chain. Records of an event that was cut off may stand between it and the last whole event."""
    if place.chain is None:
        return True
    allowed = set(place.chain)
    before = max((number for number in sector.slots if 0 < number < stored.slot), default=0)
    if before:
        allowed.add(crc_of(sector.slots[before]))
    for number in range(stored.slot, _last_slot(sector, stored) + 1):
        if chain_of(sector.slots[number]) not in allowed:
            return False
        allowed = {crc_of(sector.slots[number])}
    return True
