"""A command that somebody attends: what it asks for is read while it runs, and answered on its stdin."""

import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from hil_tests.bench.command import CliResult, _environment, _text


class AttendedCommand:
    """Any program with its arguments, in the folder `place`. `home`: the folder that it takes for the user's own."""

    def __init__(
        self, arguments: Sequence[str], *, home: Path, place: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._arguments = tuple(arguments)
        # Files and not pipes: nobody has to empty them while the command runs. `result` closes them.
        self._stdout: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        stderr, name = tempfile.mkstemp()
        self._stderr: IO[bytes] = open(stderr, "r+b")  # noqa: SIM115
        self._heard = Path(name)
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE,
            stdout=self._stdout,
            stderr=self._stderr,
            cwd=place,
            env=_environment(home) | dict(environment or {}),
        )

    def done(self) -> bool:
        """True once the command has ended."""
        return self._process.poll() is not None

    def said(self) -> str:
        """What it has said on stderr so far."""
        return self._heard.read_text(encoding="utf-8", errors="replace")

    def type(self, line: str) -> None:
        """A line on its stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def result(self) -> CliResult:
        """What it said and its exit code; one that has not ended is ended."""
        if not self.done():
            self._process.kill()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._heard.unlink()
        return CliResult(self._arguments, self._process.wait(), _text(self._stdout), _text(self._stderr))
