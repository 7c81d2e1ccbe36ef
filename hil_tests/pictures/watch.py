"""docs/pictures/watch.svg: `dosebell watch` with five beds, of answers that real courses give: the core behind scripted devices."""

import importlib
import io
import re
import sys
from collections.abc import Callable
from typing import Any

from rich.console import Console

from dosebell import regimens
from dosebell.client import connect
from dosebell.errors import DosebellError
from dosebell.image.files import ROOT
from dosebell.times import to_datetime
from dosebell.watch import view
from dosebell.watch.bed import Bed
from dosebell.watch.lookout import checked

TARGET = ROOT / "docs" / "pictures" / "watch.svg"
NOW = (217_521_000, 0)  # 2026-11-22 14:30 UTC, whenever the picture is drawn
HOUR = 3600
DRAWN_S = 1000.0  # of the monotonic clock


def late(device: Any) -> None:
    """Its first dose was due 72 minutes ago."""
    begin(device, "bed 7", -72 * 60)


def infusing(device: Any) -> None:
    """The second dose of its course has run for some minutes."""
    begin(device, "bed 9", -8 * HOUR - 400, lambda: device.happen("start"), rest_s=150)
    device.happen("start")
    device.wait(150)


def on_hold(device: Any) -> None:
    """Not now."""
    begin(device, "bed 2", -900, rest_s=690)
    device.happen("hold")
    device.wait(690)


def waiting(device: Any) -> None:
    """Nothing to do for hours."""
    begin(device, "bed 12", 2 * HOUR + 14 * 60)


def unplugged(device: Any) -> None:
    """As `waiting`; its cable is pulled."""
    begin(device, "bed 4", HOUR)


def begin(
    device: Any, label: str, due_in_s: int, meanwhile: Callable[[], object] = lambda: None, *, rest_s: int = 0
) -> None:
    """A course of hd-il2 whose first dose is due in so many seconds of NOW, or was: until `rest_s` before NOW. `meanwhile` happens at that dose."""
    passed = max(0, -due_in_s) + 60
    device.happen("clock-set", source="host", utc=(NOW[0] - passed, 0), mono=device.now(), bound_ms=1)
    device.happen("configure", regimen=regimens.load("hd-il2").data, label=label, armed=False)
    device.happen("course-start", at=(NOW[0] + due_in_s, 0), cycle=1, slot=1, last=None)
    device.wait(60)
    meanwhile()
    device.wait(passed - 60 - rest_s)


def beds() -> list[Bed]:
    """What is known of the five."""
    sys.path[:0] = [str(ROOT / "host" / "tests"), str(ROOT / "firmware")]
    scripted = importlib.import_module("scripted_device").ScriptedDevice
    found = []
    for number, happens in enumerate((late, infusing, on_hold, waiting, unplugged)):
        with scripted(f"e66118604b2a5c2{number}") as device:
            happens(device)
            with connect(device.port) as client:
                answer = checked(client.ask("status"), device.port)
        answer["clock"]["utc"] = list(NOW)  # without the milliseconds that this took
        port = f"/dev/ttyACM{number}"
        found.append(Bed(port, 0.0).heard(port, answer, DRAWN_S))
    found[-1] = found[-1].lost(DosebellError("unplugged", port=found[-1].port), DRAWN_S - 123)
    return found


def as_svg(rows: list[Any]) -> str:
    """The rows as a picture that loads nothing from elsewhere."""
    console = Console(record=True, width=view.WIDTH, height=view.HEIGHT, file=io.StringIO(), force_terminal=True)
    for row in rows:
        console.print(row)
    svg = console.export_svg(title="dosebell watch", unique_id="watch")
    return re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    """Writes the picture, and prints its rows as text."""
    clock = f"{to_datetime(NOW):%a %Y-%m-%d %H:%M:%S} UTC"
    rows = view.rows(
        beds(), DRAWN_S, clock, foot="q quits   each is asked every 2 s   a reminder, not a medical device"
    )
    TARGET.write_text(as_svg(rows), encoding="utf-8")
    print("\n".join(row.plain for row in rows))
    print(TARGET.relative_to(ROOT))


if __name__ == "__main__":
    main()
