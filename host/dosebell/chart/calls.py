"""Calls that are no slot's: since when each has been standing, and who or what ended it."""

from __future__ import annotations

from dataclasses import replace

from dosebell.chart.slots import Answer
from dosebell.times import Instant
from dosecore.events import Event

_AFTER_INFUSION = "infusion-ended"
_LIGHT_ONLY = "pre-dose-check"  # nobody is called


class Calls:
    """The calls of one journal. `over`: those that have ended."""

    def __init__(self) -> None:
        self.over: list[Answer] = []
        self._standing: dict[str, Answer] = {}

    def take(self, event: Event, at: Instant | None) -> None:
        if event.kind == "alert-raised":
            self._raised(event, at)
        elif event.kind in ("alert-acknowledged", "alert-cleared"):
            self._gone(event, at)
        elif event.kind in ("dose-completed", "dose-stopped"):
            self._infusion_over(event, at)
        elif event.kind == "dose-undone":
            self._standing.pop(_AFTER_INFUSION, None)

    def lose(self) -> None:
        """Events are missing: of the calls that stand nobody knows whether they were answered."""
        self._standing.clear()

    def all(self) -> list[Answer]:
        """Those that are over and those that stand, in the order of their calls."""
        return sorted([*self.over, *self._standing.values()], key=lambda answer: answer.called)

    def _infusion_over(self, event: Event, at: Instant | None) -> None:
        """Its call begins here; the event that says so follows when everything of this instant is done."""
        waiting = self._standing.pop(_AFTER_INFUSION, None)
        if waiting is not None:
            self.over.append(waiting)
        if at is not None:
            self._standing[_AFTER_INFUSION] = Answer(_AFTER_INFUSION, at, cycle=event.cycle, slot=event.slot)

    def _raised(self, event: Event, at: Instant | None) -> None:
        condition = event.detail["condition"]
        if at is None or condition == _LIGHT_ONLY:
            return
        if condition not in self._standing:  # one that stands counts on: somebody has been waited for since its first
            self._standing[condition] = Answer(condition, at, cycle=event.cycle, slot=event.slot)

    def _gone(self, event: Event, at: Instant | None) -> None:
        answer = self._standing.pop(event.detail["condition"], None)
        if answer is not None:
            by = "acknowledged" if event.kind == "alert-acknowledged" else "cleared"
            self.over.append(replace(answer, answered=at, by=by))
