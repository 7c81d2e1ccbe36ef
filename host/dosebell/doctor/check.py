"""One finding of the doctor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dosebell.errors import DosebellError

OK, LOOK, WRONG, NOT_CHECKED = "ok", "look", "wrong", "not checked"
VERDICTS = (OK, LOOK, WRONG, NOT_CHECKED)


@dataclass(frozen=True)
class Check:
    """about: this computer, USB, or the port. verdict: one of VERDICTS; `look` is no fault. mend: what to run or to do. exit: the code of what is wrong."""

    about: str
    name: str
    verdict: str
    words: str
    mend: str = ""
    exit: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            "about": self.about,
            "check": self.name,
            "verdict": self.verdict,
            "text": self.words,
            "mend": self.mend or None,
            "exit": self.exit,
        }


def failed(about: str, name: str, err: DosebellError, mend: str = "") -> Check:
    """What an error says, in its own words."""
    return Check(about, name, WRONG, err.sentence, mend or err.advice, err.exit_code)


def exit_code(checks: Sequence[Check]) -> int:
    """0 when nothing is wrong, else the highest exit code of what is."""
    return max((check.exit for check in checks if check.verdict == WRONG), default=0)


def summary(checks: Sequence[Check]) -> dict[str, int]:
    """How many of each verdict."""
    return {verdict.replace(" ", "_"): sum(check.verdict == verdict for check in checks) for verdict in VERDICTS}
