"""Frames of the link, as the device reads and writes them."""

import base64
import json
import random
from binascii import crc32

import pytest

from device.link.frames import CREDIT, LINE_MAX, NOTHING, WHOLE, Answer, Receiver


def line(request):
    text = json.dumps(request, separators=(",", ":")).encode()
    return text + b"#%08x\n" % crc32(text)


class Bytes:
    """Standard input with these bytes in it."""

    def __init__(self, raw):
        self.raw = bytearray(raw)

    def readinto(self, target):
        target[0] = self.raw.pop(0)

    def ready(self, timeout):
        assert timeout == 0
        return [1] if self.raw else []


def taken(raw, receiver, most=64):
    """What the receiver says of each stretch of at most `most` bytes."""
    stream = Bytes(raw)
    while stream.raw:
        yield receiver.take(stream.readinto, stream.ready, most)


def requests_in(raw, receiver=None, most=64):
    receiver = receiver or Receiver()
    found = []
    for what in taken(raw, receiver, most):
        if what == WHOLE:
            request = receiver.request()
            if request is not None:
                found.append(request)
    return found


HELLO = {"id": "7f3a0001", "do": "hello"}


def test_a_request_is_read():
    assert requests_in(b"\n" + line(HELLO)) == [HELLO]


@pytest.mark.req("H-06")
@pytest.mark.parametrize(
    "noise",
    [
        b"AT\r\n",
        b"\x03\x04\n",
        b"{" * 5000 + b"\n",
        b"\n\n\n",
        b'{"id":1}\n',
        b'{"id":"7f3a0001"}#00000000\n',
        b"+++\n",
        b"}#\n",
    ],
)
def test_noise_before_a_request_does_no_harm(noise):
    assert requests_in(noise + line(HELLO)) == [HELLO]


def test_a_line_that_stops_in_the_middle_is_ended_by_the_newline_of_the_next_conversation():
    assert requests_in(line(HELLO)[:20] + b"\n" + line(HELLO)) == [HELLO]


def test_the_longest_line_is_read_and_one_more_byte_is_not():
    def of(length):
        pad = length - len(line({"id": "7f3a0001", "do": "x", "pad": ""}))
        return line({"id": "7f3a0001", "do": "x", "pad": "p" * pad})

    assert len(of(LINE_MAX)) == LINE_MAX
    assert len(requests_in(of(LINE_MAX))) == 1
    assert requests_in(of(LINE_MAX + 1) + line(HELLO)) == [HELLO]


@pytest.mark.parametrize(
    "bad", [{"do": "hello"}, {"id": "7F3A0001", "do": "hello"}, {"id": "7f3a0001", "do": 1}, ["x"], 7]
)
def test_what_is_no_request_gets_no_answer(bad):
    assert requests_in(line(bad)) == []


def test_a_plus_is_credit_only_where_a_line_would_begin():
    receiver = Receiver()
    assert list(taken(b"+", receiver)) == [CREDIT]
    assert list(taken(b"{+", receiver)) == [NOTHING]


@pytest.mark.parametrize("most", [1, 2, 63, 1000])
def test_however_the_bytes_are_cut_the_request_is_the_same(most):
    assert requests_in(b"noise\n" + line(HELLO) + b"+" + line(HELLO), most=most) == [HELLO, HELLO]


@pytest.mark.req("A-06")
def test_random_bytes_make_no_request():
    rng = random.Random(3)
    receiver = Receiver()
    assert requests_in(rng.randbytes(100_000), receiver) == []
    assert requests_in(b"\n" + line(HELLO), receiver) == [HELLO]


def lines_of(answer):
    lines = []
    while answer.waiting:
        pieces = answer.line()
        assert all(0 < len(piece) <= 64 for piece in pieces)
        lines.append(b"".join(pieces))
        assert len(lines[-1]) <= 256
        answer.make_line()
    return lines


def joined(lines):
    text = b""
    for number, raw in enumerate(lines):
        body, crc = raw[:-10], raw[-9:-1]
        assert raw[-1:] == b"\n" and int(crc, 16) == crc32(body)
        assert body[:8] == b"7f3a0001" and int(body[8:10], 16) == number & 255
        assert body[10:11] == (b"." if number == len(lines) - 1 else b"+")
        text += body[11:]
    return text


@pytest.mark.parametrize("length", [2, 231, 232, 233, 464, 3000])
def test_a_text_answer_is_cut_into_lines(length):
    text = b"{" + b"x" * (length - 2) + b"}"
    answer = Answer()
    answer.begin("7f3a0001", text, False)
    assert joined(lines_of(answer)) == text


@pytest.mark.parametrize("length", [0, 1, 64, 173, 174, 175, 4096, 60000])
def test_raw_bytes_come_as_one_base64_text(length):
    raw = random.Random(length).randbytes(length)
    answer = Answer()
    answer.begin("7f3a0001", raw, True)
    assert base64.b64decode(joined(lines_of(answer)), validate=True) == raw
