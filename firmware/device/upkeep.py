"""What the journal needs in calm moments: its next sector opened early, sectors erased ahead, everything checked, damaged copies written anew."""

from device.journal.ahead import Ahead
from device.journal.stored import nearly_full
from dosecore.instant import plus

ROOM = 6  # free slots below which the next sector is opened in a calm moment, so that no alert waits for a checkpoint
CHECK_EVERY_S = 86_400


class Upkeep:
    """The journal's chores. check: the Check that is under way, or None."""

    def __init__(self, keeper, forget=lambda name: None):
        """forget: gives back the memory of a module of the journal that is not needed before tomorrow."""
        self._keeper = keeper
        self._forget = forget
        self.ahead = Ahead(keeper.ring)
        self.check = None
        self._check_at = (-0x40000000, 0)
        self._stale = []
        self._told_gap = None
        self._told_epoch = 0

    def tidy(self, now):
        """What can be done when nothing presses, without an erase: opens the next sector early, watches how full the ring is. True when the state changed."""
        keeper = self._keeper
        ring = keeper.ring
        before = ring.seq
        keeper.mend(now)
        if not keeper.recorded:
            return ring.seq != before
        if ring.free_slots < ROOM and ring.ready > ring.epoch:
            keeper.flush()
            keeper.open_next(False)
        if ring.faults != keeper.told_faults and self._told_epoch != ring.epoch:
            keeper.told_faults = ring.faults
            self._told_epoch = ring.epoch
            keeper.fault("journal-copy", "one of two copies could not be written", now)
        full = nearly_full(ring)
        if full != (keeper.state.alarm("journal-nearly-full") is not None):
            keeper.condition("journal-nearly-full", full, now)
        return ring.seq != before

    # -- with an erase

    def erase_wanted(self):
        """True when something is to be erased as soon as that disturbs nobody."""
        return not self._keeper.ring.newer and (self.ahead.wanted() or bool(self._stale))

    def running_out(self):
        """True when one sector at most is left that is erased: the next press could wait for an erase."""
        ring = self._keeper.ring
        return ring.ready <= ring.epoch + 1

    def erase(self, now):
        """One erase: ahead, and what it destroys unexported is journaled first; else a damaged copy is written anew."""
        if not self.ahead.wanted():
            self._renew(now)
            return
        lost = self.ahead.would_lose()
        if lost is not None and lost != self._told_gap:
            if not self._keeper.gap_before_erase(lost, now):
                return
            self._told_gap = lost
        faults = self._keeper.ring.faults
        self.ahead.erase_step()
        if self._keeper.ring.faults != faults:
            self._keeper.told_faults += 1
            self._keeper.fault("journal-erase", "a block could not be erased", now)

    def _renew(self, now):
        epoch, copy = self._stale.pop(0)
        from device.journal.repair import can_renew, renew

        keeper = self._keeper
        if keeper.recorded and can_renew(keeper.ring, epoch, copy):
            keeper.fault("journal-copy", "copy %d of sector %d is written anew" % (copy, epoch), now)
            renew(keeper.ring, epoch, copy)

    # -- the check

    def check_wanted(self, now):
        """True while the whole journal is to be checked: after each boot, and once a day."""
        keeper = self._keeper
        if self.check is None and now >= self._check_at and keeper.recorded:
            from device.journal.check import Check

            self._check_at = plus(now, CHECK_EVERY_S)
            self.check = Check(keeper.ring)
        return self.check is not None

    def check_step(self, now):
        """One slice of the check, at most 5 ms; after the last what was found is said. True when the state changed."""
        check = self.check
        if not check.done:
            check.step()
            return False
        self.check = None
        self._stale = check.stale
        self._forget("check")
        if not check.gaps:
            return False
        keeper = self._keeper
        for first, last in check.gaps:
            keeper.gap(first, last, now)
        keeper.fault("journal", "%d places are damaged in both copies" % len(check.gaps), now)
        keeper.condition("journal-fault", True, now)
        return True
