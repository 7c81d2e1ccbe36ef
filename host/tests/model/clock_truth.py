"""What the device's clock may claim: a model that knows the true time and watches the wires, and nothing of how the firmware judges.

It sees each byte that is written to the chip, each event that the device logs, and what a test does to the chip.
"""

from tests.driver import ms

# The requirements' and the parts' figures, not the firmware's.
PICO_PPM, RESET_MS = 30, 2000
TIME, MARK, MARK_END = 0x00, 0x07, 0x0E
# A clock ahead of the chip by no more than this is no reason to doubt the chip: a second and a half of drift, half a second of reading, and room.
BEHIND_MS = 3000
GRAIN_MS = 3
READING_MS = 600
# Dose events that time alone brings: none of them may come while nobody knows the time, but for the end of an infusion that was timed since the boot.
BY_TIME = ("dose-due", "dose-late", "dose-overdue", "dose-closed", "dose-completed", "cycle-completed")


class Truth:
    """set_at: true time at which the chip was last wholly set by the device and has been right since; None: it must not be believed."""

    def __init__(self, world):
        self.world = world
        self.set_at = None
        self.set_error = 0
        self.newest = None  # UTC of the newest event since a host set the clock
        self.claim = None  # (true time, bound) of the last clock-set
        self.resets = 0
        self.dark_doses = set()  # slots whose infusion was started while the time was unknown
        self.wrong = []
        world.device.after_event = self.event
        if world.chip is not None:
            self._write = world.bus.write
            world.bus.write = self.write

    # -- what it sees
    def write(self, address, data):
        """A transfer to the chip, with what it means if it is whole."""
        register, count = data[0], len(data) - 1
        self._write(address, data)
        if register < MARK_END and register + count > MARK:
            self.set_at = None
        if register == TIME and register + count > MARK_END:
            self.set_at = self.world.t
            self.set_error = self.world.claimed - self.world.utc  # it is given the device's clock, as wrong as that is

    def event(self, event):
        if event.kind == "boot" and not event.detail["warm"]:
            self.claim, self.resets = None, 0
            self.dark_doses.clear()
        elif event.kind == "boot":
            self.resets += 1
        elif event.kind == "clock-set":
            bound = event.detail["bound_ms"]
            self.claim, self.resets = (self.world.t, bound), 0
            error = ms(event.utc) - self.world.utc
            if abs(error) > bound + GRAIN_MS:
                self.wrong.append(f"clock-set {event.detail['source']} is {error} ms off, claims {bound}")
            self.newest = ms(event.utc)
        if event.utc is not None:
            self.newest = max(self.newest, ms(event.utc))
        self._dose(event)

    def _dose(self, event):
        key = (event.cycle, event.slot)
        if event.kind in ("dose-started", "dose-resumed"):
            self.dark_doses.add(key)
        elif event.kind in BY_TIME and self.world.device.state.offset is None and key not in self.dark_doses:
            if event.kind == "cycle-completed" and self.dark_doses:
                return
            self.wrong.append(f"{event.kind} of slot {event.slot} while nobody knows the time")

    # -- what may be
    def bound(self):
        """How far off (ms) the clock may be now; None when it may not claim anything."""
        if self.claim is None:
            return None
        since, bound = self.claim
        return bound + (self.world.t - since) * PICO_PPM // 1_000_000 + self.resets * RESET_MS + GRAIN_MS

    def may_be_believed(self, off):
        """Whether a cold boot in `off` ms must take the chip's time: True, False, or None where it hangs on the chip's half second."""
        world = self.world
        if world.chip is None or not world.bus.there or world.bus.stuck or self.set_at is None:
            return False
        if self.newest is None:
            return True
        elapsed = world.t + off - self.set_at
        ahead = world.utc + off + self.set_error + elapsed * world.chip.ppm / 1_000_000 + BEHIND_MS - self.newest
        return None if abs(ahead) <= READING_MS else ahead > 0

    def check(self):
        """What the device claims now, against all that."""
        claimed = self.world.claimed
        if claimed is not None:
            bound = self.bound()
            assert bound is not None, "it claims a time that nobody has told it"
            assert abs(claimed - self.world.utc) <= bound, f"{claimed - self.world.utc} ms off, may be {bound}"
        assert not self.wrong, self.wrong
