"""A journal's doses as FHIR R4B: a transaction Bundle with the device, each course as a MedicationRequest and each dose as a MedicationAdministration.

Ids come from `identity`, so that sending a second export updates what the first has made. What each thing becomes, and why: docs/fhir.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any, NamedTuple

from dosebell.chart import ChartedCourse, ChartedSlot
from dosebell.export import codes
from dosebell.export.doses import Doses, TakenBack
from dosebell.export.identity import device_name
from dosebell.export.words import NOT_A_MEDICAL_DEVICE, Remark, at_utc, end_of, reason_of, remarks, state_words
from dosebell.regimens import due_offsets_min
from dosebell.times import Instant, rfc3339
from dosecore.regimen import Regimen

# Where a full URL is needed inside the bundle: RFC 2606 keeps this name from ever being anybody's. A server has its own.
BASE = "https://dosebell.invalid/fhir"

# By the outcome, or by the phase of a dose that is not closed. A dose that is planned, due or dropped has no record: nothing was administered, and nothing not.
_STATUS = {
    "given": "completed",
    "partial": "stopped",
    "held": "not-done",
    "missed": "not-done",
    "unknown": "unknown",
    "infusing": "in-progress",
    "interrupted": "on-hold",
    "on-hold": "on-hold",
}
_COURSE_STATUS = {"running": "active", "resting": "active", "completed": "completed", "stopped": "stopped"}

_WHAT_IT_DID = "It gave no drug: it kept the plan and recorded which buttons were pressed."

Resource = dict[str, Any]


class Coding(NamedTuple):
    """A site's code for the drug. display can be empty."""

    system: str
    code: str
    display: str


def bundle(doses: Doses, patient: str | None = None, medication: Coding | None = None) -> Resource:
    """The transaction. patient: a reference to a Patient; medication: the drug, which the device does not know."""
    common = {"subject": _subject(patient)}
    resources: list[Resource] = []
    for course in doses.courses:
        drug = {"medicationCodeableConcept": _drug(course, medication)}
        resources.append(_request(doses, course, {**drug, **common}))
        for slot in doses.of(course):
            resources += _administrations(doses, course, slot, {**drug, **common})
    if resources:
        resources.insert(0, _device(doses))
    return _plain({"resourceType": "Bundle", "type": "transaction", "entry": [_entry(one) for one in resources]})


def as_text(made: Resource) -> str:
    """A bundle as the text of a file."""
    return json.dumps(made, indent=1) + "\n"


def administered(made: Resource) -> list[Resource]:
    """The MedicationAdministrations of a bundle."""
    found = [entry["resource"] for entry in made.get("entry", ())]
    return [one for one in found if one["resourceType"] == "MedicationAdministration"]


def standing(made: Resource) -> list[Resource]:
    """Those of them that stand: one a dose."""
    return [one for one in administered(made) if one["status"] != "entered-in-error"]


def _entry(resource: Resource) -> Resource:
    place = f"{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": f"{BASE}/{place}", "resource": resource, "request": {"method": "PUT", "url": place}}


# -- what all have in common


def _plain(data: Resource) -> Resource:
    """`data` without what is None or empty: FHIR has nothing that is empty."""
    return {key: value for key, value in data.items() if value not in (None, "", [], {})}


def _subject(patient: str | None) -> Resource:
    """R4B wants a subject; who it is, the device does not know."""
    if patient is not None:
        return {"reference": patient}
    return {"extension": [_absent()], "display": "Not known: Dosebell holds no patient data"}


def _absent() -> Resource:
    return {"url": codes.ABSENT, "valueCode": "unknown"}


def _drug(course: ChartedCourse, medication: Coding | None) -> Resource:
    text = f"Regimen {course.regimen['name']}" if course.regimen else "A regimen that the log does not tell"
    if medication is None:
        return {"text": f"{text} (the drug is not known to Dosebell)"}
    return {
        "coding": [_plain(medication._asdict())],
        "text": f"{medication.display or medication.code}, {text.lower()}",
    }


def _meta(doses: Doses, course: ChartedCourse) -> Resource:
    """What a bench regimen made is no treatment: it is marked so that a server can tell."""
    return {"security": [codes.TEST_DATA]} if doses.bench(course.number) else {}


def _identifier(system: str, value: str) -> list[Resource]:
    return [{"system": system, "value": value}]


def _narrative(*sentences: str) -> Resource:
    words = escape(" ".join(sentences), quote=False)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{words}</p></div>'}


def _note(remark: Remark) -> Resource:
    at, words = remark
    return _plain({"authorString": "Dosebell", "time": rfc3339(at), "text": words})


def _reference(kind: str, id: str) -> Resource:
    return {"reference": f"{kind}/{id}"}


def _device(doses: Doses) -> Resource:
    names = [{"name": "Dosebell", "type": "model-name"}]
    if doses.label:
        names.append({"name": doses.label, "type": "user-friendly-name"})
    return {
        "resourceType": "Device",
        "id": device_name(doses.device),
        "text": _narrative(f"Dosebell {doses.device} {doses.label}".rstrip() + ".", NOT_A_MEDICAL_DEVICE),
        "identifier": _identifier(codes.DEVICE_ID, doses.device),
        "status": "active",
        "deviceName": names,
        "type": {"text": "Dose reminder"},
        "note": [{"text": f"{NOT_A_MEDICAL_DEVICE} {_WHAT_IT_DID}"}],
    }


# -- the course


def _request(doses: Doses, course: ChartedCourse, common: Resource) -> Resource:
    regimen = doses.regimen(course.number)
    name = doses.course_name(course.number)
    said = f"{common['medicationCodeableConcept']['text']}; course {course.state}."
    remark = "The plan that the device kept. It is no order: the order stands elsewhere."
    if not course.mode:
        remark += " The log begins in the middle of this course."
    elif not course.complete:
        remark += " The log has a gap in this course."
    return _plain(
        {
            "resourceType": "MedicationRequest",
            "id": name,
            "meta": _meta(doses, course),
            "text": _narrative(said, remark),
            "identifier": _identifier(codes.RECORD_ID, name),
            "status": _COURSE_STATUS.get(course.state, "unknown"),
            "intent": "plan",
            **common,
            "supportingInformation": [_reference("Device", device_name(doses.device))],
            "authoredOn": rfc3339(course.started),
            "note": [_note((None, remark))],
            "dosageInstruction": list(_cycles(course, regimen)),
        }
    )


def _cycles(course: ChartedCourse, regimen: Regimen | None) -> Iterator[Resource]:
    """The timing of each cycle that is this device's: a course that it took over has none of what came before."""
    if regimen is None:
        return
    taken_over = course.mode == "middle" and course.cycles
    first = min(course.cycles) if taken_over else 1
    for cycle in range(first, regimen.cycles + 1):
        of_cycle = [slot for slot in course.slots if slot.cycle == cycle]
        begins_with = min((slot.number for slot in of_cycle), default=1) if taken_over and cycle == first else 1
        yield _cycle(course, regimen, cycle, begins_with, of_cycle)


def _cycle(course: ChartedCourse, regimen: Regimen, cycle: int, begins_with: int, slots: list[ChartedSlot]) -> Resource:
    """The timing of a cycle: the rule, and the dues as they stand. FHIR reads such a list as the interpretation of the rule."""
    data = regimen.data
    unit = "s" if regimen.bench else "min"
    infusion, interval = (_said(data[name], regimen) for name in ("infusion_min", "interval_min"))
    words = f"Cycle {cycle}: an infusion of {infusion} every {interval}, at most {data['max_doses']} doses"
    if data["max_days"]:
        words += f" in {data['max_days']} days"
    if not regimen.grid:
        words += ", counted from the start of the dose before"
    if begins_with > 1:
        words += f"; this device began with dose {begins_with}"
    elif cycle > 1:
        words += f"; it begins {data['cycle_days']} days after the first dose of the cycle before, or later"
    repeat = {
        "boundsPeriod": _plain({"start": rfc3339(course.cycles.get(cycle))}),
        "count": len(due_offsets_min(data)) - begins_with + 1,
        "duration": data["infusion_min"],
        "durationUnit": unit,
        "frequency": 1,
        "period": data["interval_min"],
        "periodUnit": unit,
    }
    dues = [rfc3339(slot.due) for slot in slots if slot.phase != "dropped" and slot.due is not None]
    return {"sequence": cycle, "text": f"{words}.", "timing": _plain({"event": dues, "repeat": _plain(repeat)})}


def _said(minutes: int, regimen: Regimen) -> str:
    """A duration of a regimen: minutes are seconds on the bench."""
    if regimen.bench:
        return f"{minutes} s"
    return f"{minutes} min" if minutes % 60 else f"{minutes // 60} h"


# -- the doses


def _administrations(doses: Doses, course: ChartedCourse, slot: ChartedSlot, common: Resource) -> Iterator[Resource]:
    """What was taken back, each as a record of its own that says so; then what stands, if anything was administered, or was not."""
    taken_back = doses.taken_back(slot)
    for one in taken_back:
        yield _void(doses, course, slot, one, common)
    if _STATUS.get(slot.outcome or slot.phase):
        yield _standing(doses, course, slot, len(taken_back) + 1, common)


def _record(
    doses: Doses, course: ChartedCourse, slot: ChartedSlot, attempt: int, common: Resource, words: str, rest: Resource
) -> Resource:
    name = doses.name(slot, attempt)
    extension = []
    if slot.due is not None:
        extension.append({"url": codes.DUE, "valueDateTime": rfc3339(slot.due)})
    return _plain(
        {
            "resourceType": "MedicationAdministration",
            "id": name,
            "meta": _meta(doses, course),
            "text": _narrative(f"Dose {slot.number} of cycle {slot.cycle}, due {at_utc(slot.due)}: {words}."),
            "extension": extension + rest.pop("extension", []),
            "identifier": _identifier(codes.RECORD_ID, name),
            **rest,
            **common,
            "supportingInformation": [_reference("Device", device_name(doses.device))],
            "request": _reference("MedicationRequest", doses.course_name(course.number)),
        }
    )


def _standing(doses: Doses, course: ChartedCourse, slot: ChartedSlot, attempt: int, common: Resource) -> Resource:
    word = slot.outcome or slot.phase
    extension: list[Resource] = []
    if slot.variance_ms is not None:
        seconds = {"value": slot.variance_ms / 1000, "unit": "s", "system": codes.UCUM, "code": "s"}
        extension.append({"url": codes.VARIANCE, "valueDuration": seconds})
    if slot.recorded_at is not None:
        extension.append({"url": codes.RECORDED, "valueDateTime": rfc3339(slot.recorded_at)})
    rest = {
        "extension": extension,
        "status": _STATUS[word],
        "statusReason": _status_reason(slot, word),
        **_effective(slot, word),
        "note": [_note(remark) for remark in remarks(slot)],
    }
    return _record(doses, course, slot, attempt, common, state_words(slot), rest)


def _void(doses: Doses, course: ChartedCourse, slot: ChartedSlot, one: TakenBack, common: Resource) -> Resource:
    """A START or HOLD that was taken back: an earlier export may have told of it, and nobody may believe it any more."""
    words = f"{one.press.upper()} was pressed at {at_utc(one.at)} and taken back at {at_utc(one.undone)}"
    rest = {
        "status": "entered-in-error",
        **_at(one.at if one.press == "start" else slot.due),
        "note": [_note((one.undone, f"{words}."))],
    }
    return _record(doses, course, slot, one.number, common, words, rest)


def _at(at: Instant | None) -> Resource:
    return {"effectivePeriod": _edge("start", None)} if at is None else {"effectiveDateTime": rfc3339(at)}


def _effective(slot: ChartedSlot, word: str) -> Resource:
    """When the dose was given, or, where it was not, when it should have been: R4B wants a time in any case."""
    if word not in ("given", "partial", "infusing", "interrupted"):
        return _at(slot.due)
    period = _edge("start", slot.started)
    if word in ("given", "partial"):
        period |= _edge("end", end_of(slot))
    return {"effectivePeriod": period}


def _edge(name: str, at: Instant | None) -> Resource:
    """An end of a period; where it is not known, FHIR is told so: leaving it out would mean that the period goes on."""
    return {f"_{name}": {"extension": [_absent()]}} if at is None else {name: rfc3339(at)}


def _status_reason(slot: ChartedSlot, word: str) -> list[Resource]:
    """Why a dose was not given, or not wholly. `missed` says why in itself; a hold always has a reason, if only that nobody gave one."""
    reason = reason_of(slot)
    if word in ("held", "on-hold"):
        return [codes.reason_concept(reason)]
    found = [codes.outcome_concept("missed")] if word == "missed" else []
    if word in ("missed", "partial") and slot.recorded and reason != "unspecified":
        found.append(codes.reason_concept(reason))
    return found
