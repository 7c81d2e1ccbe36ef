"""Keeps state and journal together: which is written first, and what happens when it cannot be written.

Presses and requests: append, read back, apply; only then feedback. Clock events: apply, signal, then append, because alerts never wait for the journal (S-03).
"""

from device.journal.replay import replay
from dosecore import findings
from dosecore.apply import apply
from dosecore.events import encode
from dosecore.instant import plus
from dosecore.timeline import next_clock_event

ROOM = 6  # free slots below which the next sector is opened in a calm moment, so that no alert waits for a checkpoint
MEND_EVERY_S = 60  # a journal that refused is tried again so often


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
        self.handled = (0, 0)  # newest instant that the core was asked about; it never steps back
        self._pending = []
        self._noted = None
        self._unwell = []
        self._mend_at = None
        self._told_gap = None
        self._told_single = 0

    # -- writing

    def _store(self, event):
        """Appends one event; opens the next sector when it must. The state must be what the journal folds to."""
        ring = self.ring
        raw = encode(event)
        seq = ring.append(raw)
        if seq is None:
            if not self._open():
                return False
            seq = ring.append(raw)
        if seq:
            event.seq = seq
        return bool(seq)

    def _checkpoint(self, state):
        return encode(findings.checkpoint(state, {}, self.handled)[0])

    def _open(self, may_erase=True):
        state = self.state
        if self._pending:
            # Applied and not yet stored: a checkpoint of the state would make the boot apply them twice.
            state = replay(self.ring, False).state or state
        return self.ring.open(self._checkpoint(state), may_erase and self.may_erase)

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
        return self.found(findings.condition, {"condition": name, "present": present}, now)

    def unwell(self, cause, present, now):
        """The device's own check of `cause` (a word) has failed, or is right again: `self-test-failed` stands while any cause does."""
        causes = self._unwell
        if present:
            if cause not in causes:
                causes.append(cause)
        elif cause in causes:
            causes.remove(cause)
        return self.condition("self-test-failed", bool(causes), now)

    def is_unwell(self, cause):
        """Whether `unwell` or `note_unwell` has said so in this boot, and it was not taken back."""
        return cause in self._unwell

    def note_unwell(self, cause, now):
        """`unwell` for a boot, as `note` is."""
        self._unwell.append(cause)
        self.note(findings.condition, {"condition": "self-test-failed", "present": True}, now)

    def fault(self, code, words, now):
        return self.found(findings.plain("fault"), {"code": code, "words": words}, now)

    def gap(self, first, last, now):
        return self.found(findings.plain("journal-gap"), {"first": first, "last": last}, now)

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
                if self.ring.free_slots == 0 and not self._open():
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

    def mend(self, now):
        """Tries the journal again: the next sector begins with the state as it is, and a gap tells what is missing."""
        if self.recorded or now < self._mend_at:
            return
        self._mend_at = plus(now, MEND_EVERY_S)
        ring = self.ring
        if not ring.open(self._checkpoint(self.state), False):
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

    # -- calm moments

    def tidy(self, now):
        """What can be done when nothing presses, without an erase: opens the next sector early, watches how full the ring is. True when the state changed."""
        ring = self.ring
        before = ring.seq
        self.mend(now)
        if not self.recorded:
            return ring.seq != before
        if ring.free_slots < ROOM and ring.ready > ring.epoch:
            self.flush()
            self._open(False)
        if ring.single and self._told_single != ring.epoch:
            self._told_single = ring.epoch
            self.fault("journal-copy", "one of two copies could not be written", now)
        full = ring.nearly_full()
        if full != (self.state.alarm("journal-nearly-full") is not None):
            self.condition("journal-nearly-full", full, now)
        return ring.seq != before

    def tidy_wanted(self):
        return self.recorded and self.ring.free_slots < ROOM and self.ring.ready > self.ring.epoch

    def erase(self, now):
        """One erase ahead; what it destroys unexported is journaled first."""
        lost = self.ring.erase_would_lose()
        if lost is not None and lost != self._told_gap:
            self._told_gap = lost
            self.gap(lost[0], lost[1], now)
        self.ring.erase_step()
