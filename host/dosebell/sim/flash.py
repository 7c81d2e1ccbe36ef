"""The flash chip as a tester sees it: operations counted and timed, power cut at the k-th, writes that do not take.

Stands in the register window of the SSI block, through which the firmware sends every erase and program command (reads
go through the memory map and cost nothing here). Answers the unique id too, which the emulator does not.
"""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from dosebell.sim.pico import Pico

SSI_WINDOW = 0x18000
DATA_FIRST, DATA_LAST = 0x60, 0xEC  # 36 addresses of the one data register
PROGRAM, SECTOR_ERASE, BLOCK_ERASE, READ_STATUS, READ_UNIQUE_ID = 0x02, 0x20, 0xD8, 0x05, 0x4B
ERASED_BYTES = {SECTOR_ERASE: 4096, BLOCK_ERASE: 65536}
PAGE_BYTES = 256
STATUS_BUSY = 1
# Time is never skipped right up to an alarm: the processor's own steps take it there.
ALARM_MARGIN_NS = 1000
# Longer than the firmware takes from one question for the busy bit to the next.
DEADLINE_MARGIN_NS = 10_000
# A misread lasts so long after the chip has stopped to be busy: the firmware's first look at what it wrote. It hits a byte of each record.
MISREAD_S = 0.0004
MISREAD_BYTE, MISREAD_EVERY = 40, 64
# Which byte of the answer holds it: one comes in while the command goes out, and four more before the id.
STATUS_AT, UNIQUE_ID_AT = 1, 5


class Cut(Enum):
    """Where in a flash operation the power goes."""

    BEFORE = "before"  # the command was sent, nothing has changed
    HALF = "half"  # the first half of the page or sector has changed
    AFTER = "after"  # the operation is complete, the firmware has not heard of it


Tear = Callable[["FlashOperation", bytes, bytes], bytes]
"""tear(operation, before, after): what a page or sector holds when the power went in that operation, which would have made `after` of `before`."""


class FlashOperation(NamedTuple):
    """One erase or program: when (seconds), kind `erase` or `program`, flash offset, bytes."""

    t: float
    kind: str
    offset: int
    size: int


class FlashSpy:
    """Watches, times and spoils the erase and program commands. Attributes may be changed at any time.

    `erase_us` (a 4 KiB sector) and `program_us` (a page) are how long the chip says busy; interrupts are off meanwhile.
    `refuse_writes`, `refuse_erases`: the command is accepted and takes its time, and changes nothing (a worn or write-
    protected chip); only within `refuse_range`. `cut_at`: index in `operations` of the operation at which power goes.
    `fail_at`: indices of single operations that change nothing. `misread_at`: indices of single operations whose bytes are right,
    and come back wrong when the firmware reads them for the first time. `on_operation`, if set, is called with each operation as it begins.
    """

    def __init__(self, pico: "Pico", unique_id: bytes, erase_us: float, program_us: float) -> None:
        if len(unique_id) != 8:
            raise ValueError("the unique id of the flash has 8 bytes")
        self._pico = pico
        self._native: Any = pico.mcu.peripherals[SSI_WINDOW]
        self.unique_id = unique_id
        self.erase_us = erase_us
        self.program_us = program_us
        self.operations: list[FlashOperation] = []
        self.refuse_writes = False
        self.refuse_erases = False
        self.refuse_range = range(len(pico.mcu.flash))
        self.fail_at: set[int] = set()
        self.misread_at: set[int] = set()
        self.cut_at: int | None = None
        self.on_operation: Callable[[FlashOperation], None] | None = None
        self.cut_how: Cut | Tear = Cut.BEFORE
        self._busy_until_ns = 0.0
        self._command = bytearray()
        self._answered = 0
        self._target: tuple[int, bytes] | None = None
        pico.mcu.qspi[1].add_listener(self._chip_select)
        pico.mcu.peripherals[SSI_WINDOW] = self

    # The register window as the bus sees it.
    def read_uint32(self, offset: int) -> int:
        value = int(self._native.read_uint32(offset))
        if self._command and DATA_FIRST <= offset <= DATA_LAST:
            index, self._answered = self._answered, self._answered + 1
            command = self._command[0]
            if command == READ_STATUS and index == STATUS_AT:
                value |= self._busy()
            elif command == READ_UNIQUE_ID and 0 <= index - UNIQUE_ID_AT < len(self.unique_id):
                value = self.unique_id[index - UNIQUE_ID_AT]
        return value

    def write_uint32(self, offset: int, value: int) -> None:
        self._shift_out(offset, value)
        self._native.write_uint32(offset, value)

    def write_uint32_atomic(self, offset: int, value: int, kind: int) -> None:
        self._shift_out(offset, value)
        self._native.write_uint32_atomic(offset, value, kind)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._native, name)

    def misread(self, start: int, size: int, seconds: float) -> None:
        """For so long, a bit in each 64 bytes from `start` on reads as its opposite; the cells are as they were. Nothing may write there meanwhile."""
        flash = self._pico.mcu.flash
        wrong = [(at, flash[at]) for at in range(start + MISREAD_BYTE, start + size, MISREAD_EVERY)]
        for at, byte in wrong:
            flash[at] = byte ^ 1

        def right() -> None:
            for at, byte in wrong:
                flash[at] = byte

        self._pico.at(self._pico.now + seconds, right)

    def fail_next(self, operation: int) -> None:
        """The `operation`-th operation from now (0: the next) changes nothing."""
        self.fail_at.add(len(self.operations) + operation)

    def misread_next(self, operation: int) -> None:
        """The `operation`-th operation from now is right, and is read back wrong."""
        self.misread_at.add(len(self.operations) + operation)

    def _busy(self) -> int:
        """The busy bit. The firmware only asks for it, interrupts off, until it is clear: that time is skipped."""
        clock = self._pico.clock
        left_ns = self._busy_until_ns - clock.nanos
        if left_ns <= 0:
            return 0
        skip_ns = min(left_ns, self._free_ns(left_ns))
        if skip_ns > 0:
            clock.tick(skip_ns)
        return STATUS_BUSY if clock.nanos < self._busy_until_ns else 0

    def _free_ns(self, left_ns: float) -> float:
        """How much of the time to the end of the operation can be skipped at once."""
        alarm_ns = self._pico.clock.nanos_to_next_alarm
        deadline_ns = self._pico.deadline_ns - self._pico.clock.nanos
        if alarm_ns < deadline_ns - 1:
            return float(alarm_ns - ALARM_MARGIN_NS)
        # The caller's own deadline must not show in what the firmware does: the operation ends at the same instant with
        # and without it. So one that falls into its last moments waits for the end.
        return float(deadline_ns) if deadline_ns < left_ns - DEADLINE_MARGIN_NS else left_ns

    def _shift_out(self, offset: int, value: int) -> None:
        if not (DATA_FIRST <= offset <= DATA_LAST and self._native._cs_asserted and self._native._ssienr):
            return
        command = self._command
        command.append(value & 0xFF)
        changes = command[0] == PROGRAM or command[0] in ERASED_BYTES
        if len(command) == 4 and changes and self._native._write_enabled:
            size = ERASED_BYTES.get(command[0], PAGE_BYTES)
            start = int.from_bytes(command[1:4], "big")
            start -= start % size
            self._target = (start, bytes(self._pico.mcu.flash[start : start + size]))

    def _chip_select(self, level: int, _before: int) -> None:
        """A command begins when the line falls and is carried out when it rises."""
        if level == 0:
            self._command.clear()
            self._answered = 0
            self._target = None
        elif self._target is not None:
            (start, before), self._target = self._target, None
            self._carried_out(start, before)

    def _carried_out(self, start: int, before: bytes) -> None:
        erase = self._command[0] in ERASED_BYTES
        number = len(self.operations)
        size = len(before)
        self.operations.append(FlashOperation(self._pico.now, "erase" if erase else "program", start, size))
        busy_us = self.erase_us * size / 4096 if erase else self.program_us
        self._busy_until_ns = self._pico.clock.nanos + busy_us * 1000
        if self.on_operation is not None:
            self.on_operation(self.operations[-1])
        refused = (self.refuse_erases if erase else self.refuse_writes) and start in self.refuse_range
        if refused or number in self.fail_at:
            self._pico.mcu.flash[start : start + size] = before
        if number in self.misread_at:
            self.misread(start, size, busy_us / 1e6 + MISREAD_S)
        if number == self.cut_at:
            if self.cut_how is Cut.BEFORE:
                self._pico.mcu.flash[start : start + size] = before
            elif self.cut_how is Cut.HALF:
                self._pico.mcu.flash[start + size // 2 : start + size] = before[size // 2 :]
            elif not isinstance(self.cut_how, Cut):
                after = bytes(self._pico.mcu.flash[start : start + size])
                self._pico.mcu.flash[start : start + size] = self.cut_how(self.operations[-1], before, after)
            self._pico.lose_power()
