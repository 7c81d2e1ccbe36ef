"""The display's cards for what is asked of the nurse and what has just been answered: offers, refusals, the self-test (section 3). Pure."""

from device.panel.durations import left
from device.panel.screen import LINE, Card, soonest
from dosecore.instant import plus, sub
from dosecore.presses import can_override, why_not_start
from dosecore.timeline import untouched

NOTICE_S = 5  # how long a refusal or the result of a self-test is shown
_TAKE = "PAUSE 2 s"
_FAULTS = {"journal": "Log fault", "clock": "Clock not set", "clock-chip": "Clock battery"}


# -- offers: what PAUSE held 2 s takes


def offer_card(state, offer, now):
    """What the newest offer would do, and how long it stands."""
    title, told = _OFFERS[offer.kind](state, offer, now)
    ends, until = left(offer.until, now)
    return Card(title, _TAKE, told + ("ends in " + ends,), None, until)


def _change(state, offer, now):
    return "The host asks:", _CHANGES[offer.name](state, offer.args, now)


def _override(state, offer, now):
    why = why_not_start(state, now)
    if why is not None and why[0] == "gap":
        return "Start anyway?", ("Gap to the last", "dose not over")
    return "Start anyway?", ("It is too early", "for this dose")


def _stop(state, offer, now):
    return "Stop the course?", ("All later doses", "are dropped")


_OFFERS = {"change": _change, "override": _override, "stop": _stop}


def _when(state, at, now):
    """ "now", or in how long `at` (UTC, or None) comes."""
    if at is None or state.offset is None:
        return "now"
    at = sub((at[0], at[1]), state.offset)
    return "in " + left(at, now)[0] if at > now else "now"


def _configure(state, args, now):
    return "Set up regimen", args["regimen"]["name"]


def _course_start(state, args, now):
    slot = args.get("slot") or 1
    return "Start at dose %d" % slot, _when(state, args.get("at"), now)


def _course_stop(state, args, now):
    return "Stop the course", "with all doses"


def _next_cycle(state, args, now):
    return "Cycle %d: dose 1" % (state.cycle + 1), _when(state, args.get("at"), now)


def _reschedule(state, args, now):
    return "Move dose %d to:" % (untouched(state) or 0), _when(state, args["at"], now)


def _update_offered(state, args, now):
    return "Update firmware", "No doses watched"


def _record(state, args, now):
    return "Record dose %d" % args["slot"], "as " + args["outcome"]


_CHANGES = {
    "configure": _configure,
    "course-start": _course_start,
    "course-stop": _course_stop,
    "next-cycle": _next_cycle,
    "reschedule": _reschedule,
    "dose-record": _record,
    "loader": _update_offered,
}


# -- notices: what was just refused or found


def notice_card(bed, now):
    """The card of `bed.notice`, (what, its detail, since when); None when its time is over, or there is none."""
    notice = bed.notice
    if notice is None:
        return None
    what, detail, since = notice
    ends = plus(since, NOTICE_S)
    if now >= ends:
        return None
    card = _NOTICES[what](bed, detail, now)
    return Card(card.title, card.figure, card.lines, None, soonest(card.until, ends))


def _refused(bed, code, now):
    state = bed.state
    if code in ("too-early", "gap"):
        card = _not_yet(state, code, now)
        if card is not None:
            return card
    return Card("Refused", "NO", _WHY.get(code) or _why(state, code), None, None)


def _not_yet(state, code, now):
    why = why_not_start(state, now)
    if why is None or why[1] is None or state.offset is None:
        return None
    figure, until = left(sub(why[1], state.offset), now)
    first = "It is too early" if why[0] == "too-early" else "Gap not over yet"
    told = ("or: START 3 s",) if can_override(state, now) else ()
    return Card("Refused: wait", figure, (first,) + told, None, until)


def _why(state, code):
    if code != "no-slot-open":
        return ("It is not done:", code.replace("-", " ")[:LINE])
    if state.course == "running":
        return ("Nothing to do", "at this dose")
    return ("No dose is open", _OPENS.get(state.course, ""))


_OPENS = {
    "ready": "Start the course",
    "resting": "Cycle is over",
    "completed": "Course is over",
    "stopped": "Course stopped",
}
_WHY = {
    "infusing": ("Infusion runs", "HOLD 2 s: halt"),
    "clock-unknown": ("Clock unknown:", "set it by host"),
    "course-running": ("A course runs:", "stop it first"),
}


def _not_recorded(bed, detail, now):
    return Card("NOT RECORDED", "FAULT", ("Nothing recorded", "write on paper"), None, None)


def _self_test(bed, faults, now):
    if not faults:
        return Card("Self-test", "OK", ("Dosebell " + bed.version, "not a medical", "device"), None, None)
    told = []
    for fault in faults[:3]:
        told.append(_FAULTS.get(fault) or fault[len("button-") :].upper() + " is stuck")
    return Card("Self-test", "FAULT", tuple(told), None, None)


def _update(bed, detail, now):
    return Card("Update", "OFF", ("New firmware:", "doses are not", "watched"), None, None)


_NOTICES = {"refused": _refused, "not-recorded": _not_recorded, "self-test": _self_test, "update": _update}
