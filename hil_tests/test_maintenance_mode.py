"""Maintenance: how it is opened and how it is not, what it shows, mpremote in it, and what the journal and `info` say of it afterwards (B-03, B-01)."""

from pathlib import Path

import pytest

from dosebell.image.files import FIRMWARE
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.changed import build_changed
from hil_tests.conftest import MakeBench
from hil_tests.prepared import QUICK, Past, configured, stored_events
from hil_tests.scenes import BOOTED_S, MEDIUM_HZ, called, heard

pytestmark = pytest.mark.req("B-03")

HOLD_S = 3.0
PROMPT = b">>> "
# Written by the board's own filesystem code: what could be imported instead of the application, and what could not, in every folder that it has.
STRANGERS = 60
WRITES = f"""
import os
for folder in ("app", "device", "dosecore", "lib", "app/device"):
    os.mkdir("/" + folder)
names = ["/boot.py", "/device/app.py", "/dosecore/decide.mpy", "/app/device/app.mpy", "/lib/loader.mpy", "/sys.py"]
names += ["/%s/module%d.py" % (("app", "device", "dosecore")[i % 3], i) for i in range({STRANGERS} - 1 - len(names))]
for name in names:
    with open(name, "w") as file:
        file.write("FOREIGN = True\\n" * 8)
print("wrote", len(names))
"""


def journaled(bench: EmulatedBench) -> list[str]:
    """What the journal says of maintenance, oldest first."""
    return [
        event.kind
        for event in scenes.kinds(bench, "alert-raised", "alert-cleared")
        if event.detail["condition"] == "maintenance"
    ]


def prompt_is_open(bench: EmulatedBench) -> bool:
    return PROMPT in bytes(bench.pico.usb.out)


def test_two_buttons_held_at_power_on_open_it_and_a_reset_ends_it(make_bench: MakeBench, new_board: bytes) -> None:
    # given a board with a journal
    bench = make_bench(configured(new_board), display=True)
    bench.wait(BOOTED_S)
    before = stored_events(bench.pico.snapshot())
    # when HOLD and PAUSE are held while the power comes on
    begun = bench.open_maintenance()
    # then after 3 s the prompt is open, and it shows: red alone, steady, two short pulses, and the words on the display
    assert prompt_is_open(bench)
    assert bench.lights() == {"red": True, "yellow": False, "green": False, "alive": False}
    (lit,) = bench.light_edges("red", begun)
    assert HOLD_S <= lit.t - begun <= HOLD_S + 0.5
    assert [round(tone.frequency / 10) for tone in bench.tones(begun)] == [99, 99]
    shown = bench.display.rows()
    # and it stays so: nothing bites, and a soft reset from the prompt, which would run the firmware on half a chip, makes a whole one
    bench.wait(20)
    assert bench.pico.resets == [] and bench.display.rows() == shown
    assert bench.light_edges("red", begun) == [lit] and bench.light_edges("alive", begun) == []
    bench.send_noise(b"\x04")
    bench.wait(BOOTED_S)
    assert len(bench.pico.resets) == 1
    # and the journal has it: a boot, the opening, the boot after it, which is no failure
    after = stored_events(bench.pico.snapshot())
    assert after[: len(before)] == before
    assert journaled(bench) == ["alert-raised"]
    assert [event.detail["cause"] for event in scenes.kinds(bench, "boot")[-2:]] == ["power-on", "software"]
    assert scenes.alert(bench, "self-test-failed") is None
    # and the device calls until a host has proven the code
    assert scenes.alert(bench, "maintenance")["priority"] == "medium"
    assert called(bench, MEDIUM_HZ, bench.pico.resets[0][0])
    assert "maintenance is over" in bench.cli("info").ok().stderr
    assert scenes.alert(bench, "maintenance") is None
    assert journaled(bench) == ["alert-raised", "alert-cleared"]
    # and opened twice it is journaled twice
    bench.open_maintenance()
    bench.reset("run")
    bench.wait(BOOTED_S)
    bench.open_maintenance()
    bench.reset("run")
    bench.wait(BOOTED_S)
    assert journaled(bench)[2:] == ["alert-raised", "alert-cleared", "alert-raised"]


@pytest.mark.parametrize(
    ("buttons", "seconds"),
    [(("hold",), 4.0), (("pause",), 4.0), (("start", "hold", "pause"), 4.0), (("hold", "pause"), HOLD_S - 0.2)],
    ids=["hold", "pause", "all-three", "let-go-early"],
)
def test_anything_less_is_a_boot_like_every_other(
    make_bench: MakeBench, new_board: bytes, buttons: tuple[str, ...], seconds: float
) -> None:
    bench = make_bench(configured(new_board))
    bench.power_on_holding(*buttons, seconds=seconds)
    bench.wait(BOOTED_S)
    assert scenes.ask(bench, "hello")["product"] == "dosebell"
    assert not prompt_is_open(bench)
    assert journaled(bench) == []


def test_a_button_let_go_for_a_moment_begins_nothing(make_bench: MakeBench, new_board: bytes) -> None:
    bench = make_bench(configured(new_board))
    bench.cut_power()
    bench.down("hold")
    bench.down("pause")
    bench.restore_power()
    bench.wait(2.5)
    bench.up("pause")
    bench.wait(0.02)
    bench.down("pause")
    bench.wait(4)
    assert scenes.ask(bench, "hello")["product"] == "dosebell" and not prompt_is_open(bench)


def test_no_reset_but_power_and_run_opens_it(make_bench: MakeBench, new_board: bytes) -> None:
    # given a device at which both buttons are held while the watchdog bites
    bench = make_bench(configured(new_board))
    bench.wait(BOOTED_S)
    bench.down("hold")
    bench.down("pause")
    bench.reset("watchdog")
    bench.wait(5)
    # then it is in service, and says why it was reset
    assert scenes.alert(bench, "self-test-failed") is not None
    assert not prompt_is_open(bench) and journaled(bench) == []
    # while the same with RUN opens it
    bench.reset("run")
    bench.wait(4)
    assert prompt_is_open(bench)


@pytest.mark.parametrize("course", ["running", "armed"])
def test_a_device_on_which_a_patient_depends_is_not_opened(
    make_bench: MakeBench, new_board: bytes, course: str
) -> None:
    past = Past(new_board)
    past.configure(QUICK)
    if course == "running":
        past.run_course(QUICK)
    else:
        past._do("configure", regimen=QUICK, label="bed 7", armed=True)
    bench = make_bench(past.flash)
    begun = bench.power_on_holding("hold", "pause", seconds=5)
    # then the boot went on as always: the lost clock is called, a little later than without the buttons, and nothing was opened
    assert heard(bench, MEDIUM_HZ, begun) - begun <= 1.0
    assert not prompt_is_open(bench)
    assert scenes.status(bench)["course"]["state"] == ("running" if course == "running" else "ready")
    assert journaled(bench) == []


@pytest.mark.req("B-03", "B-01", "J-03")
def test_mpremote_works_in_it_and_info_names_what_it_left_until_an_update_is_proven(
    make_bench: MakeBench, new_board: bytes, tmp_path: Path
) -> None:
    # given a board with a journal, in maintenance
    bench = make_bench(configured(new_board))
    before = stored_events(bench.pico.snapshot())
    bench.open_maintenance()
    # then mpremote lists, copies both ways, runs a program and resets the board
    assert {"app.bundle", "journal", "main.py"} <= set(bench.mpremote("fs", "ls").ok().stdout.split())
    there, back = tmp_path / "there.bin", tmp_path / "back.bin"
    there.write_bytes(bytes(range(256)) * 40)
    bench.mpremote("fs", "cp", str(there), ":/there.bin", "+", "fs", "cp", ":/there.bin", str(back)).ok()
    assert back.read_bytes() == there.read_bytes()
    writes = tmp_path / "writes.py"
    writes.write_text(WRITES)
    assert f"wrote {STRANGERS - 1}" in bench.mpremote("run", str(writes)).ok().stdout
    bench.mpremote("fs", "rm", ":/there.bin", "+", "fs", "cp", str(FIRMWARE / "loader.py"), ":/loader.py").ok()
    assert bench.lights() == {"red": True, "yellow": False, "green": False, "alive": False}
    bench.mpremote("reset").ok()
    bench.wait(BOOTED_S + 1)  # its loader is compiled now
    # and the journal is whole, although the filesystem was written to
    assert stored_events(bench.pico.snapshot())[: len(before)] == before
    # and what is imported is not what was built: `info` names it, and ends nothing
    told = bench.cli("--json", "info")
    assert told.exit_code == 6
    shown = told.json
    assert shown["code_ok"] is False
    files = [name for name in shown["code_files"]["strangers"] if not name.endswith("/")]
    assert len(files) == STRANGERS
    assert {"loader.py", "boot.py", "device/app.py", "app/device/app.mpy", "lib/loader.mpy"} <= set(files)
    assert shown["code_files"]["changed"] == shown["code_files"]["missing"] == []
    assert "/boot.py" in told.stderr
    assert scenes.alert(bench, "maintenance") is not None
    # when an image of another version is copied over it
    bench.put_image(build_changed({}, version="99.0.1"))
    bench.wait(BOOTED_S)
    # then that is what runs, and `info` proves it
    proven = bench.cli("--json", "info").ok().json
    assert (proven["firmware"], proven["code_ok"]) == ("99.0.1", True)
    assert proven["code_hash"] == proven["image"] != shown["image"]
    assert scenes.alert(bench, "maintenance") is None
    assert stored_events(bench.pico.snapshot())[: len(before)] == before
