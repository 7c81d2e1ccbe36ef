"""Going on from a board that has already been booted: in a copy of this process, so that the board itself stays as it was.

The operating system copies the whole process (`fork`): the emulated chip, its clock, its host and all that was recorded of it. Nothing is rebuilt and nothing
can be forgotten, so a board goes on in the copy exactly as it would have here; hil_tests/test_bench_copies.py holds it to that, byte by byte.
"""

import os
import pickle
import sys
from collections.abc import Callable
from typing import TypeVar

import pytest

from hil_tests.bench.interface import NotOnThisBench

T = TypeVar("T")


def in_a_copy(play: Callable[[], T]) -> T:
    """What `play` returns in a copy of this process; nothing else of what it does is seen here, but what it writes to files and to stdout.

    An assertion that fails there, or any exception, fails here with the traceback of there; a skip skips. What is returned has to be picklable.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)
            with os.fdopen(writing, "wb") as pipe:
                pipe.write(_outcome(play))
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(0)  # whatever it is: nothing may go on here as if it were the process that was copied
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        outcome = pipe.read()
    os.waitpid(child, 0)
    if not outcome:
        raise RuntimeError("the copy of the process ended without a word")
    kind, value = pickle.loads(outcome)
    if kind == "skipped":
        pytest.skip(value)
    if kind == "failed":
        pytest.fail(value, pytrace=False)
    return value  # type: ignore[no-any-return]


def _outcome(play: Callable[[], object]) -> bytes:
    """("returned", value), ("skipped", reason) or ("failed", traceback), as bytes."""
    try:
        return pickle.dumps(("returned", play()))
    except pytest.skip.Exception as skipped:
        return pickle.dumps(("skipped", str(skipped)))
    except NotOnThisBench as lack:
        return pickle.dumps(("skipped", f"not on this bench: {lack}"))
    except BaseException:
        return pickle.dumps(("failed", str(pytest.ExceptionInfo.from_current().getrepr(style="long"))))
