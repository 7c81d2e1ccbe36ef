"""The tester's bench: what a person with a Dosebell, a finger, eyes, ears and a power switch can do, as verbs.

`Bench` is the interface; `EmulatedBench` plays it on the emulated Pico. See docs/tester-manual.md.
"""

from dosebell.sim import Edge, Tone
from dosebell.sim.senses import Burst, Rhythm
from hil_tests.bench.command import CliResult
from hil_tests.bench.conversation import Conversation, NoAnswer
from hil_tests.bench.copies import in_a_copy
from hil_tests.bench.emulated import EmulatedBench
from hil_tests.bench.interface import Bench, NotOnThisBench

__all__ = [
    "Bench",
    "Burst",
    "CliResult",
    "Conversation",
    "Edge",
    "EmulatedBench",
    "NoAnswer",
    "NotOnThisBench",
    "Rhythm",
    "Tone",
    "in_a_copy",
]
