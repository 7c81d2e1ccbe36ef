"""Codes and names of our own for FHIR: reasons, outcomes, identifiers, extensions; and the resources that define them for a server.

All stand under one OID made from a UUID (ITU-T X.667: anyone may make one, nobody has to be asked, and it is nobody else's). Dosebell owns no internet
domain, and a URL in another's would claim what is not ours. A code keeps its meaning for ever; new ones are only added.
"""

from __future__ import annotations

from typing import Any

_ROOT = "urn:oid:2.25.144104495944993829353796140586539089825"
HOLD_REASON = f"{_ROOT}.1"
OUTCOME = f"{_ROOT}.2"
RECORD_ID = f"{_ROOT}.3"
DEVICE_ID = f"{_ROOT}.4"
DUE = f"{_ROOT}.5"
VARIANCE = f"{_ROOT}.6"
RECORDED = f"{_ROOT}.7"

VERSION = "1.0.0"  # of the definitions: it grows when a code is added

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
UCUM = "http://unitsofmeasure.org"
TEST_DATA = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason",
    "code": "HTEST",
    "display": "test health data",
}
# code: (display, definition)
REASONS = {
    "unspecified": ("No reason given", "The dose was put on hold and nobody gave a reason."),
    "hypotension": ("Hypotension", "Low blood pressure."),
    "cardiac": ("Cardiac", "A finding of the heart or its rhythm."),
    "respiratory": ("Respiratory", "A finding of the lungs or of breathing."),
    "neurologic": ("Neurologic", "A finding of the nervous system, for instance confusion."),
    "renal": ("Renal", "A finding of the kidneys, for instance little urine."),
    "gastrointestinal": ("Gastrointestinal", "A finding of the stomach or bowel."),
    "infection": ("Infection", "An infection, or the suspicion of one."),
    "hematologic": ("Hematologic", "A finding of the blood."),
    "hepatic": ("Hepatic", "A finding of the liver."),
    "skin": ("Skin", "A finding of the skin."),
    "patient-refused": ("Refused by the patient", "The patient did not want the dose."),
    "unavailable": ("Patient unavailable", "The patient was not there, for instance at an examination."),
    "awaiting-drug": ("Awaiting the drug", "The drug had not come. Not counted when holds are reviewed."),
    "other": ("Other", "A reason that is not in this list."),
}
OUTCOMES = {
    "given": ("Given", "The infusion ran for its whole time."),
    "partial": ("Given in part", "The infusion was stopped before its time was over."),
    "held": ("Held", "The dose was on hold when its slot ended. It is used up and not made up."),
    "missed": ("Missed", "Nobody answered the dose in its window. It is used up and not made up."),
    "unknown": ("Not observed", "The device was off, or had no clock, for the whole window."),
}


def reason_concept(reason: str) -> dict[str, Any]:
    """A hold's reason as a CodeableConcept. reason: a word of `dosecore.events.REASONS`."""
    display = REASONS[reason][0]
    return {"coding": [{"system": HOLD_REASON, "code": reason, "display": display}], "text": display}


def outcome_concept(outcome: str) -> dict[str, Any]:
    """An outcome as a CodeableConcept. outcome: a word of `dosecore.events.OUTCOMES`."""
    display, words = OUTCOMES[outcome]
    return {"coding": [{"system": OUTCOME, "code": outcome, "display": display}], "text": words}


def definitions() -> dict[str, dict[str, Any]]:
    """The resources that define all this, by the name of their file in docs/fhir."""
    made = [
        _code_system(
            "dosebell-hold-reason",
            HOLD_REASON,
            "DosebellHoldReason",
            "Reasons of a hold",
            "Why a dose was put on hold, or was recorded as not given. The words of the Dosebell device.",
            REASONS,
        ),
        _code_system(
            "dosebell-outcome",
            OUTCOME,
            "DosebellOutcome",
            "Outcomes of a dose",
            "What became of a planned dose, as a Dosebell device closes it.",
            OUTCOMES,
        ),
        _extension(
            "dosebell-due",
            DUE,
            "DosebellDue",
            "Due",
            "When the dose was due, as its plan stood when something last happened to it.",
            "dateTime",
        ),
        _extension(
            "dosebell-variance",
            VARIANCE,
            "DosebellVariance",
            "Variance",
            "Actual start minus due; negative where the infusion started early.",
            "Duration",
        ),
        _extension(
            "dosebell-recorded",
            RECORDED,
            "DosebellRecorded",
            "Recorded",
            "When what stands here was entered, where it was entered afterwards and not told by the buttons.",
            "dateTime",
        ),
    ]
    return {f"{one['resourceType']}-{one['id']}.json": one for one in made}


def _common(kind: str, id: str, url: str, name: str, title: str, description: str) -> dict[str, Any]:
    return {
        "resourceType": kind,
        "id": id,
        "url": url,
        "version": VERSION,
        "name": name,
        "title": f"Dosebell: {title}",
        "status": "active",
        "experimental": False,
        "publisher": "Dosebell",
        "description": description,
    }


def _code_system(
    id: str, url: str, name: str, title: str, description: str, codes: dict[str, tuple[str, str]]
) -> dict[str, Any]:
    return {
        **_common("CodeSystem", id, url, name, title, description),
        "caseSensitive": True,
        "content": "complete",
        "count": len(codes),
        "concept": [
            {"code": code, "display": display, "definition": words} for code, (display, words) in codes.items()
        ],
    }


def _extension(id: str, url: str, name: str, title: str, description: str, kind: str) -> dict[str, Any]:
    top = {"short": title, "definition": description}
    elements = [
        {"id": "Extension", "path": "Extension", **top, "min": 0, "max": "1"},
        {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
        {"id": "Extension.url", "path": "Extension.url", "fixedUri": url},
        {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": kind}]},
    ]
    return {
        **_common("StructureDefinition", id, url, name, title, description),
        "kind": "complex-type",
        "abstract": False,
        "context": [{"type": "element", "expression": "MedicationAdministration"}],
        "type": "Extension",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
        "derivation": "constraint",
        "differential": {"element": elements},
    }
