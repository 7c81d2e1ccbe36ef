"""What the stories of a nurse are told with: moments that no call falls on, and a story held against its calculation."""

import time
from collections.abc import Callable

from dosecore.events import Event
from hil_tests.bench import EmulatedBench
from hil_tests.course_check import SideBySide, Story
from tests.model.scripts import DAY, HOUR, MINUTE, SECOND, play

OFF_GRID = 7 * SECOND + 300
Moment = Callable[[int, int], Story]


def moments(story: Story, zero: int, interval: int = 8 * HOUR) -> Moment:
    """at(slot, minutes): the story goes on that long after the slot's due, and some odd seconds.

    Odd, and never the same twice: calls fall on whole ten seconds, infusions and gaps end whole minutes after a press. A press within the few milliseconds in
    which the device does something else is stamped when that is done, and a story that is calculated to the millisecond would not tell that from a fault.
    """

    def at(slot: int, minutes: int) -> Story:
        odd = OFF_GRID + 50 * slot + 11 * (minutes % 60)
        return story.at(zero + (slot - 1) * interval + minutes * MINUTE + odd)

    return at


def held_against(bench: EmulatedBench, story: Story, within: float) -> tuple[SideBySide, list[Event]]:
    """Plays the story; log and calls are compared. The board and model in the end, and the log.

    `within`: the seconds that it may take. The emulator keeps one processor busy and never waits, so on a processor of its own wall time is processor time;
    the latter is asserted, because other work on the machine makes no course slower.
    """
    began, busy = time.monotonic(), time.process_time()
    side = SideBySide(bench)
    play(story, side)
    log, heard = side.check_log(), side.check_calls()
    wall, busy = time.monotonic() - began, time.process_time() - busy
    print(
        f"{story.name}: {story.t / DAY:.1f} days, {len(log)} events, {len(heard)} bursts, {side.looks} looks "
        f"in {wall:.0f} s of wall time, {busy:.0f} s of processor"
    )
    assert busy < within
    return side, log
