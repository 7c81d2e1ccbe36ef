"""What `dosebell watch` makes of answers, without a device and without a terminal: countdowns, rows, changes, beds (H-02)."""

import copy
import queue
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pytest_mock import MockerFixture
from rich.cells import cell_len
from test_host_status import ANSWER

from dosebell.errors import DosebellError
from dosebell.watch import view
from dosebell.watch.bed import STEADY_MS, Bed
from dosebell.watch.changes import KINDS, Change, changes
from dosebell.watch.lookout import LATER_S, SOON_S, STRANGER_S, Asker, checked, pause_s
from dosebell.watch.ward import GRACE_S, Heard, Lost, Step, Ward

pytestmark = pytest.mark.req("H-02")

NOW = ANSWER["clock"]["utc"][0]  # the device's time in ANSWER, whole seconds
CLOCK = "Sun 2026-11-22 15:30:00 CET"
PHASES = ("waiting", "due", "late", "overdue", "infusing", "interrupted", "on-hold")


def answer(label: str = "bed 7", id: str = "7" * 16, **course: Any) -> dict[str, Any]:
    """A device in service without an alert, its slot due 72 minutes ago; its course as given."""
    made: dict[str, Any] = copy.deepcopy(ANSWER)
    made["device"].update(label=label, id=id, bench=False)
    made["clock"]["utc"] = [NOW, 0]
    made["alerts"] = []
    made["course"].update(phase="late", infusion=None, due=[NOW - 4320, 0], next_due=[NOW + 24480, 0])
    made["course"].update(course)
    return made


def alert(condition: str, priority: str, since_s: int | None = 0, **more: Any) -> dict[str, Any]:
    since = None if since_s is None else [NOW - since_s, 0]
    return {
        "condition": condition, "priority": priority, "since": since, "cycle": 1, "slot": 3, "audio": "on", "count": 1, **more,
    }  # fmt: skip


def heard(said: dict[str, Any], at_s: float = 100.0, port: str = "/dev/ttyACM0") -> Bed:
    return Bed(port, at_s).heard(port, said, at_s)


def lost(bed: Bed, code: str, at_s: float) -> Bed:
    return bed.lost(DosebellError(code, port=bed.port), at_s)


def shown(beds: Sequence[Bed], now_s: float = 100.0, **size: int) -> list[str]:
    return [row.plain for row in view.rows(beds, now_s, CLOCK, foot="q quits", **size)]


def row_of(rows: Sequence[str], *words: str) -> str:
    found = [row for row in rows if all(word in row for word in words)]
    assert len(found) == 1, (words, rows)
    return found[0]


# -- countdowns
@pytest.mark.parametrize(
    ("course", "words"),
    [
        ({"phase": "waiting", "due": [NOW + 8040, 0], "next_due": [NOW + 8040, 0]}, ["due in 2 h 14 min"]),
        ({"phase": "due", "due": [NOW - 90, 0]}, ["due, due 1 min 30 s ago", "in 6 h 48 min"]),
        ({"phase": "due", "due": [NOW, 0], "not_before": [NOW + 840, 0]}, ["due, not before 14 min"]),
        ({}, ["late, due 1 h 12 min ago", "in 6 h 48 min"]),
        ({"phase": "on-hold"}, ["on-hold, due 1 h 12 min ago"]),
        (
            {"phase": "infusing", "infusion": {"started": [NOW - 300, 0], "ends": [NOW + 552, 0], "remaining_s": 552}},
            ["infusing, 9 min 12 s left"],
        ),
        ({"slot": None, "phase": None, "state": "resting", "due": None, "next_due": None}, ["resting"]),
        (
            {"slot": None, "phase": None, "state": "ready", "armed": True, "due": None, "next_due": None},
            ["ready, armed"],
        ),
    ],
)
def test_what_happens_at_a_bed_and_in_how_long(course: dict[str, Any], words: list[str]) -> None:
    row = row_of(shown([heard(answer(**course))]), " bed 7 ")
    assert all(word in row for word in words), row


def test_a_countdown_goes_on_between_answers() -> None:
    bed = heard(answer(phase="waiting", due=[NOW + 75, 500], next_due=[NOW + 75, 500]))
    # what is left is rounded up, what has passed down: nothing is over before it is so
    for later_s, words in (
        (0, "due in 1 min 16 s"),
        (15.4, "due in 1 min 1 s"),
        (75.4, "due in 1 s"),
        (80, "due 4 s ago"),
    ):
        assert words in row_of(shown([bed], 100.0 + later_s), " bed 7 "), later_s


def test_an_infusion_counts_down_also_while_the_clock_is_unknown() -> None:
    # given a device whose clock was lost, with an infusion that runs
    said = answer(
        phase="infusing", infusion={"started": None, "ends": None, "remaining_s": 552}, due=None, next_due=None
    )
    said["clock"]["utc"] = None
    assert "infusing, 9 min 2 s left" in row_of(shown([heard(said)], 110.0), " bed 7 ")
    # interrupted, it does not
    said["course"]["phase"] = "interrupted"
    assert "interrupted, 9 min 12 s left" in row_of(shown([heard(said)], 110.0), " bed 7 ")
    # and a due of which nobody knows in how long it is, is none
    assert "late, clock not set" in row_of(shown([heard({**said, "course": answer()["course"]})]), " bed 7 ")


@given(st.lists(st.integers(0, STEADY_MS), min_size=2, max_size=20))
def test_a_countdown_never_jumps_because_answers_come_late(late_ms: list[int]) -> None:
    # given answers every 2 s, each late by some ms, now more, now less
    due = [NOW + 3600, 0]
    bed = Bed("/dev/ttyACM0", 0.0)
    left: list[Any] = []
    for number, late in enumerate(late_ms):
        said = answer(phase="waiting", due=due)
        said["clock"]["utc"] = [NOW + 2 * number, 0]
        bed = bed.heard("/dev/ttyACM0", said, 100 + 2 * number + late / 1000)
        left += [bed.left_s(due, 100 + 2 * number + part) for part in (0.6, 1.6)]
    # then what is left goes down by one a second, and never stands or goes back
    assert left == list(range(left[0], left[0] - len(left), -1))


def test_a_clock_that_was_set_moves_the_countdown() -> None:
    due = [NOW + 3600, 0]
    bed = heard(answer(phase="waiting", due=due))
    said = answer(phase="waiting", due=due)
    said["clock"]["utc"] = [NOW + 1802, 0]
    assert bed.heard(bed.port, said, 102.0).left_s(due, 102.0) == 1798


# -- rows
def test_alerts_come_first_the_highest_then_the_newest() -> None:
    one, two = answer("bed 7"), answer("bed 9", "9" * 16)
    one["alerts"] = [alert("late", "medium", 720), alert("journal-nearly-full", "low", 10, slot=None, audio="off")]
    two["alerts"] = [alert("missed-doses", "medium", 60, count=2, audio="paused")]
    rows = shown([heard(one), heard(two), lost(heard(answer("bed 4", "4" * 16)), "unplugged", 100.0)], 160.0)
    assert rows[0].startswith(" DOSEBELL  3 devices, 3 alerts, 1 unplugged") and rows[0].endswith(CLOCK + " ")
    assert [row[:18].split() for row in rows[2:6]] == [
        ["!!", "bed", "9"],
        ["!!", "bed", "7"],
        ["??", "bed", "4"],
        ["!", "bed", "7"],
    ]
    assert "missed-doses x 2" in rows[2] and "cycle 1, slot 3" in rows[2] and "2 min, paused" in rows[2]
    assert "unplugged since 1 min" in rows[4] and "silent" in rows[5]
    assert rows[-1].startswith(" q quits") and "BED" in rows[7]


def test_no_alert_is_said_too() -> None:
    assert " No alerts." in [row.rstrip() for row in shown([heard(answer())])]


def test_an_unplugged_bed_keeps_what_it_last_said_and_says_so() -> None:
    said = answer()
    said["alerts"] = [alert("late", "medium", 720)]
    rows = shown([lost(heard(said), "unplugged", 103.0)], 226.0)
    assert "when last heard" in row_of(rows, "!!")
    assert "unplugged since 2 min 3 s" in row_of(rows, "??")
    assert any("Above is what it last said. Plug it in" in row for row in rows)


def test_bench_and_safe_mode_stand_in_every_row_of_such_a_bed() -> None:
    said = answer()
    said["device"]["bench"] = True
    beds = [heard({**said, "device": {**said["device"], "id": f"{n:016x}"}}) for n in range(12)]
    rows = shown(beds)  # no room for details
    assert sum("BENCH" in row for row in rows) == 12
    said["device"]["safe_mode"] = True
    assert "SAFE MODE" in row_of(shown([heard(said)]), " bed 7 ", "slot 3")


def test_beds_of_one_label_and_beds_without_one_are_told_apart() -> None:
    beds = [heard(answer("bed 7", "a" * 16)), heard(answer("bed 7", "b" * 16)), heard(answer("", "e66118604b2a5c21"))]
    rows = shown(beds)
    for name in (" bed 7 aaaa ", " bed 7 bbbb ", " e661~4b2a5c21 "):
        assert row_of(rows, name, "slot 3")


def test_nothing_attached_is_said() -> None:
    assert any("No Dosebell is attached" in row for row in shown([]))


def test_a_board_of_somebody_else_is_listed_and_no_bed_is_missed() -> None:
    stranger = lost(Bed("/dev/ttyACM5", 90.0), "not-a-dosebell", 90.0)
    rows = shown([heard(answer()), stranger])
    assert " No alerts." in [row.rstrip() for row in rows] and row_of(rows, "/dev/ttyACM5", "is not a Dosebell ")


_WORDS = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=24)


@st.composite
def _beds(draw: st.DrawFn) -> list[Bed]:
    beds = []
    for number in range(draw(st.integers(0, 8))):
        said = answer(draw(_WORDS), f"{number:016x}", phase=draw(st.sampled_from(PHASES)))
        said["alerts"] = [
            alert(
                draw(_WORDS),
                draw(st.sampled_from(("light", "low", "medium", "of tomorrow"))),
                draw(st.none() | st.integers(0, 10**6)),
            )
            for _ in range(draw(st.integers(0, 2)))
        ]
        bed = heard(said)
        beds.append(
            lost(bed, draw(st.sampled_from(("unplugged", "of-tomorrow"))), 101.0) if draw(st.booleans()) else bed
        )
    return beds


@settings(max_examples=40, deadline=None)
@given(_beds(), st.integers(20, 140), st.integers(4, 40))
def test_whatever_there_is_it_fits_the_window(beds: list[Bed], width: int, height: int) -> None:
    rows = shown(beds, 200.0, width=width, height=height)
    assert len(rows) == height
    assert all(cell_len(row) <= width for row in rows)
    assert not any("\n" in row or "\x1b" in row for row in rows)


def test_what_has_no_room_is_counted() -> None:
    said = [answer(f"bed {n}", f"{n:016x}") for n in range(20)]
    for one in said:
        one["alerts"] = [alert("late", "medium", 720)]
    rows = [row.rstrip() for row in shown([heard(one) for one in said])]
    more = [row for row in rows if "make this window larger" in row]
    assert len(more) == 2 and "more alerts" in more[0] and "more beds" in more[1]
    alerts, beds = (int(row.split()[1]) for row in more)
    assert sum(row.startswith(" !!") for row in rows) + alerts == 20
    assert sum("slot 3" in row and not row.startswith(" !!") for row in rows) + beds == 20


# -- changes
def told(before: dict[str, Any] | None, after: dict[str, Any]) -> list[Change]:
    bed = None if before is None else heard(before)
    return changes(Step(bed, (bed or Bed("/dev/ttyACM0", 102.0)).heard("/dev/ttyACM0", after, 102.0)))


def test_a_dose_that_becomes_late_is_one_change() -> None:
    due, late = answer(phase="due"), answer(phase="late")
    due["alerts"], late["alerts"] = [alert("due", "low")], [alert("late", "medium")]
    (one,) = told(due, late)
    assert (one.kind, one.words) == ("slot", "cycle 1, slot 3, late; medium alert, sound on")
    assert one.line("T") == "T 7777777777777777 bed 7: cycle 1, slot 3, late; medium alert, sound on"


def test_each_kind_of_change() -> None:
    quiet = answer()
    ringing = {**answer(), "alerts": [alert("review-holds", "medium", slot=None)]}
    paused = {**answer(), "alerts": [alert("review-holds", "medium", slot=None, audio="paused")]}
    more = {**answer(), "alerts": [alert("missed-doses", "medium", count=2, slot=4)]}
    few = {**answer(), "alerts": [alert("missed-doses", "medium")]}
    set_ = copy.deepcopy(quiet)
    set_["clock"]["quality"] = "recovered"
    again = copy.deepcopy(quiet)
    again["clock"]["mono"] = [1, 0]
    safe = copy.deepcopy(quiet)
    safe["device"]["safe_mode"] = True
    worn = copy.deepcopy(quiet)
    worn["journal"]["faults"] = 2
    for before, after, kinds, words in (
        (quiet, quiet, [], ""),
        (None, quiet, ["connected"], "connected, on /dev/ttyACM0: running, hd-il2; cycle 1, slot 3, late"),
        (quiet, ringing, ["alert"], "medium alert: review-holds, sound on"),
        (ringing, paused, ["sound"], "review-holds: sound paused"),
        (ringing, quiet, ["alert-over"], "over: review-holds"),
        (few, more, ["alert"], "medium alert: missed-doses x 2 (cycle 1, slot 4), sound on"),
        (quiet, answer(state="stopped", slot=None, phase=None), ["course"], "course stopped, hd-il2"),
        (quiet, answer(due=[NOW + 60, 0]), ["slot"], "cycle 1, slot 3, late"),
        (quiet, set_, ["clock"], "clock: "),
        (quiet, again, ["restarted"], "restarted"),
        (quiet, safe, ["safe-mode"], "SAFE MODE"),
        (quiet, worn, ["fault"], "journal: 2 faults"),
    ):
        found = told(before, after)
        assert [one.kind for one in found] == kinds, (kinds, found)
        assert all(one.words.startswith(words) for one in found), found
        assert {one.kind for one in found} <= set(KINDS)


def test_a_bed_that_is_lost_and_comes_back() -> None:
    bed = heard(answer())
    gone = lost(bed, "unplugged", 110.0)
    (one,) = changes(Step(bed, gone))
    assert one.kind == "lost" and one.words == "unplugged. Plug it in: it comes back by itself."
    # the same in other words is no news
    assert changes(Step(gone, lost(gone, "no-such-port", 112.0))) == []
    (back,) = changes(Step(gone, gone.heard("/dev/ttyACM1", answer(), 233.0)))
    assert back.words.startswith("connected again, after 2 min 3 s, on /dev/ttyACM1: ")


def test_json_has_the_same_keys_whatever_happens() -> None:
    ringing = {**answer(), "alerts": [alert("clock-lost", "medium", slot=None)]}
    bed = heard(answer())
    found = [*told(None, ringing), *told(ringing, answer()), *changes(Step(bed, lost(bed, "unplugged", 110.0)))]
    objects = [one.as_json("2026-11-22T14:30:00.000Z") for one in found]
    keys = ["at", "change", "device", "label", "port", "text", "condition", "alert", "error", "status"]
    assert [list(one) for one in objects] == [keys] * 4
    connected, rings, over, gone = objects
    assert connected["status"]["course"]["due"] == "2026-11-22T13:18:00.000Z" and connected["alert"] is None
    assert rings["alert"]["since"] == "2026-11-22T14:30:00.000Z" and rings["condition"] == "clock-lost"
    assert (over["change"], over["condition"], over["alert"]) == ("alert-over", "clock-lost", None)
    assert gone["status"] is None and gone["error"]["error"] == "unplugged" and gone["device"] == "7" * 16


# -- beds
def test_the_same_device_on_another_port_is_the_same_bed() -> None:
    ward = Ward()
    ward.take(Heard("/dev/ttyACM0", answer(), 100.0))
    ward.take(Lost("/dev/ttyACM0", DosebellError("unplugged"), 110.0, "7" * 16))
    (step,) = ward.take(Heard("/dev/ttyACM1", answer(), 120.0))
    (bed,) = ward.beds
    assert bed.port == "/dev/ttyACM1" and bed.error is None and step.before is not None
    # a late word from where it was is no news
    assert ward.take(Lost("/dev/ttyACM0", DosebellError("no-such-port"), 121.0, "7" * 16)) == []


def test_another_device_in_its_place_is_another_bed() -> None:
    ward = Ward()
    ward.take(Heard("/dev/ttyACM0", answer(), 100.0))
    ward.take(Heard("/dev/ttyACM0", answer("bed 9", "9" * 16), 110.0))
    assert [(bed.label, bed.trouble_words) for bed in ward.beds] == [("bed 7", "unplugged"), ("bed 9", "")]
    # who cannot be heard there now is the one that was heard last
    ward.take(Lost("/dev/ttyACM0", DosebellError("no-answer"), 130.0))
    assert [bed.trouble_words for bed in ward.beds] == ["unplugged", "does not answer"]


def test_another_command_that_has_the_port_for_a_moment_is_no_trouble() -> None:
    ward = Ward()
    ward.take(Heard("/dev/ttyACM0", answer(), 100.0))
    assert ward.take(Lost("/dev/ttyACM0", DosebellError("port-busy"), 100 + GRACE_S - 0.1, "7" * 16)) == []
    assert len(ward.take(Lost("/dev/ttyACM0", DosebellError("port-busy"), 100 + GRACE_S, "7" * 16))) == 1
    assert ward.beds[0].trouble_words == "in use by another program"


def test_a_port_of_which_there_is_no_word_at_all_is_said_not_to_answer() -> None:
    ward = Ward(patience_s=15)
    ward.take(Heard("/dev/ttyACM0", answer(), 100.0))
    assert ward.look(115.0) == []
    (step,) = ward.look(115.1)
    assert step.after is not None and step.after.trouble_words == "does not answer"
    assert ward.look(116.0) == []


def test_a_port_where_none_was_heard_is_forgotten_when_it_goes_and_when_one_is_heard() -> None:
    ward = Ward()
    ward.take(Lost("/dev/ttyACM0", DosebellError("no-permission"), 100.0))
    assert ward.beds[0].id == "" and changes(ward.forget("/dev/ttyACM0")[0]) == [] and ward.beds == []
    ward.take(Lost("/dev/ttyACM0", DosebellError("port-busy"), 100.0))
    ward.take(Heard("/dev/ttyACM0", answer(), 101.0))
    assert [bed.id for bed in ward.beds] == ["7" * 16]


# -- asking
def test_failures_are_followed_by_ever_longer_pauses_up_to_a_limit() -> None:
    assert [pause_s(2, n, "port-busy") for n in range(6)] == [2, 2, 4, 8, SOON_S, SOON_S]
    assert pause_s(2, 20, "no-permission") == LATER_S and pause_s(2, 1, "not-a-dosebell") == STRANGER_S
    assert pause_s(2, 9, "no-such-port") == 2  # nothing is opened there
    assert pause_s(0.5, 1, "no-answer") == 1 and pause_s(60, 1, "no-answer") == 60


class Waits:
    """Instead of an event: lets so many waits pass at once, and keeps how long each was to be."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.seconds: list[float] = []

    def is_set(self) -> bool:
        return len(self.seconds) == self.count

    def wait(self, seconds: float) -> None:
        self.seconds.append(seconds)


def test_a_port_in_use_is_opened_once_a_try(mocker: MockerFixture) -> None:
    opened = mocker.patch("dosebell.transport.Port._open", side_effect=DosebellError("port-busy"))
    reports: queue.SimpleQueue[Heard | Lost] = queue.SimpleQueue()
    asker = Asker("/dev/ttyACM0", 2.0, 3.0, reports)
    waits = Waits(6)
    asker._stopped = waits  # type: ignore[assignment]
    asker.run()
    assert opened.call_count == reports.qsize() == 6
    assert waits.seconds == pytest.approx([2, 4, 8, 10, 10, 10], abs=0.5)


def test_a_device_named_by_its_number_is_missed_at_the_port_where_it_was(mocker: MockerFixture) -> None:
    # given a device that was found by its serial number, and heard
    reports: queue.SimpleQueue[Heard | Lost] = queue.SimpleQueue()
    asker = Asker("7" * 16, 2.0, 3.0, reports)
    asker._stopped = Waits(2)  # type: ignore[assignment]
    mocker.patch("dosebell.transport.resolve", side_effect=["/dev/ttyACM0", DosebellError("no-such-port")])
    mocker.patch.object(asker, "_status", return_value=(answer(), 100.0))
    # when it is gone
    asker.run()
    # then it is the bed that was heard which is lost
    ward = Ward()
    ward.take(reports.get())
    (step,) = ward.take(reports.get())
    assert step.after is not None and step.after.id == "7" * 16 and step.after.trouble_words == "unplugged"


@pytest.mark.req("H-06")
def test_an_answer_is_taken_only_if_it_has_all_that_is_shown() -> None:
    for wrong in ({}, {"device": None}, {**answer(), "alerts": None}, {**answer(), "clock": {"utc": [10**12, 0]}}):
        with pytest.raises(DosebellError) as err:
            checked(wrong, "/dev/ttyACM0")
        assert err.value.code == "bad-answer"
    for protocol, code in ((2, "protocol-too-new"), (0, "protocol-too-old"), (None, "protocol-too-old")):
        said = answer()
        said["device"]["protocol"] = protocol
        with pytest.raises(DosebellError) as err:
            checked(said, "/dev/ttyACM0")
        assert err.value.code == code


def test_a_label_cannot_command_the_terminal() -> None:
    assert checked(answer("bed\x1b[2J\n7\x9b"), "/dev/ttyACM0")["device"]["label"] == "bed?[2J?7?"
