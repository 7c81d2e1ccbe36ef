"""From the journal to the state: newest checkpoint, then its tail. The one way in which a boot remembers."""

from device.journal.layout import SLOTS
from dosecore.apply import apply
from dosecore.checkpoint import unpack
from dosecore.events import decode

LOOK_BACK = 4  # sectors in which a whole checkpoint is sought, newest first


class Replay:
    """The fold of what the ring holds. state: None when no checkpoint could be read.

    gaps: [(first, last)] that the journal itself does not tell of. unreadable: number of events that this firmware does not know.
    empty: nothing was ever written whole. sound: nothing is wrong.
    """

    def __init__(self, state, gaps, unreadable, empty=False):
        self.empty = empty
        self.state = state
        self.gaps = gaps
        self.unreadable = unreadable
        self.sound = state is not None and not gaps and not unreadable


def _checkpoint(sector):
    """The State in the sector's first event, or None."""
    if not sector.events:
        return None
    try:
        event = decode(sector.events[0][1])
        return unpack(event.detail["state"]) if event.kind == "checkpoint" else None
    except (ValueError, KeyError, IndexError):
        return None


def replay(ring, adopt):
    """Replays the ring after `scan`. With `adopt` the ring goes on after what was found; without, it is only read (to make a checkpoint of what is stored)."""
    sectors = []  # type: list
    state = None
    for epoch in range(ring.epoch, max(ring.oldest, ring.epoch - LOOK_BACK + 1) - 1, -1):
        sector = ring.read_sector(epoch)
        if sector is None:
            continue  # passed over: it would not come blank, or its opening was cut off
        if sectors:
            _join(sector, sectors[-1])
        elif adopt:
            ring.adopt(sector)
        sectors.append(sector)
        state = _checkpoint(sector)
        if state is not None:
            break
    if adopt and len(sectors) > 1:
        ring.close()
    if state is None:
        return Replay(
            None, [], 0, ring.epoch - ring.oldest < LOOK_BACK and not any([found.events for found in sectors])
        )
    gaps = []
    told = []
    unreadable = 0
    for place in range(len(sectors) - 1, -1, -1):
        sector = sectors[place]
        gaps.extend(sector.gaps)
        first = True
        for seq, raw in sector.events:
            if first:
                first = False
                if place == len(sectors) - 1:
                    continue  # the checkpoint itself
            try:
                event = decode(raw, seq)
            except ValueError:
                unreadable += 1
                continue
            apply(state, event)
            if event.kind == "journal-gap":
                told.append((event.detail["first"], event.detail["last"]))
        sectors[place] = None
    ring.exported = max(ring.exported, state.exported)
    if adopt and ring.ruined:
        gaps.append((ring.seq + 1, ring.seq + SLOTS))
        ring.seq += SLOTS
    return Replay(state, [gap for gap in gaps if not covered(gap, told)], unreadable)


def _join(sector, after):
    """What is missing between the end of `sector` and the begin of the one after it."""
    if after.before is not None and sector.seq < after.before:
        sector.lost(sector.seq + 1, after.before)


def covered(gap, told):
    """True when a gap that was told covers this one."""
    return any([first <= gap[0] and gap[1] <= last for first, last in told])
