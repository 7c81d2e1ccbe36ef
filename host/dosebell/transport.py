"""Serial ports: finding boards, opening one for ourselves alone, reading lines with a deadline. Errors come as one code each."""

from __future__ import annotations

import errno
import os
import time
from typing import Any, NamedTuple

import serial  # type: ignore[import-untyped]

from dosebell.errors import DosebellError

# Any MicroPython board in service mode; only `hello` tells a Dosebell from another one.
VENDOR, PRODUCT = 0x2E8A, 0x0005
PORTS_VARIABLE = "DOSEBELL_PORTS"
POLL_S = 0.05
WRITE_S = 1.0
NOISE_MAX = 4096
# How long a port is waited for that another program has open: `watch` has it for some ms at a time.
BUSY_S = 0.6


class Found(NamedTuple):
    """A serial port of this computer. `board`: whether it is a MicroPython board, so that asking it `hello` is no intrusion. `location`: where it hangs
    on the USB ("1-1.4": bus, then the ports of the hubs), "" where that is not known."""

    path: str
    serial_number: str
    description: str
    board: bool
    location: str = ""


def found() -> list[Found]:
    """The USB serial ports of this computer, in the order of their paths, and those of DOSEBELL_PORTS."""
    from serial.tools import list_ports  # type: ignore[import-untyped]

    ports = sorted((port for port in list_ports.comports() if port.vid is not None), key=lambda port: str(port.device))
    return [
        Found(
            port.device,
            port.serial_number or "",
            port.description or "",
            (port.vid, port.pid) == (VENDOR, PRODUCT),
            (port.location or "").partition(":")[0],
        )
        for port in ports
    ] + _linked()


def _linked() -> list[Found]:
    """Boards that the system does not list, such as emulated ones: DOSEBELL_PORTS names a folder of links to their ports, called by serial number."""
    folder = os.environ.get(PORTS_VARIABLE)
    if not folder:
        return []
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    paths = ((os.path.join(folder, name), name) for name in names)
    return [Found(path, name, f"linked in {folder}", True) for path, name in paths if os.path.exists(path)]


def resolve(name: str) -> str:
    """The port that `name` means: a pyserial URL, a device path, or a USB serial number. Errors: no-such-port."""
    if "://" in name or os.sep in name or os.path.exists(name) or name.upper().startswith("COM"):
        return name
    for port in found():
        if port.serial_number and port.serial_number.lower() == name.lower():
            return port.path
    raise DosebellError("no-such-port", port=name)


def _open_error(name: str, err: OSError | ValueError) -> DosebellError:
    """The code for an exception of opening. pyserial hides the number of some errors in the chain behind its own exception."""
    number = getattr(err, "errno", None)
    behind = err.__context__
    if number is None and isinstance(behind, OSError):
        number = behind.errno
    if number in (errno.EACCES, errno.EPERM):
        return DosebellError("no-permission", port=name)
    if number in (errno.EBUSY, errno.EAGAIN) or "exclusively lock" in str(err):
        return DosebellError("port-busy", port=name)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.ECONNREFUSED, errno.EIO) or isinstance(
        behind, TimeoutError
    ):
        return DosebellError("no-such-port", port=name)
    return DosebellError("not-a-port", port=name, detail=os.strerror(number) if number else str(err))


class Port:
    """An open port, ours alone."""

    def __init__(self, name: str, busy_s: float = BUSY_S) -> None:
        """Open `name` (path or URL), which is waited for `busy_s` if another program has it. Errors: no-such-port, no-permission, port-busy, not-a-port."""
        self.name = name
        self._dropped = 0
        self._heard = bytearray()
        patience = time.monotonic() + busy_s
        while True:
            try:
                self._serial = self._open(name)
                return
            except DosebellError as err:
                if err.code != "port-busy" or time.monotonic() >= patience:
                    raise
            time.sleep(POLL_S)

    @staticmethod
    def _open(name: str) -> Any:
        if "://" in name:
            from serial.urlhandler import protocol_socket  # type: ignore[import-untyped]

            protocol_socket.POLL_TIMEOUT = 2  # pyserial's own 5 s would break our promise of a clear error within 5 s
        try:
            return serial.serial_for_url(name, timeout=POLL_S, write_timeout=WRITE_S, exclusive=True)
        except (OSError, ValueError) as err:  # SerialException is an OSError
            raise _open_error(name, err) from err
        except Exception as err:
            # termios.error, for a path that is no terminal, derives from Exception alone and does not exist on Windows.
            if type(err).__name__ != "error":
                raise
            raise DosebellError("not-a-port", port=name, detail="it is no terminal") from err

    def write(self, data: bytes) -> bool:
        """Send `data`. False when the device does not take it within a second. Errors: unplugged."""
        try:
            self._serial.write(data)
        except serial.SerialTimeoutException:
            return False
        except OSError as err:
            raise DosebellError("unplugged", port=self.name) from err
        return True

    def read_line(self, deadline: float) -> bytes | None:
        """The next line without its `\\n`, or None when there is none by `deadline` (of time.monotonic). Errors: unplugged."""
        while True:
            end = self._heard.find(b"\n")
            if end >= 0:
                line = bytes(self._heard[:end])
                del self._heard[: end + 1]
                return line
            if len(self._heard) > NOISE_MAX:
                self._dropped += len(self._heard)
                self._heard.clear()
            if time.monotonic() >= deadline:
                return None
            try:
                self._heard += self._serial.read(max(1, min(self._serial.in_waiting, NOISE_MAX)))
            except (OSError, TypeError) as err:  # TypeError: pyserial, when another thread closed the port
                raise DosebellError("unplugged", port=self.name) from err

    def unended(self) -> int:
        """Bytes heard so far that belong to no whole line."""
        return self._dropped + len(self._heard)

    def close(self) -> None:
        try:
            self._serial.close()
        except OSError:
            return  # it is gone, which is what was wanted
