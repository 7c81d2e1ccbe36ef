"""`dosebell flash`: put an image on boards, and prove that it runs there (B-01)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.lazy import Command, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result
    from dosebell.cli.session import Countdown
    from dosebell.errors import DosebellError
    from dosebell.flash.finder import Board
    from dosebell.flash.image_file import Image
    from dosebell.flash.update import Ways

_CLOCK = {
    "kept": "kept",
    "set": "set from this computer",
    "unset": "not set; run `dosebell clock sync`",
    "differs": "lost; this computer's clock differs from what it was: set it with `dosebell clock sync`",
}


@click.command(cls=Command)
@click.argument(
    "image", required=False, type=click.Path(dir_okay=False, path_type=Path), help="A UF2 file that `make image` built."
)
@click.option("--board", default="pico", show_default=True, metavar="NAME", help="Without IMAGE: of which board.")
@click.option("--location", metavar="USB", help="The board at this USB location, such as 1-1.4.")
@click.option("--all", "every", is_flag=True, help="All boards, one after the other.")
@click.option("--force", is_flag=True, help="Also while a course runs; PAUSE is held for 2 s at the bed all the same.")
@click.option("--with", "tool", type=click.Choice(("copy", "picotool")), help="How to write [what fits].")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(1, 600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long a board may take to come back.",
)
@click.option("--list", "only_list", is_flag=True, help="Only show the boards that are there.")
@click.option("--yes", is_flag=True, help="Do not ask before --all.")
@click.pass_obj
def flash(
    settings: Settings,
    image: Path | None,
    board: str,
    location: str | None,
    every: bool,
    force: bool,
    tool: str | None,
    wait_s: float,
    only_list: bool,
    yes: bool,
) -> Result | None:
    """Put an image on a board and prove that it runs. Log and settings are kept; a board in service asks at the bed first.

    A board with BOOTSEL held at power-on, and a new one, is found by the drive of its loader.

    \b
    Example: dosebell flash
             dosebell flash --port e6614c311b425a2f build/dosebell-pico.uf2
             dosebell flash --all --yes
    """
    from dosebell.flash import finder

    boards = finder.chosen(settings.port, location, every or only_list)
    if only_list:
        return _listed(boards)
    chosen = _image(image, board)
    if every and not yes and sys.stdin.isatty():
        click.confirm(f"Put {chosen.path.name} on {', '.join(one.name for one in boards)}?", abort=True, err=True)
    return _flash_all(boards, chosen, force, tool, wait_s, settings)


def _image(named: Path | None, board: str) -> Image:
    from dosebell.flash.image_file import read_image
    from dosebell.image.files import BUILD, board_file

    if named is not None:
        return read_image(named)
    path = BUILD / f"dosebell-{board_file(board).stem}.uf2"
    return read_image(path, f"Run `make image BOARD={board}` in the checkout first, or name a file.")


def _flash_all(
    boards: list[Board], image: Image, force: bool, tool: str | None, wait_s: float, settings: Settings
) -> Result | None:
    """Each board in its turn. One that fails is told, and the next is tried; the command fails at its end."""
    from dosebell.cli.output import Result
    from dosebell.errors import DosebellError
    from dosebell.flash.update import flash as flash_one

    done: list[dict[str, Any]] = []
    failed: list[tuple[Board, DosebellError]] = []
    for board in boards:
        teller = _Teller()
        try:
            done.append(flash_one(board, image, teller.ways(force, tool, wait_s, settings.timeout)))
        except KeyboardInterrupt:
            teller.end()
            click.echo("A board that has left service stays in its loader: run the command again.", err=True)
            raise
        except DosebellError as err:
            teller.end()
            if len(boards) == 1:
                raise
            failed.append((board, err))
            click.echo(f"{board.name}: {err}", err=True)
        teller.end()
    result = Result(lambda: _told(done), {"image": image.image_hash, "firmware": image.version, "boards": done})
    if not failed:
        return result
    if done:
        result.show(as_json=settings.json)
    raise DosebellError(
        "boards-failed",
        count=len(failed),
        value=len(boards),
        ports=[board.name for board, _ in failed],
        failures=[{"board": board.name, **err.as_json()} for board, err in failed],
    )


def _told(done: list[dict[str, Any]]) -> list[Any]:
    from dosebell.cli.output import facts

    shown: list[Any] = []
    for one in done:
        pairs = [
            ("Board", f"{one['id']}{' (' + one['label'] + ')' if one['label'] else ''}, {one['board']}"),
            (
                "Runs",
                f"Dosebell {one['firmware']}, image {one['image']}{', before ' + one['was'] if 'was' in one else ''}",
            ),
        ]
        pairs.append(("Code", f"read back: {one['files']} files, as built"))
        if "last_seq_before" in one:
            pairs.append(("Log", f"kept: events up to {one['last_seq_before']} are there"))
        if one.get("course") in ("running", "resting"):
            pairs.append(("Course", f"kept: it is {one['course']}"))
        pairs += [("Clock", _CLOCK[one["clock"]]), ("Took", f"{one['seconds']:g} s, by {one['with']}")]
        shown.append(facts(pairs))
    return shown


def _listed(boards: list[Board]) -> Result:
    from dosebell.cli.output import Result, table

    rows = [
        {
            "id": one.id or None,
            "label": one.identity.get("label") or None,
            "port": one.port,
            "drive": str(one.drive.path) if one.drive else None,
            "location": one.location or None,
            "what": f"Dosebell {one.identity['firmware']}, {one.identity['board']}" if one.port else "in its loader",
        }
        for one in boards
    ]
    columns = ("id", "label", "location", "what")
    return Result(
        lambda: [
            table(
                ("Serial number", "Label", "Location", "What it is"),
                [
                    [one[key] or "" for key in columns[:-1]]
                    + [f"{one['what']}, {one['port'] or one['drive'] or 'not mounted'}"]
                    for one in rows
                ],
            )
        ],
        rows,
    )


class _Teller:
    """Says on stderr what is being done; how far the copy is, on a terminal, in one line that is written over."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._countdown: Countdown | None = None
        self._open = False

    def ways(self, force: bool, tool: str | None, wait_s: float, timeout_s: float) -> Ways:
        from dosebell.flash.update import Ways

        return Ways(force, tool, wait_s, timeout_s, self._offered, self._progress, self._say)

    def _offered(self, left_s: float) -> None:
        if self._countdown is None:
            from dosebell.cli.session import Countdown

            self._countdown = Countdown()
        self._countdown(left_s)

    def _say(self, text: str) -> None:
        self.end()
        click.echo(text, err=True)

    def _progress(self, done: int, size: int) -> None:
        if self._live:
            click.echo(f"\r{100 * done // size:3d} % copied ", err=True, nl=False)
            self._open = True

    def end(self) -> None:
        if self._countdown is not None:
            self._countdown.done()
            self._countdown = None
        if self._open:
            click.echo(err=True)
            self._open = False
