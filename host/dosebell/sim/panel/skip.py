"""To the next event: time runs as fast as it can until a light gets another rhythm, a sound begins that is news, or the journal says something."""

import time

from dosebell.sim.bedside import Bedside
from dosebell.sim.panel.log_reader import Logged, LogReader
from dosebell.sim.panel.pace import PIECE_S, TURN_S
from dosebell.sim.panel.rhythms import CHANGING, DARK, STEADY, rhythm_words

LIGHTS = ("red", "yellow", "green")
# A call repeats itself at most after this long (low, after its first five minutes): a burst that comes sooner, at the same pitch, is no news.
REPEATS_S = 330.0
# What belongs to one event (light, sound, journal) comes within this; it is less than a pulse, so that the sound is still there to be heard.
TOGETHER_S = 0.1
# Nothing at all in this long: there is nothing to wait for.
GIVEN_UP_S = 2 * 86_400.0


class Skip:
    """One run to the next event. `turn` lets some of it pass; `ended` says why it is over, None while it is not."""

    def __init__(self, bedside: Bedside, log: LogReader) -> None:
        self._bedside = bedside
        self._log = log
        self._began = bedside.now
        self._rhythms = {name: rhythm_words(bedside.lights[name], bedside.now) for name in LIGHTS}
        tones = bedside.tones.tones
        self._last = tones[-1] if tones else None
        self._tones = len(tones)
        self._before = self._newest
        self.ended: str | None = None
        bedside.tones.on_begin = bedside.pico.stop
        for name in LIGHTS:
            if self._rhythms[name] in (DARK, STEADY):
                bedside.lights[name].on_change = bedside.pico.stop
        log.on_event = bedside.pico.stop

    @property
    def _newest(self) -> Logged | None:
        return self._log.logged[0] if self._log.logged else None

    def stop(self, why: str = "stopped") -> None:
        """Let go of pins and journal."""
        if self.ended is None:
            self.ended = why
            self._log.on_event = None
            self._bedside.tones.on_begin = None
            for light in self._bedside.lights.values():
                light.on_change = None

    def turn(self) -> None:
        """Let time pass for a turn's processor time, or up to the event."""
        bedside = self._bedside
        end = time.thread_time() + TURN_S
        while self.ended is None and time.thread_time() < end:
            bedside.run_to(bedside.now + PIECE_S)
            news = self._news()
            if news:
                self.stop(news)
                bedside.advance(TOGETHER_S)
                self.ended = self._logged() or news
            elif bedside.now - self._began > GIVEN_UP_S:
                self.stop("nothing happened in 2 days")

    def _news(self) -> str:
        """What has happened, as a short phrase; empty if nothing has."""
        if self._logged():
            return self._logged()
        for name in LIGHTS:
            if self._light_changed(name):
                return f"{name} light"
        return "sound" if self._sounds_new() else ""

    def _logged(self) -> str:
        """The newest event of the journal, if it was written since the run began."""
        newest = self._newest
        return newest.words if newest is not None and newest is not self._before else ""

    def _light_changed(self, name: str) -> bool:
        light, before = self._bedside.lights[name], self._rhythms[name]
        if before in (DARK, STEADY):
            return light.level != (before == STEADY)
        words = rhythm_words(light, self._bedside.now)
        if before == CHANGING:  # it had not settled when the run began
            self._rhythms[name] = words
            return False
        return words not in (before, CHANGING)

    def _sounds_new(self) -> bool:
        for tone in self._bedside.tones.tones[self._tones :]:
            last, self._last = self._last, tone
            self._tones += 1
            if last is None or tone.frequency != last.frequency or tone.start - (last.end or last.start) > REPEATS_S:
                return True
        return False
