"""What power cuts, wear and age leave behind: sectors without a header, records that only one copy holds, copies to be written anew.

Imported only where a boot or the check finds such a thing, and to make an empty ring. Pure over the ring and its Flash interface.
"""

from device.journal import layout
from device.journal.ahead import is_known
from device.journal.layout import BLANK_PAGE, BLANK_SLOT, BLOCK, PAGE, SLOT, SLOTS, SLOTS_PER_PAGE
from device.journal.reader import Sector

TRIES = 3  # places at which an event is tried before the journal counts as failed


def format_ring(ring):
    """Makes an empty ring: every blank block gets its pointers, so that littlefs can go on allocating around it. Slow (1 ms a block)."""
    ring.epoch = ring.oldest = ring.seq = ring.ready = 0
    ring.used = SLOTS
    for block in range(2 * ring.sectors):
        if not ring.is_prepared(block) and ring.is_blank(block, 0):
            ring.mark(block)
    while ring.ready < ring.ahead and ring.is_ready(ring.ready + 1):
        ring.ready += 1


# -- which sectors there are


def stands(ring, epoch, dying):
    """True when the sector is stored. dying: one of those that are erased next; with copy A gone the power went in its erase, and what it held was told."""
    found = Sector(ring.flash, ring.index(epoch), ring.sectors)
    if found.header(epoch) is None:
        return is_headless(ring, epoch)
    return not dying or ring.header(epoch, True) is not None or found.is_same()


def is_headless(ring, epoch):
    """True when the sector has lost its header in both copies, and its records are those of `epoch` by their numbers."""
    found = Sector(ring.flash, ring.index(epoch), ring.sectors)
    if found.header() is not None:
        return False
    found.begin(None)
    found.step(1, SLOTS)
    if not found.events:
        return False
    first = found.events[0][0]
    before = ring.header(epoch - 1)
    after = ring.header(epoch + 1)
    if before is None and after is None:
        return first == 1
    return (before is None or first > before[1]) and (after is None or first < after[1])


def is_ruined(ring, epoch):
    """True when both copies of the sector that would be next are as no cut leaves both of them: the newest events are gone.

    A cut in an opening tears the first page alone; and a copy is erased only while the other is known.
    """
    a = ring.index(epoch)
    b = a + ring.sectors
    return not is_known(ring, a) and not is_known(ring, b) and ring.is_blank(a, PAGE) == ring.is_blank(b, PAGE)


# -- after a power cut


def void_opening(ring, epoch):
    """Programs zeros over the header in copy A and what stands beside it: the sector was not opened, and is passed over until it is erased."""
    ring.put(ring.index(epoch), 0, layout.HEADER_AT, bytes(PAGE - layout.HEADER_AT))


def settle(ring, sector):
    """Makes what the newest sector holds safe before anything is built on it. May take its last event away.

    An event counts once copy B of its last page is begun, for copy A was read back before that (an opening: of its first page). What copy A alone holds was
    never confirmed, and its cells may hold too little charge to read the same tomorrow: it is made void, and its number is given again.
    """
    if _is_cut_off(ring, sector) and _make_void(ring, sector):
        seq, _ = sector.events.pop()
        sector.seq = seq - 1
        sector.chain = sector.chain_before
    _mend(ring, sector)


def _is_cut_off(ring, sector):
    """True when the power went before copy B of the last event was begun in its last page. One that is written twice had no power cut: its copy B fails."""
    if not sector.events or sector.again:
        return False
    copy_b = sector.index + ring.sectors
    # Two readings have to say so: this one, and the walk's.
    return all([(slot, 0) in sector.single and _is_blank(ring, copy_b, slot) for slot in _last_part(sector)])


def _last_part(sector):
    """The slots of the last event that are in its last page."""
    first, end = sector.last
    return range(max(first, (end - 1) // SLOTS_PER_PAGE * SLOTS_PER_PAGE), end)


def _make_void(ring, sector):
    """Programs zeros over the last event in copy A; what else is in the page stands in copy B too. False when the flash would not take it."""
    part = _last_part(sector)
    page = part[0] // SLOTS_PER_PAGE
    ring.put(sector.index, page, part[0] * SLOT - page * PAGE, bytes(len(part) * SLOT))
    return not layout.is_record(ring.flash.read(sector.index, part[0] * SLOT, SLOT))


def _is_blank(ring, block, slot):
    return ring.flash.read(block, slot * SLOT, SLOT) == BLANK_SLOT


def _mend(ring, sector):
    """Writes what only one copy of the newest sector holds into the other, where its cells still allow it.

    Nothing of copy A beside which B was not begun: it may be weak, and torn in both copies it would look like damage. Such records are of an event that
    is not whole, or of one that is written twice.
    """
    headed = [
        layout.get_header(ring.flash.read(sector.index + copy * ring.sectors, 0, SLOT)) is not None for copy in (0, 1)
    ]
    if headed[0] != headed[1]:
        _mend_page(ring, sector.index, 0, headed.index(True))
    done = -1
    for slot, copy in sector.single:
        page = slot // SLOTS_PER_PAGE
        if page != done and (copy or not _is_blank(ring, sector.index + ring.sectors, slot)):
            done = page
            _mend_page(ring, sector.index, page, copy)


def _mend_page(ring, index, page, copy):
    """Programs a page of the newest sector as it stands in `copy` into the other copy.

    Only from a page that is whole: a cut tears the page that is being programmed, and what stands in it must all stand in the other copy.
    """
    if _is_whole(ring, index + copy * ring.sectors, page):
        _copy_page(ring, index, page, copy)


def _copy_page(ring, index, page, copy):
    """Programs a page as it stands in `copy` into the other copy; pointers and mark stand there already."""
    content = bytearray(ring.flash.read(index + copy * ring.sectors, page * PAGE, PAGE))
    low = 0
    if page == 0:
        low = layout.HEADER_AT
        head = layout.get_header(content)
        layout.put_header(content, 1 - copy, head[0], head[1], head[2], head[3], head[4])
    ring.put(index + (1 - copy) * ring.sectors, page, low, content[low:])


def _is_whole(ring, block, page):
    """True when every slot of the page is blank or whole; the first page only with its header."""
    for slot in range(page * SLOTS_PER_PAGE, (page + 1) * SLOTS_PER_PAGE):
        found = ring.flash.read(block, slot * SLOT, SLOT)
        if slot == 0:
            if layout.get_header(found) is None:
                return False
        elif not layout.is_record(found) and found != BLANK_SLOT:
            return False
    return True


# -- when a write fails


def write_elsewhere(ring, raw, count, chain, stored):
    """Writes an event of `count` slots in other places, until both copies of one are whole, or one copy of two. True when it is stored.

    chain: as it was before the event. stored: in its first place one copy is whole.
    """
    copies = 1 if stored else 0
    after = ring.chain
    for _ in range(TRIES - 1):
        start = ring.blank_run(count, SLOTS)
        if start + count > SLOTS:
            break
        ring.chain = chain
        if ring.write(ring.index(ring.epoch), start, raw, count):
            after = ring.chain
            copies += 1 if ring.single else 2
            if copies > 1:
                break
    ring.chain = after
    return copies > 0


# -- after wear and age


def can_renew(ring, epoch, copy):
    """True when the other copy of a closed sector is whole, header and all, and holds whatever this one holds, so that this one can be written anew."""
    if not max(ring.oldest, ring.epoch + ring.ahead - ring.sectors + 2) <= epoch < ring.epoch:
        return False
    block = ring.index(epoch) + copy * ring.sectors
    other = ring.index(epoch) + (1 - copy) * ring.sectors
    head = layout.get_header(ring.flash.read(other, 0, SLOT))
    if head is None or head[0] != epoch:
        return False
    for page in range(BLOCK // PAGE):
        if not _is_whole(ring, other, page):
            return False
    for slot in range(1, SLOTS):
        held = ring.flash.read(block, slot * SLOT, SLOT)
        if layout.is_record(held) and held != ring.flash.read(other, slot * SLOT, SLOT):
            return False
    return True


def renew(ring, epoch, copy):
    """Erases one copy of a closed sector and writes it anew from the other (60 ms, at worst 415 ms). A cut in it leaves the other copy as it was."""
    index = ring.index(epoch)
    block = index + copy * ring.sectors
    other = index + (1 - copy) * ring.sectors
    ring.prepare(block)
    if ring.is_prepared(block):
        for page in range(BLOCK // PAGE):
            if ring.flash.read(other, page * PAGE, PAGE) != BLANK_PAGE:
                _copy_page(ring, index, page, 1 - copy)
