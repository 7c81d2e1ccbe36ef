"""The bench on the emulated Pico: simulated time that the test owns, the same edges in every run, faults on demand."""

import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

from rp2040py.reset_cause import ResetCause

from dosebell.sim import Cut, Edge, Pico, Tone, clock_chip, display, flash_from_uf2
from dosebell.sim.bedside import Bedside
from dosebell.sim.clock_chip import ClockChip
from dosebell.sim.display import Display
from dosebell.sim.i2c import Held
from dosebell.sim.pico import UNIQUE_ID
from dosebell.sim.senses import Rhythm, rhythm
from dosebell.sim.serial_port import SerialPort
from dosebell.sim.timekeeper import Timekeeper
from hil_tests.bench.command import ROOT, CliResult, Command
from hil_tests.bench.conversation import Conversation
from hil_tests.bench.interface import CONFIRM_S, OFF_TIME_S, Bench

BOARD_FILE = ROOT / "boards" / "pico.toml"
# A guest that hangs is bitten within this long.
BITE_S = 8.5
# A file manager copies an image of 1.4 MB in about so long; the firmware does not run meanwhile.
COPY_S = 10.0
# A nurse needs a moment to reach for the button.
REACH_S = 0.5
# In every answer to a request that has to be confirmed at the device (docs/protocol.md, "Pending").
OFFERED = b'"offered"'
# Steps in which a conversation waits for an answer: the most by which its end is noticed late.
LISTEN_STEP_S = 0.0001
# The control request that raises DTR is through after this long.
OPENING_S = 0.002


class EmulatedBench(Bench):
    """A new device with `flash` (2 MiB), switched on at instant 0: nothing of it has run yet.

    `home`: an empty folder that stands for the user's home. `display`: with an SSD1306 on its bus. `pico` is the present power-on life for what has no verb
    here (memory, the flash's spy); it changes with `restore_power`.
    """

    resolution_s = 0.0
    can_skip_time = True

    def __init__(
        self,
        flash: bytes,
        home: Path,
        *,
        board_file: Path = BOARD_FILE,
        unique_id: bytes = UNIQUE_ID,
        display: bool = False,
    ) -> None:
        self._home = home
        self._bedside = Bedside.of_board(flash, board_file, unique_id)
        self._serial_port: SerialPort | None = None
        self._clock_chip: ClockChip | None = None
        self._display: Display | None = self._bedside.solder_display() if display else None
        self._ids = count(1)

    def close(self) -> None:
        """Take the port away. The bench is of no use afterwards."""
        if self._serial_port is not None:
            self._serial_port.close()

    @property
    def bedside(self) -> Bedside:
        return self._bedside

    def give_home(self, home: Path) -> None:
        """From now on that empty folder stands for the user's home."""
        self._home = home

    @property
    def pico(self) -> Pico:
        return self._bedside.pico

    # -- time
    @property
    def now(self) -> float:
        return self._bedside.now

    def wait_until(self, t: float) -> None:
        self._bedside.run_to(t)

    def wait(self, seconds: float) -> None:
        self._bedside.advance(seconds)

    # -- the hand
    def down(self, button: str) -> None:
        self._bedside.down(button)

    def up(self, button: str) -> None:
        self._bedside.up(button)

    # -- eyes and ears
    def lights(self) -> dict[str, bool]:
        return {name: log.level for name, log in self._bedside.lights.items()}

    def light_edges(self, light: str, since: float = 0.0) -> list[Edge]:
        return self._bedside.lights[light].since(since)

    def rhythm(self, light: str, window: float = 5.0) -> Rhythm:
        return rhythm(self._bedside.lights[light], self.now - window, self.now)

    def tones(self, since: float = 0.0) -> list[Tone]:
        return self._bedside.tones.since(since)

    # -- power and resets
    @property
    def powered(self) -> bool:
        return self._bedside.powered

    def cut_power(self) -> None:
        self._bedside.cut_power()

    def restore_power(self, off_time: float = OFF_TIME_S) -> None:
        if self.powered:
            return
        self.wait(off_time)
        self._switch_on(None)

    def hold_bootsel_at_power_on(self, off_time: float = OFF_TIME_S) -> None:
        self.cut_power()
        self.wait(off_time)
        self._switch_on(None, bootsel=True)

    def _switch_on(self, flash: bytes | None, bootsel: bool = False) -> None:
        self._bedside.restore_power(flash, bootsel)
        if self._serial_port is not None:
            self._serial_port.attach(self._bedside.usb)

    def put_image(self, uf2: bytes) -> None:
        self.cut_power()
        self.wait(COPY_S)
        self._switch_on(flash_from_uf2(uf2, self.pico.snapshot()))

    def reset(self, kind: str = "run") -> None:
        if kind == "run":
            self._bedside.reset(ResetCause.RUN_PIN)
            return
        assert kind == "watchdog", kind
        resets = len(self.pico.resets)
        self.pico.hang()
        assert self.pico.run_until(lambda: len(self.pico.resets) > resets, BITE_S, 0.01), "no watchdog runs"

    def power_cut_at_flash_op(self, operation: int, how: str = "before") -> None:
        self._bedside.cut_power_at(operation, Cut(how))

    def refuse_flash_writes(self, refuse: bool = True) -> None:
        self.pico.flash_spy.refuse_writes = refuse

    def lock_heap(self, locked: bool = True) -> None:
        self.pico.lock_heap(locked)

    # -- the bus of the optional parts
    def solder_clock_chip(self, ppm: float = 0.0) -> ClockChip:
        self._clock_chip = self._bedside.solder_clock_chip(ppm)
        return self._clock_chip

    def unsolder_clock_chip(self) -> None:
        self._bedside.unsolder(clock_chip.ADDRESS)

    def revive_clock_chip(self) -> None:
        assert self._clock_chip is not None, "no clock chip was ever soldered"
        self._bedside.solder(clock_chip.ADDRESS, self._clock_chip)

    @property
    def display(self) -> Display:
        assert self._display is not None, "this bench has no display: make_bench(display=True)"
        return self._display

    @property
    def has_display(self) -> bool:
        """Whether a display was ever soldered to this bench's device."""
        return self._display is not None

    def solder_display(self) -> Display:
        self._display = self._bedside.solder_display()
        return self._display

    def unsolder_display(self) -> None:
        self._bedside.unsolder(display.ADDRESS)

    def revive_display(self) -> None:
        self._bedside.solder(display.ADDRESS, self.display)

    def hold_bus(self, line: str, clocks: int | None = None, in_transfer: bool = False) -> None:
        self._bedside.hold_bus(Held(line, clocks, in_transfer))

    def free_bus(self) -> None:
        self._bedside.free_bus()

    # -- the cable and the host
    def unplug(self) -> None:
        self._bedside.usb.unplug()
        if self._serial_port is not None:
            self._serial_port.vanish()

    def replug(self) -> None:
        self._bedside.usb.replug()
        if self._serial_port is not None:
            self._serial_port.appear()

    def stall_host(self, seconds: float) -> None:
        self._bedside.usb.stall(seconds)

    def suspend_host(self) -> None:
        self._bedside.usb.suspend()

    def resume_host(self) -> None:
        self._bedside.usb.resume()

    def send_noise(self, data: bytes) -> None:
        self._open_port()
        self._bedside.usb.send(data)

    def serial(self) -> Conversation:
        self._open_port()
        return _DirectConversation(self._bedside, self._ids)

    def _open_port(self) -> None:
        if not self._bedside.usb.opened:
            self._bedside.usb.open_port()
            self._bedside.advance(OPENING_S)

    @property
    def port(self) -> str:
        if self._serial_port is None:
            self._serial_port = SerialPort(self._bedside.usb)
            if not self._bedside.usb.plugged:
                self._serial_port.vanish()
        if self._serial_port.path is None:
            raise FileNotFoundError("the emulated device is unplugged")
        return self._serial_port.path

    def cli(self, *args: str, timeout: float = 60.0, speed: float | None = None) -> CliResult:
        return self._run(args, timeout, speed, None)

    def mpremote(self, *args: str, timeout: float = 60.0) -> CliResult:
        return self._run(args, timeout, None, None, "mpremote")

    def cli_confirmed(self, *args: str, timeout: float = 60.0) -> CliResult:
        return self._run(args, timeout, None, Nurse(self._bedside))

    def cli_cut(self, *args: str, after: int, delay: float, cut: Callable[[Command], None]) -> CliResult:
        return self._run(args, 600.0, None, _Saboteur(self._bedside, after, delay, cut))

    def _run(
        self,
        args: tuple[str, ...],
        timeout: float,
        speed: float | None,
        bystander: "Nurse | _Saboteur | None",
        program: str = "dosebell",
    ) -> CliResult:
        path = self.port
        assert self._serial_port is not None
        command = Command(args, port=path, home=self._home, program=program)
        end = time.monotonic() + timeout

        def done() -> bool:
            if bystander is not None:
                bystander.look(command)
            if time.monotonic() > end:
                command.stop()
                raise TimeoutError(f"{command.result()} was not done within {timeout:g} s")
            return command.done()

        self._serial_port.on_answer = bystander.listen if bystander is not None else None
        timekeeper = Timekeeper(self._bedside, self._serial_port)
        try:
            if speed is None:
                timekeeper.serve_on_demand(done)
            else:
                timekeeper.serve_paced(done, speed)
        finally:
            self._serial_port.on_answer = None
            command.stop()
        return command.result()


class Nurse:
    """Holds PAUSE for 2 s, once, when the device has said that it offers a change. `listen` is told what it says."""

    def __init__(self, bedside: Bedside) -> None:
        self._bedside = bedside
        self._said = b""
        self._offered = False
        self._confirmed = False

    def listen(self, data: bytes) -> None:
        # An answer comes in packets of 64 bytes: the word may stand across two of them.
        self._said = (self._said + data)[-128:]
        self._offered = self._offered or OFFERED in self._said

    def look(self, _command: Command | None = None) -> None:
        if self._offered and not self._confirmed:
            self._confirmed = True
            self._bedside.advance(REACH_S)
            self._bedside.hold("pause", CONFIRM_S)


class _Saboteur:
    """Does something, once, `delay` simulated seconds after the device has said `after` bytes."""

    def __init__(self, bedside: Bedside, after: int, delay: float, cut: Callable[[Command], None]) -> None:
        self._bedside = bedside
        self._left = after
        self._delay = delay
        self._cut = cut
        self._command: Command | None = None

    def look(self, command: Command) -> None:
        self._command = command

    def listen(self, data: bytes) -> None:
        if self._left > 0 >= self._left - len(data):
            self._bedside.pico.at(self._bedside.now + self._delay, self._act)
        self._left -= len(data)

    def _act(self) -> None:
        if self._command is not None and not self._command.done():
            self._cut(self._command)


class _DirectConversation(Conversation):
    """Bytes straight into the emulated USB device and out of it, without a pseudo-terminal."""

    def __init__(self, bedside: Bedside, ids: Iterator[int]) -> None:
        super().__init__(ids)
        self._bedside = bedside
        self._usb = bedside.usb
        self._heard = len(self._usb.out)

    def send(self, data: bytes) -> None:
        self._heard = len(self._usb.out)  # what was said before was not the answer
        self._usb.send(data)

    def read_line(self, timeout: float) -> bytes:
        self._bedside.pico.run_until(lambda: b"\n" in self._usb.out[self._heard :], timeout, LISTEN_STEP_S)
        said = bytes(self._usb.out[self._heard :])
        line, end, _ = said.partition(b"\n")
        self._heard += len(line) + len(end)
        return line + end
