"""Packages that only some commands need, and that a plain installation does not bring (the extras of pyproject.toml)."""

from __future__ import annotations

from importlib.util import find_spec

from dosebell.errors import DosebellError


def need(package: str, extra: str) -> None:
    """The command cannot go on without `package`, which comes with `dosebell[extra]`. Imports nothing of it. Errors: extra-missing."""
    if find_spec(package.partition(".")[0]) is None:
        raise DosebellError("extra-missing", detail=package, extra=extra)
