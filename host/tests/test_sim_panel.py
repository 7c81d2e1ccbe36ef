"""What the terminal's panel makes of pins, sounds and keys, and how its rows look: without a board and without a terminal."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from device.panel import lights, sounds
from dosebell.sim.panel import view
from dosebell.sim.panel.ear import Ear
from dosebell.sim.panel.hands import Hands
from dosebell.sim.panel.pace import BEHIND_S, SPEEDS, Pace
from dosebell.sim.panel.rhythms import rhythm_words, strip
from dosebell.sim.panel.seen import Button, Light, Seen
from dosebell.sim.panel.watcher import braille
from dosebell.sim.pins import EdgeLog
from dosebell.sim.tones import ToneLog

pytestmark = pytest.mark.req("H-02", "Q-01")

LIGHTS = (
    Light("red", False, "dark", "·" * 12),
    Light("yellow", True, "slow blink", "████····████"),
    Light("green", False, "dark", "·" * 12),
    Light("alive", True, "beats", ""),
)
BUTTONS = (Button("start"), Button("hold"), Button("pause", 21, True))


def shown(seen: Seen) -> list[str]:
    return [row.plain for row in view.rows(seen)]


# -- the rows
def test_what_is_seen_stands_in_24_rows_of_80() -> None:
    # given a late dose: yellow blinks, a call is under way, PAUSE has been down for 2.1 s
    seen = Seen(
        seconds=90_061,
        speed=600,
        reached=147.4,
        port="/dev/pts/7",
        lights=LIGHTS,
        buttons=BUTTONS,
        picture=("⣿" * 64,) * 16,
        sound="♪ ♪  660 Hz",
        heard=("MEDIUM CALL (3 pulses of 660 Hz): 9 s ago", "beep (taken): 2 min ago"),
        logged=("dose-late, slot 2: now",),
        notice="> dose-late, slot 2",
    )
    # when
    rows = shown(seen)
    # then
    assert [cell_len(row) for row in rows] == [80] * 24
    assert "not a medical device" in rows[0]
    assert rows[0].endswith("/dev/pts/7 ")
    assert rows[2].startswith("│" + "⣿" * 64 + "│")
    assert "○ red" in rows[1] and "● YELLOW" in rows[4] and "slow blink" in rows[5] and "████····████" in rows[6]
    assert any("▼p PAUSE▼" in row for row in rows) and any("down 2.1 s" in row for row in rows)
    assert "♪ ♪  660 Hz" in rows[19]
    assert "MEDIUM CALL (3 pulses of 660 Hz): 9 s ago | beep (taken): 2 min ago" in rows[20]
    assert "dose-late, slot 2: now" in rows[21]
    assert "1 d 1:01:01 since power-on   600 x (reaches 147 x)   > dose-late, slot 2" in rows[22]
    assert all(key in rows[23] for key in ("s START", "h HOLD", "p PAUSE", "n next", "? help", "q quit"))


def test_lit_and_dark_differ_without_colour() -> None:
    dark, lit = (shown(Seen(lights=(Light("red", on, "steady", ""),))) for on in (False, True))
    assert "○ red" in dark[1] and "● RED" in lit[1]


def test_a_bed_without_a_display_says_so_and_help_takes_the_same_place() -> None:
    assert any("This bed has no display." in row for row in shown(Seen()))
    explained = shown(Seen(help=True, port="/dev/pts/7", picture=("⣿" * 64,) * 16))
    assert any("dosebell --port /dev/pts/7 configure hd-il2" in row for row in explained)
    assert not any("⣿" in row for row in explained)
    assert [cell_len(row) for row in explained] == [80] * 24


WORDS = st.text(st.sampled_from("aZ 9:|♪é漢[]\\"), max_size=120)


@settings(max_examples=40, deadline=None)
@given(
    st.builds(
        Seen,
        seconds=st.integers(0, 10**9),
        speed=st.sampled_from(SPEEDS),
        reached=st.none() | st.floats(0, 3600),
        skipping=st.booleans(),
        port=st.text("aZ漢é/", max_size=40),
        lights=st.just(LIGHTS),
        buttons=st.just(BUTTONS),
        picture=st.none() | st.just((" " * 64,) * 16),
        sound=WORDS,
        heard=st.lists(WORDS, max_size=3).map(tuple),
        logged=st.lists(WORDS, max_size=3).map(tuple),
        notice=WORDS,
        help=st.booleans(),
    )
)
def test_nothing_that_is_said_breaks_the_picture(seen: Seen) -> None:
    assert [cell_len(row) for row in shown(seen)] == [80] * 24


def test_of_a_long_port_the_end_is_shown() -> None:
    assert shown(Seen(port="/home/trainer/ward 7/bed 12/bell"))[0].endswith(" …bed 12/bell ")


def test_a_window_that_is_too_small_is_told() -> None:
    (row,) = view.too_small(79, 20)
    assert "80 x 24" in row.plain and "79 x 20" in row.plain and "q quits" in row.plain


# -- lights
def blinking(rhythm: Sequence[int], seconds: float) -> EdgeLog:
    """A light with a rhythm of the firmware (ms, on and off in turn) from instant 0 on."""
    log, t, place = EdgeLog(), 0.0, 0
    while rhythm and t <= seconds:
        log.append(t, place % 2 == 0)
        t += rhythm[place % len(rhythm)] / 1000 if rhythm[0] else seconds + 1
        place += 1
    return log


@pytest.mark.req("A-01")
@pytest.mark.parametrize(
    ("rhythm", "words"),
    [
        (lights.DARK, "dark"),
        (lights.STEADY, "steady"),
        (lights.MEDIUM_ALERT, "slow blink"),
        (lights.INFUSING, "short flash"),
        (lights.BENCH_WELL, "double flash"),
        (lights.OFFERS["change"][0], "fast blink"),
        (lights.OFFERS["override"][0], "double flash"),
        (lights.OFFERS["stop"][0], "triple flash"),
    ],
)
def test_a_rhythm_has_a_name_at_every_moment(rhythm: Sequence[int], words: str) -> None:
    # given a light that has had its rhythm for a while
    log = blinking(rhythm, 30)
    # when it is looked at, whatever the moment, then it has the same name
    assert {rhythm_words(log, 12 + n * 0.05) for n in range(80)} == {words}


def test_a_light_that_has_just_changed_is_not_given_a_name_too_early() -> None:
    log = EdgeLog()
    log.append(10.0, True)
    assert rhythm_words(log, 9.9) == "dark"
    assert rhythm_words(log, 10.5) == "changing"
    assert rhythm_words(log, 12.1) == "steady"
    log.append(13.0, False)
    assert rhythm_words(log, 13.5) == "changing"
    assert rhythm_words(log, 15.1) == "dark"


def test_a_strip_shows_the_last_three_seconds() -> None:
    log = blinking(lights.MEDIUM_ALERT, 30)
    assert strip(log, 11.99) == "····████····"  # 9 to 12 s: lit from 10 to 11
    assert strip(blinking(lights.INFUSING, 30), 11.99) == "▌···▌···▌···"
    assert strip(blinking(lights.OFFERS["change"][0], 30), 11.99) == "█·█·█·█·█·█·"
    assert strip(log, 12.1) == "···████····▌"  # the cells stand still on the clock


# -- sounds
def sounding(log: ToneLog, sound: Iterable[tuple[int, int]], t: float) -> float:
    """Plays a sound of the firmware, (Hz, ms) in turn, from `t` on; returns its end."""
    for hertz, ms in sound:
        log.change(t, hertz, 0.15 if hertz else 0.0)
        t += ms / 1000
    log.change(t, 0.0, 0.0)
    return t


FEEDBACK = {
    "taken": "beep (taken)",
    "reached": "two beeps (the long press is done: let go)",
    "offered": "rising beeps (offered: PAUSE 2 s takes it)",
    "undone": "falling beeps (undone)",
    "refused": "three low beeps (refused)",
    "not-recorded": "six low beeps (NOT RECORDED)",
}


@pytest.mark.req("A-02")
@pytest.mark.parametrize(
    ("sound", "words"),
    [
        (sounds.LOW_BURST, "LOW CALL (2 pulses of 440 Hz)"),
        (sounds.MEDIUM_BURST, "MEDIUM CALL (3 pulses of 660 Hz)"),
        *((sound, FEEDBACK[name]) for name, sound in sounds.FEEDBACK.items()),
    ],
)
def test_each_sound_of_the_firmware_has_its_words(sound: Sequence[tuple[int, int]], words: str) -> None:
    log = ToneLog()
    ear = Ear(log)
    # when a sound is played, and listened to while it lasts
    end = sounding(log, sound, 5.0)
    ear.listen(end)
    assert ear.now.startswith("♪")
    ear.listen(end + 0.4)
    # then it is heard as one sound, and nothing after it
    assert [one.words for one in ear.heard] == [words]
    assert ear.now == ""


@pytest.mark.req("A-02")
def test_bursts_of_one_call_are_counted_and_feedback_in_the_middle_of_one_is_told_apart() -> None:
    log = ToneLog()
    ear = Ear(log)
    # given two bursts
    for t in (10.0, 20.0):
        sounding(log, sounds.MEDIUM_BURST, t)
    ear.listen(25.0)
    assert (ear.heard[0].count, ear.heard[0].every) == (2, 10.0)
    # when START is pressed 40 ms into the first pulse of the next one, and its feedback cuts into that pulse
    for t, hertz in (
        (30.0, 660),
        (30.04, 988),
        (30.1, 660),
        (30.15, 0),
        (30.35, 660),
        (30.5, 0),
        (30.7, 660),
        (30.85, 0),
    ):
        log.change(t, hertz, 0.15)
    ear.listen(40.0)
    # then both are heard for what they are
    assert {one.words for one in ear.heard} == {"MEDIUM CALL (3 pulses of 660 Hz)", "beep (taken)"}


# -- hands
class Bed:
    """Buttons and a clock."""

    buttons = ("start", "hold", "pause")

    def __init__(self) -> None:
        self.now = 100.0
        self.is_down: set[str] = set()
        self.cost_s = 0.0  # real seconds for a simulated one
        self.real = 0.0

    def down(self, button: str) -> None:
        assert button not in self.is_down
        self.is_down.add(button)

    def up(self, button: str) -> None:
        self.is_down.remove(button)

    def run_to(self, t: float) -> None:
        self.real += (t - self.now) * self.cost_s
        self.now = t


def test_a_small_letter_presses_and_a_capital_keeps_down_until_the_key_comes_again():
    bed = Bed()
    hands = Hands(bed)
    # when START is pressed
    hands.press("start")
    assert bed.is_down == {"start"}
    assert hands.next_release == pytest.approx(100.15)
    bed.now = 100.15
    hands.look()
    # then it comes up by itself
    assert not bed.is_down and not hands.busy
    # when PAUSE is kept down for 2.3 s, and its small letter comes
    hands.keep("pause")
    bed.now += 2.35
    hands.look()
    assert hands.seen()[2] == Button("pause", 23, True)
    hands.press("pause")
    # then it is up
    assert not bed.is_down


def test_a_key_that_repeats_itself_is_one_long_press():
    bed = Bed()
    hands = Hands(bed)
    for _ in range(30):  # a terminal repeats a key that is kept down about every 30 ms
        hands.press("hold")
        bed.now += 0.03
        hands.look()
    assert hands.seen()[1] == Button("hold", 9)
    bed.now += 0.15
    hands.look()
    assert not bed.is_down


def test_all_fingers_are_taken_away_at_the_end():
    bed = Bed()
    hands = Hands(bed)
    hands.keep("hold")
    hands.press("start")
    hands.let_go()
    assert not bed.is_down


# -- time
def test_time_passes_at_the_speed_asked_and_never_beyond_a_release():
    bed = Bed()
    pace = Pace(bed, 60, lambda: bed.real, lambda: bed.real)
    bed.real += 0.1
    pace.turn()
    assert bed.now == pytest.approx(106.0)
    bed.real += 0.1
    pace.turn(in_real_time=True)
    assert bed.now == pytest.approx(106.1)
    bed.real += 0.1
    pace.turn(until=106.2)
    assert bed.now == 106.2


def test_a_machine_that_is_too_slow_says_so_and_does_not_catch_up():
    # given a machine that simulates 100 seconds in a second, asked for 3600
    bed = Bed()
    bed.cost_s = 0.01
    pace = Pace(bed, 3600, lambda: bed.real, lambda: bed.real)
    # when it has run for three seconds
    while bed.real < 3:
        bed.real += 0.01
        pace.turn()
    # then each turn came back to the keys in time, and the true speed is shown
    assert pace.behind
    assert pace.reached == pytest.approx(100 * 0.06 / 0.07, rel=0.1)
    # and when the machine stood still for a minute, that minute is left out
    then = bed.now
    pace.set(1.0)
    bed.real += 60
    pace.turn()
    assert bed.now == pytest.approx(then + BEHIND_S)


def test_speeds_go_from_1_to_3600():
    pace = Pace(Bed())
    pace.slower()
    assert pace.speed == 1
    seen = []
    for _ in range(20):
        pace.faster()
        seen.append(pace.speed)
    assert tuple(dict.fromkeys(seen)) == SPEEDS[1:]
    assert SPEEDS[-1] == 3600
    pace.set(45)
    pace.slower()
    assert pace.speed == 30


# -- the display
def test_a_picture_becomes_braille() -> None:
    class Corner:
        on = True
        bytes_shown = 1

        def pixel(self, x: int, y: int) -> bool:
            return (x, y) in {(0, 0), (1, 3), (127, 63)}

    rows = braille(Corner())
    assert (len(rows), {len(row) for row in rows}) == (16, {64})
    assert rows[0][0] == "⢁" and rows[15][63] == "⢀" and rows[7] == "⠀" * 64
    Corner.on = False
    assert braille(Corner()) == (" " * 64,) * 16
