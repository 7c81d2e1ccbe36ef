"""Lines typed at `dosebell sim`: the hands of whoever plays with the emulated device, or of a script."""

import os
import select
from collections.abc import Callable
from typing import Any

from dosebell.sim.bedside import TAP_S, Bedside
from dosebell.sim.senses import rhythm
from dosebell.sim.serial_port import SerialPort

HELP = "press start|hold|pause, hold BUTTON SECONDS, wait SECONDS, lights, power off|on, bootsel, unplug, replug, quit"
# A rhythm shows in this much time before the question: two whole periods of the slowest, 0.5 Hz.
LOOK_BACK_S = 5.0

Answer = dict[str, Any]


class BadLine(Exception):
    """A line that is not understood, with what was expected."""


class Console:
    """Takes lines from a file descriptor without waiting for them and carries them out. `ended`: `quit` was said.

    `say` gets what a line has to tell: a dictionary with `t` (seconds since power-on) and, for `lights`, their rhythms;
    `complain` gets a sentence for a line that is not understood. The end of the file ends nothing.
    """

    def __init__(
        self,
        bedside: Bedside,
        port: SerialPort,
        source: int,
        say: Callable[[Answer], None],
        complain: Callable[[str], None],
    ) -> None:
        self._bedside = bedside
        self._port = port
        self._source: int | None = source
        self._say = say
        self._complain = complain
        self._typed = b""
        self.ended = False
        self._verbs: dict[str, tuple[int, Callable[..., None]]] = {
            "press": (1, self._press),
            "hold": (2, self._hold),
            "wait": (1, self._wait),
            "lights": (0, self._lights),
            "power": (1, self._power),
            "bootsel": (0, self._bootsel),
            "unplug": (0, self._unplug),
            "replug": (0, self._replug),
            "help": (0, lambda: self._complain(HELP)),
            "quit": (0, self._quit),
        }

    def look(self) -> bool:
        """Carry out the lines that have come; True once the device is to be switched off."""
        while not self.ended and self._source is not None and select.select([self._source], [], [], 0)[0]:
            data = os.read(self._source, 4096)
            if not data:
                self._source = None
                break
            *lines, self._typed = (self._typed + data).split(b"\n")
            for line in lines:
                self._carry_out(line.decode(errors="replace"))
        return self.ended

    def _carry_out(self, line: str) -> None:
        verb, *words = line.split() or [""]
        if not verb or self.ended:
            return
        try:
            if verb not in self._verbs or len(words) != self._verbs[verb][0]:
                raise BadLine(f"{line.strip()}: not understood. Known: {HELP}")
            self._verbs[verb][1](*words)
        except BadLine as error:
            self._complain(str(error))

    def _press(self, button: str) -> None:
        self._bedside.hold(self._button(button), TAP_S)

    def _hold(self, button: str, seconds: str) -> None:
        self._bedside.hold(self._button(button), _seconds(seconds))

    def _wait(self, seconds: str) -> None:
        self._bedside.advance(_seconds(seconds))
        self._say({"t": round(self._bedside.now, 3)})

    def _lights(self) -> None:
        now = self._bedside.now
        seen = {name: str(rhythm(log, now - LOOK_BACK_S, now)) for name, log in self._bedside.lights.items()}
        self._say({"t": round(now, 3), "lights": seen, "sounding": self._bedside.tones.sounding})

    def _power(self, state: str) -> None:
        if state not in ("off", "on"):
            raise BadLine(f"power {state}: power off or power on")
        if state == "off":
            self._bedside.cut_power()
        else:
            self._bedside.restore_power()
            self._port.attach(self._bedside.usb)

    def _bootsel(self) -> None:
        """Off, and on again with the loader button held."""
        self._bedside.cut_power()
        self._bedside.restore_power(bootsel=True)
        self._port.attach(self._bedside.usb)

    def _unplug(self) -> None:
        self._bedside.usb.unplug()
        self._port.vanish()

    def _replug(self) -> None:
        self._bedside.usb.replug()
        self._port.appear()
        self._say({"t": round(self._bedside.now, 3), "port": self._port.path})

    def _quit(self) -> None:
        self.ended = True

    def _button(self, name: str) -> str:
        if name not in self._bedside.buttons:
            raise BadLine(f"{name}: the buttons are {', '.join(self._bedside.buttons)}")
        return name


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        raise BadLine(f"{text}: not a number of seconds") from None
    if not 0 <= seconds <= 30 * 86_400:
        raise BadLine(f"{text}: seconds from 0 to 2592000 (30 days)")
    return seconds
