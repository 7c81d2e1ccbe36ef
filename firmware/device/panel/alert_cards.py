"""The display's cards for what calls besides the phase of the slot that the buttons mean (section 5 of the requirements). Pure."""

from device.panel.course_cards import name
from device.panel.durations import left, passed
from device.panel.screen import Card
from dosecore.alerts import LOW
from dosecore.instant import sub
from dosecore.state import TECHNICAL
from dosecore.timeline import due

_SEEN = "PAUSE 2 s: seen"
_ANY = "Any button: seen"

# What the device's own checks call it (`Keeper.unwell`), and what a person does.
_UNWELL = {
    "restart": "It has restarted",
    "clock-chip": "Clock battery",
    "code": "Code is damaged",
}

# title, figure, two lines; the third is how it is answered.
_CARDS = {
    "next-cycle": ("Next cycle", "READY", "START held 3 s:", "dose 1 due now"),
    "supportive-care": ("Review now", "REVIEW", "supportive drugs", ""),
    "review-holds": ("Many holds", "REVIEW", "Ask how the", "course goes on"),
    "clock-lost": ("Clock lost", "CLOCK", "New doses silent", "Set it by host"),
    "maintenance": ("Maintenance", "OFF", "Doses are not", "watched"),
    "journal-nearly-full": ("Log nearly full", "FULL", "Pull the log", "with the host"),
}


def alert_card(bed, alert, now):
    """The card of one standing alert."""
    return _SPECIAL.get(alert.condition, _plain)(bed, alert, now)


def _plain(bed, alert, now):
    title, figure, first, second = _CARDS[alert.condition]
    return _told(title, figure, first, second, _answer(alert))


def _told(title, figure, *lines):
    """A card without time; lines that say nothing are left out."""
    return Card(title, figure, tuple([line for line in lines if line]), None, None)


def _answer(alert):
    """How the alert is answered, or "" where only its cause can end it."""
    if alert.condition in TECHNICAL:
        return _SEEN if alert.priority > LOW else ""
    if alert.condition == "journal-nearly-full":
        return ""
    return _SEEN if alert.condition == "review-holds" else _ANY


def _younger(bed, alert, now):
    """A slot that calls while the buttons mean an older one."""
    figure, until = passed(alert.since, now)
    number = bed.state.current
    return Card(
        "Dose %d %s" % (alert.slot, alert.condition), figure, ("Buttons answer", "dose %d first" % number), None, until
    )


def _check(bed, alert, now):
    state = bed.state
    lines = ("before", name(state, alert.slot))
    if state.offset is None:
        return Card("Pre-dose check", "REVIEW", lines, None, None)
    figure, until = left(sub(due(state, alert.slot), state.offset), now)
    return Card("Check within", figure, lines, None, until)


def _some(number):
    return "1 dose" if number == 1 else "%d doses" % number


def _missed(bed, alert, now):
    return Card("Missed", _some(alert.count), ("Given anyway?", "Record by host", _SEEN), None, None)


def _unobserved(bed, alert, now):
    return Card("Not watched", _some(alert.count), ("Device was off:", "record by host", _SEEN), None, None)


def _ended(bed, alert, now):
    return Card("Infusion ended", "FLUSH", ("Flush the line", name(bed.state, alert.slot), _ANY), None, None)


def _journal(bed, alert, now):
    if bed.state.regimen is None:
        told = ("Log is blank:", "new, or lost")
    elif bed.recorded:
        told = ("Log is damaged:", "pull it by host")
    else:
        told = ("Nothing recorded", "write on paper")
    return _told("Log fault", "FAULT", told[0], told[1], _answer(alert))


def _unwell(bed, alert, now):
    causes = bed.unwell
    words = _UNWELL.get(causes[0], causes[0]) if causes else "Self-test failed"
    return _told("Device fault", "FAULT", words, "Call biomed", _answer(alert))


def _stuck(bed, alert, now):
    buttons = bed.stuck
    first = "%s is down" % buttons[0].upper() if buttons else "A button is down"
    return _told("Button stuck", "STUCK", first, "Let go of it", _answer(alert))


_SPECIAL = {
    "pre-dose-check": _check,
    "due": _younger,
    "late": _younger,
    "overdue": _younger,
    "interrupted": _younger,
    "on-hold": _younger,
    "missed-doses": _missed,
    "doses-not-observed": _unobserved,
    "infusion-ended": _ended,
    "journal-fault": _journal,
    "self-test-failed": _unwell,
    "stuck-button": _stuck,
}
