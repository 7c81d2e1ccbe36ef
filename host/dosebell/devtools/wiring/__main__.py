"""`make wiring`: the wiring of each board that comes with Dosebell, for docs/; of a reader's own board, for build/."""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

from dosebell.devtools.wiring import bill, diagram
from dosebell.image.board import load_board
from dosebell.image.errors import BoardError
from dosebell.image.files import BOARDS, BUILD, ROOT, board_file, write_whole

PICTURES = ROOT / "docs" / "pictures"
DOCUMENT = ROOT / "docs" / "parts.md"
SHIPPED = ("pico", "pico-panel")


def section(name: str) -> str:
    """The part of docs/parts.md that is made from a board file."""
    return f"<!-- {name}: make wiring -->\n{bill.as_markdown(load_board(board_file(name)))}\n<!-- end of {name} -->"


def renewed(document: str) -> str:
    """The document with each shipped board's tables made anew. ValueError where it has no place for one."""
    for name in SHIPPED:
        place = re.compile(rf"<!-- {name}: make wiring -->.*?<!-- end of {name} -->", re.DOTALL)
        if not place.search(document):
            raise ValueError(f"docs/parts.md has no place for the tables of {name}")
        made = section(name)
        document = place.sub(lambda _, made=made: made, document)  # type: ignore[misc]
    return document


def main(arguments: list[str] | None = None) -> int:
    """Draw them; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m dosebell.devtools.wiring", description=__doc__)
    parser.add_argument("--board", help="only this board, into build/: a board of boards/, or the path of a .toml file")
    given = parser.parse_args(arguments)
    try:
        if given.board:
            written = _own(board_file(given.board, BOARDS))
        else:
            written = [_picture(board_file(name), PICTURES) for name in SHIPPED]
            write_whole(DOCUMENT, renewed(DOCUMENT.read_text(encoding="utf-8")).encode())
            written.append(DOCUMENT)
    except (BoardError, ValueError) as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    for file in written:
        print(file.relative_to(ROOT))
    return 0


def _picture(file: Path, folder: Path) -> Path:
    board = load_board(file)
    target = folder / f"wiring-{board.name}.svg"
    write_whole(target, diagram.svg(board).encode())
    return target


def _own(file: Path) -> list[Path]:
    board = load_board(file)
    parts = BUILD / f"parts-{board.name}.md"
    write_whole(parts, f"# Parts and wires of {board.name}\n\n{bill.as_markdown(board)}\n".encode())
    return [_picture(file, BUILD), parts]


if __name__ == "__main__":
    sys.exit(main())
