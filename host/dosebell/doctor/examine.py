"""The whole examination, from the computer to the device: what comes later rests on what came before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dosebell import transport
from dosebell.client import connect
from dosebell.doctor import computer, device, port, usb
from dosebell.doctor.check import WRONG, Check, failed
from dosebell.doctor.system import System
from dosebell.errors import DosebellError


def examine(system: System, named: str | None, timeout_s: float, archive: Path) -> Iterator[Check]:
    """Every check. named: the one port to look at, else every MicroPython board on the USB. timeout_s: for each answer of a device."""
    yield computer.version()
    yield computer.packages()
    yield computer.clock(system)
    yield computer.archive(archive)
    yield computer.udev_rule(system)
    yield computer.modem_manager(system)
    if named is None:
        seen, ports = usb.boards(system)
        yield from seen
    else:
        try:
            ports = [transport.resolve(named)]
        except DosebellError as err:
            yield failed(named, "port", err)
            yield from usb.boards(system)[0]
            return
        if "://" not in ports[0] and system.is_linux and not system.path(ports[0]).exists():
            yield from usb.boards(system)[0]
    for one in ports:
        yield from _port(system, one, timeout_s)


def _port(system: System, path: str, timeout_s: float) -> Iterator[Check]:
    rights = port.access(system, path)
    yield rights
    if rights.verdict == WRONG:
        return
    try:
        client = connect(str(system.path(path)) if system.is_linux and "://" not in path else path, timeout_s)
    except DosebellError as err:
        yield port.busy(system, path) if err.code == "port-busy" else failed(path, "answers", err, _mend(err))
        return
    with client:
        yield from device.examine(client, path)


def _mend(err: DosebellError) -> str:
    """The command, where the error's own advice names none."""
    return {
        "not-a-dosebell": "dosebell flash (hold BOOTSEL while plugging it in); a Dosebell in maintenance: switch it off and on",
        "protocol-too-old": "dosebell flash (or the `dosebell` that came with the firmware)",
        "protocol-too-new": "In a checkout of the firmware's version: make setup. Else: pip install that version of dosebell.",
    }.get(err.code, "")
