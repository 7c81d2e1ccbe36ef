"""A terminal's keys one by one, without Enter and without echo, and the terminal as it was afterwards."""

import os
import select
import termios
from types import TracebackType

ESCAPE = "\x1b"


class Keyboard:
    """Keys of the terminal `fd`, while in its context. Ctrl-C still interrupts; Ctrl-Z, Ctrl-\\ and Ctrl-S do nothing: each would leave a broken screen."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.ended = False

    def __enter__(self) -> "Keyboard":
        self._before = termios.tcgetattr(self._fd)
        mode = termios.tcgetattr(self._fd)
        mode[0] &= ~termios.IXON
        mode[3] &= ~(termios.ICANON | termios.ECHO)
        for character in (termios.VSUSP, termios.VQUIT):
            mode[6][character] = os.fpathconf(self._fd, "PC_VDISABLE").to_bytes(1, "big")
        termios.tcsetattr(self._fd, termios.TCSADRAIN, mode)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            termios.tcsetattr(self._fd, termios.TCSAFLUSH, self._before)
        except termios.error:
            self.ended = True  # the window was closed: there is nothing left to restore

    def read(self, wait_s: float) -> str:
        """The keys that were struck, waiting up to `wait_s` of real time for the first. Arrow and function keys are none. `ended`: the terminal is gone."""
        if not select.select([self._fd], [], [], wait_s)[0]:
            return ""
        try:
            data = os.read(self._fd, 64)
        except OSError:
            data = b""
        self.ended = self.ended or not data
        return data.decode(errors="replace").partition(ESCAPE)[0]
