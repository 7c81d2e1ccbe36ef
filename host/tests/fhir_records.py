"""Reading the bundles that `log export --format fhir` makes: what tests ask of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dosebell.archive import Archive
from dosebell.cli.selection import select_doses
from dosebell.export.fhir import Coding, administered, bundle
from dosebell.export.fhir_check import problems_of

Resource = dict[str, Any]


def exported(path: Path, *, patient: str | None = None, medication: Coding | None = None, **options: Any) -> Resource:
    """The bundle of an archive, held to be valid."""
    with Archive(path, create=False) as archive:
        made: Resource = bundle(select_doses(archive, **options)[1], patient, medication)
    assert list(problems_of(made, patient)) == []
    return made


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
