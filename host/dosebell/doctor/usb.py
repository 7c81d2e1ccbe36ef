"""Which boards are on the USB, and in which state: in service, in the loader, without a serial port, or none at all."""

from __future__ import annotations

from dosebell.doctor.check import LOOK, NOT_CHECKED, OK, WRONG, Check
from dosebell.doctor.system import System, UsbDevice
from dosebell.errors import NO_DEVICE

USB = "USB"
RASPBERRY, SERVICE, LOADER = "2e8a", "0005", "0003"


def boards(system: System) -> tuple[list[Check], list[str]]:
    """What is found, and the ports of the boards in service, as paths."""
    found = system.usb() if system.is_linux else None
    if found is None:
        return _without_sysfs()
    ours = [device for device in found if device.vendor == RASPBERRY]
    if not ours:
        return [_none(bool(found))], []
    checks: list[Check] = []
    ports: list[str] = []
    for device in ours:
        checks.append(_board(device))
        if device.product == SERVICE:
            ports += [f"/dev/{tty}" for tty in device.ttys]
    return checks, ports


def _none(others: bool) -> Check:
    """No board: also what a cable without data lines looks like, and nothing can tell the two apart."""
    words = "no board is seen" + ("" if others else ", nor anything else")
    return Check(
        USB,
        "boards",
        WRONG,
        f"{words}; a board that has power but is not seen hangs on a charge-only cable",
        "Plug the board straight into this computer, with a cable that carries data; then `lsusb -d 2e8a:` shows it.",
        NO_DEVICE,
    )


def _board(device: UsbDevice) -> Check:
    name = f"board at {device.place}"
    if device.product == LOADER:
        return Check(USB, name, WRONG, "waits in its loader for an image (BOOTSEL)", "dosebell flash", NO_DEVICE)
    if device.product != SERVICE:
        words = f"{device.name or 'a board'} ({device.vendor}:{device.product}) runs something else than MicroPython"
        return Check(
            USB, name, LOOK, words, "To make it a Dosebell: hold BOOTSEL while plugging it in, then `dosebell flash`."
        )
    if not device.ttys:
        return Check(
            USB, name, WRONG, "has no serial port: the driver cdc_acm is not there", "sudo modprobe cdc_acm", NO_DEVICE
        )
    return Check(
        USB,
        name,
        OK,
        f"runs MicroPython, {', '.join(f'/dev/{tty}' for tty in device.ttys)}, serial number {device.serial}",
    )


def _without_sysfs() -> tuple[list[Check], list[str]]:
    """Where only serial ports can be seen (macOS, Windows, most containers): a board in its loader has none."""
    from dosebell import transport

    ports = [port.path for port in transport.found() if port.board]
    loader = Check(USB, "loader", NOT_CHECKED, "a board that waits in its loader cannot be seen on this system")
    if not ports:
        return [_none(True), loader], []
    return [*(Check(USB, "board", OK, f"runs MicroPython, {port}") for port in ports), loader], ports
