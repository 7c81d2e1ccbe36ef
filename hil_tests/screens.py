"""Stories that take the emulated board through every screen of its display, for the golden pictures and for those of the documents.

Hours are skipped by setting the device's clock forward, as a host could: a display that counts minutes would cost the emulator a minute for a day.
Each story calls `show(name)` when its next screen stands.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

from PIL import Image

from dosebell.image.files import ROOT
from dosebell.sim import flash_from_uf2
from dosebell.sim.display import HEIGHT, WIDTH
from dosecore.regimen_rules import built_in
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.changed import build_changed
from hil_tests.bench.interface import CONFIRM_S, to_wire
from hil_tests.prepared import Past, configured
from hil_tests.resets import hang
from hil_tests.scenes import BOOTED_S

GOLDEN = Path(__file__).parent / "golden"
PICTURES = ROOT / "docs" / "pictures"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
# Longer than it takes to choose, draw and send a screen, beside lights and sound.
DRAWN_S = 0.6
NOTICE_S, TURN_S, UNDO_S = 5.2, 3.0, 60.5
# HOLD held for 5 s asks whether the course is to be stopped, for 30 s; held for 10 s it is stuck.
STUCK_S, STOP_OFFER_S = 10.5, 25.0

Show = Callable[[str], None]
Story = Callable[[EmulatedBench, Show], None]


def skip(bench: EmulatedBench, seconds: float) -> None:
    """The host sets the clock forward."""
    bench.utc_begin += timedelta(seconds=seconds)
    scenes.synchronise(bench)


def give_partly(bench: EmulatedBench) -> None:
    """An infusion is begun, interrupted and stopped, and its end answered; nothing can be undone any more."""
    bench.press("start")
    for _ in range(2):
        bench.hold("hold", CONFIRM_S)
        bench.wait(DRAWN_S)
    bench.press("pause")
    bench.wait(UNDO_S)


class Course:
    """A course, and its first due as a moment of the wall clock."""

    def __init__(self, bench: EmulatedBench, due_in: float, show: Show | None = None) -> None:
        self.bench = bench
        self.due = bench.utc_at(bench.now) + timedelta(seconds=due_in)
        answer = scenes.ask(bench, "course-start", at=to_wire(self.due), cycle=1, slot=1, last=None)
        assert answer.get("state") == "offered", answer
        bench.wait(2 * DRAWN_S)
        if show is not None:
            show("host-asks")
        bench.hold("pause", CONFIRM_S)
        bench.wait(DRAWN_S)

    def to(self, since_due: float) -> None:
        """Come to that instant after the first due: the last two seconds really pass, so that what falls then is observed."""
        left = (self.due - self.bench.utc_at(self.bench.now)).total_seconds() + since_due
        if left > 3:
            skip(self.bench, left - 2)
            left = 2
        self.bench.wait(left + DRAWN_S)


def booted(bench: EmulatedBench) -> None:
    """The self-test has been shown and is over, and the clock is right."""
    bench.wait(BOOTED_S + NOTICE_S)
    scenes.synchronise(bench)
    bench.wait(DRAWN_S)


def dose(bench: EmulatedBench, show: Show) -> None:
    """A dose that is asked for, refused, overdue, begun, interrupted and stopped."""
    bench.wait(BOOTED_S + DRAWN_S)
    show("self-test-fault")
    bench.wait(NOTICE_S)
    show("ready")
    scenes.synchronise(bench)
    course = Course(bench, 134 * MINUTE, show)
    show("countdown")
    bench.press("start")
    bench.wait(DRAWN_S)
    show("refused-too-early")
    bench.hold("start", 3.2)
    bench.wait(DRAWN_S)
    show("override")
    bench.wait(11)
    course.to(-30 * MINUTE)
    show("countdown-open")
    course.to(-45)
    show("countdown-seconds")
    course.to(0)
    course.to(5 * MINUTE)
    show("due")
    course.to(72 * MINUTE)
    show("late")
    course.to(185 * MINUTE)
    show("overdue")
    bench.press("start")
    bench.wait(DRAWN_S)
    show("infusing-undo")
    bench.press("start")
    bench.wait(DRAWN_S)
    show("refused-infusing")
    bench.wait(3 * MINUTE)
    show("infusing")
    bench.hold("hold", CONFIRM_S)
    bench.wait(UNDO_S)
    show("interrupted")
    bench.hold("hold", CONFIRM_S)
    bench.wait(DRAWN_S)
    show("infusion-ended")
    bench.press("pause")
    bench.wait(UNDO_S)
    show("countdown-counts")


def held(bench: EmulatedBench, show: Show) -> None:
    """Doses that are forbidden for a while, held, missed, not watched; and the end of the course."""
    booted(bench)
    course = Course(bench, 30)
    course.to(0)
    course.to(3 * HOUR)
    give_partly(bench)
    course.to(8 * HOUR)
    show("not-before")
    course.to(10 * HOUR + MINUTE)
    for _ in range(3):
        bench.press("hold")
        bench.wait(DRAWN_S)
    show("reason")
    bench.wait(UNDO_S + 10)
    show("on-hold")
    course.to(16 * HOUR)
    course.to(24 * HOUR)
    show("missed")
    bench.wait(TURN_S)
    show("missed-and-due")
    bench.hold("pause", CONFIRM_S)
    bench.wait(DRAWN_S)
    course.to(49 * HOUR)
    bench.wait(TURN_S)
    show("not-watched")
    bench.hold("pause", CONFIRM_S)
    bench.wait(DRAWN_S)
    bench.hold("hold", 5.2)
    bench.wait(DRAWN_S)
    show("stop")
    bench.hold("pause", CONFIRM_S)
    bench.wait(DRAWN_S)
    show("stopped")


def cycles(bench: EmulatedBench, show: Show) -> None:
    """Cycles of one dose: what stands between and after them."""
    booted(bench)
    course = Course(bench, 30)
    course.to(0)
    give_partly(bench)
    show("resting")
    bench.wait(MINUTE)
    show("supportive-care")
    bench.press("pause")
    course.to(14 * DAY)
    show("next-cycle")
    bench.press("pause")
    bench.wait(DRAWN_S)
    show("cycle-ready")
    bench.hold("start", 3.2)
    bench.wait(DRAWN_S)
    bench.press("hold")
    bench.wait(12)
    show("review-holds")
    bench.hold("pause", CONFIRM_S)
    bench.wait(DRAWN_S)
    give_partly(bench)
    show("completed")


def faults(bench: EmulatedBench, show: Show) -> None:
    """What is wrong with the device itself."""
    booted(bench)
    scenes.ask(bench, "self-test")
    bench.wait(DRAWN_S)
    show("self-test")
    bench.wait(NOTICE_S)
    course = Course(bench, 134 * MINUTE)
    course.to(-30 * MINUTE)
    bench.down("hold")
    bench.wait(STUCK_S + STOP_OFFER_S + DRAWN_S)
    show("stuck-button")
    bench.up("hold")
    bench.wait(UNDO_S)
    bench.refuse_flash_writes()
    bench.press("start")
    bench.wait(2 * DRAWN_S)
    show("not-recorded")
    bench.wait(NOTICE_S + 1)
    show("infusing-not-recorded")
    bench.wait(TURN_S)
    show("log-fault")
    bench.refuse_flash_writes(False)
    hang(bench)
    bench.wait(DRAWN_S)
    show("device-fault")
    bench.cut_power()
    bench.restore_power()
    bench.wait(BOOTED_S + NOTICE_S + TURN_S)
    show("clock-lost")


def rare(bench: EmulatedBench, show: Show) -> None:
    """Conditions that take years to come, raised by a firmware that was changed for it."""
    booted(bench)
    Course(bench, 134 * MINUTE)
    scenes.ask(bench, "self-test")
    bench.wait(NOTICE_S + DRAWN_S)
    for name in ("log-nearly-full", "countdown-among-others", "maintenance"):
        show(name)
        bench.wait(TURN_S)


def new(bench: EmulatedBench, show: Show) -> None:
    """A board that was just flashed."""
    bench.wait(BOOTED_S + NOTICE_S + DRAWN_S)
    show("new-first")
    bench.wait(TURN_S)
    show("new-second")


def seconds(bench: EmulatedBench, show: Show) -> None:
    """A `bench` regimen says so."""
    booted(bench)
    course = Course(bench, 30)
    show("bench-countdown")
    course.to(2)
    show("bench-due")
    bench.press("start")
    bench.wait(5)
    show("bench-infusing")


STORIES: dict[str, Story] = {each.__name__: each for each in (dose, held, cycles, faults, rare, new, seconds)}

# Raises, in the self-test that a host asks for, what else nobody sees.
_RARE = {
    "device/self_test.py": [
        (
            '    device.notice = ("self-test", faults, now)\n',
            '    device.keeper.condition("maintenance", state.course == "running", now)  # not at the boot\n'
            '    device.notice = ("self-test", faults, now)\n',
        )
    ],
    "device/journal/stored.py": [("    edge = ring.epoch + 1 -", "    return True\n    edge = ring.epoch + 1 -")],
}


@cache
def flash_of(story: str, new_board: bytes) -> bytes:
    """The board on which a story is played."""
    if story == "new":
        return new_board
    if story == "seconds":
        return configured(new_board, "bench")
    if story == "rare":
        return configured(flash_from_uf2(build_changed(_RARE)), "hd-il2")
    if story == "cycles":
        past = Past(new_board)
        past.configure(
            {
                **built_in()["hd-il2"],
                "name": "one-dose",
                "max_doses": 1,
                "hold_review_count": 1,
                "supportive_care_review_min": 2,
            }
        )
        return past.flash
    return configured(new_board, "hd-il2")


def rows_of(picture: Image.Image) -> list[str]:
    """A golden picture as `Display.rows` gives a screen."""
    assert picture.size == (WIDTH, HEIGHT)
    return ["".join("#" if picture.getpixel((x, y)) else "." for x in range(WIDTH)) for y in range(HEIGHT)]


def play(story: str, new_board: bytes, make: Callable[..., EmulatedBench], each: Callable[[str, Any], None]) -> None:
    """Plays a story; `each(name, display)` is called for every screen."""
    bench = make(flash_of(story, new_board), display=True)
    STORIES[story](bench, lambda name: each(name, bench.display))
