"""The project's JSON Schemas as tests use them: what is printed must be valid, and its keys in the schema's order, none of them unknown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from host_command import ROOT
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FOLDER = ROOT / "host" / "dosebell" / "schemas"


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))


@cache
def _registry() -> Registry[Any]:
    found = [(path.name, DRAFT202012.create_resource(json.loads(path.read_text()))) for path in files()]
    return Registry().with_resources(found)


def _validator(schema: Any) -> Draft202012Validator:
    return Draft202012Validator(schema, registry=_registry(), format_checker=Draft202012Validator.FORMAT_CHECKER)


def check(name: str, value: Any) -> None:
    """AssertionError unless `value` is what schemas/<name>.json says, in its order."""
    start = {"$ref": f"{name}.json"}
    wrong = [f"{error.json_path}: {error.message}" for error in _validator(start).iter_errors(value)]
    assert not wrong, f"{name}: {wrong}\n{value}"
    out_of_order = list(_out_of_order(start, "", value, "$"))
    assert not out_of_order, f"{name}: {out_of_order}"


def _applied(schema: Any, base: str, value: Any) -> Iterator[tuple[Any, str]]:
    """The schemas that say something of `value`, each with the file that its references start from."""
    if not isinstance(schema, dict):
        return
    yield schema, base
    if "$ref" in schema:
        file, _, fragment = schema["$ref"].partition("#")
        target = _registry().contents(file or base)
        for step in fragment.split("/")[1:]:
            target = target[step]
        yield from _applied(target, file or base, value)
    for part in schema.get("allOf", ()):
        yield from _applied(part, base, value)
    for part in schema.get("anyOf", ()):
        if _fits(part, base, value):
            yield from _applied(part, base, value)
    if "if" in schema and _fits(schema["if"], base, value):
        yield from _applied(schema["then"], base, value)


def _fits(schema: Any, base: str, value: Any) -> bool:
    """Whether a part of the file `base` holds for `value`."""
    return bool(_validator(_absolute(schema, base)).is_valid(value))


def _absolute(schema: Any, base: str) -> Any:
    """The same with references that hold wherever it stands."""
    if isinstance(schema, list):
        return [_absolute(part, base) for part in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _absolute(part, base) for key, part in schema.items()}
    if str(inner.get("$ref", "")).startswith("#"):
        inner["$ref"] = base + inner["$ref"]
    return inner


def _out_of_order(schema: Any, base: str, value: Any, path: str) -> Iterator[str]:
    applied = list(_applied(schema, base, value))
    if isinstance(value, list):
        for number, item in enumerate(value):
            for one, file in applied:
                if "items" in one:
                    yield from _out_of_order(one["items"], file, item, f"{path}[{number}]")
    if not isinstance(value, dict):
        return
    known: dict[str, list[tuple[Any, str]]] = {}
    for one, file in applied:
        for key, inner in one.get("properties", {}).items():
            known.setdefault(key, []).append((inner, file))
    free = not known or any("additionalProperties" in one for one, _ in applied)
    if not free:
        unknown = [key for key in value if key not in known]
        if unknown:
            yield f"{path}: not in the schema: {', '.join(unknown)}"
        elif list(value) != [key for key in known if key in value]:
            yield f"{path}: {list(value)} do not stand as in the schema"
    for key, item in value.items():
        for inner, file in known.get(key, ()):
            yield from _out_of_order(inner, file, item, f"{path}.{key}")
