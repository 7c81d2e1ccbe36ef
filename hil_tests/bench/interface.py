"""The tester's verbs. Scenarios are written against this, and run on the emulated Pico and on a real one with a rig.

What both benches promise: instants are seconds on one clock that never stops or steps (`now`), also while the device
has no power; what the lights and the buzzer do is recorded all the time and can be asked for later; verbs that take
time (`wait`, `hold`, `cli`) return when the time is over. `resolution_s` says how exact an instant of an edge or a
tone is.

Where they differ: the emulated bench skips time (a wait of eight hours costs a second) and repeats a scenario to the
last edge; on a rig eight hours are eight hours, so scenarios that are to run there use a `bench` regimen, in which
every minute is a second, and compare instants with `resolution_s` in mind. What a rig cannot do raises
NotOnThisBench: the test is skipped.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from dosebell.sim import Edge, Tone
from dosebell.sim.clock_chip import ClockChip
from dosebell.sim.display import Display
from dosebell.sim.senses import Burst, Rhythm, bursts
from hil_tests.bench.command import CliResult, Command
from hil_tests.bench.conversation import Conversation

LIGHTS = ("red", "yellow", "green", "alive")
BUTTONS = ("start", "hold", "pause")
# Instants on the wire count from here (docs/protocol.md).
WIRE_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
# A dose day begins at the first minute of the bench, so that scenarios read well.
FIRST_MOMENT = datetime(2026, 11, 23, 8, tzinfo=UTC)
# An emulated bench counts whole nanoseconds: it comes no nearer to an instant than that. Loops that wait for one stop here.
MOMENT_S = 1e-6
# How long a finger stays on a button: a tap, and the 2 s that confirm with a margin for debouncing.
TAP_S = 0.15
CONFIRM_S = 2.2
# USB and the supply's capacitors need this long to be surely empty on a real board.
OFF_TIME_S = 2.0


class NotOnThisBench(Exception):
    """This bench cannot do that; a test that needs it is skipped."""


class Bench(ABC):
    """A Dosebell on the table and a tester before it. See the module for what the two kinds of bench promise.

    `resolution_s`: how exact recorded instants are. `can_skip_time`: whether hours cost nothing. `utc_begin`: what a
    wall clock beside the bench shows at instant 0; a test may set it (on a rig it is the real time).
    """

    resolution_s: float
    can_skip_time: bool
    utc_begin: datetime = FIRST_MOMENT

    # -- time
    @property
    @abstractmethod
    def now(self) -> float:
        """Seconds on the bench's clock, 0 when the bench was set up."""

    @abstractmethod
    def wait_until(self, t: float) -> None:
        """Let time pass until the instant `t`; an instant that is past is now."""

    def wait(self, seconds: float) -> None:
        """Let `seconds` pass."""
        self.wait_until(self.now + seconds)

    def utc_at(self, t: float) -> datetime:
        """What the wall clock beside the bench shows at the instant `t`."""
        return self.utc_begin + timedelta(seconds=t)

    def instant_of(self, utc: datetime) -> float:
        """The instant at which the wall clock beside the bench shows `utc`."""
        return (utc - self.utc_begin).total_seconds()

    # -- the hand
    @abstractmethod
    def down(self, button: str) -> None:
        """Put a finger on `start`, `hold` or `pause`."""

    @abstractmethod
    def up(self, button: str) -> None:
        """Take the finger off."""

    def hold(self, button: str, seconds: float) -> None:
        """Keep `button` down for `seconds`."""
        self.down(button)
        self.wait(seconds)
        self.up(button)

    def press(self, button: str) -> float:
        """A short press. The instant at which the button went down."""
        at = self.now
        self.hold(button, TAP_S)
        return at

    # -- eyes and ears
    @abstractmethod
    def lights(self) -> dict[str, bool]:
        """Which of `red`, `yellow`, `green` and `alive` is lit at this moment."""

    @abstractmethod
    def light_edges(self, light: str, since: float = 0.0) -> list[Edge]:
        """Every change of a light since an instant: `t` in seconds, `level` True for lit."""

    @abstractmethod
    def rhythm(self, light: str, window: float = 5.0) -> Rhythm:
        """How a light behaved in the last `window` seconds: its `kind` is "off", "steady", "0.5 Hz" or "irregular".

        A blink shows only when the window holds two whole periods of it: 5 s for 0.5 Hz.
        """

    @abstractmethod
    def tones(self, since: float = 0.0) -> list[Tone]:
        """The tones that began since an instant: start, end (None: still sounding), frequency in Hz, duty 0..1.

        A rig hears pitch and duty to about 2 %.
        """

    def bursts(self, since: float = 0.0) -> list[Burst]:
        """The tones since an instant, grouped: pulses that follow each other within a second are one burst."""
        return bursts(self.tones(since))

    # -- power and resets
    @property
    @abstractmethod
    def powered(self) -> bool:
        """Whether the device has power."""

    @abstractmethod
    def cut_power(self) -> None:
        """The power goes, now."""

    @abstractmethod
    def restore_power(self, off_time: float = OFF_TIME_S) -> None:
        """Leave the device without power for `off_time` seconds from now, then switch it on."""

    def put_image(self, uf2: bytes) -> None:
        """Copy an image to the device, as biomed does; it starts by itself when that is done. So far only the emulated bench can."""
        raise NotOnThisBench("an image that is copied by hand")

    def hold_bootsel_at_power_on(self, off_time: float = OFF_TIME_S) -> None:
        """Cut the power, and switch it on with the loader button held: the board waits for an image. So far only the emulated bench can."""
        raise NotOnThisBench("a finger on BOOTSEL")

    def power_on_holding(self, *buttons: str, seconds: float = 4.0) -> float:
        """Cut the power, put a finger on each of `buttons`, switch on, and let go after `seconds`; the instant of the power-on."""
        self.cut_power()
        for button in buttons:
            self.down(button)
        self.restore_power()
        begun = self.now
        self.wait(seconds)
        for button in buttons:
            self.up(button)
        return begun

    def open_maintenance(self) -> float:
        """What a biomedical engineer does for maintenance: HOLD and PAUSE are held while the power comes on. The instant of the power-on."""
        return self.power_on_holding("hold", "pause")

    @abstractmethod
    def reset(self, kind: str = "run") -> None:
        """Reset the chip: `run` by its RUN line (the scratch registers are lost), `watchdog` by a hang: at most 8.4 s later it bites.

        A rig has no hand on the watchdog: NotOnThisBench.
        """

    def power_cut_at_flash_op(self, operation: int, how: str = "before") -> None:
        """The power will go at the `operation`-th flash erase or program from now (0: the next one).

        `how`: `before` it changes anything, `half` way, or `after` it, before the firmware hears of it. `powered` tells
        when it has happened; waits go on in the dark. Only the emulated bench can.
        """
        raise NotOnThisBench("a power cut at a flash operation")

    def refuse_flash_writes(self, refuse: bool = True) -> None:
        """From now on flash programs take their time and change nothing. Only the emulated bench can."""
        raise NotOnThisBench("flash that does not take writes")

    def lock_heap(self, locked: bool = True) -> None:
        """From now on every allocation on the device raises MemoryError. Only the emulated bench can."""
        raise NotOnThisBench("a heap without room")

    # -- the bus of the optional parts
    def solder_clock_chip(self, ppm: float = 0.0) -> ClockChip:
        """Put a new DS3231 with a battery on the device's bus, its crystal `ppm` too fast. Only the emulated bench can.

        What it returns shows its time and its registers, and can be set or stopped behind the device's back.
        """
        raise NotOnThisBench("a clock chip")

    def unsolder_clock_chip(self) -> None:
        """The clock chip is dead: it answers no more. Only the emulated bench can."""
        raise NotOnThisBench("a clock chip that dies")

    def revive_clock_chip(self) -> None:
        """The clock chip answers again. Only the emulated bench can."""
        raise NotOnThisBench("a clock chip that dies")

    @property
    def display(self) -> Display:
        """The display on the device's bus: `pixel`, `rows`, `png` show what is seen on it. Only the emulated bench can."""
        raise NotOnThisBench("a display that can be read")

    def solder_display(self) -> Display:
        """Put a new SSD1306 on the device's bus. Only the emulated bench can."""
        raise NotOnThisBench("a display that can be read")

    def unsolder_display(self) -> None:
        """The display is dead: it answers no more. Only the emulated bench can."""
        raise NotOnThisBench("a display that dies")

    def revive_display(self) -> None:
        """The display answers again, with what it last showed unless it was told `lose_power`. Only the emulated bench can."""
        raise NotOnThisBench("a display that dies")

    def hold_bus(self, line: str, clocks: int | None = None, in_transfer: bool = False) -> None:
        """Something holds `sda` or `scl` of the bus low from now on, through power cuts too. Only the emulated bench can.

        `clocks`: it lets go of SDA after so many pulses on SCL, as a part does that stands in the middle of a byte.
        `in_transfer`: it begins with the first byte that the device reads.
        """
        raise NotOnThisBench("a bus that is held low")

    def free_bus(self) -> None:
        """It lets go. Only the emulated bench can."""
        raise NotOnThisBench("a bus that is held low")

    # -- the cable and the host
    @abstractmethod
    def unplug(self) -> None:
        """Pull the USB cable; the device keeps its power. A program that has the port open gets an error."""

    @abstractmethod
    def replug(self) -> None:
        """Put the cable back. The host sees the port again within a second."""

    @abstractmethod
    def stall_host(self, seconds: float) -> None:
        """The port is open and nobody reads it for `seconds` from now."""

    def suspend_host(self) -> None:
        """The host falls asleep with the port open: the bus is silent. Only the emulated bench can."""
        raise NotOnThisBench("a host that sleeps")

    def resume_host(self) -> None:
        """The host wakes up. Only the emulated bench can."""
        raise NotOnThisBench("a host that sleeps")

    @abstractmethod
    def send_noise(self, data: bytes) -> None:
        """Begin to write `data` to the open port, as fast as the device takes it, while time passes."""

    @abstractmethod
    def serial(self) -> Conversation:
        """The device's port, opened by the test itself: raw lines and requests, without the host command."""

    @property
    @abstractmethod
    def port(self) -> str:
        """What `--port` takes: the path of the device's serial port. FileNotFoundError while it is unplugged."""

    @abstractmethod
    def cli(self, *args: str, timeout: float = 60.0, speed: float | None = None) -> CliResult:
        """Run the real `dosebell` command against this device. TimeoutError after `timeout` seconds of real time.

        Emulated: time runs only while bytes are under way or the device is busy, so the answer depends on nothing but
        what is asked. For a command that waits for the device's time to pass, `speed` lets that many simulated seconds
        pass in a real one, at the price of exactness; a rig has the speed it has. The command's own clock is the
        machine's: use `set_clock` and not `clock sync`, whose UTC would not be the bench's.
        """

    def mpremote(self, *args: str, timeout: float = 60.0) -> CliResult:
        """Run the real `mpremote` against this device, whose prompt must be open (`open_maintenance`). As `cli`; so far only the emulated bench can."""
        raise NotOnThisBench("mpremote")

    @abstractmethod
    def cli_confirmed(self, *args: str, timeout: float = 60.0) -> CliResult:
        """The same for a change that the device offers for confirmation: PAUSE is held 2 s there when it does.

        Emulated: 0.5 s after the device has said that it offers the change. On a rig: when all lights show an offer.
        """

    def cli_cut(self, *args: str, after: int, delay: float, cut: Callable[[Command], None]) -> CliResult:
        """Run the real command, and let `cut` happen to it or to the device: `delay` seconds after the device has said `after` bytes.

        `cut` is called while time runs, also in the middle of a line. A command that has ended by then was not cut. Only the emulated bench can.
        """
        raise NotOnThisBench("a cut in the middle of a command")

    def set_clock(self, utc: datetime | None = None) -> datetime:
        """Set the device's clock through its port to `utc` (None: the wall clock of the bench); what it was set to."""
        conversation = self.serial()
        before = self.now
        clock = conversation.ask("clock-get")
        after = self.now
        moment = (before + after) / 2
        chosen = self.utc_at(moment) if utc is None else utc
        answer = conversation.ask(
            "clock-set",
            mono=clock["mono"],
            utc=to_wire(chosen),
            bound_ms=int((after - before) * 500) + 1,
            boot=clock["boot"],
        )
        assert answer.get("ok"), f"the device refused the time: {answer}"
        return chosen


def to_wire(utc: datetime) -> list[int]:
    """An instant as the link writes it: [seconds, ms] since 2020."""
    milliseconds = round((utc - WIRE_EPOCH) / timedelta(milliseconds=1))
    return [milliseconds // 1000, milliseconds % 1000]


def from_wire(instant: Sequence[int]) -> datetime:
    """The UTC of an instant as the link writes it."""
    return WIRE_EPOCH + timedelta(seconds=instant[0], milliseconds=instant[1])
