"""The USB host of the emulated Pico: its serial port, and what hosts do to devices (stall, suspend, pull the cable)."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rp2040py.usb.cdc import USBCDC

if TYPE_CHECKING:
    from dosebell.sim.pico import Pico

PACKET_US = 60  # a 64-byte bulk packet and its handshake at full speed
NEVER_US = 10**12
START_OF_FRAME = 1 << 17
SIE_STATUS_SUSPENDED = 1 << 4
MAIN_CTRL, SIE_CTRL, USB_MUXING, USB_PWR, INTE = 0x40, 0x4C, 0x74, 0x78, 0x90
# The emulator sends no start-of-frame to a device; MicroPython's output waits for about 18 of them after an opening.
FRAMES_AFTER_OPENING = 40
FRAME_NS = 1_000_000


class _Cdc(USBCDC):
    """The library's serial host, which asks for more bytes when the device has taken some."""

    refill: Callable[[], None] | None = None

    def _complete_out_read(self, size: int) -> None:
        super()._complete_out_read(size)
        if self.refill is not None:
            self.refill()


class UsbHost:
    """The computer at the other end of the cable.

    `out` holds every byte that the device has sent (the caller may clear it); `on_output`, if set, is called with each
    packet as it comes, `on_enumerated` when the host knows the device. The port counts as opened from the start; `open_port` and
    `close_port` move DTR as a program would.
    """

    def __init__(self, pico: "Pico", plugged: bool) -> None:
        self._pico = pico
        self._controller: Any = pico.mcu.usb_ctrl
        self.out = bytearray()
        self.on_output: Callable[[bytes], None] | None = None
        self.on_enumerated: Callable[[], None] | None = None
        self.opened = True
        self.plugged = False
        self._pending: deque[int] = deque()
        self._cdc: _Cdc | None = None
        self._frames_left = 0
        self._stalled_until = 0.0
        self._frame = pico.clock.create_alarm(self._start_of_frame)
        self._lines = pico.clock.create_alarm(self._set_lines)
        self._set_packet_time(PACKET_US)
        if plugged:
            self._attach()

    # -- bytes
    def send(self, data: bytes) -> None:
        """Hand bytes to the host's driver; they reach the device as fast as it takes them. Lost while unplugged."""
        if self.plugged:
            self._pending.extend(data)
            self._refill()

    @property
    def unsent(self) -> int:
        """Bytes that the device has not taken yet."""
        return len(self._pending) + (self._cdc.tx_fifo.item_count if self._cdc is not None else 0)

    def _refill(self) -> None:
        if self._cdc is None:
            return
        fifo = self._cdc.tx_fifo
        for _ in range(min(len(self._pending), fifo.size - fifo.item_count)):
            self._cdc.send_serial_byte(self._pending.popleft())

    def _received(self, data: bytes | bytearray) -> None:
        self.out += data
        if self.on_output is not None:
            self.on_output(bytes(data))

    # -- the port
    def open_port(self) -> None:
        """A program opens the serial port: DTR and RTS on."""
        self._move_port(True)

    def close_port(self) -> None:
        """The program closes it: DTR and RTS off. What it has written is still delivered."""
        self._move_port(False)

    def _move_port(self, opened: bool) -> None:
        self.opened = opened
        if self._cdc is not None and self._cdc._initialized:
            self._set_lines()

    def _set_lines(self) -> None:
        if self._cdc is not None and self._cdc._initialized:
            self._cdc.set_control_lines(dtr=self.opened, rts=self.opened)
            if self.opened:
                self._count_frames()

    def _enumerated(self) -> None:
        if self.on_enumerated is not None:
            self.on_enumerated()
        # The library raises DTR itself at this moment; a host whose port is closed lowers it in the next frame.
        self._count_frames()
        if not self.opened:
            self._lines.schedule(FRAME_NS)

    def _count_frames(self) -> None:
        self._frames_left = FRAMES_AFTER_OPENING
        self._frame.schedule(FRAME_NS)

    def _start_of_frame(self) -> None:
        self._frames_left -= 1
        if self._controller._int_enable & START_OF_FRAME:
            self._controller._int_raw |= START_OF_FRAME
            self._controller.check_interrupts()
        # One that comes while interrupts are off counts for those before it: the firmware says when it has had enough.
        if self._frames_left > 0 or self._controller._int_enable & START_OF_FRAME:
            self._frame.schedule(FRAME_NS)

    # -- the cable, and hosts that misbehave
    def _attach(self) -> None:
        self.plugged = True
        self._cdc = _Cdc(self._controller)
        self._cdc.refill = self._refill
        self._cdc.on_serial_data = self._received
        self._cdc.on_device_connected = self._enumerated

    def _set_packet_time(self, micros: int) -> None:
        self._controller.write_delay_microseconds = micros
        self._controller.read_delay_microseconds = PACKET_US

    def stall(self, seconds: float) -> None:
        """The port stays open and nobody reads for `seconds`: a packet sent meanwhile waits that long."""
        self._set_packet_time(round(seconds * 1e6))
        self._stalled_until = self._pico.now + seconds
        self._pico.at(self._stalled_until, lambda: self._set_packet_time(PACKET_US if self.plugged else NEVER_US))

    @property
    def stalled(self) -> bool:
        """True during a `stall`."""
        return self._pico.now < self._stalled_until

    def slow(self, packet_us: int = PACKET_US) -> None:
        """From now on a packet of the device takes `packet_us`; the default is a healthy host."""
        self._set_packet_time(packet_us)

    def hurry(self) -> None:
        """From now on packets take no time: a host that no real one is as fast as, so that nothing is too late that could come."""
        self._controller.write_delay_microseconds = self._controller.read_delay_microseconds = 0

    def unplug(self) -> None:
        """Pull the cable: the bus goes silent with the port still open. The board keeps its power."""
        self.plugged = False
        self._pending.clear()
        if self._cdc is not None:
            self._cdc.tx_fifo.reset()
        self._set_packet_time(NEVER_US)
        self._controller._sie_status |= SIE_STATUS_SUSPENDED
        self._controller._sie_status_updated()

    def suspend(self) -> None:
        """The host falls asleep with the port open. The device sees the same: no frames, no packets."""
        self.unplug()

    def replug(self) -> None:
        """Put the cable back: a bus reset, a new enumeration, a port that nobody has opened yet. Old packets are lost."""
        self.opened = False
        if self.in_loader:  # which has no serial port to be enumerated
            self.plugged = True
            self._set_packet_time(PACKET_US)
            self._controller._sie_status &= ~SIE_STATUS_SUSPENDED
        else:
            self._enumerate()

    def resume(self) -> None:
        """The host wakes up and enumerates its devices anew; the port is open as before."""
        self._enumerate()

    def _enumerate(self) -> None:
        usb = self._controller
        if self._cdc is None:
            self._attach()
        self.plugged = True
        # The library cannot drop a packet in flight except by a reset of the controller, which the firmware must not
        # notice: its own set-up is put back. Switching the controller on makes the host begin with a bus reset.
        kept = {register: usb.read_uint32(register) for register in (SIE_CTRL, USB_MUXING, USB_PWR, INTE)}
        main = usb.read_uint32(MAIN_CTRL)
        assert self._cdc is not None
        self._cdc.reset()
        self._set_packet_time(PACKET_US)
        for register, value in kept.items():
            usb.write_uint32(register, value)
        usb.write_uint32(MAIN_CTRL, main)

    def enter_loader(self) -> None:
        """The chip is in its loader now: the serial port is gone, and nobody has the next one open."""
        self.opened = False

    @property
    def in_loader(self) -> bool:
        """Whether the chip is in its loader: it is a drive then, and has no serial port."""
        return self._pico.loader is not None

    @property
    def enumerated(self) -> bool:
        """Whether there is a serial port that the host knows."""
        return self.plugged and self._cdc is not None and bool(self._cdc._initialized)

    def device_reset(self) -> None:
        """The chip was reset: it left the bus, and what the host had not delivered is lost."""
        self._pending.clear()
        self._frame.cancel()
        self._lines.cancel()
