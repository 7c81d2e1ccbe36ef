"""The core's device with a display, and courses for the tests of its screens."""

from device.panel.figures import glyphs, width
from device.panel.screen import LINE, LINES
from device.panel.screens import Bed, choosing
from dosecore.regimen_rules import built_in
from tests.driver import Device, instant, ms
from tests.model.scripts import HOUR, MINUTE, UTC0

# A figure leaves room for the marks of several cards.
FIGURE_WIDTH = 123


class Bedside(Device):
    """The core's device with a display. `recorded`, `unwell`, `stuck`: what the shell knows besides."""

    def __init__(self):
        super().__init__()
        self.notice = None
        self.recorded = True
        self.unwell = []
        self.stuck = []
        self.rehearsal = False

    def _take(self, reaction):
        super()._take(reaction)
        if reaction.feedback:
            self.notice = ("refused", reaction.refusal, self.now) if reaction.feedback == "refused" else None
        return reaction

    def press(self, button, length=150):
        self.down(button)
        self.wait(length)
        self.up(button)

    def look(self):
        """(screen, instant of the next one on the tester's clock, or None), held to what every screen must be."""
        bed = Bed(self.state, self.desk, self.recorded, self.unwell, self.stuck, self.notice, self.rehearsal, "0.1.0")
        *_, (screen, until) = choosing(bed, self.now)
        card = screen.card
        assert len(card.title) <= LINE
        assert width(glyphs(card.figure)) <= FIGURE_WIDTH
        assert len(card.lines) <= (LINES if card.bar is None else LINES - 1)
        for line in card.lines:
            assert len(line) <= LINE, line
        assert card.bar is None or 0 <= card.bar <= 126
        assert 0 <= screen.place < screen.count
        assert until is None or until > self.now
        return screen, None if until is None else ms(until) + self.origin

    def card(self):
        """The card that is shown: (title, figure, lines)."""
        card = self.look()[0].card
        return card.title, card.figure, card.lines

    def cards(self):
        """The titles of all cards that take turns, in their order."""
        screen, until = self.look()
        titles = [screen.card.title]
        while screen.count > len(titles):
            assert until is not None
            self.to(until)
            new = self.look()[0]
            if new.place != screen.place:
                titles.append(new.card.title)
            screen, until = self.look()
        return titles


def configured(**changes):
    device = Bedside()
    device.boot(utc=UTC0)
    device.command("configure", regimen=dict(built_in()["hd-il2"], **changes), label="", armed=False)
    return device


def course(due_in=0, **changes):
    """A running course whose slot 1 falls due at `device.due`."""
    device = configured(**changes)
    device.due = device.t + due_in
    device.command("course-start", at=instant(UTC0 + due_in))
    return device


def at(device, since_due):
    device.to(device.due + since_due)
    return device.card()


def given(wait=0, **changes):
    """A course whose first dose was started late by an hour; `wait` after its due."""
    device = course(supportive_care_review_min=0, **changes)
    if wait:
        device.to(device.due + HOUR)
        device.press("start")
        device.wait(16 * MINUTE)
        device.press("pause")
        device.to(device.due + wait)
    else:
        device.press("start")
        device.wait(MINUTE)
    return device
