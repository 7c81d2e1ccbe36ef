"""A regimen: the data that makes a schedule, its durations in seconds, and its bytes in the journal.

Minutes stand in the data, seconds in the object: in a `bench` regimen every minute is a second and every day 1,440 s, so that a rig sees a course in
real time. Which values are allowed, and which regimens are built in, stands in `regimen_rules`.
"""

import struct

ANCHORS = ("grid", "start")
# The numbers of a regimen, in the order of its bytes.
NUMBERS = (
    "interval_min",
    "infusion_min",
    "max_doses",
    "max_days",
    "cycles",
    "cycle_days",
    "early_min",
    "late_min",
    "overdue_min",
    "missed_min",
    "min_gap_min",
    "hold_remind_min",
    "hold_review_count",
    "pre_dose_check_min",
    "supportive_care_review_min",
)
KEYS = ("name", "anchor", "bench") + NUMBERS


class Regimen:
    """A checked regimen. The `data` as given, and every duration in whole seconds."""

    def __init__(self, data):
        self.data = data
        self.name = data["name"]
        self.bench = data["bench"]
        self.grid = data["anchor"] == "grid"
        minute = self.minute = 1 if self.bench else 60
        self.day = 1440 * minute
        self.interval = data["interval_min"] * minute
        self.infusion = data["infusion_min"] * minute
        self.max_doses = data["max_doses"]
        self.span = data["max_days"] * self.day  # 0 = no limit
        self.cycles = data["cycles"]
        self.cycle_span = data["cycle_days"] * self.day
        self.early = data["early_min"] * minute
        self.late = data["late_min"] * minute
        self.overdue = data["overdue_min"] * minute
        self.missed = data["missed_min"] * minute
        self.min_gap = data["min_gap_min"] * minute
        self.hold_remind = data["hold_remind_min"] * minute
        self.hold_review_count = data["hold_review_count"]
        self.pre_dose_check = data["pre_dose_check_min"] * minute
        self.supportive_care = data["supportive_care_review_min"] * minute


_NUMBERS_FORMAT = "<%dH" % len(NUMBERS)
_NUMBERS_BYTES = 2 * len(NUMBERS)


def encode(data):
    """A checked regimen as bytes: flags, the numbers of NUMBERS as u16, the name with its length."""
    flags = (1 if data["bench"] else 0) | (ANCHORS.index(data["anchor"]) << 1)
    name = data["name"].encode()
    return bytes((flags,)) + struct.pack(_NUMBERS_FORMAT, *[data[n] for n in NUMBERS]) + bytes((len(name),)) + name


def decode(raw, at=0):
    """(regimen data, place after it) from bytes made by `encode`."""
    flags = raw[at]
    numbers = struct.unpack_from(_NUMBERS_FORMAT, raw, at + 1)
    data = {"bench": bool(flags & 1), "anchor": ANCHORS[flags >> 1]}
    for name, value in zip(NUMBERS, numbers):
        data[name] = value
    at += 1 + _NUMBERS_BYTES
    end = at + 1 + raw[at]
    if end > len(raw):
        raise ValueError("name runs past the regimen")
    data["name"] = str(bytes(raw[at + 1 : end]), "ascii")
    return data, end
