"""Which rhythm each light has, for what stands (A-01). Pure.

A rhythm is a tuple of durations in ms, on and off in turn, beginning with on; () is dark and (0,) steady.
"""

from dosecore.alerts import LOW, MEDIUM

RED, YELLOW, GREEN = 0, 1, 2

DARK = ()
STEADY = (0,)
MEDIUM_ALERT = (1000, 1000)  # 0.5 Hz; patterned after IEC 60601-1-8: 0.4 to 0.8 Hz, 20 to 60 % on
INFUSING = (100, 900)  # 1 Hz, short
BENCH_WELL = (150, 150, 150, 1550)  # seconds instead of minutes: no patient's device, and it shows
# What PAUSE held 2 s would take: all lights in step, told apart by their rhythm and not by a colour. Nothing else blinks all three.
_CHANGE = (250, 250)  # a change from the host: 2 Hz
_OVERRIDE = (200, 200, 200, 800)  # START all the same?: two flashes and a pause
_STOP = (200, 200, 200, 200, 200, 800)  # stop the course?: three
OFFERS = {"change": (_CHANGE,) * 3, "override": (_OVERRIDE,) * 3, "stop": (_STOP,) * 3}

# Conditions of the device itself, not of the course: their light is red besides yellow.
TECHNICAL = ("clock-lost", "journal-fault", "self-test-failed", "stuck-button", "maintenance", "journal-nearly-full")

ALL_ON = (STEADY, STEADY, STEADY)


def rhythms(alerts, running, infusing, bench, offered):
    """(red, yellow, green). alerts: as the core gives them. running: a course; infusing: an infusion. offered: a key of OFFERS, or None."""
    if offered is not None:
        return OFFERS[offered]
    red = yellow = green = DARK  # type: tuple[int, ...]
    unwell = False
    for alert in alerts:
        if alert.priority == MEDIUM:
            yellow = MEDIUM_ALERT
        elif yellow == DARK:
            yellow = STEADY
        if alert.priority >= LOW:
            unwell = True
        if alert.condition in TECHNICAL:
            red = STEADY
    if infusing:
        green = INFUSING
    elif running and not unwell:
        green = BENCH_WELL if bench else STEADY
    else:
        green = DARK
    return red, yellow, green
