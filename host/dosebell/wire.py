"""Frames of docs/protocol.md: a request as bytes, an answer's line taken apart. No I/O."""

from __future__ import annotations

import json
import re
import secrets
from binascii import crc32
from typing import Any, NamedTuple

REQUEST_MAX = 1024
ANSWER_LINE_MAX = 256
CREDIT = b"+"
MORE, LAST = "+", "."
_LINE = re.compile(rb"([0-9a-z]{8})([0-9a-f]{2})([+.])([\x20-\x7e]{0,236})#([0-9a-f]{8})")


class AnswerLine(NamedTuple):
    """One checked line of an answer: the request's id, its number modulo 256, whether it is the last, its part of the answer."""

    id: str
    number: int
    last: bool
    chunk: str


def new_id() -> str:
    return secrets.token_hex(4)


def request(id: str, do: str, arguments: dict[str, Any]) -> bytes:
    """The line of a request, without the `\\n` that opens a conversation. ValueError when it is longer than the device takes."""
    text = json.dumps({"id": id, "do": do, **arguments}, separators=(",", ":")).encode("ascii")
    line = text + b"#%08x\n" % crc32(text)
    if len(line) > REQUEST_MAX:
        raise ValueError(f"request of {len(line)} bytes")
    return line


def answer_line(raw: bytes) -> AnswerLine | None:
    """The line without its `\\n`, or None when it is damaged or noise."""
    match = _LINE.fullmatch(raw)
    if match is None or crc32(raw[: -len(match[5]) - 1]) != int(match[5], 16):
        return None
    return AnswerLine(match[1].decode(), int(match[2], 16), match[3] == b".", match[4].decode())
