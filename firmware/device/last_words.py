"""What a boot that ends in a failure leaves in the journal. It trusts nothing that the failure may have spoilt: the journal is found anew, nothing is folded.

Imported at the failure: a boot has no time for it.
"""

import io
import sys

import dosebell_build as build

from device.drivers.flash import JournalFlash
from device.journal.ring import Ring
from dosecore.events import Event, decode, encode


def words_of(error):
    """The exception in a few words: type, text, and where."""
    trace = io.StringIO()
    sys.print_exception(error, trace)
    lines = trace.getvalue().split("\n")
    where = lines[-3].strip() if len(lines) > 3 else ""
    return ("%s %s" % (lines[-2], where))[:120]


def write(error, mono, boot):
    """Appends a `crash` fault. True when it is durable; False when the newest sector has no room (none is opened: that needs the state).

    mono, boot: of the failure; None where the boot did not come so far: then it is stamped like the newest event.
    """
    start = build.JOURNAL_OFFSET - build.STORAGE_OFFSET
    ring = Ring(JournalFlash(start, build.JOURNAL_BLOCKS), build.JOURNAL_BLOCKS, start // 4096)
    if not ring.scan():
        return False
    sector = ring.read_sector(ring.epoch)
    ring.adopt(sector)
    fault = Event("fault", mono or (0, 0), boot=boot or 0, detail={"code": "crash", "words": words_of(error)})
    if mono is None:
        for seq, raw in sector.events:
            try:
                newest = decode(raw, seq)
            except ValueError:
                continue
            fault.mono, fault.boot = newest.mono, newest.boot
    return bool(ring.append(encode(fault)))
