"""Frames of docs/protocol.md on the host's side, against a reading of that document written apart from it (H-06)."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_frames import answer, checked

from dosebell import wire

pytestmark = pytest.mark.req("H-06")


def test_the_example_of_the_document() -> None:
    assert wire.request("7f3a0001", "status", {}).startswith(b'{"id":"7f3a0001","do":"status"}#')


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8), st.none() | st.booleans() | st.integers() | st.text(max_size=20), max_size=5
    )
)
def test_a_device_reads_what_the_host_sends(arguments: dict[str, object]) -> None:
    arguments = {key: value for key, value in arguments.items() if key not in ("id", "do")}
    line = wire.request("7f3a0001", "x", arguments)
    assert line.endswith(b"\n") and len(line) <= 1024
    assert checked(line[:-1]) == {"id": "7f3a0001", "do": "x", **arguments}


@given(st.binary(max_size=2000))
def test_the_host_reads_what_a_device_says(body: bytes) -> None:
    lines = [wire.answer_line(line[:-1]) for line in answer("7f3a0001", body)]
    assert all(line is not None and line.number == number for number, line in enumerate(lines))
    assert [line.last for line in lines if line is not None] == [False] * (len(lines) - 1) + [True]
    assert base64.b64decode("".join(line.chunk for line in lines if line is not None)) == body


@given(st.integers(0, 30), st.integers(0, 7))
def test_a_damaged_line_is_noise(place: int, bit: int) -> None:
    (good,) = answer("7f3a0001", {"ok": True})
    line = bytearray(good[:-1])
    assert wire.answer_line(bytes(line)) is not None
    line[place % len(line)] ^= 1 << bit
    assert wire.answer_line(bytes(line)) is None


def test_a_request_that_the_device_could_not_take_is_not_sent() -> None:
    with pytest.raises(ValueError):
        wire.request("7f3a0001", "configure", {"label": "x" * 1024})
