"""The display's cards for the course and the phase of its slot (sections 3 and 4 of the requirements). Pure."""

from device.panel.durations import left, passed, whole
from device.panel.screen import Card, counts, soonest
from dosecore.desk import REASON_S
from dosecore.events import REASONS
from dosecore.instant import plus, plus_ms, sub
from dosecore.presses import RESUME_MIN, infused_ms, newest_undo, oldest_open
from dosecore.state import UNDO_S
from dosecore.timeline import due, earliest, infusion_ends, next_cycle_from, slot_count, utc

BAR = 126  # pixels of a full bar
ALERTS = ("due", "late", "overdue", "interrupted", "on-hold")  # phases that call
_UNDO = "PAUSE 5 s: undo"


def name(state, number):
    """Which slot of how many."""
    return "Dose %d of %d" % (number, slot_count(state))


def course_cards(state, desk, now):
    """The cards of what the course is at: one, or two where the counts need one of their own. Empty where only an alert has something to say.

    A generator that returns them: its steps take a few ms each.
    """
    yield None
    if state.course != "running":
        return [_STATES[state.course](state, now)]
    number, phase = oldest_open(state)
    if not number or phase == "ended":
        return []
    card = _PHASES[phase](state, desk, number, now)
    if card is None:
        return []
    yield None
    undo = newest_undo(state, now)
    if undo is not None:
        most = 2 if card.bar is not None else 3
        lines = (card.lines[: most - 1]) + (_UNDO,)
        ends = plus_ms(plus(undo.mono, UNDO_S), 1)
        card = Card(card.title, card.figure, lines, card.bar, soonest(card.until, ends))
    if phase == "waiting" and len(counts(state.tally().counts())) > 2:
        return [card, _counted(state)]
    return [card]


# -- the phases of a slot


def _waiting(state, desk, number, now):
    if state.offset is None:
        return None
    at = due(state, number)
    figure, until = left(sub(at, state.offset), now)
    opens = plus(at, -state.regimen.early)
    if utc(state, now) >= opens:
        return Card("Next dose in", figure, (name(state, number), "START: begin", "HOLD: not now"), None, until)
    told = counts(state.tally().counts())
    lines = (name(state, number),) + tuple(told[:2] if len(told) <= 2 else ())
    return Card("Next dose in", figure, lines, None, soonest(until, sub(opens, state.offset)))


def _due(state, desk, number, now):
    slot = state.open[number]
    since = slot.since
    if state.offset is not None:
        since = sub(earliest(state, number), state.offset)
        if slot.phase == "due" and since > now:
            figure, until = left(since, now)
            return Card(
                "Not before, in", figure, (name(state, number), "Too soon after", "the last start"), None, until
            )
    figure, until = passed(since, now)
    title = {"due": "Dose due since", "late": "Dose late by"}.get(slot.phase, "Overdue by")
    return Card(title, figure, (name(state, number), "START: begin", "HOLD: not now"), None, until)


def _infusing(state, desk, number, now):
    slot = state.open[number]
    if slot.run_from is None or state.stale:
        return None
    total = state.regimen.infusion
    figure, until = left(infusion_ends(state, slot), now)
    full = infused_ms(state, slot, now) // 100 * BAR // (total * 10)
    until = soonest(until, plus(now, max(1, total // BAR)))
    return Card("Infusion ends in", figure, (name(state, number), "HOLD 2 s: halt"), full, until)


def _interrupted(state, desk, number, now):
    slot = state.open[number]
    figure = whole(state.regimen.infusion * 1000 - slot.infused_ms)
    return Card("Interrupted", figure, ("left of dose %d" % number, "START: go on", "HOLD 2 s: end it"), None, None)


def _on_hold(state, desk, number, now):
    slot = state.open[number]
    choice = None if desk is None else desk.reason
    if choice is not None and choice[0] == number:
        figure, until = left(plus(choice[2], REASON_S), now)
        return Card("Reason for HOLD?", figure, (REASONS[choice[1]], "HOLD: next one"), None, until)
    figure, until = passed(slot.since, now)
    reason = "No reason given" if slot.reason == REASONS[0] else slot.reason
    return Card("On hold for", figure, (name(state, number), reason, "START: give it"), None, until)


_PHASES = {
    "waiting": _waiting,
    "due": _due,
    "late": _due,
    "overdue": _due,
    "infusing": _infusing,
    "interrupted": _interrupted,
    "on-hold": _on_hold,
}


# -- the states of a course


def _counted(state):
    return Card("Doses so far", "", tuple(counts(state.tally().counts())[:3]), None, None)


def _whole_course(state):
    """The counts of all cycles."""
    numbers = [0] * 5
    for tally in state.tallies:
        for place, number in enumerate(tally.counts()):
            numbers[place] += number
    return tuple(counts(numbers)[:3])


def _unconfigured(state, now):
    return Card("Not set up", "SET UP", ("Connect a host:", "dosebell", "configure"), None, None)


def _ready(state, now):
    told = ("START held 3 s:", "dose 1 due now") if state.armed else ("Start the course", "from the host")
    return Card("Ready", "READY", (state.regimen.name,) + told, None, None)


def _resting(state, now):
    if state.cycle >= state.regimen.cycles:
        return _completed(state, now)
    title = "Cycle %d in" % (state.cycle + 1)
    told = counts(state.tally().counts())
    if state.offset is None:
        return Card("Resting", "CLOCK", ("Time not known:", "set it by host"), None, None)
    at = sub(next_cycle_from(state), state.offset)
    if at > now:
        figure, until = left(at, now)
        return Card(title, figure, ("Resting",) + tuple(told[:2]), None, until)
    return Card(
        "Cycle %d" % (state.cycle + 1), "READY", ("may start now.", "START held 3 s:", "dose 1 due now"), None, None
    )


def _completed(state, now):
    return Card("Course is over", "DONE", _whole_course(state), None, None)


def _stopped(state, now):
    if state.stopped_at is not None and not state.stale:
        ends = plus(state.stopped_at, RESUME_MIN * state.regimen.minute)
        if now <= ends:
            return Card("Course stopped", "OFF", ("START held 3 s:", "course goes on"), None, plus_ms(ends, 1))
    return Card("Course stopped", "OFF", _whole_course(state), None, None)


_STATES = {
    "unconfigured": _unconfigured,
    "ready": _ready,
    "resting": _resting,
    "completed": _completed,
    "stopped": _stopped,
}
