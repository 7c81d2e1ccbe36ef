"""Which boards can be given an image: Dosebells in service, and boards in their loader; and which of them are meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dosebell import transport
from dosebell.client import connect
from dosebell.errors import DosebellError
from dosebell.flash import drives
from dosebell.flash.drives import Drive

# A board that is asked who it is answers within some ms; one that does not is not worth a wait.
HELLO_S = 1.5


@dataclass(frozen=True)
class Board:
    """A board that an image can be put on. In service: `port` and what it said of itself; in its loader: `drive`, or `location` alone if none is mounted."""

    port: str | None = None
    identity: dict[str, Any] = field(default_factory=dict)
    drive: Drive | None = None
    location: str = ""

    @property
    def id(self) -> str:
        """The unique id of its chip, which is its USB serial number; "" for one in its loader, which does not tell."""
        return str(self.identity.get("id", ""))

    @property
    def name(self) -> str:
        """As people see it."""
        label = self.identity.get("label")
        at = self.id or (str(self.drive.path) if self.drive else f"USB {self.location}")
        return f"{at} ({label})" if label else at


def in_loader() -> list[Board]:
    """The boards that wait for an image, with and without a mounted drive."""
    mounted = [drive for drive in drives.found() if drive.is_pico]
    known = {drive.location for drive in mounted}
    unknown = "" in known  # a drive of which it is not known where it hangs may be any of them
    bare = [] if unknown else [place for place in drives.unmounted() if place not in known]
    return [Board(drive=drive, location=drive.location) for drive in mounted] + [Board(location=at) for at in bare]


def chosen(port: str | None, location: str | None, every: bool) -> list[Board]:
    """The boards that are meant: by `port` (path, serial number, or the loader's drive), by USB location, all, or the only one there is.

    Errors: no-board, wrong-board (only a loader of another chip is there), several-boards, hold-bootsel, and those of opening a port.
    """
    if port is not None:
        return [_named(port)]
    answering, silent = _in_service()
    found = in_loader() + answering
    if location is not None:
        found = [board for board in found if board.location == location]
        if not found:
            raise DosebellError("no-board-there", value=location)
    if not found:
        foreign = [drive for drive in drives.found() if not drive.is_pico]
        if foreign:
            raise DosebellError(
                "wrong-board", port=str(foreign[0].path), theirs=foreign[0].board_id or "another chip", ours="pico"
            )
        raise _nothing_found(silent)
    if len(found) > 1 and not every:
        raise DosebellError("several-boards", ports=[board.name for board in found])
    return found


def _named(name: str) -> Board:
    """The board in service on that port, or in its loader on that drive.

    Errors: hold-bootsel for one that cannot be asked, no-such-port, no-permission, port-busy, not-a-port.
    """
    for board in in_loader():
        if board.drive is not None and board.drive.path == Path(name):
            return board
    try:
        path = transport.resolve(name)
    except DosebellError as err:
        if in_loader():
            err.note = "A board in its loader has no serial number: name its drive, such as /media/RPI-RP2, or its place with --location."
        raise
    try:
        with connect(path, HELLO_S * 2) as client:
            return Board(port=path, identity=client.identity, location=_location_of(path))
    except DosebellError as err:
        if err.code in ("not-a-dosebell", "no-answer", "protocol-too-old", "protocol-too-new", "unplugged"):
            raise DosebellError("hold-bootsel", port=path, detail=err.code) from None
        raise


def _location_of(path: str) -> str:
    return next((port.location for port in transport.found() if port.path == path), "")


def _nothing_found(silent: list[tuple[str, DosebellError]]) -> DosebellError:
    """Why there is no board to be had: a port that may not be opened, a board that cannot be asked, or nothing at all."""
    for path, err in silent:
        return (
            err
            if err.code in ("no-permission", "port-busy")
            else DosebellError("hold-bootsel", port=path, detail=err.code)
        )
    return DosebellError("no-board")


def _in_service() -> tuple[list[Board], list[tuple[str, DosebellError]]]:
    """The Dosebells that answer, and the other MicroPython boards with what came of asking. Those are left alone: they may be somebody else's."""
    boards = []
    silent = []
    for port in transport.found():
        if not port.board:
            continue
        try:
            with connect(port.path, HELLO_S) as client:
                boards.append(Board(port=port.path, identity=client.identity, location=port.location))
        except DosebellError as err:
            silent.append((port.path, err))
    return boards, silent
