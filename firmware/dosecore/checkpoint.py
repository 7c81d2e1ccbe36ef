"""State to bytes and back: the checkpoint that bounds the replay at a boot. `unpack(pack(state))` goes on exactly as `state` would."""

import struct

from dosecore import regimen as regimens
from dosecore.events import CONDITIONS, PRESSES, QUALITIES, REASONS
from dosecore.state import Alarm, Slot, State, Tally, Undo

VERSION = 1
_COURSES = ("unconfigured", "ready", "running", "resting", "completed", "stopped", "")
_PHASES = ("due", "late", "overdue", "infusing", "interrupted", "on-hold", "ended")
_NO_MS = 0xFFFF


class _Writer:
    def __init__(self):
        self.out = bytearray()

    def byte(self, value):
        self.out.append(value)

    def number(self, value):
        self.out.extend(struct.pack("<i", value))

    def instant(self, value):
        self.out.extend(struct.pack("<iH", 0, _NO_MS) if value is None else struct.pack("<iH", value[0], value[1]))

    def text(self, value):
        raw = value.encode()
        self.byte(len(raw))
        self.out.extend(raw)

    def flags(self, *bits):
        value = 0
        for place, bit in enumerate(bits):
            value |= bool(bit) << place
        self.byte(value)


class _Reader:
    def __init__(self, raw):
        self.raw = raw
        self.at = 0

    def byte(self):
        self.at += 1
        return self.raw[self.at - 1]

    def number(self):
        self.at += 4
        return struct.unpack_from("<i", self.raw, self.at - 4)[0]

    def instant(self):
        s, ms = struct.unpack_from("<iH", self.raw, self.at)
        self.at += 6
        return None if ms == _NO_MS else (s, ms)

    def text(self):
        length = self.byte()
        self.at += length
        return str(bytes(self.raw[self.at - length : self.at]), "ascii")

    def flags(self):
        value = self.byte()
        return [bool(value >> place & 1) for place in range(8)]


def _pack_slot(out, slot):
    out.byte(slot.number)
    out.instant(slot.due)
    out.byte(_PHASES.index(slot.phase))
    out.instant(slot.since)
    out.instant(slot.start)
    out.instant(slot.run_from)
    out.number(slot.infused_ms)
    out.number(slot.proved_ms)
    out.byte(REASONS.index(slot.reason))
    out.flags(slot.partial, slot.reason_taken)


def _unpack_slot(raw):
    slot = Slot(raw.byte(), raw.instant())
    slot.phase = _PHASES[raw.byte()]
    slot.since = raw.instant()
    slot.start = raw.instant()
    slot.run_from = raw.instant()
    slot.infused_ms = raw.number()
    slot.proved_ms = raw.number()
    slot.reason = REASONS[raw.byte()]
    slot.partial, slot.reason_taken = raw.flags()[:2]
    return slot


def _pack_tally(out, tally):
    out.byte(len(tally.outcomes))
    out.out.extend(tally.outcomes)
    out.byte(len(tally.starts))
    for number in sorted(tally.starts):
        out.byte(number)
        out.instant(tally.starts[number])


def _unpack_tally(raw):
    length = raw.byte()
    tally = Tally(length - 1)
    for place in range(length):
        tally.outcomes[place] = raw.byte()
    for _ in range(raw.byte()):
        number = raw.byte()
        tally.starts[number] = raw.instant()
    return tally


def _pack_bases(out, bases):
    out.byte(len(bases))
    for number, is_due in bases:
        out.byte(number)
        out.instant(is_due)


def _unpack_bases(raw):
    return tuple([(raw.byte(), raw.instant()) for _ in range(raw.byte())])


def _pack_undo(out, undo):
    out.byte(PRESSES.index(undo.press))
    out.instant(undo.mono)
    out.byte(undo.number)
    out.byte(undo.flags)
    _pack_bases(out, undo.bases)
    _pack_bases(out, undo.bases_after)
    out.instant(undo.infusion_end)
    out.byte(0 if undo.before is None else 1)
    if undo.before is not None:
        _pack_slot(out, undo.before)


def _unpack_undo(raw):
    press, mono, number, flags = PRESSES[raw.byte()], raw.instant(), raw.byte(), raw.byte()
    bases, bases_after = _unpack_bases(raw), _unpack_bases(raw)
    infusion_end = raw.instant()
    before = _unpack_slot(raw) if raw.byte() else None
    undo = Undo(press, mono, number, before, flags, bases, infusion_end)
    undo.bases_after = bases_after
    return undo


def _pack_alarm(out, alarm):
    out.byte(CONDITIONS.index(alarm.condition))
    out.instant(alarm.since)
    out.byte(alarm.cycle)
    out.byte(alarm.slot)
    out.byte(min(alarm.count, 255))
    out.flags(alarm.logged, alarm.acknowledged)
    out.instant(alarm.ended)


def _unpack_alarm(raw):
    alarm = Alarm(CONDITIONS[raw.byte()], raw.instant(), raw.byte(), raw.byte(), raw.byte())
    alarm.logged, alarm.acknowledged = raw.flags()[:2]
    alarm.ended = raw.instant()
    return alarm


_INSTANTS = (
    "offset",
    "old_offset",
    "last_mono",
    "watch_from",
    "stopped_at",
    "start_before",
    "last_start",
    "first_due",
    "closed_at",
    "infusion_end",
    "care_at",
    "pause_at",
    "sound_from",
    "away_stopped",
    "away_infusion_end",
    "away_care",
    "away_closed",
)
_FLAGS = ("lost", "stale", "told_to_look_away", "armed", "next_called")


def pack(state):
    """The state as bytes: about 300 for a course of 28 slots, about 1,100 for four cycles of 63 hourly slots; 70 more for each press of the last minute."""
    out = _Writer()
    out.byte(VERSION)
    out.number(state.boot)
    out.number(state.exported)
    for name in _INSTANTS:
        out.instant(getattr(state, name))
    out.flags(*[getattr(state, name) for name in _FLAGS])
    out.byte(QUALITIES.index(state.quality))
    out.byte(_COURSES.index(state.course))
    out.byte(_COURSES.index(state.course_before_stop))
    out.text(state.label)
    regimen = b"" if state.regimen is None else regimens.encode(state.regimen.data)
    out.byte(len(regimen))
    out.out.extend(regimen)
    out.byte(state.cycle)
    _pack_bases(out, state.bases)
    out.byte(state.current)
    out.byte(state.checked_slot)
    out.byte(len(state.tallies))
    for tally in state.tallies:
        _pack_tally(out, tally)
    out.byte(len(state.open))
    for number in sorted(state.open):
        _pack_slot(out, state.open[number])
    out.byte(len(state.alarms))
    for alarm in state.alarms:
        _pack_alarm(out, alarm)
    out.byte(len(state.undos))
    for undo in state.undos:
        _pack_undo(out, undo)
    out.byte(len(state.unresolved))
    for cycle, number, mono in state.unresolved:
        out.byte(cycle)
        out.byte(number)
        out.instant(mono)
    out.instant(state.newest_utc)
    return bytes(out.out)


def unpack(raw):
    """The State in bytes made by `pack`. ValueError for a version that this firmware does not know."""
    reader = _Reader(raw)
    version = reader.byte()
    if version != VERSION:
        raise ValueError("checkpoint version %d, known is %d" % (version, VERSION))
    state = State()
    state.boot = reader.number()
    state.exported = reader.number()
    for name in _INSTANTS:
        setattr(state, name, reader.instant())
    for name, value in zip(_FLAGS, reader.flags()):
        setattr(state, name, value)
    state.quality = QUALITIES[reader.byte()]
    state.course = _COURSES[reader.byte()]
    state.course_before_stop = _COURSES[reader.byte()]
    state.label = reader.text()
    if reader.byte():
        data, reader.at = regimens.decode(raw, reader.at)
        state.regimen = regimens.Regimen(data)
    state.cycle = reader.byte()
    state.bases = _unpack_bases(reader)
    state.current = reader.byte()
    state.checked_slot = reader.byte()
    state.tallies = [_unpack_tally(reader) for _ in range(reader.byte())]
    for _ in range(reader.byte()):
        slot = _unpack_slot(reader)
        state.open[slot.number] = slot
    state.alarms = [_unpack_alarm(reader) for _ in range(reader.byte())]
    state.undos = [_unpack_undo(reader) for _ in range(reader.byte())]
    for _ in range(reader.byte()):
        state.unresolved.append((reader.byte(), reader.byte(), reader.instant()))
    if reader.at < len(raw):  # the first firmware ended here
        state.newest_utc = reader.instant()
    return state
