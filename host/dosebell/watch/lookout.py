"""Asking: a thread for each port, so that a slow or dead device keeps no other waiting, and one queue for what they bring."""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Sequence
from typing import Any

from dosebell import PROTOCOL, transport
from dosebell.client import Client
from dosebell.errors import DosebellError
from dosebell.watch.ward import Heard, Lost

INTERVAL_S = 2.0
# How long to wait after a failure: twice as long after each, up to the first of these, and up to the second where only a new firmware or a right helps.
SOON_S, LATER_S = 10.0, 30.0
_LASTING = ("protocol-too-old", "protocol-too-new", "no-permission")
STRANGER_S = 60.0  # a board of somebody else's is not to be bothered
LOOK_S = 1.0  # from one look for new ports to the next


class Lookout:
    """Watches the ports named, or with none named every MicroPython board that is attached or comes to be."""

    def __init__(self, names: Sequence[str], interval_s: float = INTERVAL_S, timeout_s: float = 3.0) -> None:
        """interval_s: from one question to the next, of each device. timeout_s: how long one is given for an answer."""
        self.reports: queue.SimpleQueue[Heard | Lost] = queue.SimpleQueue()
        self._names = tuple(dict.fromkeys(names))
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._askers: dict[str, Asker] = {}
        self._look_at = float("-inf")
        for name in self._names:
            self._ask(name)

    def look(self, now_s: float) -> list[str]:
        """Begins to ask at ports that came, once a second at most. Returns the ports that went."""
        if self._names or now_s < self._look_at:
            return []
        self._look_at = now_s + LOOK_S
        there = [port.path for port in transport.found() if port.board]
        gone = [path for path in self._askers if path not in there]
        for path in gone:
            asker = self._askers.pop(path)
            asker.stop()
            if asker.id:
                self.reports.put(Lost(path, DosebellError("unplugged", port=path), now_s, asker.id))
        for path in there:
            if path not in self._askers:
                self._ask(path)
        return gone

    @property
    def count(self) -> int:
        """How many ports are asked at."""
        return len(self._askers)

    def stop(self) -> None:
        """Ask no more. A question that is under way is not waited for."""
        for asker in self._askers.values():
            asker.stop()

    def _ask(self, name: str) -> None:
        self._askers[name] = Asker(name, self._interval_s, self._timeout_s, self.reports)
        self._askers[name].start()


class Asker(threading.Thread):
    """Asks one port for `status`, again and again. `id`: of the device that was last heard there."""

    def __init__(
        self, name: str, interval_s: float, timeout_s: float, reports: queue.SimpleQueue[Heard | Lost]
    ) -> None:
        super().__init__(
            name=f"watch {name}", daemon=True
        )  # a port can block for ever; the command must end all the same
        self.id = ""
        self._port = name
        self._path = name  # where it was heard last
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._reports = reports
        self._known = False
        self._failures = 0
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            report = self._look()
            if self._stopped.is_set():
                return
            self._reports.put(report)
            error = report.error if isinstance(report, Lost) else None
            self._known = error is None
            self._failures = 0 if error is None else self._failures + 1
            pause = pause_s(self._interval_s, self._failures, "" if error is None else error.code)
            self._stopped.wait(max(0.05, began + pause - time.monotonic()))

    def _look(self) -> Heard | Lost:
        path = self._path
        try:
            path = self._where()
            answer, at_s = self._status(path)
        except DosebellError as err:
            return Lost(path, err, time.monotonic(), self.id)
        self.id, self._path = str(answer["device"]["id"]), path
        return Heard(path, answer, at_s)

    def _where(self) -> str:
        """The port named; if that is gone, the one at which the same device is now."""
        path = transport.resolve(self._port)
        if self.id and os.sep in path and "://" not in path and not os.path.exists(path):
            return next((port.path for port in transport.found() if port.serial_number.lower() == self.id), path)
        return path

    def _status(self, path: str) -> tuple[dict[str, Any], float]:
        """The device's answer, and the instant (monotonic) at which its clock said what it says there."""
        with Client(transport.Port(path, busy_s=0.0), self._timeout_s) as client:
            if not self._known:
                client.hello()
            asked = time.monotonic()
            answer = checked(client.ask("status"), path)
            return answer, (asked + time.monotonic()) / 2


def pause_s(interval_s: float, failures: int, code: str) -> float:
    """From one question to the next: the interval, and after failures ever longer, up to a limit. A port that is not there costs nothing to look for."""
    if not failures or code in ("no-such-port", "unplugged"):
        return interval_s
    if code == "not-a-dosebell":
        return max(interval_s, STRANGER_S)
    limit = LATER_S if code in _LASTING else SOON_S
    return max(interval_s, min(limit, max(1.0, interval_s) * 2.0 ** (failures - 1)))


def checked(answer: dict[str, Any], path: str) -> dict[str, Any]:
    """The answer, if it is one of our protocol and has all that is shown; without characters that a terminal would obey. Errors: bad-answer, protocol-too-*."""
    from dosebell.cli.status import contract

    try:
        theirs = answer["device"]["protocol"]
        if theirs == PROTOCOL:
            plain: dict[str, Any] = _printable(answer)
            contract(plain)
            return plain
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as err:
        raise DosebellError("bad-answer", detail=f"to status: {type(err).__name__}") from err
    newer = isinstance(theirs, int) and theirs > PROTOCOL
    code = "protocol-too-new" if newer else "protocol-too-old"
    raise DosebellError(code, port=path, theirs=theirs or "none", ours=PROTOCOL)


def _printable(found: Any) -> Any:
    if isinstance(found, str):
        return "".join(one if one.isprintable() else "?" for one in found)
    if isinstance(found, dict):
        return {key: _printable(value) for key, value in found.items()}
    return [_printable(one) for one in found] if isinstance(found, list) else found
