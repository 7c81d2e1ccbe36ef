"""The ring of sectors: finds the newest at boot, appends events, opens the next sector.

Pure over a small Flash interface, so that the power-cut proof runs it on CPython over a model of a NOR flash:
    read(block, offset, n) -> bytes or memoryview (no copy on the device); never fails, but may give wrong bytes
    program(block, offset, page)   one whole page, offset a multiple of 256; bits go from 1 to 0 only; OSError when the chip says that it failed
    erase(block)                   the same
Sector i is block i (copy A) and block i + sectors (copy B). Epoch e lives in sector (e - 1) % sectors.
The ring knows bytes, not events: the caller encodes, and gives the checkpoint with which a sector begins. `ahead` erases,
`repair` mends what power cuts and age have left, `stored` serves the host.
"""

from device.journal import layout
from device.journal.blocks import Blocks
from device.journal.layout import BLOCK, SLOT, SLOTS, SLOTS_PER_PAGE
from device.journal.reader import Sector

AHEAD = 3  # sectors kept erased before they are needed: one may be in the middle of its erase, two are always left
LAST = (
    SLOTS - SLOTS_PER_PAGE
)  # the last page is kept for an event that has to be written once more, and for a gap before an erase


class Ring(Blocks):
    """The journal of one device.

    epoch, oldest: newest and oldest sector (0: none). seq: last sequence number used. used: first free slot of the newest sector.
    faults: copies that could not be written, ever. exported: last seq that the host has. single: the last write reached one copy only.
    ready: newest epoch whose sector is erased and marked. ahead: how many are kept so. erase_copy: which copy of the one after them is erased next.
    lost: (first, last) of numbers that could not be stored, or None.
    ruined: the newest sector cannot be read at all; how many events it held nobody knows.
    newer: format version of a journal that only a newer firmware can read, else 0: it is not to be written to.
    checkpoint_slots: what the last checkpoint took. chain: CRC of the last event.
    """

    def __init__(self, flash, blocks, first_block):
        """blocks: of both copies together. first_block: the number that littlefs gives to the first of them."""
        super().__init__(flash, first_block)
        self.sectors = blocks // 2
        self.ahead = min(AHEAD, self.sectors - 3)
        self.epoch = 0
        self.oldest = 0
        self.seq = 0
        self.used = SLOTS
        self.ready = 0
        self.erase_copy = 0
        self.exported = 0
        self.single = False
        self.lost = None
        self.newer = 0
        self.ruined = False
        self.checkpoint_slots = 8
        self.chain = 0

    # -- at boot

    def scan(self):
        """Finds the newest and the oldest sector. Returns the newest epoch, 0 when no header is whole."""
        newest = self._newest(False)
        if newest == 0 or self.header(newest) is None:
            newest = self._newest(True)  # what looked like the newest is damaged, or of another version
        if self.newer:
            return 0
        if newest and self._is_cut_off(newest):
            from device.journal import repair

            repair.void_opening(self, newest)
            newest = self._newest(True)
        for epoch in range(newest + 1, newest + self.ahead + 2):
            if self.header(epoch) is not None:
                newest = epoch  # its copy A is damaged
        i = self.index(newest + 1)
        expected = self._is_begun_blank(newest + 1) and (self.is_marked(i) or self.is_marked(i + self.sectors))
        if not expected and self.header(newest + 1 - self.sectors) is None:
            from device.journal import repair

            if repair.is_headless(self, newest + 1):
                newest += 1
            elif newest:
                self.ruined = repair.is_ruined(self, newest + 1)
        self.epoch = newest
        # Sectors after the newest, in the order of the ring, are the oldest; those erased ahead hold nothing.
        oldest = max(1, newest - self.sectors + 1) if newest else 0
        while oldest < newest and self.header(oldest, True) is None:
            if not self._is_begun_blank(oldest):
                from device.journal import repair

                if repair.stands(self, oldest, oldest <= newest + self.ahead + 1 - self.sectors):
                    break
            oldest += 1
        self.oldest = oldest
        return newest

    def _is_cut_off(self, epoch):
        """True when copy B of the sector was not begun: what stands in copy A then is an opening that was never confirmed, and may be weak."""
        begun = self.flash.read(self.index(epoch) + self.sectors, layout.HEADER_AT, SLOT - layout.HEADER_AT)
        return begun == layout.BLANK_SLOT[layout.HEADER_AT :] and self.header(epoch, True) is not None

    def _is_begun_blank(self, epoch):
        """True when the first record of both copies is blank."""
        i = self.index(epoch)
        return self.flash.read(i, SLOT, 1)[0] == 0xFF and self.flash.read(i + self.sectors, SLOT, 1)[0] == 0xFF

    def _newest(self, check):
        """The highest epoch that stands in a header; without `check` in copy A alone, CRCs and versions not looked at, which takes a sixth of the time."""
        newest = 0
        sectors = self.sectors
        whole = self.flash.read(0, 0, 2 * sectors * BLOCK)
        magic_0 = layout.MAGIC_0
        magic_1 = layout.MAGIC_1
        epoch_at = layout.header_epoch
        at = layout.HEADER_AT
        to_b = sectors * BLOCK
        for i in range(sectors):
            for copy_at in (at, at + to_b):
                if whole[copy_at] == magic_0 and whole[copy_at + 1] == magic_1:
                    epoch = epoch_at(whole, copy_at)
                    if epoch > newest and (epoch - 1 - i) % sectors == 0:
                        if check:
                            start = copy_at - layout.HEADER_AT
                            version = layout.header_version(whole[start : start + SLOT])
                            if version > layout.VERSION:
                                self.newer = version
                            if version not in layout.READABLE:
                                continue
                        newest = epoch
                if not check:
                    break
            at += BLOCK
        return newest

    def index(self, epoch):
        return (epoch - 1) % self.sectors

    def header(self, epoch, only_a=False):
        """(epoch, first seq, chain, exported, faults) of the sector, or None when it is not stored. only_a: copy A alone is asked."""
        i = self.index(epoch)
        for block in (i,) if only_a else (i, i + self.sectors):
            head = layout.get_header(self.flash.read(block, 0, SLOT))
            if head is not None and head[0] == epoch > 0:
                return head
        return None

    def begin_sector(self, epoch, kind=Sector):
        """The Sector of `epoch`, its walk begun; None when the place holds another one: it was passed over, because it would not come blank."""
        found = kind(self.flash, self.index(epoch), self.sectors)
        head = found.header(epoch)
        if head is None and found.header() is not None:
            return None
        found.begin(head)
        return found

    def read_sector(self, epoch):
        """The walked Sector of `epoch`, or None; see `begin_sector`."""
        found = self.begin_sector(epoch)
        if found is None:
            return None
        found.step(1, SLOTS)
        found.end()
        return found if found.before is not None or found.events else None

    def adopt(self, sector):
        """Goes on after `sector`, the walked newest one.

        Never on a page that was used before this boot: a page that the power cut off in one copy is not touched again in the other.
        """
        head = self.header(self.epoch)
        if head:
            self.exported = head[3]
            self.faults = head[4]
        if sector.single or not (self._has_header(0) and self._has_header(1)):
            from device.journal.repair import settle

            settle(self, sector)
        self.seq = sector.seq
        self.chain = sector.chain or 0
        self.used = -(-sector.used // SLOTS_PER_PAGE) * SLOTS_PER_PAGE
        if sector.version and sector.version != layout.VERSION:
            self.used = SLOTS  # an older format: what comes goes into the next sector
        elif not sector.version or not sector.events:
            self.close()  # its header is lost; or it has no checkpoint, because its opening was cut off
        self.ready = self.epoch
        for epoch in range(self.epoch + 1, self.epoch + 1 + self.ahead):
            # The marks alone; `open` looks at every byte, and passes over a sector that is not blank.
            i = self.index(epoch)
            if self.is_marked(i) and self.is_marked(i + self.sectors):
                self.ready = epoch

    def _has_header(self, copy):
        return layout.header_version(self.flash.read(self.index(self.epoch) + copy * self.sectors, 0, SLOT)) != 0

    def close(self):
        """No more events into the newest sector, but for the last page: it lacks a checkpoint, because its opening was cut off."""
        self.used = max(self.used, LAST)

    # -- appending

    def fits(self, length):
        """True when an event of `length` bytes fits in the open sector. If not: `open` first."""
        return self.used + layout.slots_for(length) <= LAST

    @property
    def free_slots(self):
        return max(0, LAST - self.used)

    def append(self, raw, end=LAST):
        """Writes an event into both copies, before slot `end`, and reads it back.

        What reaches one copy only is written twice: a boot takes an event that copy A alone holds for one that the power has cut off.
        Returns its seq; None when it does not fit (nothing is written: `open` first); 0 when no copy would take it (its seq is then used up, see `lost`).
        """
        count = layout.slots_for(len(raw))
        start = self.blank_run(count, end)
        if start + count > end:
            return None
        self.seq += 1
        chain = self.chain
        stored = self.write(self.index(self.epoch), start, raw, count)
        if not stored or self.single:
            from device.journal.repair import write_elsewhere

            if not write_elsewhere(self, raw, count, chain, stored):
                self._note_lost()
                return 0
        return self.seq

    def open(self, checkpoint):
        """Opens the next sector that is ready; its first event is `checkpoint` (bytes). True when it is durable, False when none is ready or takes it."""
        count = layout.slots_for(len(checkpoint))
        if count >= SLOTS:
            raise ValueError("checkpoint does not fit in a sector")
        self.seq += 1
        tried = False
        chain = self.chain
        for epoch in range(self.epoch + 1, self.ready + 1):
            if not self.is_ready(epoch):
                continue
            tried = True
            if self.write(self.index(epoch), 1, checkpoint, count, epoch):
                if self._is_cut_off(epoch):  # copy B refuses, and a boot would think so too
                    from device.journal import repair

                    repair.void_opening(self, epoch)
                    self.chain = chain
                    continue
                self.epoch = epoch
                if self.oldest == 0:
                    self.oldest = epoch
                self.checkpoint_slots = count
                return True
        if tried:
            self._note_lost()
        else:
            self.seq -= 1
        return False

    def is_ready(self, epoch):
        i = self.index(epoch)
        return self.is_prepared(i) and self.is_prepared(i + self.sectors)

    def lose(self):
        """Uses up a sequence number for an event that is not even tried."""
        self.seq += 1
        self._note_lost()

    def _note_lost(self):
        self.single = False
        self.lost = (self.lost[0] if self.lost else self.seq, self.seq)

    def blank_run(self, count, end):
        """The next place before slot `end` where `count` slots are blank in both copies; moves `used` past slots that are not."""
        i = self.index(self.epoch)
        run = 0
        at = self.used
        while at < end and run < count:
            if (
                self.flash.read(i, at * SLOT, SLOT) == layout.BLANK_SLOT
                and self.flash.read(i + self.sectors, at * SLOT, SLOT) == layout.BLANK_SLOT
            ):
                run += 1
            else:
                run = 0
                self.used = at + 1
            at += 1
        return self.used

    def write(self, index, start, raw, count, epoch=0):
        """Writes the event into slots start.. of both copies, page by page, so that never both copies of a page are at risk.

        With `epoch` the header too. True when at least one copy of each page is whole. The chain goes on only after a whole event.
        """
        single = False
        crc = self.chain
        slot = start
        done = 0
        while done < count:
            first = slot % SLOTS_PER_PAGE
            page = slot // SLOTS_PER_PAGE
            n = min(SLOTS_PER_PAGE - first, count - done)
            self._page[:] = layout.BLANK_PAGE
            for k in range(n):
                crc = layout.put_record(
                    self._page, (first + k) * SLOT, done + k, count, self.seq, crc, raw, (done + k) * layout.PAYLOAD
                )
            low = first * SLOT
            high = low + n * SLOT
            whole = 0
            for copy in (0, 1):
                if epoch and page == 0:
                    layout.put_header(self._page, copy, epoch, self.seq, self.chain, self.exported, self.faults)
                    low = layout.HEADER_AT
                if self._program(index + copy * self.sectors, page, low, high):
                    whole += 1
                else:
                    self.faults += 1
            if whole == 0:
                return False
            if whole == 1:
                single = True
            done += n
            slot += n
        self.chain = crc
        # A page that holds what no other copy has is not programmed again: a cut there would tear it.
        self.used = -(-slot // SLOTS_PER_PAGE) * SLOTS_PER_PAGE if single else slot
        self.single = single
        return True
