"""Changes of the course: offered at the bed, asked after, and the one that needs no confirmation."""

from device.link.acting import act
from dosecore.decide import decide
from dosecore.desk import CHANGE_S
from dosecore.refusals import Refusal


def _arguments(request):
    return {key: value for key, value in request.items() if key not in ("id", "do")}


def offer(device, request, now):
    """Offered at the bed; PAUSE held 2 s there takes it (H-03)."""
    refusal = device.desk.offer(device.keeper.state, request["id"], request["do"], _arguments(request), now)
    return refusal or {"state": "offered", "expires_s": CHANGE_S}


def reschedule(device, request, now):
    """As `offer`; also says how many slots the day limit would cut off."""
    events = decide(device.keeper.state, "reschedule", _arguments(request), now)
    if isinstance(events, Refusal):
        return events
    answer = offer(device, request, now)
    if not isinstance(answer, Refusal):
        answer["dropped"] = events[0].detail["dropped"]
    return answer


def dose_reason(device, request, now):
    refusal = act(device, "dose-reason", _arguments(request), now)
    return refusal or {"ok": True}


def outcome(device, request, now):
    word, code = device.desk.outcome(request.get("of"), now)
    return {"state": word, "err": code} if code else {"state": word}
