"""Regimens for the command line: the built-in ones, and a site's own as TOML files, checked before a device sees them."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from dosebell.errors import DosebellError, from_refusal
from dosecore import regimen, regimen_rules
from dosecore.refusals import Refusal

FOLDER_VARIABLE = "DOSEBELL_REGIMENS"


class Found(NamedTuple):
    """A checked regimen and where it came from: "built in", or the path of its file."""

    data: dict[str, Any]
    source: str


def folder() -> Path:
    """Where a site keeps its regimens: $DOSEBELL_REGIMENS, else `regimens` in the user's configuration folder."""
    import click

    named = os.environ.get(FOLDER_VARIABLE)
    return Path(named) if named else Path(click.get_app_dir("dosebell", force_posix=False)) / "regimens"


def site_files() -> list[Path]:
    place = folder()
    return sorted(place.glob("*.toml")) if place.is_dir() else []


def names() -> Iterator[str]:
    """Every name that `load` knows, without reading the files: a site's file is known by its stem too."""
    yield from regimen_rules.built_in()
    for path in site_files():
        yield path.stem


def _checked(data: Any, source: str) -> Found:
    refusal = regimen_rules.check(data)
    if refusal is not None:
        raise _explained(refusal, source)
    return Found(data, source)


def _explained(refusal: Refusal, source: str) -> DosebellError:
    err = from_refusal(refusal)
    notes = []
    if refusal.code == "unknown-field":
        near = difflib.get_close_matches(str(refusal.field), regimen.KEYS, n=1)
        notes += [f"Did you mean {near[0]}?"] if near else []
    if source != "built in":
        err.context["path"] = source
        notes.append(f"(In {source}.)")
    err.note = " ".join(notes)
    return err


def read(path: Path) -> Found:
    """The regimen in a TOML file. Errors: unreadable-file, bad-toml, name-taken, and those of the regimen's check."""
    import tomllib

    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        raise DosebellError("bad-toml", path=str(path), detail=str(err)) from None
    except OSError as err:
        raise DosebellError("unreadable-file", path=str(path), detail=err.strerror or str(err)) from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        raise DosebellError("bad-toml", path=str(path), detail=str(err)) from None
    found = _checked(data, str(path))
    if found.data["name"] in regimen_rules.built_in() and found.data != regimen_rules.built_in()[found.data["name"]]:
        raise DosebellError("name-taken", path=str(path), value=found.data["name"])
    return found


def load(name: str) -> Found:
    """The regimen that `name` means: a path (ends in .toml or has a separator), a built-in name, a site's file, or the name inside one.

    Errors: unknown-regimen, those of `read`.
    """
    if name.endswith(".toml") or os.sep in name:
        return read(Path(name))
    if name in regimen_rules.built_in():
        return _checked(regimen_rules.built_in()[name], "built in")
    for path in site_files():
        if path.stem == name:
            return read(path)
    for path in site_files():
        try:
            found = read(path)
        except DosebellError:
            continue  # another file's fault; `regimen list` shows it
        if found.data["name"] == name:
            return found
    err = DosebellError("unknown-regimen", value=name)
    near = difflib.get_close_matches(name, list(names()), n=1)
    if near:
        err.note = f"Did you mean {near[0]}?"
    raise err


def changed(found: Found, changes: Iterable[str]) -> Found:
    """`found` with FIELD=VALUE changes, checked again. Errors: bad-change and those of the regimen's check."""
    data = dict(found.data)
    for change in changes:
        field, sign, text = change.partition("=")
        if not (sign and field.strip()):
            raise DosebellError("bad-change", value=change)
        data[field.strip()] = _value(field.strip(), text.strip())
    checked = _checked(data, found.source)
    return checked if data == found.data else Found(data, f"{found.source}, changed")


def _value(field: str, text: str) -> Any:
    """The value that `text` is meant as; what cannot be one stays text, so that the check names it."""
    if field == "bench":
        return {"true": True, "false": False}.get(text.lower(), text)
    if field in regimen.NUMBERS:
        try:
            return int(text)
        except ValueError:
            return text
    return text


def as_toml(data: dict[str, Any]) -> str:
    """The regimen as the text of a site's TOML file."""
    shown = {True: "true", False: "false"}
    lines = [
        f"{key} = {shown[data[key]] if key == 'bench' else data[key] if key in regimen.NUMBERS else _quoted(data[key])}"
        for key in regimen.KEYS
    ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def due_offsets_min(data: dict[str, Any]) -> list[int]:
    """Minutes from the first due of a cycle to each slot's due, on the grid (R-01: every slot is due before first due + max_days)."""
    span = data["max_days"] * 1440
    offsets = [k * data["interval_min"] for k in range(data["max_doses"])]
    return [offset for offset in offsets if not span or offset < span]
