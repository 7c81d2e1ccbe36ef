"""A pseudo-terminal that any program opens as the emulated board's USB serial port.

Whether a program has the port open is seen on the pseudo-terminal and handed on as DTR. Pulling the cable closes it:
the program gets the error that a real port gives, and the next port may have another path (`link` stays the same).
"""

import errno
import os
import pty
import select
import time
import tty
from collections.abc import Callable
from pathlib import Path

from dosebell.sim.usb import PACKET_US, UsbHost

READ_SIZE = 4096
# A program that does not read: beyond this much a packet takes longer than MicroPython waits for it (500 ms).
UNREAD_LIMIT = 4096
UNREAD_PACKET_US = 600_000


class SerialPort:
    """Moves bytes between a pseudo-terminal and the emulated USB host. It takes no time itself: see `timekeeper`.

    `path`: what a program opens; None while the cable is out. `bytes_in`, `bytes_out`: to the device and from it.
    """

    def __init__(self, usb: UsbHost, link: Path | None = None) -> None:
        self._link = link
        self._master = -1
        self.path: str | None = None
        self.bytes_in = 0
        self.bytes_out = 0
        self.on_answer: Callable[[bytes], None] | None = None
        self._unread = bytearray()
        self._loading = False
        self._usb = usb
        self.appear()
        self.attach(usb)

    # -- the cable
    def attach(self, usb: UsbHost) -> None:
        """Serve `usb` from now on: the host's side of a new power-on life."""
        self._usb = usb
        usb.on_output = self._from_device
        usb.close_port()

    def appear(self) -> None:
        """The port comes into being, as on plugging in."""
        if self.path is not None:
            return
        self._master, slave = pty.openpty()
        tty.setraw(slave)  # holds while the master is open, also for a program that does not set the line up itself
        self.path = os.ttyname(slave)
        os.close(slave)  # so that the last close by a program shows as a hang-up
        os.set_blocking(self._master, False)
        if self._link is not None:
            temporary = self._link.with_name(self._link.name + ".new")
            temporary.unlink(missing_ok=True)
            temporary.symlink_to(self.path)
            temporary.replace(self._link)

    def vanish(self) -> None:
        """The port is gone, as on unplugging: a program that has it open gets an error."""
        if self.path is None:
            return
        os.close(self._master)
        self._master = -1
        self.path = None
        self._unread.clear()
        self._usb.close_port()
        if self._link is not None:
            self._link.unlink(missing_ok=True)

    close = vanish

    def _follow_loader(self) -> None:
        """A board in its loader has no serial port; it has one again when the firmware has told the host who it is."""
        if self._usb.in_loader:
            self._loading = True
            self.vanish()
        elif self._loading and self._usb.enumerated:
            self._loading = False
            self.appear()

    # -- bytes
    @property
    def opened(self) -> bool:
        """Whether a program had the port open when that was last looked at."""
        return self._usb.opened

    def _from_device(self, data: bytes) -> None:
        self.bytes_out += len(data)
        if self.on_answer is not None:
            self.on_answer(data)
        if self._usb.opened:  # without a reader a kernel drops what the device says
            self._unread += data

    def service(self, wait_s: float = 0.0) -> bool:
        """Move what there is both ways, waiting up to `wait_s` of real time for the program. True if anything came."""
        self._follow_loader()
        if self.path is None:
            time.sleep(wait_s)
            return False
        poll = select.poll()
        poll.register(self._master, select.POLLIN)
        events = poll.poll(0)
        if wait_s and self._idle(events):
            if self._hung_up(events):
                time.sleep(wait_s)  # a hang-up is reported at once, for ever
                events = poll.poll(0)
            else:
                events = poll.poll(wait_s * 1000)
        came = self._follow_port(events) or self._to_device()
        self.flush()
        return came

    def _idle(self, events: list[tuple[int, int]]) -> bool:
        return not self._unread and not any(event & select.POLLIN for _, event in events)

    @staticmethod
    def _hung_up(events: list[tuple[int, int]]) -> bool:
        return any(event & select.POLLHUP for _, event in events)

    def _follow_port(self, events: list[tuple[int, int]]) -> bool:
        """Open or close the port as the program has: before its first byte, after its last one. True if that changed."""
        opened = not self._hung_up(events) or any(event & select.POLLIN for _, event in events)
        if opened == self._usb.opened:
            return False
        if opened:
            self._usb.open_port()
        else:
            self._unread.clear()
            self._usb.close_port()
        return True

    def _to_device(self) -> bool:
        came = False
        while self._usb.unsent < READ_SIZE:
            try:
                data = os.read(self._master, READ_SIZE)
            except BlockingIOError:
                break
            except OSError as error:
                if error.errno != errno.EIO:  # EIO: no program has the port open
                    raise
                break
            if not data:
                break
            came = True
            self.bytes_in += len(data)
            self._usb.send(data)
        return came

    def flush(self) -> None:
        """Hand the program what the device has said, as much as it takes."""
        if self._unread and self.path is not None:
            try:
                del self._unread[: os.write(self._master, self._unread)]
            except BlockingIOError:
                pass
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
        if self._usb.plugged and not self._usb.stalled:
            self._usb.slow(UNREAD_PACKET_US if len(self._unread) > UNREAD_LIMIT else PACKET_US)
