"""Proves a bundle before anybody gets it: by the models of `fhir.resources`, and by what these do not look at.

They check names, types, cardinalities and choices. Left to us: codes of required bindings, kinds of references and whether they lead anywhere, ids, time
zones, what a status asks for, and those of FHIR's invariants that a bundle of ours could break. `fhir.resources` is imported here alone: it is an extra.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dosebell.deferred import deferred
from dosebell.errors import DosebellError
from dosebell.export import codes

_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_LOCAL = re.compile(r"([A-Za-z]+)/([A-Za-z0-9.-]{1,64})")
_OUR_CODES = {codes.HOLD_REASON: codes.REASONS, codes.OUTCOME: codes.OUTCOMES}


def prove(bundle: dict[str, Any], patient: str | None = None) -> None:
    """`bundle` is valid FHIR R4B, and a transaction that stands by itself. patient: the one reference that may lead out of it. Errors: fhir-invalid."""
    problems = list(problems_of(bundle, patient))
    if problems:
        raise DosebellError("fhir-invalid", detail="; ".join(problems[:3]))


def problems_of(bundle: dict[str, Any], patient: str | None = None) -> Iterator[str]:
    """What is wrong with it, each with its place; nothing if it is valid."""
    with deferred():  # pydantic takes what a signal raises within it for an answer
        from fhir.resources.R4B.bundle import Bundle
        from pydantic import ValidationError

        model, wrong = None, []
        try:
            model = Bundle.model_validate(bundle)
        except ValidationError as err:
            wrong = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in err.errors()]
    if model is None:
        yield from wrong
        return
    yield from _of_model(model, "Bundle")
    entries = bundle.get("entry", [])
    places = [f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in entries]
    for place in {place for place in places if places.count(place) > 1}:
        yield f"{place}: stands in the bundle twice"
    for entry, place in zip(entries, places, strict=True):
        resource = entry["resource"]
        if not _ID.fullmatch(resource["id"]):
            yield f"{place}: not an id"
        if entry["request"] != {"method": "PUT", "url": place} or not entry["fullUrl"].endswith(f"/{place}"):
            yield f"{place}: the request is for something else"
        for problem in _of_json(resource, "", {*places, patient}):
            yield f"{place}{problem}"
        if resource["resourceType"] == "MedicationAdministration":
            for problem in _of_administration(resource):
                yield f"{place}: {problem}"


def _of_model(model: Any, path: str) -> Iterator[str]:
    """Codes of required bindings, and the kinds of resource that a reference may lead to: the models know both and check neither."""
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if value is None:
            continue
        here, facts = f"{path}.{name}", field.json_schema_extra or {}
        for one in value if isinstance(value, list) else [value]:
            if "enum_values" in facts and one not in facts["enum_values"]:
                yield f"{here}: {one} is not one of {', '.join(facts['enum_values'])}"
            kinds = facts.get("enum_reference_types", ())
            lead = getattr(one, "reference", None) or ""
            if kinds and "Resource" not in kinds and lead and not set(lead.split("/")) & set(kinds):
                yield f"{here}: {lead} is none of {', '.join(kinds)}"
            if hasattr(type(one), "model_fields"):
                yield from _of_model(one, here)


def _of_json(value: Any, path: str, places: set[str | None]) -> Iterator[str]:
    """Times, references and our own codes, wherever they stand."""
    if isinstance(value, list):
        for number, one in enumerate(value):
            yield from _of_json(one, f"{path}[{number}]", places)
    if not isinstance(value, dict):
        return
    if not value:
        yield f"{path}: empty"
    lead = value.get("reference")
    if lead is not None and lead not in places:
        yield f"{path}: {lead} is not in the bundle"
    known = _OUR_CODES.get(value.get("system", ""))
    if known is not None and value.get("code") not in known:
        yield f"{path}: {value.get('code')} is none of our codes"
    for name, one in value.items():
        if name in ("start", "end", "time", "authoredOn", "effectiveDateTime", "valueDateTime", "event"):
            for text in one if isinstance(one, list) else [one]:
                if not _INSTANT.fullmatch(text):
                    yield f"{path}.{name}: {text} has no time zone"
        yield from _of_json(one, f"{path}.{name}", places)
    start, end = (value.get(name) or "" for name in ("start", "end"))
    if (
        _INSTANT.fullmatch(start)
        and _INSTANT.fullmatch(end)
        and datetime.fromisoformat(start) > datetime.fromisoformat(end)
    ):
        yield f"{path}: ends before it starts (per-1)"
    for quantity, unit in (("duration", "durationUnit"), ("period", "periodUnit")):
        if (quantity in value) != (unit in value):
            yield f"{path}: {quantity} without its unit, or the unit alone (tim-1, tim-2)"
        if value.get(quantity, 0) < 0:
            yield f"{path}: {quantity} is negative (tim-4, tim-5)"


def _of_administration(one: dict[str, Any]) -> Iterator[str]:
    """What a status asks for."""
    status, why = one["status"], one.get("statusReason")
    if status == "not-done" and not why:
        yield "not done, and no reason"
    if status in ("completed", "in-progress") and why:
        yield f"{status}, and a reason why not"
    if status in ("completed", "stopped", "in-progress") and "effectivePeriod" not in one:
        yield f"{status} without a period"
    if status == "in-progress" and {"end", "_end"} & one["effectivePeriod"].keys():
        yield "in progress, and has ended"
    if "dosage" in one:
        yield "a dosage: the device knows none (mad-1)"
