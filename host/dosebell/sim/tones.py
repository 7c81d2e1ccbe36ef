"""What a PWM pin sounds: on, off, frequency and duty with their instants, at no cost per period.

Listening to the pin would cost two callbacks a period (880 a second at 440 Hz). The spy sits in the PWM block's
register window instead and reads the channel's registers each time the firmware has written to them.

A slice that runs with both its duties at 0 makes no sound and still costs the emulator every one of its periods (eight
hours: 2 s of wall time). The spy parks it, until the firmware writes to the block again; the firmware cannot tell.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from dosebell.sim.pico import Pico

PWM_WINDOW = 0x40050
FUNCTION_PWM = 4
SLICE_BYTES, SLICES = 0x14, 8
CSR, EN, INTE = 0x00, 0xA0, 0xA8
CSR_ENABLE = 1
# MicroPython sets top, compare, divider and the pin's function one after the other: the state is read once settled.
SETTLE_NS = 50_000


class Tone(NamedTuple):
    """One sound: from `start` to `end` (None: still sounding) in seconds, fundamental in Hz, duty 0..1."""

    start: float
    end: float | None
    frequency: float
    duty: float


class ToneLog:
    """The sounds of one pin, oldest first. It can be carried on from one power cycle to the next.

    `on_begin`, if set, is called as each tone begins.
    """

    def __init__(self) -> None:
        self.on_begin: Callable[[], None] | None = None
        self.tones: list[Tone] = []

    def change(self, t: float, frequency: float, duty: float) -> None:
        """From `t` on the pin sounds like this; frequency 0 is silence. A new pitch or duty is a new tone."""
        if self.tones and self.tones[-1].end is None:
            last = self.tones[-1]
            if (last.frequency, last.duty) == (frequency, duty):
                return
            self.tones[-1] = last._replace(end=t)
        if frequency:
            self.tones.append(Tone(t, None, frequency, duty))
            if self.on_begin is not None:
                self.on_begin()

    @property
    def sounding(self) -> bool:
        """True while the newest tone has not ended."""
        return bool(self.tones) and self.tones[-1].end is None

    def since(self, t: float) -> list[Tone]:
        """The tones that began at or after `t`."""
        return [tone for tone in self.tones if tone.start >= t]


class PwmSpy:
    """Stands in the PWM block's register window, hands everything on, and tells its logs what each pin sounds like."""

    def __init__(self, pico: "Pico") -> None:
        self._pico = pico
        self._native: Any = pico.mcu.peripherals[PWM_WINDOW]
        self._logs: dict[int, ToneLog] = {}
        self._written_at: float | None = None
        self._settled = pico.clock.create_alarm(self._read)
        self._quiet = pico.clock.create_alarm(self._park)
        self._parked: set[int] = set()
        pico.mcu.peripherals[PWM_WINDOW] = self

    def watch(self, gpio: int, log: ToneLog) -> None:
        """Record what `gpio` sounds in `log`."""
        self._logs[gpio] = log

    def silence(self) -> None:
        """The chip was reset: its PWM stands still from now on."""
        self._settled.cancel()
        self._quiet.cancel()
        self._parked.clear()
        self._written_at = None
        for log in self._logs.values():
            log.change(self._pico.now, 0.0, 0.0)

    def state(self, gpio: int) -> tuple[float, float]:
        """Frequency in Hz and duty 0..1 of a pin as its registers stand; (0, 0) when it is silent."""
        channel = self._native.channels[(gpio >> 1) & 7]
        compare = (channel.cc >> (16 if gpio & 1 else 0)) & 0xFFFF
        enabled = channel.csr & 1 and self._pico.mcu.gpio[gpio].function_select == FUNCTION_PWM
        period = channel.top + 1
        if not enabled or compare == 0 or compare >= period:
            return 0.0, 0.0  # a constant level makes no sound
        divider = (channel.div or 16) / 16
        frequency = self._pico.mcu.clk_sys / divider / period / (2 if channel.csr & 2 else 1)
        return round(frequency, 2), round(compare / period, 4)

    def _written(self) -> None:
        if self._written_at is None:
            self._written_at = self._pico.now
            self._settled.schedule(SETTLE_NS)

    def _read(self) -> None:
        at, self._written_at = self._written_at, None
        if at is not None:
            for gpio, log in self._logs.items():
                log.change(at, *self.state(gpio))
        idle = self._idle_slices()
        if idle:
            # A duty takes hold when the counter wraps; after two periods the outputs are surely low.
            self._quiet.schedule(2 * max(self._period_ns(number) for number in idle))

    def _idle_slices(self) -> list[int]:
        if self._native.read_uint32(INTE):
            return []
        return [n for n in range(SLICES) if self._channel(n).csr & CSR_ENABLE and not self._channel(n).cc]

    def _channel(self, number: int) -> Any:
        return self._native.channels[number]

    def _period_ns(self, number: int) -> float:
        channel = self._channel(number)
        counts = 2 * (int(channel.top) + 1)  # phase-correct counts up and down; otherwise this is twice too long
        return counts * (int(channel.div) or 16) / 16 * 1e9 / float(self._pico.mcu.clk_sys)

    def _park(self) -> None:
        if self._written_at is None:
            for number in self._idle_slices():
                self._parked.add(number)
                self._native.write_uint32(number * SLICE_BYTES + CSR, self._channel(number).csr & ~CSR_ENABLE)

    def _unpark(self) -> None:
        self._quiet.cancel()
        while self._parked:
            number = self._parked.pop()
            self._native.write_uint32(number * SLICE_BYTES + CSR, self._channel(number).csr | CSR_ENABLE)

    # The register window as the bus sees it.
    def read_uint32(self, offset: int) -> int:
        value = int(self._native.read_uint32(offset))
        for number in self._parked:
            if offset == number * SLICE_BYTES + CSR:
                value |= CSR_ENABLE
            elif offset == EN:
                value |= 1 << number
        return value

    def write_uint32(self, offset: int, value: int) -> None:
        self._unpark()
        self._native.write_uint32(offset, value)
        self._written()

    def write_uint32_atomic(self, offset: int, value: int, kind: int) -> None:
        self._unpark()
        self._native.write_uint32_atomic(offset, value, kind)
        self._written()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        return getattr(self._native, name)  # type: ignore[no-any-return]
