"""What the display says in every phase of a course and between courses, and when it says something else (A-04, section 4)."""

from contextlib import suppress
from random import Random

import pytest
from seen_at_the_bed import Bedside, at, course

from dosecore.regimen_rules import built_in
from tests.driver import Refused, instant
from tests.model.scripts import HOUR, MINUTE, SECOND, UTC0

DAY = 24 * HOUR


@pytest.mark.req("A-04")
def test_the_countdown_says_how_long_which_dose_of_how_many_and_the_counts():
    device = course(10 * HOUR, supportive_care_review_min=0)
    assert at(device, -134 * MINUTE) == ("Next dose in", "2 h 14 min", ("Dose 1 of 14", "Given 0 Held 0", "Missed 0"))
    assert at(device, -45 * SECOND)[1] == "45 s"
    assert at(device, -45 * SECOND)[2] == ("Dose 1 of 14", "START: begin", "HOLD: not now")


@pytest.mark.req("A-04", "S-02")
def test_from_early_min_on_the_countdown_says_what_start_and_hold_do():
    device = course(10 * HOUR)
    assert at(device, -HOUR - 1)[2][1] == "Given 0 Held 0"
    assert at(device, -HOUR)[2] == ("Dose 1 of 14", "START: begin", "HOLD: not now")


@pytest.mark.req("A-04")
@pytest.mark.parametrize(
    ("late", "title", "figure"),
    [
        (0, "Dose due since", "0 s"),
        (59 * SECOND, "Dose due since", "59 s"),
        (5 * MINUTE, "Dose due since", "5 min"),
        (HOUR, "Dose late by", "1 h 0 min"),
        (3 * HOUR + 5 * MINUTE, "Overdue by", "3 h 5 min"),
    ],
)
def test_a_dose_that_calls_says_how_late_it_is_and_how_to_answer(late, title, figure):
    device = course(HOUR)
    assert at(device, late) == (title, figure, ("Dose 1 of 14", "START: begin", "HOLD: not now"))
    assert device.look()[0].calls


@pytest.mark.req("R-05", "A-04")
def test_a_due_dose_that_the_gap_forbids_says_not_before():
    device = course(supportive_care_review_min=0)
    device.to(device.due + 3 * HOUR)
    device.press("start")
    device.wait(20 * MINUTE)
    device.press("pause")
    title, figure, lines = at(device, 8 * HOUR + 30 * MINUTE)
    assert (title, figure) == ("Not before, in", "1 h 30 min")
    assert lines[0] == "Dose 2 of 14"
    assert at(device, 10 * HOUR)[0] == "Dose due since"


@pytest.mark.req("A-04")
def test_an_infusion_shows_what_is_left_and_a_bar_that_grows():
    device = course()
    device.press("start")
    assert device.look()[0].card.bar == 0
    device.wait(5 * MINUTE - 150)
    screen, _ = device.look()
    assert (screen.card.title, screen.card.figure) == ("Infusion ends in", "10 min")
    assert screen.card.lines == ("Dose 1 of 14", "HOLD 2 s: halt")
    assert screen.card.bar == 42
    assert not screen.calls


@pytest.mark.req("S-04", "A-04")
def test_what_can_be_undone_is_offered_for_60_s():
    device = course()
    device.press("start")
    assert device.card()[2][-1] == "PAUSE 5 s: undo"
    device.to(device.due + 60 * SECOND)
    assert device.card()[2][-1] == "PAUSE 5 s: undo"
    assert device.look()[1] == device.due + 60 * SECOND + 1
    device.wait(1)
    assert device.card()[2][-1] == "HOLD 2 s: halt"
    device.press("hold", 2100)
    assert device.card() == ("Interrupted", "14 min", ("left of dose 1", "START: go on", "PAUSE 5 s: undo"))


@pytest.mark.req("A-04")
def test_an_interrupted_infusion_says_what_is_left_and_how_to_go_on():
    device = course()
    device.press("start")
    device.wait(5 * MINUTE)
    device.press("hold", 2100)
    device.wait(2 * MINUTE)
    assert device.card() == ("Interrupted", "10 min", ("left of dose 1", "START: go on", "HOLD 2 s: end it"))


@pytest.mark.req("S-05", "A-04")
def test_on_hold_first_asks_for_the_reason_then_shows_it():
    device = course(10 * MINUTE)
    device.to(device.due)
    device.press("hold")
    assert device.card()[:2] == ("Reason for HOLD?", "10 s")
    assert device.card()[2] == ("unspecified", "HOLD: next one", "PAUSE 5 s: undo")
    device.press("hold")
    device.press("hold")
    assert device.card()[2][0] == "cardiac"
    device.wait(9 * SECOND)
    assert device.card()[1] == "1 s"
    device.wait(2 * MINUTE)
    assert device.card() == ("On hold for", "2 min", ("Dose 1 of 14", "cardiac", "START: give it"))
    assert device.look()[0].calls


@pytest.mark.req("A-04")
def test_missed_and_held_doses_are_told_besides_the_countdown():
    device = course(supportive_care_review_min=0)
    device.to(device.due + 8 * HOUR)
    assert device.cards() == ["Missed", "Dose due since"] or device.cards() == ["Dose due since", "Missed"]
    device.press("hold")
    device.to(device.due + 16 * HOUR)
    assert set(device.cards()) == {"Missed", "Dose due since"}
    device.to(device.due + 16 * HOUR + 30 * SECOND)
    screen, until = device.look()
    assert screen.count == 2


@pytest.mark.req("A-04")
def test_the_highest_then_newest_is_seen_first_and_all_take_turns():
    device = course(10 * HOUR)
    device.to(device.due - 5 * HOUR)
    device.command("condition", condition="journal-nearly-full", present=True)
    device.command("condition", condition="self-test-failed", present=True)
    begun = device.t
    assert device.card()[0] == "Device fault"
    assert device.look()[0].count == 3
    assert device.look()[1] == begun + 3 * SECOND
    assert device.cards() == ["Device fault", "Log nearly full", "Next dose in"]


@pytest.mark.req("A-04")
def test_while_an_infusion_runs_it_is_shown_first_whatever_else_stands():
    device = course()
    device.press("start")
    device.wait(MINUTE)
    device.command("condition", condition="journal-fault", present=True)
    assert device.cards() == ["Infusion ends in", "Log fault"]


@pytest.mark.req("T-04", "A-04")
def test_with_an_unknown_clock_no_countdown_is_shown():
    device = course(10 * HOUR)
    device.wait(HOUR)
    device.boot()
    screen, _ = device.look()
    assert (screen.card.title, screen.card.figure, screen.count) == ("Clock lost", "CLOCK", 1)


@pytest.mark.req("T-04", "A-04")
def test_doses_that_nobody_watched_are_counted():
    device = course(HOUR, supportive_care_review_min=0)
    device.wait(30 * MINUTE)
    device.t += 20 * HOUR
    device.boot(utc=UTC0 + device.t)
    device.wait(SECOND)
    device.to(device.t)
    titles = device.cards()
    assert "Not watched" in titles
    while device.card()[0] != "Not watched":
        device.to(device.look()[1])
    assert device.card()[1] == "2 doses"


@pytest.mark.req("A-04")
def test_before_between_and_after_courses_it_says_what_comes():
    device = Bedside()
    device.boot(utc=UTC0)
    assert device.card()[1] == "SET UP"
    device.command("configure", regimen=built_in()["hd-il2"], label="", armed=True)
    assert device.card() == ("Ready", "READY", ("hd-il2", "START held 3 s:", "dose 1 due now"))
    device = course(max_doses=1, cycle_days=2, supportive_care_review_min=0)
    device.press("start")
    device.wait(16 * MINUTE)
    device.press("pause")
    device.to(device.due + 8 * HOUR)
    assert device.card() == ("Cycle 2 in", "1 d 16 h", ("Resting", "Given 1 Held 0", "Missed 0"))
    device.to(device.due + 2 * DAY)
    assert device.card() == ("Next cycle", "READY", ("START held 3 s:", "dose 1 due now", "Any button: seen"))
    device.press("pause")
    assert device.card()[:2] == ("Cycle 2", "READY")
    device.press("start", 3100)
    device.to(device.t + 9 * HOUR)
    assert device.state.course == "completed"
    while device.card()[0] == "Missed":
        device.to(device.look()[1])
    assert device.card() == ("Course is over", "DONE", ("Given 1 Held 0", "Missed 1"))


@pytest.mark.req("R-01", "A-04")
def test_a_bench_regimen_shows_everywhere():
    device = course(bench=True)
    assert device.look()[0].bench
    device.press("start")
    assert device.look()[0].bench


@pytest.mark.req("A-04", "S-07")
def test_counts_that_need_three_lines_take_turns_with_the_countdown():
    device = course(supportive_care_review_min=0, early_min=0)
    for slot, outcome in enumerate(("given", "partial", "held", "missed", "unknown"), 1):
        device.to(device.due + (slot - 1) * 8 * HOUR)
        device.command(
            "dose-record", cycle=1, slot=slot, outcome=outcome, started=instant(UTC0 + (slot - 1) * 8 * HOUR)
        )
    device.wait(MINUTE)
    assert device.card()[2] == ("Dose 6 of 14",)
    device.to(device.look()[1])
    assert device.card() == ("Doses so far", "", ("Given 1 Part 1", "Held 1 Missed 1", "Unseen 1"))


def buttons_and_host(device, random):
    """Something that a nurse, a host or time does."""
    what = random.randrange(12)
    if what < 6:
        device.press(random.choice(("start", "start", "hold", "pause")), random.choice((150, 2100, 3100, 5100)))
    elif what == 6:
        condition = random.choice(("journal-fault", "self-test-failed", "stuck-button", "journal-nearly-full"))
        device.command("condition", condition=condition, present=random.random() < 0.6)
    elif what == 7:
        with suppress(Refused):
            device.offer(random.choice(("course-stop", "course-start", "next-cycle")))
    elif what == 8:
        away = random.choice((MINUTE, HOUR, 9 * HOUR))
        device.wait(0)
        device.t += away
        device.boot(utc=random.choice((None, UTC0 + device.t)))
    elif what == 9 and device.state.offset is None:
        device.set_clock(UTC0 + device.t)
    device.wait(random.choice((SECOND, 20 * SECOND, 5 * MINUTE, 50 * MINUTE, 3 * HOUR)))


@pytest.mark.req("A-04", "S-01")
@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_there_is_a_screen_and_it_stays_right_until_the_instant_that_it_names(seed):
    random = Random(seed)
    device = course(random.choice((0, HOUR)), bench=seed % 3 == 0, max_doses=4, pre_dose_check_min=30 * (seed % 2))
    seen = set()
    for _ in range(60):
        buttons_and_host(device, random)
        screen, until = device.look()
        seen.add(screen.card.title)
        # when nothing happens until just before that instant, the same screen is right
        wake = device.next_wake()
        ends = min(at for at in (until, wake, device.t + DAY) if at is not None) - 1
        if ends > device.t:
            device.to(ends)
            assert device.look()[0]._replace(card=None) == screen._replace(card=None)
            assert device.look()[0].card._replace(bar=None) == screen.card._replace(bar=None)
    assert len(seen) > 5
