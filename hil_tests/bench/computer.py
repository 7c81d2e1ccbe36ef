"""A computer with any number of emulated boards on its USB: their serial ports, their loader drives, and the real command on it.

For what is about several boards, or about boards that leave their serial port for the loader. The commands find the boards by themselves,
through DOSEBELL_PORTS and DOSEBELL_DRIVES.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from dosebell.sim.drive import LoaderDrive
from dosebell.sim.serial_port import SerialPort
from dosebell.sim.timekeeper import Timekeeper
from hil_tests.bench.command import CliResult, Command
from hil_tests.bench.emulated import EmulatedBench, Nurse

# Simulated seconds in a real one while nobody talks: a board is back from its loader as soon as this machine can boot it.
SPEED = 20.0
POLL_S = 0.002
# Real seconds: how long after a word a command is still talking, and the longest piece of time that passes at once.
SILENT_S, PIECE_S = 0.05, 0.05


class Computer:
    """`home`: an empty folder; the user's own, and beside it where ports and drives are found. `drives`: each board's drive, by its id."""

    def __init__(self, home: Path) -> None:
        self._home = home / "user"
        self._ports, self._places = home / "ports", home / "drives"
        for folder in (self._home, self._ports, self._places):
            folder.mkdir(parents=True)
        self._boards: dict[str, tuple[EmulatedBench, SerialPort, Timekeeper]] = {}
        self.drives: dict[str, LoaderDrive] = {}

    def plug(self, bench: EmulatedBench) -> str:
        """Plug the board in; its USB serial number, which is its unique id."""
        bedside = bench.bedside
        serial_number = bedside.unique_id.hex()
        port = SerialPort(bedside.usb, self._ports / serial_number)
        drive = LoaderDrive(bedside, self._places)
        self._boards[serial_number] = bench, port, Timekeeper(bedside, port, drive)
        self.drives[serial_number] = drive
        self.look()
        return serial_number

    def look(self) -> None:
        """Ports and drives appear and vanish as the boards have by now."""
        for serial_number, (bench, port, _) in self._boards.items():
            port.attach(bench.bedside.usb)
            port.service()
            self.drives[serial_number].service()

    def close(self) -> None:
        """Pull all cables."""
        for serial_number, (_, port, _) in self._boards.items():
            port.close()
            self.drives[serial_number].vanish()

    def run(
        self,
        *args: str,
        confirmed_at: Sequence[str] = (),
        timeout: float = 120.0,
        environment: dict[str, str] | None = None,
    ) -> CliResult:
        """The real command, while the boards' time goes on. At those in `confirmed_at` PAUSE is held for 2 s when they offer a change.

        It runs without the privilege to write where the permissions forbid it. TimeoutError after `timeout` seconds of real time.
        """
        found = {"DOSEBELL_PORTS": str(self._ports), "DOSEBELL_DRIVES": str(self._places)}
        nurses = []
        for serial_number, (bench, port, _) in self._boards.items():
            if serial_number in confirmed_at:
                nurses.append(Nurse(bench.bedside))
                port.on_answer = nurses[-1].listen
        command = Command(args, port=None, home=self._home, environment=found | (environment or {}), unprivileged=True)
        end = time.monotonic() + timeout

        def done() -> bool:
            for nurse in nurses:
                nurse.look(command)
            if time.monotonic() > end:
                command.stop()
                raise TimeoutError(f"{command.result()} was not done within {timeout:g} s")
            return command.done()

        try:
            self.serve(done)
        finally:
            for _, port, _ in self._boards.values():
                port.on_answer = None
            command.stop()
        return command.result()

    def serve(self, until: Callable[[], bool]) -> None:
        """Let the boards answer until `until()` holds. While nobody talks to them their time goes on, at SPEED: they leave for the loader and come back."""
        now = talked_at = time.monotonic()
        while not until():
            before = now
            if any([timekeeper.answer() for _, _, timekeeper in self._boards.values()]):
                talked_at = time.monotonic()
            else:
                time.sleep(POLL_S)
            now = time.monotonic()
            if now - talked_at > SILENT_S:
                for bench, _, _ in self._boards.values():
                    bench.wait(min(now - before, PIECE_S) * SPEED)
