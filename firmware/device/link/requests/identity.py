"""`hello`: who this device is and what it runs."""

import dosebell_build as build

PROTOCOL = 1


def is_bench(state):
    return state.regimen is not None and state.regimen.bench


def hello(device, request, now):
    state = device.keeper.state
    return {
        "product": "dosebell",
        "protocol": PROTOCOL,
        "id": device.ident,
        "label": state.label,
        "board": build.BOARD["name"],
        "firmware": build.VERSION,
        "micropython": build.MICROPYTHON,
        "image": build.IMAGE_HASH,
        "boot": state.boot,
        "bench": is_bench(state),
    }
