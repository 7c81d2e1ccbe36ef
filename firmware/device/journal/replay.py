"""From the journal to the state: newest checkpoint, then its tail. The one way in which a boot remembers."""

from dosecore.apply import apply
from dosecore.checkpoint import unpack
from dosecore.events import decode

LOOK_BACK = 4  # sectors in which a whole checkpoint is sought, newest first


class Replay:
    """The fold of what the ring holds. state: None when no checkpoint could be read.

    gaps: [(first, last)] that the journal itself does not tell of. unreadable: number of events that this firmware does not know.
    """

    def __init__(self, state, gaps, unreadable):
        self.state = state
        self.gaps = gaps
        self.unreadable = unreadable


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
    sectors = []
    state = None
    for epoch in range(ring.epoch, max(ring.oldest, ring.epoch - LOOK_BACK + 1) - 1, -1):
        sector = ring.read_sector(epoch)
        sectors.append(sector)
        state = _checkpoint(sector)
        if state is not None:
            break
    if adopt:
        ring.adopt(sectors[0])
        if len(sectors) > 1:
            ring.close()
    if state is None:
        return Replay(None, [], 0)
    ring.exported = max(ring.exported, state.exported)
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
    return Replay(state, [gap for gap in gaps if not _covered(gap, told)], unreadable)


def _covered(gap, told):
    return any([first <= gap[0] and gap[1] <= last for first, last in told])
