"""A regimen: the data that makes a schedule. Its fields and ranges (R-01), the built-in ones (R-02), and its durations in seconds.

Minutes stand in the data, seconds in the object: in a `bench` regimen every minute is a second and every day 1,440 s, so that a rig sees a course in real time.
"""

import struct

from dosecore.refusals import Refusal

ANCHORS = ("grid", "start")
NAME_MAX = 16
LABEL_MAX = 24

# (field, low, high): a bound that is a word depends on other fields, see `_bounds`.
FIELDS = (
    ("interval_min", 60, 1440),
    ("infusion_min", 1, 240),
    ("max_doses", 1, 63),
    ("max_days", 0, 14),
    ("cycles", 1, 4),
    ("cycle_days", 1, 60),
    ("early_min", 0, None),
    ("late_min", 1, None),
    ("overdue_min", None, None),
    ("missed_min", None, None),
    ("min_gap_min", 0, None),
    ("hold_remind_min", 0, 480),
    ("hold_review_count", 0, 20),
    ("pre_dose_check_min", 0, 240),
    ("supportive_care_review_min", 0, 2880),
)
NUMBERS = tuple(field[0] for field in FIELDS)
KEYS = ("name", "anchor", "bench") + NUMBERS

_HD_IL2 = {
    "name": "hd-il2",
    "anchor": "grid",
    "bench": False,
    "interval_min": 480,
    "infusion_min": 15,
    "max_doses": 14,
    "max_days": 5,
    "cycles": 2,
    "cycle_days": 14,
    "early_min": 60,
    "late_min": 60,
    "overdue_min": 120,
    "missed_min": 480,
    "min_gap_min": 420,
    "hold_remind_min": 60,
    "hold_review_count": 3,
    "pre_dose_check_min": 0,
    "supportive_care_review_min": 720,
}


def _variant(name, **changes):
    data = dict(_HD_IL2)
    data.update(changes)
    data["name"] = name
    return data


def built_in():
    """The regimens that the product brings, by name, as plain data (R-02). Made at each call: a caller may change what it gets."""
    return {
        "hd-il2": _variant("hd-il2"),
        "hd-il2-critical": _variant("hd-il2-critical", late_min=30),
        "hd-il2-15": _variant("hd-il2-15", max_doses=15),
        "til-il2": _variant("til-il2", max_doses=6, cycles=1),
        "bench": _variant(
            "bench",
            bench=True,
            interval_min=60,
            max_doses=4,
            max_days=0,
            cycles=2,
            cycle_days=1,
            early_min=10,
            late_min=10,
            overdue_min=20,
            missed_min=60,
            min_gap_min=40,
            hold_remind_min=15,
            supportive_care_review_min=30,
        ),
    }


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


def _bounds(field, low, high, data):
    """The range of `field` where it depends on other fields of `data` (which are checked first)."""
    if field == "infusion_min":
        high = min(high, data["interval_min"] - 1)
    elif field == "early_min":
        high = data["interval_min"] - data["infusion_min"]
    elif field == "late_min":
        high = data["interval_min"] - 2
    elif field == "overdue_min":
        low, high = data["late_min"] + 1, data["interval_min"] - 1
    elif field == "missed_min":
        low, high = data["overdue_min"] + 1, data["interval_min"]
    elif field == "min_gap_min":
        high = data["interval_min"]
    return low, high


def _is_name(value, longest):
    return isinstance(value, str) and 1 <= len(value) <= longest and all(" " <= c <= "~" for c in value)


def check(data):
    """None when `data` (a dict) is a regimen, else the Refusal that names the first wrong field, its value and its range."""
    if not isinstance(data, dict):
        return Refusal("bad-field", "regimen", data)
    for key in data:
        if key not in KEYS:
            return Refusal("unknown-field", key, data[key])
    for key in KEYS:
        if key not in data:
            return Refusal("missing-field", key)
    if not _is_name(data["name"], NAME_MAX):
        return Refusal("bad-field", "name", data["name"], 1, NAME_MAX)
    if data["anchor"] not in ANCHORS:
        return Refusal("bad-field", "anchor", data["anchor"])
    if not isinstance(data["bench"], bool):
        return Refusal("bad-field", "bench", data["bench"])
    for field, low, high in FIELDS:
        value = data[field]
        low, high = _bounds(field, low, high, data)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            return Refusal("bad-field", field, value, low, high)
    return None


def check_label(label):
    """None when `label` (bed or asset, no patient) can be shown: 0 to 24 printable ASCII characters; else a Refusal."""
    if label == "" or _is_name(label, LABEL_MAX):
        return None
    return Refusal("bad-field", "label", label, 0, LABEL_MAX)


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
