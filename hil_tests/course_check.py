"""A course on a board, side by side with its independent calculation.

A `Story` is what a nurse and a host do at which moment. `SideBySide` plays it on the bench through buttons and port, and on the model of host/tests/model,
which knows the specification and nothing of the firmware; whatever the board says, shows, sounds and logs is compared with what was calculated.

Story time is milliseconds since the clock was set, a whole millisecond of the device's counter; UTC is `UTC0` then. A press comes half a millisecond after a
whole one: its stamp is then the calculated one exactly, whatever the microseconds that the interrupt takes. So no instant needs a tolerance, but those of
light and sound, which may come 20 ms after theirs (S-01).
"""

import base64
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import groupby
from typing import Any, NamedTuple

from dosebell.journal_reader import Place, follow, read_sector
from dosebell.sim import Tone
from dosecore.events import Event
from hil_tests.bench import EmulatedBench
from hil_tests.bench.conversation import Conversation
from hil_tests.bench.interface import WIRE_EPOCH
from tests.model.calls import sounded
from tests.model.compare import UNSPOKEN, from_core, from_model
from tests.model.device import Model
from tests.model.schedule import TECHNICAL
from tests.model.scripts import INSTANTS, MINUTE, PRESS_MS, SECOND, UTC0, Script

BOOTED_S = 2.0
LATE_MOST_S = 0.020  # S-01, A-05: an effect after its instant
HALF_A_MS = 0.0005
LOOK_MS = 1000  # a look asks for the status, which takes time
ASKED_MS = 50  # from the question to the answer
# RP2040 data sheet 4.6.5: the raw 64-bit count of microseconds, and the registers that set it.
TIMER_RAW_HIGH, TIMER_RAW_LOW = 0x40054024, 0x40054028
TIMER_SET_HIGH, TIMER_SET_LOW = 0x40054000, 0x40054004
WRAP_MS = 1 << 30  # MicroPython's ticks_ms
# A pulse of a call lasts 150 ms, feedback 60 ms (A-02: 125 to 250 ms by the standard it is patterned after).
CALL_PULSE_S = 0.120
JOINED_S = 0.002
# Of a burst, by its pitch: its priority, and how many pulses it has; they begin 0.35 s apart.
BURSTS = {660: ("medium", 3), 440: ("low", 2)}
PULSE_EVERY_S = 0.35
# Two periods of 0.5 Hz wherever they begin, and the 20 ms by which each edge may be late.
LOOKED_S = 5.04
PHASES = ("due", "late", "overdue", "on-hold", "interrupted")
COUNTED = ("missed-doses", "doses-not-observed")


class Story(Script):
    """A script in which a tester also looks at the device. armed: the course is started at the bed, not by the host."""

    def __init__(self, name: str, regimen: dict[str, Any], armed: bool = False) -> None:
        super().__init__(name, regimen, armed)
        if armed:
            # Started at the bed: slot 1 is due at the moment at which START was held for 3 s.
            self.wait(5 * MINUTE).hold_down("start", 3 * SECOND + PRESS_MS)
        else:
            # It starts at the moment at which PAUSE was held for 2 s.
            self.change("course-start", at=None)
        self.first_due: int = self.t - PRESS_MS

    def at(self, t: int) -> "Story":
        super().at(t)
        return self

    def look(self) -> "Story":
        """Status, lights and counts are compared here. Nothing should have changed in the last five seconds, or a light has no rhythm."""
        self._step("look")
        self.wait(LOOK_MS).until(self.t)
        return self


class Call(NamedTuple):
    """A burst that calls: its instant in seconds on the bench's clock, and its priority."""

    start: float
    priority: str


def timer_us(bench: EmulatedBench) -> int:
    """The chip's own clock, as its raw registers show it."""
    return bench.pico.mem32(TIMER_RAW_HIGH) << 32 | bench.pico.mem32(TIMER_RAW_LOW)


def set_timer(bench: EmulatedBench, us: int) -> None:
    """Sets the chip's clock to `us`, as soon after power-on as it runs: the start-up code resets it first."""
    assert bench.pico.run_until(lambda: timer_us(bench) > 0, BOOTED_S, 0.00001)
    bench.pico.mcu.write_uint32(TIMER_SET_LOW, us & 0xFFFFFFFF)
    bench.pico.mcu.write_uint32(TIMER_SET_HIGH, us >> 32)


class SideBySide:
    """The board and the model. `to`, `down`, `up`, `offer`, `look` are what `tests.model.scripts.play` plays."""

    def __init__(self, bench: EmulatedBench) -> None:
        self.bench = bench
        bench.wait_until(max(bench.now, BOOTED_S))
        self.port: Conversation = bench.serial()
        self.model = Model(error=UTC0)
        self.looks = 0
        self.heard_from = bench.now
        clock = self.port.ask("clock-get")
        self._boot = clock["boot"]
        # Story time 0: the next whole second of the device's counter; where that is on the bench's clock.
        self.mono_0 = (clock["mono"][0] + 1) * 1000
        self._begin: float = bench.now + (self.mono_0 * 1000 - timer_us(bench)) / 1e6
        bench.utc_begin = WIRE_EPOCH + timedelta(milliseconds=UTC0, seconds=-self._begin)
        answer = self.port.ask(
            "clock-set", mono=[self.mono_0 // 1000 - 1, 0], utc=on_wire(UTC0 - 1000), bound_ms=1, boot=clock["boot"]
        )
        assert answer["ok"], answer

    def instant(self, t: int) -> float:
        """Where the story's moment `t` is on the bench's clock."""
        return self._begin + t / 1000

    # -- what a story is made of
    def to(self, t: int) -> None:
        assert self.bench.now <= self.instant(t) + 2 * HALF_A_MS, f"the bench is late for the story's {t} ms"
        self.bench.wait_until(self.instant(t) + HALF_A_MS)
        self.model.to(t)

    def down(self, button: str) -> None:
        self.bench.down(button)
        self.model.down(button)

    def up(self, button: str) -> None:
        self.bench.up(button)
        self.model.up(button)

    def offer(self, name: str, arguments: dict[str, Any]) -> None:
        """A change from the host: taken up as offered, or refused as busy, by both."""
        told = {key: on_wire(value) if key in INSTANTS else value for key, value in arguments.items()}
        answer = self.port.ask(name, **told)
        expected = "offered" if self.model.offer_change(name, **arguments) else "busy"
        assert answer.get("state", answer.get("err")) == expected, (name, answer)

    def look(self) -> None:
        """What can be seen and asked at this moment is as calculated."""
        self.looks += 1
        moment = f"at {self.model.t} ms, look {self.looks}"
        expected = Seen(self.model)
        # Lights first: asking takes milliseconds.
        shown = {light: self.bench.rhythm(light, LOOKED_S).kind for light in ("red", "yellow", "green")}
        _same("lights " + moment, shown, expected.lights())
        status = self.port.ask("status")
        _same("course " + moment, {key: status["course"][key] for key in expected.course}, expected.course)
        infusion = status["course"]["infusion"]
        got = infusion and (infusion["started"], infusion["remaining_s"])
        _same("infusion " + moment, got, expected.later if got == expected.later else expected.infusion)
        _same("alerts " + moment, sorted(map(_alert, status["alerts"]), key=repr), expected.alerts())

    # -- in the end
    def check_log(self) -> list[Event]:
        """The log as the device gives it is the calculated one, event by event. Returns it."""
        log = read_log(self.port)
        first = next(place for place, event in enumerate(log) if event.kind == "audio-paused")
        told = [event for event in log[first:] if event.kind not in UNSPOKEN and not of_new_board(event)]
        got, expected = _ordered(map(from_core, told)), _ordered(map(from_model, self.model.notes))
        for place, (one, other) in enumerate(zip(got, expected, strict=False)):
            assert one == other, (
                f"event {place}: logged {one}, calculated {other}; before it {expected[max(0, place - 3) : place]}"
            )
        assert len(got) == len(expected), (got[len(expected) :], expected[len(got) :])
        for event in log[first:]:
            assert event.quality == "synced"
            assert to_ms(event.utc) - to_ms(event.mono) == UTC0 - self.mono_0, event
        # A new board says that its journal is blank until it is configured (decision 32).
        assert [event.kind for event in log if of_new_board(event)] == ["alert-raised", "alert-cleared"]
        return log

    def check_calls(self) -> list[Call]:
        """Every burst came, none too many, each within 20 ms of its calculated instant. Returns them."""
        begin = next(note.t for note in self.model.notes if note.kind == "configured")
        heard = [call for call in calls(self.bench.tones(self.heard_from)) if call.start >= self.instant(begin)]
        expected = [Call(self.instant(t), priority) for t, priority in sounded(self.model.bursts) if t >= begin]
        for place, (one, other) in enumerate(zip(heard, expected, strict=False)):
            near = one.priority == other.priority and 0 <= one.start - other.start <= LATE_MOST_S
            assert near, (
                f"burst {place}: heard {one}, calculated {other}, before it {expected[max(0, place - 3) : place]}"
            )
        assert len(heard) == len(expected), (heard[len(expected) :], expected[len(heard) :])
        return heard

    def counts(self) -> list[list[int]]:
        """given, partial, held, missed, unknown of each cycle, as calculated; `look` holds the device against it."""
        return [list(cycle.counts().values()) for cycle in self.model.course.cycles]


class Seen:
    """What the model says can be seen now, in the words of `status` (section 9) and of A-01."""

    def __init__(self, model: Any) -> None:
        self._model = model
        course, view = model.course, model.view()
        coming = course.movable(model.t)
        remaining = view.pop("remaining_s")
        self.course = view | {
            "due": on_wire(view["due"]),
            "not_before": on_wire(view["not_before"]),
            "next_due": coming and on_wire(course.cycle.due(coming.slot)),
        }
        # Now, and when the answer is made: a second may end in between.
        self.infusion = self.later = None
        if remaining is not None:
            start = on_wire(course.oldest().start_utc)
            self.infusion, self.later = (start, remaining), (start, model.view(ASKED_MS)["remaining_s"])

    def alerts(self) -> list[tuple[Any, ...]]:
        """Condition, priority, since and audio of all that stands; the slot of a phase, the number of what is counted."""
        found = []
        for condition, priority, since, _cycle, slot, count, audio in self._model.alerts():
            more = (slot,) if condition in PHASES else (count,) if condition in COUNTED else ()
            found.append((condition, priority, on_wire(self._model.course.utc(since)), audio, *more))
        return sorted(found, key=repr)

    def lights(self) -> dict[str, str]:
        """The rhythms of A-01, with no offer standing."""
        priorities = {alert[1] for alert in self._model.alerts()}
        red = "steady" if any(alert[0] in TECHNICAL for alert in self._model.alerts()) else "off"
        yellow = "0.5 Hz" if "medium" in priorities else "steady" if priorities else "off"
        well = "steady" if self._model.course.state == "running" and not priorities & {"medium", "low"} else "off"
        return {"red": red, "yellow": yellow, "green": "1 Hz" if self._model.course.infusing() else well}


def read_log(port: Conversation) -> list[Event]:
    """The whole log by `log` requests and the host's reader. AssertionError if anything of it is damaged, missing or out of order."""
    info = port.ask("log-info")
    place, log = Place(), []
    for epoch in range(info["epochs"][0], info["epochs"][1] + 1):
        sector = read_sector(epoch, sector_bytes(port, epoch, 0), second_copy(port, epoch))
        assert not follow(sector, place) and not sector.second and not sector.damaged, f"sector {epoch}: {sector}"
        log += [stored.event for stored in sector.events if stored.event is not None]
    assert [event.seq for event in log] == list(range(info["first"], info["last"] + 1))
    return log


def sector_bytes(port: Conversation, epoch: int, copy: int) -> bytes:
    return base64.b64decode(port.ask_text("log", epoch=epoch, slot=0, copy=copy))


def second_copy(port: Conversation, epoch: int) -> Callable[[], bytes]:
    return lambda: sector_bytes(port, epoch, 1)


def calls(tones: Iterable[Tone]) -> list[Call]:
    """The bursts that call, from all that sounds; the pulses of feedback are shorter and left out.

    Feedback may sound over a pulse, which goes on after it: together they are one pulse. What sounds undisturbed is as A-02 wants it. One burst may follow
    another at once: it begins where the pitch changes, or the one before it is complete.
    """
    pulses: list[list[Tone]] = []
    for tone in tones:
        if tone.end is None:
            continue
        if tone.end - tone.start >= CALL_PULSE_S:
            assert 300 <= tone.frequency <= 1000 and 0.12 <= tone.duty <= 0.20 and tone.end - tone.start <= 0.250, tone
        if pulses and tone.start - (pulses[-1][-1].end or 0.0) < JOINED_S:
            pulses[-1].append(tone)
        else:
            pulses.append([tone])
    bursts: list[tuple[int, list[float]]] = []
    for pulse in pulses:
        begin, end = pulse[0].start, pulse[-1].end or 0.0
        if end - begin < CALL_PULSE_S:
            continue
        pitch = next(hertz for hertz in BURSTS for tone in pulse if abs(tone.frequency - hertz) < 5)
        last, begins = bursts[-1] if bursts else (0, [])
        if pitch == last and len(begins) < BURSTS[pitch][1] and begin - begins[-1] < 1.5 * PULSE_EVERY_S:
            begins.append(begin)
        else:
            bursts.append((pitch, [begin]))
    return [_call(pitch, begins) for pitch, begins in bursts]


def _call(pitch: int, begins: list[float]) -> Call:
    priority, pulses = BURSTS[pitch]
    return Call(begins[0], priority if len(begins) == pulses else f"{len(begins)} pulses of {pitch} Hz")


def _ordered(happenings: Iterable[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Alerts of one kind at one instant have no order among themselves."""
    ordered: list[tuple[Any, ...]] = []
    for (kind, _utc), group in groupby(happenings, key=lambda one: one[:2]):
        together = list(group)
        ordered += sorted(together) if kind.startswith("alert-") else together
    return ordered


def _same(what: str, got: Any, expected: Any) -> None:
    assert got == expected, f"{what}:\n shown:      {got}\n calculated: {expected}"


def of_new_board(event: Event) -> bool:
    return event.detail.get("condition") == "journal-fault"


def _alert(alert: dict[str, Any]) -> tuple[Any, ...]:
    condition = alert["condition"]
    more = (alert["slot"],) if condition in PHASES else (alert["count"],) if condition in COUNTED else ()
    return (condition, alert["priority"], alert["since"], alert["audio"], *more)


def to_ms(instant: Any) -> int:
    return int(instant[0]) * 1000 + int(instant[1])


def on_wire(ms: Any) -> Any:
    """Milliseconds as the link writes an instant; None stays None."""
    return None if ms is None else [ms // 1000, ms % 1000]
