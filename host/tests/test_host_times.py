"""Times that people type and read (H-01); RFC 3339 for scripts."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from dosebell import times
from dosebell.errors import DosebellError

NOW = datetime(2026, 11, 22, 13, 30, 15, 250_000, tzinfo=UTC)  # 14:30:15.250 in Berlin


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("now", "2026-11-22T13:30:15.250Z"),
        ("+2h", "2026-11-22T15:30:15.250Z"),
        ("+1h30m", "2026-11-22T15:00:15.250Z"),
        ("+90min", "2026-11-22T15:00:15.250Z"),
        ("-10m", "2026-11-22T13:20:15.250Z"),
        ("15:00", "2026-11-22T14:00:00.000Z"),
        ("14:00", "2026-11-23T13:00:00.000Z"),
        ("2026-11-23T06:00", "2026-11-23T05:00:00.000Z"),
        ("2026-11-23 06:00:01.5", "2026-11-23T05:00:01.500Z"),
        ("2026-11-23T06:00:00Z", "2026-11-23T06:00:00.000Z"),
        ("2026-11-23T06:00:00+05:30", "2026-11-23T00:30:00.000Z"),
    ],
)
def test_a_time_is_understood(typed: str, meant: str) -> None:
    assert times.rfc3339(times.parse(typed, now=NOW)) == meant


@pytest.mark.parametrize(
    ("typed", "meant"), [("14:00", "2026-11-22T13:00:00.000Z"), ("15:00", "2026-11-21T14:00:00.000Z")]
)
def test_a_bare_time_of_what_was_is_the_latest_one(typed: str, meant: str) -> None:
    assert times.rfc3339(times.parse(typed, past=True, now=NOW)) == meant


@pytest.mark.parametrize(
    "typed", ["", "soon", "25:00", "12:60", "+2x", "+", "2026-13-01T00:00", "2026-11-22", "+900d", "1"]
)
def test_what_is_no_time_is_refused(typed: str) -> None:
    with pytest.raises(DosebellError) as refused:
        times.parse(typed, field="at", now=NOW)
    assert refused.value.code == "bad-time" and "at is" in refused.value.sentence


@pytest.mark.parametrize("typed", ["2026-10-25T02:30", "2027-03-28T02:30"])
def test_a_local_time_that_names_no_single_instant_is_refused(typed: str) -> None:
    with pytest.raises(DosebellError) as refused:
        times.parse(typed, now=NOW)
    assert refused.value.code == "ambiguous-time"


def test_people_read_local_time_with_its_zone() -> None:
    assert times.local(times.to_instant(NOW)) == "Sun 2026-11-22 14:30 CET"
    assert times.local(None) == "unknown"


def test_instants_go_there_and_back() -> None:
    assert times.to_datetime(times.to_instant(NOW)) == NOW
    assert times.to_instant(datetime(2020, 1, 1, 0, 0, 1, 5000, tzinfo=UTC)) == (1, 5)


@pytest.mark.parametrize(
    ("seconds", "said"), [(9, "9 s"), (125, "2 min 5 s"), (900, "15 min"), (8040, "2 h 14 min"), (90000, "1 d 1 h")]
)
def test_durations(seconds: int, said: str) -> None:
    assert times.span(seconds) == said
