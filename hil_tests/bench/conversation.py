"""Talking to the device directly, without the host command: requests and answers of docs/protocol.md."""

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from dosebell.wire import CREDIT, AnswerLine, answer_line, request

# Wakes no answer by itself; ends whatever noise stands on the line.
END_OF_NOISE = b"\n"


class NoAnswer(Exception):
    """The device did not answer in time."""


class Conversation(ABC):
    """An open serial port of the device, until it is unplugged or loses its power. Seconds are those of the bench's clock.

    `ids`: numbers for requests. All conversations of a bench share them: the device takes an old id for a repetition.
    """

    def __init__(self, ids: Iterator[int]) -> None:
        self._ids = ids

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Write bytes to the port; takes no time to speak of."""

    @abstractmethod
    def read_line(self, timeout: float) -> bytes:
        """The next line that the device says, with its `\\n`; what there is of it after `timeout` seconds."""

    def exchange(self, line: bytes, timeout: float = 1.0) -> bytes:
        """Send one line as it is and return the first line of the answer; empty if there was none."""
        self.send(line)
        return self.read_line(timeout)

    def ask(self, do: str, *, timeout: float = 1.0, request_id: str | None = None, **arguments: Any) -> Any:
        """Make a request and return its answer, taken out of JSON; a refusal is returned like any answer (`err`).

        `request_id`: to repeat a request with its old id. `timeout`: for each line. NoAnswer if a line does not come.
        """
        return json.loads(self.ask_text(do, timeout=timeout, request_id=request_id, **arguments))

    def ask_text(self, do: str, *, timeout: float = 1.0, request_id: str | None = None, **arguments: Any) -> str:
        """Like `ask`, for an answer that is not JSON (`log`): the chunks of its lines, joined."""
        chosen = request_id or f"{next(self._ids):08x}"
        said = self.exchange(END_OF_NOISE + request(chosen, do, arguments), timeout)
        chunks: list[str] = []
        while True:
            line = self._line_of(said, chosen, len(chunks), do)
            chunks.append(line.chunk)
            if line.last:
                return "".join(chunks)
            said = self.exchange(CREDIT, timeout)

    @staticmethod
    def _line_of(said: bytes, request_id: str, number: int, do: str) -> AnswerLine:
        line = answer_line(said.removesuffix(b"\n"))
        if line is None:
            raise NoAnswer(f"{do}: line {number} of the answer was {said!r}")
        if (line.id, line.number) != (request_id, number % 256):
            raise NoAnswer(f"{do}: expected line {number} of {request_id}, heard {said!r}")
        return line
