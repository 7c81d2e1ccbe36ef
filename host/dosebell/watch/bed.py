"""What is known of one device, and what its clock says now: between two answers time goes on by this computer's monotonic clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from dosebell.errors import DosebellError

# How far a device's clock may seem to stray before an answer moves ours: each is late by some ms, now more, now less, and a countdown must not jump for that.
STEADY_MS = 500

# What cannot be talked to, in a few words for a row; the error's own sentence stands where there is room.
_TROUBLES = {
    "unplugged": "unplugged",
    "no-such-port": "unplugged",
    "no-device": "unplugged",
    "port-busy": "in use by another program",
    "no-permission": "not allowed to open it",
    "no-answer": "does not answer",
    "not-a-dosebell": "is not a Dosebell",
    "protocol-too-old": "its firmware is too old",
    "protocol-too-new": "its firmware is too new",
}


@dataclass(frozen=True)
class Bed:
    """One device, or a port at which none was ever heard. Instants are this computer's monotonic seconds.

    answer: the last `status`, or None. heard_s: when it was heard. offset_ms: the device's UTC (ms since 2020) minus that clock, or None while it does not know
    the time. error: what is wrong with the connection, or None. since_s: since when it has been so, good or bad.
    """

    port: str
    since_s: float
    answer: dict[str, Any] | None = None
    heard_s: float = 0.0
    offset_ms: int | None = None
    error: DosebellError | None = None

    @property
    def id(self) -> str:
        """The device's id; "" while it was never heard."""
        return "" if self.answer is None else str(self.answer["device"]["id"])

    @property
    def label(self) -> str:
        return "" if self.answer is None else str(self.answer["device"]["label"] or "")

    @property
    def trouble_words(self) -> str:
        """What is wrong with the connection, in a few words; "" when nothing is."""
        return "" if self.error is None else _in_few(self.error)

    @property
    def advice(self) -> str:
        """What to do about it. Nobody has to run this command again."""
        if self.error is None:
            return ""
        return "Plug it in: it comes back by itself." if self.trouble_words == "unplugged" else self.error.advice

    @property
    def alerts(self) -> list[dict[str, Any]]:
        """What stood when it was last heard, the most urgent first."""
        return [] if self.answer is None else list(self.answer["alerts"])

    def heard(self, port: str, answer: dict[str, Any], at_s: float) -> Bed:
        """The bed after this answer, which was the device's at `at_s`."""
        utc = answer["clock"]["utc"]
        offset = None if utc is None else utc[0] * 1000 + utc[1] - round(at_s * 1000)
        if offset is not None and self.offset_ms is not None and abs(offset - self.offset_ms) <= STEADY_MS:
            offset = self.offset_ms
        return Bed(
            port=port,
            since_s=self.since_s if self.answer is not None and self.error is None else at_s,
            answer=answer,
            heard_s=at_s,
            offset_ms=offset,
        )

    def lost(self, error: DosebellError, at_s: float) -> Bed:
        """The bed after its connection failed."""
        return replace(self, error=error, since_s=self.since_s if _in_few(error) == self.trouble_words else at_s)

    def left_s(self, instant: list[int], now_s: float) -> int | None:
        """Seconds until `instant` (UTC), rounded up; negative once it has passed. None while the device does not know the time."""
        if self.offset_ms is None:
            return None
        left_ms = instant[0] * 1000 + instant[1] - self.offset_ms - round(now_s * 1000)
        return -(-left_ms // 1000)

    def infusion_left_s(self, now_s: float) -> int | None:
        """Seconds of infusion left; they pass while it runs, known clock or not."""
        course = {} if self.answer is None else self.answer["course"]
        infusion = course.get("infusion")
        if infusion is None:
            return None
        if course["phase"] != "infusing":
            return int(infusion["remaining_s"])
        if infusion["ends"] is not None:
            left = self.left_s(infusion["ends"], now_s)
            if left is not None:
                return max(0, left)
        return max(0, int(infusion["remaining_s"]) - int(now_s - self.heard_s))


def _in_few(error: DosebellError) -> str:
    return _TROUBLES.get(error.code, error.code)
