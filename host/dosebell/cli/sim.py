"""`dosebell sim`: the emulated device on a serial port that any program can open."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.lazy import Command, Settings
from dosebell.errors import DosebellError
from dosebell.extras import need

if TYPE_CHECKING:
    from dosebell.sim.bedside import Bedside
    from dosebell.sim.drive import LoaderDrive
    from dosebell.sim.serial_port import SerialPort

STDIN = 0


@click.command(cls=Command)
@click.option(
    "--board",
    default="pico",
    show_default=True,
    metavar="NAME",
    help="Which board: a file of boards/, or the path of one.",
)
@click.option(
    "--image",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="UF2 file to run [build/dosebell-BOARD.uf2].",
)
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 3600),
    default=1.0,
    show_default=True,
    help="Simulated seconds a second. Real time while a program talks to the device.",
)
@click.option(
    "--flash",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep the flash, log included, in this file from run to run.",
)
@click.option(
    "--link",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="PATH",
    help="Make this symbolic link to the port, whose own path changes from run to run.",
)
@click.option(
    "--drives",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Let the drive of its loader appear in this folder: `DOSEBELL_DRIVES=FOLDER dosebell flash` finds it.",
)
@click.option(
    "--blank", is_flag=True, help="Begin with a new board, on which there is nothing: it waits in its loader."
)
@click.option("--clock-chip", is_flag=True, help="Solder a new DS3231 with a battery to its bus.")
@click.option(
    "--display/--no-display", default=None, help="Solder an SSD1306 of 128 x 64 pixels to its bus [with --panel it is]."
)
@click.option(
    "--panel",
    is_flag=True,
    help="Show the bedside in this terminal, live: lights, display, sound; keys are its buttons.",
)
@click.option(
    "--practice",
    is_flag=False,
    flag_value="hd-il2",
    metavar="[REGIMEN]",
    help="Begin with a course of this regimen [hd-il2] whose first dose is due in a minute.",
)
@click.pass_context
def sim(
    ctx: click.Context,
    board: str,
    image: Path | None,
    speed: float,
    flash: Path | None,
    link: Path | None,
    drives: Path | None,
    blank: bool,
    clock_chip: bool,
    display: bool | None,
    panel: bool,
    practice: str | None,
) -> None:
    """Switch on an emulated Dosebell: the real firmware on an emulated Pico, with a serial port for any program.

    Prints the path of its port, then serves it until Ctrl-C. Its buttons are pressed by lines on stdin, such as "press
    start", "hold pause 2", "wait 3600", "lights" or "quit"; a line that takes time lets that time pass at once.
    With --panel it shows the bedside instead, for training: ? there explains the keys.

    \b
    Example: dosebell sim --panel --practice
             dosebell sim --speed 60 --link /tmp/bell
             dosebell --port /tmp/bell status
    """
    as_json = isinstance(ctx.obj, Settings) and ctx.obj.json
    if panel:
        from dosebell.cli import sim_panel

        sim_panel.check(as_json)
    need("rp2040py", "sim")
    bedside = _switch_on(board, image, flash, blank)
    if clock_chip:
        bedside.solder_clock_chip()
    if panel if display is None else display:
        bedside.solder_display()
    with _ends_quietly():
        try:
            _serve(bedside, speed, link, drives, panel, practice, as_json)
        finally:
            if flash is not None:
                _keep(flash, bedside.pico.snapshot())


# A new board prepares its journal in the first second; whoever is told the port finds a device that answers.
_BOOT_S = 1.5


def _switch_on(board: str, image: Path | None, flash: Path | None, blank: bool) -> Bedside:
    """The device with the image on it, over what its flash held; or with nothing on it. Errors: unreadable-file."""
    from dosebell.image import BoardError, ImageError
    from dosebell.image.files import BUILD, board_file
    from dosebell.sim import FLASH_SIZE, flash_from_uf2
    from dosebell.sim.bedside import Bedside

    described = board_file(board)
    if blank:
        return Bedside.of_board(b"\xff" * FLASH_SIZE, described)
    uf2 = image or BUILD / f"dosebell-{described.stem}.uf2"
    advice = "" if image else f"Run `make image BOARD={board}` in the checkout first, or name a file with --image."
    contents = _read(uf2, advice)
    kept = _read(flash) if flash is not None and flash.exists() else None
    try:
        return Bedside.of_board(flash_from_uf2(contents, kept), described)
    except (BoardError, OSError) as err:
        raise DosebellError("unreadable-file", path=str(described), detail=str(err)) from err
    except (ImageError, ValueError) as err:
        raise DosebellError("unreadable-file", path=str(uf2), detail=str(err)) from err


def _read(path: Path, note: str = "") -> bytes:
    try:
        return path.read_bytes()
    except OSError as err:
        raise DosebellError("unreadable-file", path=str(path), detail=str(err.strerror), note=note) from err


def _keep(path: Path, contents: bytes) -> None:
    from dosebell.image.files import write_whole

    try:
        write_whole(path, contents)
    except OSError as err:
        raise DosebellError("unreadable-file", path=str(path), detail=str(err.strerror)) from err


def _serve(
    bedside: Bedside,
    speed: float,
    link: Path | None,
    drives: Path | None,
    panel: bool,
    practice: str | None,
    as_json: bool,
) -> None:
    """Let the device boot, set it up if asked to, and serve its port until the end that the console or the panel knows."""
    from dosebell.sim import GuestStopped
    from dosebell.sim.drive import LoaderDrive
    from dosebell.sim.panel.log_reader import LogReader
    from dosebell.sim.serial_port import SerialPort

    log = LogReader(bedside.pico)
    port = SerialPort(bedside.usb, link)
    drive = LoaderDrive(bedside, drives) if drives is not None else None
    try:
        bedside.advance(_BOOT_S)
        port.service()
        if drive is not None:
            drive.service()
        if practice is not None:
            _prepare(bedside, practice)
            port.attach(bedside.usb)
        shown = str(link or port.path or (drive.path if drive is not None else "its loader"))
        if panel:
            from dosebell.cli import sim_panel

            sim_panel.show(bedside, port, log, shown, speed, practice is not None)
        else:
            _console(bedside, port, drive, link, shown, speed, as_json)
    except GuestStopped as err:
        raise click.ClickException(f"The emulated processor stopped: {err}") from err
    finally:
        port.close()
        if drive is not None:
            drive.vanish()


def _prepare(bedside: Bedside, regimen: str) -> None:
    from dosebell.sim.practice import prepare

    click.echo(f"Setting up a course of {regimen}, its first dose due in a minute ...", err=True)
    prepare(bedside, regimen)


def _console(
    bedside: Bedside,
    port: SerialPort,
    drive: LoaderDrive | None,
    link: Path | None,
    shown: str,
    speed: float,
    as_json: bool,
) -> None:
    """Lines on stdin are the hands."""
    from dosebell.sim.console import HELP, Console
    from dosebell.sim.timekeeper import Timekeeper

    def say(answer: dict[str, Any]) -> None:
        click.echo(json.dumps(answer) if as_json else _as_text(answer))

    place = _Place(bedside, port, drive, link, say)
    place.tell()
    click.echo(f"Emulated Dosebell, {speed:g} x real time. Try: dosebell --port {shown} status", err=True)
    click.echo(f"Type: {HELP}. Ctrl-C ends.", err=True)
    console = Console(bedside, port, STDIN, say, lambda sentence: click.echo(sentence, err=True))

    def look() -> bool:
        place.tell()
        return console.look()

    Timekeeper(bedside, port, drive).serve_paced(look, speed)


class _Place:
    """Tells where the device is to be found, at the beginning and when it enters or leaves its loader: on a port, or as a drive."""

    def __init__(
        self,
        bedside: Bedside,
        port: SerialPort,
        drive: LoaderDrive | None,
        link: Path | None,
        say: Callable[[dict[str, Any]], None],
    ) -> None:
        self._bedside = bedside
        self._port = port
        self._drive = drive
        self._link = link
        self._say = say
        self._told: str | None = None  # the drive, while that is where it is
        self._on_port = False

    def tell(self) -> None:
        if self._bedside.usb.in_loader:
            self._on_port = False
            shown = self._drive.path if self._drive is not None else None
            if shown is not None and str(shown) != self._told:
                self._told = str(shown)
                self._say({"drive": self._told})
        elif not self._on_port and self._port.path is not None:
            self._on_port = True
            self._told = None
            self._say({"port": str(self._link or self._port.path)})


def _as_text(answer: dict[str, Any]) -> str:
    """One line for a person. The port alone stands as it is, for `$(...)` of a shell."""
    if "lights" in answer:
        lights = ", ".join(f"{name} {how}" for name, how in answer["lights"].items())
        return f"{answer['t']:.3f} s: {lights}{', buzzer sounding' if answer['sounding'] else ''}"
    if "drive" in answer:
        return str(answer["drive"])
    return str(answer["port"]) if "port" in answer else f"{answer['t']:.3f} s"


@contextmanager
def _ends_quietly() -> Iterator[None]:
    """Ctrl-C, a polite kill and a closed window are how this command ends, not errors."""

    def stop(_signal: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    except KeyboardInterrupt:
        with suppress(OSError):  # the window may be gone
            sys.stderr.write("\n")
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
