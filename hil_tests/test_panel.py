"""`dosebell sim --panel` in a real terminal, played by script: keys in, screen out. Time on the wall only bounds the waiting."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dosebell import regimens
from dosebell.image import build_uf2
from dosebell.image.files import ROOT
from hil_tests.bench.command import Command
from hil_tests.bench.guests import BELL, BREAKS_ON_START
from hil_tests.prepared import QUICK
from hil_tests.terminal import Terminal

pytestmark = pytest.mark.req("H-02", "Q-01")

DISPLAY_ROW = 2  # a row of the display's box: its frame stands there


@pytest.fixture
def quick(tmp_path: Path) -> str:
    """A site's regimen in which an infusion takes a minute and a dose is late after two."""
    file = tmp_path / "quick.toml"
    file.write_text(regimens.as_toml(QUICK))
    return str(file)


def light(screen: str, name: str) -> str:
    """What stands under a light's name: its rhythm in words; "lit" before it when the name is in capitals."""
    rows = screen.splitlines()
    for row, below in zip(rows, rows[1:], strict=False):
        for shown, lit in ((f"● {name.upper()}", "lit "), (f"○ {name}", "")):
            if shown in row:
                return lit + below[66:].strip()
    raise AssertionError(f"no light {name} on\n{screen}")


@pytest.mark.req("A-01", "A-02", "A-03", "S-02", "H-03")
def test_a_nurse_practises_a_dose(image: bytes, quick: str, tmp_path: Path) -> None:
    link = tmp_path / "bell"
    options = ["sim", "--panel", "--practice", quick, "--link", str(link), "--flash", str(tmp_path / "flash")]
    with Terminal(options) as terminal:
        # given a bed whose first dose is due in a minute: all is well
        screen = terminal.wait_for("not a medical device", "/bell", "silence", "q quit")
        assert [light(screen, name) for name in ("red", "yellow", "green")] == ["dark", "dark", "lit steady"]
        # when she goes on to the next event, then the dose is due: heard, journaled, and seen
        terminal.type("n")
        terminal.wait_for("> dose-due, slot 1")
        terminal.wait_for("LOW CALL (2 pulses of 440 Hz)")
        terminal.wait(
            lambda text: (light(text, "yellow"), light(text, "green")) == ("lit steady", "dark"), "yellow alone, steady"
        )
        terminal.wait(lambda text: any("⠁" <= one <= "⣿" for one in text), "something on the display")
        # when she looks on, then repeated bursts are no event, and being late is: a medium call
        terminal.type("n")
        terminal.wait_for("> dose-late, slot 1")
        terminal.wait_for("MEDIUM CALL (3 pulses of 660 Hz)")
        terminal.wait(lambda text: light(text, "yellow").endswith("slow blink"), "a yellow light that blinks slowly")
        # when she presses START, then the infusion runs, and a beep has said so
        terminal.type("s")
        terminal.wait_for("beep (taken)")
        terminal.wait(lambda text: light(text, "green").endswith("short flash"), "green in short flashes")
        # when she lets it run fast, then the speed is shown; and the next event is its end
        terminal.type("+++++")
        terminal.wait_for("60 x")
        terminal.type("n")
        terminal.wait_for("> alert-raised infusion-ended, slot 1")
        terminal.wait_for("  1 x ")
        # when she holds PAUSE, then the seconds are counted until the key comes again, and the call is answered
        terminal.type("P")
        terminal.wait_for("▼p PAUSE▼")
        terminal.wait_for("down 2.")
        terminal.type("p")
        terminal.wait_for("[p PAUSE]", "alert-acknowledged infusion-ended, slot 1")
        # when at 60 x somebody stops the course from another window, then time is real, and PAUSE confirms it here
        terminal.type("+++++")
        command = Command(["course", "stop"], port=str(link), home=tmp_path)
        terminal.wait(lambda text: light(text, "red").endswith("fast blink"), "the offer, which all lights make")
        terminal.type("P")
        terminal.wait_for("down 2.")
        terminal.type("P")
        terminal.wait_for("course-stopped")
        terminal.wait(lambda _: command.done(), "the end of the command")
        command.result().ok()
        # when she leaves, then her terminal is as it was, and the device's flash is kept
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert terminal.is_restored
    assert (tmp_path / "flash").stat().st_size == 2 * 1024 * 1024
    assert not link.is_symlink()


@pytest.fixture
def bell(tmp_path: Path) -> Iterator[Terminal]:
    """The panel over a small guest that blinks green and sounds while START is down; no display."""
    guest = tmp_path / "guest.uf2"
    guest.write_bytes(build_uf2({"main.py": BELL.encode()}))
    with Terminal(["sim", "--panel", "--no-display", "--image", str(guest)]) as terminal:
        yield terminal


def test_a_kept_button_help_and_a_small_window(bell: Terminal) -> None:
    # given a bed without a display
    bell.wait_for("This bed has no display.", "q quit")
    bell.wait(lambda text: "blink" in light(text, "green"), "a green light that blinks")
    assert bell.screen.cursor.hidden
    # when START is kept down, then its light is lit and its sound lasts until the key comes again
    bell.type("S")
    bell.wait(lambda text: "♪" in text and light(text, "yellow").startswith("lit"), "light and sound")
    bell.type("s")
    bell.wait(lambda text: "silence" in text and "[s START]" in text, "silence")
    # when help is asked for, then it stands where the display is, until it is sent away
    bell.type("?")
    bell.wait_for("dosebell --port")
    bell.type("?")
    bell.wait_for("This bed has no display.")
    # when a key has no meaning, then that is said
    bell.type("x")
    bell.wait_for("x is no key here")
    # when the window becomes too small, then that is said, until it is large enough
    bell.resize(60, 20)
    bell.wait_for("60 x 20")
    bell.resize(100, 30)
    bell.wait_for("s START")
    # when the window is closed, then it ends by itself
    bell.close_window()
    assert bell.exit_code() == 0


@pytest.mark.parametrize("how", ["ctrl-c", "sigterm"])
def test_the_terminal_is_restored_when_it_is_interrupted(bell: Terminal, how: str) -> None:
    bell.wait_for("q quit")
    if how == "ctrl-c":
        bell.type("\x03")
    else:
        bell.signal(signal.SIGTERM)
    assert bell.exit_code() == 0
    assert bell.is_restored


def test_the_terminal_is_restored_when_the_emulation_fails(tmp_path: Path) -> None:
    guest = tmp_path / "guest.uf2"
    guest.write_bytes(build_uf2({"main.py": BREAKS_ON_START.encode()}))
    with Terminal(["sim", "--panel", "--image", str(guest)]) as terminal:
        terminal.wait_for("q quit")
        # when the emulated processor stops for good
        terminal.type("s")
        # then the command fails, says so, and leaves a terminal that works
        assert terminal.exit_code() == 1
        assert terminal.is_restored
        assert "The emulated processor stopped" in "\n".join(terminal.look())


@pytest.mark.req("H-01")
def test_without_a_terminal_it_says_so_and_exits_with_2() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "dosebell", "sim", "--panel"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT / "host",
        env={"PYTHONPATH": f"{ROOT / 'host'}:{ROOT / 'firmware'}", "TERM": "xterm"},
        check=False,
    )
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr.startswith("no-terminal: The panel needs a terminal")
