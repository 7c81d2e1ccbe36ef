"""Plays rhythms and sounds. Pure; pins and counter are given.

Each edge is a deadline in ticks, found beforehand, so that a pass of the loop that makes one is short.
"""

from device.panel.lights import DARK
from device.panel.sounds import BURSTS, FEEDBACK, SPACED

NEVER_MS = 7000  # no edge: far enough for the loop's cap on sleep


class Player:
    """Lights and buzzer. `next_ticks`: the counter value at which `step` has something to do; meaningless while `idle`.

    A burst once begun is finished: one that is more urgent follows it, others are left out. Feedback sounds over it at once and leaves its timing as it is.
    """

    def __init__(self, set_light, set_tone, ticks_add, ticks_diff):
        self._set_light = set_light
        self._set_tone = set_tone
        self._add = ticks_add
        self._diff = ticks_diff
        self._rhythms = [DARK, DARK, DARK]
        self._place = [0, 0, 0]
        self._edge = [0, 0, 0]  # next edge of each light that blinks
        self._blinking = ()  # type: tuple[int, ...]
        self._sounds = [(), ()]  # feedback, burst
        self._priority = 0  # of the burst that sounds
        self._following = 0  # priority of the burst that follows it, or 0
        self._sound_place = [0, 0]
        self._sound_edge = [0, 0]
        self.idle = True
        self.next_ticks = 0

    @property
    def sounding(self):
        """A burst or feedback is under way."""
        return bool(self._sounds[0] or self._sounds[1])

    def show(self, rhythms, ticks):
        """Gives the lights these rhythms; one that does not change goes on undisturbed."""
        for light in range(3):
            rhythm = rhythms[light]
            if rhythm == self._rhythms[light]:
                continue
            self._rhythms[light] = rhythm
            self._place[light] = 0
            self._set_light(light, 1 if rhythm else 0)
            if len(rhythm) > 1:
                self._edge[light] = self._add(ticks, rhythm[0])
            self._blinking = tuple([n for n in range(3) if len(self._rhythms[n]) > 1])
        self._plan(ticks)

    def burst(self, priority, ticks):
        """Begins a burst; while another sounds, only one that is more urgent, and when that is finished."""
        if not self._sounds[1]:
            self._priority = priority
            self._begin(1, BURSTS[priority], ticks)
        elif priority > self._priority:
            self._following = priority

    def feedback(self, word, ticks):
        self._begin(0, FEEDBACK[word], ticks)

    def hush(self, ticks):
        """Ends whatever sounds, in the middle: only for what was no call."""
        self._sounds[0] = self._sounds[1] = ()
        self._tone()
        self._plan(ticks)

    def _begin(self, line, sound, ticks):
        self._sounds[line] = sound
        self._sound_place[line] = 0
        self._sound_edge[line] = self._add(ticks, sound[0][1])
        self._tone()
        self._plan(ticks)

    def _tone(self):
        for line in (0, 1):
            sound = self._sounds[line]
            if sound:
                hertz = sound[self._sound_place[line]][0]
                if hertz:
                    self._set_tone(hertz)
                    return
        self._set_tone(0)

    def step(self, ticks):
        """Makes the edges that have come. With one light blinking, the most frequent case by far, it looks at nothing else."""
        diff = self._diff
        edges = self._edge
        least = NEVER_MS
        for light in self._blinking:
            left = diff(edges[light], ticks)
            if left <= 0:
                rhythm = self._rhythms[light]
                place = self._place[light] + 1
                if place == len(rhythm):
                    place = 0
                self._place[light] = place
                self._set_light(light, 1 - (place & 1))
                edges[light] = self._add(edges[light], rhythm[place])
                left += rhythm[place]
            if left < least:
                least = left
        sounds = self._sounds
        if sounds[0] or sounds[1]:
            self._step_sound(ticks)
            self._plan(ticks)
        else:
            self.idle = least == NEVER_MS
            self.next_ticks = self._add(ticks, least)

    def _step_sound(self, ticks):
        for line in (0, 1):
            sound = self._sounds[line]
            if sound and self._diff(self._sound_edge[line], ticks) <= 0:
                place = self._sound_place[line] + 1
                if place == len(sound):
                    self._sounds[line] = ()
                    if line == 1 and self._following:
                        self._priority, self._following = self._following, 0
                        self._begin(1, SPACED, self._sound_edge[1])
                else:
                    self._sound_place[line] = place
                    self._sound_edge[line] = self._add(self._sound_edge[line], sound[place][1])
                self._tone()

    def _plan(self, ticks):
        diff = self._diff
        least = NEVER_MS
        for light in self._blinking:
            left = diff(self._edge[light], ticks)
            if left < least:
                least = left
        for line in (0, 1):
            if self._sounds[line]:
                left = diff(self._sound_edge[line], ticks)
                if left < least:
                    least = left
        self.idle = least == NEVER_MS
        self.next_ticks = self._add(ticks, least)
