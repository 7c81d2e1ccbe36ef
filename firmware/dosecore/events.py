"""The events of the journal: their kinds, the fields of their detail, and the one binary codec for device, host and tests.

An encoded event is an 18-byte head and its detail, little-endian:
    0 kind u8 (index in KINDS) | 1 cycle u8 | 2 slot u8 | 3 quality u8 (bit 7: UTC is known) | 4 boot u16 | 6 mono ms u16
    8 mono s i32 | 12 UTC s i32 | 16 UTC ms u16
Kinds, enumerations and fields are only ever appended: a newer firmware reads an older journal.
"""

import struct

from dosecore import regimen

QUALITIES = ("unknown", "synced", "rtc", "recovered")
OUTCOMES = ("", "given", "partial", "held", "missed", "unknown", "elsewhere")
REASONS = (
    "unspecified",
    "hypotension",
    "cardiac",
    "respiratory",
    "neurologic",
    "renal",
    "gastrointestinal",
    "infection",
    "hematologic",
    "hepatic",
    "skin",
    "patient-refused",
    "unavailable",
    "awaiting-drug",
    "other",
)
CONDITIONS = (
    "pre-dose-check",
    "due",
    "late",
    "overdue",
    "missed-doses",
    "doses-not-observed",
    "on-hold",
    "infusion-ended",
    "next-cycle",
    "supportive-care",
    "interrupted",
    "review-holds",
    "clock-lost",
    "journal-fault",
    "self-test-failed",
    "stuck-button",
    "maintenance",
    "journal-nearly-full",
)
CAUSES = ("power-on", "run-pin", "watchdog", "software", "crash")
SOURCES = ("host", "rtc", "recovered", "bedside", "restart", "clock")
MODES = ("now", "at", "bedside", "middle")
PRESSES = ("start", "hold", "interrupt", "resume", "stop")
OVERRIDES = ("", "too-early", "gap")
REFUSED = ("infusing", "no-slot-open", "clock-unknown", "too-early", "gap")

# Field types: B u8 | ? bool | i i32 | n i32 or None | t instant or None | s short ASCII text | b bytes to the end | R regimen |
# a tuple: one of its words, as u8
FIELDS = (
    ("boot", (("cause", CAUSES), ("warm", "?"))),
    ("clock-set", (("source", SOURCES), ("old", "t"), ("utc", "t"), ("bound_ms", "i"))),
    ("clock-lost", ()),
    ("configured", (("armed", "?"), ("label", "s"), ("regimen", "R"))),
    ("course-started", (("mode", MODES), ("last", "t"))),
    ("course-stopped", (("by", SOURCES),)),
    ("course-resumed", ()),
    ("course-rescheduled", (("due", "t"), ("dropped", "B"))),
    ("cycle-started", (("due", "t"),)),
    ("cycle-completed", (("given", "B"), ("partial", "B"), ("held", "B"), ("missed", "B"), ("unknown", "B"))),
    ("course-completed", ()),
    ("dose-due", (("not_before", "t"),)),
    ("dose-late", ()),
    ("dose-overdue", ()),
    ("dose-started", (("variance_ms", "n"), ("override", OVERRIDES), ("due", "t"))),
    ("dose-interrupted", (("cause", SOURCES), ("infused_ms", "i"))),
    ("dose-resumed", (("remaining_ms", "i"),)),
    ("dose-completed", ()),
    ("dose-stopped", (("by", SOURCES), ("infused_ms", "i"))),
    ("dose-on-hold", (("reason", REASONS),)),
    ("dose-reason", (("reason", REASONS), ("by", SOURCES))),
    ("dose-undone", (("press", PRESSES),)),
    ("dose-closed", (("outcome", OUTCOMES),)),
    ("dose-recorded", (("outcome", OUTCOMES), ("started", "t"), ("ended", "t"), ("reason", REASONS))),
    ("start-refused", (("reason", REFUSED), ("not_before", "t"))),
    ("alert-raised", (("condition", CONDITIONS), ("count", "B"))),
    ("alert-acknowledged", (("condition", CONDITIONS),)),
    ("alert-cleared", (("condition", CONDITIONS),)),
    ("audio-paused", ()),
    ("self-test", (("passed", "?"), ("faults", "s"))),
    ("fault", (("code", "s"), ("words", "s"))),
    ("journal-gap", (("first", "i"), ("last", "i"))),
    ("exported", (("upto", "i"),)),
    ("checkpoint", (("state", "b"),)),
)
KINDS = tuple(name for name, _ in FIELDS)

HEAD = "<BBBBHHiiH"
HEAD_BYTES = 18
TEXT_MAX = 120  # longest text field, so that a fault's words cannot fill a sector
_NONE = -0x40000000 * 2  # i32 minimum: stands for None in "n" fields
_NO_MS = 0xFFFF  # in the ms of a "t" field: the instant is None
_UTC_KNOWN = 0x80
# CPython's struct has an error class of its own, MicroPython's raises ValueError.
_DAMAGE = (IndexError, ValueError) + ((struct.error,) if hasattr(struct, "error") else ())


class Event:
    """One thing that happened.

    kind: a word of KINDS. mono: the exact instant, monotonic. utc: the same in UTC, or None while the clock is unknown. quality: of that UTC.
    cycle, slot: from 1; 0 where none is meant. boot: counts power cycles and resets. detail: dict with the fields of FIELDS.
    seq: place in the journal, from 1; None until appended.
    """

    def __init__(self, kind, mono, utc=None, quality="unknown", boot=0, cycle=0, slot=0, detail=None, seq=None):
        self.kind = kind
        self.mono = mono
        self.utc = utc
        self.quality = quality
        self.boot = boot
        self.cycle = cycle
        self.slot = slot
        self.detail = {} if detail is None else detail
        self.seq = seq

    def __repr__(self):
        return "Event(%s %r c%d s%d %r)" % (self.kind, self.mono, self.cycle, self.slot, self.detail)


def _put(out, kind, value):
    if kind == "?":
        out.append(1 if value else 0)
    elif kind == "B":
        out.append(min(value, 255))
    elif kind == "i":
        out.extend(struct.pack("<i", value))
    elif kind == "n":
        out.extend(struct.pack("<i", _NONE if value is None else value))
    elif kind == "t":
        out.extend(struct.pack("<iH", 0, _NO_MS) if value is None else struct.pack("<iH", value[0], value[1]))
    elif kind == "s":
        # A fault's words can hold anything; what cannot be read back must not be written.
        out.append(min(len(value), TEXT_MAX))
        for letter in value[:TEXT_MAX]:
            out.append(ord(letter) if " " <= letter <= "~" else 63)
    elif kind == "b":
        out.extend(value)
    elif kind == "R":
        out.extend(regimen.encode(value))
    else:
        out.append(kind.index(value))


def encode(event):
    """The event as bytes. ValueError for a kind or word that there is none of; KeyError for a missing detail field: both are bugs, not input."""
    code = KINDS.index(event.kind)
    utc = event.utc
    quality = QUALITIES.index(event.quality)
    out = bytearray(
        struct.pack(
            HEAD,
            code,
            event.cycle,
            event.slot,
            quality if utc is None else quality | _UTC_KNOWN,
            event.boot & 0xFFFF,
            event.mono[1],
            event.mono[0],
            0 if utc is None else utc[0],
            0 if utc is None else utc[1],
        )
    )
    for name, kind in FIELDS[code][1]:
        _put(out, kind, event.detail[name])
    return out


def _get(raw, at, kind):
    if kind == "?":
        return bool(raw[at]), at + 1
    if kind == "B":
        return raw[at], at + 1
    if kind == "i":
        return struct.unpack_from("<i", raw, at)[0], at + 4
    if kind == "n":
        value = struct.unpack_from("<i", raw, at)[0]
        return None if value == _NONE else value, at + 4
    if kind == "t":
        s, ms = struct.unpack_from("<iH", raw, at)
        return None if ms == _NO_MS else (s, ms), at + 6
    if kind == "s":
        end = at + 1 + raw[at]
        if end > len(raw):
            raise ValueError("text runs past the event")
        return str(bytes(raw[at + 1 : end]), "ascii"), end
    if kind == "b":
        return bytes(raw[at:]), len(raw)
    if kind == "R":
        return regimen.decode(raw, at)
    return kind[raw[at]], at + 1


def decode(raw, seq=None):
    """The event in `raw` (bytes as made by `encode`). ValueError when the bytes are no event that this version knows."""
    try:
        code, cycle, slot, quality, boot, mono_ms, mono_s, utc_s, utc_ms = struct.unpack_from(HEAD, raw, 0)
        kind, fields = FIELDS[code]
        known = quality & _UTC_KNOWN
        detail = {}
        at = HEAD_BYTES
        for name, field_kind in fields:
            detail[name], at = _get(raw, at, field_kind)
        word = QUALITIES[quality & 0x7F]
    except _DAMAGE as err:
        raise ValueError("not an event: " + str(err)) from None
    return Event(kind, (mono_s, mono_ms), (utc_s, utc_ms) if known else None, word, boot, cycle, slot, detail, seq)
