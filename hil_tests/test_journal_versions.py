"""A newer firmware with a newer record format reads an older journal; an older one refuses a newer journal loudly and does not touch it (J-03, J-05)."""

import pytest

from dosebell.image.files import BOARDS
from dosebell.image.micropython import load_micropython
from hil_tests import scenes
from hil_tests.bench import EmulatedBench
from hil_tests.bench.changed import build_changed
from hil_tests.conftest import MakeBench
from hil_tests.prepared import configured
from hil_tests.scenes import IDLE_S, LOW_HZ, MEDIUM_HZ, NOT_RECORDED_HZ, heard, pitched, slot_and_phase

STORAGE = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
CALLED_WITHIN_S = 1.0
# Another marker for records, an event kind and a checkpoint that an older firmware does not know.
NEWER = {
    "device/journal/layout.py": [
        ("VERSION = 1  #", "VERSION = 2  #"),
        ("READABLE = (1,)", "READABLE = (1, 2)"),
    ],
    "dosecore/events.py": [
        (
            '    ("checkpoint", (("state", "b"),)),\n',
            '    ("checkpoint", (("state", "b"),)),\n    ("call-heard", (("by", "s"),)),\n',
        ),
    ],
    "dosecore/checkpoint.py": [
        ("VERSION = 1\n", "VERSION = 2\n"),
        ("if version != VERSION:", "if version not in (1, 2):"),
        (
            "    state = State()\n    state.boot",
            "    if version == 2:\n        reader.number()\n    state = State()\n    state.boot",
        ),
        ("    out.byte(VERSION)\n", "    out.byte(VERSION)\n    out.number(12345)\n"),
    ],
}


def journal(bench: EmulatedBench) -> bytes:
    return bench.pico.snapshot()[STORAGE.journal_offset :][: STORAGE.journal_blocks * 4096]


def formats(bench: EmulatedBench) -> set[int]:
    """The versions in the sectors' headers."""
    flash = journal(bench)
    heads = (flash[at + 36 : at + 39] for at in range(0, len(flash), 4096))
    return {head[2] for head in heads if head[:2] == b"DB"}


@pytest.mark.req("J-03", "J-05", "B-01")
def test_a_newer_format_reads_the_older_and_the_older_firmware_refuses_the_newer(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a course on this firmware
    bench = make_bench(configured(new_board))
    due = scenes.running(bench, due_in=60)
    assert formats(bench) == {1}
    # when a firmware with a newer format is copied over it, then the course is there, and goes on in the new format
    bench.put_image(build_changed(NEWER, version="99.1.0"))
    bench.wait(scenes.BOOTED_S)
    scenes.synchronise(bench)
    assert slot_and_phase(bench) == (1, "waiting")
    assert scenes.alert(bench, "journal-fault") is None
    bench.wait_until(due + 1)
    assert heard(bench, LOW_HZ, due) - due <= IDLE_S
    bench.press("start")
    bench.wait(1)
    assert slot_and_phase(bench) == (1, "infusing")
    assert formats(bench) == {1, 2}
    # when this firmware is copied back, which cannot read that
    bench.put_image(build_changed({}))
    before, booted = journal(bench), bench.now
    bench.wait(scenes.BOOTED_S)
    # then it says so at once, by sound, red light and a code, and knows of no course
    assert heard(bench, MEDIUM_HZ, booted) - booted <= CALLED_WITHIN_S
    assert bench.lights()["red"]
    assert scenes.alert(bench, "journal-fault") is not None
    assert scenes.status(bench)["course"]["state"] == "unconfigured"
    # and presses and requests are not recorded, and say so
    pressed = bench.press("pause")
    bench.wait(0.5)
    assert pitched(bench, NOT_RECORDED_HZ, pressed)
    clock = scenes.ask(bench, "clock-get")
    answer = scenes.ask(bench, "clock-set", mono=clock["mono"], utc=clock["mono"], bound_ms=1, boot=clock["boot"])
    assert answer == {"err": "journal-fault"}
    # and not a byte of the journal is changed, whatever time passes
    bench.wait(200)
    assert journal(bench) == before
    # when the newer firmware comes back, then so does the course
    bench.put_image(build_changed(NEWER, version="99.1.1"))
    bench.wait(scenes.BOOTED_S)
    scenes.synchronise(bench)
    assert scenes.alert(bench, "journal-fault") is None
    assert slot_and_phase(bench) == (1, "interrupted")
