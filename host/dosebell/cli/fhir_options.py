"""What only a hospital can tell of an exported course, as options: the patient, and the code of the drug."""

from __future__ import annotations

import re
from typing import Any

import click

_URI = re.compile(r"(https?://\S+|urn:(oid:[0-2](\.(0|[1-9]\d*))+|uuid:[0-9a-f-]{36}))")
_PATIENT = re.compile(r"(https?://[^\s?#]+/)?Patient/[A-Za-z0-9.-]{1,64}")
_CODE = re.compile(r"\S+( \S+)*")


class Patient(click.ParamType[str]):
    """A reference to a Patient: relative to the server that the bundle goes to, or a URL."""

    name = "patient"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "REFERENCE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not _PATIENT.fullmatch(value):
            self.fail(
                f"{value} is no reference to a patient: it must be Patient/ID, or a URL that ends so.", param, ctx
            )
        return str(value)


class Medication(click.ParamType[tuple[str, str, str]]):
    """SYSTEM|CODE or SYSTEM|CODE|DISPLAY, as FHIR's searches write a code."""

    name = "medication"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return '"SYSTEM|CODE|DISPLAY"'

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, str, str]:
        if isinstance(value, tuple):
            return value
        system, _, rest = value.partition("|")
        code, _, display = rest.partition("|")
        if not _URI.fullmatch(system) or not _CODE.fullmatch(code):
            self.fail(
                f'{value} is no code: it must be "SYSTEM|CODE" or "SYSTEM|CODE|DISPLAY", with a URL or urn:oid: as SYSTEM.',
                param,
                ctx,
            )
        return system, code, display.strip()


PATIENT = Patient()
MEDICATION = Medication()
