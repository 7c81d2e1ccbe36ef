"""Which regimens are allowed (R-01), and which are built in (R-02).

Apart from `regimen`, because a boot needs no rules: only a change from the host does.
"""

from dosecore.refusals import Refusal
from dosecore.regimen import ANCHORS, KEYS

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
