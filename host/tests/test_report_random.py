"""The report of random courses and of logs with gaps: there is always a page, whatever the log does not know; and the timeline shows every dose (H-05)."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosebell.archive import Journal
from dosebell.archive_check import Bad, Checked
from dosebell.report.data import as_json
from dosebell.report.facts import tell
from dosebell.report.page import page
from tests.model.compare import Twin
from tests.model.courses import COURSES
from tests.model.profiles import examples
from tests.model.scripts import play
from tests.test_chart_random import with_checkpoints
from tests.test_core_random import WithOutages, run

JOURNAL = Journal(1, "e66118604b2a5c21", "Bed 12", "pico")


def told(log):
    seqs = [event.seq for event in log]
    bad = [Bad(seqs[-1], "is missing")] if seqs and len(seqs) % 2 else []
    return tell(
        JOURNAL,
        log,
        Checked(JOURNAL, len(seqs), min(seqs, default=None), max(seqs, default=None), [], 1, "", bad),
        None,
    )


def shows_itself(log):
    """Every event and every dose has its row, and every dose with a known due its place in the timeline."""
    facts = told(log)
    html = page(facts)
    assert len(re.findall(r"^<tr><td>", html, re.MULTILINE)) == len(facts.events)
    assert html.count("<tr><th scope=row>") == len(facts.slots)
    drawn = re.findall(r'<use href="#[a-z]+" x=', html)
    assert len(drawn) == sum(slot.due is not None for slot in facts.slots)
    assert [dose["slot"] for dose in as_json(facts, None)["doses"]] == [slot.number for slot in facts.slots]
    return facts


class ReportOfRandomCourses(WithOutages):
    """Wrong clocks, power cuts, checkpoints."""

    def teardown(self):
        if hasattr(self, "on"):
            shows_itself(self.on.log)


@pytest.mark.req("H-05")
def test_every_random_course_has_a_report():
    run(ReportOfRandomCourses, 25)


@pytest.fixture(scope="module")
def logs():
    made = {}

    def get(name):
        if name not in made:
            made[name] = with_checkpoints(play(COURSES[name]()[0], Twin()).core.log)
        return made[name]

    return get


@pytest.mark.req("H-05", "J-02")
@settings(max_examples=examples(30))
@given(name=st.sampled_from(sorted(COURSES)), data=st.data())
def test_a_log_with_a_gap_has_a_report(logs, name, data):
    log = logs(name)
    first = data.draw(st.integers(0, len(log)))
    last = data.draw(st.integers(first, min(first + 60, len(log))))
    shows_itself(log[:first] + log[last:])
