"""The check of the whole journal, in slices that delay nobody: every record of both copies, the chain, the numbers, littlefs's pointers.

A boot reads only the newest sector. What has rotted, or was taken away, altered or put elsewhere in the others is found here.
"""

from device.journal.layout import ERASED_MARK, ERASED_MARK_AT, SLOTS, get_header
from device.journal.reader import Sector
from device.journal.replay import covered
from dosecore.events import KINDS, decode

SLOTS_A_STEP = 8  # at most 5 ms on the board
_GAP = KINDS.index("journal-gap")
_HEAD = ERASED_MARK_AT + len(ERASED_MARK)


class _Checked(Sector):
    """Keeps of its events only which losses they tell of."""

    def __init__(self, flash, index, sectors):
        super().__init__(flash, index, sectors)
        self.told = []

    def whole(self, seq, raw):
        if raw[0] == _GAP:
            detail = decode(raw).detail
            self.told.append((detail["first"], detail["last"]))


class Check:
    """Call `step` until `done`. Then `gaps` [(first, last)]: losses that the journal does not tell of; `stale` [(epoch, copy)]: copies that are not whole.

    What is appended meanwhile is not looked at: it was read back when it was written.
    """

    def __init__(self, ring):
        self.gaps = []
        self.stale = []
        self.done = not ring.epoch
        self._ring = ring
        self._told = []
        self._epoch = ring.oldest
        self._newest = ring.epoch  # sectors that are opened meanwhile are not looked at
        self._first = None  # the first seq that is stored
        self._seq = None  # the last seq before the sector at hand
        self._chain = None
        self._sector = None
        self._slot = 1
        self._end = SLOTS

    def step(self):
        """A few slots more."""
        ring = self._ring
        if self._sector is None:
            self._begin()
            return
        if self._epoch < ring.oldest:
            self._sector = None  # erased meanwhile
            self._seq = None
            return
        end = min(self._slot + SLOTS_A_STEP, self._end)
        self._sector.step(self._slot, end)
        self._slot = end
        if end == self._end:
            self._finish()

    def _begin(self):
        ring = self._ring
        if self._epoch < ring.oldest:
            self._epoch = ring.oldest
            self._seq = None
        sector = ring.begin_sector(self._epoch, _Checked)
        if sector is None:
            self._next()
            return
        if self._seq is not None:
            if sector.before is not None and sector.before > self._seq:
                self.gaps.append((self._seq + 1, sector.before))
            else:
                sector.seq = self._seq
                sector.chain = self._chain
        elif self._first is None and sector.before is not None:
            self._first = sector.before + 1
        self._sector = sector
        self._slot = 1
        self._end = ring.used if self._epoch == ring.epoch else SLOTS
        if self._epoch < ring.epoch:
            for copy in (0, 1):
                block = sector.index + copy * ring.sectors
                head = get_header(ring.flash.read(block, 0, 64))
                if head is None or head[0] != self._epoch or ring.flash.read(block, 0, _HEAD) != ring.head(block):
                    self._stale(copy)

    def _stale(self, copy):
        if (self._epoch, copy) not in self.stale:
            self.stale.append((self._epoch, copy))

    def _finish(self):
        sector = self._sector
        sector.end()
        self.gaps.extend(sector.gaps)
        self._told.extend(sector.told)
        if self._epoch < self._ring.epoch:
            for _, copy in sector.single:
                self._stale(1 - copy)
        self._seq = sector.seq
        self._chain = sector.chain
        self._next()

    def _next(self):
        self._sector = None
        self._epoch += 1
        if self._epoch > self._newest:
            self._close()

    def _close(self):
        """What is gone before the oldest event must be with the host, or have been told."""
        at = self._ring.exported + 1
        for first, last in sorted(self._told):
            if first <= at <= last:
                at = last + 1
        if self._first is not None and at < self._first:
            self.gaps.append((at, self._first - 1))
        self.gaps = [gap for gap in self.gaps if not covered(gap, self._told)]
        self.done = True
