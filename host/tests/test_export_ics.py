"""`log export --format ics`: each dose once, in UTC, with its state; entries that later exports update. Read back by two libraries (H-05)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject
from bedside_course import HOUR, MINUTE, Bedside, StillDevice
from host_command import dosebell
from pytest_mock import MockerFixture

from dosebell.archive import Archive
from dosebell.cli.main import run
from dosebell.cli.selection import select_doses
from dosebell.errors import DosebellError
from dosebell.export.ics import calendar, without_time
from dosebell.extras import need
from dosebell.times import to_instant

pytestmark = pytest.mark.req("H-05")

STATES = {
    1: ("CONFIRMED", "Dose 1/1: given, 1.0 min after due"),
    2: ("CONFIRMED", "Dose 1/2: given, 90.0 min after due"),
    3: ("CANCELLED", "Dose 1/3: held: hypotension"),
    4: ("CANCELLED", "Dose 1/4: missed"),
    5: ("CONFIRMED", "Dose 1/5: partial, 2.0 min after due"),
    6: ("CONFIRMED", "Dose 1/6: given, 10.0 min after due"),
    7: ("CONFIRMED", "Dose 1/7: given, 22.0 min after due (entered afterwards)"),
    8: ("CONFIRMED", "Dose 1/8: given, 4.0 min after due"),
    9: ("TENTATIVE", "Dose 1/9: not observed"),
    10: ("TENTATIVE", "Dose 1/10: infusing, 2.0 min after due"),
    11: ("CONFIRMED", "Dose 1/11: planned"),
    12: ("CONFIRMED", "Dose 1/12: planned"),
    13: ("CONFIRMED", "Dose 1/13: planned"),
    14: ("CONFIRMED", "Dose 1/14: planned"),
}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.sqlite"


def text_of(path: Path, **options: Any) -> str:
    with Archive(path, create=False) as archive:
        return calendar(select_doses(archive, **options)[1])


def entries(text: str) -> dict[str, Any]:
    """The entries by the end of their UID: cycle and slot."""
    made = icalendar.Calendar.from_ical(text)
    found = {str(one["uid"]).split("Z-")[1].partition("-")[2].partition("@")[0]: one for one in made.walk("VEVENT")}
    assert len(found) == len(made.walk("VEVENT"))
    return found


def now(bed: Bedside, path: Path) -> dict[str, Any]:
    bed.pull(path)
    return entries(text_of(path))


def test_each_dose_is_shown_once_with_its_state(ward: Path) -> None:
    found = entries(text_of(ward))
    shown = {int(name[-2:]): (str(one["status"]), str(one["summary"])) for name, one in found.items()}
    assert shown == STATES


def test_a_second_library_reads_the_same(ward: Path) -> None:
    made = vobject.readOne(text_of(ward))
    made.validate()
    assert made.x_wr_calname.value == "Dosebell Bed 12"
    shown = [(one.status.value, one.summary.value) for one in made.vevent_list]
    assert shown == list(STATES.values())
    late, planned = made.vevent_list[1], made.vevent_list[13]
    assert (late.dtstart.value, late.duration.value) == (
        datetime(2026, 11, 22, 15, 30, tzinfo=UTC),
        timedelta(minutes=15),
    )
    assert planned.dtstart.value == datetime(2026, 11, 22, 6, tzinfo=UTC) + 13 * timedelta(hours=8)
    assert planned.duration.value == timedelta(minutes=15)


def test_the_text_is_as_the_standard_wants_it(ward: Path) -> None:
    text = text_of(ward)
    lines = text.split("\r\n")
    assert lines[-1] == "" and "\n" not in "".join(lines)
    assert max(len(line.encode()) for line in lines) <= 75
    assert "METHOD" not in text and "VALARM" not in text and "RRULE" not in text
    assert text == text_of(ward)  # nothing in it tells when it was made


def test_a_newer_file_updates_what_has_changed_and_nothing_else(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.give(1, MINUTE)
    bed.until(2, MINUTE)
    before = now(bed, archive)
    assert (str(before["c1-s02"]["status"]), str(before["c1-s02"]["summary"])) == ("TENTATIVE", "Dose 1/2: due")
    bed.do("hold")
    held = now(bed, archive)
    assert str(held["c1-s02"]["summary"]) == "Dose 1/2: on hold: no reason given"
    bed.do("start")
    after = now(bed, archive)
    assert before.keys() == held.keys() == after.keys()
    assert {str(one["uid"]) for one in before.values()} == {str(one["uid"]) for one in after.values()}
    sequences = [one["c1-s02"]["sequence"] for one in (before, held, after)]
    assert sequences == sorted(set(sequences))
    assert after["c1-s02"]["last-modified"].dt == after["c1-s02"]["dtstamp"].dt
    for name in ("c1-s01", "c1-s03"):  # given already; planned still
        assert before[name].to_ical() == after[name].to_ical()


def test_doses_that_are_moved_or_dropped_are_updated(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.give(1, MINUTE)
    before = now(bed, archive)
    moved = (bed.now[0] + 20 * HOUR, 0)
    bed.do("reschedule", at=moved)
    after = now(bed, archive)
    assert to_instant(after["c1-s02"]["dtstart"].dt) == moved
    assert after["c1-s02"]["sequence"] > before["c1-s02"]["sequence"]
    assert after["c1-s01"].to_ical() == before["c1-s01"].to_ical()
    bed.do("course-stop")
    stopped = now(bed, archive)
    assert (str(stopped["c1-s05"]["status"]), str(stopped["c1-s05"]["summary"])) == ("CANCELLED", "Dose 1/5: dropped")
    assert stopped["c1-s05"]["sequence"] > after["c1-s05"]["sequence"]


def test_where_dues_follow_starts_a_start_moves_what_is_planned(archive: Path) -> None:
    with StillDevice() as device:
        bed = Bedside(device, anchor="start")
        bed.do("course-start")
        before = now(bed, archive)
        bed.give(1, 30 * MINUTE)
        after = now(bed, archive)
    moved = after["c1-s02"]["dtstart"].dt - before["c1-s02"]["dtstart"].dt
    assert moved == timedelta(minutes=30) and after["c1-s02"]["sequence"] > before["c1-s02"]["sequence"]


def test_a_dose_that_late_starts_push_out_of_the_cycle_is_cancelled_and_not_left_behind(archive: Path) -> None:
    with StillDevice() as device:
        bed = Bedside(device, anchor="start", missed_min=450)
        bed.do("course-start")
        before = now(bed, archive)
        for _ in range(3):
            bed.wait(7 * HOUR)
            bed.do("start")
            bed.wait(8 * HOUR)
        after = now(bed, archive)
    assert before.keys() == after.keys()
    last = after["c1-s14"]
    assert (str(before["c1-s14"]["status"]), str(last["status"]), str(last["summary"])) == (
        "CONFIRMED",
        "CANCELLED",
        "Dose 1/14: dropped",
    )
    assert last["sequence"] > before["c1-s14"]["sequence"]


@pytest.mark.req("R-02")
def test_a_bench_course_says_so(archive: Path) -> None:
    with StillDevice() as device:
        bed = Bedside(device, "bench")
        bed.do("course-start")
        bed.wait(1)
        first = now(bed, archive)["c1-s01"]
    assert str(first["summary"]) == "BENCH Dose 1/1: due"
    assert "BENCH" in first["categories"].to_ical().decode()
    assert first["duration"].dt == timedelta(seconds=device.state.regimen.infusion)


def test_a_dose_without_any_time_is_left_out(ward: Path) -> None:
    with Archive(ward, create=False) as archive:
        doses = select_doses(archive, slot=9)[1]
    assert calendar(doses).count("BEGIN:VEVENT") == 1
    doses.chosen[0].due = None  # as where the log begins after it fell due, and nobody started it
    assert without_time(doses) == doses.chosen and "VEVENT" not in calendar(doses)


@pytest.mark.req("H-01", "H-02")
def test_the_command_chooses_doses_by_their_time(ward: Path, tmp_path: Path) -> None:
    file = tmp_path / "bed.ics"
    arguments = ("--json", "log", "export", "--format", "ics", "--archive", str(ward), "-o", str(file))
    ran = dosebell(*arguments, "--since", "2026-11-22T14:00:00Z", "--until", "2026-11-23T00:00:00Z")
    assert ran.code == 0 and list(entries(file.read_bytes().decode())) == ["c1-s02", "c1-s03"]
    assert ran.json == {
        "file": str(file),
        "format": "ics",
        "device": "e66118604b2a5c21",
        "journal": 1,
        "courses": 1,
        "doses": 2,
        "entries": 2,
    }


@pytest.mark.req("H-01")
@pytest.mark.parametrize(("form", "package"), [("fhir", "fhir.resources"), ("ics", "icalendar")])
def test_a_part_that_is_not_installed_is_named(
    ward: Path, form: str, package: str, mocker: MockerFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    mocker.patch("dosebell.extras.find_spec", return_value=None)
    assert run(["log", "export", "--format", form, "--archive", str(ward)]) == 2
    said = capsys.readouterr()
    assert said.out == "" and package in said.err and f"pip install 'dosebell[{form}]'" in said.err


def test_the_advice_names_the_part_that_is_missing() -> None:
    with pytest.raises(DosebellError) as raised:
        need("nowhere_to_be_found", "sim")
    assert raised.value.advice == "Install it with `pip install 'dosebell[sim]'`."
