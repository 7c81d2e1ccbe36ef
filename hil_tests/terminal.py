"""A terminal of 80 x 24 characters with a program in it, for scripts: keys in, screen out. The program sees a real pseudo-terminal."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any

import pyte

from hil_tests.bench.command import ROOT

# Real seconds that a condition may take on a slow machine; a test ends as soon as it holds.
PATIENCE_S = 150.0
POLL_S = 0.05
SIZE = (80, 24)


class NotShown(AssertionError):
    """The screen did not come to show what was waited for."""


class Terminal:
    """Runs `dosebell ARGS` in a terminal, as a context. `screen`: what its emulator shows; `raw`: every byte that the program wrote.

    program: what is run instead of `python -m dosebell`. environment: what is set besides.
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        program: Sequence[str] = (sys.executable, "-m", "dosebell"),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._args = args
        self._program = program
        self._environment = environment or {}
        self.raw = bytearray()

    def __enter__(self) -> "Terminal":
        self._master, slave = pty.openpty()
        self.screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self.screen)
        self.resize(*SIZE)
        # The slave stays open: the terminal outlives the program, as a window does.
        self._slave = slave
        self._open = True
        self.before = termios.tcgetattr(slave)
        path = os.pathsep.join(str(ROOT / folder) for folder in ("host", "firmware"))
        self._process = subprocess.Popen(
            [*self._program, *self._args],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_own_terminal,
            env=os.environ
            | {"PYTHONPATH": path, "TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
            | dict(self._environment),
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self.close_window()

    # -- hands
    def type(self, keys: str) -> None:
        """Strike keys."""
        os.write(self._master, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Make the window as large as this."""
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self._process.send_signal(number)

    def close_window(self) -> None:
        """Close the terminal: it is of no use afterwards, but for `exit_code`."""
        if self._open:
            self._open = False
            os.close(self._slave)
            os.close(self._master)

    # -- eyes
    def look(self, seconds: float = 0.0) -> list[str]:
        """The rows of the screen as they are now, after what the program writes within `seconds`."""
        if not self._open:
            time.sleep(seconds)
        while self._open and select.select([self._master], [], [], seconds)[0]:
            data = os.read(self._master, 65_536)
            self.raw += data
            self._stream.feed(data)
            seconds = 0.0
        return list(self.screen.display)

    def wait(self, condition: Callable[[str], Any], what: str) -> str:
        """Wait until `condition` holds of the screen's text, and return that text. Raises NotShown with the screen if it does not."""
        end = time.monotonic() + PATIENCE_S
        while True:
            text = "\n".join(self.look(POLL_S))
            if condition(text):
                return text
            if time.monotonic() > end:
                raise NotShown(f"{what}: not within {PATIENCE_S:g} s\n{text}")

    def wait_for(self, *words: str) -> str:
        """Wait until all these words stand on the screen."""
        return self.wait(lambda text: all(one in text for one in words), " and ".join(words))

    def exit_code(self) -> int:
        """Wait until the program has ended."""
        end = time.monotonic() + PATIENCE_S
        while self._process.poll() is None:
            self.look(POLL_S)
            if time.monotonic() > end:
                raise NotShown("the program does not end\n" + "\n".join(self.look()))
        self.look()
        return self._process.returncode

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as it was before the program: its modes, its cursor, its own screen."""
        alternate = self.raw.rfind(b"\x1b[?1049h"), self.raw.rfind(b"\x1b[?1049l")
        return (
            termios.tcgetattr(self._slave) == self.before
            and not self.screen.cursor.hidden
            and alternate[0] <= alternate[1]
        )


def _own_terminal() -> None:
    """In the new process: its stdin is the terminal that sends it Ctrl-C."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
