"""`loader`: the board leaves service for the loader in its boot ROM, which takes a new image. Imported when it is asked for.

Nothing is timed while it is there, so a person at the bed decides: it is offered, PAUSE held 2 s confirms it, and only then the host may send the
board off. A board that was never configured times nothing and goes at once. The boot that follows finds the course as after a power loss.
"""

import machine
from micropython import const

from device.drivers import watchdog
from device.panel.lights import DARK, MEDIUM_ALERT, STEADY
from dosecore.changes import loader as may_leave
from dosecore.desk import CHANGE_S
from dosecore.instant import plus
from dosecore.refusals import Refusal

# After the answer: the host has taken it, and the bed has heard that something was done.
LEAVES_MS = const(1000)
GO_S = const(10)  # a confirmation is good for so long: nobody remembers an older one
_STEPS_MOST = const(200)  # of the display
_BOOTS = const(0x40058014)  # scratch register 2

_asked = []  # type: list  # [id of the request that was offered, until when the host may go on]
_timer = []  # type: list


def loader(device, request, now):
    """Without `of`: offers to leave, or leaves at once. With `of`, the id of an offer that was confirmed: leaves."""
    state = device.keeper.state
    force = request.get("force", False)
    if not isinstance(force, bool):
        return Refusal("bad-field", "force", force)
    args = {"force": force}
    found = may_leave(state, args, now)
    if isinstance(found, Refusal):
        return found
    if "of" in request:
        if not _is_confirmed(device, request["of"], now):
            return Refusal("expired")
    elif device.safe or state.regimen is not None:
        # Also in safe mode whatever the state says: the journal of a course may be what cannot be read.
        refusal = device.desk.offer(state, request["id"], "loader", args, now)
        if refusal:
            return refusal
        _asked[:] = [request["id"], plus(now, CHANGE_S + GO_S)]
        return {"state": "offered", "expires_s": CHANGE_S}
    return _leave_soon(device, now)


def _is_confirmed(device, of, now):
    return _asked[:1] == [of] and now <= _asked[1] and device.desk.outcome(of, now)[0] == "confirmed"


def _leave_soon(device, now):
    """Everything is durable, the bed shows that nothing is watched, and in a second the board goes."""
    device.keeper.flush()
    ticks = device.clock.update()
    device.lamps_until = plus(now, CHANGE_S)
    device.player.show((STEADY, MEDIUM_ALERT, DARK), ticks)
    device.player.feedback("reached", ticks)
    device.notice = ("update", None, now)
    _finish_display(device, now)
    del _asked[:]
    _timer.append(machine.Timer(-1, period=LEAVES_MS, mode=machine.Timer.ONE_SHOT, callback=_leave))
    return {"ok": True, "leaves_ms": LEAVES_MS}


def _finish_display(device, now):
    """The display keeps its picture while the board is in its loader: it must be this one."""
    display = None if device.chores is None else device.chores.display
    if display is None:
        return
    device.redraw = True
    for _ in range(_STEPS_MOST):
        if not display.wants(now):
            break
        display.step(now)


def _leave(_):
    """The scratch registers are left as power-on leaves them, and the ROM clears those of the time: the next boot knows that it follows the loader."""
    try:
        watchdog.forget()
        machine.mem32[_BOOTS] = 0
        machine.bootloader()
    finally:
        machine.reset()
