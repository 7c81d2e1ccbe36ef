"""Three keys as three buttons. A terminal tells that a key went down and never that it came up: so a press has a length, or lasts until the key comes again."""

from dosebell.sim.bedside import TAP_S, Bedside
from dosebell.sim.panel.seen import Button


class Hands:
    """The fingers on one bedside's buttons. Seconds are simulated."""

    def __init__(self, bedside: Bedside) -> None:
        self._bedside = bedside
        self._since: dict[str, float] = {}
        self._up_at: dict[str, float] = {}  # of those that come up by themselves

    def press(self, button: str) -> None:
        """A short press. A button that is kept down comes up instead; one that is on its way up stays down a little longer, as with a key that repeats."""
        if self._is_kept(button):
            self._release(button)
            return
        self._push(button)
        self._up_at[button] = self._bedside.now + TAP_S

    def keep(self, button: str) -> None:
        """Down until it is pressed or kept again."""
        if self._is_kept(button):
            self._release(button)
        else:
            self._push(button)
            self._up_at.pop(button, None)

    def _is_kept(self, button: str) -> bool:
        return button in self._since and button not in self._up_at

    def _push(self, button: str) -> None:
        if button not in self._since:
            self._bedside.down(button)
            self._since[button] = self._bedside.now

    def _release(self, button: str) -> None:
        self._bedside.up(button)
        del self._since[button]
        self._up_at.pop(button, None)

    @property
    def next_release(self) -> float | None:
        """The instant at which a short press ends; time must not pass beyond it without `look`."""
        return min(self._up_at.values(), default=None)

    @property
    def busy(self) -> bool:
        """A finger is on a button."""
        return bool(self._since)

    def look(self) -> None:
        """Take the fingers away whose time has come."""
        for button in [one for one, at in self._up_at.items() if at <= self._bedside.now]:
            self._release(button)

    def let_go(self) -> None:
        """Take all fingers away."""
        for button in list(self._since):
            self._release(button)

    def seen(self) -> tuple[Button, ...]:
        """The buttons as they are now, in the board file's order."""
        now = self._bedside.now
        return tuple(
            Button(
                name,
                None if name not in self._since else int((now - self._since[name]) * 10 + 1e-6),
                self._is_kept(name),
            )
            for name in self._bedside.buttons
        )
