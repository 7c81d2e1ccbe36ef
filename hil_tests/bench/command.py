"""The real `dosebell` command, or `mpremote`, in a process of its own, as a user runs it."""

import ctypes
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

# linux/prctl.h, linux/capability.h
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1
ROOT = Path(__file__).resolve().parents[2]
# What stands before the port's name in a program's arguments.
_PORT = {"dosebell": "--port", "mpremote": "connect"}


@dataclass(frozen=True)
class CliResult:
    """What a command left behind. `args`: what followed `dosebell --port ...`, or `mpremote connect ...`."""

    args: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    program: str = "dosebell"

    @property
    def json(self) -> Any:
        """The result of a command that was run with `--json`. ValueError if stdout is not JSON."""
        return json.loads(self.stdout)

    def ok(self) -> "CliResult":
        """Itself if the command succeeded. AssertionError with all that it said if not."""
        said = f"{self.stdout}\n{self.stderr}" if self.program != "dosebell" else self.stderr
        assert self.exit_code == 0, f"{self.program} {' '.join(self.args)}: exit code {self.exit_code}\n{said}"
        return self


class Command:
    """A running command: `done()` until it has ended, then `result()`.

    `program`: `dosebell` or `mpremote`. `home`: the folder that it takes for the user's own (archive, settings); so that a test neither sees nor leaves any.
    `unprivileged`: permissions of files bind it also where the tests run as root.
    """

    def __init__(
        self,
        args: Sequence[str],
        *,
        port: str | None,
        home: Path,
        environment: Mapping[str, str] | None = None,
        program: str = "dosebell",
        unprivileged: bool = False,
    ) -> None:
        self._program = program
        self._args = tuple(args)
        # Files and not pipes: nobody has to empty them while the command runs. `result` closes them.
        self._stdout: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        where = [_PORT[program], port] if port is not None else []
        self._process = subprocess.Popen(
            [sys.executable, "-m", program, *where, *args],
            stdin=subprocess.DEVNULL,
            stdout=self._stdout,
            stderr=self._stderr,
            cwd=home,
            env=_environment(home) | dict(environment or {}),
            preexec_fn=_give_up_privilege if unprivileged and sys.platform == "linux" else None,
        )

    def done(self) -> bool:
        """True once the command has ended."""
        return self._process.poll() is not None

    def signal(self, number: int) -> None:
        """Send it a signal, as Ctrl-C does or a kill."""
        self._process.send_signal(number)

    def stop(self) -> None:
        """End it at once if it has not ended, and wait until it has."""
        if not self.done():
            self._process.kill()
            self._process.wait()

    def result(self) -> CliResult:
        """What it said and its exit code, after `done()` or `stop()`."""
        return CliResult(self._args, self._process.wait(), _text(self._stdout), _text(self._stderr), self._program)


def _give_up_privilege() -> None:
    """In the new process: no right to write where the permissions say no, which root has otherwise."""
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)


def _environment(home: Path) -> dict[str, str]:
    """A user's environment without anything that the machine's user has set for Dosebell."""
    # What `make test ARGS=...` was given is not meant for a `make` that a test runs.
    own = ("DOSEBELL_", "XDG_", "MAKE", "MFLAGS", "ARGS", "JOBS")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    path = os.pathsep.join(str(ROOT / folder) for folder in ("host", "firmware"))
    return kept | {"HOME": str(home), "PYTHONPATH": path, "NO_COLOR": "1", "COLUMNS": "120", "TZ": "UTC"}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    with file:
        return file.read().decode()
