"""Single blocks of the journal: one page programmed and read back, one block erased, marked, found blank. Pure over the Flash interface of `ring`."""

from device.journal import layout
from device.journal.layout import BLANK_PAGE, BLOCK, PAGE


class Blocks:
    """The flash and the one page buffer that everything is programmed from. faults: copies that could not be written, ever."""

    def __init__(self, flash, first_block):
        """first_block: the number that littlefs gives to block 0."""
        self.flash = flash
        self.faults = 0
        self._first = first_block
        self._page = bytearray(BLANK_PAGE)
        self._view = memoryview(self._page)

    def _program(self, block, page, low, high):
        """Programs the page buffer and reads bytes low..high back. True when they are right."""
        at = page * PAGE
        try:
            self.flash.program(block, at, self._page)
        except OSError:
            return False
        return self.flash.read(block, at + low, high - low) == self._view[low:high]

    def _clear_page(self):
        self._page[:] = BLANK_PAGE

    def _prepare(self, block):
        try:
            self.flash.erase(block)
        except OSError:
            return
        if self._is_blank(block, 0):
            self._mark(block)

    def _mark(self, block):
        """Programs littlefs's pointers and the mark that says: this erase was found complete."""
        head = layout.pointers(block, self._first)
        self._page[: len(head)] = head
        end = layout.ERASED_MARK_AT + len(layout.ERASED_MARK)
        self._page[layout.ERASED_MARK_AT : end] = layout.ERASED_MARK
        if not self._program(block, 0, 0, end):
            self.faults += 1
        self._clear_page()

    def _is_marked(self, block):
        """True when the block's erase was found complete, and no header has been begun since."""
        return self.flash.read(block, layout.ERASED_MARK_AT, 8) == layout.ERASED_MARK + b"\xff\xff\xff\xff"

    def _is_prepared(self, block):
        """True when the block is marked as erased and nothing was written after its pointers."""
        return self._is_marked(block) and self._is_blank(block, layout.HEADER_AT)

    def _is_blank(self, block, start):
        if start:
            if self.flash.read(block, start, PAGE - start) != self._view[start:PAGE]:
                return False
            start = PAGE
        for at in range(start, BLOCK, PAGE):  # noqa: SIM110 - a generator costs twice the time on the device
            if self.flash.read(block, at, PAGE) != BLANK_PAGE:
                return False
        return True
