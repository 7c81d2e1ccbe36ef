"""Keeps state and journal together: which is written first, and what happens when it cannot be written.

Presses and requests: append, read back, apply; only then feedback. Clock events: apply, signal, then append, because alerts never wait for the journal (S-03).
"""

from device.journal.layout import SLOTS
from device.journal.replay import replay
from dosecore import findings
from dosecore.apply import apply
from dosecore.events import encode
from dosecore.instant import plus
from dosecore.state import State
from dosecore.timeline import next_clock_event

MEND_EVERY_S = 60  # a journal that refused is tried again so often


def wake(ring, safe=False):
    """(Keeper, Replay or None): what a boot remembers. The Replay is None when no sector is whole; the state is then blank, and an empty ring is made.

    safe: nothing is to be erased or formatted. Nothing is said of it yet: that is for `replay.tell`, after the boot itself was noted.
    """
    found = replay(ring, True) if ring.scan() else None
    if found is not None and found.empty:
        found = None  # the very first opening was cut off
    keeper = Keeper(State() if found is None or found.state is None else found.state, ring)
    keeper.may_erase = not safe
    keeper.fault_seq = ring.seq
    keeper.told_faults = ring.faults
    if ring.newer:
        keeper.refuse()
    elif found is None and not safe:
        from device.journal.repair import format_ring

        format_ring(ring)
    return keeper, found


class Keeper:
    """state: the fold. recorded: False once an event could not be stored, until the journal takes events again.

    signal: called with the instant of the first event after clock events were applied, before they are appended.
    """

    def __init__(self, state, ring):
        self.state = state
        self.ring = ring
        self.recorded = True
        self.signal = None
        self.may_erase = True  # for the next sector, when none is ready
        self.told_faults = 0  # of the copies that could not be written or erased, how many the journal tells of
        self.handled = (0, 0)  # newest instant that the core was asked about; it never steps back
        self._pending = []
        self._noted = None
        self.causes = []
        self._mend_at = None
        self._destroyed = None  # (first, last) of what an erase of the last resort took without a word before it
        # Once the host has the events up to this one, it knows what the journal-fault alert is about.
        self.fault_seq = 0

    # -- writing

    def _store(self, event):
        """Appends one event; opens the next sector when it must. The state must be what the journal folds to."""
        ring = self.ring
        raw = encode(event)
        seq = ring.append(raw)
        if seq is None:
            if not self.open_next():
                return False
            seq = ring.append(raw)
        if seq:
            event.seq = seq
        return bool(seq)

    def _checkpoint(self):
        """What the journal folds to, as the first event of the next sector."""
        state = self.state
        if self._pending:
            # Applied and not yet stored: a checkpoint of the state would make the boot apply them twice.
            state = (replay(self.ring, False).state or state) if self.ring.epoch else State()
        return encode(findings.checkpoint(state, {}, self.handled)[0])

    def open_next(self, may_erase=True):
        """Opens the next sector. True when it is durable. may_erase: when none was prepared in time one is erased now, for 90 ms; the last resort."""
        return self.ring.open(self._checkpoint()) or (may_erase and self.may_erase and self._open_erased())

    def _open_erased(self):
        """Erases a sector and opens it. What that destroys is journaled before it."""
        from device.journal.ahead import Ahead

        ring = self.ring
        ahead = Ahead(ring)
        while ring.ready <= ring.epoch + ring.ahead:
            lost = ahead.would_lose()
            if lost is not None and not self._gap_in_last_page(lost):
                self._destroyed = lost
            ahead.erase_step()
            if ring.erase_copy == 0 and ring.open(self._checkpoint()):
                return True
        return False

    def _gap_in_last_page(self, lost):
        """Journals a gap where no other event may stand, so that it is told before the erase. True when it is durable."""
        told = findings.plain("journal-gap")(self.state, {"first": lost[0], "last": lost[1]}, self.handled)[0]
        if not self.ring.append(encode(told), SLOTS):
            return False
        apply(self.state, told)
        return True

    def gap_before_erase(self, lost, now):
        """Journals what an erase is about to destroy. True when it is durable; a journal that refuses may need the erase to take events again."""
        return self.gap(lost[0], lost[1], now) if self.recorded else self._gap_in_last_page(lost)

    def commit(self, events, now):
        """Stores and applies each event in turn. True when all are durable. They are applied all the same: a dose that started has started."""
        if now > self.handled:
            self.handled = now
        if not events:
            return True
        self.flush()
        self.mend(now)
        whole = True
        for event in events:
            whole = self._keep(event, now) and whole
            apply(self.state, event)
            if event.kind == "configured" and whole:
                # Somebody has seen the blank or damaged journal and gone on (decision 32).
                self.condition("journal-fault", False, now)
        self._tell_losses()
        return whole

    def found(self, finding, args, now):
        """Commits what the shell found out, `finding` being a function of `dosecore.findings`. True when durable.

        Not through `dosecore.decide`, which brings the presses and the host's changes along: a boot has no time for their import.
        """
        return self.commit(finding(self.state, args, now), now)

    def note(self, finding, args, now):
        """Like the clock's events: applied now, signalled by the next `bring`, then stored. For a boot: its alerts do not wait for the journal either."""
        for event in finding(self.state, args, now):
            self._pending.append(event)
            self._noted = now
            apply(self.state, event)

    def condition(self, name, present, now):
        """Says that a technical condition is present, or gone; said once each way."""
        durable = self.found(findings.condition, {"condition": name, "present": present}, now)
        if name == "journal-fault":
            self.fault_seq = self.ring.seq
        return durable

    def unwell(self, cause, present, now):
        """The device's own check of `cause` (a word) has failed, or is right again: `self-test-failed` stands while any cause does."""
        causes = self.causes
        if present:
            if cause not in causes:
                causes.append(cause)
        elif cause in causes:
            causes.remove(cause)
        return self.condition("self-test-failed", bool(causes), now)

    def is_unwell(self, cause):
        """Whether `unwell` or `note_unwell` has said so in this boot, and it was not taken back."""
        return cause in self.causes

    def note_unwell(self, cause, now):
        """`unwell` for a boot, as `note` is."""
        self.causes.append(cause)
        self.note(findings.condition, {"condition": "self-test-failed", "present": True}, now)

    def fault(self, code, words, now):
        return self.found(findings.plain("fault"), {"code": code, "words": words}, now)

    def gap(self, first, last, now):
        return self.found(findings.plain("journal-gap"), {"first": first, "last": last}, now)

    def exported(self, upto, now):
        """The host has everything up to seq `upto`. Somebody knows now what the journal has lost: its alert ends, unless the journal is new or refuses."""
        self.ring.exported = upto
        if upto >= self.fault_seq and self.recorded and self.state.regimen is not None:
            self.condition("journal-fault", False, now)

    # -- the clock's events

    def bring(self, until):
        """Applies what the clock has brought up to `until` and signals it; `flush` stores it. True when there was something."""
        state = self.state
        first, self._noted = self._noted, None
        while True:
            event = next_clock_event(state, until)
            if event is None:
                break
            if self.recorded and len(self._pending) >= self.ring.free_slots:
                self.flush()
                if self.ring.free_slots == 0 and not self.open_next():
                    self._failed(until)
            if first is None:
                first = event.mono
            self._pending.append(event)
            apply(state, event)
        if until > self.handled:
            self.handled = until
        if first is None:
            return False
        if self.signal is not None:
            self.signal(first)
        return True

    def flush(self):
        """Stores the clock events that were applied and signalled."""
        if not self._pending:
            return
        for event in self._pending:
            self._keep(event, self.handled)
        self._pending = []
        self._tell_losses()

    def _tell_losses(self):
        """What could not be said before: an erase of the last resort, a checkpoint that no sector would take."""
        ring = self.ring
        if self.recorded and self._destroyed is not None:
            lost, self._destroyed = self._destroyed, None
            self.gap(lost[0], lost[1], self.handled)
        if self.recorded and ring.lost is not None:
            lost, ring.lost = ring.lost, None
            self.gap(lost[0], lost[1], self.handled)

    # -- when the journal refuses

    def _keep(self, event, now):
        """Stores the event, or counts it as lost. True when it is durable."""
        if not self.recorded:
            self.ring.lose()
        elif not self._store(event):
            self._failed(now)
        return self.recorded

    def _failed(self, now):
        """The journal refuses: the device says so, and goes on without."""
        self.recorded = False
        self._mend_at = plus(now, MEND_EVERY_S)
        for raised in findings.condition(self.state, {"condition": "journal-fault", "present": True}, now):
            apply(self.state, raised)

    def refuse(self):
        """The journal is not to be written to: it is of a newer firmware."""
        self.recorded = False
        self._mend_at = None

    def mend(self, now):
        """Tries the journal again: the next sector begins with the state as it is, and a gap tells what is missing."""
        if self.recorded or self._mend_at is None or now < self._mend_at:
            return
        self._mend_at = plus(now, MEND_EVERY_S)
        ring = self.ring
        if not ring.open(encode(findings.checkpoint(self.state, {}, self.handled)[0])):
            return
        self.recorded = True
        lost, ring.lost = ring.lost, None
        if lost:
            self.gap(lost[0], min(lost[1], ring.seq - 1), now)
        self.fault("journal", "events were not recorded", now)
        self.condition("journal-fault", False, now)

    def mend_at(self):
        """When a refusing journal is tried again, or None."""
        return None if self.recorded else self._mend_at
