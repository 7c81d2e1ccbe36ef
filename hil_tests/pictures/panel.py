"""docs/pictures/panel.svg: the terminal's panel while a dose is late, as `dosebell sim --panel --practice` shows it."""

import io
import re
import sys
from pathlib import Path

from rich.console import Console

from dosebell.image.files import BOARDS, BUILD, ROOT
from dosebell.sim import flash_from_uf2
from dosebell.sim.bedside import Bedside
from dosebell.sim.panel import view
from dosebell.sim.panel.log_reader import LogReader
from dosebell.sim.panel.loop import Panel
from dosebell.sim.panel.seen import Seen
from dosebell.sim.panel.skip import TOGETHER_S
from dosebell.sim.practice import prepare
from dosebell.sim.serial_port import SerialPort

TARGET = ROOT / "docs" / "pictures" / "panel.svg"
IMAGE = BUILD / "dosebell-pico.uf2"
BOOT_S = 1.5
# Into the third pulse of a burst; and as many bursts as make a rhythm.
IN_BURST_S, BURSTS_S = 0.75, 20.0


def late_dose(image: bytes) -> Seen:
    """A course begins, its first dose is late: what the panel shows in the middle of the third burst."""
    bedside = Bedside.of_board(flash_from_uf2(image), BOARDS / "pico.toml")
    log = LogReader(bedside.pico)
    display = bedside.solder_display()
    bedside.advance(BOOT_S)
    prepare(bedside, "hd-il2")
    port = SerialPort(bedside.usb)
    try:
        panel = Panel(bedside, port, log, display, shown_port="/dev/pts/7")
        for _event in ("due", "late"):
            panel.key("n")
            while panel.skipping:
                panel.turn()
            called_at = bedside.now - TOGETHER_S
            bedside.advance(IN_BURST_S)
        bedside.run_to(called_at + BURSTS_S + IN_BURST_S)
        return panel.seen()
    finally:
        port.close()


def as_svg(seen: Seen) -> str:
    """The rows as a picture that loads nothing from elsewhere."""
    console = Console(record=True, width=view.WIDTH, height=view.HEIGHT, file=io.StringIO(), force_terminal=True)
    for row in view.rows(seen):
        console.print(row)
    svg = console.export_svg(title="dosebell sim --panel --practice", unique_id="panel")
    return re.sub(r"@font-face \{.*?\}\s*|<!--.*?-->\s*", "", svg, flags=re.DOTALL)


def main() -> None:
    """Writes the picture, and prints its rows as text. Another image than the built one may be named."""
    seen = late_dose(Path(sys.argv[1] if len(sys.argv) > 1 else IMAGE).read_bytes())
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(as_svg(seen), encoding="utf-8")
    print("\n".join(row.plain for row in view.rows(seen)))
    print(TARGET.relative_to(ROOT))


if __name__ == "__main__":
    main()
