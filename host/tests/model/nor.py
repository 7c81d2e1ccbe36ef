"""A NOR flash as it really fails: torn programs and erases, cells that flip later, cells that are stuck, reads that lie.

The Flash interface of `device.journal.ring`, fast enough for millions of power cuts. An operation can be looked at before it happens (`before`), which
is where the power-cut proof takes its copies: one life gives all its cuts.
"""

import random
from collections.abc import Callable

BLOCK = 4096
PAGE = 256
_BLANK = b"\xff" * BLOCK
_FULL_PAGE = (1 << (8 * PAGE)) - 1

# How a program or an erase can be torn. What each does: `Nor.tear`.
PROGRAM_TEARS = (
    "nothing",
    "prefix",
    "suffix",
    "random bits",
    "one bit short",
    "neighbours damaged",
    "page destroyed",
    "done, not reported",
    "weak",
)
ERASE_TEARS = (
    "nothing",
    "first half",
    "second half",
    "all zero",
    "random bits",
    "first page left",
    "last page left",
    "sparse zeros",
    "one bit left",
    "done, not reported",
    "weak",
)


class PowerCut(Exception):
    """The power went in the middle of an operation."""


class Operation:
    """One erase or program: `kind` "erase" or "program", the block, the byte in it, the page (None for an erase)."""

    __slots__ = ("kind", "block", "offset", "page")

    def __init__(self, kind: str, block: int, offset: int, page: bytes | None) -> None:
        self.kind = kind
        self.block = block
        self.offset = offset
        self.page = page

    @property
    def tears(self) -> tuple[str, ...]:
        return PROGRAM_TEARS if self.kind == "program" else ERASE_TEARS


class Nor:
    """`blocks` erased blocks. Attributes: `memory`; `erases` by block; `operations` so far; `before`: called with each Operation before it happens;
    `refuses`: nothing changes any more; `stuck_low`, `stuck_high`: {byte address: bits} that no erase or program changes; `lies`: called with (address,
    bytes) of each read, gives the bytes that are seen; `fails_at`: index of the one operation that fails (see `failing`).
    """

    def __init__(self, blocks: int, memory: bytes | bytearray | None = None) -> None:
        self.memory = bytearray(_BLANK * blocks if memory is None else memory)
        self.operations = 0
        self.erases = [0] * blocks
        self.before: Callable[[Operation], None] | None = None
        self.refuses = False
        self.stuck_low: dict[int, int] = {}
        self.stuck_high: dict[int, int] = {}
        self.lies: Callable[[int, bytes], bytes] | None = None
        self.fails_at: int | None = None
        self.failing = (
            "raises"  # or "silent": nothing changes and nothing is said; or "after": done, and OSError all the same
        )
        self._weak: list[tuple[int, int, bool]] = []  # (byte address, bits, the value to which they will flip)

    def copy(self) -> "Nor":
        """The same chip after its power has gone; nobody looks at its operations yet."""
        other = Nor(0, self.memory)
        other.erases = [0] * len(self.erases)
        other.stuck_low = self.stuck_low
        other.stuck_high = self.stuck_high
        other._weak = list(self._weak)
        return other

    # -- the Flash interface

    def read(self, block: int, offset: int, n: int) -> bytes:
        at = block * BLOCK + offset
        seen = bytes(memoryview(self.memory)[at : at + n])
        return seen if self.lies is None else self.lies(at, seen)

    def program(self, block: int, offset: int, page: bytes) -> None:
        assert offset % PAGE == 0 and len(page) == PAGE
        if self.before is not None:
            self.before(Operation("program", block, offset, bytes(page)))
        if self._happens():
            at = block * BLOCK + offset
            self.memory[at : at + PAGE] = _programmed(self.memory[at : at + PAGE], page)
            if self._weak:
                self._strengthen(at, page)
            self._stick(at, PAGE)
        self._report()

    def erase(self, block: int) -> None:
        if self.before is not None:
            self.before(Operation("erase", block, 0, None))
        if self._happens():
            at = block * BLOCK
            self.erases[block] += 1
            self.memory[at : at + BLOCK] = _BLANK
            self._weak = [weak for weak in self._weak if not at <= weak[0] < at + BLOCK]
            self._stick(at, BLOCK)
        self._report()

    def _happens(self) -> bool:
        if self.refuses:
            return False
        return self.operations != self.fails_at or self.failing == "after"

    def _report(self) -> None:
        number = self.operations
        self.operations += 1
        if number == self.fails_at and self.failing != "silent":
            raise OSError(5)

    def _stick(self, at: int, n: int) -> None:
        for address, bits in self.stuck_low.items():
            if at <= address < at + n:
                self.memory[address] &= ~bits & 0xFF
        for address, bits in self.stuck_high.items():
            if at <= address < at + n:
                self.memory[address] |= bits

    def _strengthen(self, at: int, page: bytes) -> None:
        """Bits that are programmed once more are weak no longer."""
        kept = []
        for address, bits, value in self._weak:
            if at <= address < at + PAGE and value:
                bits &= page[address - at]
            if bits:
                kept.append((address, bits, value))
        self._weak = kept

    # -- faults

    def tear(self, operation: Operation, how: str, rng: random.Random) -> None:
        """Changes the memory as `operation`, cut off in the way `how`, leaves it."""
        if operation.kind == "program":
            self._tear_program(operation, how, rng)
        else:
            self._tear_erase(operation, how, rng)
        at = operation.block * BLOCK
        if self.stuck_low or self.stuck_high:
            self._stick(at, BLOCK)

    def _tear_program(self, operation: Operation, how: str, rng: random.Random) -> None:
        at = operation.block * BLOCK + operation.offset
        page = operation.page
        assert page is not None
        if how == "nothing":
            return
        before = bytes(self.memory[at : at + PAGE])
        after = _programmed(before, page)
        if how == "prefix":
            cut = rng.choice((1, 4, 13, 36, 63, 64, 65, 128, 200, 255))
            after = after[:cut] + before[cut:]
        elif how == "suffix":
            cut = rng.choice((1, 12, 60, 64, 128, 192, 250))
            after = before[:cut] + after[cut:]
        elif how == "random bits":
            after = _programmed(before, _bits(int.from_bytes(page, "big") | rng.getrandbits(8 * PAGE)))
        elif how == "one bit short":
            changed = int.from_bytes(before, "big") & ~int.from_bytes(after, "big")
            if changed:
                after = _bits(int.from_bytes(after, "big") | _one_bit_of(changed, rng))
        elif how == "neighbours damaged":
            after = _programmed(after, _bits(_FULL_PAGE ^ (1 << rng.randrange(8 * PAGE))))
        elif how == "page destroyed":
            after = _programmed(before, _bits(rng.getrandbits(8 * PAGE) | rng.getrandbits(8 * PAGE)))
        elif how == "weak":
            cells = [i for i in range(PAGE) if before[i] != after[i]]
            for i in rng.sample(cells, min(len(cells), rng.choice((1, 3, 40)))):
                self._weak.append((at + i, rng.randrange(1, 256) & before[i] & ~after[i], True))
        self.memory[at : at + PAGE] = after

    def _tear_erase(self, operation: Operation, how: str, rng: random.Random) -> None:
        at = operation.block * BLOCK
        memory = self.memory
        half = BLOCK // 2
        if how == "first half":
            memory[at : at + half] = _BLANK[:half]
        elif how == "second half":
            memory[at + half : at + BLOCK] = _BLANK[:half]
        elif how == "all zero":  # a chip programs all cells before it erases them
            memory[at : at + BLOCK] = bytes(BLOCK)
        elif how == "random bits":
            bits = int.from_bytes(memory[at : at + BLOCK], "big") | rng.getrandbits(8 * BLOCK)
            memory[at : at + BLOCK] = bits.to_bytes(BLOCK, "big")
        elif how == "first page left":
            memory[at + PAGE : at + BLOCK] = _BLANK[PAGE:]
        elif how == "last page left":
            memory[at : at + BLOCK - PAGE] = _BLANK[PAGE:]
        elif how != "nothing":
            former = bytes(memory[at : at + BLOCK])
            memory[at : at + BLOCK] = _BLANK
            if how == "sparse zeros":
                for _ in range(rng.choice((3, 40))):
                    memory[at + rng.randrange(BLOCK)] &= rng.randrange(256)
            elif how == "one bit left":
                memory[at + rng.randrange(BLOCK)] &= ~(1 << rng.randrange(8)) & 0xFF
            elif how == "weak":
                for i in rng.sample(range(BLOCK), 20):
                    if former[i] != 0xFF:
                        self._weak.append((at + i, ~former[i] & 0xFF, False))

    @property
    def weak(self) -> bool:
        """True while there are cells that have not flipped yet."""
        return bool(self._weak)

    def settle(self) -> None:
        """The weak cells flip."""
        for address, bits, value in self._weak:
            if value:
                self.memory[address] |= bits
            else:
                self.memory[address] &= ~bits & 0xFF
        self._weak = []


def _bits(number: int) -> bytes:
    return (number & _FULL_PAGE).to_bytes(PAGE, "big")


def _programmed(before: bytes | bytearray, page: bytes) -> bytes:
    """A cell goes from 1 to 0 only."""
    return (int.from_bytes(before, "big") & int.from_bytes(page, "big")).to_bytes(PAGE, "big")


def _one_bit_of(bits: int, rng: random.Random) -> int:
    """One of the bits that are set: the lowest from a random place on."""
    start = rng.randrange(bits.bit_length())
    above = bits >> start
    return (above & -above) << start
