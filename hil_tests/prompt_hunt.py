"""Looks for bytes that lead a device to MicroPython's prompt: sequences in service, and bytes at every moment of a boot (B-03).

Whatever is not an answer of the link counts as found, for the device says nothing else: a prompt, an echo, what a probe prints, a traceback. So do
a reset, an interrupt that bytes can make, a filesystem that was written to, and the call that replaces a device that cannot begin.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from dosebell import wire
from dosebell.image.files import BOARDS
from dosebell.image.micropython import load_micropython
from dosebell.sim import Pico
from hil_tests import scenes
from hil_tests.bench import EmulatedBench

STORAGE = load_micropython(BOARDS / "micropython.toml", "RPI_PICO").storage
JOURNAL_END = STORAGE.journal_offset + STORAGE.journal_blocks * STORAGE.block_size
SEQUENCE_BYTES = 16
RED_PIN = 18
# Where a prompt is, this prints 42; where raw mode is, the 0x04 runs it; in paste mode too. In service it is noise.
PROBE = b"\r\nprint(6*7)\r\n\x04\r\n"
HELLO = wire.request("0000beef", "hello", {})
LONG = wire.request("0000beef", "hello", {"x": "y" * 900})

# What is known to lead to a prompt, or to something that can be confused: mpremote's ways in, raw mode, raw paste, paste mode, soft reset, frames with
# control characters in them, lines without an end, and the requests of the link in the wrong places.
CRAFTED = (
    b"\x03",
    b"\x03\x03",
    b"\x03" * 16,
    b"\x04",
    b"\x04\x04",
    b"\x01",
    b"\x02",
    b"\x05",
    b"\x03\x04",
    b"\x04\x03",
    b"\x02\x03\x03\x04",
    b"\r\x03\x03",
    b"\r\x03\x03\r\x01",  # mpremote: interrupt twice, raw mode
    b"\r\x03\x03\r\x01\x05A\x01",  # and raw paste, whose answer it waits for
    b"\x05A\x01print(6*7)\x04",
    b"\x01print(6*7)\x04",
    b"\x05print(6*7)\r\n\x04",
    b"\r\nimport machine; machine.bootloader()\r\n",
    b"\x01import os; os.remove('main.py')\x04\x04",
    b"{" + b"\x03" * 8 + b"\n",
    b"+" * 16 + b"\x03",
    b"+\x04+\x03+\x01+",
    b"\x03\n" + HELLO,
    HELLO + b"\x03",
    HELLO[:20] + b"\x03" + HELLO[20:],
    HELLO[:-1] + b"\x03\n",
    b"\n" + HELLO + b"+" * 4 + b"\x03\x04",
    b"\x1b[A\x1b[A\r\n",
    b"\x00\x03\x00\x03",
    b"\xff\x03\xfe\x04",
    b"AT\r\nAT+GCAP\r\n\x03",
    b"\x03\r\x01\x04\x02\r\x05",
)
_LONG_LINES = (b"{" + b"a" * 3000 + b"\x03\n", LONG, b"\x03" * 600, b"\x04" * 600)
_LONG_ONCE_IN = 2000
_CONTROL = b'\x01\x02\x03\x04\x05\r\n\x1b\x7f\x00+{}#"print(6*7)'

_BATCH = 256  # sequences between two probes
_SETTLE_S = 0.05
_STEP_S = 0.005
_DIGEST_S = 1.0  # a boot that was sent something at every moment has a backlog: the last frame in it is answered late


def sequence(random: Random) -> bytes:
    """One sequence, mostly of 16 bytes: anything, mostly control characters, or something crafted."""
    kind = random.random()
    if kind < 0.4:
        return random.randbytes(SEQUENCE_BYTES)
    if kind < 0.8:
        return bytes(random.choices(_CONTROL, k=SEQUENCE_BYTES))
    return random.choice(_LONG_LINES if random.randrange(_LONG_ONCE_IN) == 0 else CRAFTED)


def beyond_answers(said: bytes) -> bytes:
    """What was said that is no whole line of an answer."""
    return b"\n".join(line for line in said.split(b"\n") if line and wire.answer_line(line) is None)


def heard_as(said: bytes) -> str:
    """What was said, in words: a prompt is called one."""
    prompt = "a prompt: " if b">>>" in said or b"raw REPL" in said else ""
    return f"it said {prompt}{said[:80]!r}"


@dataclass
class Found:
    """What a hunt has found: `ways`, each a sentence; empty when every byte was for nothing. sent: sequences, or boots."""

    sent: int = 0
    ways: list[str] = field(default_factory=list)

    def note(self, what: str, where: object) -> None:
        self.ways.append(f"{what} ({where})")


def in_service(bench: EmulatedBench, sequences: int, seed: int) -> Found:
    """So many sequences to a device in service, with a probe after each 256. Ends with the first thing found."""
    random = Random(seed)
    found = Found()
    bench.serial()  # opens the port
    usb = bench.pico.usb
    resets = len(bench.pico.resets)
    usb.out.clear()
    while found.sent < sequences and not found.ways:
        batch = [sequence(random) for _ in range(min(_BATCH, sequences - found.sent))]
        bench.send_noise(b"".join(batch) + PROBE)
        while usb.unsent and len(bench.pico.resets) == resets:
            bench.wait(_STEP_S)
        bench.wait(_SETTLE_S)
        found.sent += len(batch)
        said = beyond_answers(bytes(usb.out))
        usb.out.clear()
        if said:
            found.note(heard_as(said), f"seed {seed}, sequences up to {found.sent}")
        if len(bench.pico.resets) != resets:
            found.note("it was reset", f"seed {seed}, sequences up to {found.sent}")
        if bench.pico.interrupt_byte != -1:
            found.note(f"byte {bench.pico.interrupt_byte} interrupts it", f"seed {seed}, sequences up to {found.sent}")
    return found


# The first bytes can come when the host has enumerated the board, 13 ms after the reset at the earliest; what came before waits in the host.
# By 30 ms the application is being imported.
EARLY_S, SERVED_S = 0.030, 0.55


def boot_bytes(random: Random, until: float) -> Iterator[tuple[float, bytes]]:
    """What is sent at which instant of a boot: one thing at one moment, or one after another at every moment."""
    if random.random() < 0.5:
        yield random.uniform(0, until), random.choice(CRAFTED)
        return
    at = random.uniform(0, 0.001)
    step = random.choice((0.0001, 0.0005, 0.001)) if until < 0.1 else 0.001
    one = random.choice(CRAFTED[:16]) if random.random() < 0.5 else None
    while at < until:
        yield at, one or random.choice(CRAFTED)
        at += step


def early_boot(flash: bytes, seed: int) -> Found:
    """The first 30 ms of a boot of a board whose host is as fast as none is, with bytes at random moments."""
    found = Found(1)
    pico = Pico(flash)
    pico.usb.hurry()
    for at, what in boot_bytes(Random(seed), EARLY_S):
        pico.at(at, lambda what=what: pico.usb.send(what))  # type: ignore[misc]
    pico.run_to(EARLY_S)
    where = f"boot {seed}"
    if pico.usb.out:
        found.note(heard_as(bytes(pico.usb.out)), where)
    if pico.interrupt_byte != -1:
        found.note(f"byte {pico.interrupt_byte} interrupts it", where)
    if pico.level(RED_PIN):
        found.note("it could not begin", where)
    if any(not STORAGE.journal_offset <= each.offset < JOURNAL_END for each in pico.flash_spy.operations):
        found.note("its filesystem was written to", where)
    return found


def whole_boot(bench: EmulatedBench, seed: int) -> Found:
    """A reset by the RUN line and the boot that follows, with bytes at random moments until it is in service; then it must answer."""
    found = Found(1)
    pico = bench.pico
    bench.reset("run")
    pico.usb.hurry()
    pico.usb.out.clear()
    resets = len(pico.resets)
    begun = bench.now
    for at, what in boot_bytes(Random(seed), SERVED_S):
        pico.at(begun + at, lambda what=what: pico.usb.send(what))  # type: ignore[misc]
    bench.wait(SERVED_S + _SETTLE_S)
    bench.send_noise(PROBE)
    while pico.usb.unsent:
        bench.wait(_STEP_S)
    bench.wait(_DIGEST_S)
    where = f"boot {seed}"
    said = beyond_answers(bytes(pico.usb.out))
    if said:
        found.note(heard_as(said), where)
    if len(pico.resets) != resets:
        found.note("it was reset", where)
    if not found.ways and scenes.ask(bench, "hello")["product"] != "dosebell":
        found.note("it does not answer", where)
    return found
