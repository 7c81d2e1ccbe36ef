"""Regimens on the host: built in, a site's TOML files, and every wrong field named with its value and range (R-01, R-02)."""

from pathlib import Path

import pytest
from host_command import dosebell

from dosebell import regimens
from dosebell.errors import DosebellError
from dosecore.regimen import KEYS, NUMBERS
from dosecore.regimen_rules import built_in, check

GOOD = regimens.as_toml({**built_in()["hd-il2"], "name": "ours"})

# (field, value, the range that must be said)
OUT_OF_RANGE = [
    ("interval_min", 59, "60 to 1440"),
    ("interval_min", 1441, "60 to 1440"),
    ("infusion_min", 0, "1 to 240"),
    ("infusion_min", 241, "1 to 240"),
    ("max_doses", 64, "1 to 63"),
    ("max_days", 15, "0 to 14"),
    ("cycles", 0, "1 to 4"),
    ("cycles", 5, "1 to 4"),
    ("cycle_days", 61, "1 to 60"),
    ("early_min", 466, "0 to 465"),
    ("late_min", 0, "1 to 478"),
    ("overdue_min", 60, "61 to 479"),
    ("missed_min", 120, "121 to 480"),
    ("missed_min", 481, "121 to 480"),
    ("min_gap_min", 481, "0 to 480"),
    ("hold_remind_min", 481, "0 to 480"),
    ("hold_review_count", 21, "0 to 20"),
    ("pre_dose_check_min", 241, "0 to 240"),
    ("supportive_care_review_min", 2881, "0 to 2880"),
]


def test_every_number_is_among_those_tried() -> None:
    assert {field for field, _, _ in OUT_OF_RANGE} == set(NUMBERS)


@pytest.mark.req("R-01", "H-01")
@pytest.mark.parametrize(("field", "value", "bounds"), OUT_OF_RANGE)
def test_a_field_out_of_range_is_named(field: str, value: int, bounds: str) -> None:
    with pytest.raises(DosebellError) as refused:
        regimens.changed(regimens.load("hd-il2"), [f"{field}={value}"])
    assert refused.value.exit_code == 2
    assert refused.value.sentence == f"{field} is {value}: it must be a whole number from {bounds}."


@pytest.mark.req("R-01", "H-01")
@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ("late_min=500", "bad-field", "late_min is 500: it must be a whole number from 1 to 478"),
        ("late_min=soon", "bad-field", "late_min is soon: it must be a whole number"),
        ("anchor=grit", "bad-field", "anchor is grit: it must be grid or start"),
        ("bench=perhaps", "bad-field", "bench is perhaps: it must be true or false"),
        ("name=", "bad-field", "name is empty: it must be 1 to 16 printable ASCII characters"),
        ("late=5", "unknown-field", "Did you mean late_min?"),
        ("late_min", "bad-change", "--set late_min is not FIELD=VALUE"),
    ],
)
def test_configure_refuses_a_wrong_change_before_it_looks_for_a_device(change: str, code: str, words: str) -> None:
    ran = dosebell("configure", "hd-il2", "--set", change)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(code + ": ") and words in ran.err


@pytest.mark.req("R-01")
@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("late_min = 60", 'late_min = "60"', "bad-field", "late_min is 60: it must be a whole number from 1 to 478"),
        ("late_min = 60", "late_min = 60.0", "bad-field", "late_min is 60.0"),
        ("late_min = 60", "late_min = true", "bad-field", "late_min is true"),
        ("bench = false", "bench = 0", "bad-field", "bench is 0: it must be true or false"),
        ("late_min = 60", "late_mins = 60", "unknown-field", "Did you mean late_min?"),
        ("late_min = 60\n", "", "missing-field", "late_min"),
        ("late_min = 60", "late_min = ", "bad-toml", "line"),
        ('name = "ours"', 'name = "hd-il2"\n#', "name-taken", "hd-il2"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, old: str, new: str, code: str, words: str) -> None:
    path = tmp_path / "ours.toml"
    assert old in GOOD
    text = GOOD.replace(old, new)
    path.write_text(text.replace("cycles = 2", "cycles = 1") if code == "name-taken" else text)
    for command in (("regimen", "check", str(path)), ("configure", str(path))):
        ran = dosebell(*command)
        assert ran.code == 2 and ran.err.startswith(code + ": "), ran.err
        assert words in ran.err and str(path) in ran.err


def test_a_missing_file_and_an_unknown_name() -> None:
    assert dosebell("configure", "nowhere.toml").err.startswith("unreadable-file: nowhere.toml cannot be read")
    ran = dosebell("configure", "hd-il")
    assert ran.code == 2 and ran.err.startswith("unknown-regimen: ") and "Did you mean hd-il2?" in ran.err


@pytest.mark.req("R-02", "H-02")
def test_a_sites_own_file_is_found_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "dosebell" / "regimens"
    folder.mkdir(parents=True)
    (folder / "ward.toml").write_text(GOOD)
    for name in ("ward", "ours", str(folder / "ward.toml")):
        ran = dosebell("--json", "regimen", "check", name, home=tmp_path)
        assert ran.json == {"valid": True, "name": "ours", "source": str(folder / "ward.toml")}
    elsewhere = dosebell("--json", "regimen", "list", DOSEBELL_REGIMENS=str(folder))
    assert [one["name"] for one in elsewhere.json] == [*built_in(), "ours"]


def test_a_broken_file_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("late_min = ")
    ran = dosebell("regimen", "list", DOSEBELL_REGIMENS=str(tmp_path))
    assert ran.code == 0 and "bad-toml" in ran.err and "til-il2" in ran.out


@pytest.mark.req("R-02")
@pytest.mark.parametrize("name", built_in())
def test_toml_of_a_built_in_one_reads_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / "ours.toml"
    path.write_text(dosebell("regimen", "show", name, "--toml").out)
    assert regimens.read(path).data == built_in()[name]
    assert check(regimens.read(path).data) is None


@pytest.mark.req("R-04")
def test_show_tells_when_slots_are_due() -> None:
    ran = dosebell("regimen", "show", "hd-il2")
    assert "the last infusion ends at 104 h 15 min" in " ".join(ran.out.split())
    assert list(dosebell("--json", "regimen", "show", "hd-il2").json)[:-1] == list(built_in()["hd-il2"])
    assert all(key in ran.out for key in KEYS)


def test_list_as_a_table() -> None:
    assert dosebell("regimen", "list").out == (
        "Name             Interval min  Doses a cycle  Cycles  From\n"
        "hd-il2                    480             14       2  built in\n"
        "hd-il2-critical           480             14       2  built in\n"
        "hd-il2-15                 480             15       2  built in\n"
        "til-il2                   480              6       1  built in\n"
        "bench                      60              4       2  built in\n"
    )
