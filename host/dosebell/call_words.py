"""What each condition looks and sounds like and what to do about it, in words: for `alert test`, and as the tables of docs/alerts.md.

The device decides what it plays (`firmware/device/panel`); tests hold these words to its lists and to what its pins do.
"""

from __future__ import annotations

from typing import NamedTuple

_STEADY, _BLINKS = "yellow steady", "yellow 0.5 Hz"
_RED = "red steady, "
_LOW, _MEDIUM, _SILENT = "low call", "medium call", "none"


class Call(NamedTuple):
    """A condition of the table of alerts. priority: light, low, medium. ends: what ends it. todo: what whoever is called does."""

    priority: str
    light: str
    sound: str
    ends: str
    todo: str


class Signal(NamedTuple):
    """A light or sound that is no condition. meaning: what it tells."""

    light: str
    sound: str
    meaning: str


CONDITIONS = {
    "pre-dose-check": Call(
        "light",
        f"{_STEADY}, green steady",
        _SILENT,
        "due, START, HOLD",
        "Do your unit's checks before the dose. Nothing to press.",
    ),
    "due": Call(
        "low",
        _STEADY,
        _LOW,
        "START, HOLD, late",
        "START when the infusion starts; HOLD if not now. Silent: the minimum gap forbids it still.",
    ),
    "late": Call("medium", _BLINKS, _MEDIUM, "START, HOLD, overdue", "START or HOLD."),
    "overdue": Call(
        "medium", _BLINKS, _MEDIUM + ", afresh", "START, HOLD, the slot's end", "START or HOLD, or it will be missed."
    ),
    "missed-doses": Call(
        "medium",
        _BLINKS,
        _MEDIUM,
        "PAUSE held 2 s",
        "Tell who prescribes. If one was given all the same: `dosebell dose record`.",
    ),
    "doses-not-observed": Call(
        "medium", _BLINKS, _MEDIUM, "PAUSE held 2 s", "Enter what was given meanwhile: `dosebell dose record`."
    ),
    "on-hold": Call(
        "low",
        _STEADY,
        "one low burst every `hold_remind_min`",
        "START, the slot's end",
        "START when it can be given; HOLD steps through the reasons.",
    ),
    "infusion-ended": Call(
        "low", _STEADY, _LOW, "any button; 30 min; the next due", "Flush the line, then press any button."
    ),
    "next-cycle": Call("low", _STEADY, _LOW, "any button", "When the next cycle begins: START held 3 s, then START."),
    "supportive-care": Call("low", _STEADY, _LOW, "any button", "Review the supportive drugs."),
    "interrupted": Call(
        "medium",
        _BLINKS,
        _MEDIUM,
        "START, HOLD held 2 s, the slot's end",
        "START resumes the infusion, HOLD held 2 s stops it.",
    ),
    "review-holds": Call(
        "medium", _BLINKS, _MEDIUM, "PAUSE held 2 s", "Review with who prescribes whether the course goes on."
    ),
    "clock-lost": Call("medium", _RED + _BLINKS, _MEDIUM, "the clock is set", "`dosebell clock sync`."),
    "journal-fault": Call(
        "medium",
        _RED + _BLINKS,
        _MEDIUM,
        "repaired, and the log pulled",
        "`dosebell log pull`, call biomed. A new board: `dosebell configure`.",
    ),
    "self-test-failed": Call(
        "medium", _RED + _BLINKS, _MEDIUM, "it passes; after a restart 60 s", "Call biomed: `dosebell self-test`."
    ),
    "stuck-button": Call("medium", _RED + _BLINKS, _MEDIUM, "the button is up", "Free the button, or call biomed."),
    "maintenance": Call(
        "medium", _RED + _BLINKS, _MEDIUM, "maintenance is over", "Do not use the device: biomed has it."
    ),
    "journal-nearly-full": Call("low", _RED + _STEADY, _LOW, "the log is pulled", "`dosebell log pull`."),
}

OFFERS = {
    "change": Signal(
        "all three together, 2 Hz", _SILENT, "The host wants to change something. PAUSE held 2 s takes it (60 s)."
    ),
    "override": Signal(
        "all three together, two flashes and a pause",
        "offered",
        "Start all the same, too early? PAUSE held 2 s starts the infusion (10 s).",
    ),
    "stop": Signal(
        "all three together, three flashes and a pause",
        "offered",
        "Stop the course? PAUSE held 2 s stops it (30 s).",
    ),
}

FEEDBACK = {
    "taken": Signal("", "one short high pulse", "The press was taken, and is recorded."),
    "reached": Signal("", "two short high pulses", "The long press has done its work: let go."),
    "offered": Signal("", "two short pulses, rising", "Something is offered: PAUSE held 2 s takes it."),
    "undone": Signal("", "two short pulses, falling", "The press before was taken back."),
    "refused": Signal("", "three short low pulses", "That cannot be done now; nothing was changed."),
    "not-recorded": Signal(
        "", "six short low pulses", "NOT RECORDED: the journal refuses. Write it down; call biomed."
    ),
}

PRIORITIES = {
    "low": Signal(_STEADY, "two pulses", "Any low call, such as a dose that is due or an infusion that has ended."),
    "medium": Signal(_BLINKS, "three pulses, higher", "Any medium call, such as a dose that is late or interrupted."),
}

# What is told apart by ear or eye: one after the other when nothing is named.
SERIES = ("low", "medium", "clock-lost", *OFFERS, *FEEDBACK)
NAMES = (*PRIORITIES, *CONDITIONS, *OFFERS, *FEEDBACK)


def line(name: str) -> str:
    """What is about to be seen and heard, for whoever stands at the bed."""
    if name in CONDITIONS:
        call = CONDITIONS[name]
        return f"{name}: {call.light}; sound: {call.sound}. {call.todo}"
    signal = {**PRIORITIES, **OFFERS, **FEEDBACK}[name]
    light = f"{signal.light}; sound: " if signal.light else ""
    return f"{name}: {light}{signal.sound}. {signal.meaning}"


def as_markdown() -> str:
    """The tables of docs/alerts.md."""
    return "\n".join(
        [
            "| condition | priority | light | sound | ends | what to do |",
            "|---|---|---|---|---|---|",
            *(f"| {name} | {' | '.join(call)} |" for name, call in CONDITIONS.items()),
            "",
            "| offered | light | sound when it begins | meaning |",
            "|---|---|---|---|",
            *(f"| {name} | {' | '.join(offer)} |" for name, offer in OFFERS.items()),
            "",
            "| feedback | sound | meaning |",
            "|---|---|---|",
            *(f"| {name} | {one.sound} | {one.meaning} |" for name, one in FEEDBACK.items()),
            "",
        ]
    )


if __name__ == "__main__":
    print(as_markdown(), end="")
