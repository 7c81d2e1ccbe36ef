"""What the tests of the device do before they look: a course that runs, a host that talks, an exact clock.

Scenes speak to the device by raw requests (docs/protocol.md) and hold PAUSE where a nurse would: a second of wall time
less than with the command, which has its own tests.
"""

from base64 import b64decode
from collections.abc import Callable, Iterable
from datetime import timedelta
from functools import partial
from itertools import count
from random import Random
from typing import Any

from dosebell.journal_reader import read_sector
from hil_tests.bench import Burst, EmulatedBench, Tone
from hil_tests.bench.interface import CONFIRM_S, MOMENT_S, from_wire, to_wire

# The boot, and what it still does in its first calm moments (erases, a collection).
BOOTED_S = 1.5
MINUTE = 60.0
# An effect may seem to come early by the grain of the device's milliseconds.
GRAIN_S = 0.003
# How soon an effect shows (S-01, A-05) and a press is confirmed (S-03).
IDLE_S, BUSY_S, PRESS_S = 0.020, 0.100, 0.100
# What the buzzer says, by its fundamental in Hz: calls, and the feedback of a press.
LOW_HZ, MEDIUM_HZ = 440, 660
TAKEN_HZ, OFFERED_HZ, REFUSED_HZ, NOT_RECORDED_HZ = 988, 784, 330, 311

# The device remembers the ids of what acted (H-03: never twice), so that no two requests here may share one.
_ids = count(0x5CE00001)


def ask(bench: EmulatedBench, do: str, **arguments: Any) -> Any:
    """A request with an id of its own, and its answer."""
    return bench.serial().ask(do, request_id=f"{next(_ids):08x}", **arguments)


def ask_log(bench: EmulatedBench, epoch: int, copy: int = 0, sectors: int = 1) -> str:
    """One or more sectors of the journal as the link says them, in base64."""
    ident = f"{next(_ids):08x}"
    return bench.serial().ask_text("log", request_id=ident, epoch=epoch, slot=0, copy=copy, sectors=sectors)


def status(bench: EmulatedBench) -> Any:
    return ask(bench, "status")


def alert(bench: EmulatedBench, condition: str) -> Any:
    """The alert of that condition as `status` tells it, or None."""
    return next((each for each in status(bench)["alerts"] if each["condition"] == condition), None)


def slot_and_phase(bench: EmulatedBench) -> tuple[int, str]:
    course = status(bench)["course"]
    return course["slot"], course["phase"]


def synchronise(bench: EmulatedBench, life_begins: float | None = None) -> None:
    """Set the device's clock so that its UTC is the bench's to a millisecond: what a perfect host would do.

    Its monotonic clock counts from `life_begins` (the last power-on): that is known here better than a host can know.
    """
    begun = bench.pico.begins_at if life_begins is None else life_begins
    clock = ask(bench, "clock-get")
    seconds, ms = clock["mono"]
    moment = bench.utc_at(begun) + timedelta(seconds=seconds, milliseconds=ms)
    answer = ask(bench, "clock-set", mono=clock["mono"], utc=to_wire(moment), bound_ms=1, boot=clock["boot"])
    assert answer.get("ok"), f"the device refused the time: {answer}"


def confirm(bench: EmulatedBench, do: str, **arguments: Any) -> str:
    """Ask for a change and hold PAUSE at the bed; what became of it (`confirmed`, or the refusal's code)."""
    ident = f"{next(_ids):08x}"
    answer = bench.serial().ask(do, request_id=ident, **arguments)
    assert answer.get("state") == "offered", answer
    bench.wait(0.2)
    bench.hold("pause", CONFIRM_S)
    bench.wait(0.1)
    outcome = ask(bench, "outcome", of=ident)
    return str(outcome.get("err") or outcome["state"])


def start_course(bench: EmulatedBench, due_in: float) -> float:
    """Start the configured course; the bench's instant, at a whole second, at which its first dose is due."""
    due = float(round(bench.now + due_in))
    answer = confirm(bench, "course-start", at=to_wire(bench.utc_at(due)), cycle=1, slot=1, last=None)
    assert answer == "confirmed", answer
    return due


def running(bench: EmulatedBench, due_in: float = 30.0) -> float:
    """Boot, set the clock, start the course of a configured board; the instant of its first due."""
    bench.wait(BOOTED_S)
    synchronise(bench)
    return start_course(bench, due_in)


def tap_at(bench: EmulatedBench, button: str, t: float, seconds: float = 0.15) -> None:
    """Press `button` at the instant `t`, whatever the bench does meanwhile."""
    bench.pico.at(t, lambda: bench.down(button))
    bench.pico.at(t + seconds, lambda: bench.up(button))


def lit(bench: EmulatedBench, light: str, since: float, level: bool = True) -> float:
    """The first instant at or after `since` (less the grain) at which the light goes on, or with False off."""
    found = [edge.t for edge in bench.light_edges(light, since - GRAIN_S) if edge.level is level]
    assert found, f"{light} has not gone {'on' if level else 'off'} since {since:.3f} s"
    return found[0]


def heard(bench: EmulatedBench, hertz: int, since: float) -> float:
    """The first instant at or after `since` (less the grain) at which a tone of that pitch begins."""
    found = [tone.start for tone in pitched(bench, hertz, since)]
    assert found, f"no {hertz} Hz since {since:.3f} s, only {bench.tones(since - GRAIN_S)}"
    return found[0]


def pitched(bench: EmulatedBench, hertz: int, since: float) -> list[Tone]:
    """The tones of that pitch since an instant (a divider does not hit a pitch exactly)."""
    return [tone for tone in bench.tones(since - GRAIN_S) if abs(tone.frequency - hertz) < 5]


def melody(tones: Iterable[Tone]) -> list[tuple[int, int]]:
    """Tones as the firmware writes a sound: (Hz, ms), silence between them as 0 Hz; to a Hertz and to 10 ms."""
    found: list[tuple[int, int]] = []
    last = None
    for tone in tones:
        assert tone.end is not None, "it sounds still"
        if last is not None:
            found.append((0, round((tone.start - last) * 100) * 10))
        found.append((round(tone.frequency), round((tone.end - tone.start) * 100) * 10))
        last = tone.end
    return found


def called(bench: EmulatedBench, hertz: int, since: float) -> list[Burst]:
    """The bursts of a call of that pitch: with a low call 440 Hz, with a medium one 660."""
    return [burst for burst in bench.bursts(since - GRAIN_S) if abs(burst.fundamental - hertz) < 5]


def _copy(bench: EmulatedBench, epoch: int, copy: int) -> bytes:
    return b64decode(ask_log(bench, epoch, copy))


def stored(bench: EmulatedBench) -> list[Any]:
    """Every event of the newest two sectors, read through the port as the host command reads them."""
    oldest, newest = ask(bench, "log-info")["epochs"]
    found: list[Any] = []
    for epoch in range(max(oldest, newest - 1), newest + 1):
        sector = read_sector(epoch, _copy(bench, epoch, 0), partial(_copy, bench, epoch, 1))
        found += [each.event for each in sector.events]
    return found


def kinds(bench: EmulatedBench, *wanted: str) -> list[Any]:
    """The stored events of these kinds."""
    return [event for event in stored(bench) if event is not None and event.kind in wanted]


def utc_of(instant: Any) -> Any:
    """UTC of an instant of an answer, or None."""
    return None if instant is None else from_wire(instant)


Traffic = Callable[[EmulatedBench, float], None]
"""traffic(bench, t): keeps the device busy until the instant `t`."""


def idle(bench: EmulatedBench, t: float) -> None:
    """Nobody talks to the device."""
    bench.wait_until(t)


class LogPull:
    """A host that reads the journal, sector after sector, as fast as it is answered. `moved`: characters it has got."""

    def __init__(self) -> None:
        self.moved = 0
        self._epoch = 0

    def __call__(self, bench: EmulatedBench, t: float) -> None:
        oldest, newest = ask(bench, "log-info")["epochs"]
        while bench.now < t:
            self._epoch = self._epoch + 1 if oldest <= self._epoch < newest - 1 else oldest
            self.moved += len(ask_log(bench, self._epoch))


class Noise:
    """Random bytes, never less than a few hundred of them waiting. `sent`: how many it has been."""

    QUEUE = 1024

    def __init__(self, seed: int = 7) -> None:
        self._random = Random(seed)
        self.sent = 0

    def _top_up(self, bench: EmulatedBench) -> None:
        missing = self.QUEUE - bench.pico.usb.unsent
        if missing > 0:
            bench.send_noise(self._random.randbytes(missing))
            self.sent += missing

    def __call__(self, bench: EmulatedBench, t: float) -> None:
        while t - bench.now > MOMENT_S:
            self._top_up(bench)
            bench.wait(min(0.005, t - bench.now))

    def until_sent(self, bench: EmulatedBench, size: int) -> None:
        """Noise until so many more bytes have been sent."""
        end = self.sent + size
        while self.sent < end:
            self._top_up(bench)
            bench.wait(0.005)
