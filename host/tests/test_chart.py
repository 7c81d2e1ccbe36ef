"""The chart, by hand: what the log says became of a dose, as the report and the exports tell it (S-04, S-05, S-06, S-10, T-04, T-06)."""

import pytest

from dosebell.chart import read_chart
from dosebell.events_json import offsets
from tests.driver import Device, instant
from tests.model.scripts import HOUR, MINUTE, SECOND, UTC0, built

COURSE = built("hd-il2", max_doses=4, cycles=1)


class Bed:
    """A device that was configured and whose course has begun: `first` is the first due, on the tester's clock."""

    def __init__(self, regimen=COURSE, utc=UTC0):
        self.device = Device()
        self.device.boot(utc=utc)
        self.change("configure", regimen=regimen, label="Bed 7", armed=False)
        self.change("course-start", at=None)
        self.first = self.device.t - 150

    def change(self, name, **arguments):
        self.device.offer(name, **{key: self._instant(key, value) for key, value in arguments.items()})
        self.hold_down("pause", 2150)
        return self

    @staticmethod
    def _instant(key, value):
        return instant(value) if key in ("at", "started", "ended") and value is not None else value

    def hold_down(self, button, length):
        self.device.down(button)
        self.device.wait(length)
        self.device.up(button)
        return self

    def press(self, button):
        return self.hold_down(button, 150)

    def at(self, after_first):
        """Time passes until so many ms after the first due."""
        self.device.to(self.first + after_first)
        return self

    def wait(self, ms):
        self.device.wait(ms)
        return self

    def chart(self, log=None):
        log = self.device.log if log is None else log
        return read_chart(log, offsets(log))

    def slot(self, number):
        (found,) = [slot for slot in self.chart().courses[-1].slots if slot.number == number]
        return found

    def utc(self, after_first):
        return instant(UTC0 + self.first + after_first)


@pytest.mark.req("S-06")
def test_a_correction_says_what_stood_before():
    """given a dose that was started, when it is recorded twice with other words, then each record keeps what it has replaced"""
    bed = Bed().at(2 * MINUTE).press("start").at(HOUR)
    bed.change(
        "dose-record", cycle=1, slot=1, outcome="partial", started=UTC0 + bed.first, ended=UTC0 + bed.first + 9 * MINUTE
    )
    bed.at(2 * HOUR).change("dose-record", cycle=1, slot=1, outcome="held", started=None, ended=None, reason="cardiac")
    slot = bed.slot(1)
    first, second = slot.corrections
    assert (first.outcome_before, first.started_before, first.ended_before) == (
        "given",
        bed.utc(2 * MINUTE),
        bed.utc(17 * MINUTE),
    )
    assert (first.outcome, first.started, first.ended) == ("partial", bed.utc(0), bed.utc(9 * MINUTE))
    assert (second.outcome_before, second.started_before, second.outcome) == ("partial", bed.utc(0), "held")
    assert (slot.outcome, slot.started, slot.ended, slot.reason) == ("held", None, None, "cardiac")
    assert (slot.recorded, slot.before_record, slot.recorded_at) == (True, "partial", second.at)


@pytest.mark.req("S-06")
def test_an_open_slot_that_is_recorded_says_in_which_phase_it_was():
    bed = Bed().at(70 * MINUTE)
    bed.change("dose-record", cycle=1, slot=1, outcome="given", started=UTC0 + bed.first + MINUTE, ended=None)
    assert bed.slot(1).corrections[0].outcome_before == "late"
    assert bed.slot(1).variance_ms == MINUTE


@pytest.mark.req("S-04")
def test_a_press_that_was_taken_back_stays_in_the_chart_and_what_it_did_does_not():
    """given a slot on hold, when START ends the hold and is taken back, then the slot is on hold as before, and the press is told"""
    bed = Bed().at(5 * MINUTE).press("hold").at(20 * MINUTE).press("start").wait(10 * SECOND).hold_down("pause", 5150)
    slot = bed.slot(1)
    assert (slot.phase, slot.started, [hold.until for hold in slot.holds]) == ("on-hold", None, [None])
    assert [press for press, _ in slot.undone] == ["start"]
    assert slot.answer.by == "hold"


@pytest.mark.req("S-05")
def test_holds_keep_their_reasons_and_their_ends():
    bed = Bed().at(5 * MINUTE).press("hold").wait(SECOND).press("hold").at(30 * MINUTE).press("start").at(HOUR)
    (hold,) = bed.slot(1).holds
    assert (hold.at, hold.reason, hold.until) == (bed.utc(5 * MINUTE), "hypotension", bed.utc(30 * MINUTE))
    assert bed.slot(1).hold_reason == "hypotension"


@pytest.mark.req("A-08")
def test_an_answer_counts_from_the_first_call():
    """given a dose that became late, when START is pressed, then the time counts from due; that of an early dose is none"""
    bed = Bed().at(75 * MINUTE).press("start").at(7 * HOUR + 30 * MINUTE).press("start").wait(MINUTE)
    assert (bed.slot(1).answer.ms, bed.slot(1).answer.by) == (75 * MINUTE, "start")
    assert bed.slot(2).answer is None


@pytest.mark.req("R-05")
def test_nobody_was_called_before_the_gap_was_over():
    """given a dose whose gap has not ended at its due, when an override starts it, then nobody has waited for an answer"""
    bed = Bed(dict(COURSE, min_gap_min=470)).at(HOUR).press("start").at(8 * HOUR + 5 * MINUTE)
    assert bed.slot(2).answer.called == bed.utc(HOUR + 470 * MINUTE)
    bed.hold_down("start", 3150).wait(SECOND).hold_down("pause", 2150)
    slot = bed.slot(2)
    assert (slot.override, slot.answer, slot.not_before) == ("gap", None, bed.utc(HOUR + 470 * MINUTE))


@pytest.mark.req("T-04")
def test_a_device_that_was_off_has_called_nobody():
    """given a dose that fell due while the power was off, when the clock is set, then its call counts from there"""
    bed = Bed().at(HOUR).press("start").at(7 * HOUR)
    bed.device.t += 2 * HOUR
    bed.device.boot()
    bed.wait(MINUTE).device.set_clock(UTC0 + bed.device.t)
    synced = bed.device.t - bed.first
    bed.wait(2 * MINUTE).press("start")
    slot = bed.slot(2)
    assert (slot.answer.called, slot.answer.ms) == (bed.utc(synced), 2 * MINUTE)
    assert slot.variance_ms == synced + 2 * MINUTE - 8 * HOUR


@pytest.mark.req("T-06")
def test_a_start_whose_time_became_known_later_has_it_and_one_whose_time_never_did_has_none():
    bed = Bed().at(7 * HOUR)
    bed.device.boot()
    bed.wait(HOUR + MINUTE).press("start").wait(20 * MINUTE)
    slot = bed.slot(1)
    assert (slot.outcome, slot.started, slot.variance_ms) == ("given", None, None)
    bed.device.set_clock(UTC0 + bed.device.t)
    assert bed.slot(1).started == bed.utc(8 * HOUR + MINUTE)


@pytest.mark.req("S-06")
def test_an_infusion_given_up_ended_when_it_was_interrupted():
    bed = Bed().at(MINUTE).press("start").at(5 * MINUTE).hold_down("hold", 2150).at(9 * MINUTE).hold_down("hold", 2150)
    slot = bed.slot(1)
    assert (slot.outcome, slot.ended) == ("partial", bed.utc(5 * MINUTE + 2 * SECOND))
    assert [(one.cause, one.infused_ms, one.resumed) for one in slot.interruptions] == [
        ("bedside", 4 * MINUTE + 2 * SECOND, None)
    ]


@pytest.mark.req("A-08")
def test_calls_that_are_no_slots_say_who_ended_them():
    """given two infusions, when one end is answered and the other is left, then one call is acknowledged and the other ended by itself"""
    bed = Bed().at(MINUTE).press("start").at(18 * MINUTE).press("pause").at(8 * HOUR).press("start").at(9 * HOUR)
    answers = [answer for answer in bed.chart().answers if answer.condition == "infusion-ended"]
    assert [(answer.by, answer.ms) for answer in answers] == [("acknowledged", 2 * MINUTE), ("cleared", None)]
    assert [(answer.cycle, answer.slot) for answer in answers] == [(1, 1), (1, 2)]


@pytest.mark.req("S-10")
def test_a_stopped_course_keeps_its_plan():
    """given a course that was stopped and another that followed, then the first says what was planned and dropped, also after a new configuration"""
    bed = Bed().at(MINUTE).press("start").at(HOUR).change("course-stop")
    bed.change("configure", regimen=built("til-il2"), label="Bed 8", armed=False).change("course-start", at=None)
    old, new = bed.chart().courses
    assert (old.state, old.label, old.regimen["name"], old.stopped) == (
        "stopped",
        "Bed 7",
        "hd-il2",
        bed.utc(HOUR + 2 * SECOND),
    )
    assert [(slot.number, slot.phase, slot.outcome) for slot in old.slots] == [
        (1, "closed", "given"),
        *((number, "dropped", "") for number in (2, 3, 4)),
    ]
    assert old.slots[3].due == bed.utc(24 * HOUR)
    assert (new.number, new.label, [slot.phase for slot in new.slots]) == (2, "Bed 8", ["due", *["planned"] * 5])


@pytest.mark.req("R-03")
def test_a_reschedule_drops_slots_and_another_brings_them_back():
    bed = Bed(built("hd-il2", max_doses=3, max_days=1, cycles=1)).at(MINUTE).press("start").at(HOUR)
    bed.change("reschedule", at=UTC0 + bed.first + 17 * HOUR)
    assert [slot.phase for slot in bed.chart().courses[0].slots] == ["closed", "planned", "dropped"]
    bed.change("reschedule", at=UTC0 + bed.first + 10 * HOUR)
    slots = bed.chart().courses[0].slots
    assert [(slot.phase, slot.due) for slot in slots[1:]] == [
        ("planned", bed.utc(10 * HOUR)),
        ("planned", bed.utc(18 * HOUR)),
    ]


@pytest.mark.req("J-02", "J-05")
def test_a_course_whose_end_is_missing_says_so():
    """given two courses, when the end of the first and the beginning of the second are missing, then neither is whole and neither has the other's doses"""
    bed = Bed().at(MINUTE).press("start").at(HOUR)
    cut = len(bed.device.log)
    bed.change("course-stop").change("configure", regimen=built("til-il2"), label="", armed=False).change(
        "course-start", at=None
    )
    bed.wait(MINUTE).device.command("checkpoint")
    old, new = bed.chart([*bed.device.log[:cut], bed.device.log[-1]]).courses
    assert (old.state, old.complete, [slot.outcome for slot in old.slots]) == ("replaced", False, ["given"])
    assert (new.complete, new.regimen["name"], new.started, len(new.slots)) == (False, "til-il2", None, 6)


@pytest.mark.req("J-02")
def test_after_a_gap_only_what_the_events_say_is_told():
    """given a gap before a START, then its dose has the due that the event names and no window, and a slot that was open before the gap is not whole"""
    bed = Bed().at(MINUTE).press("start").at(8 * HOUR + MINUTE)
    cut = len(bed.device.log)
    bed.at(16 * HOUR + MINUTE)
    resumed = len(bed.device.log)
    bed.press("start")
    first, second, third = bed.chart(bed.device.log[:cut] + bed.device.log[resumed:]).courses[0].slots
    assert (first.outcome, first.complete) == ("given", True)
    assert (second.phase, second.outcome, second.complete) == ("due", "", False)
    assert (third.phase, third.due, third.end, third.complete) == ("infusing", bed.utc(16 * HOUR), None, False)


@pytest.mark.req("J-03")
def test_a_checkpoint_recalls_outcome_and_start_and_no_more():
    """given a log that begins after a dose was given, then the dose is given, started when it was, its end and window are not known"""
    bed = Bed().at(2 * MINUTE).press("start").at(HOUR)
    bed.device.command("checkpoint")
    bed.at(8 * HOUR + MINUTE)
    begins = next(place for place, event in enumerate(bed.device.log) if event.kind == "checkpoint")
    course = bed.chart(bed.device.log[begins:]).courses[0]
    given = course.slots[0]
    assert (course.number, course.complete, course.cycles) == (0, False, {1: bed.utc(0)})
    assert (given.outcome, given.started, given.ended, given.due, given.complete) == (
        "given",
        bed.utc(2 * MINUTE),
        None,
        None,
        False,
    )
    assert [(slot.phase, slot.complete) for slot in course.slots[1:]] == [("due", False)] + [("planned", True)] * 2
