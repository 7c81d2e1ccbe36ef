"""Switches a display off when nobody will tell it what to show any more: an old countdown must not be taken for a true one."""

from device.drivers.i2c_bus import DISPLAY


def darken(bus):
    """Sends the one command, if there is somebody to take it."""
    try:
        bus.write(DISPLAY, b"\x00\xae")
    except OSError:
        pass
