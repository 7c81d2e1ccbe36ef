"""What the ring holds, for the host: slots as they are stored, the oldest event, how many fit, how full it is."""

from device.journal import layout
from device.journal.layout import BLOCK, SLOT, SLOTS

NEARLY_FULL_PERCENT = 80


def slots(ring, epoch, slot, copy):
    """The stored slots of a sector from `slot` to the last one written, as bytes or memoryview; None when the sector is not stored."""
    if not (ring.oldest <= epoch <= ring.epoch and epoch and 0 <= slot < SLOTS and copy in (0, 1)):
        return None
    index = (epoch - 1) % ring.sectors
    end = ring.used if epoch == ring.epoch else _end(ring, index)
    return ring.flash.read(index + copy * ring.sectors, slot * SLOT, max(0, end - slot) * SLOT)


def whole(ring, epoch, most, copy):
    """Up to `most` whole sectors from `epoch` on, as they lie in one piece of the flash; never the newest. None when that is not even one."""
    index = (epoch - 1) % ring.sectors
    count = min(most, ring.epoch - epoch, ring.sectors - index)
    if not ring.oldest <= epoch or count < 1:
        return None
    return ring.flash.read(index + copy * ring.sectors, 0, count * BLOCK)


def _end(ring, index):
    end = SLOTS
    while end > 1 and (
        ring.flash.read(index, (end - 1) * SLOT, SLOT) == layout.BLANK_SLOT
        and ring.flash.read(index + ring.sectors, (end - 1) * SLOT, SLOT) == layout.BLANK_SLOT
    ):
        end -= 1
    return end


def first_seq(ring):
    """The oldest seq still stored; 0 when nothing is."""
    for epoch in range(ring.oldest, ring.epoch + 1):
        head = ring.header(epoch)
        if head is not None:
            return head[1]
    return 0


def capacity(ring):
    """How many one-slot events surely fit, with checkpoints as large as the last one."""
    return (ring.sectors - ring.ahead - 1) * (SLOTS - 1 - ring.checkpoint_slots)


def nearly_full(ring):
    """True when events that the host does not have fill at least 80 % of the ring."""
    edge = ring.epoch + 1 - ring.sectors * NEARLY_FULL_PERCENT // 100
    if edge < ring.oldest:
        return False
    after = ring.header(edge + 1)
    return after is not None and after[1] > ring.exported + 1
