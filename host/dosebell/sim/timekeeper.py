"""When simulated time runs while programs talk to the emulated board: on demand, or at the pace of the wall clock.

On demand: time stands still unless bytes are under way or the processor is busy. A command that takes 300 ms to start
costs the device nothing, and a scenario gives the same instants on a slow machine as on a fast one.
"""

import time
from collections.abc import Callable

from dosebell.sim.bedside import Bedside
from dosebell.sim.serial_port import SerialPort

# Time goes in steps of this while a conversation is on: the delay that it adds to an answer.
STEP_S = 0.001
# How long the board runs on after the last byte: shortly when it has answered, else as long as an answer may take.
AFTER_ANSWER_S = 0.002
AFTER_REQUEST_S = 0.1
# Real time that a wait for the program may take before the condition is looked at again.
POLL_S = 0.005
# Paced time moves in pieces of at most this much real time, so that keys and bytes are taken in between.
PIECE_S = 0.05
# A conversation at speed runs in real time, until the program has been silent for this long (real seconds).
CONVERSATION_S = 0.3


class Timekeeper:
    """Lets the time of one board pass while a pseudo-terminal is served."""

    def __init__(self, bedside: Bedside, port: SerialPort) -> None:
        self._bedside = bedside
        self._port = port

    def serve_on_demand(self, until: Callable[[], bool], timeout_s: float) -> None:
        """Serve until `until()` holds, looked at in every pause. TimeoutError after `timeout_s` of real time.

        When the board sees a request does not depend on how fast the program is, only on what it writes.
        """
        end = time.monotonic() + timeout_s
        while not until():
            if time.monotonic() > end:
                raise TimeoutError(f"the program was not done within {timeout_s:g} s")
            if self._port.service(POLL_S):
                self._converse()

    def _converse(self) -> None:
        """Run until the board has answered, or can be taken to stay silent."""
        bedside, port = self._bedside, self._port
        quiet_s = 0.0
        answered = False
        while bedside.powered and quiet_s < (AFTER_ANSWER_S if answered else AFTER_REQUEST_S):
            spoken = port.bytes_out
            bedside.advance(STEP_S)
            heard = port.service()
            said = port.bytes_out != spoken
            answered = not heard and (answered or said)
            busy = heard or said or not bedside.pico.asleep
            quiet_s = 0.0 if busy else quiet_s + STEP_S

    def serve_paced(self, until: Callable[[], bool], speed: float = 1.0) -> None:
        """Serve until `until()` holds, `speed` simulated seconds a real second; in real time while a program talks.

        A machine that is too slow for the speed falls behind and does not try to catch up.
        """
        before = time.monotonic()
        talked_at = before - CONVERSATION_S
        while not until():
            if self._port.service(min(POLL_S, 1 / speed)):
                talked_at = time.monotonic()
            now = time.monotonic()
            pace = 1.0 if now - talked_at < CONVERSATION_S else speed
            self._bedside.advance(min(now - before, PIECE_S) * pace)
            before = now
