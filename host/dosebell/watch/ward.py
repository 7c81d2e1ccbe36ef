"""All devices that were heard, by their ids: the same device is the same bed on whichever port it comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dosebell.errors import DosebellError
from dosebell.watch.bed import Bed

# Another command may use a port for some seconds, an answer may come late, a port may go while it is opened: no trouble yet, of a device just heard.
GRACE_S = 5.0
_PASSING = ("port-busy", "no-answer", "not-a-dosebell", "bad-answer", "not-a-port")


@dataclass(frozen=True)
class Heard:
    """A device's answer to `status`, its clock read at `at_s` (monotonic)."""

    port: str
    answer: dict[str, Any]
    at_s: float


@dataclass(frozen=True)
class Lost:
    """Why a port gave no answer. id: the device that was last heard by whoever asked there, or ""."""

    port: str
    error: DosebellError
    at_s: float
    id: str = ""


@dataclass(frozen=True)
class Step:
    """One bed before (None: new) and after (None: gone) a report."""

    before: Bed | None
    after: Bed | None


class Ward:
    """The beds. patience_s: how long a device may say nothing, and nobody say why, before it is said not to answer."""

    def __init__(self, patience_s: float = 15.0) -> None:
        self._patience_s = patience_s
        self._beds: dict[str, Bed] = {}

    @property
    def beds(self) -> list[Bed]:
        """By label, then id, then port; ports where no device was ever heard come last."""
        return sorted(self._beds.values(), key=lambda bed: (not bed.id, bed.label, bed.id, bed.port))

    def take(self, report: Heard | Lost) -> list[Step]:
        """What a report changes."""
        return self._hear(report) if isinstance(report, Heard) else self._lose(report)

    def look(self, now_s: float) -> list[Step]:
        """Finds the devices of which there is no word at all, good or bad: a system can block on a port for ever."""
        silent = [
            (key, bed)
            for key, bed in self._beds.items()
            if bed.answer is not None and bed.error is None and now_s - bed.heard_s > self._patience_s
        ]
        return [self._set(key, bed.lost(DosebellError("no-answer", port=bed.port), now_s)) for key, bed in silent]

    def _hear(self, heard: Heard) -> list[Step]:
        key = str(heard.answer["device"]["id"])
        steps = []
        if ":" + heard.port in self._beds:
            steps.append(Step(self._beds.pop(":" + heard.port), None))
        for other, bed in list(self._beds.items()):
            if other != key and bed.port == heard.port and bed.error is None:  # another device in its place
                gone = DosebellError("unplugged", port=bed.port)
                steps.append(self._set(other, bed.lost(gone, heard.at_s)))
        bed = self._beds.get(key) or Bed(heard.port, heard.at_s)
        steps.append(self._set(key, bed.heard(heard.port, heard.answer, heard.at_s)))
        return steps

    def _lose(self, lost: Lost) -> list[Step]:
        # A bed that is not heard is not at that port any more, as far as anybody knows.
        there = (key for key, bed in self._beds.items() if bed.port == lost.port and (not bed.id or bed.error is None))
        key = lost.id or next(there, ":" + lost.port)
        bed = self._beds.get(key)
        if bed is None:
            return [self._set(key, Bed(lost.port, lost.at_s).lost(lost.error, lost.at_s))]
        if bed.id and bed.port != lost.port and bed.error is None:
            return []  # it is heard elsewhere
        passing = lost.error.code in _PASSING and bed.error is None and lost.at_s - bed.heard_s < GRACE_S
        return [] if passing else [self._set(key, bed.lost(lost.error, lost.at_s))]

    def forget(self, port: str) -> list[Step]:
        """A port is gone at which no device was ever heard."""
        bed = self._beds.pop(":" + port, None)
        return [] if bed is None else [Step(bed, None)]

    def _set(self, key: str, after: Bed) -> Step:
        before = self._beds.get(key)
        self._beds[key] = after
        return Step(before, after)
