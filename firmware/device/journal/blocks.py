"""Single blocks of the journal: one page programmed and read back, one block erased, marked, found blank. Pure over the Flash interface of `ring`."""

from device.journal import layout
from device.journal.layout import BLANK_PAGE, BLOCK, PAGE


class Blocks:
    """The flash and the one page buffer that everything is programmed from. faults: copies that could not be written or erased, ever."""

    def __init__(self, flash, first_block):
        """first_block: the number that littlefs gives to block 0."""
        self.flash = flash
        self.faults = 0
        self._first = first_block
        self._page = bytearray(BLANK_PAGE)
        self._view = memoryview(self._page)

    def _program(self, block, page, low, high):
        """Programs the page buffer and reads bytes low..high back. True when they are right, whatever the flash said of it."""
        at = page * PAGE
        try:
            self.flash.program(block, at, self._page)
        except OSError:
            pass
        return self.flash.read(block, at + low, high - low) == self._view[low:high]

    def put(self, block, page, at, content):
        """Programs `content` at byte `at` of a page. True when it reads back right."""
        end = at + len(content)
        self._page[:] = BLANK_PAGE
        self._page[at:end] = content
        return self._program(block, page, at, end)

    def prepare(self, block):
        """Erases the block and marks it when the erase was complete, whatever the flash said of it."""
        try:
            self.flash.erase(block)
        except OSError:
            pass
        if self.is_blank(block, 0):
            self.mark(block)
        else:
            self.faults += 1

    def mark(self, block):
        """Programs littlefs's pointers and the mark that says: this erase was found complete."""
        if not self.put(block, 0, 0, self.head(block)):
            self.faults += 1

    def head(self, block):
        """What stands before the header of every block that was prepared."""
        pointers = layout.pointers(block, self._first)
        return pointers + layout.BLANK_PAGE[len(pointers) : layout.ERASED_MARK_AT] + layout.ERASED_MARK

    def is_marked(self, block):
        """True when the block's erase was found complete, and no header has been begun since."""
        return self.flash.read(block, layout.ERASED_MARK_AT, 8) == layout.ERASED_MARK + b"\xff\xff\xff\xff"

    def is_prepared(self, block):
        """True when the block is marked as erased and nothing was written after its pointers."""
        return self.is_marked(block) and self.is_blank(block, layout.HEADER_AT)

    def is_blank(self, block, start):
        """True when the block reads as erased from byte `start` (in the first page, or the second) on."""
        if start % PAGE:
            if self.flash.read(block, start, PAGE - start) != BLANK_PAGE[start:]:
                return False
            start = PAGE
        for at in range(start, BLOCK, PAGE):  # noqa: SIM110 - a generator costs twice the time on the device
            if self.flash.read(block, at, PAGE) != BLANK_PAGE:
                return False
        return True
