"""`log export --format fhir`: every end that a dose can come to, its status and reason; ids that stay (H-05, S-06)."""

from pathlib import Path

import pytest
from bedside_course import HOUR, MINUTE, Bedside, StillDevice
from fhir_records import Resource, exported, extensions, of_slot, reasons, request, the, told
from host_command import dosebell

from dosebell.export import codes
from dosebell.export.fhir import Coding, administered, standing

pytestmark = pytest.mark.req("H-05")


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.sqlite"


@pytest.fixture(scope="module")
def whole(ward: Path) -> Resource:
    """The bundle of `ward`; not to be changed."""
    return exported(ward)


def now(bed: Bedside, path: Path) -> Resource:
    bed.pull(path)
    return exported(path)


# -- every end that a dose can come to

# slot: status, reasons, words of its notes
ENDS = {
    1: ("completed", [], "Started 1.0 min after due"),
    2: ("completed", [], "Started 90.0 min after due"),
    3: (
        "not-done",
        [(codes.HOLD_REASON, "hypotension")],
        "On hold from 2026-11-22 22:05:00 UTC until 2026-11-23 06:00:00",
    ),
    4: ("not-done", [(codes.OUTCOME, "missed")], ""),
    5: (
        "stopped",
        [],
        "Interrupted at 2026-11-23 14:07:00 UTC at the bed, after 5.0 min of infusion. Stopped after 5.0 min of infusion.",
    ),
    6: ("completed", [], "START was pressed and taken back at the bed."),
    7: ("completed", [], "Entered afterwards (2026-11-24 14:22:00 UTC): given. Until then the device had: missed."),
    8: ("completed", [], "after 6.0 min of infusion, resumed at 2026-11-24 14:12:00 UTC"),
    9: ("unknown", [], "The device was off, or had no clock, for the whole window of this dose"),
    10: ("in-progress", [], "Started 2.0 min after due"),
}


@pytest.mark.req("S-06")
@pytest.mark.parametrize("slot", ENDS)
def test_each_end_has_its_status_and_reason(whole: Resource, slot: int) -> None:
    one = the(whole, slot)
    status, why, words = ENDS[slot]
    assert (one["status"], reasons(one)) == (status, why)
    assert words in told(one)
    assert f"Dose {slot} of cycle 1" in one["text"]["div"]


@pytest.mark.req("S-06")
def test_due_start_end_and_entry_are_kept_apart(whole: Resource) -> None:
    made = whole
    late, partial, recorded, held, infusing = (the(made, slot) for slot in (2, 5, 7, 3, 10))
    assert extensions(late)[codes.DUE] == "2026-11-22T14:00:00.000Z"
    assert extensions(late)[codes.VARIANCE]["value"] == 90 * 60
    assert late["effectivePeriod"]["start"] == "2026-11-22T15:30:00.000Z"
    assert late["effectivePeriod"]["end"] == "2026-11-22T15:45:00.000Z"
    assert partial["effectivePeriod"]["end"] == "2026-11-23T14:07:00.000Z"  # when it was interrupted
    assert recorded["effectivePeriod"] == {"start": "2026-11-24T06:22:00.000Z", "end": "2026-11-24T06:37:00.000Z"}
    assert extensions(recorded)[codes.RECORDED] == "2026-11-24T14:22:00.000Z"
    assert held["effectiveDateTime"] == extensions(held)[codes.DUE]
    assert infusing["effectivePeriod"].keys() == {"start"}


def test_a_start_that_was_taken_back_is_void_and_the_next_has_a_name_of_its_own(whole: Resource) -> None:
    void, stands = of_slot(whole, 6)
    assert (void["status"], stands["status"]) == ("entered-in-error", "completed")
    assert stands["id"] == f"{void['id']}-2"
    assert void["effectiveDateTime"] == "2026-11-23T22:03:00.000Z"
    assert "START was pressed at 2026-11-23 22:03:00 UTC and taken back at 2026-11-23 22:03:20 UTC." in told(void)


def test_what_is_planned_stands_in_the_timing_of_the_course(whole: Resource) -> None:
    made = whole
    plan = request(made)
    first, second = plan["dosageInstruction"]
    assert (plan["status"], plan["intent"]) == ("active", "plan")
    assert first["timing"]["repeat"] == {
        "boundsPeriod": {"start": first["timing"]["event"][0]},
        "count": 14,
        "duration": 15,
        "durationUnit": "min",
        "frequency": 1,
        "period": 480,
        "periodUnit": "min",
    }
    assert [due[:19] for due in first["timing"]["event"][:2]] == ["2026-11-22T06:00:00", "2026-11-22T14:00:00"]
    assert len(first["timing"]["event"]) == 14 and "event" not in second["timing"]
    assert first["text"] == "Cycle 1: an infusion of 15 min every 8 h, at most 14 doses in 5 days."
    assert "14 days after the first dose" in second["text"]
    assert len(standing(made)) == 10  # 11 to 14 are planned


def test_nobody_is_named_and_no_drug_unless_the_user_does(ward: Path, whole: Resource) -> None:
    one = the(whole, 1)
    assert "reference" not in one["subject"] and one["subject"]["extension"][0]["valueCode"] == "unknown"
    assert one["medicationCodeableConcept"] == {"text": "Regimen hd-il2 (the drug is not known to Dosebell)"}
    assert not {"performer", "context", "dosage", "device"} & one.keys()
    patient, drug = "https://fhir.example.org/r4/Patient/123", Coding("urn:oid:2.999.1", "A1", "Aldesleukin")
    named = the(exported(ward, patient=patient, medication=drug), 1)
    assert named["subject"] == {"reference": patient}
    assert named["medicationCodeableConcept"]["coding"] == [drug._asdict()]
    assert named["id"] == one["id"]


# -- phases that pass, and what a second export makes of them


@pytest.mark.req("S-06")
def test_a_second_export_updates_and_does_not_duplicate(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.do("start")
    bed.wait(5 * MINUTE)
    bed.do("interrupt")
    before = now(bed, archive)
    assert (the(before, 1)["status"], request(before)["status"]) == ("on-hold", "active")
    assert the(before, 1)["effectivePeriod"].keys() == {"start"}
    bed.do("start")
    bed.wait(11 * MINUTE)
    bed.until(2, MINUTE)
    bed.do("hold")
    after = now(bed, archive)
    places = [[one["request"]["url"] for one in made["entry"]] for made in (before, after)]
    assert places[1][:3] == places[0] and len(set(places[1])) == len(places[1]) == 4
    assert (the(after, 1)["status"], the(after, 2)["status"]) == ("completed", "on-hold")
    assert reasons(the(after, 2)) == [(codes.HOLD_REASON, "unspecified")]
    again = now(bed, archive)
    assert again == after  # nothing in it tells when it was made


def test_a_hold_that_was_taken_back_leaves_nothing_that_stands(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.do("hold")
    assert the(now(bed, archive), 1)["status"] == "on-hold"
    bed.wait(10)
    bed.do("undo")
    (void,) = of_slot(now(bed, archive), 1)
    assert void["status"] == "entered-in-error"
    assert void["id"].endswith("-c1-s01")  # the one that the first export told of


def test_a_stopped_course_is_stopped_and_its_open_doses_are_neither_done_nor_not(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.do("start")
    bed.wait(MINUTE)
    bed.do("course-stop")
    made = now(bed, archive)
    assert (request(made)["status"], the(made, 1)["status"]) == ("stopped", "stopped")
    assert len(administered(made)) == 1
    assert "event" not in request(made)["dosageInstruction"][1]["timing"]


@pytest.mark.req("S-06")
def test_a_reason_that_was_recorded_is_told(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.until(2, MINUTE)
    bed.do("dose-record", cycle=1, slot=1, outcome="missed", started=None, ended=None, reason="unavailable")
    one = the(now(bed, archive), 1)
    assert reasons(one) == [(codes.OUTCOME, "missed"), (codes.HOLD_REASON, "unavailable")]
    bed.do("dose-record", cycle=1, slot=1, outcome="held", started=None, ended=None, reason="skin")
    one = the(now(bed, archive), 1)
    assert reasons(one) == [(codes.HOLD_REASON, "skin")]
    assert "Until then the device had: missed." in told(one)


def test_an_end_before_its_start_is_told_as_not_known(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.do("start")
    bed.wait(5 * MINUTE)
    bed.set_clock(back=HOUR)
    bed.wait(11 * MINUTE)
    one = the(now(bed, archive), 1)
    assert one["status"] == "completed" and "end" not in one["effectivePeriod"]
    assert one["effectivePeriod"]["_end"]["extension"][0]["valueCode"] == "unknown"
    assert "The clock was set back during this infusion" in told(one)


@pytest.mark.req("T-06")
def test_a_start_at_an_unknown_time_is_told_as_not_known(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.until(1, MINUTE)
    bed.lose_power()
    bed.do("start")
    one = the(now(bed, archive), 1)
    assert one["status"] == "in-progress" and "start" not in one["effectivePeriod"]
    assert one["effectivePeriod"]["_start"]["extension"][0]["valueCode"] == "unknown"
    bed.wait(2 * MINUTE)
    bed.set_clock()
    assert the(now(bed, archive), 1)["effectivePeriod"]["start"] == "2026-11-22T06:01:00.000Z"


def test_an_infusion_that_a_power_cut_interrupted_is_on_hold(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.do("start")
    bed.wait(5 * MINUTE)
    bed.lose_power()
    bed.wait(1)
    one = the(now(bed, archive), 1)
    assert one["status"] == "on-hold" and "by a restart of the device, which could not know the time" in told(one)


@pytest.mark.req("S-02")
def test_an_override_is_told(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    bed.give(1, 5 * HOUR)
    bed.until(2, MINUTE)
    bed.do("start", override=True)
    assert "START was overridden at the bed: before the minimum gap" in told(the(now(bed, archive), 2))


@pytest.mark.req("S-10")
def test_a_course_that_was_taken_over_tells_its_own_part(bed: Bedside, archive: Path) -> None:
    due = (bed.now[0] + HOUR, 0)
    bed.do("course-start", at=due, cycle=2, slot=3, last=(bed.now[0] - 7 * HOUR, 0))
    made = now(bed, archive)
    (cycle,) = request(made)["dosageInstruction"]
    assert (cycle["sequence"], cycle["timing"]["repeat"]["count"], len(cycle["timing"]["event"])) == (2, 12, 12)
    assert "this device began with dose 3" in cycle["text"] and administered(made) == []


@pytest.mark.req("R-02")
def test_a_bench_course_is_marked_as_test_data(archive: Path) -> None:
    with StillDevice() as device:
        bed = Bedside(device, "bench")
        bed.do("course-start")
        bed.do("start")
        made = now(bed, archive)
    marked = [one["resource"] for one in made["entry"] if "meta" in one["resource"]]
    assert {one["resourceType"] for one in marked} == {"MedicationRequest", "MedicationAdministration"}
    assert marked[0]["meta"]["security"][0]["code"] == "HTEST"
    assert request(made)["dosageInstruction"][0]["timing"]["repeat"]["periodUnit"] == "s"


def test_a_course_whose_beginning_is_lost_is_told_under_a_name_of_this_archive(bed: Bedside, archive: Path) -> None:
    bed.do("course-start")
    for _ in range(600):  # more than the small ring holds
        bed.do("fault", code="test", words="of no meaning")
    bed.until(1, 2 * MINUTE)
    bed.do("start")
    made = now(bed, archive)
    one = the(made, 1)
    assert one["status"] == "in-progress" and "-from-" in one["id"]
    assert the(now(bed, archive), 1)["id"] == one["id"]
    ran = dosebell("log", "export", "--format", "fhir", "--archive", str(archive))
    assert ran.code == 0 and "does not hold the beginning" in ran.err


def test_two_archives_of_one_device_give_the_same_names(bed: Bedside, tmp_path: Path) -> None:
    bed.do("course-start")
    bed.pull(tmp_path / "first.sqlite")
    with StillDevice("f" * 16) as other:
        Bedside(other).pull(tmp_path / "second.sqlite")
    bed.do("start")
    bed.pull(tmp_path / "second.sqlite")  # where it is journal 2
    first, second = exported(tmp_path / "first.sqlite"), exported(tmp_path / "second.sqlite", device=bed.device.id)
    assert request(first)["id"] == request(second)["id"]
