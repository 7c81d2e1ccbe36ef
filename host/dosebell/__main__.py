"""The `dosebell` command, also as `python -m dosebell`: how it begins and how it ends, by itself or by a signal."""

from __future__ import annotations

import signal
import sys

_POLITE = ("SIGTERM", "SIGHUP")  # Windows knows no SIGHUP


class Ended(KeyboardInterrupt):
    """A polite signal to end, or a window that was closed. `code`: the exit code, by the shell's custom."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.code = 128 + number


def _end(number: int, _frame: object) -> None:
    raise Ended(number)


def main() -> None:
    """Run the command line; every end but the harshest one cleans up behind itself, like Ctrl-C."""
    try:
        for name in _POLITE:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # `nohup` has it ignored
                signal.signal(number, _end)
        from dosebell.cli.main import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt as err:
        sys.stderr.write("stopped\n")
        code = err.code if isinstance(err, Ended) else 130
    # All is done and said: whoever stops us now would only make a success look like a failure.
    for name in ("SIGINT", *_POLITE):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.exit(code)


if __name__ == "__main__":
    main()
