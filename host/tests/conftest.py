"""What several tests of the host's commands begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bedside_course import Bedside, StillDevice, up_to_the_tenth
from scripted_device import ScriptedDevice


@pytest.fixture
def device() -> Iterator[ScriptedDevice]:
    """The core and a journal behind a pseudo-terminal; the test plays the bed."""
    with ScriptedDevice() as made:
        yield made


@pytest.fixture
def bed() -> Iterator[Bedside]:
    """A device whose time a test owns, with its clock set, configured with hd-il2."""
    with StillDevice() as made:
        yield Bedside(made)


@pytest.fixture(scope="session")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive in which doses 1 to 9 have come to every end, and 10 infuses; not to be changed."""
    path = tmp_path_factory.mktemp("ward") / "archive.sqlite"
    with StillDevice() as device:
        bed = Bedside(device)
        up_to_the_tenth(bed)
        bed.do("start")
        bed.pull(path)
    return path
