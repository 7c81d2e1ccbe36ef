"""What a board goes through before it may go to a bed, one test after the other. The device does, the engineer watches, listens and presses.

A new board calls until it has a configuration, and plays no test while it calls: so clock and configuration come first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from dosebell import clock_sync
from dosebell.client import Client
from dosebell.code_check import check_code
from dosebell.errors import DosebellError
from dosebell.journal_reader import read_sector

PRESS_S = 30.0  # how long a press is waited for
POLL_S = 0.25
FEEDBACK_S = 1.0  # the sounds that answer PAUSE are over by then, and taken for no call
IN_COURSE = ("running", "resting")
# Silent, and lit as long as it is asked for: what the device shows while it waits for a press.
_WAITING = "pre-dose-check"


@dataclass(frozen=True)
class Question:
    """What the engineer answers. `test`: its name in the record. `play`: what the device plays before, None for nothing. `answers`: those that pass."""

    test: str
    play: str | None
    text: str
    answers: tuple[str, ...] = ("yes",)


# Told apart lamp by lamp: no two of these light the same ones.
LIGHTS_AND_SOUNDS = (
    Question("yellow", "low", "Was the yellow light lit, steady, and no other?"),
    Question("low-call", None, "Did you hear two pulses of one pitch?"),
    Question("red", "clock-lost", "Was the red light lit, steady, while yellow blinked slowly?"),
    Question("medium-call", None, "Did you hear three pulses, of a higher pitch?"),
    Question("green", "pre-dose-check", "Were the green and the yellow light lit, steady, and not the red one?"),
)
DISPLAY = Question(
    "display", None, "Does the display show clear words? (none: this device has no display)", ("yes", "none")
)
QUESTIONS = (*LIGHTS_AND_SOUNDS, DISPLAY)
BUTTONS = ("start", "hold", "pause")
# What the journal says of a press while no course runs; HOLD leaves nothing there.
_PRESSED = {"start-refused": "start", "audio-paused": "pause"}


class Engineer(Protocol):
    """Whoever stands before the device."""

    def told(self, text: str) -> None:
        """What is about to happen, or wanted."""

    def answer(self, question: Question) -> str | None:
        """The answer in one word, "again" to have it played once more, None if there is none."""

    def watching(self, seconds: float) -> None:
        """The device plays something for so long."""


@dataclass(frozen=True)
class Result:
    """One test. `by`: who found it: "device", "engineer" or "host". `detail`: the answer, or what was found."""

    test: str
    passed: bool
    by: str
    detail: str


@dataclass
class Provisioning:
    """One board's way through all of it; `results` and `found` hold what is known so far, also after an error."""

    client: Client
    engineer: Engineer
    results: list[Result] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def failed(self) -> list[str]:
        return [result.test for result in self.results if not result.passed]

    def run(self, regimen: dict[str, Any], label: str, confirmed: Callable[..., object]) -> None:
        """All of it. `confirmed`: offers a change and waits for it, as `session.change` does. Errors: course-running, expired, those of `Client.ask`."""
        state = self.client.ask("status")["course"]["state"]
        if state in IN_COURSE:
            raise DosebellError("course-running", by_device=True)
        self._code()
        self._clock()
        self.engineer.told(f"The device is given the regimen {regimen['name']} and the label {label}.")
        confirmed(self.client, "configure", regimen=regimen, label=label, armed=False)
        self.results.append(Result("configured", True, "device", "confirmed with PAUSE at the board"))
        time.sleep(FEEDBACK_S)
        for question in LIGHTS_AND_SOUNDS:
            self._ask(question)
        for button in BUTTONS:
            self._button(button)
        self._self_test()  # it lights and sounds too: not while something else is judged
        self._ask(DISPLAY)
        self._at_the_end()

    # -- by host and device

    def _code(self) -> None:
        check = check_code(self.client)
        self.found["code"] = {"ok": check.ok, "computed": check.computed_hash}
        self.results.append(Result("code", check.ok, "host", check.words() or "as built"))

    def _clock(self) -> None:
        done = clock_sync.sync(self.client)
        self.results.append(Result("clock", True, "host", f"set, sure to {done.bound_ms} ms"))

    def _self_test(self) -> None:
        faults = self.client.ask("self-test")["faults"]
        self.results.append(Result("self-test", not faults, "device", ", ".join(faults) or "no faults"))

    def _at_the_end(self) -> None:
        status = self.client.ask("status")
        self.found["clock_battery"] = status["clock"]["battery"]
        standing = [alert["condition"] for alert in status["alerts"]]
        self.results.append(Result("no-alert", not standing, "device", ", ".join(standing) or "nothing stands"))

    # -- by the engineer

    def _ask(self, question: Question) -> None:
        while True:
            if question.play is not None:
                try:
                    played = self.client.ask("alert-test", play=question.play, goes_on=False)
                except DosebellError as err:
                    if err.code != "calling":
                        raise
                    self.results.append(Result(question.test, False, "device", "not played: something stands"))
                    return
                self.engineer.watching(played["ms"] / 1000)
            answer = self.engineer.answer(question)
            if answer != "again":
                break
        passed = answer in question.answers
        self.results.append(Result(question.test, passed, "engineer", answer or "unanswered"))

    def _button(self, button: str) -> None:
        last = self.client.ask("log-info")["last"]
        self.engineer.told(f"Press {button.upper()}, once and shortly.")
        try:
            pressed = self._any_press()
        except DosebellError as err:
            if err.code != "calling":
                raise
            self.results.append(Result(f"button-{button}", False, "device", "not tried: something stands"))
            return
        named = self._pressed_since(last) if pressed else None
        detail = "not pressed" if not pressed else "pressed" if named == button else f"{named} was pressed"
        self.results.append(Result(f"button-{button}", named == button, "device", detail))

    def _any_press(self) -> bool:
        """Whether a button is pressed within PRESS_S: any press ends what the device plays."""
        self.client.ask("alert-test", play=_WAITING, goes_on=False)
        end = time.monotonic() + PRESS_S
        while time.monotonic() < end:
            time.sleep(POLL_S)
            try:
                self.client.ask("alert-test", play=_WAITING, goes_on=True)
            except DosebellError as err:
                if err.code != "cut-short":
                    raise
                return True
        self.client.ask("alert-test", play=None, goes_on=True)
        return False

    def _pressed_since(self, last: int) -> str:
        """Which button: START and PAUSE leave an event after `last`, HOLD none."""
        epoch = self.client.ask("log-info")["epochs"][1]
        for each in (epoch - 1, epoch):
            kinds = [
                stored.event.kind for stored in self._sector(each) if stored.seq > last and stored.event is not None
            ]
            for kind in kinds:
                if kind in _PRESSED:
                    return _PRESSED[kind]
        return "hold"

    def _sector(self, epoch: int) -> list[Any]:
        if epoch < 1:
            return []
        first = self.client.ask_raw("log", epoch=epoch, slot=0, copy=0)
        return list(read_sector(epoch, first, lambda: self.client.ask_raw("log", epoch=epoch, slot=0, copy=1)).events)
