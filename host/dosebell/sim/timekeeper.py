"""When simulated time runs while programs talk to the emulated board: on demand, or at the pace of the wall clock.

On demand: time stands still unless bytes are under way or the processor is busy. A command that takes 300 ms to start
costs the device nothing, and a scenario gives the same instants on a slow machine as on a fast one.
"""

import time
from collections.abc import Callable

from dosebell.sim.bedside import Bedside
from dosebell.sim.drive import LoaderDrive
from dosebell.sim.serial_port import SerialPort

# Time goes in steps of this while a conversation is on: the most that it adds to an answer.
STEP_S = 0.0002
# A board that has answered is left alone once it has slept this long; one that has not, when it is sure to stay silent.
AFTER_ANSWER_S = 0.0004
AFTER_REQUEST_S = 0.1
# A board that is busy for this long has the program looked after in between.
BUSY_S = 0.5
# Opening or closing the port: the control request, and the frames that MicroPython counts before it speaks.
AFTER_OPENING_S = 0.045
# Real time that a wait for the program may take before the condition is looked at again.
POLL_S = 0.005
# Paced time moves in pieces of at most this much real time, so that keys and bytes are taken in between.
PIECE_S = 0.05
# A conversation at speed runs in real time, until the program has been silent for this long (real seconds). The host
# command asks four times a second whether a change was confirmed: its pauses are no conversation.
CONVERSATION_S = 0.1


class Timekeeper:
    """Lets the time of one board pass while its pseudo-terminal, and in its loader its drive, are served."""

    def __init__(self, bedside: Bedside, port: SerialPort, drive: LoaderDrive | None = None) -> None:
        self._bedside = bedside
        self._port = port
        self._drive = drive

    def serve_on_demand(self, until: Callable[[], bool]) -> None:
        """Serve until `until()` holds, looked at in every pause, and then what the program did last: it may have said its
        last word, closed the port and ended between two looks.

        The program's bytes reach the board when time stands still: how fast the program is makes no difference.
        """
        busy = ended = False
        while True:
            ended = ended or until()
            was_open, taken = self._port.opened, self._port.bytes_in
            self._port.service(0 if busy or ended else POLL_S)
            if self._drive is not None:
                self._drive.service()
            turned, spoken = self._port.opened != was_open, self._port.bytes_in != taken
            if turned:
                self._bedside.advance(AFTER_OPENING_S)
            if spoken or (busy and not ended):
                busy = not self._converse()
            elif ended and not turned:
                return

    def _converse(self) -> bool:
        """Run until the board has answered, or can be taken to stay silent; False if it was busy all the time.

        What the board cannot take at once is fed to it.
        """
        bedside, port = self._bedside, self._port
        end = bedside.now + BUSY_S
        quiet_s = 0.0
        answered = False
        while quiet_s < (AFTER_ANSWER_S if answered else AFTER_REQUEST_S):
            if bedside.now > end:
                return False
            spoken = port.bytes_out
            bedside.advance(STEP_S)
            said = port.bytes_out != spoken
            answered = answered or said
            waits = bedside.powered and bedside.usb.unsent > 0
            if waits:
                port.service()
            else:
                port.flush()
            asleep = not bedside.powered or bedside.pico.asleep
            quiet_s = quiet_s + STEP_S if asleep and not said and not waits else 0.0
        return True

    def serve_paced(self, until: Callable[[], bool], speed: float = 1.0) -> None:
        """Serve until `until()` holds, `speed` simulated seconds a real second; in real time while a program talks.

        A machine that is too slow for the speed falls behind and does not try to catch up.
        """
        before = time.monotonic()
        talked_at = before - CONVERSATION_S
        while not until():
            if self._port.service(min(POLL_S, 1 / speed)):
                talked_at = time.monotonic()
            if self._drive is not None:
                self._drive.service()
            now = time.monotonic()
            pace = 1.0 if now - talked_at < CONVERSATION_S else speed
            self._bedside.advance(min(now - before, PIECE_S) * pace)
            before = now

    def answer(self) -> bool:
        """For who serves several boards in turn: takes what a program has said or copied, and lets this board answer; False if there was nothing."""
        was_open = self._port.opened
        came = self._port.service()
        if self._port.opened != was_open:
            self._bedside.advance(AFTER_OPENING_S)
        if came:
            self._converse()
        copied = self._drive is not None and self._drive.service()
        return came or copied
