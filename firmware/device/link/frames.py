"""Lines of the link: a receiver that noise cannot harm, and an answer cut into lines. Pure; docs/protocol.md is the specification."""

import json
import sys
from binascii import b2a_base64, crc32

if sys.implementation.name == "micropython":
    import micropython

    from device.link.fast import close_line, json_text, put_base64
else:
    from device.link import plain as micropython  # type: ignore[no-redef]
    from device.link.plain import close_line, json_text, put_base64

LINE_MAX = 1024  # of a request, its "\n" included
_BRACE, _HASH, _NEWLINE, _PLUS = 0x7B, 0x23, 0x0A, 0x2B

NOTHING, WHOLE, CREDIT = 0, 1, 2


class Receiver:
    """Collects a line byte by byte. A byte that is neither printable nor a newline, or one too many, discards the line up to its end."""

    def __init__(self):
        self._line = bytearray(LINE_MAX)
        self._view = memoryview(self._line)
        self._byte = bytearray(1)
        self._length = 0
        self._discard = False

    @micropython.native
    def take(self, readinto, ready, most):
        """Takes at most `most` bytes, of which the first is known to be there.

        readinto(bytearray of one) reads a byte; ready(0) is an iterator that yields something when there is one more (a read without would wait for it).
        Returns NOTHING when no more are there, CREDIT (a "+" where a line would begin), or WHOLE: `request` must be asked before the next bytes.
        All in one function: a call for each byte would double the time.
        """
        byte = self._byte
        line = self._line
        length = self._length
        while True:
            readinto(byte)
            c = byte[0]
            if length and 0x20 <= c <= 0x7E:  # what most bytes are
                if length < LINE_MAX - 1:
                    line[length] = c
                    length += 1
                else:
                    length = 0
                    self._discard = True
            elif c == _NEWLINE:
                self._discard = False
                if length:
                    self._length = length
                    return WHOLE
            elif not self._discard:
                if c == _BRACE:
                    line[0] = c
                    length = 1
                elif c == _PLUS:
                    self._length = length
                    return CREDIT
                else:
                    length = 0
                    self._discard = True
            most -= 1
            if most == 0:
                break
            for _ in ready(0):
                break
            else:
                break
        self._length = length
        return NOTHING

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
            request = json.loads(json_text(self._view[:end]))
        except ValueError:
            return None
        if not isinstance(request, dict) or not isinstance(request.get("do"), str) or not _is_id(request.get("id")):
            return None
        return request


def _is_id(word):
    if not isinstance(word, str):
        return False
    raw = word.encode()  # bytes: on MicroPython each character of a string costs a look-up
    if len(raw) != 8:
        return False
    for c in raw:  # noqa: SIM110 - a generator costs twice the time
        if not (0x30 <= c <= 0x39 or 0x61 <= c <= 0x7A):
            return False
    return True


# Characters; with id, number, mark, "#", CRC and "\n" a line is 253 bytes of the 256 that may be outstanding.
CHUNK = 232
RAW_CHUNK = 174  # bytes that make so many characters of base64
LINE = 11 + CHUNK + 10
PIECE = 64  # a packet: no more goes into one write
_DOT = 0x2E
_HEX = b"0123456789abcdef"


class Answer:
    """What is being answered, line after line. The next line is made while the last one travels; a line of raw bytes allocates next to nothing."""

    def __init__(self):
        self.buffer = memoryview(bytearray(LINE))
        self._chunk = self.buffer[11:]
        self._whole = [self.buffer[at : min(at + PIECE, LINE)] for at in range(0, LINE, PIECE)]
        self._body = None
        self._raw = False
        self._at = 0
        self._number = 0
        self._length = 0  # of the line in the buffer; 0: none

    @property
    def waiting(self):
        """A line waits for its credit."""
        return self._length > 0

    def begin(self, ident, body, raw):
        """ident: the request's id. body: JSON text as bytes, or with `raw` any bytes, sent as base64. The first line is made."""
        self.buffer[:8] = ident.encode()
        self._body = body
        self._raw = raw
        self._at = 0
        self._number = 0
        self.make_line()

    def cancel(self):
        self._body = None
        self._length = 0

    def line(self):
        """The line that waits, in pieces of at most 64 bytes."""
        length = self._length
        if length == LINE:
            return self._whole
        return [self.buffer[at : min(at + PIECE, length)] for at in range(0, length, PIECE)]

    def make_line(self):
        """Makes the next line, if there is one; the one before has been written."""
        body = self._body
        if body is None:
            self._length = 0
            return
        at = self._at
        buffer = self.buffer
        end = at + (RAW_CHUNK if self._raw else CHUNK)
        if end >= len(body):
            end = len(body)
            self._body = None
            buffer[10] = _DOT
        else:
            buffer[10] = _PLUS
        chunk = body[at:end]
        if not self._raw:
            length = 11 + end - at
            buffer[11:length] = chunk
        elif end - at == RAW_CHUNK:
            length = 11 + CHUNK
            put_base64(self._chunk, chunk, RAW_CHUNK)
        else:
            text = b2a_base64(chunk)
            length = 10 + len(text)
            buffer[11 : length + 1] = text  # its newline is overwritten
        number = self._number
        buffer[8] = _HEX[number >> 4]
        buffer[9] = _HEX[number & 15]
        close_line(buffer, length)
        self._length = length + 10
        self._number = (number + 1) & 255
        self._at = end
