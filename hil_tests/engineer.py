"""A biomedical engineer at the bench: presses what a command asks for, and answers truthfully what the bench's eyes and ears have found."""

import re

from dosebell.cli.session import CONFIRM
from dosebell.provisioning.steps import QUESTIONS, Question
from hil_tests.bench import EmulatedBench
from hil_tests.bench.attended import AttendedCommand
from hil_tests.bench.interface import CONFIRM_S

# How long what is played is watched: it lasts 4 s, and two pulses or three are over long before.
WATCH_S = 3.6
# A question comes this soon after what is played has begun.
PROMPT_S = 0.2
# How long the sound that answers a press may last.
FEEDBACK_S = 1.0
LIGHTS = ("red", "yellow", "green")
STEADY, OFF = "steady", "off"
# What each light must be for a "yes"; None: neither steady nor off, which is a blink too slow to be measured in 4 s.
SEEN: dict[str, dict[str, str | None]] = {
    "yellow": {"red": OFF, "yellow": STEADY, "green": OFF},
    "red": {"red": STEADY, "yellow": None, "green": OFF},
    "green": {"red": OFF, "yellow": STEADY, "green": STEADY},
}
# Pulses of the burst, and from which pitch to which.
HEARD = {"low-call": (2, 400, 500), "medium-call": (3, 600, 700)}
_WORDS = re.compile(
    "|".join([re.escape(CONFIRM), r"Press (?P<button>START|HOLD|PAUSE)", *(re.escape(each.text) for each in QUESTIONS)])
)


class Engineer:
    """Attends one command after the other. `answers`: what was answered, by test."""

    def __init__(self, bench: EmulatedBench) -> None:
        self._bench = bench
        self._read = 0
        self._began = 0.0
        self.answers: dict[str, str] = {}

    def begin(self) -> None:
        """Before a command is attended: none of its words have been read."""
        self._read = 0

    def look(self, command: AttendedCommand) -> None:
        """Do what the newest words of the command ask for."""
        words = _WORDS.search(command.said(), self._read)
        if words is None:
            return
        self._read = words.end()
        if words[0] == CONFIRM:
            self._bench.wait(0.5)
            self._bench.hold("pause", CONFIRM_S)
            self._bench.wait(FEEDBACK_S)
        elif words["button"]:
            self._bench.wait(0.5)
            self._bench.press(words["button"].lower())
        else:
            (question,) = (each for each in QUESTIONS if each.text == words[0])
            self.answers[question.test] = self._answer(question)
            command.type(self.answers[question.test])

    def _answer(self, question: Question) -> str:
        bench = self._bench
        if question.play is not None:
            self._began = bench.now - PROMPT_S
            bench.wait(WATCH_S)
        if question.test == "display":
            return (
                "none" if not bench.has_display else "yes" if any("#" in row for row in bench.display.rows()) else "no"
            )
        if question.test in HEARD:
            pulses, low, high = HEARD[question.test]
            found = [(burst.pulses, low < burst.fundamental < high) for burst in bench.bursts(self._began)]
            return "yes" if found == [(pulses, True)] else "no"
        seen = {light: bench.rhythm(light, WATCH_S - 0.6).kind for light in LIGHTS}
        right = {
            light: seen[light] == wanted if wanted else seen[light] not in (STEADY, OFF)
            for light, wanted in SEEN[question.test].items()
        }
        return "yes" if all(right.values()) else "no"
