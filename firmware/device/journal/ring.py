"""The ring of sectors: finds the newest at boot, appends events, opens the next sector, erases ahead.

Pure over a small Flash interface, so that the power-cut proof runs it on CPython over a model of a NOR flash:
    read(block, offset, n) -> bytes or memoryview (no copy on the device)
    program(block, offset, page)   one whole page, offset a multiple of 256; bits go from 1 to 0 only
    erase(block)
Sector i is block i (copy A) and block i + sectors (copy B). Epoch e lives in sector (e - 1) % sectors.
The ring knows bytes, not events: the caller encodes, and gives the checkpoint with which a sector begins.
"""

from device.journal import layout
from device.journal.blocks import Blocks
from device.journal.layout import BLOCK, SLOT, SLOTS, SLOTS_PER_PAGE
from device.journal.reader import Sector

AHEAD = 3  # sectors kept erased before they are needed: one may be in the middle of its erase, two are always left
TRIES = 3  # places at which an event is tried before the journal counts as failed
NEARLY_FULL_PERCENT = 80


class Ring(Blocks):
    """The journal of one device.

    epoch, oldest: newest and oldest sector (0: none). seq: last sequence number used. used: first free slot of the newest sector.
    faults: copies that could not be written, ever. exported: last seq that the host has. single: the last write reached one copy only.
    lost: sequence numbers that failed appends used up, as (first, last), or None.
    """

    def __init__(self, flash, blocks, first_block):
        """blocks: of both copies together. first_block: the number that littlefs gives to the first of them."""
        super().__init__(flash, first_block)
        self.sectors = blocks // 2
        self.epoch = 0
        self.oldest = 0
        self.seq = 0
        self.used = SLOTS
        self.ready = 0  # newest epoch whose sector is erased and marked
        self.exported = 0
        self.single = False
        self.lost = None
        self._chain = 0
        self._step = 0  # the copy that `erase_step` takes next
        self._checkpoint_slots = 8

    # -- at boot

    def scan(self):
        """Finds the newest and the oldest sector. Returns the newest epoch, 0 when no header is whole."""
        newest = self._newest(False)
        if newest and self.header(newest) is None:
            newest = self._newest(True)  # what looked like the newest is damaged
        if newest and self._begun(newest + 1):
            newest += 1  # its header is damaged in both copies, its records are not
        self.epoch = newest
        self.oldest = 0
        if newest:
            # Sectors after the newest, in the order of the ring, are the oldest; those erased ahead have no header.
            self.oldest = max(1, newest - self.sectors + 1)
            while self.oldest < newest and self.header(self.oldest) is None:
                self.oldest += 1
        return newest

    def _newest(self, check):
        """The highest epoch that stands in a header; without `check` the CRCs are not looked at, which takes a third of the time."""
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
                        start = copy_at - layout.HEADER_AT
                        if not check or layout.get_header(whole[start : start + SLOT]) is not None:
                            newest = epoch
                    if not check:
                        break
            at += BLOCK
        return newest

    def _begun(self, epoch):
        """True when the sector of `epoch` holds records newer than its last use could have left."""
        i = self._index(epoch)
        if self.flash.read(i, SLOT, 1)[0] == 0xFF and self.flash.read(i + self.sectors, SLOT, 1)[0] == 0xFF:
            return False
        before = layout.get_header(self.flash.read(self._index(epoch - 1), 0, SLOT)) or layout.get_header(
            self.flash.read(self._index(epoch - 1) + self.sectors, 0, SLOT)
        )
        if before is None or self.header(epoch) is not None or self.header(epoch - self.sectors) is not None:
            return False
        for block in (i, i + self.sectors):
            slot = self.flash.read(block, SLOT, SLOT)
            if slot[0] == layout.MARKER and layout.is_record(slot) and layout.record(slot)[4] > before[1]:
                return True
        return False

    def _index(self, epoch):
        return (epoch - 1) % self.sectors

    def header(self, epoch):
        """(epoch, first seq, chain, exported, faults) of the sector, or None when it is not stored."""
        if epoch < 1:
            return None
        head = Sector(self.flash, self._index(epoch), self.sectors).header()
        return head if head is not None and head[0] == epoch else None

    def read_sector(self, epoch):
        """The walked Sector of `epoch`."""
        head = self.header(epoch)
        sector = Sector(self.flash, self._index(epoch), self.sectors)
        return sector.walk(head[1] - 1 if head else 0, head[2] if head else 0)

    def adopt(self, sector):
        """Goes on after `sector`, the walked newest one.

        Never on a page that was used before this boot: a page that the power cut off in one copy is not touched again in the other.
        """
        head = self.header(self.epoch)
        if head:
            self.exported = head[3]
            self.faults = head[4]
        self.seq = sector.seq
        self._chain = sector.chain
        if sector.used > 1:
            self.used = -(-sector.used // SLOTS_PER_PAGE) * SLOTS_PER_PAGE
            self._mend(sector)
        else:
            self.used = SLOTS  # a header without records: its opening was cut off
        self.ready = self.epoch
        for epoch in range(self.epoch + 1, self.epoch + 1 + AHEAD):
            # The marks alone; `open` looks at every byte, and passes over a sector that is not blank.
            i = self._index(epoch)
            if self._is_marked(i) and self._is_marked(i + self.sectors):
                self.ready = epoch

    def close(self):
        """No more events into the newest sector: it lacks a checkpoint, because its opening was cut off."""
        self.used = SLOTS

    def _mend(self, sector):
        """Writes records that only one copy holds into the other, where its cells still allow it."""
        i = self._index(self.epoch)
        for slot, copy in sector.single:
            good = self.flash.read(i + copy * self.sectors, slot * SLOT, SLOT)
            at = slot % SLOTS_PER_PAGE * SLOT
            self._view[at : at + SLOT] = good
            block = i + (1 - copy) * self.sectors
            self._program(block, slot // SLOTS_PER_PAGE, at, at + SLOT)
            self._clear_page()

    def format(self):
        """Makes an empty ring: every blank block gets its pointers, so that littlefs can go on allocating around it. Slow (1 ms a block)."""
        self.epoch = self.oldest = self.seq = self.ready = 0
        self.used = SLOTS
        self._chain = 0
        for block in range(2 * self.sectors):
            if not self._is_prepared(block) and self._is_blank(block, 0):
                self._mark(block)
        while self.ready < AHEAD and self._is_ready(self.ready + 1):
            self.ready += 1

    # -- appending

    def fits(self, length):
        """True when an event of `length` bytes fits in the open sector. If not: `open` first."""
        return self.used + layout.slots_for(length) <= SLOTS

    @property
    def free_slots(self):
        return SLOTS - self.used

    def append(self, raw):
        """Writes an event into both copies and reads it back.

        Returns its seq; None when it does not fit (nothing is written: `open` first); 0 when no copy would take it (its seq is then used up, see `lost`).
        """
        count = layout.slots_for(len(raw))
        if self._blank_run(count) + count > SLOTS:
            return None
        self.seq += 1
        for _ in range(TRIES):
            start = self._blank_run(count)
            if start + count > SLOTS:
                break
            if self._write(self._index(self.epoch), start, raw, count):
                return self.seq
        self._note_lost()
        return 0

    def open(self, checkpoint, may_erase=True):
        """Opens the next sector; its first event is `checkpoint` (bytes). True when it is durable.

        may_erase: when no sector is ready one is erased now, for 90 ms; the last resort.
        """
        count = layout.slots_for(len(checkpoint))
        if count >= SLOTS:
            raise ValueError("checkpoint does not fit in a sector")
        self.seq += 1
        for epoch in range(self.epoch + 1, self.epoch + 1 + AHEAD + 1):
            if epoch > self.ready:
                if not may_erase:
                    break
                self._prepare_now(epoch)
            if not self._is_ready(epoch):
                continue
            i = self._index(epoch)
            if self._write(i, 1, checkpoint, count, epoch):
                self.epoch = epoch
                self.ready = max(self.ready, epoch)
                if self.oldest == 0:
                    self.oldest = epoch
                self._checkpoint_slots = count
                return True
        self._note_lost()
        return False

    def lose(self):
        """Uses up a sequence number for an event that is not even tried."""
        self.seq += 1
        self._note_lost()

    def _note_lost(self):
        self.single = False
        self.lost = (self.lost[0] if self.lost else self.seq, self.seq)

    def _blank_run(self, count):
        """The next place where `count` slots are blank in both copies; moves `used` past slots that are not."""
        i = self._index(self.epoch)
        run = 0
        at = self.used
        while at < SLOTS and run < count:
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

    def _write(self, index, start, raw, count, epoch=0):
        """Writes the event into slots start.. of both copies, page by page, so that never both copies of a page are at risk.

        With `epoch` the header too. True when at least one copy of each page is whole.
        """
        single = False
        chain = self._chain
        slot = start
        done = 0
        while done < count:
            first = slot % SLOTS_PER_PAGE
            page = slot // SLOTS_PER_PAGE
            crc = chain
            n = min(SLOTS_PER_PAGE - first, count - done)
            for k in range(n):
                crc = layout.put_record(
                    self._page, (first + k) * SLOT, done + k, count, self.seq, crc, raw, (done + k) * layout.PAYLOAD
                )
            low = first * SLOT
            high = low + n * SLOT
            whole = 0
            for copy in (0, 1):
                if epoch and page == 0:
                    layout.put_header(self._page, copy, epoch, self.seq, self._chain, self.exported, self.faults)
                    low = layout.HEADER_AT
                if self._program(index + copy * self.sectors, page, low, high):
                    whole += 1
                else:
                    self.faults += 1
            self._clear_page()
            if whole == 0:
                return False
            if whole == 1:
                single = True
            chain = self._chain = crc
            done += n
            slot += n
        self.used = slot
        self.single = single
        return True

    # -- erasing ahead

    def erase_wanted(self):
        """True when the next sector should be prepared as soon as an erase disturbs nobody."""
        return self.ready < self.epoch + AHEAD

    def erase_would_lose(self):
        """(first, last) of the events that the next `erase_step` destroys although the host does not have them, or None. To be journaled before it."""
        gone = self.header(self.ready + 1 - self.sectors)
        if gone is None:
            return None
        after = self.header(self.ready + 2 - self.sectors)
        last = after[1] - 1 if after else gone[1]
        first = max(gone[1], self.exported + 1)
        return (first, last) if first <= last else None

    def erase_step(self):
        """Prepares one block (about 45 ms with interrupts off, 400 ms at worst). The sector counts as ready when both copies are."""
        epoch = self.ready + 1
        block = self._index(epoch) + self._step * self.sectors
        if not self._is_prepared(block):
            self.oldest = max(self.oldest, epoch - self.sectors + 1)
            self._prepare(block)
        if self._step:
            self.ready = epoch  # also when a block would not come right: `open` looks again and passes it over
        self._step = 1 - self._step

    def _prepare_now(self, epoch):
        """The last resort when a sector is needed and none was prepared in time."""
        self.ready = epoch - 1
        self._step = 0
        while self.ready < epoch:
            self.erase_step()

    def _is_ready(self, epoch):
        i = self._index(epoch)
        return self._is_prepared(i) and self._is_prepared(i + self.sectors)

    # -- for the host

    def stored(self, epoch, slot, copy):
        """The stored slots of a sector from `slot` to the last one written, as bytes or memoryview; None when the sector is not stored."""
        if not (self.oldest <= epoch <= self.epoch and epoch and 0 <= slot < SLOTS and copy in (0, 1)):
            return None
        end = self.used if epoch == self.epoch else self._end(epoch)
        block = self._index(epoch) + copy * self.sectors
        return self.flash.read(block, slot * SLOT, max(0, end - slot) * SLOT)

    def whole(self, epoch, most, copy):
        """Up to `most` whole sectors from `epoch` on, as they lie in one piece of the flash; never the newest. None when that is not even one."""
        i = self._index(epoch)
        count = min(most, self.epoch - epoch, self.sectors - i)
        if not self.oldest <= epoch or count < 1:
            return None
        return self.flash.read(i + copy * self.sectors, 0, count * BLOCK)

    def _end(self, epoch):
        i = self._index(epoch)
        end = SLOTS
        while end > 1 and (
            self.flash.read(i, (end - 1) * SLOT, SLOT) == layout.BLANK_SLOT
            and self.flash.read(i + self.sectors, (end - 1) * SLOT, SLOT) == layout.BLANK_SLOT
        ):
            end -= 1
        return end

    def first_seq(self):
        """The oldest seq still stored; 0 when nothing is."""
        for epoch in range(self.oldest, self.epoch + 1):
            head = self.header(epoch)
            if head is not None:
                return head[1]
        return 0

    def capacity(self):
        """How many one-slot events surely fit, with checkpoints as large as the last one."""
        return (self.sectors - AHEAD - 1) * (SLOTS - 1 - self._checkpoint_slots)

    def nearly_full(self):
        """True when events that the host does not have fill at least 80 % of the ring."""
        edge = self.epoch + 1 - self.sectors * NEARLY_FULL_PERCENT // 100
        if edge < self.oldest:
            return False
        after = self.header(edge + 1)
        return after is not None and after[1] > self.exported + 1
