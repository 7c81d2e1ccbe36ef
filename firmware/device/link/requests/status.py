"""`status` and `self-test`."""

import dosebell_build as build

from device.link.requests.identity import PROTOCOL, is_bench
from dosecore.timeline import utc
from dosecore.view import alerts_view, course_view


def status(device, request, now):
    state = device.keeper.state
    ring = device.keeper.ring
    return {
        "device": {
            "id": device.ident,
            "label": state.label,
            "board": build.BOARD["name"],
            "firmware": build.VERSION,
            "micropython": build.MICROPYTHON,
            "protocol": PROTOCOL,
            "bench": is_bench(state),
        },
        "clock": {
            "mono": now,
            "utc": utc(state, now),
            "quality": state.quality,
            "uptime_s": now[0],
            "battery": False,
        },
        "course": course_view(state, now),
        "alerts": alerts_view(state, now),
        "journal": {
            "first_seq": ring.first_seq(),
            "last_seq": ring.seq,
            "capacity": ring.capacity(),
            "exported_seq": ring.exported,
            "faults": ring.faults,
        },
    }


def self_test(device, request, now):
    device.begin_chores()
    return {"ok": True, "faults": device.chores.self_test()}
