"""Reads one sector out of both copies: which slots are whole, which events they make, what was lost.

Used at boot (the newest sector or two), by the check of the whole journal and by its proof; pure over the Flash interface of `ring`.
"""

from device.journal import layout


class Sector:
    """A walk over the slots of one sector.

    After `begin`, `step` and `end`: `events` [(seq, bytes)] in order; `gaps` [(first, last)] of sequence numbers that are missing, or whose event is not
    the one that was written; `seq`, `chain`: number and CRC of the last whole event (a lost one counts for `seq`); `used` first slot after the last that
    is not blank; `single` [(slot, copy)] records that only one copy holds; `before`: the last seq before this sector as its header says it, None
    without one; `version`: of its format; `last`: (first slot, end) of the last whole event, `chain_before`: what it was written after, None without one;
    `again`: it was begun once more.
    """

    def __init__(self, flash, index, sectors):
        self.index = index
        self.before = None
        self.version = 0
        self._flash = flash
        self._sectors = sectors
        self.events = []
        self.gaps = []
        self.single = []
        self.seq = 0
        self.chain = None
        self.chain_before = None
        self.last = (1, 1)
        self.again = False
        self.used = 1
        self._parts = None  # fragments of the event at hand
        self._parts_seq = 0
        self._parts_crc = 0
        self._parts_chain = 0
        self._parts_at = 0
        self._altered = False  # the event at hand does not follow the one before
        self._next = 0
        self._damaged = False  # since the last whole event

    def header(self, epoch=0):
        """The header of copy A, else of B, else None; only that of `epoch` if one is given."""
        for block in (self.index, self.index + self._sectors):
            slot = self._flash.read(block, 0, layout.SLOT)
            found = layout.get_header(slot)
            if found is not None and (not epoch or found[0] == epoch):
                self.version = slot[layout.HEADER_AT + 2]
                return found
        return None

    def is_same(self):
        """True when both copies hold the same, but for the header."""
        size = layout.BLOCK - layout.SLOT
        return self._flash.read(self.index, layout.SLOT, size) == self._flash.read(
            self.index + self._sectors, layout.SLOT, size
        )

    def begin(self, header):
        """header: of the sector; None when it has none, then its events are taken as they come."""
        if header is not None:
            self.before = self.seq = header[1] - 1
            self.chain = header[2]
        self._a = self._flash.read(self.index, 0, layout.BLOCK)
        self._b = self._flash.read(self.index + self._sectors, 0, layout.BLOCK)
        # One comparison for all slots: a boot has no time for sixty, and copies that differ are rare.
        self._same = self.is_same()

    def step(self, first, end):
        """Reads the slots first..end - 1."""
        a, b, same = self._a, self._b, self._same
        record = layout.record
        for at in range(first * layout.SLOT, end * layout.SLOT, layout.SLOT):
            view = a
            fields = None
            damaged = False
            if same:
                if a[at] == 0xFF and a[at : at + layout.SLOT] == layout.BLANK_SLOT:
                    continue
                fields = record(a, at)
            if fields is None:  # also when both were the same a moment ago: one reading can be wrong
                fields, view, damaged = self._choose(a, b, at)
                if fields is None and view is None:
                    continue
            self.used = at // layout.SLOT + 1
            if fields is not None:
                self._take(fields, view, at)
            elif damaged:
                self._damaged = True

    def end(self):
        """After the last slot."""
        known = self.before is not None and self.used > layout.SLOTS_PER_PAGE
        if self._damaged and (known or self.chain_before is not None):
            # The last thing written is gone from both copies: at least one event, whose number nobody may use again. (Nothing whole, and torn in both
            # copies in the first page alone: that is an opening which was cut off, and again when it was mended.)
            self.lost(self.seq + 1, max(self.seq + 1, self._parts_seq))

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

    def lost(self, first, last):
        self.gaps.append((first, last))
        self.seq = last
        self.chain = None

    def whole(self, seq, raw):
        """An event that is whole."""
        self.events.append((seq, raw))

    def _take(self, fields, view, at):
        _, fragment, fragments, used, seq, chain, crc = fields
        start = at + layout.PAYLOAD_AT
        if fragment == 0:
            if seq <= self.seq and self.seq:
                self._parts = None  # a second try of what is there already, or a record that does not belong here
                self.again = self.again or seq == self.seq
                return
            self._parts = bytearray(view[start : start + used])
            self._parts_seq = seq
            self._altered = self.chain is not None and chain != self.chain
            self._parts_chain = chain
        elif (
            self._parts is None
            or seq != self._parts_seq
            or fragment != self._next
            or chain != self._parts_crc
            or at != self._parts_at
        ):
            self._parts = None
            return
        else:
            self._parts.extend(view[start : start + used])
        self._parts_crc = crc
        self._parts_at = at + layout.SLOT
        self._next = fragment + 1
        if self._next == fragments:
            if (self.seq or self.before is not None) and seq > self.seq + 1:
                self.lost(self.seq + 1, seq - 1)
            elif self._altered:
                self.gaps.append((self.seq, self.seq))  # what stands there is not what this one was written after
            self.whole(seq, self._parts)
            self.seq = seq
            self.chain = crc
            self.chain_before = self._parts_chain
            self.last = (at // layout.SLOT + 1 - fragments, at // layout.SLOT + 1)
            self.again = False
            self._parts = None
            self._damaged = False
