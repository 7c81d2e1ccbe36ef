"""`log export --format fhir`: every end that a dose can come to, its status and reason; ids that stay; nothing goes out unproven (H-05, S-06)."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from bedside_course import HOUR, MINUTE, Bedside, StillDevice
from host_command import ROOT, Ran, dosebell

from dosebell.archive import Archive
from dosebell.cli.selection import select_doses
from dosebell.devtools.fhir_definitions import FOLDER, text_of
from dosebell.export import codes
from dosebell.export.fhir import Coding, administered, bundle, standing
from dosebell.export.fhir_check import problems_of
from dosecore import events

pytestmark = pytest.mark.req("H-05")

Resource = dict[str, Any]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "archive.sqlite"


def exported(path: Path, *, patient: str | None = None, medication: Coding | None = None, **options: Any) -> Resource:
    """The bundle of an archive, held to be valid."""
    with Archive(path, create=False) as archive:
        made: Resource = bundle(select_doses(archive, **options)[1], patient, medication)
    assert list(problems_of(made, patient)) == []
    return made


@pytest.fixture(scope="module")
def whole(ward: Path) -> Resource:
    """The bundle of `ward`; not to be changed."""
    return exported(ward)


def now(bed: Bedside, path: Path) -> Resource:
    bed.pull(path)
    return exported(path)


def of_slot(made: Resource, slot: int) -> list[Resource]:
    """The records of a slot of the first cycle, in the order of their attempts."""
    return [one for one in administered(made) if f"-c1-s{slot:02d}" in one["id"]]


def the(made: Resource, slot: int) -> Resource:
    """What stands for a slot."""
    (found,) = [one for one in of_slot(made, slot) if one["status"] != "entered-in-error"]
    return found


def request(made: Resource) -> Resource:
    found: list[Resource] = [entry["resource"] for entry in made["entry"]]
    (plan,) = [one for one in found if one["resourceType"] == "MedicationRequest"]
    return plan


def reasons(one: Resource) -> list[tuple[str, str]]:
    return [(each["coding"][0]["system"], each["coding"][0]["code"]) for each in one.get("statusReason", [])]


def told(one: Resource) -> str:
    return " ".join(note["text"] for note in one.get("note", []))


def extensions(one: Resource) -> dict[str, Any]:
    return {each["url"]: next(value for key, value in each.items() if key != "url") for each in one["extension"]}


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


# -- the definitions


def test_the_code_systems_are_the_words_of_the_core() -> None:
    assert tuple(codes.REASONS) == events.REASONS
    assert set(codes.OUTCOMES) == set(events.OUTCOMES) - {"", "elsewhere"}


@pytest.mark.parametrize("name", codes.definitions())
def test_the_definitions_are_current_and_valid(name: str) -> None:
    from fhir.resources.R4B import get_fhir_model_class

    resource = codes.definitions()[name]
    assert (FOLDER / name).read_text() == text_of(resource)
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    assert resource["url"] in (ROOT / "docs" / "fhir.md").read_text()


# -- what is not valid is found


def _spoil(made: Resource, path: str, value: Any) -> None:
    *way, last = path.split(".")
    at: Any = made["entry"]
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("2.resource.status", "given", "given is not one of"),
        ("2.resource.effectivePeriod", None, "effective"),
        ("2.resource.subject", None, "subject"),
        ("2.resource.effectivePeriod.end", "2026-11-22T05:00:00.000Z", "per-1"),
        ("2.resource.effectivePeriod.start", "2026-11-22", "no time zone"),
        ("2.resource.request.reference", "MedicationRequest/other", "is not in the bundle"),
        ("2.resource.request.reference", "Device/e66118604b2a5c21", "is none of MedicationRequest"),
        ("2.resource.statusReason", [{"text": "none"}], "a reason why not"),
        ("2.resource.dosage", {"text": "some"}, "mad-1"),
        ("2.resource.bogus", 1, "bogus"),
        ("2.resource.id", "a_b", "id"),
        ("2.request.url", "MedicationAdministration/other", "the request is for something else"),
        ("4.resource.statusReason", None, "no reason"),
        ("4.resource.statusReason.0.coding.0.code", "tired", "none of our codes"),
        ("1.resource.intent", "wish", "wish is not one of"),
        ("1.resource.dosageInstruction.0.timing.repeat.durationUnit", None, "tim-1"),
        ("1.resource.dosageInstruction.0.timing.repeat.periodUnit", "parsec", "parsec is not one of"),
        ("12.resource.effectivePeriod.end", "2026-11-25T07:00:00.000Z", "has ended"),
    ],
)
def test_what_is_not_valid_is_found(whole: Resource, path: str, value: Any, said: str) -> None:
    made = deepcopy(whole)
    _spoil(made, path, value)
    assert said in "; ".join(problems_of(made))


def test_a_record_twice_is_found(whole: Resource) -> None:
    made = deepcopy(whole)
    made["entry"].append(made["entry"][2])
    assert "stands in the bundle twice" in "; ".join(problems_of(made))


# -- the command


def export(path: Path, *arguments: str, **environment: str) -> Ran:
    return dosebell("--json", "log", "export", "--format", "fhir", "--archive", str(path), *arguments, **environment)


@pytest.mark.req("H-01", "H-02")
def test_the_command_writes_the_file_and_says_what_is_in_it(ward: Path, tmp_path: Path) -> None:
    file = tmp_path / "course.json"
    ran = export(
        ward, "--output", str(file), "--patient", "Patient/123", "--medication", "urn:oid:2.999.1|A1|Aldesleukin"
    )
    assert ran.code == 0 and "4 doses have no record yet" in ran.err
    made = json.loads(file.read_text())
    assert list(problems_of(made, "Patient/123")) == []
    assert made["type"] == "transaction" and the(made, 1)["subject"] == {"reference": "Patient/123"}
    assert ran.json == {
        "file": str(file),
        "format": "fhir",
        "device": "e66118604b2a5c21",
        "journal": 1,
        "courses": 1,
        "doses": 14,
        "records": 11,
    }
    narrowed = export(ward, "--slot", "3")
    assert [one["status"] for one in administered(narrowed.json)] == ["not-done"]
    assert (
        len(request(narrowed.json)["dosageInstruction"][0]["timing"]["event"]) == 14
    )  # the plan is whole all the same


@pytest.mark.req("H-01")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--kind", "dose-started"], "--kind chooses events"),
        (["--patient", "Practitioner/1"], "no reference to a patient"),
        (["--patient", "Patient/a b"], "no reference to a patient"),
        (["--medication", "RxNorm|1"], "is no code"),
        (["--format", "csv", "--patient", "Patient/1"], "--patient and --medication are for --format fhir"),
    ],
)
def test_bad_options_are_usage_errors(ward: Path, arguments: list[str], said: str) -> None:
    ran = export(ward, *arguments)
    assert (ran.code, ran.error["error"], ran.out) == (2, "usage", "") and said in ran.error["sentence"]


@pytest.mark.req("H-01")
def test_a_selection_of_nothing_is_said(ward: Path) -> None:
    ran = export(ward, "--course", "7")
    assert ran.json == {"resourceType": "Bundle", "type": "transaction"} and "No dose is selected." in ran.err
