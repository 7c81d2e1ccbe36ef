"""Regimens: every field's range, every error's words, the built-in ones, bench seconds (R-01, R-02)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosecore import regimen
from dosecore.regimen import Regimen
from dosecore.regimen_rules import built_in, check, check_label
from tests.model.profiles import examples
from tests.model.strategies import regimens

BASE = built_in()["hd-il2"]  # interval 480, infusion 15, late 60, overdue 120, missed 480, gap 420

# (field, lowest allowed, highest allowed) in BASE, by R-01
RANGES = [
    ("interval_min", 480, 1440),  # below 480 the other fields of BASE would be wrong: tested apart
    ("infusion_min", 1, 240),
    ("max_doses", 1, 63),
    ("max_days", 0, 14),
    ("cycles", 1, 4),
    ("cycle_days", 1, 60),
    ("early_min", 0, 465),
    ("overdue_min", 61, 479),
    ("missed_min", 121, 480),
    ("min_gap_min", 0, 480),
    ("hold_remind_min", 0, 480),
    ("hold_review_count", 0, 20),
    ("pre_dose_check_min", 0, 240),
    ("supportive_care_review_min", 0, 2880),
]


def but(**changes):
    return dict(BASE, **changes)


@pytest.mark.req("R-01")
@pytest.mark.parametrize("field,low,high", RANGES)
def test_field_is_taken_in_its_range_and_refused_next_to_it(field, low, high):
    for value in (low, high):
        fitting = but(**{field: value})
        if field == "overdue_min" and value == 479:
            fitting["missed_min"] = 480
        assert check(fitting) is None, (field, value)
    for value in (low - 1, high + 1):
        if field == "interval_min" and value < low:
            continue
        refusal = check(but(**{field: value}))
        assert refusal is not None, (field, value)
        assert (refusal.code, refusal.field, refusal.value) == ("bad-field", field, value)
        assert (refusal.low, refusal.high) == (low if field != "interval_min" else 60, high)


@pytest.mark.req("R-01")
def test_interval_from_one_hour_to_one_day():
    short = but(interval_min=60, infusion_min=1, early_min=0, late_min=1, overdue_min=2, missed_min=3, min_gap_min=0)
    assert check(short) is None
    refusal = check(dict(short, interval_min=59))
    assert (refusal.field, refusal.value, refusal.low, refusal.high) == ("interval_min", 59, 60, 1440)


@pytest.mark.req("R-01")
def test_infusion_is_shorter_than_the_interval():
    short = but(interval_min=60, infusion_min=59, early_min=0, late_min=1, overdue_min=2, missed_min=3, min_gap_min=0)
    assert check(short) is None
    refusal = check(dict(short, infusion_min=60))
    assert (refusal.field, refusal.value, refusal.low, refusal.high) == ("infusion_min", 60, 1, 59)


@pytest.mark.req("R-01")
def test_late_before_overdue_before_missed_up_to_the_interval():
    assert check(but(late_min=478, overdue_min=479, missed_min=480)) is None
    assert check(but(late_min=120)).field in ("late_min", "overdue_min")
    assert check(but(overdue_min=60)).field == "overdue_min"
    assert check(but(missed_min=120)).field == "missed_min"
    assert check(but(missed_min=481)).field == "missed_min"


@pytest.mark.req("R-01")
@pytest.mark.parametrize("field", regimen.NUMBERS)
@pytest.mark.parametrize("value", [None, True, "60", 60.0, [60]])
def test_number_that_is_no_whole_number_is_refused_by_name(field, value):
    refusal = check(but(**{field: value}))
    assert (refusal.code, refusal.field, refusal.value) == ("bad-field", field, value)
    assert refusal.low is not None and refusal.high is not None


@pytest.mark.req("R-01")
@pytest.mark.parametrize("value", ["", "x" * 17, "caf\u00e9", "a\nb", "a\x7f", None, 5, b"hd"])
def test_name_is_1_to_16_ascii_characters(value):
    refusal = check(but(name=value))
    assert (refusal.code, refusal.field, refusal.value, refusal.low, refusal.high) == (
        "bad-field",
        "name",
        value,
        1,
        16,
    )


@pytest.mark.req("R-01")
def test_names_at_both_ends_are_taken():
    assert check(but(name="x")) is None
    assert check(but(name="x" * 16)) is None


@pytest.mark.req("R-01")
@pytest.mark.parametrize(
    "field,value", [("anchor", "Grid"), ("anchor", None), ("anchor", 0), ("bench", 1), ("bench", "no")]
)
def test_words_and_flags_are_checked(field, value):
    refusal = check(but(**{field: value}))
    assert (refusal.code, refusal.field, refusal.value) == ("bad-field", field, value)


@pytest.mark.req("R-01")
def test_unknown_and_missing_fields_are_named():
    refusal = check(but(infusion_minutes=15))
    assert (refusal.code, refusal.field) == ("unknown-field", "infusion_minutes")
    for key in BASE:
        short = dict(BASE)
        del short[key]
        refusal = check(short)
        assert (refusal.code, refusal.field) == ("missing-field", key)
    for nonsense in (None, [], "hd-il2", 7):
        assert check(nonsense).code == "bad-field"


@pytest.mark.req("R-02")
def test_built_in_regimens_have_the_numbers_of_the_specification():
    il2 = built_in()["hd-il2"]
    assert [il2[k] for k in ("interval_min", "infusion_min", "max_doses", "max_days", "cycles", "cycle_days")] == [
        480, 15, 14, 5, 2, 14,
    ]  # fmt: skip
    assert [il2[k] for k in ("early_min", "late_min", "overdue_min", "missed_min", "min_gap_min")] == [
        60,
        60,
        120,
        480,
        420,
    ]
    assert [il2[k] for k in ("hold_remind_min", "hold_review_count", "pre_dose_check_min", "supportive_care_review_min")] == [
        60, 3, 0, 720,
    ]  # fmt: skip
    assert il2["anchor"] == "grid" and il2["bench"] is False

    def differs(name):
        other = built_in()[name]
        return {k: other[k] for k in other if other[k] != il2[k] and k != "name"}

    assert differs("hd-il2-critical") == {"late_min": 30}
    assert differs("hd-il2-15") == {"max_doses": 15}
    til = built_in()["til-il2"]
    assert (til["max_doses"], til["cycles"], til["interval_min"]) == (6, 1, 480)
    for interval in (600, 720):
        assert check(dict(til, interval_min=interval)) is None
    bench = built_in()["bench"]
    assert bench["bench"] is True
    assert bench["interval_min"] * bench["max_doses"] <= 600, "a bench cycle lasts minutes of real time"


@pytest.mark.req("R-02")
def test_every_built_in_regimen_is_valid_and_bears_its_name():
    for name, data in built_in().items():
        assert check(data) is None
        assert data["name"] == name


@pytest.mark.req("R-02")
def test_changing_a_built_in_regimen_changes_only_the_copy():
    built_in()["hd-il2"]["interval_min"] = 60
    assert built_in()["hd-il2"]["interval_min"] == 480


@pytest.mark.req("R-01")
@given(regimens())
@settings(max_examples=examples(150))
def test_valid_regimens_are_valid_and_their_durations_follow(data):
    assert check(data) is None
    minute = 1 if data["bench"] else 60
    day = 1440 if data["bench"] else 86400
    rules = Regimen(data)
    assert (rules.interval, rules.infusion, rules.early) == tuple(
        data[k] * minute for k in ("interval_min", "infusion_min", "early_min")
    )
    assert (rules.late, rules.overdue, rules.missed, rules.min_gap) == tuple(
        data[k] * minute for k in ("late_min", "overdue_min", "missed_min", "min_gap_min")
    )
    assert (rules.hold_remind, rules.pre_dose_check, rules.supportive_care) == tuple(
        data[k] * minute for k in ("hold_remind_min", "pre_dose_check_min", "supportive_care_review_min")
    )
    assert (rules.span, rules.cycle_span) == (data["max_days"] * day, data["cycle_days"] * day)


@pytest.mark.req("R-01")
@given(regimens(), st.sampled_from(regimen.NUMBERS), st.integers(-70000, 70000))
@settings(max_examples=examples(300))
def test_a_changed_number_is_taken_exactly_when_the_rules_of_r01_hold(data, field, value):
    data[field] = value
    d = data
    fits = (
        60 <= d["interval_min"] <= 1440
        and 1 <= d["infusion_min"] <= 240
        and d["infusion_min"] < d["interval_min"]
        and 1 <= d["max_doses"] <= 63
        and 0 <= d["max_days"] <= 14
        and 1 <= d["cycles"] <= 4
        and 1 <= d["cycle_days"] <= 60
        and 0 <= d["early_min"] <= d["interval_min"] - d["infusion_min"]
        and 1 <= d["late_min"] < d["overdue_min"] < d["missed_min"] <= d["interval_min"]
        and 0 <= d["min_gap_min"] <= d["interval_min"]
        and 0 <= d["hold_remind_min"] <= 480
        and 0 <= d["hold_review_count"] <= 20
        and 0 <= d["pre_dose_check_min"] <= 240
        and 0 <= d["supportive_care_review_min"] <= 2880
    )
    refusal = check(data)
    assert (refusal is None) == fits, refusal
    if refusal is not None:
        assert refusal.code == "bad-field"
        assert refusal.value == data[refusal.field]
        assert not refusal.low <= refusal.value <= refusal.high


@pytest.mark.req("R-01")
@given(regimens())
@settings(max_examples=examples(150))
def test_regimen_bytes_are_read_back_as_they_were(data):
    raw = regimen.encode(data)
    back, end = regimen.decode(b"\x07" + bytes(raw), 1)
    assert back == data
    assert end == len(raw) + 1


@pytest.mark.req("R-01")
def test_label_is_up_to_24_printable_characters():
    for label in ("", "Bed 12", "x" * 24):
        assert check_label(label) is None
    for label in ("x" * 25, "B\u00e9d", "a\tb", None, 12):
        refusal = check_label(label)
        assert (refusal.code, refusal.field, refusal.value) == ("bad-field", "label", label)
