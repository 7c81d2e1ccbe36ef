"""The journal's blocks through rp2.Flash, as the ring wants them."""

import rp2


class JournalFlash:
    """read copies nothing; program and erase keep interrupts off (about 0.7 ms a page, 45 ms a block, 400 ms at worst).

    before_erase, after_erase: called around each erase, because nothing else is heard during it.
    """

    def __init__(self, start, blocks):
        """start: offset from the start of the chip's storage area, in bytes."""
        self._flash = rp2.Flash(start=start, len=blocks * 4096)
        self._view = memoryview(self._flash)
        self.before_erase = None
        self.after_erase = None

    def read(self, block, offset, n):
        at = block * 4096 + offset
        return self._view[at : at + n]

    def program(self, block, offset, page):
        self._flash.writeblocks(block, page, offset)

    def erase(self, block):
        if self.before_erase is not None:
            self.before_erase()
        self._flash.ioctl(6, block)
        if self.after_erase is not None:
            self.after_erase()
