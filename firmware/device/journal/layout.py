"""Where every byte of a journal sector stands, and how headers and records are made and checked.

All numbers little-endian. A sector is one 4 KiB block in each of two copies; slot 0 is its header, slots 1 to 63 are records.
"""

import struct
from binascii import crc32

BLOCK = 4096
PAGE = 256  # the flash programs whole pages; bytes still 0xFF in the buffer leave the cell as it is
SLOT = 64
SLOTS = BLOCK // SLOT
SLOTS_PER_PAGE = PAGE // SLOT
PAYLOAD = 48
PAYLOAD_AT = 12
CRC_AT = 60

MARKER = 0xA5
VERSION = 1  # of what is written; magic, version, copy, epoch and CRC of a header stay where they are in every version
READABLE = (1,)
HEADER_AT = 36
MAGIC_0 = 0x44  # "DB"
MAGIC_1 = 0x42
# littlefs needs at most 8 pointers (32 bytes) in blocks 0..255 of a file, so these four are ours: programmed after an erase was found complete.
ERASED_MARK_AT = 32
ERASED_MARK = b"DBer"

BLANK_SLOT = b"\xff" * SLOT
BLANK_PAGE = b"\xff" * PAGE

_ZEROS = bytes(PAYLOAD)
_RECORD = "<BBBBII"
_WHOLE_RECORD = "<BBBBII48xI"
_HEADER = "<BBBBIIIII"


def pointers(n, first):
    """What littlefs keeps at the start of block `n` (from 0) of a contiguous file whose first block is `first`: b + n - 2^k for k = 0 .. ctz(n)."""
    out = bytearray()
    step = 1
    while n:
        out.extend(struct.pack("<I", first + n - step))
        if n & step:
            break
        step <<= 1
    return out


def put_header(page, copy, epoch, seq, chain, exported, faults):
    """Writes the header of a sector into slot 0 of `page`; the pointer bytes stay 0xFF."""
    struct.pack_into(_HEADER, page, HEADER_AT, MAGIC_0, MAGIC_1, VERSION, copy, epoch, seq, chain, exported, faults)
    struct.pack_into("<I", page, CRC_AT, crc32(memoryview(page)[HEADER_AT:CRC_AT]) & 0xFFFFFFFF)


def header_epoch(view, at):
    """The epoch in the header whose magic stands at `at`; magic and CRC are not looked at."""
    return struct.unpack_from("<I", view, at + 4)[0]


def header_version(slot):
    """The format version of a whole header, else 0."""
    if slot[HEADER_AT] != MAGIC_0 or slot[HEADER_AT + 1] != MAGIC_1:
        return 0
    if crc32(slot[HEADER_AT:CRC_AT]) & 0xFFFFFFFF != struct.unpack_from("<I", slot, CRC_AT)[0]:
        return 0
    return slot[HEADER_AT + 2]


def get_header(slot):
    """(epoch, first seq, chain, exported, faults) of a whole header that this firmware can read, else None."""
    return struct.unpack_from("<IIIII", slot, HEADER_AT + 4) if header_version(slot) in READABLE else None


def put_record(page, at, fragment, fragments, seq, chain, raw, start):
    """Writes one record into `page` at byte `at` with the payload raw[start:start + 48]; returns its CRC."""
    used = min(PAYLOAD, len(raw) - start)
    struct.pack_into(_RECORD, page, at, MARKER, fragment, fragments, used, seq, chain)
    payload = at + PAYLOAD_AT
    page[payload : payload + used] = raw[start : start + used]
    page[payload + used : at + CRC_AT] = _ZEROS[used:]
    crc = crc32(memoryview(page)[at : at + CRC_AT]) & 0xFFFFFFFF
    struct.pack_into("<I", page, at + CRC_AT, crc)
    return crc


def record(view, at=0):
    """(marker, fragment, fragments, used, seq, chain, crc) of the 64 bytes from `at`, or None when they are no whole record."""
    if view[at] != MARKER:
        return None
    fields = struct.unpack_from(_WHOLE_RECORD, view, at)
    return fields if crc32(view[at : at + CRC_AT]) & 0xFFFFFFFF == fields[6] else None


def record_fields(view, at=0):
    """(fragment, fragments, used, seq, chain, crc) of what is known to be a whole record."""
    return struct.unpack_from(_WHOLE_RECORD, view, at)[1:]


def is_record(view, at=0):
    """True when the 64 bytes from `at` are a whole record."""
    return record(view, at) is not None


def slots_for(length):
    """Slots that an event of `length` bytes takes."""
    return (length + PAYLOAD - 1) // PAYLOAD
