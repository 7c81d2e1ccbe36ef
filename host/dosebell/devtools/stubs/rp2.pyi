"""The part of MicroPython's `rp2` that Dosebell uses; the published stubs do not know `Flash(start=, len=)`."""

class Flash:
    def __init__(self, *, start: int = -1, len: int = -1) -> None:
        """Raw flash. `start` counts from the start of the filesystem, not of the flash; both are in bytes."""
    def readblocks(self, block_num: int, buf: bytearray | memoryview, offset: int = 0) -> None: ...
    def writeblocks(self, block_num: int, buf: bytes | bytearray | memoryview, offset: int = ...) -> None:
        """Without `offset` erases the blocks and programs them; with it only programs.

        Always whole pages of 256 bytes: the flash is given what lies behind a shorter buffer. 0xFF leaves a byte as it is.
        """
    def ioctl(self, cmd: int, arg: int) -> int | None: ...
    def __buffer__(self, flags: int, /) -> memoryview:
        """Reads flash in place, without a copy."""

def bootsel_button() -> int: ...
