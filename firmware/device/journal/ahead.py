"""Erasing ahead: which sector is prepared next, and what that destroys; a damaged copy mended, or written anew, from the other.

Imported in calm moments, and where a boot finds something to mend or a journal to begin. Pure over the ring and its Flash interface.
"""

from device.journal import layout
from device.journal.layout import BLANK_PAGE, BLANK_SLOT, BLOCK, PAGE, SLOT, SLOTS, SLOTS_PER_PAGE


def page_is_whole(ring, block, page):
    """True when every slot of the page is blank or whole."""
    for slot in range(page * SLOTS_PER_PAGE, (page + 1) * SLOTS_PER_PAGE):
        found = ring.flash.read(block, slot * SLOT, SLOT)
        good = layout.is_record(found) if slot else layout.get_header(found) is not None
        if not good and found != BLANK_SLOT:
            return False
    return True


def mend(ring, sector, anyhow):
    """Writes what only one copy of the newest sector holds into the other, where its cells still allow it.

    Only from a page that is whole: a cut tears the page that is being programmed, and what stands in it must all stand in the other copy. And not from
    copy A where B is blank: that program was cut off in A, so that its cells may not hold what they show; torn in both copies it would look like damage.
    anyhow: even then.
    """
    done = -1
    for slot, copy in sector.single:
        page = slot // SLOTS_PER_PAGE
        if page != done and (copy or anyhow or not _is_blank(ring, sector.index + ring.sectors, slot)):
            done = page
            mend_page(ring, sector.index, page, copy)


def _is_blank(ring, block, slot):
    return ring.flash.read(block, slot * SLOT, SLOT) == BLANK_SLOT


def mend_page(ring, index, page, copy):
    """Programs a page of one sector as it stands in `copy` into the other copy.

    Copy A, where B shows that the power may have gone in its program, is programmed once more before: its cells may hold too little charge.
    """
    target = index + (1 - copy) * ring.sectors
    source = index + copy * ring.sectors
    if not page_is_whole(ring, source, page):
        return
    content = bytearray(ring.flash.read(source, page * PAGE, PAGE))
    low = 0 if page else layout.HEADER_AT
    head = None if page else layout.get_header(content)
    if page == 0 and head is None:
        return
    if copy == 0 and (page_is_whole(ring, target, page) if page else ring.is_marked(target)):
        ring.put(source, page, low, content[low:])
    if head is not None:
        layout.put_header(content, 1 - copy, head[0], head[1], head[2], head[3], head[4])
    ring.put(target, page, low, content[low:])


class Ahead:
    """One erase at a time, copy A before copy B: the boot tells by that which sector was being erased."""

    def __init__(self, ring):
        self._ring = ring
        self._step = 0  # the copy that `erase_step` takes next

    def format(self):
        """Makes an empty ring: every blank block gets its pointers, so that littlefs can go on allocating around it. Slow (1 ms a block)."""
        ring = self._ring
        ring.epoch = ring.oldest = ring.seq = ring.ready = 0
        ring.used = SLOTS
        for block in range(2 * ring.sectors):
            if not ring.is_prepared(block) and ring.is_blank(block, 0):
                ring.mark(block)
        while ring.ready < ring.ahead and ring.is_ready(ring.ready + 1):
            ring.ready += 1

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
        block = ring.index(epoch) + self._step * ring.sectors
        ring.oldest = max(ring.oldest, epoch - ring.sectors + 1)
        if not ring.is_prepared(block):
            ring.prepare(block)
        if self._step:
            ring.ready = epoch  # also when a block would not come right: `open` looks again and passes it over
        self._step = 1 - self._step

    def can_renew(self, epoch, copy):
        """True when the other copy of a closed sector is whole, header and all, so that this one can be written anew from it."""
        ring = self._ring
        if not max(ring.oldest, ring.epoch + ring.ahead - ring.sectors + 2) <= epoch < ring.epoch:
            return False
        other = ring.index(epoch) + (1 - copy) * ring.sectors
        head = layout.get_header(ring.flash.read(other, 0, SLOT))
        if head is None or head[0] != epoch:
            return False
        for page in range(BLOCK // PAGE):  # noqa: SIM110 - a generator costs twice the time on the device
            if not page_is_whole(ring, other, page):
                return False
        return True

    def renew(self, epoch, copy):
        """Erases one copy of a closed sector and writes it anew from the other (60 ms, at worst 415 ms). A cut in it leaves the other copy as it was."""
        ring = self._ring
        index = ring.index(epoch)
        block = index + copy * ring.sectors
        other = index + (1 - copy) * ring.sectors
        ring.prepare(block)
        if not ring.is_prepared(block):
            return
        for page in range(BLOCK // PAGE):
            if ring.flash.read(other, page * PAGE, PAGE) != BLANK_PAGE:
                mend_page(ring, index, page, 1 - copy)
