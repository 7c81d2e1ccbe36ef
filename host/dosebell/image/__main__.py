"""`python -m dosebell.image`, what `make image` runs.

Result to stdout, progress and errors to stderr; exit code 1 on an error.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from dosebell.image.board import check_own_name, load_board
from dosebell.image.build import ImageInfo, build_image
from dosebell.image.errors import ImageError
from dosebell.image.files import BOARDS, BUILD, CACHE, FIRMWARE, board_file


def main(arguments: list[str] | None = None) -> int:
    """Build one image; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dosebell.image", description="Build the image of one board.")
    parser.add_argument(
        "--board", default="pico", help="a board of boards/, or the path of a .toml file (default: pico)"
    )
    parser.add_argument("--boards", type=Path, default=BOARDS, help="folder of the board files")
    parser.add_argument("--firmware", type=Path, default=FIRMWARE, help="folder of the device's Python files")
    parser.add_argument("--out", type=Path, help="the UF2 file (default: build/dosebell-<board>.uf2)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="folder that keeps the official MicroPython")
    given = parser.parse_args(arguments)
    board = board_file(given.board, given.boards)
    out = given.out or BUILD / f"dosebell-{board.stem}.uf2"
    try:
        load_board(board)  # what is wrong in it is told before what is wrong with its name
        check_own_name(board, given.boards)
        info = build_image(board, given.firmware, out, cache=given.cache, progress=_progress)
    except ImageError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    print(_summary(info))
    return 0


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _summary(info: ImageInfo) -> str:
    path = os.path.relpath(info.path)
    done = "built" if info.rebuilt else "up to date"
    return (
        f"{path}: {done}; Dosebell {info.version} for {info.board}, MicroPython {info.micropython}, {info.files} files,"
        f" image {info.image_hash}\nSHA-256 {info.sha256}\nbill of materials {os.path.relpath(info.bill_of_materials)}"
    )


if __name__ == "__main__":
    sys.exit(main())
