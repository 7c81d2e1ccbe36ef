"""After the copy: waits for the board to come back, known by its unique id, and holds what it says against the image and against what it was before."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from dosebell import clock_sync, code_check, transport
from dosebell.client import Client, connect
from dosebell.errors import DosebellError
from dosebell.flash import finder
from dosebell.flash.image_file import Image

_POLL_S = 0.2
_HELLO_S = 1.5
# A computer whose clock differs from the device's by more than this is not to be believed without a word.
CLOCK_DIFFERS_MOST_S = 60


@dataclass(frozen=True)
class Before:
    """What a board in service was: what an update must keep."""

    identity: dict[str, Any]
    regimen: str | None
    safe_mode: bool
    """It could not be sure of its settings then."""
    last_seq: int
    epoch: int
    newest: bytes
    """What was stored of the journal's newest sector."""
    clock_differs_s: int | None
    """Seconds by which the device's clock was ahead of this computer's; None if it was not set."""


def look(client: Client) -> Before:
    """Ask a board in service what it is, before it leaves."""
    status = client.ask("status")
    log = client.ask("log-info")
    epoch = int(log["epochs"][1])
    newest = client.ask_raw("log", epoch=epoch, slot=0, copy=0) if log["written"] else b""
    clock = clock_sync.exchange(client)
    differs = None if clock.device_utc is None else clock.device_utc[0] - clock.utc[0]
    return Before(
        client.identity,
        status["course"]["regimen"],
        status["device"].get("safe_mode", False),
        int(log["last"]),
        epoch,
        newest,
        differs,
    )


def others(mine: str | None) -> set[tuple[str, str]]:
    """(path, serial number) of every port but that of the board with the unique id `mine`: nothing of those is waited for."""
    return {(port.path, port.serial_number) for port in transport.found() if not _is(port.serial_number, mine)}


def wait_back(mine: str | None, known: set[tuple[str, str]], wait_s: float, named: str | None = None) -> Client:
    """The board, as soon as it answers: that with the unique id `mine`, or, if that is not known, the first on a port that is not in `known`.

    `named`: a port that this computer does not list by itself, to be tried as well. Errors: not-back.
    """
    deadline = time.monotonic() + wait_s
    while True:
        for path in _candidates(mine, known, named):
            try:
                client = connect(path, _HELLO_S)
            except DosebellError:
                continue
            if mine is None or _is(str(client.identity.get("id")), mine):
                return client
            client.port.close()
        if time.monotonic() >= deadline:
            raise DosebellError("not-back", port=mine or "the board", value=f"{wait_s:g} s", detail=_where_it_is())
        time.sleep(_POLL_S)


def _candidates(mine: str | None, known: set[tuple[str, str]], named: str | None) -> list[str]:
    found = [
        port.path
        for port in transport.found()
        if port.board
        and (port.path, port.serial_number) not in known
        and (mine is None or not port.serial_number or _is(port.serial_number, mine))
    ]
    return found + ([named] if named is not None and named not in found else [])


def _is(serial_number: str, mine: str | None) -> bool:
    return mine is not None and serial_number.lower() == mine.lower()


def _where_it_is() -> str:
    if finder.in_loader():
        return "a board is in its loader: the image was not taken whole, or is not for it"
    return "no new board and no loader drive has appeared"


def hold_against(client: Client, image: Image, before: Before | None) -> dict[str, Any]:
    """What the board runs and has kept. Errors: other-code, settings-lost, journal-lost."""
    now = client.identity
    if (now.get("firmware"), now.get("image")) != (image.version, image.image_hash):
        raise DosebellError(
            "other-code",
            port=client.port.name,
            theirs=f"{now.get('firmware')}, image {now.get('image')}",
            ours=f"{image.version}, image {image.image_hash}",
        )
    log = client.ask("log-info")
    found = {
        "id": now["id"],
        "label": now["label"],
        "board": now["board"],
        "firmware": now["firmware"],
        "image": now["image"],
        "last_seq": log["last"],
    }
    if before is None:
        return found
    course = client.ask("status")["course"]
    kept = (now["label"], course["regimen"]) == (before.identity["label"], before.regimen)
    if not kept and not before.safe_mode:
        raise DosebellError(
            "settings-lost", port=client.port.name, detail=f"label {now['label']!r}, regimen {course['regimen']}"
        )
    if log["last"] < before.last_seq or not _still_there(client, before):
        raise DosebellError("journal-lost", port=client.port.name, value=before.last_seq)
    return found | {"course": course["state"], "was": before.identity["firmware"], "last_seq_before": before.last_seq}


def code(client: Client) -> int:
    """Read back every file that the board can import from, and hold it against the manifest of its image; how many there are. A board that was in
    maintenance, and calls for it, is told that its code is proven. Errors: code-changed."""
    checked = code_check.check_code(client)
    if not checked.ok:
        raise checked.error()
    code_check.end_maintenance(client, checked)
    return len(checked.files)


def _still_there(client: Client, before: Before) -> bool:
    if not before.newest:
        return True
    stored = client.ask_raw("log", epoch=before.epoch, slot=0, copy=0)
    return stored[: len(before.newest)] == before.newest


def mend_clock(client: Client, before: Before | None) -> str:
    """The board has lost its clock while it was away, unless it has a clock chip. One that had it right is set from this computer.

    "kept", "set", "unset" (it was not set before), or "differs" (this computer's clock is not that which the device had: nothing is done).
    """
    if client.ask("clock-get")["utc"] is not None:
        return "kept"
    if before is None or before.clock_differs_s is None:
        return "unset"
    if abs(before.clock_differs_s) > CLOCK_DIFFERS_MOST_S:
        return "differs"
    clock_sync.sync(client)
    return "set"
