"""What commands return, and how it is printed: a table for people, JSON for scripts. Messages go to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

import click

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console, ConsoleOptions, RenderableType
    from rich.segment import Segment

WIDTH = 80


def console(*, stderr: bool = False) -> Console:
    """A console that fits 80 columns wherever it cannot know better. With NO_COLOR nothing is bold either."""
    import os

    from rich.console import Console

    colours: Literal["auto"] | None = None if os.environ.get("NO_COLOR") else "auto"
    found = Console(stderr=stderr, highlight=False, soft_wrap=False, markup=False, emoji=False, color_system=colours)
    if not found.is_terminal:
        found.width = WIDTH
    return found


class Result:
    """A command's result. `data`: the object for --json. `lines`: several objects instead, one a line. `human`: what people see, made only for them."""

    def __init__(
        self, human: Callable[[], Iterable[RenderableType]], data: Any = None, lines: Iterable[Any] | None = None
    ) -> None:
        self.human = human
        self.data = data
        self.lines = lines

    def show(self, *, as_json: bool) -> None:
        if not as_json:
            out = console()
            with out.capture() as text:
                for part in self.human():
                    out.print(part)
            # rich fills cells with spaces to their column's end; nobody wants them on the line's.
            for line in text.get().splitlines():
                click.echo(line.rstrip(), color=True)
        elif self.lines is not None:
            for line in self.lines:
                click.echo(json.dumps(line, separators=(",", ":")))
        else:
            click.echo(json.dumps(self.data, indent=2))


def table(
    headings: Sequence[str], rows: Iterable[Sequence[str]], *, right: Sequence[str] = (), last_wraps: bool = True
) -> RenderableType:
    """A plain table. `right`: headings of the columns that are numbers. Only the last column may wrap."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, heading in enumerate(headings):
        wraps = last_wraps and number == len(headings) - 1
        made.add_column(
            heading,
            justify="right" if heading in right else "left",
            no_wrap=not wraps,
            overflow="fold" if wraps else "ellipsis",
        )
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    return made


class LongTable:
    """A plain table of any number of rows, of which only the last column wraps: it looks like `table` and is made 20 times as fast."""

    def __init__(self, headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
        self._headings = headings
        self._rows = rows
        self._right = [heading in right for heading in headings[:-1]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        from textwrap import wrap

        from rich.segment import Segment
        from rich.style import Style

        columns = zip(*(row[:-1] for row in (self._headings, *self._rows)), strict=True)
        widths = [max(map(len, column)) for column in columns]
        left = sum(widths) + 2 * len(widths)
        room = max(10, options.max_width - left)
        style: Style | None = Style(bold=True)
        for row in (self._headings, *self._rows):
            cells = [
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(row, widths, self._right, strict=False)
            ]
            parts = [row[-1]] if len(row[-1]) <= room else wrap(row[-1], room, break_on_hyphens=False)
            yield Segment("  ".join((*cells, parts[0])) + "\n", style)
            for part in parts[1:]:
                yield Segment(" " * left + part + "\n")
            style = None


def facts(pairs: Iterable[tuple[str, str]]) -> RenderableType:
    """Names and values, one pair a line."""
    from rich.table import Table
    from rich.text import Text

    made = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    made.add_column(style="bold", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in pairs:
        made.add_row(name, Text(value))
    return made


def ordered(found: dict[str, Any], keys: Sequence[str]) -> dict[str, Any]:
    """The named keys in their order, then whatever else there is: MicroPython's objects come in no order."""
    return {**{key: found[key] for key in keys}, **{key: value for key, value in found.items() if key not in keys}}


def message(text: str) -> None:
    """Something that is no result, for people, on stderr."""
    click.echo(text, err=True)


def write_whole(path: Path, text: str) -> None:
    """Write a file wholly or not at all: an older one stays until the new one is complete and on the disk. Errors: unwritable-file."""
    import os
    import secrets

    from dosebell.errors import DosebellError

    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            with open(beside, "x", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:  # Ctrl-C too
            beside.unlink(missing_ok=True)
            raise
    except OSError as err:
        raise DosebellError("unwritable-file", path=str(path), detail=err.strerror or str(err)) from None
