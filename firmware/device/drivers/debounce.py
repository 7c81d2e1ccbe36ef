"""What the edges of one button mean: pure, so that its rules are tested without a board.

An edge opens a settling time; the level that then stood for SETTLE_MS counts, stamped with the first edge. A spike that leaves the level as it was is nothing,
except after a deaf period (a flash erase): an edge that was latched then is a press even when the button is up again (A-05).
"""

SETTLE_MS = 5
BOUNCE_MOST_MS = 30  # after so long the level counts as it is


class Debounce:
    """down: the level that counts. `ignored`: it was down at boot, and means nothing until it has been released."""

    def __init__(self, down):
        self.down = down
        self.ignored = down
        self.pending = False
        self.first = 0
        self._latched = False

    def edge(self, first, latched_press):
        """Edges came; `first`: ticks of the first one, `latched_press`: a falling one was latched while nobody could look."""
        if not self.pending:
            self.pending = True
            self.first = first
            self._latched = False
        if latched_press:
            self._latched = True

    def settle(self, level_down, since_last_ms, since_first_ms):
        """0: not settled or nothing; 1: pressed; 2: released; 3: pressed and released."""
        if since_last_ms < SETTLE_MS and since_first_ms < BOUNCE_MOST_MS:
            return 0
        self.pending = False
        if level_down != self.down:
            self.down = level_down
            if level_down:
                return 1
            if self.ignored:
                self.ignored = False
                return 0
            return 2
        if self._latched and not self.down:
            return 3
        return 0
