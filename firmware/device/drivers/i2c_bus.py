"""The I2C bus of the optional parts. None can hold the loop up: a transfer takes at most 2 ms, and a line that is held low is seen before it is tried."""

from machine import I2C, Pin

CLOCK_CHIP = 0x68  # the one address of a DS3231
DISPLAY = 0x3C  # the usual one of an SSD1306
_HZ = 400_000
_TIMEOUT_US = 2000  # of one transfer: room for 80 bytes; MicroPython's 50 ms would delay an alert


class Bus:
    """held: whether the last transfer found a line held low. Transfers raise OSError when the part does not answer, or the bus is held."""

    def __init__(self, wires):
        """wires: `id`, `sda` and `scl` of the board file."""
        self._wires = wires
        self._i2c = None
        self.held = False

    def read_into(self, address, register, buffer):
        """Fills `buffer` with the part's registers from `register` on."""
        self._transfer("readfrom_mem_into", address, register, buffer)

    def write(self, address, data):
        """data: bytes, the number of the first register before its value."""
        self._transfer("writeto", address, data)

    def answers(self, address):
        """Whether a part answers there."""
        try:
            self.read_into(address, 0, bytearray(1))
        except OSError:
            return False
        return True

    def _transfer(self, name, *arguments):
        wires = self._wires
        sda, scl = Pin(wires["sda"]), Pin(wires["scl"])
        i2c, self._i2c = self._i2c, None  # after a failure the bus is set up anew
        if i2c is None:
            i2c = self._set_up(sda, scl)
        self.held = not (sda.value() and scl.value())
        if self.held:
            from device.drivers.i2c_rescue import free

            self.held = not free(sda, scl)
            if self.held:
                raise OSError
            i2c = self._set_up(sda, scl)
        getattr(i2c, name)(*arguments)
        self._i2c = i2c

    def _set_up(self, sda, scl):
        return I2C(self._wires["id"], sda=sda, scl=scl, freq=_HZ, timeout=_TIMEOUT_US)  # type: ignore[call-overload]
