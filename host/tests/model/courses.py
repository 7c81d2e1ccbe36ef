"""Named courses: what the nurse does in each, and what must have come of it in the end. Each entry makes a fresh (Script, expectation).

Expected counts are given, partial, held, missed, unknown of each cycle, counted by hand from the script.
"""

from tests.model.scripts import DAY, HOUR, MINUTE, SECOND, UTC0, Script, built


def _first_due(script):
    """Confirms `course start` and returns the first due (ms): the moment at which PAUSE was held 2 s."""
    script.change("course-start", at=None)
    return script.t - 150


def two_cycles():
    """28 slots of hd-il2, 6 cycle days: on time, early, late, overdue, held, missed, stopped, interrupted and resumed."""
    script = Script("two-cycles", built("hd-il2", cycle_days=6))
    first = _first_due(script)
    for cycle in range(2):
        zero = first + cycle * (6 * DAY + 10 * MINUTE)
        if cycle:
            script.at(zero - 3100).hold_down("start", 3300)  # answers the call, then prepares: slot 1 is due now
            zero = script.t - 300
        due = [zero + k * 8 * HOUR for k in range(14)]
        script.at(due[0] + 2 * MINUTE).start()
        script.at(due[0] + 17 * MINUTE + 40 * SECOND).pause()  # answers "infusion ended"
        script.at(due[1] - 25 * MINUTE).start().at(due[1] - 5 * MINUTE).pause()
        script.at(due[2] + 75 * MINUTE).pause().at(due[2] + 76 * MINUTE).start()
        script.at(due[3] + 3 * MINUTE).hold().wait(SECOND).hold().wait(SECOND).hold()
        script.at(due[4] + 130 * MINUTE).start()
        script.at(due[5] + 40 * MINUTE).hold()
        script.at(due[5] + 80 * MINUTE).start()
        script.at(due[6] + 25 * MINUTE).start().wait(4 * MINUTE).hold_down("hold", 2200).wait(3 * MINUTE).start()
        script.at(due[7] + MINUTE).start().wait(9 * MINUTE).hold_down("hold", 2100).wait(MINUTE).hold_down("hold", 2100)
        # slot 9 is missed; its alert is acknowledged while slot 10 is due
        script.at(due[9] + 30 * SECOND).confirm().wait(MINUTE).start()
        script.at(due[10] + 5 * MINUTE).start().wait(20 * SECOND).undo().wait(20 * SECOND).start()
        script.at(due[11] - 90 * MINUTE).hold_down("start", 3200).wait(SECOND).confirm()  # an override, too early
        script.at(due[12] + 10 * SECOND).hold()
        script.at(due[13] + 470 * MINUTE).start()  # infuses beyond the slot's end
        script.at(due[13] + 490 * MINUTE).pause()
    script.until(script.t + DAY)
    count = [10, 1, 2, 1, 0]
    return script, {
        "state": "completed",
        "counts": [count, count],
        "kinds": {
            "dose-undone": 2,
            "cycle-completed": 2,
            "course-completed": 1,
            "dose-interrupted": 4,
            "dose-resumed": 2,
        },
    }


def nothing_done():
    """No one answers: every slot is missed, every call is made."""
    script = Script("nothing-done", built("hd-il2", max_doses=4, cycles=1))
    first = _first_due(script)
    script.until(first + 2 * DAY)
    return script, {"state": "completed", "counts": [[0, 0, 0, 4, 0]], "kinds": {"dose-overdue": 4}}


def closed_before_the_next_is_due():
    """missed_min shorter than the interval: an unanswered slot closes early, the next one waits at once, the cycle ends early."""
    script = Script("closed-early", built("hd-il2", max_doses=3, cycles=1, missed_min=200, min_gap_min=400))
    first = _first_due(script)
    script.at(first + 180 * MINUTE).start()
    script.at(
        first + 11 * HOUR + 30 * MINUTE
    ).start()  # slot 2 closed 200 minutes after the gap ended, at 13 h: still in time
    script.until(first + 2 * DAY)
    return script, {"state": "completed", "counts": [[2, 0, 0, 1, 0]]}


def til():
    """til-il2: six doses, one cycle."""
    script = Script("til", built("til-il2"))
    first = _first_due(script)
    for k in range(6):
        script.at(first + k * 8 * HOUR + (k + 1) * 7 * MINUTE).start().wait(16 * MINUTE).pause()
    script.until(first + 3 * DAY)
    return script, {"state": "completed", "counts": [[6, 0, 0, 0, 0]]}


def anchored_on_start():
    """anchor = start: each due follows the start before it; a missed slot passes its own due on."""
    script = Script(
        "anchor-start", built("hd-il2", anchor="start", max_doses=5, cycles=1, interval_min=600, missed_min=600)
    )
    first = _first_due(script)
    script.at(first + 50 * MINUTE).start()
    second = script.t - 150 + 10 * HOUR
    script.at(second - 30 * MINUTE).start()
    third = script.t - 150 + 10 * HOUR  # missed
    script.at(third + 10 * HOUR + 20 * MINUTE).start().wait(30 * SECOND).undo().wait(30 * SECOND).start()
    fifth = script.t - 150 + 10 * HOUR
    script.at(fifth + MINUTE).hold()
    script.until(fifth + 2 * DAY)
    return script, {"state": "completed", "counts": [[3, 0, 1, 1, 0]]}


def day_limit():
    """Two days hold six slots of eight hours: the seventh and eighth are cut; a reschedule cuts one more."""
    script = Script("day-limit", built("hd-il2", max_doses=8, max_days=2, cycles=1))
    first = _first_due(script)
    script.at(first + MINUTE).start()
    script.at(first + 4 * HOUR).change("reschedule", at=UTC0 + first + 990 * MINUTE)
    for k in range(4):
        script.at(first + 990 * MINUTE + 8 * k * HOUR + 2 * MINUTE).start()
    script.until(first + 4 * DAY)
    return script, {"state": "completed", "counts": [[5, 0, 0, 0, 0]], "kinds": {"dose-due": 5}}


def rescheduled_first():
    """Moving slot 1 moves the whole cycle and its day limit."""
    script = Script("rescheduled-first", built("hd-il2", max_doses=4, max_days=1, cycles=1))
    script.change("course-start", at=UTC0 + 2 * HOUR)
    script.at(HOUR).change("reschedule", at=UTC0 + 20 * HOUR)
    for k in range(3):
        script.at((20 + 8 * k) * HOUR + MINUTE).start()
    script.until(4 * DAY)
    return script, {"state": "completed", "counts": [[3, 0, 0, 0, 0]]}


def stopped_and_resumed():
    """A stop at the bed takes back the HOLD that asked for it; START held 3 s resumes on the old grid."""
    script = Script("stop-resume", built("hd-il2", max_doses=6, cycles=1))
    first = _first_due(script)
    script.at(first + MINUTE).start()
    script.at(first + 8 * HOUR + 5 * MINUTE).hold_down("hold", 5200).wait(SECOND).confirm()
    script.at(first + 25 * HOUR).hold_down("start", 3200).wait(SECOND).start()
    script.at(first + 32 * HOUR + 5 * MINUTE).start().wait(5 * MINUTE)
    script.change("course-stop")
    script.until(first + 3 * DAY)
    return script, {"state": "stopped", "counts": [[2, 1, 0, 2, 0]], "kinds": {"dose-undone": 1, "course-resumed": 1}}


def gap_and_override():
    """A very late dose forbids the next one for a while; an override is asked for, let go, asked for again and taken."""
    script = Script("gap", built("hd-il2", max_doses=4, cycles=1, min_gap_min=470))
    first = _first_due(script)
    script.at(first + 400 * MINUTE).start()
    script.at(first + 490 * MINUTE).start()  # refused: gap
    script.at(first + 500 * MINUTE).hold_down("start", 3200).wait(11 * SECOND).confirm()
    script.at(first + 520 * MINUTE).hold_down("start", 3200).wait(7 * SECOND).confirm()
    script.until(first + 2 * DAY)
    return script, {"state": "completed", "counts": [[2, 0, 0, 2, 0]], "kinds": {"start-refused": 3}}


def infusing_into_the_next_slot():
    """An infusion begun at the slot's very end: the next slot goes through its phases by light alone; buttons mean the older."""
    script = Script("overlap", built("hd-il2", infusion_min=240, early_min=240, min_gap_min=240, max_doses=3, cycles=1))
    first = _first_due(script)
    script.at(first + 470 * MINUTE).start()
    script.at(first + 600 * MINUTE).hold_down("hold", 2200)
    script.at(first + 610 * MINUTE).start()
    script.until(first + 2 * DAY)
    return script, {"state": "completed", "counts": [[1, 0, 0, 2, 0]]}


def interrupted_and_left():
    """An interrupted infusion that no one resumes closes as partial at the slot's end, or after 15 minutes if that is later."""
    script = Script("interrupted", built("hd-il2", max_doses=3, cycles=1))
    first = _first_due(script)
    script.at(first + 10 * MINUTE).start().wait(5 * MINUTE).hold_down("hold", 2200)
    script.at(first + 955 * MINUTE).start().wait(3 * MINUTE).hold_down("hold", 2200)
    script.until(first + 2 * DAY)
    return script, {"state": "completed", "counts": [[0, 2, 0, 1, 0]], "kinds": {"dose-stopped": 2}}


def reviewed_holds():
    """Three holds that count raise a review; one that waits for the drug does not count."""
    script = Script("holds", built("hd-il2", max_doses=6, cycles=1))
    first = _first_due(script)
    for k in range(5):
        script.at(first + k * 8 * HOUR + 2 * MINUTE).hold()
        for _ in range(13 if k == 1 else k):
            script.wait(SECOND).hold()
        if k == 2:
            script.wait(3 * HOUR).hold()  # a later step
    script.wait(30 * SECOND).confirm()
    script.at(first + 39 * HOUR).reason(1, 1, "renal").wait(MINUTE).start()
    script.until(first + 3 * DAY)
    return script, {"state": "completed", "counts": [[1, 0, 4, 1, 0]]}


def recorded_afterwards():
    """A dose given but never started on the device is recorded; a wrong one is corrected; the gap follows."""
    script = Script("recorded", built("hd-il2", max_doses=4, cycles=1))
    first = _first_due(script)
    script.at(first + 9 * HOUR).change(
        "dose-record",
        cycle=1,
        slot=1,
        outcome="given",
        started=UTC0 + first + 5 * MINUTE,
        ended=None,
        reason="unspecified",
    )
    script.wait(MINUTE).start()
    script.at(first + 17 * HOUR).change(
        "dose-record", cycle=1, slot=3, outcome="held", started=None, ended=None, reason="cardiac"
    )
    script.wait(MINUTE).change(
        "dose-record", cycle=1, slot=2, outcome="missed", started=None, ended=None, reason="unspecified"
    )
    script.until(first + 2 * DAY)
    return script, {"state": "completed", "counts": [[1, 0, 1, 2, 0]], "kinds": {"dose-recorded": 3}}


def middle():
    """A device is replaced: the course goes on with slot 9 of cycle 2; the slots before are not this device's."""
    script = Script("middle", built("hd-il2", max_doses=11))
    script.change("course-start", at=UTC0 + HOUR, cycle=2, slot=9, last=UTC0 - 5 * HOUR)
    script.at(HOUR + MINUTE).start()  # refused: the other device's last start is too near
    script.at(2 * HOUR + MINUTE).start()
    script.until(2 * DAY)
    return script, {"state": "completed", "counts": [[1, 0, 0, 2, 0]], "kinds": {"start-refused": 1}}


def armed():
    """Armed at the host, started at the bed: START held 3 s makes slot 1 due, the next press starts it."""
    script = Script("armed", built("til-il2", max_doses=1), armed=True)
    script.at(HOUR).hold_down("start", 3200).wait(SECOND).start()
    script.until(DAY)
    return script, {"state": "completed", "counts": [[1, 0, 0, 0, 0]], "kinds": {"course-started": 1}}


def checked_before():
    """A light before each dose, a call for the next cycle, a call for the supportive drugs."""
    script = Script("checks", built("hd-il2", max_doses=2, cycles=2, cycle_days=1, pre_dose_check_min=45))
    first = _first_due(script)
    script.at(first + MINUTE).start()
    script.at(first + 7 * HOUR + 20 * MINUTE).start()
    script.at(first + 25 * HOUR).hold_down("start", 3200).wait(2 * SECOND).start()
    script.until(first + 4 * DAY)
    return script, {"state": "completed", "counts": [[2, 0, 0, 0, 0], [1, 0, 0, 1, 0]]}


def bench_course():
    """The bench regimen: minutes are seconds."""
    script = Script("bench", built("bench"))
    first = _first_due(script)
    script.at(first + 2 * SECOND).start()
    script.at(first + 75 * SECOND).start()
    script.at(first + 122 * SECOND).hold()
    script.at(first + 200 * SECOND).confirm()
    script.at(first + 1441 * SECOND).hold_down("start", 3200).wait(SECOND).start()
    script.at(first + 1450 * SECOND).hold_down("hold", 2100).wait(SECOND).hold_down("hold", 2100)
    script.until(first + 2000 * SECOND)
    return script, {"state": "completed", "counts": [[2, 0, 1, 1, 0], [0, 1, 0, 3, 0]]}


COURSES = {
    make.__name__: make
    for make in (
        two_cycles, nothing_done, closed_before_the_next_is_due, til, anchored_on_start, day_limit, rescheduled_first, stopped_and_resumed, gap_and_override,
        infusing_into_the_next_slot, interrupted_and_left, reviewed_holds, recorded_afterwards, middle, armed, checked_before,
        bench_course,
    )
}  # fmt: skip
