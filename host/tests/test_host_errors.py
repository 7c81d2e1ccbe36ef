"""Every refusal: one code, one sentence, one piece of advice, one documented exit code (H-01)."""

import re

import pytest
from host_command import ROOT, dosebell

from dosebell.error_words import as_markdown
from dosebell.errors import EXIT_CODES, TABLE, DosebellError, from_refusal
from dosecore.refusal_codes import CODES
from dosecore.refusals import Refusal

pytestmark = pytest.mark.req("H-01")


@pytest.mark.parametrize("code", CODES)
def test_each_code_of_the_device_has_its_line(code: str) -> None:
    assert code in TABLE


@pytest.mark.parametrize("code", TABLE)
def test_each_line_is_a_sentence_and_an_advice(code: str) -> None:
    line = TABLE[code]
    assert line.exit_code in dict(EXIT_CODES)
    assert line.advice.endswith((".", "?"))
    if line.sentence != "{detail}":
        assert line.sentence.endswith(".")


def test_the_table_has_every_code_that_is_raised_and_no_other() -> None:
    source = "".join(path.read_text() for path in sorted((ROOT / "host" / "dosebell").rglob("*.py")))
    raised = set(re.findall(r'DosebellError\(\s*"([a-z-]+)"', source))
    by_another_way = {"archive-busy", "archive-full", "protocol-too-old"}
    assert all(f'"{code}"' in source for code in by_another_way)
    assert raised | by_another_way | set(CODES) == set(TABLE)


def test_every_placeholder_is_filled_even_without_context() -> None:
    for code in TABLE:
        err = DosebellError(code)
        filled = re.findall(r"\{(\w+)\}", err.sentence + err.advice)
        given = {"ports", "theirs", "ours", "count", "seq", "wanted", "found"}  # always given where these are raised
        assert set(filled) <= given, code


def test_the_document_is_current() -> None:
    assert (ROOT / "docs" / "errors.md").read_text() == as_markdown()


def test_a_refusal_names_field_value_and_range() -> None:
    err = from_refusal(Refusal("bad-field", "late_min", 5, 6, 120))
    assert err.sentence == "late_min is 5: it must be a whole number from 6 to 120."
    assert (err.exit_code, from_refusal(Refusal("bad-field", "late_min", 5, 6, 120), by_device=True).exit_code) == (
        2,
        4,
    )


def test_a_refused_instant_is_said_as_a_time() -> None:
    err = from_refusal(Refusal("too-early", "at", (10, 0), (86400, 0)), by_device=True)
    assert "2020-01-01 00:00" in err.sentence and "2020-01-02 00:00" in err.sentence


def test_a_fault_of_the_device_stays_a_fault() -> None:
    assert DosebellError("not-stored", by_device=True).exit_code == 5


def test_a_code_of_newer_firmware_is_still_explained() -> None:
    err = DosebellError("of-tomorrow", by_device=True)
    assert err.exit_code == 4 and "of-tomorrow" in err.sentence


def test_the_help_documents_the_exit_codes() -> None:
    said = " ".join(dosebell("--help").out.split())
    for words in (
        "0 ok",
        "2 usage",
        "3 no device",
        "4 device refused",
        "5 device fault",
        "6 data damaged",
        "not a medical device",
    ):
        assert words in said
