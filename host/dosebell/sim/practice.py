"""A course to practise with: the device is set up by the host's own client inside the process, and PAUSE is held for each confirmation.

No pseudo-terminal and no second program: time at the bed passes while the client waits for an answer.
"""

import time

from dosebell import clock_sync, regimens
from dosebell.client import Client
from dosebell.sim.bedside import Bedside
from dosebell.transport import Port

LABEL = "training"
FIRST_DUE_S = 60
# The client's patience, real seconds: a busy machine runs the device slower than the host thinks.
PATIENCE_S = 30.0
# The nurse's: she reaches for the button, and holds it a little longer than the 2 s.
REACH_S, CONFIRM_S = 0.5, 2.2
STEP_S = 0.001
# The control request of opening the port is through after this.
OPENING_S = 0.05
# Lights and buzzer have answered the last press after this.
SETTLED_S = 3.0


class InsidePort(Port):
    """The serial port of the emulated device as the client sees a port. Waiting for a line lets time pass at the bed."""

    def __init__(self, bedside: Bedside) -> None:
        self.name = "the emulated device"
        self._bedside = bedside
        self._usb = bedside.usb
        self._said = bytearray()
        self._usb.on_output = self._said.extend
        self._usb.open_port()
        bedside.advance(OPENING_S)

    def write(self, data: bytes) -> bool:
        self._usb.send(data)
        return True

    def read_line(self, deadline: float) -> bytes | None:
        while b"\n" not in self._said:
            if time.monotonic() >= deadline:
                return None
            self._bedside.advance(STEP_S)
        line, _, rest = bytes(self._said).partition(b"\n")
        self._said[:] = rest
        return line

    def unended(self) -> int:
        return len(self._said)

    def close(self) -> None:
        self._usb.close_port()
        self._usb.on_output = None
        self._bedside.advance(OPENING_S)


def prepare(bedside: Bedside, regimen: str) -> None:
    """Set the device's clock, configure `regimen`, and start its course with slot 1 due in a minute.

    Errors: those of the regimen, of the client, and of the device (`course-running` when its flash holds a course).
    """
    found = regimens.load(regimen)

    def nurse(_left_s: float) -> None:
        bedside.advance(REACH_S)
        bedside.hold("pause", CONFIRM_S)

    with Client(InsidePort(bedside), PATIENCE_S) as client:
        client.hello()
        clock_sync.sync(client)
        client.change("configure", nurse, regimen=found.data, label=LABEL, armed=False)
        seconds, ms = client.ask("clock-get")["utc"]
        client.change("course-start", nurse, at=[seconds + FIRST_DUE_S, ms], cycle=1, slot=1, last=None)
    bedside.advance(SETTLED_S)
