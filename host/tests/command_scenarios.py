"""What each command is run with to hold it to its contract: `test_host_contract` walks the command tree and fails for a command that is not here.

To add a command: put its schema into host/dosebell/schemas (`log pull` is log-pull.json) and a line into SCENARIOS.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host_command import Ran, dosebell
from on_the_table import ANSWERS, OnTheTable
from scripted_device import ScriptedDevice

from dosebell.image import build_image
from dosebell.image.files import BOARDS, BUILD, ROOT
from dosebell.times import now_utc, to_instant

NO_PLACE = "/dev/null/file"  # neither there nor to be made


@dataclass
class World:
    """A device on a port, and a folder that is the user's home."""

    device: ScriptedDevice
    home: Path

    def run(self, *arguments: str, **options: Any) -> Ran:
        """Run `dosebell` for the device."""
        return dosebell("--port", self.device.port, *arguments, home=self.home, **options)

    def ok(self, *arguments: str) -> Ran:
        ran = self.run(*arguments)
        assert ran.code == 0, ran.err
        return ran

    @property
    def archive(self) -> Path:
        return self.home / "data" / "dosebell" / "archive.sqlite"


Given = Callable[[World], object]


def nothing(world: World) -> None:
    """A new device."""


def configured(world: World) -> None:
    _has(world, "configure", regimen=_regimen(), label="Bed 12", armed=False)
    _has(world, "clock-set", source="host", utc=(218_000_000, 0), mono=world.device.now(), bound_ms=1)


def running(world: World) -> None:
    """A course whose first dose is due in an hour."""
    configured(world)
    _has(world, "course-start", at=(218_003_600, 0))


def on_hold(world: World) -> None:
    running(world)
    world.device.wait(3600)
    _has(world, "hold")


def resting(world: World) -> None:
    """Between two cycles, the second of which may begin."""
    running(world)
    world.device.wait(15 * 86_400)
    world.device.happen("acknowledge", latched=True)


def pulled(world: World) -> None:
    on_hold(world)
    world.ok("log", "pull")


def exported(world: World) -> None:
    pulled(world)
    world.ok("log", "export", "--output", str(world.home / "log.jsonl"))


def well(world: World) -> None:
    """Configured, with the time of this computer."""
    configured(world)
    _has(world, "clock-set", source="host", utc=to_instant(now_utc()), mono=world.device.now(), bound_ms=1)


def provisioned(world: World) -> None:
    world.ok("provision", "run", "hd-il2", "--label", "Bed 12", "--answers", ANSWERS)


def image_built(_world: World) -> None:
    build_image(BOARDS / "pico.toml", ROOT / "firmware", BUILD / "dosebell-pico.uf2")


def _regimen() -> dict[str, Any]:
    from dosecore.regimen_rules import built_in

    return dict(built_in()["hd-il2"])


def _has(world: World, command: str, **arguments: Any) -> None:
    from dosecore.refusals import Refusal

    happened = world.device.happen(command, **arguments)
    assert not isinstance(happened, Refusal), happened.code


def _damaged_archive(world: World) -> None:
    world.archive.parent.mkdir(parents=True, exist_ok=True)
    world.archive.write_bytes(b"no archive at all " * 100)


def _lost_event(world: World) -> None:
    on_hold(world)
    world.device.hurt(5, copies=(0, 1))


def _other_faults(world: World) -> None:
    world.device.answers["self-test"] = {"ok": True, "faults": ["buzzer"]}


def _strange_file(world: World) -> None:
    world.device.strange = True


def _altered_records(world: World) -> None:
    provisioned(world)
    records = world.archive.with_name("production.jsonl")
    records.write_text(records.read_text().replace("Bed 12", "Bed 13") + "{}\n")


@dataclass(frozen=True)
class Fails:
    """A way to an exit code: these arguments after what is given."""

    arguments: tuple[str, ...]
    error: str
    given: Given = nothing


@dataclass(frozen=True)
class Scenario:
    """How a command is run, and how it fails.

    runs: arguments after the command, of which each leads to a result. `{home}` in them is the user's home. lines: one object a line. prints: what stdout
    holds is the schema's also without --json. asks: the request by which it acts (no device is needed where there is none): refused, or answered with
    nonsense, it exits with 4, 5 and 6. fails: exit codes on other ways. typed: what stands on stdin. device: which one is attached.
    """

    runs: tuple[tuple[str, ...], ...] = ((),)
    given: Given = nothing
    lines: bool = False
    prints: bool = False
    asks: str = ""
    fails: dict[int, Fails] = field(default_factory=dict)
    typed: str = ""
    schema: str = ""
    device: type[ScriptedDevice] = ScriptedDevice


SCENARIOS: dict[str, Scenario] = {
    "status": Scenario(given=on_hold, asks="status"),
    "info": Scenario(asks="hello", device=OnTheTable, fails={6: Fails((), "code-changed", _strange_file)}),
    "ports": Scenario(),
    "watch": Scenario((("--once",),), on_hold, lines=True, asks="status"),
    "regimen list": Scenario(),
    "regimen show": Scenario((("hd-il2",), ("bench", "--toml"))),
    "regimen check": Scenario((("til-il2",),)),
    "configure": Scenario((("hd-il2", "--label", "Bed 12"), ("til-il2", "--armed")), asks="configure"),
    "clock sync": Scenario(asks="clock-set"),
    "clock show": Scenario(((), ()), configured, asks="clock-get"),
    "course start": Scenario(((),), configured, asks="course-start"),
    "course stop": Scenario(given=running, asks="course-stop"),
    "course next-cycle": Scenario(given=resting, asks="next-cycle"),
    "course reschedule": Scenario((("2026-11-30T01:00:00Z",),), running, asks="reschedule"),
    "dose record": Scenario((("1", "1", "held", "--reason", "cardiac"),), on_hold, asks="dose-record"),
    "dose reason": Scenario((("1", "1", "renal"),), on_hold, asks="dose-reason"),
    "log pull": Scenario(
        given=on_hold,
        asks="log-info",
        fails={2: Fails(("--archive", NO_PLACE), "archive-readonly"), 6: Fails((), "data-damaged", _lost_event)},
    ),
    "log show": Scenario(
        given=pulled,
        lines=True,
        schema="event",
        fails={2: Fails((), "archive-empty"), 6: Fails((), "archive-damaged", _damaged_archive)},
    ),
    "log export": Scenario(
        tuple(("--format", form, "--output", f"{{home}}/log.{form}") for form in ("jsonl", "csv", "fhir", "ics")),
        pulled,
        fails={2: Fails((), "archive-empty"), 6: Fails((), "archive-damaged", _damaged_archive)},
    ),
    "log verify": Scenario(
        ((), ("{home}/log.jsonl",)),
        exported,
        fails={
            2: Fails((), "archive-empty"),
            6: Fails(("{home}/log.jsonl",), "not-a-log", lambda world: (world.home / "log.jsonl").write_text("x")),
        },
    ),
    "report": Scenario(
        ((), ("--output", "{home}/report.html"), ("--since", "-24h")),
        pulled,
        fails={
            2: Fails(("--course", "7"), "no-such-course", pulled),
            6: Fails((), "archive-damaged", _damaged_archive),
        },
    ),
    "provision run": Scenario(
        (("hd-il2", "--label", "Bed 12", "--answers", ANSWERS),),
        asks="hello",
        device=OnTheTable,
        fails={5: Fails(("hd-il2", "--label", "Bed 12", "--answers", "red=yes"), "provision-failed")},
    ),
    "provision show": Scenario(
        given=provisioned, lines=True, device=OnTheTable, fails={6: Fails((), "record-altered", _altered_records)}
    ),
    "provision labels": Scenario(
        (("--output", "{home}/labels.html"),),
        provisioned,
        device=OnTheTable,
        fails={2: Fails(("Bed 13",), "no-record", provisioned)},
    ),
    "doctor": Scenario(given=well, device=OnTheTable),
    "flash": Scenario((("--list",),), fails={2: Fails((NO_PLACE,), "unreadable-file")}),
    "self-test": Scenario(asks="self-test", fails={5: Fails((), "self-test-failed", _other_faults)}),
    "alert test": Scenario((("low",),), asks="alert-test"),
    "sim": Scenario(
        given=image_built,
        lines=True,
        typed="wait 1\nlights\nunplug\nreplug\nquit\n",
        fails={2: Fails(("--image", NO_PLACE), "unreadable-file")},
    ),
}
