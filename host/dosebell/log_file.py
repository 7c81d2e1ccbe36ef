"""The exported log as JSON Lines, with what proves it: every line is an event of the contract, and can be checked against the lines before it.

    {"seq":1,...,"detail":{...},"log":{"format":1,"device":...},"hash":"..."}        the first line: of which journal this is
    {"seq":2,...,"detail":{...},"hash":"..."}
    {"seq":3,...,"detail":{...},"end":{"count":3,"events":[[1,3]],"gaps":[]},"hash":"..."}    the last: what the file holds

`hash` is the SHA-256 of the hash of the line before (as text; none before the first) and of this object without `hash`, as compact JSON in its order.
The last line's is the file's fingerprint. Whoever alters a line and computes all later hashes anew is found only by somebody who has kept the fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from dosebell.errors import DosebellError
from dosebell.journal_reader import Gap

FORMAT = 1
_HASH = "hash"
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True)
class About:
    """Which journal a file is of. `selection`: the filters in words by option (`{"cycle": 1}`); empty for a whole journal."""

    device: str
    label: str
    board: str
    journal: int
    selection: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Proven:
    """What a file that is proven holds. `fingerprint`: the hash of its last line."""

    about: dict[str, Any]
    events: int
    first: int
    last: int
    gaps: list[dict[str, Any]]
    fingerprint: str


def proven_lines(about: About, events: Iterable[dict[str, Any]], gaps: Iterable[Gap]) -> Iterator[dict[str, Any]]:
    """The lines of an exported file, as objects in the order of their keys. Write each with `text_of` and a newline, or by `Result(lines=...)`.

    events: as `events_json.as_json` makes them, in order of `seq`; at least one, or there are no lines and nothing can be proven.
    gaps: those that the archive has of this journal (`Archive.gaps`), also when only some events are exported.

        about = About(journal.device, journal.label, journal.board, journal.id, {"cycle": 1})
        for line in proven_lines(about, (as_json(event, known) for event in wanted), archive.gaps(journal)):
            out.write(text_of(line) + "\\n")
    """
    head: dict[str, Any] = {
        "log": {
            "format": FORMAT,
            "device": about.device,
            "label": about.label,
            "board": about.board,
            "journal": about.journal,
            "selection": about.selection,
        }
    }
    before = ""
    ranges: list[list[int]] = []
    waiting: dict[str, Any] | None = None  # the newest event: only when the next comes is it known not to be the last
    for event in chain(events, (None,)):
        if waiting is not None:
            if ranges and ranges[-1][1] == waiting["seq"] - 1:
                ranges[-1][1] = waiting["seq"]
            else:
                ranges.append([waiting["seq"], waiting["seq"]])
            end = {} if event is not None else {"end": _end(ranges, gaps)}
            line = {**waiting, **head, **end}
            head = {}
            before = _hash(before, line)
            yield {**line, _HASH: before}
        waiting = event


def _end(ranges: list[list[int]], gaps: Iterable[Gap]) -> dict[str, Any]:
    return {
        "count": sum(last - first + 1 for first, last in ranges),
        "events": ranges,
        "gaps": [{"first_seq": gap.first, "last_seq": gap.last, "cause": gap.cause} for gap in gaps],
    }


def text_of(line: dict[str, Any]) -> str:
    """A line as it is written, without its end."""
    return json.dumps(line, separators=(",", ":"))


def _hash(before: str, line: dict[str, Any]) -> str:
    return hashlib.sha256((before + text_of(line)).encode()).hexdigest()


def is_archive(path: Path) -> bool:
    """Whether the file is an archive and no exported log, by its first bytes. A file that is not there is neither."""
    try:
        with path.open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def verify_file(path: Path) -> Proven:
    """Proves an exported file. Errors: log-altered (with the first bad `seq`), not-a-log, unreadable-file."""
    try:
        lines = path.read_bytes().splitlines()
    except OSError as err:
        raise DosebellError("unreadable-file", path=str(path), detail=err.strerror or str(err)) from None
    found = [_object(line) for line in lines if line.strip()]
    if not any(found):
        raise DosebellError("not-a-log", path=str(path))
    end = next((line["end"] for line in found if line and isinstance(line.get("end"), dict)), None)
    wanted = _wanted(end)
    before, last = "", 0
    for number, line in enumerate(found):
        expected = next(wanted, None)
        wrong = _wrong(before, line, expected, number)
        if wrong is not None:
            seq = expected if expected is not None else (line or {}).get("seq", last + 1)
            if line is not None and expected is not None and last < line["seq"] < expected:
                seq = line["seq"]  # it stands where none should: put in between
            raise _altered(path, seq, wrong)
        assert line is not None
        before, last = line[_HASH], line["seq"]
        if "end" in line and number < len(found) - 1:
            after = found[number + 1]
            raise _altered(path, after["seq"] if after else last + 1, "was added after the end of the log")
    if end is None:
        raise _altered(path, last + 1, "is missing: the end of the log was taken away")
    missing = next(wanted, None)
    if missing is not None:
        raise _altered(path, missing, "is missing")
    first = found[0]
    assert first is not None
    return Proven(first["log"], len(found), first["seq"], last, end.get("gaps", []), before)


def _object(line: bytes) -> dict[str, Any] | None:
    """The event in a line, or None."""
    try:
        made = json.loads(line)
    except ValueError:
        return None
    return made if isinstance(made, dict) and isinstance(made.get("seq"), int) else None


def _wanted(end: Any) -> Iterator[int]:
    """The numbers that the last line says the file holds; none when it does not say so as it should."""
    try:
        for first, last in end["events"]:
            yield from range(first, last + 1)
    except (KeyError, TypeError, ValueError):
        return


def _wrong(before: str, line: dict[str, Any] | None, expected: int | None, number: int) -> str | None:
    """What is wrong with a line, in words that follow "event N"; None for nothing."""
    if line is None:
        return "cannot be read"
    if expected is not None and line["seq"] != expected:
        return f"is not in its place: event {line['seq']} stands there"
    plain = {key: value for key, value in line.items() if key != _HASH}
    if line.get(_HASH) != _hash(before, plain):
        return "is not as it was exported, or something before it was removed"
    if (number == 0) != ("log" in line):
        return "is not the first of the log" if number == 0 else "begins another log"
    return None


def _altered(path: Path, seq: int, detail: str) -> DosebellError:
    return DosebellError("log-altered", path=str(path), seq=seq, detail=detail)
