"""The engineer of `dosebell provision`: at the keyboard, or with answers that were given beforehand. No answer is ever made up."""

from __future__ import annotations

import sys
import time

import click

from dosebell.cli.output import message
from dosebell.errors import DosebellError
from dosebell.provisioning.steps import QUESTIONS, Question

_WORDS = {"y": "yes", "n": "no", "a": "again"}
_AGAIN = "again"


def words_of(question: Question) -> tuple[str, ...]:
    """The answers that a question takes, but "again"."""
    return ("yes", "no", *(word for word in question.answers if word != "yes"))


def parsed(text: str) -> dict[str, str]:
    """--answers as a dict. Errors: usage, for a test or an answer that there is not, or one that stands twice."""
    known = {question.test: words_of(question) for question in QUESTIONS}
    found: dict[str, str] = {}
    for pair in text.split(","):
        test, _, answer = (part.strip() for part in pair.partition("="))
        if test not in known or answer not in known[test] or test in found:
            tests = "; ".join(f"{name}={'|'.join(words)}" for name, words in known.items())
            raise DosebellError(
                "usage",
                detail=f"--answers: {pair.strip()!r} is none of {tests}, or stands twice.",
                command="dosebell provision run",
            )
        found[test] = answer
    return found


class Beforehand:
    """Answers that came with the command. What is played is played to its end: somebody watches it."""

    def __init__(self, answers: dict[str, str]) -> None:
        self._answers = answers

    def told(self, text: str) -> None:
        message(text)

    def watching(self, seconds: float) -> None:
        time.sleep(seconds)

    def answer(self, question: Question) -> str | None:
        answer = self._answers.get(question.test)
        message(f"{question.text} {answer or '(not answered)'}")
        return answer


class OnStdin:
    """Asks on stderr and reads a line of stdin: the question stands while the device plays."""

    def told(self, text: str) -> None:
        message(text)

    def watching(self, seconds: float) -> None:
        """Nothing: whoever answers has watched."""

    def answer(self, question: Question) -> str | None:
        words = (*words_of(question), *((_AGAIN,) if question.play else ()))
        while True:
            click.echo(f"{question.text} [{'/'.join(words)}] ", err=True, nl=False)
            line = sys.stdin.readline()
            if not line:
                message("(not answered)")
                return None
            word = line.strip().lower()
            word = _WORDS.get(word, word)
            if word in words:
                return word
