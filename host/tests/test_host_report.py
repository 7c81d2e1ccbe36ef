"""`dosebell report`: what it says of a rich course, that nothing from outside gets into it unescaped, its size, and what it costs (H-02, H-04)."""

from __future__ import annotations

import base64
import hashlib
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import reported_courses as courses
from host_command import dosebell
from reported_courses import HOUR, MINUTE, Bed

from dosebell.archive import Archive, choose
from dosebell.report import tables, timeline, words
from dosebell.report.data import as_json
from dosebell.report.facts import Facts, gather
from dosebell.report.page import page
from dosecore.events import CONDITIONS, REFUSED
from dosecore.regimen import KEYS

Make = Callable[[Bed], None]
MOST_BYTES = 1_000_000
# The requirement is 3 s from pull to report. Processor time, which other processes do not change much: about 1.3 s on the slowest machine seen.
MOST_CPU_S = 3.0


@pytest.fixture(autouse=True)
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def facts_of(path: Path, **chosen: Any) -> Facts:
    with Archive(path, create=False) as archive:
        return gather(archive, choose(archive, None, None), **chosen)


def facts(tmp_path: Path, make: Make, **changes: Any) -> Facts:
    bed = Bed(**changes)
    make(bed)
    bed.pull(tmp_path / "archive.sqlite")
    return facts_of(tmp_path / "archive.sqlite")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive of a course under way in which everything has happened; not to be changed."""
    path = tmp_path_factory.mktemp("reported") / "archive.sqlite"
    bed = Bed()
    courses.under_way(bed)
    bed.pull(path)
    return path


class Page(HTMLParser):
    """Looks at a page as a browser does: its words, its tags, its attributes, and whether every name it refers to is there."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.names: list[tuple[str, str]] = []
        self.ids: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.names += [(name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag in ("td", "th", "li", "dt", "dd", "p", "text", "br"):
            self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data


def rows_of(facts: Facts, cycle: int = 1) -> dict[int, dict[str, Any]]:
    clock = words.Clock([facts.as_of])
    return {row["number"]: row for row in tables.cycle(facts, cycle, clock)["slots"]}


def remarks(row: dict[str, Any]) -> str:
    return "; ".join(f"{strong} {rest}".strip() for strong, rest in row["remarks"])


@pytest.mark.req("H-05", "S-04", "S-05", "S-06", "T-04")
def test_the_table_tells_each_dose_and_what_happened_to_it(kept: Path) -> None:
    """given a dose of every end, then its row has due, start, variance, end and outcome, and each hold, interruption, correction and press taken back"""
    row = rows_of(facts_of(kept))
    assert (row[2]["due"], row[2]["started"], row[2]["variance"]) == (
        "Fri 20 Nov 22:00",
        "23:16:12",
        "+1 h 16 min 12 s",
    )
    assert (row[2]["ended"], row[2]["lasted"], row[2]["outcome"]) == ("23:31:12", "15 min", "Given")
    assert "On hold 06:06:00 to 07:35:00: hypotension" in remarks(row[3])
    assert (row[4]["letter"], row[4]["started"]) == ("H", "") and "14:04:00 to 22:00:00: cardiac" in remarks(row[4])
    assert (row[5]["outcome"], remarks(row[5])) == ("Missed", "")
    assert (row[6]["outcome"], row[6]["lasted"]) == ("Partial", "9 min 12 s infused")
    assert remarks(row[6]) == "Interrupted 06:12:12 after 9 min 12 s"
    assert remarks(row[7]) == "Taken back: START, 14:05:20"
    assert row[8]["corrected"] and remarks(row[8]) == (
        "Corrected Mon 23 Nov 06:20: given, started Sun 22 Nov 22:20, ended 22:35. Before: missed"
    )
    assert remarks(row[9]) == "Interrupted 06:26:00 after 6 min, resumed 06:30:00"
    assert row[10]["outcome"] == "Not observed" and "Device off" in remarks(row[10])
    assert row[12]["outcome"] == "On hold" and row[13]["outcome"] == "Planned"


@pytest.mark.req("S-07")
def test_the_first_page_says_what_stands_what_comes_and_what_must_not_be_overlooked(kept: Path) -> None:
    said = Page(page(facts_of(kept))).text
    for line in (
        "Dose 12 is on hold since Tue 24 Nov 06:10: renal.",
        "Dose 11, given: started Mon 23 Nov 22:30, ended 22:45",
        "Dose 13, due Tue 24 Nov 14:00; 2 left in this cycle",
        "Held Dose 4 (cardiac) Missed Dose 5 Not observed Dose 10",
        "Dose 10 not observed: the device was off or had no clock.",
        "Dose 8 entered or corrected afterwards",
        "The clock was not known from Mon 23 Nov 22:20 to Mon 23 Nov 22:25.",
        "The device reported 1 fault: display.",
        "Cycle 1 7 1 1 1 1 3",
        "Reminder, not a medical device".lower(),
        "e66118604b2a5c21, board pico, firmware 0.1.0",
        "hd-il2: 15 min every 8 h, up to 14 doses in 5 days, 2 cycles",
        "local, CET (UTC+01:00)",
        "PROVEN All 86 events kept of this device (1 to 86) are as they were pulled",
    ):
        assert line in said, line


@pytest.mark.req("H-05")
def test_every_event_of_the_course_is_listed(kept: Path) -> None:
    made = facts_of(kept)
    listed = re.findall(r"^<tr><td>(\d+)<td>([^<]*)<td>([^<]*)<td>([^<]*)<td>([a-z-]+)", page(made), re.MULTILINE)
    assert [int(seq) for seq, *_ in listed] == [event.seq for event, _ in made.events]
    assert [kind for *_, kind in listed] == [event.kind for event, _ in made.events]
    assert ("15", "23:16", "22:16:12.000", "1/2", "dose-started") in listed
    assert [local for seq, local, *_ in listed if seq == "70"] == ["22:20°"]  # known by the setting that followed


@pytest.mark.req("H-02", "S-07")
def test_the_data_are_those_of_the_page(kept: Path) -> None:
    found = dosebell("--json", "report", "--archive", str(kept), home=kept.parent).json
    assert found == {**as_json(facts_of(kept), None), "made": found["made"], "attention": found["attention"]}
    assert found["course"]["counts"] == {"given": 7, "partial": 1, "held": 1, "missed": 1, "unknown": 1}
    dose = found["doses"][7]
    assert (dose["slot"], dose["outcome"], dose["corrections"][0]["before"]["outcome"]) == (8, "given", "missed")
    assert found["doses"][1]["variance_ms"] == 76 * 60_000 + 12_000
    assert (found["variance"]["doses"], found["variance"]["within"], found["variance"]["median_ms"]) == (
        8,
        6,
        20 * 60_000,
    )
    due = next(one for one in found["answers"] if one["condition"] == "due")
    assert (due["calls"], due["answered"], due["worst_ms"]) == (9, 7, 76 * 60_000 + 12_000)
    assert not list(kept.parent.glob("*.html"))


@pytest.mark.req("H-02", "H-05")
def test_the_command_writes_one_file_and_says_where(kept: Path, tmp_path: Path) -> None:
    ran = dosebell("report", "--archive", str(kept), "-o", str(tmp_path / "r.html"), TZ="Europe/Berlin")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines()[0] == "Course 1: 7 given, 1 partial, 1 held, 1 missed, 1 unknown."
    assert ran.out.splitlines()[1] == "82 events, proven."
    assert [file.name for file in tmp_path.iterdir()] == ["r.html"]
    again = dosebell("report", "--archive", str(kept), "-o", str(tmp_path / "none" / "r.html"))
    assert again.code != 0 and "unwritable-file" in again.err


def test_the_file_is_named_by_bed_and_day(kept: Path, tmp_path: Path) -> None:
    from dosebell.cli.report import file_name

    assert file_name(facts_of(kept)) == "report-Bed-12-2026-11-24.html"
    assert file_name(facts(tmp_path, lambda bed: None, label="../Bett 7/b")) == "report-Bett-7-b-2026-11-20.html"


@pytest.mark.req("H-05")
def test_nothing_runs_nothing_is_fetched_and_every_name_is_there(kept: Path) -> None:
    """given the page, then it has no script, no style but its own (named by its hash), no address, and each reference inside it has its target"""
    html = page(facts_of(kept))
    seen = Page(html)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(seen.tags)
    assert not [name for name, _ in seen.names if name.startswith("on") or name in ("src", "style")]
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"content=\"default-src 'none'; style-src 'sha256-{digest}'\"" in html
    assert "http" not in html.replace("http-equiv", "") and "@import" not in style[1]
    assert len(seen.ids) == len(set(seen.ids))
    aimed = [value[1:] for name, value in seen.names if name == "href"]
    aimed += re.findall(r"url\(#([a-z]+)\)", style[1]) + [
        value for name, value in seen.names if name == "aria-labelledby"
    ]
    assert set(aimed) <= set(seen.ids) and len(aimed) > 20


@pytest.mark.parametrize("label", ["<script>alert(1)", '"};</style><b>', "a & b 'c'", "{{ 7*7 }}", "\\000041}"])
def test_words_from_outside_stay_words(label: str, tmp_path: Path) -> None:
    """given a label, a regimen and a fault that would be HTML, CSS or a template, then the page shows them as they are"""

    def make(bed: Bed) -> None:
        bed.do("course-start")
        bed.do("fault", code="<i>", words=label)
        bed.pass_time(MINUTE)

    made = facts(tmp_path, make, label=label[:24], name=label[:16])
    html = page(made)
    seen = Page(html)
    assert seen.text.count(" ".join(label.split())) >= 2 and " ".join(label[:16].split()) in seen.text
    assert "script" not in seen.tags and "i" not in seen.tags and html.count("</style>") == 1
    assert sum(tag == "b" for tag in seen.tags) == sum(tag == "b" for tag in Page(page(facts_of_plain(tmp_path))).tags)


def facts_of_plain(tmp_path: Path) -> Facts:
    """The same course with plain words."""

    def make(bed: Bed) -> None:
        bed.do("course-start")
        bed.do("fault", code="i", words="words")
        bed.pass_time(MINUTE)

    (tmp_path / "plain").mkdir()
    return facts(tmp_path / "plain", make)


@pytest.mark.req("R-02")
def test_a_rehearsal_says_bench_and_seconds(tmp_path: Path) -> None:
    said = Page(page(facts(tmp_path, courses.bench, regimen="bench"))).text
    assert "Bed 12BENCH" in said and "a rehearsal in which every minute is a second" in said
    assert "Dose 3 is overdue: it was due Fri 20 Nov 14:02:00." in said and "15 s every 60 s" in said


@pytest.mark.req("S-10")
def test_a_stopped_course_two_cycles_and_no_course_at_all(tmp_path: Path) -> None:
    for name in ("stopped", "two", "none"):
        (tmp_path / name).mkdir()
    stopped = Page(page(facts(tmp_path / "stopped", courses.stopped))).text
    assert "The course was stopped Sat 21 Nov 06:09." in stopped and "Nothing to look at" in stopped
    assert "Dropped" in stopped and "Doses of cycle 2" not in stopped
    both = Page(page(facts(tmp_path / "two", courses.two_cycles))).text
    assert "Cycle 1 8 1 2 2 1 0 Cycle 2 14 0 0 0 0 0 Course 22 1 2 2 1 0" in both
    assert (
        "The course is completed, Tue 8 Dec 22:54." in both
        and "Held Doses 4 (cardiac) and 12 (renal) of cycle 1" in both
    )
    none = Page(page(facts(tmp_path / "none", lambda bed: None))).text
    assert "No course is in the log." in none and "All events of the log" in none


@pytest.mark.req("H-04", "J-04")
def test_a_log_that_was_altered_is_reported_as_not_proven_and_exits_with_6(kept: Path, tmp_path: Path) -> None:
    """given an archive whose event 40 cannot be decoded any more, then the report is written, names it on its first page, and takes nothing for whole"""
    path = tmp_path / "altered.sqlite"
    path.write_bytes(kept.read_bytes())
    with sqlite3.connect(path) as db:
        db.execute("UPDATE event SET raw = x'ff' WHERE seq = 40")
    db.close()
    ran = dosebell("report", "--archive", str(path), "-o", str(tmp_path / "r.html"))
    assert ran.code == 6 and "log-altered" in ran.err and "NOT PROVEN" in ran.out
    said = Page((tmp_path / "r.html").read_text()).text
    assert "NOT PROVEN. Event 40 is" in said and "The log does not hold all of this course" in said


@pytest.mark.req("J-03")
def test_a_course_whose_beginning_the_log_does_not_hold_is_number_0(tmp_path: Path) -> None:
    """given a ring that has gone round before the first pull, then the course has no beginning, its counts stand, and other numbers are refused"""
    bed = Bed(sectors=6, max_days=0, max_doses=40)
    courses.restless(bed, 500)
    bed.pull(tmp_path / "a.sqlite")
    made = facts_of(tmp_path / "a.sqlite", course=0)
    assert made.course is not None and (made.course.number, made.course.complete) == (0, False)
    assert made.course.counts()["given"] == bed.state.tally().counts()[0] > 5
    assert "begun before the log does" in Page(page(made)).text
    ran = dosebell("report", "--archive", str(tmp_path / "a.sqlite"), "--course", "3")
    assert ran.code == 2 and "no-such-course" in ran.err


def test_since_and_until_choose_doses_and_events_and_leave_the_counts(kept: Path) -> None:
    whole = facts_of(kept)
    since = whole.slots[10].due
    some = facts_of(kept, since=since)
    assert [slot.number for slot in some.slots] == [11, 12, 13, 14]
    assert {event.kind for event, _ in some.events} >= {"dose-on-hold"} and len(some.events) < len(whole.events)
    assert tables.counts(some) == tables.counts(whole)


@pytest.mark.req("R-03")
def test_the_timeline_has_a_row_for_each_day_and_says_in_words_what_it_shows(kept: Path) -> None:
    made = facts_of(kept)
    rows = timeline.rows(made.of_cycle(1), made.course.regimen, made.as_of)  # type: ignore[union-attr]
    assert [row.title for row in rows] == ["Fri, 20 Nov", "Sat, 21 Nov", "Sun, 22 Nov", "Mon, 23 Nov", "Tue, 24 Nov"]
    drawn = timeline.picture(rows[1], made.of_cycle(1), made.as_of, words.Clock([made.as_of]))
    assert 'aria-label="Sat, 21 Nov: dose 3 given +1 h 35 min; dose 4 held; dose 5 missed"' in drawn
    assert drawn.count('class="hold"') == 2 and drawn.count('class="inf"') == 1
    x = {name: float(at) for name, at in re.findall(r'<use href="#(\w+)" x="([\d.]+)"', drawn)}
    assert timeline.LEFT < x["given"] < x["held"] < x["missed"] < timeline.RIGHT


def test_a_log_that_was_pulled_weeks_later_draws_no_weeks_of_hold(tmp_path: Path) -> None:
    """given a dose on hold when the device went off, when its log is pulled weeks later, then its hold is drawn to the dose's end alone"""
    bed = Bed()
    bed.do("course-start")
    bed.slot(1, 10 * MINUTE)
    bed.do("hold")
    bed.pass_time(MINUTE)
    bed.power_cut(21 * 24 * HOUR)
    bed.pull(tmp_path / "archive.sqlite")
    made = facts_of(tmp_path / "archive.sqlite")
    slots = made.of_cycle(1)
    rows = timeline.rows(slots, made.course.regimen, made.as_of)  # type: ignore[union-attr]
    assert slots[0].phase == "on-hold" and [row.title for row in rows][-1] == "Tue, 24 Nov"
    drawn = [timeline.picture(row, slots, made.as_of, words.Clock([made.as_of])) for row in rows]
    assert ["hold" in re.findall(r'class="(hold)"', row) for row in drawn] == [True] + [False] * (len(rows) - 1)
    assert "The clock was not known from" in Page(page(made)).text


def test_where_the_clocks_change_each_time_names_its_zone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """given a course over the end of summer time, then the day of the change has its 25 hours, and no time is said without its zone"""
    monkeypatch.setattr(courses, "BEGINS", "2026-10-24T12:00:00Z")

    def make(bed: Bed) -> None:
        bed.do("course-start")
        for number in range(1, 4):
            bed.slot(number, 2 * MINUTE)
            bed.give()

    made = facts(tmp_path, make)
    said = Page(page(made)).text
    assert "CET (UTC+01:00) and CEST (UTC+02:00)" in said and "14:00 CEST" in said and "05:00 CET" in said
    rows = timeline.rows(made.of_cycle(1), made.course.regimen, made.as_of)  # type: ignore[union-attr]
    assert rows[1].end[0] - rows[1].begin[0] == 25 * HOUR


def test_what_the_device_can_say_has_its_words() -> None:
    assert (
        set(words.CALLS) == set(CONDITIONS) and set(words.REFUSED) == set(REFUSED) and set(words.REGIMEN) == set(KEYS)
    )
    assert set(words.LETTERS) <= set(words.OUTCOMES)


@pytest.mark.req("H-04", "H-05")
def test_ten_thousand_events_from_pull_to_report(tmp_path: Path) -> None:
    """given 10,000 events of one course, pulled twice over a ring that goes on, then the file stays below 1 MB, and pull, proof and report below 3 s"""
    bed = Bed(sectors=125, max_doses=63, max_days=0, cycles=4, cycle_days=22)
    path = tmp_path / "archive.sqlite"
    courses.restless(bed, 5_000)
    begun = time.process_time()
    bed.pull(path)
    spent = time.process_time() - begun
    courses.restless(bed, 10_000)
    begun = time.process_time()
    assert bed.pull(path).gaps == []
    made = facts_of(path)
    html = page(made)
    spent += time.process_time() - begun
    assert len(made.events) >= 9_990 and made.proven
    assert html.count("\n<tr><td>") >= len(made.events)
    assert len(html.encode()) <= MOST_BYTES
    assert spent <= MOST_CPU_S, f"{spent:.2f} s"
