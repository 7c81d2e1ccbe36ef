"""`dosebell provision`: from a flashed board to a tested, recorded, labelled device."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dosebell.cli.complete import regimen_names
from dosebell.cli.lazy import LazyGroup, Settings

if TYPE_CHECKING:
    from dosebell.cli.output import Result
    from dosebell.provisioning.record import Record
    from dosebell.provisioning.steps import Provisioning

RECORDS = click.option(
    "--records",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="DOSEBELL_RECORDS",
    help="The file of the production records [the user's own; env: DOSEBELL_RECORDS].",
)


@click.group(cls=LazyGroup)
def provision() -> None:
    """Test a board with the engineer, record what was found, and print its label.

    \b
    Example: dosebell provision run hd-il2 --label "Bed 12"
             dosebell provision labels --output labels.html
    """


@provision.command()
@click.argument("name", metavar="REGIMEN", shell_complete=regimen_names, help="A name, or the path of a TOML file.")
@click.option(
    "--label", metavar="BED", required=True, help="Bed or asset number, at most 24 characters. Never patient data."
)
@click.option("--by", metavar="INITIALS", help="Who tests, for the record.")
@click.option(
    "--answers",
    metavar="TEST=ANSWER,...",
    help="The answers, given beforehand; without it they are asked for. What is not answered has failed.",
)
@RECORDS
@click.option(
    "--sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the label of a device that passed to this HTML file.",
)
@click.pass_obj
def run(
    settings: Settings,
    name: str,
    label: str,
    by: str | None,
    answers: str | None,
    path: Path | None,
    sheet: Path | None,
) -> Result:
    """Give a board its label and regimen, set its clock, and test it: its code, lights, sounds, buttons, display.

    Confirmed at the board: PAUSE held for 2 s. Stay before it: you are asked what you saw and heard (yes, no, again), and to press each button.
    A line is added to the production records, whether it passed or not. One that did not pass exits with 5.

    \b
    Tests with an answer: yellow, low-call, red, medium-call, green (yes, no); display (yes, no, none).
    Example: dosebell provision run hd-il2 --label "Bed 12" --by mk
             dosebell provision run hd-il2 --label "Bed 12" --answers yellow=yes,red=yes,green=yes,low-call=yes,medium-call=yes,display=none
    """
    from dosebell import regimens
    from dosebell.cli.bench_side import Beforehand, OnStdin, parsed
    from dosebell.cli.output import message
    from dosebell.cli.session import change, open_device
    from dosebell.errors import DosebellError, from_refusal
    from dosebell.provisioning import labels, record
    from dosebell.provisioning.steps import Provisioning
    from dosecore.regimen_rules import check_label

    found = regimens.load(name)
    refusal = check_label(label)
    if refusal is not None or not label:
        raise (
            from_refusal(refusal)
            if refusal is not None
            else DosebellError("usage", detail="--label is empty.", command="dosebell provision run")
        )
    engineer = OnStdin() if answers is None else Beforehand(parsed(answers))
    where = path or record.default_path()
    error: BaseException | None = None
    with open_device(settings) as client:
        record.ready(where)
        identity = client.identity
        session = Provisioning(client, engineer)
        try:
            session.run(found.data, label, change)
        except (DosebellError, KeyboardInterrupt) as err:
            error = err
    made = record.append(where, _record(session, identity, found.data["name"], label, by, error))
    message(f"Recorded in {where}.")
    if error is not None:
        raise error
    result = _told(made)
    if session.failed:
        result.show(as_json=settings.json)
        raise DosebellError("provision-failed", detail=", ".join(session.failed), device=identity["id"])
    if sheet is not None:
        from dosebell.cli.output import write_whole

        write_whole(sheet, labels.sheet([made]))
        message(f"{sheet}: print it on A4, at 100 %.")
    return result


def _record(
    session: Provisioning,
    identity: dict[str, Any],
    regimen: str,
    label: str,
    by: str | None,
    error: BaseException | None,
) -> Record:
    from dosebell.errors import DosebellError
    from dosebell.provisioning import record
    from dosebell.times import now_utc, rfc3339, to_instant

    configured = any(result.test == "configured" for result in session.results)
    at = rfc3339(to_instant(now_utc()))
    assert at is not None
    return record.made(
        at=at,
        device={**identity, "label": label if configured else identity.get("label")},
        regimen=regimen,
        by=by,
        results=session.results,
        found=session.found,
        error=None if error is None else error.code if isinstance(error, DosebellError) else "stopped",
    )


def _told(made: Record) -> Result:
    from dosebell.cli.output import Result, facts, table

    device = made["device"]
    battery = "yes" if made["clock_battery"] else "no: the clock must be set after each power loss"
    shown = [
        ("Device", device["id"]),
        ("Label", device["label"]),
        ("Image", device["image"]),
        ("Clock battery", battery),
    ]
    rows = [
        (each["test"], "passed" if each["passed"] else "FAILED", each["by"], each["detail"]) for each in made["results"]
    ]
    return Result(lambda: [facts(shown), table(("Test", "", "By", "Found"), rows)], made)


@provision.command()
@click.argument("device", required=False, metavar="[DEVICE]", help="Only this device, by id or label.")
@RECORDS
@click.pass_obj
def show(settings: Settings, device: str | None, path: Path | None) -> Result:
    """Show the production records, oldest first, and prove that the file is as it was written.

    \b
    Example: dosebell provision show
             dosebell --json provision show "Bed 12"
    """
    from dosebell.cli.output import Result, table

    found = _of(path, device)
    rows = [
        (
            each["at"][:16].replace("T", " "),
            each["device"]["label"] or "",
            each["device"]["id"],
            each["device"]["board"],
            each["device"]["image"],
            "passed" if each["passed"] else "FAILED",
        )
        for each in found
    ]
    return Result(lambda: [table(("At (UTC)", "Label", "Device", "Board", "Image", ""), rows)], lines=found)


@provision.command()
@click.argument("device", required=False, metavar="[DEVICE]", help="Only this device, by id or label.")
@RECORDS
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("labels.html"),
    help="The HTML file to write [labels.html].",
)
@click.pass_obj
def labels(settings: Settings, device: str | None, path: Path | None, output: Path) -> Result:
    """Make a sheet of labels: one for each device whose newest record says that it passed, 24 on A4 (63.5 x 33.9 mm).

    \b
    Example: dosebell provision labels --output labels.html
    """
    from dosebell.cli.output import Result, write_whole
    from dosebell.errors import DosebellError
    from dosebell.provisioning import labels, record

    newest = record.newest_by_device(_of(path, device)).values()
    passed = [each for each in newest if each["passed"]]
    if not passed:
        raise DosebellError("nothing-passed", path=str(path or record.default_path()))
    write_whole(output, labels.sheet(passed))
    data = {"labels": len(passed), "output": str(output), "devices": [each["device"]["id"] for each in passed]}
    return Result(lambda: [f"{output}: {len(passed)} labels. Print it on A4, at 100 %, without margins."], data)


def _of(path: Path | None, device: str | None) -> list[Record]:
    """The records of a device, by id or label (None: all). Errors: unreadable-file, record-altered, no-record."""
    from dosebell.errors import DosebellError
    from dosebell.provisioning import record

    where = path or record.default_path()
    found = [each for each in record.read(where) if device in (None, each["device"]["id"], each["device"]["label"])]
    if not found:
        raise DosebellError("no-record", path=str(where), value=device or "any device")
    return found
