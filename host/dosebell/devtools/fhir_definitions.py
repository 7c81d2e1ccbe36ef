"""Writes docs/fhir: the definitions of Dosebell's own codes and extensions, to be put on a FHIR server (`python -m dosebell.devtools.fhir_definitions`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dosebell.export.codes import definitions
from dosebell.image.files import ROOT

FOLDER = ROOT / "docs" / "fhir"


def text_of(resource: dict[str, Any]) -> str:
    """A definition as the text of its file."""
    return json.dumps(resource, indent=2) + "\n"


def main(folder: Path = FOLDER) -> None:
    for name, resource in definitions().items():
        (folder / name).write_text(text_of(resource), encoding="utf-8")


if __name__ == "__main__":
    main()
