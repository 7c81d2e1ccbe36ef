"""What the device can try by itself (A-07): lights and buzzer for somebody to see and hear, and what it knows of its parts."""

from micropython import const

from device.panel.lights import ALL_ON
from dosecore import findings
from dosecore.instant import plus_ms

_LAMP_TEST_MS = const(500)


def self_test(device, watch):
    """What is wrong, a list of words, which is journaled too. watch: the ClockWatch, or None without a clock chip."""
    state = device.keeper.state
    now = device.clock.now()  # the chip's second is compared with this instant: nothing may be imported in between
    faults = []
    if not device.keeper.recorded or state.alarm("journal-fault") is not None:
        faults.append("journal")
    if state.offset is None:
        faults.append("clock")
    if watch is not None and not watch.passes(now):
        faults.append("clock-chip")
    for name in device.buttons.held_since_boot() + device.desk.stuck:
        faults.append("button-" + name)
    device.notice = ("self-test", faults, now)
    device.player.feedback("taken", device.clock.ticks)
    device.player.show(ALL_ON, device.clock.ticks)
    device.lamps_until = plus_ms(now, _LAMP_TEST_MS)
    device.changed = True
    device.keeper.found(findings.plain("self-test"), {"passed": not faults, "faults": " ".join(faults)}, now)
    return faults
