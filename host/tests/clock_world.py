"""A world with one true time, a Pico whose crystal drifts, and a clock chip on its bus: the device's own core and clock modules run in it.

`World.t` is the true time in ms; UTC is `UTC0 + t`. The device's loop is `driver.Device`; what looks after the chip is the firmware's `timekeeping` and
`clock_watch`, over the emulated chip of `dosebell.sim`. Only what touches registers (the boot's first lines, the chores' calls) is written out here.
"""

from datetime import UTC, datetime, timedelta

from device.clock_watch import LOOK_S, ClockWatch
from device.drivers.clock_chip import ClockChip
from device.keeper import Keeper
from device.timekeeping import ask
from dosebell.sim.clock_chip import ADDRESS
from dosebell.sim.clock_chip import ClockChip as EmulatedChip
from dosecore import findings
from dosecore.desk import Desk
from dosecore.instant import plus
from dosecore.timeline import utc
from tests.driver import Device, instant, ms
from tests.model.scripts import UTC0

IDENT = b"\xe6\x61\x4c\x31\x1b\x42\x5a\x2f"
EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def moment(utc_ms):
    """UTC in ms since 2020 as a datetime."""
    return EPOCH + timedelta(milliseconds=utc_ms)


def shown_ms(chip):
    """What an emulated chip shows, in ms since 2020."""
    return round((chip.utc - EPOCH) / timedelta(milliseconds=1))


class PowerCut(Exception):
    """The power went in the middle of a transfer."""


class ChipBus:
    """The bus as `device.drivers.i2c_bus.Bus` gives it, with one emulated chip on it.

    there, stuck: whether the chip answers, whether a line is held low. cut_after: so many bytes written from now on, then the power goes.
    """

    def __init__(self, chip):
        self.chip = chip
        self.there = True
        self.stuck = False
        self.held = False
        self.cut_after = None

    def _begin(self, address):
        self.held = self.stuck
        if self.stuck or not self.there or address != ADDRESS:
            raise OSError

    def read_into(self, address, register, buffer):
        self._begin(address)
        self.chip.start(True)
        self.chip.write(register)
        self.chip.start(False)
        for place in range(len(buffer)):
            buffer[place] = self.chip.read()
        self.chip.stop()

    def write(self, address, data):
        self._begin(address)
        self.chip.start(True)
        for byte in data:
            if self.cut_after is not None:
                self.cut_after -= 1
                if self.cut_after < 0:
                    raise PowerCut
            self.chip.write(byte)
        self.chip.stop()

    def answers(self, address):
        try:
            self.read_into(address, 0, bytearray(1))
        except OSError:
            return False
        return True


class CoreKeeper(Keeper):
    """The keeper without a journal: events are applied and kept by the driver."""

    def __init__(self, device):
        super().__init__(device.state, None)
        self._device = device

    def commit(self, events, now):
        self._device.add(events)
        return True

    def note(self, finding, args, now):
        self._device.add(finding(self.state, args, now))


class World:
    """device: the driver. pico_ppm: how much too fast its crystal is. chip: the emulated clock chip, or None. named: the board file says so."""

    def __init__(self, pico_ppm=0.0, chip_ppm=None, named=False):
        self.t = 0
        self.pico_ppm = pico_ppm
        self.named = named
        self.chip = None if chip_ppm is None else EmulatedChip(lambda: self.t / 1000, chip_ppm)
        self.bus = ChipBus(self.chip)
        self.bus.there = self.chip is not None
        self.device = Device()
        self._base = (0, 0)  # true time and the driver's, at one moment
        self.boot()

    # -- time
    @property
    def utc(self):
        """True UTC, ms since 2020."""
        return UTC0 + self.t

    @property
    def claimed(self):
        """UTC as the device has it, ms since 2020, or None."""
        return ms(utc(self.device.state, self.device.now))

    def wait(self, duration):
        """Lets `duration` true ms pass for a device that has power; its chores have their calm moments."""
        end = self.t + duration
        while True:
            look = self.device.origin + ms(self._look_at)
            at = self._base[0] + round((look - self._base[1]) / (1 + self.pico_ppm * 1e-6))
            if at > end:
                break
            self._to(max(at, self.t))
            self.device.to(max(look, self.device.t))
            self._look()
        self._to(end)

    def _to(self, t):
        self.t = t
        self.device.to(self._base[1] + round((t - self._base[0]) * (1 + self.pico_ppm * 1e-6)))

    # -- boots
    def boot(self, warm=False):
        """The device starts now; `start.start` and the first chores."""
        device = self.device
        if not warm:
            device.origin = device.t
        device.desk = Desk()
        self._base = (self.t, device.t)
        self.keeper = CoreKeeper(device)
        self.watch = None
        self._look_at = device.now
        device.add(findings.boot(device.state, {"cause": "watchdog" if warm else "power-on", "warm": warm}, device.now))
        if not warm:
            chip = self._find()
            if chip is None:
                device.add(findings.clock_lost(device.state, {}, device.now))
            else:
                ask(self.keeper, chip, self)
        device.to(device.t)

    def now(self):
        """The monotonic instant, as `device.clock.Clock` gives it."""
        return self.device.now

    def cold_boot(self, off):
        """The power goes now, and comes back after `off` ms."""
        self.t += off
        self.device.t += off
        self.boot()

    def watchdog_reset(self, took, error):
        """The watchdog bites: `took` ms pass in which nothing is done; the device takes them for `took + error`."""
        self.t += took
        self.device.t += took + error
        self.boot(warm=True)

    # -- the chip
    def _find(self):
        if self.bus.answers(ADDRESS) or self.bus.held or self.named:
            return ClockChip(self.bus, ADDRESS, IDENT)
        return None

    def _found_watch(self):
        if self.watch is None:
            chip = self._find()
            if chip is not None:
                self.watch = ClockWatch(self.keeper, chip, self.named, self.device.now)
        return self.watch

    def _look(self):
        watch, now = self._found_watch(), self.device.now
        if watch is None:
            self._look_at = plus(now, LOOK_S)
            return
        if watch.at <= now:
            watch.step(now)
        self._look_at = watch.at
        self.device.to(self.device.t)

    @property
    def battery(self):
        """What `status` says of the clock's battery."""
        return self.watch is not None and self.watch.trusted

    # -- a host
    def sync(self, error=0, bound=5):
        """A host whose clock is off by `error` ms, and says that it is at most `bound`, sets the device's; the chip is set in a calm moment."""
        now = self.device.now
        new = instant(self.utc + error)
        watch = self._found_watch()
        if watch is not None:
            watch.before_set(new, now)
        self.device.command("clock-set", source="host", utc=new, mono=now, bound_ms=bound)
        watch = self._found_watch()
        if watch is not None:
            watch.after_set(bound, now)
            self._look_at = watch.at
