"""`log export --format fhir`: what defines its codes, what proves a bundle, and the command: nothing goes out unproven (H-05)."""

import json
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fhir_records import Resource, exported, request, the
from host_command import ROOT, Ran, dosebell
from pytest_mock import MockerFixture

from dosebell.cli.main import run
from dosebell.devtools.fhir_definitions import FOLDER, text_of
from dosebell.export import codes
from dosebell.export.fhir import administered
from dosebell.export.fhir_check import problems_of
from dosecore import events

pytestmark = pytest.mark.req("H-05")


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


@cache
def _bundle_of(path: Path) -> Resource:
    return exported(path)


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
def test_what_is_not_valid_is_found(ward: Path, path: str, value: Any, said: str) -> None:
    made = deepcopy(_bundle_of(ward))
    _spoil(made, path, value)
    assert said in "; ".join(problems_of(made))


def test_a_record_twice_is_found(ward: Path) -> None:
    made = deepcopy(_bundle_of(ward))
    made["entry"].append(made["entry"][2])
    assert "stands in the bundle twice" in "; ".join(problems_of(made))


@pytest.mark.req("H-01")
def test_what_is_not_valid_is_not_written(
    ward: Path, tmp_path: Path, mocker: MockerFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    spoilt = deepcopy(_bundle_of(ward))
    _spoil(spoilt, "2.resource.status", "given")
    mocker.patch("dosebell.export.fhir.bundle", return_value=spoilt)
    file = tmp_path / "course.json"
    assert run(["log", "export", "--format", "fhir", "--archive", str(ward), "-o", str(file)]) == 6
    assert capsys.readouterr().err.startswith("fhir-invalid: What the log tells makes no valid FHIR: ")
    assert not file.exists()


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
