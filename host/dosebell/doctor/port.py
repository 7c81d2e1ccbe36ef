"""Whether a port can be opened by this user, and who has it if it cannot."""

from __future__ import annotations

from dosebell.doctor.check import NOT_CHECKED, OK, WRONG, Check, failed
from dosebell.doctor.computer import INSTALL_RULE
from dosebell.doctor.system import System
from dosebell.errors import NO_DEVICE, DosebellError


def access(system: System, port: str) -> Check:
    """Whether the port's file is there and open to this user; if not, what is missing."""
    if "://" in port or not system.is_linux:
        return Check(port, "access", NOT_CHECKED, "no file here whose rights could be seen; opening it tells")
    path = system.path(port)
    try:
        group = system.group_of(path)
    except OSError:
        return failed(port, "access", DosebellError("no-such-port", port=port))
    if system.may_open(path):
        return Check(port, "access", OK, "you may open it")
    name = system.group_name(group)
    if group not in system.groups() and system.listed_in(group):
        return Check(
            port,
            "access",
            WRONG,
            f"you are in the group {name}, but not yet in this session",
            "Log out and log in again.",
            NO_DEVICE,
        )
    if system.rule() is not None:
        words = "you may not open it, although the rule is installed"
        mend = f"Unplug it and plug it in again; over ssh: sudo usermod -aG {name} $USER, then log in again."
    else:
        words = f"you may not open it: it belongs to the group {name}"
        mend = f"{INSTALL_RULE} (or: sudo usermod -aG {name} $USER, then log in again)"
    return Check(port, "access", WRONG, words, mend, NO_DEVICE)


def busy(system: System, port: str) -> Check:
    """Who has the port, as far as that may be seen."""
    held = system.holders(port)
    if any(name == "ModemManager" for _, name in held):
        return Check(port, "in use", WRONG, "ModemManager takes it for a modem", INSTALL_RULE, NO_DEVICE)
    if held:
        who = ", ".join(f"{name} (process {number})" for number, name in held)
        return Check(port, "in use", WRONG, f"{who} has it open", f"End that program: kill {held[0][0]}", NO_DEVICE)
    if any(name == "ModemManager" for _, name in system.processes()) and "ID_MM_DEVICE_IGNORE" not in (
        system.rule() or ""
    ):
        words = "a program of another user has it open, likely ModemManager"
        return Check(port, "in use", WRONG, words, INSTALL_RULE, NO_DEVICE)
    return Check(port, "in use", WRONG, "a program of another user has it open", f"sudo fuser -v {port}", NO_DEVICE)
