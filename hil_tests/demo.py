"""`make demo`: 32 hours at the bed in less than a minute, on the real firmware image, told as a nurse would tell it.

One dose is given on time, one late, one is held, one is missed. The board is emulated; the image, the serial port and the `dosebell` command are real.
The story is not acted by this module: it presses the buttons, and what it prints it has read from the device's lights, buzzer, log and status.
"""

import json
import shlex
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dosebell.image import build_image
from dosebell.image.files import BOARDS, ROOT
from dosebell.sim import flash_from_uf2
from dosebell.sim.senses import bursts
from hil_tests.bench import EmulatedBench
from hil_tests.bench.interface import MOMENT_S, from_wire

HOUR, MINUTE = 3600.0, 60.0
INTERVAL_S = 8 * HOUR
WIDTH = 96

# What the log's outcomes and kinds are called at the bed.
_TOLD = {
    "dose-started": "START: the infusion runs",
    "dose-completed": "infusion over (15 min)",
    "dose-on-hold": "HOLD: not now",
    "dose-due": "dose due",
    "dose-late": "dose late",
    "dose-overdue": "dose overdue",
}


class Story:
    """The bed, the nurse, and what is told about them."""

    def __init__(self, bench: EmulatedBench) -> None:
        self.bench = bench
        self.first_due = 0.0
        self.heard_until = 0.0
        self.live = sys.stderr.isatty()

    # -- telling
    def say(self, text: str = "") -> None:
        """One line of the story, now."""
        if self.live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        print(text, flush=True)

    def command(self, *args: str, confirmed: bool = False) -> str:
        """Runs the real host command, shows it and what it printed."""
        self.say(f"$ dosebell {shlex.join(args)}" + ("      (PAUSE is held 2 s at the bed)" if confirmed else ""))
        run = self.bench.cli_confirmed if confirmed else self.bench.cli
        result = run(*args)
        if result.exit_code:
            raise SystemExit(f"demo: `dosebell {' '.join(args)}` ended with {result.exit_code}: {result.stderr}")
        for line in result.stdout.rstrip().splitlines():
            self.say("    " + line)
        return result.stdout

    def wait_until(self, t: float) -> None:
        """Lets time pass at the bed, with a clock for whoever watches."""
        while t - self.bench.now > MOMENT_S:
            self.bench.wait_until(min(t, self.bench.now + 30 * MINUTE))
            if self.live:
                shown = self.bench.utc_at(self.bench.now).astimezone()
                print(f"\r\x1b[K   ... {shown:%a %H:%M} at the bed", end="", file=sys.stderr, flush=True)

    # -- the nurse
    def due(self, slot: int) -> float:
        """The bench's instant at which a slot is due."""
        return self.first_due + (slot - 1) * INTERVAL_S

    def play(self) -> None:
        """The nurse's 32 hours."""
        bench = self.bench
        self.wait_until(self.due(1) + 2 * MINUTE + 7)
        bench.press("start")
        self.wait_until(self.due(1) + 18 * MINUTE)
        bench.press("pause")  # the line is flushed: any button ends that call
        self.wait_until(self.due(2) + 75 * MINUTE + 4)
        bench.press("start")
        self.wait_until(self.due(2) + 92 * MINUTE)
        bench.press("pause")
        self.wait_until(self.due(3) + 10 * MINUTE)
        bench.press("hold")
        bench.wait(1)
        bench.press("hold")  # the next reason of the list: hypotension
        self.wait_until(self.due(5) + 5 * MINUTE)
        bench.hold("pause", 2.2)  # the missed dose is acknowledged

    def heard(self, begin: float, end: float) -> tuple[int, int]:
        """(medium, low) bursts that sounded in [begin, end)."""
        # A call's pulses are longer than those that only answer a press.
        calls = [tone for tone in self.bench.tones(begin) if tone.end is not None and tone.end - tone.start > 0.1]
        found = [burst for burst in bursts(calls) if burst.start < end]
        return sum(b.pulses == 3 for b in found), sum(b.pulses == 2 for b in found)


def _timeline(story: Story, events: Sequence[dict[str, Any]]) -> None:
    """The pulled log as a timeline by slot, with what sounded between its lines."""
    told = [e for e in events if e["slot"] and (e["kind"] in _TOLD or e["kind"] in ("dose-reason", "dose-closed"))]
    instants = [story.bench.instant_of(datetime.fromisoformat(e["utc"])) for e in told]
    slot = 0
    for place, event in enumerate(told):
        begin = instants[place]
        end = instants[place + 1] if place + 1 < len(told) else story.bench.now
        if event["slot"] != slot:
            slot = event["slot"]
            story.say()
            story.say(f"dose {slot}   due {story.bench.utc_at(story.due(slot)).astimezone():%a %H:%M}")
        medium, low = story.heard(begin - 0.01, end - 0.01)
        calls = ", ".join(f"{n} {word}" for n, word in ((medium, "medium"), (low, "low")) if n)
        when = datetime.fromisoformat(event["utc"]).astimezone()
        story.say(f"   {when:%H:%M:%S}  {_words(event):42} {('called: ' + calls) if calls else ''}".rstrip())


def _words(event: dict[str, Any]) -> str:
    detail = event["detail"]
    if event["kind"] == "dose-closed":
        return f"-> {detail['outcome'].upper()}"
    if event["kind"] == "dose-reason":
        return f"reason: {detail['reason']}"
    words = _TOLD[event["kind"]]
    if event["kind"] == "dose-due" and detail["not_before"]:
        words += f", not before {datetime.fromisoformat(detail['not_before']).astimezone():%H:%M}: light only"
    if event["kind"] == "dose-started":
        minutes = round(detail["variance_ms"] / 60000)
        words += f", {abs(minutes)} min {'late' if minutes >= 0 else 'early'}"
    return words


def main() -> int:
    """Builds the image if need be, plays the story, prints it. 0 when the four doses ended as they should have."""
    began = time.monotonic()
    info = build_image(BOARDS / "pico.toml", ROOT / "firmware", ROOT / "build" / "dosebell-pico.uf2")
    with tempfile.TemporaryDirectory() as home:
        bench = EmulatedBench(flash_from_uf2(info.path.read_bytes()), Path(home))
        try:
            return _tell(Story(bench), Path(home) / "log.sqlite", began)
        finally:
            bench.close()


def _tell(story: Story, archive: Path, began: float) -> int:
    bench = story.bench
    story.say("Dosebell: a bedside dose reminder. Not a medical device.".center(WIDTH).rstrip())
    story.say("The firmware runs on an emulated Raspberry Pi Pico; buttons, lights and buzzer are its pins.\n")
    bench.wait(2)
    story.command("info")
    story.command("clock", "sync")
    # The clock on the bench's wall goes by the device, which has just been set by this machine's.
    bench.utc_begin = from_wire(bench.serial().ask("clock-get")["utc"]) - timedelta(seconds=bench.now)
    story.command("configure", "hd-il2", "--label", "bed 7", confirmed=True)
    first = (bench.utc_at(bench.now) + timedelta(minutes=70)).replace(minute=0, second=0, microsecond=0)
    story.first_due = bench.instant_of(first)
    story.command("course", "start", "--at", f"{first:%Y-%m-%dT%H:%M:%SZ}", confirmed=True)
    story.say(f"\n32 hours pass at the bed (first dose due {first.astimezone():%a %H:%M %Z}) ...")
    story.play()
    story.command("log", "pull", "--archive", str(archive))
    log = bench.cli("--json", "log", "show", "--archive", str(archive))
    _timeline(story, [_event for _event in _lines(log.stdout) if _event["utc"]])
    story.say()
    story.command("status")
    story.command("log", "show", "--archive", str(archive))
    status = bench.cli("--json", "status").json
    counts = status["course"]["counts"]
    as_told = counts == {"given": 2, "partial": 0, "held": 1, "missed": 1, "unknown": 0}
    hours = bench.now / HOUR
    story.say(
        f"\n{hours:.1f} h at the bed in {time.monotonic() - began:.0f} s; given 2, held 1, missed 1: "
        + ("yes" if as_told else "NO")
    )
    return 0 if as_told else 1


def _lines(text: str) -> list[dict[str, Any]]:
    """The events of `log show --json`, one object a line."""
    return [json.loads(line) for line in text.splitlines() if line.strip()]


if __name__ == "__main__":
    raise SystemExit(main())
