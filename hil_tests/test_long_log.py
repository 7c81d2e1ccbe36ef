"""Ten thousand events cost the host seconds, not minutes (issue figures; processor time, see `long_log`)."""

from pathlib import Path

import pytest

from dosebell.archive import Archive
from dosebell.archive_check import check
from hil_tests import long_log

LIMIT_S = 3.0


@pytest.mark.req("H-04", "H-05")
def test_ten_thousand_events_are_pulled_proven_and_exported_in_three_seconds(new_board: bytes, tmp_path: Path) -> None:
    archive = tmp_path / "archive.sqlite"
    events, pulls_s = long_log.ten_thousand(new_board, archive)
    assert events >= long_log.EVENTS
    with Archive(archive, create=False) as kept:
        (journal,) = kept.journals()
        checked = check(kept, journal)
        assert checked.events == events and not checked.bad and not checked.gaps
    for name in long_log.COMMANDS:
        assert pulls_s + long_log.command_s(archive, name) < LIMIT_S, name
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == events
    assert len((tmp_path / "log.csv").read_text().splitlines()) == events + 1
