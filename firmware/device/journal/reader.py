"""Reads one sector out of both copies: which slots are whole, which events they make, what was lost.

Used at boot (the newest sector or two) and by the exhaustive power-cut proof; pure over the Flash interface of `ring`.
"""

from device.journal import layout


class Sector:
    """A walk over the slots of one sector.

    After `walk`: `events` [(seq, bytes)] in order; `gaps` [(first, last)] of missing sequence numbers; `seq` of the last event or lost one;
    `chain` CRC of the last whole record; `used` first slot after the last that is not blank; `single` [(slot, copy)] records that only one copy holds.
    """

    def __init__(self, flash, index, sectors):
        self._flash = flash
        self._index = index
        self._sectors = sectors
        self.events = []
        self.gaps = []
        self.single = []
        self.seq = 0
        self.chain = 0
        self.used = 1
        self._parts = None  # fragments of the event at hand
        self._parts_seq = 0
        self._next = 0
        self._damaged = False  # since the last whole event

    def header(self):
        """The header of copy A, else of B, else None."""
        flash = self._flash
        for copy in (0, 1):
            found = layout.get_header(flash.read(self._index + copy * self._sectors, 0, layout.SLOT))
            if found is not None:
                return found
        return None

    def walk(self, seq_before, chain_before):
        """Reads all slots. `seq_before`: the last seq before this sector (0 = take it as it comes). Returns self."""
        self.seq = seq_before
        self.chain = chain_before
        a = self._flash.read(self._index, 0, layout.BLOCK)
        b = self._flash.read(self._index + self._sectors, 0, layout.BLOCK)
        # One comparison for all slots: a boot has no time for sixty, and copies that differ are rare.
        same = a[layout.SLOT :] == b[layout.SLOT :]
        record = layout.record
        for at in range(layout.SLOT, layout.BLOCK, layout.SLOT):
            view = a
            if same:
                if a[at] == 0xFF and a[at : at + layout.SLOT] == layout.BLANK_SLOT:
                    continue
                fields = record(a, at)
                damaged = fields is None
            else:
                fields, view, damaged = self._choose(a, b, at)
                if fields is None and view is None:
                    continue
            self.used = at // layout.SLOT + 1
            if fields is not None:
                self._take(fields, view, at)
            elif damaged:
                self._damaged = True
        if self._damaged:
            # The last thing written is gone from both copies: at least one event, whose number nobody may use again.
            self._lost(self.seq + 1, max(self.seq + 1, self._parts_seq))
        return self

    def _choose(self, a, b, at):
        """(fields or None, the copy that they are in, damaged) of a slot in a sector whose copies differ; no copy: the slot is blank.

        Notes records that only one copy holds. Damaged: no whole record and nothing blank, so two copies hit, which no power cut can do; else
        what is not whole was cut off.
        """
        slot_a = a[at : at + layout.SLOT]
        slot_b = b[at : at + layout.SLOT]
        blank_a = slot_a == layout.BLANK_SLOT
        blank_b = slot_b == layout.BLANK_SLOT
        if blank_a and blank_b:
            return None, None, False
        fields = layout.record(a, at)
        if fields is not None:
            if slot_a != slot_b:
                self.single.append((at // layout.SLOT, 0))
            return fields, a, False
        fields = layout.record(b, at)
        if fields is not None:
            self.single.append((at // layout.SLOT, 1))
            return fields, b, False
        return None, a, not (blank_a or blank_b)

    def _lost(self, first, last):
        self.gaps.append((first, last))
        self.seq = last

    def _take(self, fields, view, at):
        _, fragment, fragments, used, seq, _, self.chain = fields
        start = at + layout.PAYLOAD_AT
        if fragment == 0:
            self._parts = bytearray(view[start : start + used])
            self._parts_seq = seq
        elif self._parts is None or seq != self._parts_seq or fragment != self._next:
            self._parts = None
            return
        else:
            self._parts.extend(view[start : start + used])
        self._next = fragment + 1
        if self._next == fragments:
            if self.seq and seq > self.seq + 1:
                self._lost(self.seq + 1, seq - 1)
            self.events.append((seq, self._parts))
            self.seq = seq
            self._parts = None
            self._damaged = False
