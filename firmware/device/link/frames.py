"""Lines of the link: a receiver that noise cannot harm, and an answer cut into lines. Pure; docs/protocol.md is the specification."""

import json
from binascii import b2a_base64, crc32

LINE_MAX = 1024  # of a request, its "\n" included
_BRACE, _HASH, _NEWLINE, _PLUS = 0x7B, 0x23, 0x0A, 0x2B

NOTHING, LINE, CREDIT = 0, 1, 2


class Receiver:
    """Collects a line byte by byte. A byte that is neither printable nor a newline, or one too many, discards the line up to its end."""

    def __init__(self):
        self._line = bytearray(LINE_MAX)
        self._view = memoryview(self._line)
        self._length = 0
        self._discard = False

    def feed(self, byte):
        """NOTHING, CREDIT (a "+" where a line would begin), or LINE: `request` can be asked now, before the next byte."""
        if 0x20 <= byte <= 0x7E:
            length = self._length
            if self._discard:
                return NOTHING
            if length == 0 and byte != _BRACE:
                if byte == _PLUS:
                    return CREDIT
                self._discard = True
                return NOTHING
            if length < LINE_MAX - 1:
                self._line[length] = byte
                self._length = length + 1
            else:
                self._discard = True
            return NOTHING
        if byte != _NEWLINE:
            self._discard = True
            return NOTHING
        if self._discard or self._length == 0:
            self._discard = False
            self._length = 0
            return NOTHING
        return LINE

    def request(self):
        """The checked request as a dict with a good `id` and `do`, or None: noise. Makes room for the next line."""
        length = self._length
        self._length = 0
        end = length - 9
        if end < 2 or self._line[end] != _HASH:
            return None
        if b"%08x" % (crc32(self._view[:end]) & 0xFFFFFFFF) != self._view[end + 1 : length]:
            return None
        try:
            request = json.loads(str(self._view[:end], "ascii"))
        except ValueError:
            return None
        if not isinstance(request, dict) or not isinstance(request.get("do"), str) or not _is_id(request.get("id")):
            return None
        return request


def _is_id(word):
    return isinstance(word, str) and len(word) == 8 and all("0" <= c <= "9" or "a" <= c <= "z" for c in word)


CHUNK = 232  # characters; with id, number, mark, "#", CRC and "\n" a line is 253 bytes of the 256 that may be outstanding
RAW_CHUNK = 174  # bytes that make so many characters of base64


class Answer:
    """What is being answered, line after line, in one buffer."""

    def __init__(self):
        self.buffer = memoryview(bytearray(11 + CHUNK + 10))
        self._body = None
        self._raw = False
        self._at = 0
        self._number = 0

    @property
    def waiting(self):
        """A further line waits for its credit."""
        return self._body is not None

    def begin(self, ident, body, raw):
        """ident: the request's id. body: JSON text as bytes, or with `raw` any bytes, sent as base64."""
        self.buffer[:8] = ident.encode()
        self._body = body
        self._raw = raw
        self._at = 0
        self._number = 0

    def cancel(self):
        self._body = None

    def next_line(self):
        """Puts the next line into `buffer`; returns its length, 0 when there is none."""
        body = self._body
        if body is None:
            return 0
        at = self._at
        buffer = self.buffer
        if self._raw:
            end = at + RAW_CHUNK
            chunk = b2a_base64(body[at:end])
            length = 11 + len(chunk) - 1
            buffer[11 : length + 1] = chunk  # its newline is overwritten below
        else:
            end = at + CHUNK
            chunk = body[at:end]
            length = 11 + len(chunk)
            buffer[11:length] = chunk
        if end >= len(body):
            self._body = None
        buffer[8:11] = b"%02x%s" % (self._number, b"." if self._body is None else b"+")
        self._at = end
        self._number = (self._number + 1) & 255
        buffer[length : length + 10] = b"#%08x\n" % (crc32(buffer[:length]) & 0xFFFFFFFF)
        return length + 10
