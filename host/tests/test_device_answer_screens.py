"""What the display says to a press, of an offer, and of what is wrong with the device itself (A-04, section 3)."""

import pytest
from seen_at_the_bed import configured, course, given

from dosecore.regimen_rules import built_in
from tests.driver import instant
from tests.model.scripts import HOUR, MINUTE, SECOND, UTC0

DAY = 24 * HOUR


@pytest.mark.req("H-03", "A-04")
@pytest.mark.parametrize(
    ("prepare", "name", "arguments", "lines"),
    [
        (configured, "configure", {"regimen": built_in()["til-il2"]}, ("Set up regimen", "til-il2")),
        (configured, "course-start", {}, ("Start at dose 1", "now")),
        (configured, "course-start", {"at": instant(UTC0 + 134 * MINUTE)}, ("Start at dose 1", "in 2 h 14 min")),
        (
            configured,
            "course-start",
            {"at": instant(UTC0 + HOUR), "slot": 5, "last": instant(UTC0 - HOUR)},
            ("Start at dose 5", "in 1 h 0 min"),
        ),
        (course, "course-stop", {}, ("Stop the course", "with all doses")),
        (course, "loader", {"force": True}, ("Update firmware", "No doses watched")),
        (course, "reschedule", {"at": instant(UTC0 + 10 * HOUR)}, ("Move dose 2 to:", "in 10 h 0 min")),
        (
            course,
            "dose-record",
            {"cycle": 1, "slot": 1, "outcome": "given", "started": instant(UTC0)},
            ("Record dose 1", "as given"),
        ),
    ],
)
def test_a_change_from_the_host_says_what_would_change_and_how_to_take_it(prepare, name, arguments, lines):
    device = prepare()
    device.offer(name, **arguments)
    title, figure, told = device.card()
    assert (title, figure) == ("The host asks:", "PAUSE 2 s")
    assert told == lines + ("ends in 1 min",)
    device.wait(15 * SECOND)
    assert device.card()[2][2] == "ends in 45 s"
    device.wait(46 * SECOND)
    assert device.card()[0] != title


@pytest.mark.req("S-02", "A-04")
def test_a_refused_start_says_why_how_long_and_what_else_for_5_s():
    device = course(10 * HOUR)
    device.to(device.due - 3 * HOUR)
    device.press("start")
    assert device.card() == ("Refused: wait", "2 h 0 min", ("It is too early", "or: START 3 s"))
    assert device.look()[0].calls
    device.wait(5 * SECOND - 151)
    assert device.card()[0] == "Refused: wait"
    device.wait(1)
    assert device.card()[0] == "Next dose in"


@pytest.mark.req("S-02", "A-04")
@pytest.mark.parametrize(
    ("prepare", "button", "card"),
    [
        (lambda: given(), "start", ("Refused", "NO", ("Infusion runs", "HOLD 2 s: halt"))),
        (configured, "start", ("Refused", "NO", ("No dose is open", "Start the course"))),
        (lambda: course(10 * HOUR), "hold", ("Refused: wait", "9 h 0 min", ("It is too early",))),
        (lambda: course(10 * HOUR), "start", ("Refused: wait", "9 h 0 min", ("It is too early",))),
        (
            lambda: given(wait=8 * HOUR - 30 * MINUTE),
            "start",
            ("Refused: wait", "30 min", ("Gap not over yet", "or: START 3 s")),
        ),
    ],
)
def test_each_refusal_has_its_words(prepare, button, card):
    device = prepare()
    device.press(button)
    assert device.card() == card


@pytest.mark.req("S-02", "A-04")
def test_an_override_and_the_stop_of_the_course_ask_for_pause_and_say_how_long():
    device = course(10 * HOUR, supportive_care_review_min=0)
    device.to(device.due - 3 * HOUR)
    device.press("start", 3100)
    assert device.card() == ("Start anyway?", "PAUSE 2 s", ("It is too early", "for this dose", "ends in 10 s"))
    device.to(device.due)
    device.press("hold", 5100)
    assert device.card() == ("Stop the course?", "PAUSE 2 s", ("All later doses", "are dropped", "ends in 30 s"))
    device.press("pause", 2100)
    assert device.card() == ("Course stopped", "OFF", ("START held 3 s:", "course goes on"))
    device.wait(DAY)
    assert device.card()[2] == ("Given 0 Held 0", "Missed 0")


@pytest.mark.req("A-04", "B-01")
def test_a_board_that_leaves_for_its_loader_says_that_nothing_is_watched():
    device = course(10 * HOUR)
    device.notice = ("update", None, device.now)
    assert device.card() == ("Update", "OFF", ("New firmware:", "doses are not", "watched"))


@pytest.mark.req("A-04", "S-02")
def test_a_refusal_is_shown_over_an_older_offer_and_a_newer_offer_over_it():
    device = course(10 * HOUR)
    device.wait(MINUTE)
    device.offer("course-stop")
    device.wait(SECOND)
    device.press("start")
    assert device.card()[0] == "Refused: wait"
    device.wait(6 * SECOND)
    assert device.card()[0] == "The host asks:"


@pytest.mark.req("A-04")
@pytest.mark.parametrize(
    ("condition", "card"),
    [
        ("self-test-failed", ("Device fault", "FAULT", ("Self-test failed", "Call biomed", "PAUSE 2 s: seen"))),
        ("journal-fault", ("Log fault", "FAULT", ("Log is damaged:", "pull it by host", "PAUSE 2 s: seen"))),
        ("stuck-button", ("Button stuck", "STUCK", ("A button is down", "Let go of it", "PAUSE 2 s: seen"))),
        ("maintenance", ("Maintenance", "OFF", ("Doses are not", "watched", "PAUSE 2 s: seen"))),
        ("journal-nearly-full", ("Log nearly full", "FULL", ("Pull the log", "with the host"))),
    ],
)
def test_each_technical_condition_has_its_words_and_what_to_do(condition, card):
    device = course(10 * HOUR)
    device.wait(HOUR)
    device.command("condition", condition=condition, present=True)
    assert device.card() == card
    # acknowledged, it stays, and asks for nothing more
    device.press("pause", 2100)
    if condition != "journal-nearly-full":
        assert device.card()[2] == card[2][:2]


@pytest.mark.req("A-04", "A-07")
def test_the_words_of_a_fault_name_what_the_shell_knows():
    device = course(10 * HOUR)
    device.wait(HOUR)
    device.command("condition", condition="self-test-failed", present=True)
    for cause, words in (("restart", "It has restarted"), ("clock-chip", "Clock battery"), ("other", "other")):
        device.unwell = [cause]
        assert device.card()[2][0] == words
    device.command("condition", condition="self-test-failed", present=False)
    device.command("condition", condition="stuck-button", present=True)
    device.stuck = ["hold"]
    assert device.card()[2][0] == "HOLD is down"


@pytest.mark.req("S-03", "A-04")
def test_a_journal_that_refuses_shows_on_every_card():
    device = course()
    device.press("start")
    device.recorded = False
    assert not device.look()[0].recorded
    device.notice = ("not-recorded", "", device.now)
    assert device.card() == ("NOT RECORDED", "FAULT", ("Nothing recorded", "write on paper"))


@pytest.mark.req("A-07", "A-04")
def test_a_self_test_says_what_it_found_and_what_this_is_not():
    device = configured()
    device.notice = ("self-test", [], device.now)
    assert device.card() == ("Self-test", "OK", ("Dosebell 0.1.0", "not a medical", "device"))
    assert not device.look()[0].calls
    device.notice = ("self-test", ["clock", "button-start", "clock-chip", "journal"], device.now)
    assert device.card() == ("Self-test", "FAULT", ("Clock not set", "START is stuck", "Clock battery"))
    assert device.look()[0].calls


@pytest.mark.req("H-02", "A-04")
def test_calls_that_a_host_plays_are_called_a_test():
    device = configured()
    device.rehearsal = True
    assert device.card() == ("Alert test", "TEST", ("The host plays a", "call. Nothing to", "be done"))
