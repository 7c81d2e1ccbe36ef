"""The check of the file that the application is imported from: the CRC at its end, in slices that delay nobody, after each check of the journal.

A boot has no time for it, and MicroPython checks nothing of what it imports: a cell that has changed would be found by what goes wrong, or never.
"""

import sys
from binascii import crc32

from micropython import const
from ustruct import unpack_from
from vfs import mount

import device as package

_BYTES_A_STEP = const(2048)  # read and summed within 1 ms
_CRC_BYTES = const(4)


class Check:
    """`step` is one of `chores`, and puts itself there again until all is read; then it says what was found. Nothing is read where there is no bundle."""

    def __init__(self, device, chores):
        self._device = device
        self._chores = chores
        self._file = None
        self._crc = 0
        self._at = 0
        for system, folder in mount():
            if folder == "/app":
                self._file = system.file
                self._end = self._file.seek(0, 2) - _CRC_BYTES
                self._buffer = memoryview(bytearray(_BYTES_A_STEP))

    def step(self):
        """A piece more."""
        damaged = False
        if self._file is not None:
            try:
                damaged = self._read()
            except OSError:  # littlefs's own marks are damaged
                damaged = True
        if damaged is None:
            self._chores.append(self.step)
            return
        del sys.modules["device.code_check"]  # until tomorrow
        del package.code_check
        keeper = self._device.keeper
        if damaged and not keeper.is_unwell("code"):
            now = self._device.clock.now()
            keeper.fault("code", "the application is damaged", now)
            keeper.unwell("code", True, now)
            self._device.change(now)
            self._device.tidy = True

    def _read(self):
        """None while there is more, else whether the file is damaged. It is the file that imports read from, so its place is set anew each time."""
        file = self._file
        file.seek(self._at)
        part = self._buffer[: min(_BYTES_A_STEP, self._end - self._at)]
        if part:
            self._at += len(part)
            if file.readinto(part) == len(part):
                self._crc = crc32(part, self._crc)
                return None
        last = self._buffer[:_CRC_BYTES]
        return file.readinto(last) != _CRC_BYTES or unpack_from("<I", last, 0)[0] != self._crc
