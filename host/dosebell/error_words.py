"""The words of errors: values and ranges as people read them, and the table of all errors as docs/errors.md."""

from __future__ import annotations

from typing import Any

_WORDS = {"anchor": "grid or start", "bench": "true or false", "regimen": "a table of fields"}
_LENGTHS = ("name", "label")


def _local(instant: Any) -> str:
    from dosebell import times  # imported late: `times` raises our errors

    return times.local(instant)


def shown(value: Any) -> str:
    """A value as a sentence names it; instants in local time."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value if value else "empty"
    if is_instant(value):
        return _local(value)
    if isinstance(value, list | tuple):
        return ", ".join(str(part) for part in value)
    return str(value)


def is_instant(value: Any) -> bool:
    """Whether a value off the wire is an instant: two whole numbers."""
    return isinstance(value, list | tuple) and len(value) == 2 and all(type(part) is int for part in value)


def range_words(field: str | None, low: Any, high: Any) -> str:
    """The range of a field in words: "a whole number from 60 to 1440"."""
    if field in _WORDS:
        return _WORDS[field]
    if low is None and high is None:
        return "something else"
    if is_instant(low) or is_instant(high):
        return f"{_local(low)} or later" if low is not None else f"{_local(high)} or earlier"
    if field in _LENGTHS:
        return f"{low} to {high} printable ASCII characters"
    if low is not None and high is not None and low > high:
        return "smaller than the fields before it allow (they leave no value)"
    return f"a whole number from {low} to {high}"


def as_markdown() -> str:
    """The text of docs/errors.md."""
    from dosebell.errors import EXIT_CODES, TABLE

    out = [
        "# Errors: codes, sentences, advice",
        "",
        "Generated from `host/dosebell/errors.py` (`make errors`); a test keeps it current.",
        "Words in braces are filled in.",
        "An error is printed on stderr as `code: sentence advice`, with `--json` as one JSON object.",
        "Input that the device itself refuses exits with 4, whatever the table says.",
        "",
        "| exit code | meaning |",
        "|---|---|",
        *(f"| {code} | {meaning} |" for code, meaning in EXIT_CODES),
        "",
        "| code | exit | sentence | advice |",
        "|---|---|---|---|",
        *(f"| `{code}` | {line.exit_code} | {line.sentence} | {line.advice} |" for code, line in TABLE.items()),
    ]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    print(as_markdown(), end="")
