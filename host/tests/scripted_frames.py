"""The device's side of the frames of docs/protocol.md, written from that document alone and as plainly as can be, for the scripted device."""

from __future__ import annotations

import base64
import json
from binascii import crc32
from collections.abc import Iterator
from typing import Any

REQUEST_MAX = 1024
RAW_CHUNK = 177
TEXT_CHUNK = 236


class Lines:
    """Takes bytes as they come; gives a request as a dict, and each credit as None."""

    def __init__(self) -> None:
        self._line = b""

    def take(self, data: bytes) -> Iterator[dict[str, Any] | None]:
        for byte in data:
            if byte == 0x2B and not self._line:
                yield None
            elif byte != 0x0A:
                self._line += bytes((byte,))
            else:
                line, self._line = self._line, b""
                request = checked(line)
                if request is not None:
                    yield request


def checked(line: bytes) -> dict[str, Any] | None:
    """The request in a line without its newline, or None: noise."""
    text, sign, crc = line.rpartition(b"#")
    if len(line) >= REQUEST_MAX or not sign or not text.startswith(b"{") or crc != b"%08x" % crc32(text):
        return None
    if any(not 0x20 <= byte <= 0x7E for byte in line):
        return None
    request: dict[str, Any] = json.loads(text)
    return request


def answer(id: str, body: Any) -> list[bytes]:
    """The lines of an answer: bytes go out in base64, anything else as JSON."""
    if isinstance(body, bytes):
        parts = [base64.b64encode(body[at : at + RAW_CHUNK]) for at in range(0, len(body), RAW_CHUNK)]
    else:
        text = json.dumps(body).encode()
        parts = [text[at : at + TEXT_CHUNK] for at in range(0, len(text), TEXT_CHUNK)]
    parts = parts or [b""]
    heads = [
        b"%s%02x%s" % (id.encode(), number % 256, b"." if number == len(parts) - 1 else b"+")
        for number in range(len(parts))
    ]
    lines = [head + part for head, part in zip(heads, parts, strict=True)]
    return [line + b"#%08x\n" % crc32(line) for line in lines]
