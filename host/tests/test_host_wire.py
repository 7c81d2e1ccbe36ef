"""Frames of docs/protocol.md on the host's side, against the device's own (H-06)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from device.link.frames import LINE, Answer, Receiver
from dosebell import wire

pytestmark = pytest.mark.req("H-06")


def received(line: bytes) -> object:
    receiver = Receiver()
    got = [receiver.feed(byte) for byte in line]
    return receiver.request() if got[-1] == LINE else None


def test_the_device_reads_what_the_host_sends() -> None:
    assert received(wire.request("7f3a0001", "status", {})) == {"id": "7f3a0001", "do": "status"}


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=20), max_size=5
    )
)
def test_whatever_the_arguments(arguments: dict[str, object]) -> None:
    wanted = {"id": "7f3a0001", "do": "x", **arguments}
    arguments = {key: value for key, value in arguments.items() if key not in ("id", "do")}
    assert received(wire.request("7f3a0001", "x", arguments)) == {**wanted, "id": "7f3a0001", "do": "x"}


@given(st.binary(max_size=2000))
def test_the_host_reads_what_the_device_says(body: bytes) -> None:
    import binascii

    answer = Answer()
    answer.begin("7f3a0001", body, True)
    chunks = []
    while length := answer.next_line():
        line = wire.answer_line(bytes(answer.buffer[: length - 1]))
        assert line is not None and line.number == len(chunks) % 256 and length <= wire.ANSWER_LINE_MAX
        chunks.append(line.chunk)
        if line.last:
            break
    assert binascii.a2b_base64("".join(chunks)) == body


@given(st.integers(0, 30), st.integers(0, 7))
def test_a_damaged_line_is_noise(place: int, bit: int) -> None:
    answer = Answer()
    answer.begin("7f3a0001", b'{"ok":true}', False)
    line = bytearray(answer.buffer[: answer.next_line() - 1])
    assert wire.answer_line(bytes(line)) is not None
    line[place % len(line)] ^= 1 << bit
    assert wire.answer_line(bytes(line)) is None


def test_a_request_that_the_device_could_not_take_is_not_sent() -> None:
    with pytest.raises(ValueError):
        wire.request("7f3a0001", "configure", {"label": "x" * 1024})
