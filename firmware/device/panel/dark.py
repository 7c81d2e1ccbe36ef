"""Switches a display off when nobody will tell it what to show any more: an old countdown must not be taken for a true one."""


def darken(bus):
    """Sends the one command, if there is somebody to take it."""
    try:
        bus.write(0x3C, b"\x00\xae")
    except OSError:
        pass
