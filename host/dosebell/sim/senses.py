"""What a person makes of the edges and tones: a light that is off, steady or blinks, pulses that make one burst."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dosebell.sim.pins import Edge, EdgeLog
from dosebell.sim.tones import Tone

# Pulses of a burst follow each other within a second; bursts are at least 10 s apart.
BURST_GAP_S = 1.0
# Two periods of one rhythm differ by less than this. An effect may come 20 ms late (S-01), at either end of a period.
RHYTHM_TOLERANCE_S = 0.045


@dataclass(frozen=True)
class Rhythm:
    """How a light behaves over a while.

    `kind`: "off", "steady", a frequency such as "0.5 Hz", or "irregular" (it changed, and not regularly). `on_ms` and
    `off_ms`: the mean of the whole stretches seen, None where none was whole. `frequency_hz`: None unless it blinks.
    """

    kind: str
    on_ms: float | None = None
    off_ms: float | None = None
    frequency_hz: float | None = None

    def __str__(self) -> str:
        if self.frequency_hz is None:
            return self.kind
        return f"{self.kind} ({self.on_ms:.0f} ms on, {self.off_ms:.0f} ms off)"


def rhythm(light: EdgeLog, start: float, end: float) -> Rhythm:
    """The rhythm of a light from `start` to `end` (seconds). A blink needs at least two whole periods to be one."""
    edges = [edge for edge in light.since(start) if edge.t <= end]
    if not edges:
        return Rhythm("steady" if light.level_at(end) else "off")
    on = [(later.t - edge.t) * 1000 for edge, later in pairwise(edges) if edge.level]
    off = [(later.t - edge.t) * 1000 for edge, later in pairwise(edges) if not edge.level]
    on_ms, off_ms = _mean(on), _mean(off)
    periods = _periods(edges)
    if len(periods) < 2 or max(periods) - min(periods) > RHYTHM_TOLERANCE_S:
        return Rhythm("irregular", on_ms, off_ms)
    frequency = round(len(periods) / sum(periods), 2)
    return Rhythm(f"{frequency:g} Hz", on_ms, off_ms, frequency)


def _periods(edges: Sequence[Edge]) -> list[float]:
    """From each edge to the next one of the same direction, in the direction of the first edge."""
    return [later.t - edge.t for edge, later in pairwise(edges[::2])]


def _mean(values: Sequence[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None


@dataclass(frozen=True)
class Burst:
    """Pulses that are heard as one signal. Only pulses that have ended are in it."""

    tones: tuple[Tone, ...]

    @property
    def start(self) -> float:
        """The instant of its first edge, in seconds."""
        return self.tones[0].start

    @property
    def pulses(self) -> int:
        return len(self.tones)

    @property
    def fundamental(self) -> float:
        """Of its first pulse, in Hz."""
        return self.tones[0].frequency

    @property
    def duty(self) -> float:
        """Of its first pulse, 0..1."""
        return self.tones[0].duty

    @property
    def pulse_ms(self) -> tuple[float, ...]:
        """How long each pulse sounds."""
        return tuple(round((tone.end - tone.start) * 1000, 3) for tone in self.tones if tone.end is not None)

    @property
    def gap_ms(self) -> tuple[float, ...]:
        """The silence between one pulse and the next."""
        return tuple(
            round((later.start - tone.end) * 1000, 3) for tone, later in pairwise(self.tones) if tone.end is not None
        )

    def __str__(self) -> str:
        return f"{self.pulses} pulses of {self.fundamental:.0f} Hz at {self.start:.3f} s"


def bursts(tones: Iterable[Tone]) -> list[Burst]:
    """Group tones into bursts. A tone that still sounds is left out until it has ended."""
    groups: list[list[Tone]] = []
    for tone in tones:
        if tone.end is None:
            continue
        last = groups[-1][-1].end if groups else None
        if last is not None and tone.start - last <= BURST_GAP_S:
            groups[-1].append(tone)
        else:
            groups.append([tone])
    return [Burst(tuple(group)) for group in groups]
