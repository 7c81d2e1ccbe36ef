"""`dosebell alert test`: which calls it asks the device to play, how it says them, and what becomes of one that is cut short (H-02)."""

from xml.etree import ElementTree

import pytest
from host_command import ROOT, on
from scripted_device import ScriptedDevice

from device.panel.lights import OFFERS
from device.panel.sounds import BURSTS, FEEDBACK
from dosebell import call_words
from dosecore import events
from dosecore.alerts import PRIORITIES, priority_of

pytestmark = pytest.mark.req("H-02")


def test_every_call_and_every_feedback_sound_is_played_and_named(device: ScriptedDevice) -> None:
    ran = on(device.port, "--json", "alert", "test")
    assert ran.code == 0 and ran.json == {"played": list(call_words.SERIES)}
    # The last request ends what plays, and tells whether it was heard to its end.
    assert device.played == [*call_words.SERIES, None]
    assert [line.split(":")[0] for line in ran.err.splitlines()] == list(call_words.SERIES)


def test_one_call_is_played_by_its_name(device: ScriptedDevice) -> None:
    assert on(device.port, "alert", "test", "late").out == "Played: late. Was each seen and heard at the bed?\n"
    assert device.played == ["late", None]
    ran = on(device.port, "--json", "alert", "test", "loud")
    assert ran.code == 2 and ran.error["error"] == "usage" and "medium" in ran.error["sentence"]
    assert device.played == ["late", None]


@pytest.mark.req("H-01", "A-06")
@pytest.mark.parametrize("code", ["course-running", "calling", "cut-short", "safe-mode"])
def test_a_device_that_has_something_to_say_itself_refuses(device: ScriptedDevice, code: str) -> None:
    device.answers["alert-test"] = {"err": code}
    ran = on(device.port, "--json", "alert", "test", "low")
    assert ran.code == (5 if code == "safe-mode" else 4) and ran.out == ""
    assert ran.error["error"] == code and ran.error["advice"]


def test_the_words_are_those_of_the_device() -> None:
    assert tuple(call_words.CONDITIONS) == events.CONDITIONS
    assert set(call_words.OFFERS) == set(OFFERS)
    assert set(call_words.FEEDBACK) == set(FEEDBACK)
    assert {name: call.priority for name, call in call_words.CONDITIONS.items()} == {
        name: PRIORITIES[priority_of(name)] for name in events.CONDITIONS
    }


@pytest.mark.req("A-02")
def test_the_picture_shows_every_sound() -> None:
    """It is drawn from the pins: as many pulses as the firmware has for each, at its pitches."""
    drawn = ElementTree.parse(ROOT / "docs" / "pictures" / "calls.svg").getroot()
    groups = {group.get("id", ""): group for group in drawn.iter("{http://www.w3.org/2000/svg}g")}
    assert tuple(groups) == call_words.SERIES
    sounds = {**FEEDBACK, "low": BURSTS[1], "medium": BURSTS[2], "clock-lost": BURSTS[2]}
    for name, group in groups.items():
        pulses = [hertz for hertz, _ in sounds.get(name, ()) if hertz]
        assert len([part for part in group if part.get("class") == "tone"]) == len(pulses), name
        words = [part.text or "" for part in group]
        assert not pulses or " ".join(str(hertz) for hertz in dict.fromkeys(pulses)) + " Hz" in words, name


def test_the_document_has_the_tables() -> None:
    document = (ROOT / "docs" / "alerts.md").read_text()
    for table in call_words.as_markdown().split("\n\n"):
        assert table.strip() in document
