"""Plays named courses on the core and prints every event's bytes, every burst and the final checkpoint. Runs on CPython and on MicroPython alike."""

from dosecore.checkpoint import pack, unpack
from tests.driver import Device, instant
from tests.model.courses import COURSES
from tests.model.scripts import INSTANTS, UTC0, play


class Player(Device):
    """A Device that takes a script's steps."""

    def offer(self, name, arguments):
        told = {}
        for key, value in arguments.items():
            told[key] = instant(value) if key in INSTANTS and value is not None else value
        return Device.offer(self, name, **told)

    def reason(self, cycle, slot, reason):
        self.command("dose-reason", cycle=cycle, slot=slot, reason=reason)


def hexed(raw):
    return "".join(f"{byte:02x}" for byte in raw)


def story(name):
    """The course `name` as lines of text."""
    script, _ = COURSES[name]()
    device = Player()
    device.boot(utc=UTC0)
    play(script, device)
    yield "course " + name
    for raw in device.journal():
        yield hexed(raw)
    for (t, priority), (condition, since) in zip(device.bursts, device.heard):  # noqa: B905 MicroPython's zip has no strict
        yield f"{t} {priority} {condition} {since}"
    for alert in device.standing():
        yield repr(alert)
    yield hexed(pack(unpack(pack(device.state))))
    # and an outage: the clock is lost, a dose is given all the same, a sync brings the schedule back
    device.t += 3600000
    device.boot()
    device.down("start")
    device.up("start")
    device.to(device.t + 600000)
    device.set_clock(UTC0 + device.t)
    device.to(device.t + 3600000)
    yield hexed(pack(device.state))


NAMES = (
    "two_cycles",
    "anchored_on_start",
    "gap_and_override",
    "reviewed_holds",
    "recorded_afterwards",
    "middle",
    "bench_course",
)


def main():
    for name in NAMES:
        for line in story(name):
            print(line)


if __name__ == "__main__":
    main()
