"""littlefs beside the journal: files come and go in maintenance, the ring goes round, and neither harms the other (J-02, J-03, B-01)."""

from random import Random

import pytest
from littlefs import LittleFS, LittleFSError

from dosebell.image.files import BOARDS
from dosebell.image.filesystem import block_pointers, open_filesystem
from dosebell.image.micropython import load_micropython
from hil_tests import scenes
from hil_tests.conftest import MakeBench
from hil_tests.prepared import QUICK, Past, stored_events

STORAGE = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
JOURNAL = slice(STORAGE.journal_offset, STORAGE.journal_offset + STORAGE.journal_blocks * STORAGE.block_size)
ROUNDS = 3
TURNS = 3
# What the image leaves of the filesystem, less what littlefs keeps for itself: about so many blocks of 4 KiB.
FREE_BLOCKS = 50
FILE_BYTES = 20_000
NO_SPACE = 28

# Fills the filesystem with files until nothing more fits, reads each back, and removes all but the first; some turns of that, with other contents each time.
# Then the firmware's own main.py is put back. It says what it has done; an exception says itself.
WORKER = f"""
import os
def content(seed):
    return bytes([(seed * 37 + i) & 255 for i in range(250)]) * ({FILE_BYTES} // 250)
os.mkdir("/files")
for turn in range({TURNS}):
    names = []
    try:
        while True:
            name = "/files/%d" % len(names)
            with open(name, "wb") as file:
                file.write(content(turn + len(names)))
            names.append(name)
    except OSError as full:
        assert full.errno == {NO_SPACE}, full
    os.remove(name)
    for i, name in enumerate(names):
        with open(name, "rb") as file:
            assert file.read() == content(turn + i), name
    for name in names[1:]:
        os.remove(name)
    print("filled")
os.rename("/files/0", "/kept.bin")
os.rmdir("/files")
os.rename("/firmware.py", "/main.py")
print("done")
"""


def content(seed: int) -> bytes:
    """What WORKER writes."""
    return bytes((seed * 37 + i) & 255 for i in range(250)) * (FILE_BYTES // 250)


def filesystem(flash: bytes) -> LittleFS:
    return open_filesystem(flash[STORAGE.start : STORAGE.end], STORAGE)


def read_file(flash: bytes, name: str) -> bytes:
    files = filesystem(flash)
    with files.open(name, "rb") as file:
        return bytes(file.read())


def with_filesystem(flash: bytes, files: LittleFS) -> bytes:
    """The flash with what has become of its filesystem; the journal's blocks as the filesystem has left them."""
    files.unmount()
    return flash[: STORAGE.start] + bytes(files.context.buffer) + flash[STORAGE.end :]


def with_main(flash: bytes, program: str) -> bytes:
    """The board with `program` as its main.py; the firmware's own is kept as firmware.py."""
    files = filesystem(flash)
    files.rename("/main.py", "/firmware.py")
    with files.open("/main.py", "w") as file:
        file.write(program)
    return with_filesystem(flash, files)


def assert_sound(flash: bytes) -> None:
    """Each block of the journal begins with the pointers by which littlefs goes from block to block, and what it reads is what is there."""
    expected = bytearray()
    for number in range(STORAGE.journal_blocks):
        at = STORAGE.journal_offset + number * STORAGE.block_size
        pointers = block_pointers(number, STORAGE.journal_first)
        assert flash[at : at + len(pointers)] == pointers, f"block {number}"
        expected += flash[at + len(pointers) : at + STORAGE.block_size]
    assert read_file(flash, "/journal") == expected


def fill_up(files: LittleFS, random: Random) -> dict[str, bytes]:
    """Files of random sizes until nothing more fits; what they hold."""
    written: dict[str, bytes] = {}
    while True:
        name, inside = f"/files/{len(written)}", random.randbytes(random.choice([100, 3000, 4096, 15_000, 40_000]))
        try:
            with files.open(name, "wb") as file:
                file.write(inside)
        except LittleFSError as full:
            assert full.code == -NO_SPACE, full
            files.remove(name)
            return written
        written[name] = inside


@pytest.mark.req("J-02", "J-03", "B-01")
def test_files_come_and_go_on_the_board_beside_a_ring_that_has_gone_round_three_times(
    make_bench: MakeBench, new_board: bytes
) -> None:
    # given a board with a course, whose ring has gone round three times, and a program for maintenance in the place of the firmware's
    past = Past(new_board)
    past.fill(ROUNDS)
    past.run_course(QUICK)
    before = past.flash
    events = stored_events(before)
    bench = make_bench(with_main(before, WORKER))
    # when that has filled the filesystem and emptied it again, until every free block was written at least three times
    assert bench.pico.run_until(lambda: b">>>" in bench.pico.usb.out, timeout=60, step=0.5)
    said = bench.pico.usb.out.decode()
    assert said.count("filled") == TURNS and "done" in said, said
    operations = bench.pico.flash_spy.operations
    erased = [operation.offset for operation in operations if operation.kind == "erase"]
    free = {at for at in erased if erased.count(at) >= TURNS}
    assert len(free) >= FREE_BLOCKS, len(free)
    # then it has touched no byte of the journal, and its own files are right
    assert [each for each in operations if JOURNAL.start <= each.offset < JOURNAL.stop] == []
    after = bench.pico.snapshot()
    assert after[JOURNAL] == before[JOURNAL]
    assert_sound(after)
    assert read_file(after, "/kept.bin") == content(TURNS - 1)
    # and when the firmware starts again, is given the time, and erases its next sector
    bench.cut_power()
    bench.restore_power()
    bench.wait(scenes.BOOTED_S)
    scenes.synchronise(bench)
    bench.wait(20)  # it tries every 7 s
    # then every event is there, nothing is wrong with the journal, and the filesystem is sound still
    assert scenes.alert(bench, "journal-fault") is None
    assert scenes.status(bench)["course"]["state"] == "running"
    assert [each.kind for each in bench.pico.flash_spy.operations].count("erase") > 0
    later = bench.pico.snapshot()
    kept = stored_events(later)
    oldest, newest = kept[0][0], events[-1][0]
    assert oldest < newest - 4000
    assert [event for event in kept if event[0] <= newest] == [event for event in events if event[0] >= oldest]
    assert_sound(later)
    assert read_file(later, "/kept.bin") == content(TURNS - 1)


@pytest.mark.req("J-02", "J-03")
def test_files_come_and_go_while_the_ring_goes_round(new_board: bytes) -> None:
    """Three times round, and a filesystem that is filled and emptied after every few sectors: by littlefs and the ring's own code, without a board."""
    past, random = Past(new_board), Random(5)
    past.configure(QUICK)
    flash = past.flash
    sessions = 0
    while past.ring.epoch <= ROUNDS * past.ring.sectors:
        # given a ring that has moved on since
        until = past.ring.epoch + random.randrange(3, 15)
        while past.ring.epoch < until:
            past.course()
        journal = past.flash[JOURNAL]
        flash = flash[: JOURNAL.start] + journal + flash[JOURNAL.stop :]
        # when files are written, read and removed
        files = filesystem(flash)
        files.makedirs("/files", exist_ok=True)
        written = fill_up(files, random)
        for name, inside in written.items():
            with files.open(name, "rb") as file:
                assert file.read() == inside
            files.remove(name)
        flash = with_filesystem(flash, files)
        sessions += 1
        # then the journal is untouched, and the filesystem as sound as it was
        assert flash[JOURNAL] == journal
        assert_sound(flash)
    assert sessions > 30
