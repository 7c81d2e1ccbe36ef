"""`dosebell info`: which device this is, and what runs on it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.lazy import Command, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result
    from dosebell.code_check import CodeCheck


_KEYS = ("product", "id", "label", "board", "firmware", "micropython", "image", "protocol", "boot", "bench")


@click.command(cls=Command)
@click.pass_obj
def info(settings: Settings) -> Result:
    """Show which device this is, and prove what runs on it.

    All code that the device could run is read and compared with what its image says; that takes about a second.

    \b
    Example: dosebell info
             dosebell --port /dev/ttyACM1 --json info
    """
    from dosebell.cli.output import Result, facts, message, ordered
    from dosebell.cli.session import open_device
    from dosebell.code_check import check_code, end_maintenance
    from dosebell.errors import DosebellError

    found: CodeCheck | None = None
    over = False
    with open_device(settings) as client:
        identity = client.identity
        port = client.port.name
        reading = Reading(settings)
        try:
            found = check_code(client, reading)
            over = end_maintenance(client, found)
        except DosebellError as err:
            if err.code != "unknown-request":  # of an older firmware
                raise
        finally:
            reading.done()
    shown = {"port": port, **ordered(identity, _KEYS), **_code(found)}
    words = {"port": port, **ordered(identity, _KEYS), "code": _code_words(found)}
    result = Result(lambda: [facts((key, _words(value)) for key, value in words.items())], shown)
    if found is not None and not found.ok:
        result.show(as_json=settings.json)
        raise found.error()
    if over:
        message("Its code is proven: maintenance is over.")
    return result


class Reading:
    """Says on stderr how far the reading of a device's code is, on a terminal, if it takes longer than a second."""

    def __init__(self, settings: Settings) -> None:
        self._live = not settings.json and sys.stderr.isatty()
        self._begun = time.monotonic()
        self._shown = ""

    def __call__(self, done: int, total: int) -> None:
        if self._live and time.monotonic() - self._begun > 1:
            self._shown = f"Reading the code: {100 * done // total} %"
            click.echo("\r" + self._shown, err=True, nl=False)

    def done(self) -> None:
        """Takes the line away."""
        if self._shown:
            click.echo("\r" + " " * len(self._shown) + "\r", err=True, nl=False)
            self._shown = ""


def _code(found: CodeCheck | None) -> dict[str, Any]:
    """For --json: whether the code is as built (null: an older firmware, which cannot be asked), the hash of what was read, and what is not as built."""
    if found is None:
        return {"code_ok": None, "code_hash": None, "code_files": None}
    bad = {"strangers": found.strangers, "changed": found.changed, "missing": found.missing}
    return {
        "code_ok": found.ok,
        "code_hash": found.computed_hash,
        "code_files": {"read": len(found.files), **{key: list(names) for key, names in bad.items()}},
    }


def _code_words(found: CodeCheck | None) -> str:
    if found is None:
        return "not proven: this firmware is too old to be asked"
    return f"as built ({found.computed_hash})" if found.ok else f"NOT as built: {found.words()}"


def _words(value: object) -> str:
    return (
        {None: "", True: "yes", False: "no"}.get(value, str(value))
        if value is None or isinstance(value, bool)
        else str(value)
    )
