"""The proof that no power cut loses a confirmed event, invents one, or hides a loss: every operation of a life is cut, in every tear, and the recovery too.

The journal's own code (keeper, ring, replay, upkeep) lives over a model of a NOR flash. Before each operation of that life the flash is copied, torn, and
a device boots on the copy; what it finds is held against what the first device had confirmed. The recovery's own operations are cut in the same way, down
to three cuts in a row. Nothing here knows how the journal stores: it asks the ring for its events, and the state for its bytes.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from model.nor import Nor, Operation

from device.journal.check import Check
from device.journal.losses import tell
from device.journal.ring import Ring
from device.journal.stored import first_seq
from device.keeper import wake
from device.upkeep import Upkeep
from dosecore import findings
from dosecore.apply import apply
from dosecore.checkpoint import pack, unpack
from dosecore.events import KINDS, decode
from dosecore.instant import plus

FIRST = 2
GAP = KINDS.index("journal-gap")
DEEPEST = 3
Span = tuple[int, int]  # first and last number
WORDS = "a fault has words of any length, so that events take one slot or several, over one page or two of them"


class Violation(AssertionError):
    """What must never happen, with the cuts that led to it."""


@dataclass
class Told:
    """What the outside knows: events that were confirmed, by number; those that an erase took with its word; those in flight; the state after each; what
    the host has."""

    confirmed: dict[int, bytes] = field(default_factory=dict)
    past: dict[int, bytes] = field(default_factory=dict)
    in_flight: dict[int, bytes] = field(default_factory=dict)
    states: dict[int, bytes] = field(default_factory=dict)
    exported: int = 0

    def copy(self) -> "Told":
        return Told(dict(self.confirmed), self.past, dict(self.in_flight), dict(self.states), self.exported)


class Life:
    """A device that lives on a flash until it is left. What it confirms goes to `told`."""

    def __init__(self, flash: Nor, sectors: int, told: Told, rng: random.Random) -> None:
        self.flash = flash
        self.rng = rng
        self.told = told
        self.now = (100 + len(told.confirmed), 0)
        ring = Ring(flash, 2 * sectors, FIRST)
        self._watch(ring)
        self.keeper, self.found = wake(ring)
        self.ring = ring
        self.upkeep = Upkeep(self.keeper)
        self.false_alarm = False
        self.state_found = pack(self.keeper.state) if self.found is not None else b""
        self.seq_found = ring.seq
        self.fault_found = self.keeper.state.alarm("journal-fault") is not None

    def begin(self) -> None:
        """What a boot writes (device/start.py)."""
        self.keeper.note(findings.boot, {"cause": "power-on", "warm": False}, self.now)
        if self.found is None or not self.found.sound:
            tell(self.keeper, self.found, self.now)
        self.keeper.bring(self.now)
        self.keeper.flush()
        self.told.states[self.ring.seq] = pack(self.keeper.state)

    def _watch(self, ring: Ring) -> None:
        append, open_ = ring.append, ring.open
        told = self.told

        def watched_append(raw: bytes, *end: int) -> int | None:
            told.in_flight[ring.seq + 1] = bytes(raw)
            seq: int | None = append(raw, *end)
            if seq:
                told.confirmed[seq] = bytes(raw)
            return seq

        def watched_open(checkpoint: bytes) -> bool:
            number = ring.seq + 1
            told.in_flight[number] = bytes(checkpoint)
            done = bool(open_(checkpoint))
            if done:
                told.confirmed[number] = bytes(checkpoint)
            return done

        ring.append, ring.open = watched_append, watched_open  # type: ignore[method-assign]

    def commit(self, kind: str, detail: dict[str, object]) -> None:
        self.now = plus(self.now, 1)
        self.keeper.commit(findings.plain(kind)(self.keeper.state, detail, self.now), self.now)
        self.told.states[self.ring.seq] = pack(self.keeper.state)

    def act(self) -> None:
        """One thing that happens to a device: a press, a fault, a pull of the log, a calm moment."""
        rng = self.rng
        what = rng.randrange(12)
        if what < 5:
            self.commit("audio-paused", {})
        elif what < 9:
            self.commit("fault", {"code": "test", "words": WORDS[: rng.randrange(len(WORDS))]})
        elif what < 10:
            upto = max(self.ring.exported, self.ring.seq - rng.randrange(30))
            self.told.exported = upto  # the host has them, whether or not the device comes to write it down
            self.commit("exported", {"upto": upto})
            self.keeper.exported(upto, self.now)
        else:
            self.calm()

    def calm(self) -> None:
        """A calm moment: what upkeep does in it."""
        self.now = plus(self.now, 1)
        self.upkeep.tidy(self.now)
        if self.rng.random() < 0.3 and self.upkeep.check_wanted(self.now):
            check: Any = self.upkeep.check
            while self.upkeep.check is not None:
                self.upkeep.check_step(self.now)
            # What a full ring has lost unannounced is told now; anything else would be a false alarm.
            self.false_alarm = any(last >= first_seq(self.ring) for _, last in check.gaps)
        for _ in range(self.rng.randrange(4)):
            if self.upkeep.erase_wanted():
                self.upkeep.erase(self.now)
        self.told.states[self.ring.seq] = pack(self.keeper.state)


class Prover:
    """Cuts the lives of one seed, until a Violation. `cuts`: how many so far, by depth; `tears`: by kind; `boots`: all that were judged.

    `told_by_check`: losses of a full ring that only the check of the next boot could tell of. share: for each depth the part of all (operation, tear) pairs
    that is tried. limit: cuts after which the proof ends. stuck: cells that are stuck from the beginning, so many. full: the ring has gone round before
    the first cut.
    """

    def __init__(
        self,
        sectors: int,
        seed: int,
        limit: int,
        *,
        share: tuple[float, float, float] = (1.0, 0.08, 0.02),
        stuck: int = 0,
        full: bool = False,
    ) -> None:
        self.sectors = sectors
        self.seed = seed
        self.rng = random.Random(seed)
        self.limit = limit
        self.cuts = [0] * DEEPEST
        self.tears: dict[str, int] = {}
        self.boots = 0
        self.told_by_check = 0
        self._share = share
        self._stuck = stuck
        self._full = full
        self._trail: list[str] = []
        self._read: dict[tuple[int, int, bytes], tuple[dict[int, bytes], list[Span]]] = {}

    @property
    def total(self) -> int:
        return sum(self.cuts)

    def run(self, report: Callable[[int], None] | None = None) -> None:
        """Lives one life after the other until `limit` cuts were made."""
        while self.total < self.limit:
            self._one_life()
            if report is not None:
                report(self.total)

    def _one_life(self) -> None:
        flash = Nor(2 * self.sectors)
        for _ in range(self._stuck):
            which = flash.stuck_low if self.rng.random() < 0.5 else flash.stuck_high
            which[self.rng.randrange(len(flash.memory))] = 1 << self.rng.randrange(8)
        told = Told()
        if not self._full:
            flash.before = lambda operation: self._cut(flash, told, operation, 1)
        life = Life(flash, self.sectors, told, self.rng)
        life.begin()
        while life.ring.epoch <= self.sectors and self._full:
            life.act()
        flash.before = lambda operation: self._cut(flash, told, operation, 1)
        quiet = self.rng.random() < 0.2  # a life in which no calm moment comes
        for _ in range(self.rng.choice((20, 120, 400))):
            if self.total >= self.limit:
                return
            if quiet:
                life.commit("fault", {"code": "test", "words": WORDS[: self.rng.randrange(len(WORDS))]})
            else:
                life.act()

    def _cut(self, flash: Nor, told: Told, operation: Operation, depth: int) -> None:
        """Before an operation: the power is cut in it, in every way."""
        share = self._share[depth - 1]
        for tear in operation.tears:
            if self.total >= self.limit:
                return
            if share < 1 and self.rng.random() >= share:
                continue
            self.cuts[depth - 1] += 1
            self.tears[tear] = self.tears.get(tear, 0) + 1
            torn = flash.copy()
            torn.tear(operation, tear, self.rng)
            self._trail.append(f"{operation.kind} block {operation.block} byte {operation.offset}: {tear}")
            self._recover(torn, told.copy(), depth)
            self._trail.pop()

    def _recover(self, flash: Nor, told: Told, depth: int) -> None:
        """A device boots on what the cut has left."""
        weak = flash.weak
        if weak and self.rng.random() < 0.3:
            flash.settle()
        if depth < DEEPEST:
            flash.before = lambda operation: self._cut(flash, told, operation, depth + 1)
        life = self._boot(flash, told)
        if weak:
            flash.settle()
        if weak or self.rng.random() < 0.25:
            # It goes on as if nothing had been, and another boot finds that too.
            for _ in range(3):
                life.act()
            life.calm()
            if life.false_alarm and not self._stuck:
                self._fail("the check takes what a cut has left for damage")
            flash.before = None
            self._boot(flash, life.told)

    def _boot(self, flash: Nor, told: Told) -> Life:
        self.boots += 1
        before = told.copy()
        # What was in flight and is found is confirmed from now on; what is not found never was.
        life = Life(flash, self.sectors, told, self.rng)
        self._judge(life, before)
        told.in_flight.clear()
        life.begin()
        if not life.keeper.recorded:
            self._fail("the board does not come back: its journal takes no events")
        fault = life.keeper.state.alarm("journal-fault") is not None
        if fault and not life.fault_found and life.found is not None and not self._stuck:
            self._fail("a cut alone raised a journal fault")
        return life

    def _judge(self, life: Life, before: Told) -> None:
        stored, told_lost = self._stored(life.ring)
        first = min(stored, default=life.ring.seq + 1)
        gone = sorted(before.confirmed.keys() - stored.keys())
        untold = [seq for seq in gone if seq > before.exported and not _within(seq, told_lost)]
        if untold and max(untold) < first:
            # A full ring whose last page was torn too: the erase could not be announced, so the check of this boot must find what it took.
            told_lost += self._found_by_check(life.ring)
            self.told_by_check += 1
        for seq in gone:
            if seq >= first or not (seq <= before.exported or _within(seq, told_lost)):
                self._fail(f"confirmed event {seq} is lost; stored from {first} to {life.ring.seq}")
        for seq, raw in stored.items():
            if before.confirmed.get(seq) != raw and raw not in (before.in_flight.get(seq), before.past.get(seq)):
                self._fail(f"event {seq} was never written: {raw!r}")
        for seq in set(range(first, life.ring.seq + 1)) - stored.keys():
            if not _within(seq, told_lost) and life.found and not life.found.gaps:
                self._fail(f"number {seq} is missing, and nothing tells of it")
        if life.found is not None and life.found.gaps and not self._stuck:
            self._fail(f"a cut alone looks like damage: {life.found.gaps}")
        if life.found is not None and life.found.state is None:
            if before.confirmed:
                self._fail("the state is lost")
        elif life.found is not None:
            self._judge_state(life, before, stored)
        elif before.confirmed:
            self._fail("the journal is lost")
        if gone:  # an erase that the power has cut off may show them once more
            life.told.past = {**before.past, **{seq: before.confirmed[seq] for seq in gone}}
        life.told.confirmed = stored

    def _judge_state(self, life: Life, before: Told, stored: dict[int, bytes]) -> None:
        """The state that was found is that after the last event which is stored."""
        seq = life.seq_found
        expected = before.states.get(seq)
        if expected is None or before.in_flight.get(seq) == stored.get(seq):
            # The event in flight was found: the state after it is the fold of the one before.
            earlier = next((number for number in range(seq - 1, -1, -1) if number in before.states), None)
            if earlier is None:
                return
            state = unpack(before.states[earlier])
            for number in range(earlier + 1, seq + 1):
                if number in stored and decode(stored[number]).kind != "checkpoint":
                    apply(state, decode(stored[number], number))
            expected = pack(state)
        if expected != life.state_found:
            self._fail(f"the state after event {seq} is not the fold of the events")
        life.told.states[seq] = expected

    def _found_by_check(self, ring: Ring) -> list[tuple[int, int]]:
        check = Check(ring)
        while not check.done:
            check.step()
        return list(check.gaps)

    def _stored(self, ring: Ring) -> tuple[dict[int, bytes], list[Span]]:
        """{seq: bytes} of all events that the ring holds, and the losses that they tell of. A sector that was read before is not read again."""
        found: dict[int, bytes] = {}
        told: list[Span] = []
        memory = ring.flash.memory
        for epoch in range(ring.oldest, ring.epoch + 1):
            if not epoch:
                continue
            index = (epoch - 1) % self.sectors
            a, b = index * 4096, (index + self.sectors) * 4096
            key = (epoch, hash(bytes(memory[a : a + 4096])), bytes(memory[b : b + 4096]))
            read = self._read.get(key)
            if read is None:
                if len(self._read) > 2000:
                    self._read.clear()
                read = self._read[key] = self._read_sector(ring, epoch)
            events, losses = read
            for seq in found.keys() & events.keys():
                if found[seq] != events[seq]:
                    self._fail(f"number {seq} stands for two events")
            found.update(events)
            told += losses
        return found, told

    def _read_sector(self, ring: Ring, epoch: int) -> tuple[dict[int, bytes], list[Span]]:
        events: dict[int, bytes] = {}
        sector = ring.read_sector(epoch)
        for seq, raw in sector.events if sector is not None else ():
            if events.setdefault(seq, bytes(raw)) != raw:
                self._fail(f"number {seq} stands for two events")
        details = [decode(raw).detail for raw in events.values() if raw[0] == GAP]
        return events, [(detail["first"], detail["last"]) for detail in details]

    def _fail(self, what: str) -> None:
        cuts = "; then ".join(self._trail)
        raise Violation(f"{what} (sectors {self.sectors}, seed {self.seed}, cut {self.total}: {cuts})")


def _within(seq: int, spans: list[Span]) -> bool:
    return any(low <= seq <= high for low, high in spans)
