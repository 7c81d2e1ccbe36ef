"""What of this computer matters to every device: Python and its packages, the clock, the archive, udev and ModemManager."""

from __future__ import annotations

import os
import platform
from importlib import metadata, resources
from pathlib import Path

from dosebell import __version__
from dosebell.clock_sync import EARLIEST_YEAR
from dosebell.doctor.check import LOOK, NOT_CHECKED, OK, WRONG, Check, failed
from dosebell.doctor.system import RULES, System
from dosebell.errors import DAMAGED, USAGE, DosebellError

HERE = "this computer"
INSTALL_RULE = (
    f"dosebell doctor --udev | sudo tee /etc/udev/rules.d/{RULES}; sudo udevadm control --reload; sudo udevadm trigger"
)
_SYNC_CLOCK = "sudo timedatectl set-ntp true"


def rule_text() -> str:
    """The udev rule that comes with this version."""
    return resources.files("dosebell").joinpath("data", RULES).read_text(encoding="utf-8")


def version() -> Check:
    """Which command this is, on which Python."""
    return Check(HERE, "version", OK, f"dosebell {__version__}, Python {platform.python_version()}")


def packages() -> Check:
    """Whether the packages installed are those that this version was tested with, and which extras are there."""
    try:
        wanted = metadata.requires("dosebell") or []
    except metadata.PackageNotFoundError:
        return Check(
            HERE, "packages", NOT_CHECKED, "dosebell is not installed as a package here, but run from its files"
        )
    other: list[str] = []
    whole: list[str] = []
    absent: list[str] = []
    for extra in ("", "sim", "image"):
        pins = [line.split(";")[0].strip() for line in wanted if _extra(line) == extra and "==" in line.split(";")[0]]
        found = {pin: _installed(pin.split("==")[0]) for pin in pins}
        different = [f"{pin} (here: {here or 'none'})" for pin, here in found.items() if here != pin.split("==")[1]]
        if extra and all(here is None for here in found.values()):
            absent.append(extra)
            continue
        whole += [extra] if extra else []
        other += different
    if other:
        extras = f"[{','.join(whole)}]" if whole else ""
        return Check(
            HERE,
            "packages",
            LOOK,
            f"not those that it was tested with: {', '.join(other)}",
            f"make setup (in a checkout), else: pip install 'dosebell{extras}=={__version__}'",
        )
    words = "as tested" + (f", with the extras {' and '.join(whole)}" if whole else "")
    if absent:
        words += f"; without {' and '.join(absent)}, {' and '.join(_WHY[extra] for extra in absent)}"
    return Check(HERE, "packages", OK, words)


_WHY = {"sim": "which only emulates boards", "image": "which only builds images"}


def _extra(requirement: str) -> str:
    """The extra that a requirement belongs to; "" for what is always needed."""
    _, _, marker = requirement.partition("extra ==")
    return marker.strip().strip("\"'")


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def clock(system: System) -> Check:
    """Whether this computer's clock, which devices are set from, can be believed."""
    now = system.now()
    shown = f"{now:%Y-%m-%d %H:%M} UTC"
    if now.year < EARLIEST_YEAR:
        return Check(HERE, "clock", WRONG, f"{shown}, which cannot be right", "Set this computer's clock.", USAGE)
    synchronised = system.synchronised() if system.is_linux else None
    if synchronised is None:
        return Check(HERE, "clock", NOT_CHECKED, f"{shown}; whether it is synchronised cannot be asked on this system")
    if not synchronised:
        return Check(HERE, "clock", LOOK, f"{shown}, not synchronised: devices are set from it", _SYNC_CLOCK)
    return Check(HERE, "clock", OK, f"{shown}, synchronised")


def archive(path: Path) -> Check:
    """Whether the archive is whole and can be written."""
    from dosebell.archive import Archive

    folder = next((one for one in path.parents if one.exists()), path.parent)
    if not path.exists():
        if os.access(folder, os.W_OK):
            return Check(HERE, "archive", OK, f"none yet; `dosebell log pull` makes {path}")
        return Check(HERE, "archive", WRONG, f"{folder} cannot be written", "Name another file with --archive.", USAGE)
    try:
        with Archive(path, create=False) as opened:
            devices = {journal.device for journal in opened.journals()}
            whole = opened.sound()
    except DosebellError as err:
        if err.code == "archive-empty":
            return Check(HERE, "archive", OK, f"{path} holds no log yet")
        return (
            Check(HERE, "archive", LOOK, err.sentence, err.advice)
            if err.code == "archive-busy"
            else failed(HERE, "archive", err)
        )
    if not whole:
        return Check(
            HERE, "archive", WRONG, f"{path} is damaged", "Keep a copy of it, then `dosebell log verify`.", DAMAGED
        )
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        return Check(
            HERE, "archive", WRONG, f"{path} may only be read", f"sudo chown $USER '{path.parent}' '{path}'", USAGE
        )
    return Check(
        HERE,
        "archive",
        OK,
        f"{path}, {len(devices)} device{'' if len(devices) == 1 else 's'}; `dosebell log verify` proves it",
    )


def udev_rule(system: System) -> Check:
    """Whether the rule is in force that gives access, and keeps ModemManager away."""
    if not system.is_linux:
        return Check(HERE, "udev rule", NOT_CHECKED, "there is no udev on this system")
    if not system.path("/run/udev").is_dir():
        return Check(HERE, "udev rule", NOT_CHECKED, "udev does not run here, as in most containers")
    rule = system.rule()
    if rule is None:
        return Check(
            HERE,
            "udev rule",
            LOOK,
            "not installed: it gives access to boards, and keeps ModemManager away",
            INSTALL_RULE,
        )
    if _matter(rule) != _matter(rule_text()):
        return Check(HERE, "udev rule", LOOK, "not the one that comes with this version", INSTALL_RULE)
    return Check(HERE, "udev rule", OK, "installed")


def _matter(rule: str) -> list[str]:
    """The lines that udev obeys."""
    return [line.strip() for line in rule.splitlines() if line.strip() and not line.startswith("#")]


def modem_manager(system: System) -> Check:
    """Whether ModemManager may write to a board that is plugged in."""
    if not system.is_linux:
        return Check(HERE, "ModemManager", NOT_CHECKED, "there is none on this system")
    if not any(name == "ModemManager" for _, name in system.processes()):
        return Check(HERE, "ModemManager", OK, "does not run")
    rule = system.rule()
    if rule is None or "ID_MM_DEVICE_IGNORE" not in rule:
        return Check(
            HERE,
            "ModemManager",
            LOOK,
            "runs, and takes each board that is plugged in for a modem for half a minute",
            INSTALL_RULE,
        )
    return Check(HERE, "ModemManager", OK, "runs, and is told to leave boards alone")
