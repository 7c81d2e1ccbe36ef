"""What is heard, in words. A call is told by its long pulses, feedback by its melody, as an ear does; pitch and length come from the buzzer's pin."""

from collections.abc import Sequence
from dataclasses import dataclass

from dosebell.sim.tones import Tone, ToneLog

# Pulses of one sound follow each other within this; it is longer than a burst's own pauses (200 ms).
PAUSE_S = 0.35
# A pulse of a call is 150 ms long, one of feedback at most 60 ms.
CALL_PULSE_S = 0.1
# Feedback cuts a pulse of a call in two: pieces so close to each other are one pulse.
CUT_S = 0.1
KEPT = 8
_CALLS = {2: "LOW CALL", 3: "MEDIUM CALL"}
_MELODIES = {
    (1, "level"): "beep (taken)",
    (2, "level"): "two beeps (the long press is done: let go)",
    (2, "rising"): "rising beeps (offered: PAUSE 2 s takes it)",
    (2, "falling"): "falling beeps (undone)",
    (3, "level"): "three low beeps (refused)",
    (6, "level"): "six low beeps (NOT RECORDED)",
}


@dataclass
class Heard:
    """A sound, or the bursts of one call. words: what it is. start, end: of the newest, in seconds; count: how often; every: from one to the next."""

    words: str
    start: float
    end: float
    count: int = 1
    every: float | None = None


def call_words(tones: Sequence[Tone]) -> str:
    """What a burst of a call is. Its tones have ended; a pulse may be in pieces."""
    pulses = 1 + sum(1 for one, other in zip(tones, tones[1:], strict=False) if other.start - _end(one) >= CUT_S)
    return f"{_CALLS.get(pulses, 'call')} ({pulses} pulse{'s' if pulses > 1 else ''} of {tones[0].frequency:.0f} Hz)"


def feedback_words(tones: Sequence[Tone]) -> str:
    """What short tones say. They have ended."""
    first, last = tones[0].frequency, tones[-1].frequency
    melody = "rising" if last > first else "falling" if last < first else "level"
    return _MELODIES.get((len(tones), melody), f"{len(tones)} short beeps at {max(first, last):.0f} Hz")


class Ear:
    """Listens to one buzzer. `heard`: the newest first, the bursts of one call as one."""

    def __init__(self, tones: ToneLog) -> None:
        self._log = tones
        self._next = 0
        self._call: list[Tone] = []
        self._feedback: list[Tone] = []
        self._call_pitches: set[float] = set()
        self.heard: list[Heard] = []

    def listen(self, now: float) -> None:
        """Take in what has sounded up to `now`."""
        tones = self._log.tones
        while self._next < len(tones) and (end := tones[self._next].end) is not None:
            tone = tones[self._next]
            self._next += 1
            if end - tone.start >= CALL_PULSE_S:
                self._call_pitches.add(tone.frequency)
            self._close(tone.start)
            (self._call if tone.frequency in self._call_pitches else self._feedback).append(tone)
        self._close(now)

    def _close(self, now: float) -> None:
        """A sound is over when nothing of it has come for a while."""
        if self._call and now - _end(self._call[-1]) > PAUSE_S:
            burst = Heard(call_words(self._call), self._call[0].start, _end(self._call[-1]))
            self._call = []
            last = self.heard[0] if self.heard else None
            if last is not None and last.words == burst.words:
                burst.count, burst.every = last.count + 1, burst.start - last.start
                del self.heard[0]
            self._note(burst)
        if self._feedback and now - _end(self._feedback[-1]) > PAUSE_S:
            self._note(Heard(feedback_words(self._feedback), self._feedback[0].start, _end(self._feedback[-1])))
            self._feedback = []

    def _note(self, sound: Heard) -> None:
        self.heard.insert(0, sound)
        del self.heard[KEPT:]

    @property
    def now(self) -> str:
        """What sounds at this moment, a note for each of its pulses so far; empty in silence."""
        tone = self._log.tones[-1] if self._log.sounding else None
        notes = len(self._call) + len(self._feedback) + (tone is not None)
        if not notes:
            return ""
        return "♪ " * notes + (f" {tone.frequency:.0f} Hz" if tone is not None else "")


def _end(tone: Tone) -> float:
    return tone.start if tone.end is None else tone.end
