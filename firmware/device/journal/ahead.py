"""Erasing ahead: which sector is prepared next, and what that destroys. Pure over the ring and its Flash interface."""

from device.journal import layout
from device.journal.layout import BLOCK, PAGE, SLOT


def is_known(ring, block):
    """False when the block is as only an erase that was cut off leaves it, or a hand: blank without a mark, or with nothing in it that is whole.

    Torn in its first page alone it is known: a mark or an opening was cut off.
    """
    if ring.is_marked(block):
        return True
    if ring.is_blank(block, PAGE):
        return not ring.is_blank(block, 0)
    if layout.header_version(ring.flash.read(block, 0, SLOT)):
        return True
    return any([layout.is_record(ring.flash.read(block, at, SLOT)) for at in range(SLOT, BLOCK, SLOT)])


class Ahead:
    """One erase at a time, copy A before copy B: the boot tells by that which sector was being erased."""

    def __init__(self, ring):
        self._ring = ring

    def wanted(self):
        """True when the next sector should be prepared as soon as an erase disturbs nobody."""
        return self._ring.ready < self._ring.epoch + self._ring.ahead

    def would_lose(self):
        """(first, last) of the events that are gone after the next `erase_step` although the host does not have them, or None. To be journaled before it.

        What was told so before is told again: the event that told it goes too one day.
        """
        ring = self._ring
        epoch = ring.ready + 1 - ring.sectors
        gone = ring.header(epoch)
        if gone is None or epoch < ring.oldest:
            return None
        after = None
        while after is None and epoch < ring.epoch:
            epoch += 1
            after = ring.header(epoch)
        first = ring.exported + 1
        last = after[1] - 1 if after is not None else ring.seq
        return (first, last) if first <= last else None

    def erase_step(self):
        """Erases and marks one block of the sector after those that are ready (45 ms, at worst 400 ms). The sector counts as ready when both copies are."""
        ring = self._ring
        epoch = ring.ready + 1
        ring.oldest = max(ring.oldest, epoch - ring.sectors + 1)
        block, other = self._turn(ring.index(epoch))
        if not ring.is_prepared(block):
            if ring.is_prepared(other) and is_known(ring, block):
                ring.mark(other)  # once more: what an earlier boot marked may be weak
            ring.prepare(block)
        if ring.erase_copy:
            ring.ready = epoch  # also when a block would not come right: `open` looks again and passes it over
        ring.erase_copy = 1 - ring.erase_copy

    def _turn(self, a):
        """(block whose turn it is, the other copy), `a` being copy A: A, then B.

        With nothing known of either copy it looks as if somebody had erased the newest events. So B goes first where a cut has left only A known.
        """
        ring = self._ring
        b = a + ring.sectors
        if ring.erase_copy:
            a_first = ring.is_prepared(b)
        else:
            a_first = ring.is_prepared(a) or is_known(ring, b) or not is_known(ring, a)
        return (a, b) if a_first else (b, a)
