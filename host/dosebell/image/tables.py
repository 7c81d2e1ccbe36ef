"""Reads a TOML file strictly: every key asked for by name and type, every key left over is an error, told with its line."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from dosebell.image.errors import BoardError


class Table:
    """One table of a TOML file that remembers which of its keys were asked for.

    Every error is a `BoardError` that names the file, the line, the dotted key and the reason.
    """

    def __init__(self, file: Path, key: str, values: dict[str, Any], lines: _Lines) -> None:
        self.file = file
        self._lines = lines
        self._key = key
        self._values = values
        self._asked: set[str] = set()

    def name(self, key: str) -> str:
        """The dotted name of a key of this table, as errors give it."""
        return f"{self._key}.{key}" if self._key else key

    def error(self, key: str, reason: str) -> BoardError:
        """The error for one key of this table, to be raised by the caller."""
        name = self.name(key)
        return BoardError(f"{self.file}:{self._lines.of(name)}: {name}: {reason}")

    def text(self, key: str) -> str:
        """A string that is not empty."""
        value = self._take(key)
        if not isinstance(value, str) or not value:
            raise self.error(key, f"must be text in quotes, not {value!r}")
        return value

    def integer(self, key: str, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both allowed."""
        value = self._take(key)
        # bool is an int in Python; `start = true` is a slip all the same.
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.error(key, f"must be a whole number, not {value!r}")
        if not low <= value <= high:
            raise self.error(key, f"is {value}, must be {low} to {high}")
        return value

    def table(self, key: str) -> Table:
        """The table under this key."""
        value = self._take(key)
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, [{self.name(key)}], not {value!r}")
        return Table(self.file, self.name(key), value, self._lines)

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> list[str]:
        """All keys, in the order of the file."""
        return list(self._values)

    def done(self) -> None:
        """No more keys will be asked for: whatever is left is a slip of the pen, so an error."""
        for key in self._values:
            if key not in self._asked:
                known = ", ".join(sorted(self._asked))
                raise self.error(key, f"unknown key; known here: {known}")

    def _take(self, key: str) -> Any:
        self._asked.add(key)
        if key not in self._values:
            raise self.error(key, "is missing")
        return self._values[key]


def read_toml(file: Path) -> Table:
    """The top table of a TOML file; `BoardError` if it cannot be read or is not TOML."""
    try:
        content = file.read_bytes()
    except OSError as problem:
        raise BoardError(f"{file}: cannot be read: {problem.strerror or problem}") from problem
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as problem:
        line = content.count(b"\n", 0, problem.start) + 1
        raise BoardError(f"{file}:{line}: is not UTF-8 text: {problem}") from problem
    lines = _Lines(text)
    try:
        return Table(file, "", tomllib.loads(text), lines)
    except tomllib.TOMLDecodeError as problem:
        at = re.search(r"at line (\d+)", str(problem))
        raise BoardError(f"{file}:{at[1] if at else lines.last}: is not TOML: {problem}") from problem


class _Lines:
    """In which line of the text each key stands. `tomllib` tells nobody, and a reader looks for lines."""

    def __init__(self, text: str) -> None:
        self._at: dict[str, int] = {}
        table = ""
        for number, line in enumerate(text.splitlines(), 1):
            if header := re.match(r"\s*\[\[?([^\[\]]+)\]", line):
                table = _dotted(header[1])
                self._note(table, number)
            elif key := re.match(r"\s*([\w.\"' -]+?)\s*=", line):
                self._note(f"{table}.{_dotted(key[1])}".lstrip("."), number)
        self.last = max(1, len(text.splitlines()))

    def of(self, name: str) -> int:
        """The line of a dotted key; of a missing one that of its table; of a missing table the last, where it can be added."""
        while name not in self._at and "." in name:
            name = name.rpartition(".")[0]
        return self._at.get(name, self.last)

    def _note(self, name: str, number: int) -> None:
        parts = name.split(".")
        for length in range(1, len(parts) + 1):
            self._at.setdefault(".".join(parts[:length]), number)


def _dotted(name: str) -> str:
    """A key as TOML writes it, without quotes and spaces."""
    return ".".join(part.strip(" \t\"'") for part in name.split("."))
