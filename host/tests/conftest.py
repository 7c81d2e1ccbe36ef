"""What several tests of the host's commands begin with."""

from collections.abc import Iterator

import pytest
from scripted_device import ScriptedDevice


@pytest.fixture
def device() -> Iterator[ScriptedDevice]:
    """The core and a journal behind a pseudo-terminal; the test plays the bed."""
    with ScriptedDevice() as made:
        yield made
