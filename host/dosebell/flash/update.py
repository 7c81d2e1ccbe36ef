"""The whole way of one board: from service into its loader, the image, back into service, and the proof."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from dosebell import wire
from dosebell.client import connect
from dosebell.errors import DosebellError
from dosebell.flash import finder, picotool, prove, writer
from dosebell.flash.finder import Board
from dosebell.flash.image_file import Image

COPY, PICOTOOL = "copy", "picotool"
_POLL_S = 0.2
# A computer shows a drive within a few seconds; a slow one with a virus scanner takes its time.
_DRIVE_S = 20.0


@dataclass(frozen=True)
class Ways:
    """How boards are updated. `force`: also while a course runs. `tool`: COPY, PICOTOOL, or None for what fits. `wait_s`: how long a board may take
    to come back. `timeout_s`: how long a silent board is asked. `offered`, `progress`, `say`: told the seconds left to confirm, the bytes copied of all,
    and what is being done."""

    force: bool
    tool: str | None
    wait_s: float
    timeout_s: float
    offered: Callable[[float], None]
    progress: writer.Progress
    say: Callable[[str], None]


def flash(board: Board, image: Image, ways: Ways) -> dict[str, Any]:
    """Put the image on one board and prove it. What it runs now, and what was kept.

    Errors: wrong-board, course-running, hold-bootsel, no-loader-drive, drive-readonly, drive-full, copy-broke-off, picotool-failed, not-back, other-code,
    settings-lost, journal-lost, and those of confirming at the bed.
    """
    begun = time.monotonic()
    before = None
    if board.port is not None:
        _check_board(board, image)
        there = finder.in_loader()
        ways.say(f"Asking {board.name} to leave service")
        before = _leave(board, ways)
        mine: str | None = board.id
        board = _its_loader(board, there)
    else:
        mine = None
    known = prove.others(mine)
    used = _write(board, image, ways)
    ways.say("Waiting for the board to come back")
    named = board.port if board.port is not None and mine is not None else None
    with prove.wait_back(mine, known, ways.wait_s, named) as client:
        client.timeout_s = ways.timeout_s  # it was looked for with less patience
        found = prove.hold_against(client, image, before)
        ways.say("Reading back all code")
        found["files"] = prove.code(client)
        found["clock"] = prove.mend_clock(client, before)
    return {**found, "with": used, "seconds": round(time.monotonic() - begun, 1)}


def _check_board(board: Board, image: Image) -> None:
    theirs = board.identity.get("board")
    if theirs != image.board:
        raise DosebellError("wrong-board", port=board.name, theirs=theirs, ours=image.board)


def _leave(board: Board, ways: Ways) -> prove.Before:
    """Ask the board to enter its loader; at the bed PAUSE is held for 2 s, unless it was never configured."""
    assert board.port is not None
    with connect(board.port, ways.timeout_s) as client:
        before = prove.look(client)
        id = wire.new_id()
        try:
            answer = client.change("loader", ways.offered, id=id, force=ways.force)
            if answer.get("ok") is not True:
                client.ask("loader", of=id, force=ways.force)
        except DosebellError as err:
            if err.code == "unknown-request":  # a firmware that is older than this request
                raise DosebellError("hold-bootsel", port=board.port, detail=err.code) from None
            if err.code == "course-running":
                err.note = "To update all the same: --force, and PAUSE held for 2 s at the bed. Doses are not watched meanwhile."
            raise
    return before


def _its_loader(board: Board, before: list[Board]) -> Board:
    """The board in its loader: what has appeared there since `before`. Errors: no-loader-drive, several-boards."""
    known = {(one.drive, one.location) for one in before}
    deadline = time.monotonic() + _DRIVE_S
    bare: list[Board] = []
    while time.monotonic() < deadline:
        new = [one for one in finder.in_loader() if (one.drive, one.location) not in known]
        mine = [one for one in new if not (one.location and board.location) or one.location == board.location]
        shown = [one for one in mine if one.drive is not None]
        if len(shown) > 1:  # somebody has held BOOTSEL of another meanwhile
            raise DosebellError("several-boards", ports=[one.name for one in shown])
        if shown:
            return Board(board.port, board.identity, shown[0].drive, shown[0].location)
        bare = mine
        if bare and picotool.is_installed():
            break
        time.sleep(_POLL_S)
    if not bare:
        raise DosebellError("no-loader-drive", port=board.name)
    return Board(board.port, board.identity, None, bare[0].location)


def _write(board: Board, image: Image, ways: Ways) -> str:
    """Write the image to a board in its loader; by which way."""
    tool = ways.tool or (COPY if board.drive is not None or not picotool.is_installed() else PICOTOOL)
    if tool == PICOTOOL:
        if not picotool.is_installed():
            raise DosebellError("picotool-failed", detail="it is not installed")
        if not board.location and len(finder.in_loader()) > 1:
            raise DosebellError("several-boards", ports=[one.name for one in finder.in_loader()])
        ways.say("Writing by picotool")
        picotool.load(image.path, board.location)
    elif board.drive is None:
        raise DosebellError("no-loader-drive", port=board.name)
    else:
        ways.say(f"Copying to {board.drive.path}")
        writer.copy(board.drive, image.uf2, ways.progress)
    return tool
