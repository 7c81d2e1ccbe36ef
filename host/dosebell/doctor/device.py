"""What a device says of itself that somebody should know: its firmware, its clock, its log, its technical alerts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dosebell
from dosebell import call_words, clock_sync
from dosebell.cli.status import SAFE_MODE, alert_name
from dosebell.client import Client
from dosebell.doctor.check import LOOK, OK, WRONG, Check, failed
from dosebell.errors import FAULT, DosebellError
from dosebell.times import span

# A device that is off by more is worth setting; one that is off by a minute tells wrong variances.
OFF_MS, FAR_OFF_MS = 2_000, 60_000
NEARLY_FULL_PERCENT = 80
TECHNICAL = ("clock-lost", "journal-fault", "self-test-failed", "stuck-button", "maintenance")
BUILT = Path(dosebell.__file__).parents[2] / "build"  # of a checkout
_PULL = "dosebell log pull"


def examine(client: Client, about: str, built: Path = BUILT) -> Iterator[Check]:
    """The checks of one device that has answered `hello`. about: its port. built: where images built here are described."""
    try:
        identity = client.identity
        name = ", ".join(part for part in (identity["label"], identity["id"]) if part)
        yield Check(about, "device", OK, f"Dosebell {name}, board {identity['board']}")
        yield _firmware(about, identity)
        yield _image(about, identity, built)
        status = client.ask("status")
        yield _setup(about, status)
        yield from _alerts(about, status)
        yield _clock(about, client)
        yield _battery(about, status)
        yield _journal(about, status["journal"])
    except DosebellError as err:
        yield failed(about, "answers", err)
    except (LookupError, TypeError, ValueError) as err:
        yield failed(about, "answers", DosebellError("bad-answer", detail=f"{type(err).__name__}: {err}"))


def _firmware(about: str, identity: dict[str, Any]) -> Check:
    here, there = dosebell.__version__, identity["firmware"]
    words = f"firmware {there}, MicroPython {identity['micropython']}, protocol {identity['protocol']}"
    if there != here:
        words += f"; this command is {here}; the two understand each other"
        return Check(about, "firmware", LOOK, words, "dosebell flash (or the `dosebell` that came with the firmware)")
    return Check(about, "firmware", OK, words)


def _image(about: str, identity: dict[str, Any], built: Path) -> Check:
    """Against the image that was built here, if one was."""
    there = str(identity["image"])
    try:
        here = str(json.loads((built / f"dosebell-{identity['board']}.json").read_text())["image_hash"])
    except (OSError, ValueError, LookupError, TypeError):
        return Check(about, "image", OK, f"{there}; no image was built here to compare it with")
    if here != there:
        return Check(about, "image", LOOK, f"{there}, while the image built here is {here}", "dosebell flash")
    return Check(about, "image", OK, f"{there}, the one built here")


def _setup(about: str, status: dict[str, Any]) -> Check:
    if status["device"].get("safe_mode"):
        mend = f"{_PULL}; then switch it off and on, and have biomed look at the board"
        return Check(about, "mode", WRONG, f"SAFE MODE: {SAFE_MODE}", mend, FAULT)
    if status["device"]["bench"]:
        return Check(
            about, "mode", LOOK, "BENCH: minutes are seconds here; not for a patient", "dosebell configure hd-il2"
        )
    if status["course"]["regimen"] is None:
        return Check(about, "mode", LOOK, "it has no regimen yet", "dosebell configure hd-il2")
    return Check(about, "mode", OK, f"in service, {status['course']['regimen']}, {status['course']['state']}")


def _alerts(about: str, status: dict[str, Any]) -> Iterator[Check]:
    """Those that are about the device; a course's own alerts are for the nurse."""
    standing = [alert for alert in status["alerts"] if alert["condition"] in TECHNICAL]
    for alert in standing:
        call = call_words.CONDITIONS[alert["condition"]]
        yield Check(about, "alert", WRONG, f"{alert_name(alert)} stands; it ends: {call.ends}", call.todo, FAULT)
    if not standing:
        yield Check(about, "alerts", OK, "no technical alert stands")


def _clock(about: str, client: Client) -> Check:
    one = clock_sync.best(client)
    if one.device_utc is None:
        return Check(about, "clock", WRONG, "it was never set since the power came on", "dosebell clock sync", FAULT)
    ahead = (one.device_utc[0] - one.utc[0]) * 1000 + one.device_utc[1] - one.utc[1]
    way = "ahead of" if ahead > 0 else "behind"
    if abs(ahead) <= OFF_MS + one.bound_ms:
        return Check(about, "clock", OK, f"{abs(ahead)} ms {way} this computer's, {one.quality}")
    words = f"{span(abs(ahead) // 1000)} {way} this computer's ({ahead:+d} ms)"
    if abs(ahead) > FAR_OFF_MS:
        return Check(about, "clock", WRONG, words, "dosebell clock sync, once this computer's clock is right", FAULT)
    return Check(about, "clock", LOOK, words, "dosebell clock sync")


def _battery(about: str, status: dict[str, Any]) -> Check:
    if status["clock"]["battery"]:
        return Check(about, "clock battery", OK, "the clock goes on without power")
    words = "none: after a power loss it does not know the time, and calls until it is set"
    return Check(
        about,
        "clock battery",
        LOOK,
        words,
        "Wire a DS3231 with a battery to its bus, or keep `dosebell clock sync` at hand.",
    )


def _journal(about: str, journal: dict[str, Any]) -> Check:
    waiting = journal["last_seq"] - journal["exported_seq"]
    percent = 100 * waiting // max(1, journal["capacity"])
    words = f"{waiting} events not pulled yet, {percent} % of its room"
    if journal["faults"]:
        faults = f"{journal['faults']} times the flash did not take what was written or erased; {words}"
        return Check(about, "journal", LOOK, faults, f"{_PULL}; have biomed look at the board")
    if percent >= NEARLY_FULL_PERCENT:
        return Check(about, "journal", LOOK, f"nearly full: {words}", _PULL)
    return Check(about, "journal", OK, words)
