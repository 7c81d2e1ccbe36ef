"""What the device writes into its journal, read from its flash chip as it is programmed: the firmware is not asked and does not know."""

from collections.abc import Callable
from typing import NamedTuple

from dosebell.journal_reader import PAYLOAD_AT, PAYLOAD_MAX, SLOT_BYTES, whole
from dosebell.sim.flash import PAGE_BYTES, FlashOperation
from dosebell.sim.pico import Pico
from dosecore import events
from dosecore.events import Event

KEPT = 8
# Housekeeping: of no interest at the bed.
SILENT = ("checkpoint", "exported")
# The word of an event's detail that says most, where there is one.
_TELLING = ("outcome", "reason", "condition", "code", "press", "cause", "source")


class Logged(NamedTuple):
    """An event of the journal: when it was written (seconds), and what it is."""

    t: float
    event: Event

    @property
    def words(self) -> str:
        """The event as one short phrase, such as "dose-closed missed, slot 3"."""
        telling = [str(self.event.detail[key]) for key in _TELLING if self.event.detail.get(key)][:1]
        return " ".join([self.event.kind, *telling]) + (f", slot {self.event.slot}" if self.event.slot else "")


class LogReader:
    """Reads along. `logged`: the newest first. `on_event`, if set, is called at each event, at its instant."""

    def __init__(self, pico: Pico) -> None:
        self._pico = pico
        self.logged: list[Logged] = []
        self.on_event: Callable[[], None] | None = None
        self._seq = 0
        self._parts: dict[int, bytes] = {}
        self._parts_of = 0
        pico.flash_spy.on_operation = self._written

    def _written(self, operation: FlashOperation) -> None:
        if operation.kind != "program":
            return
        flash = self._pico.mcu.flash
        for at in range(operation.offset, operation.offset + PAGE_BYTES, SLOT_BYTES):
            slot = bytes(flash[at : at + SLOT_BYTES])
            if whole(slot):
                self._record(slot)

    def _record(self, slot: bytes) -> None:
        """A record of the first copy that holds it: an event is one to several of them."""
        fragment, fragments, used = slot[1], slot[2], slot[3]
        seq = int.from_bytes(slot[4:8], "little")
        if seq <= self._seq:
            return
        if seq != self._parts_of:
            self._parts, self._parts_of = {}, seq
        self._parts[fragment] = slot[PAYLOAD_AT : PAYLOAD_AT + min(used, PAYLOAD_MAX)]
        if len(self._parts) < fragments:
            return
        self._seq = seq
        try:
            event = events.decode(b"".join(self._parts[number] for number in sorted(self._parts)), seq)
        except ValueError:
            return  # of a firmware that knows more kinds
        if event.kind in SILENT:
            return
        self.logged.insert(0, Logged(self._pico.now, event))
        del self.logged[KEPT:]
        if self.on_event is not None:
            self.on_event()
