"""What became of a dose, in words for people who do not have the log: a state, and remarks with their instants. All in UTC."""

from __future__ import annotations

from dosebell.chart import ChartedSlot, Correction, Hold, Interruption
from dosebell.times import Instant, to_datetime

Remark = tuple[Instant | None, str]

NOT_A_MEDICAL_DEVICE = "Dosebell is a reminder, not a medical device."
_STATES = {"unknown": "not observed", "on-hold": "on hold"}
_NOT_OBSERVED = "The device was off, or had no clock, for the whole window of this dose: what happened has to be found out elsewhere."
_EARLY = {
    "too-early": "START was overridden at the bed: earlier than the regimen allows.",
    "gap": "START was overridden at the bed: before the minimum gap to the dose before had passed.",
}
_TAKEN_BACK = {
    "start": "START was pressed and taken back at the bed.",
    "hold": "HOLD was pressed and taken back at the bed.",
    "interrupt": "An interruption was taken back at the bed.",
    "resume": "The resumption of the infusion was taken back at the bed.",
    "stop": "The stop of the infusion was taken back at the bed.",
}


def at_utc(at: Instant | None) -> str:
    """An instant to the second."""
    return "a time that is not known" if at is None else f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC"


def reason_of(slot: ChartedSlot) -> str:
    """The reason that stands: one that was recorded with the outcome, else the newest hold's. "unspecified" where there is none."""
    recorded = slot.recorded and slot.reason not in ("", "unspecified")
    return (slot.reason if recorded else slot.hold_reason) or "unspecified"


def reason_words(reason: str) -> str:
    return "no reason given" if reason == "unspecified" else reason


def amount(ms: int) -> str:
    """A duration without its sign: "12.5 min", or seconds below a minute."""
    return f"{abs(ms) / 60000:.1f} min" if abs(ms) >= 60_000 else f"{abs(ms) / 1000:.1f} s"


def variance_words(ms: int) -> str:
    """As "12.5 min after due": what the regimen calls late is another question."""
    return "on time" if ms == 0 else f"{amount(ms)} {'after' if ms > 0 else 'before'} due"


def state_words(slot: ChartedSlot) -> str:
    """The slot's state in a few words: "given, 12.5 min after due", "held: hypotension", "planned"."""
    word = slot.outcome or slot.phase
    said = _STATES.get(word, word)
    if word in ("held", "on-hold"):
        said += f": {reason_words(reason_of(slot))}"
    variance = slot.variance_ms
    if variance is not None:
        said += f", {variance_words(variance)}"
    return f"{said} (entered afterwards)" if slot.recorded else said


def end_of(slot: ChartedSlot) -> Instant | None:
    """When the infusion ended, where that can be: a clock that was set back meanwhile makes an end before its start, which says nothing."""
    if slot.ended is None or (slot.started is not None and slot.ended < slot.started):
        return None
    return slot.ended


def remarks(slot: ChartedSlot) -> list[Remark]:
    """What else there is to know, oldest kind of thing first: start, holds, interruptions, what was taken back, corrected, or is missing."""
    told: list[Remark] = []
    if slot.variance_ms is not None:
        told.append((slot.started, f"Started {variance_words(slot.variance_ms)} ({at_utc(slot.due)})."))
    if slot.started is not None and slot.override:
        told.append((None if slot.recorded else slot.started, _EARLY[slot.override]))
    told += [(hold.at, _held(hold)) for hold in slot.holds]
    told += [(one.at, _stood_still(one)) for one in slot.interruptions]
    if slot.infused_ms is not None:
        told.append((end_of(slot), f"Stopped after {amount(slot.infused_ms)} of infusion."))
    if slot.ended is not None and end_of(slot) is None:
        told.append((None, f"The clock was set back during this infusion, which then ended at {at_utc(slot.ended)}."))
    if slot.outcome == "unknown" and not slot.recorded:
        told.append((None, _NOT_OBSERVED))
    told += [(at, _TAKEN_BACK[press]) for press, at in slot.undone]
    told += [(one.at, _corrected(one)) for one in slot.corrections]
    if not slot.complete:
        told.append((None, "The log has a gap here, or begins later: this may not be all."))
    return told


def _held(hold: Hold) -> str:
    until = "" if hold.until is None else f" until {at_utc(hold.until)}"
    return f"On hold from {at_utc(hold.at)}{until}: {reason_words(hold.reason)}."


def _stood_still(one: Interruption) -> str:
    why = "at the bed" if one.cause == "bedside" else "by a restart of the device, which could not know the time"
    then = "" if one.resumed is None else f", resumed at {at_utc(one.resumed)}"
    return f"Interrupted at {at_utc(one.at)} {why}, after {amount(one.infused_ms)} of infusion{then}."


def _corrected(one: Correction) -> str:
    before = _STATES.get(one.outcome_before, one.outcome_before)
    when = "" if one.started_before is None else f", started at {at_utc(one.started_before)}"
    why = "" if one.reason == "unspecified" else f" Reason: {one.reason}."
    said = _STATES.get(one.outcome, one.outcome)
    return f"Entered afterwards ({at_utc(one.at)}): {said}. Until then the device had: {before}{when}.{why}"
