"""The event codec: everything that can happen is read back as it was written, and damage is an error of one kind (J-01, J-02)."""

import contextlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dosecore import events
from dosecore.events import Event, decode, encode
from tests.model.profiles import examples
from tests.model.strategies import regimens

SECONDS = st.integers(-(2**31), 2**31 - 1)
INSTANTS = st.tuples(SECONDS, st.integers(0, 999))
ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=events.TEXT_MAX)


def field_values(kind):
    if isinstance(kind, tuple):
        return st.sampled_from(kind)
    return {
        "?": st.booleans(),
        "B": st.integers(0, 255),
        "i": SECONDS,
        "n": st.none() | st.integers(-(2**31) + 1, 2**31 - 1),
        "t": st.none() | INSTANTS,
        "s": ASCII,
        "b": st.binary(max_size=1500),
        "R": regimens(),
    }[kind]


@st.composite
def any_event(draw, kinds=events.KINDS):
    kind = draw(st.sampled_from(kinds))
    detail = {name: draw(field_values(field)) for name, field in dict(events.FIELDS)[kind]}
    return Event(
        kind,
        draw(INSTANTS),
        draw(st.none() | INSTANTS),
        draw(st.sampled_from(events.QUALITIES)),
        draw(st.integers(0, 65535)),
        draw(st.integers(0, 255)),
        draw(st.integers(0, 255)),
        detail,
    )


def parts(event):
    return (
        event.kind, event.mono, event.utc, event.quality, event.boot, event.cycle, event.slot, event.detail,
    )  # fmt: skip


@pytest.mark.req("J-01")
def test_every_kind_of_the_contract_can_be_written():
    contract = [
        "boot",
        "clock-set",
        "clock-lost",
        "configured",
        "course-started",
        "course-stopped",
        "course-resumed",
        "course-rescheduled",
        "cycle-started",
        "cycle-completed",
        "course-completed",
        "dose-due",
        "dose-late",
        "dose-overdue",
        "dose-started",
        "dose-interrupted",
        "dose-resumed",
        "dose-completed",
        "dose-stopped",
        "dose-on-hold",
        "dose-reason",
        "dose-undone",
        "dose-closed",
        "dose-recorded",
        "start-refused",
        "alert-raised",
        "alert-acknowledged",
        "alert-cleared",
        "audio-paused",
        "self-test",
        "fault",
        "journal-gap",
        "exported",
        "checkpoint",
    ]
    assert set(contract) <= set(events.KINDS)


@pytest.mark.req("S-05")
def test_reasons_of_a_hold_are_those_of_the_specification_in_its_order():
    assert events.REASONS == (
        "unspecified", "hypotension", "cardiac", "respiratory", "neurologic", "renal", "gastrointestinal", "infection",
        "hematologic", "hepatic", "skin", "patient-refused", "unavailable", "awaiting-drug", "other",
    )  # fmt: skip


@pytest.mark.req("J-01")
@given(any_event())
@settings(max_examples=examples(300))
def test_event_is_read_back_as_it_was_written(event):
    raw = bytes(encode(event))
    back = decode(raw, seq=77)
    assert parts(back) == parts(event)
    assert back.seq == 77
    assert bytes(encode(back)) == raw


@pytest.mark.req("J-01")
@pytest.mark.parametrize("kind", events.KINDS)
@given(data=st.data())
@settings(max_examples=examples(12))
def test_each_kind_is_read_back(kind, data):
    event = data.draw(any_event((kind,)))
    assert parts(decode(bytes(encode(event)))) == parts(event)


@pytest.mark.req("J-02")
@given(any_event(), st.data())
@settings(max_examples=examples(300))
def test_event_cut_short_is_no_event(event, data):
    """Only the free bytes of a checkpoint may be shortened unseen: the journal's CRC guards those."""
    raw = bytes(encode(event))
    cut = data.draw(st.integers(0, len(raw) - 1))
    if event.kind == "checkpoint" and cut >= events.HEAD_BYTES:
        return
    with pytest.raises(ValueError):
        decode(raw[:cut])


@pytest.mark.req("J-02")
@given(any_event(), st.data())
@settings(max_examples=examples(400))
def test_damaged_bytes_raise_value_error_or_are_another_event(event, data):
    raw = bytearray(encode(event))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ValueError):
        decode(bytes(raw))


@pytest.mark.req("J-02")
@given(st.binary(max_size=300))
@example(b"")
@settings(max_examples=examples(300))
def test_any_bytes_raise_value_error_or_are_an_event(raw):
    with contextlib.suppress(ValueError):
        decode(raw)


@pytest.mark.req("J-01", "S-03")
@given(st.text(max_size=300))
@settings(max_examples=examples(100))
def test_fault_with_any_words_can_be_written_and_read(words):
    """An exception's text is not chosen by us: whatever it says, the journal must stay readable."""
    event = Event("fault", (1, 0), detail={"code": "crash", "words": words})
    back = decode(bytes(encode(event)))
    assert back.detail["code"] == "crash"
    if words.isascii() and words.isprintable() and len(words) <= events.TEXT_MAX:
        assert back.detail["words"] == words


@pytest.mark.req("J-01")
def test_unknown_words_are_bugs_and_raise():
    with pytest.raises(ValueError):
        encode(Event("dose-closed", (0, 0), detail={"outcome": "lost"}))
    with pytest.raises(KeyError):
        encode(Event("dose-closed", (0, 0), detail={}))
