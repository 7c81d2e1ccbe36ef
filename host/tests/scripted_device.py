"""A device for tests of the host: the real core and journal behind a pseudo-terminal or a socket, with a script of how it misbehaves.

It is no model of the firmware (the emulated board is that): no lights, no buttons, no watchdog. What a person does at the bed is a method here.
"""

from __future__ import annotations

import os
import pty
import select
import socket
import threading
import time
import tty
from collections.abc import Callable
from types import TracebackType
from typing import Any

from scripted_frames import Lines, answer

from device.journal import layout
from device.journal.ahead import Ahead
from device.journal.repair import format_ring
from device.journal.ring import Ring
from dosecore import events
from dosecore.apply import apply
from dosecore.decide import decide
from dosecore.refusals import Refusal
from dosecore.state import State
from dosecore.timeline import next_clock_event, utc
from dosecore.view import alerts_view, course_view

CHANGES = ("configure", "course-start", "course-stop", "next-cycle", "reschedule", "dose-record")


class RamFlash:
    """The Flash interface of `device.journal.ring`, in memory."""

    def __init__(self, blocks: int) -> None:
        self.cells = [bytearray(b"\xff" * layout.BLOCK) for _ in range(blocks)]

    def read(self, block: int, offset: int, n: int) -> bytes:
        return bytes(self.cells[block][offset : offset + n])

    def program(self, block: int, offset: int, page: bytes) -> None:
        cell = self.cells[block]
        for i, byte in enumerate(page):
            cell[offset + i] &= byte

    def erase(self, block: int) -> None:
        self.cells[block][:] = b"\xff" * layout.BLOCK


class ScriptedDevice:
    """A device that answers in a thread of its own while it is entered as a context.

    confirm: what the bed does with a change: True confirms it, False lets it lapse after `offer_s`. silent: never answers. chatter: said at
    whatever comes in, instead of answering. echo: says the same. lose: so many answers are made and then lost. damage: so many answers go out with a wrong
    bit. unplug_on: the request at which the cable is pulled. late_s, prefix: how late each line comes, and what stands before it.
    answers: fixed answers by request. asked: what was asked. played: what `alert-test` was asked to play.
    meanwhile: called before each request is answered. cut_after, cut: after so many more bytes said, `cut` is called, once; if it pulls the cable
    (`pull_cable`), what was left to say is lost. said: bytes said so far.
    """

    def __init__(self, id: str = "e66118604b2a5c21", *, sectors: int = 8, socket_port: bool = False) -> None:
        self.id = id
        self.protocol: Any = 1
        self.confirm = True
        self.offer_s = 60.0
        self.silent = False
        self.chatter = b""
        self.echo = False
        self.lose = 0
        self.damage = 0
        self.unplug_on = ""
        self.late_s = 0.0
        self.prefix = b""
        self.meanwhile: Callable[[], object] = lambda: None
        self.cut: Callable[[], object] = lambda: None
        self.cut_after: int | None = None
        self.said = 0
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []
        self.played: list[str | None] = []
        self.shift_s = 0
        self._began = time.monotonic()
        self._done: dict[str, Any] = {}
        self._offer: tuple[str, str, dict[str, Any], float] | None = None
        self._outcomes: dict[str, Any] = {}
        self._lock = threading.RLock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.state = State()
        self.flash = RamFlash(2 * sectors)
        self.ring = Ring(self.flash, 2 * sectors, 2)
        format_ring(self.ring)
        self.ring.open(self._checkpoint())
        self.happen("boot", cause="power-on", warm=False)
        self._listener: socket.socket | None = None
        self._fds: list[int] = []
        if socket_port:
            self._listener = socket.create_server(("127.0.0.1", 0))
            self.port = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        else:
            self._plug()

    def __enter__(self) -> ScriptedDevice:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, err: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join(2)
        self._unplug()
        if self._listener is not None:
            self._listener.close()

    # -- what happens to it

    def now(self) -> tuple[int, int]:
        ms = int((time.monotonic() - self._began) * 1000) + self.shift_s * 1000
        return ms // 1000, ms % 1000

    def happen(self, command: str, **arguments: Any) -> Any:
        """A command of the core at this moment: its events are journaled and applied. Returns them, or the Refusal."""
        with self._lock:
            now = self.now()
            self._catch_up(now)
            decided = decide(self.state, command, arguments, now)
            if not isinstance(decided, Refusal):
                for event in decided:
                    self._append(event)
            return decided

    def wait(self, seconds: int) -> None:
        """Let time pass at once."""
        with self._lock:
            self.shift_s += seconds
            self._catch_up(self.now())

    def reboot(self) -> None:
        """Power off and on: the clock is lost, monotonic time starts again."""
        with self._lock:
            self._began, self.shift_s = time.monotonic(), 0
            self._append(decide(self.state, "boot", {"cause": "power-on", "warm": False}, self.now())[0])

    def hurt(self, slot: int, *, copies: tuple[int, ...] = (0,)) -> None:
        """Flip a bit of a stored slot of the newest sector."""
        index = (self.ring.epoch - 1) % self.ring.sectors
        for copy in copies:
            self.flash.cells[index + copy * self.ring.sectors][slot * layout.SLOT + 20] ^= 0x10

    def _catch_up(self, now: tuple[int, int]) -> None:
        while (event := next_clock_event(self.state, now)) is not None:
            self._append(event)

    def _append(self, event: events.Event) -> None:
        raw = events.encode(event)
        if not self.ring.fits(len(raw)):
            ahead = Ahead(self.ring)
            while ahead.wanted():
                ahead.erase_step()
            self.ring.open(self._checkpoint())
        event.seq = self.ring.append(raw)
        apply(self.state, event)

    def _checkpoint(self) -> bytes:
        return bytes(events.encode(decide(self.state, "checkpoint", {}, self.now())[0]))

    # -- the line

    def _plug(self) -> None:
        self._fds = list(pty.openpty())
        tty.setraw(self._fds[1])
        self.port = os.ttyname(self._fds[1])

    def pull_cable(self) -> None:
        """The port is gone; `replug` brings another one."""
        self._unplug()

    def become(self, other: ScriptedDevice) -> None:
        """Behind a port in the network, which stays open, somebody unplugs this device and plugs in another."""
        self.id, self.state, self.flash, self.ring = other.id, other.state, other.flash, other.ring
        self._began, self.shift_s = other._began, other.shift_s
        self._done, self._outcomes, self._offer = {}, {}, None

    def replug(self) -> None:
        """Put the cable back that was pulled."""
        self._thread.join(2)
        self._plug()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _unplug(self) -> None:
        for fd in self._fds:
            os.close(fd)
        self._fds = []

    def _serve(self) -> None:
        if self._listener is None:
            self._talk(self._fds[0])
            return
        self._listener.settimeout(0.05)
        while not self._stop.is_set():
            try:
                connection, _ = self._listener.accept()
            except TimeoutError:
                continue
            with connection:
                self._talk(connection.fileno())

    def _talk(self, fd: int) -> None:
        lines, waiting = Lines(), []
        while not self._stop.is_set():
            if not select.select([fd], [], [], 0.02)[0]:
                continue
            data = os.read(fd, 4096)
            if not data:
                return
            if self.chatter or self.echo:
                os.write(fd, self.chatter or data)
                continue
            for request in lines.take(data):
                if request is not None:
                    if self.silent:
                        continue
                    if request["do"] == self.unplug_on:
                        self._unplug()
                        return
                    self.meanwhile()
                    waiting = answer(request["id"], self._answer_once(request))
                    if self.lose:
                        self.lose -= 1
                        waiting = []
                if waiting:
                    self._send(fd, bytearray(waiting.pop(0)))
                    if self._listener is None and not self._fds:
                        return

    def _send(self, fd: int, line: bytearray) -> None:
        time.sleep(self.late_s)
        if self.damage:
            self.damage -= 1
            line[12] ^= 1
        line[:0] = self.prefix
        if self.cut_after is not None and len(line) > self.cut_after:
            os.write(fd, line[: self.cut_after])
            del line[: self.cut_after]
            self.cut_after = None
            self.cut()
            if self._listener is None and not self._fds:
                return
        elif self.cut_after is not None:
            self.cut_after -= len(line)
        self.said += os.write(fd, line)

    # -- requests

    def _answer_once(self, request: dict[str, Any]) -> Any:
        """The answer; the same one for a repeated id of a change (never twice)."""
        with self._lock:
            id, do = request["id"], request["do"]
            self.asked.append(do)
            if id in self._done:
                return self._done[id]
            body = self._answer(id, do, {key: value for key, value in request.items() if key not in ("id", "do")})
            if do in CHANGES or do in ("clock-set", "dose-reason", "exported"):
                self._done[id] = body
            return body

    def _answer(self, id: str, do: str, given: dict[str, Any]) -> Any:
        if do in self.answers:
            return self.answers[do]
        if do in CHANGES:
            return self._offered(id, do, given)
        handler = getattr(self, "_do_" + do.replace("-", "_"), None)
        return {"err": "unknown-request"} if handler is None else handler(given)

    def _offered(self, id: str, do: str, given: dict[str, Any]) -> Any:
        self._catch_up(self.now())
        decided = decide(self.state, do, given, self.now())
        if isinstance(decided, Refusal):
            return _refusal(decided)
        if self._outcome(self._offer) == "offered":
            return {"err": "busy"}
        self._offer = (id, do, given, time.monotonic())
        answer = {"state": "offered", "expires_s": self.offer_s}
        dropped = [event.detail["dropped"] for event in decided if "dropped" in event.detail]
        return {**answer, "dropped": dropped[0]} if dropped else answer

    def _outcome(self, offer: tuple[str, str, dict[str, Any], float] | None) -> str:
        if offer is None or offer[0] in self._outcomes:
            return "none"
        return "expired" if time.monotonic() - offer[3] > self.offer_s else "offered"

    def _do_outcome(self, given: dict[str, Any]) -> Any:
        id, offer = given["of"], self._offer
        if id in self._outcomes:
            return self._outcomes[id]
        if offer is None or offer[0] != id:
            return {"state": "unknown"}
        state = self._outcome(offer)
        if state == "offered" and self.confirm:
            decided = self.happen(offer[1], **offer[2])
            self._outcomes[id] = (
                {"state": "refused", **_refusal(decided)} if isinstance(decided, Refusal) else {"state": "confirmed"}
            )
            return self._outcomes[id]
        return {"state": state}

    def _do_hello(self, given: dict[str, Any]) -> Any:
        bench = self.state.regimen is not None and self.state.regimen.bench
        return {
            "product": "dosebell",
            "protocol": self.protocol,
            "id": self.id,
            "label": self.state.label,
            "board": "pico",
            "firmware": "0.1.0",
            "micropython": "1.25.0",
            "image": "0a1b2c3d",
            "boot": self.state.boot,
            "bench": bench,
        }

    def _do_status(self, given: dict[str, Any]) -> Any:
        now = self.now()
        self._catch_up(now)
        hello = self._do_hello({})
        keys = ("id", "label", "board", "firmware", "micropython", "protocol", "bench")
        return {
            "device": {key: hello[key] for key in keys},
            "clock": {"mono": now, "utc": utc(self.state, now), "quality": self.state.quality, "battery": False},
            "course": course_view(self.state, now),
            "alerts": alerts_view(self.state, now),
            "journal": {
                "first_seq": 1,
                "last_seq": self.ring.seq,
                "capacity": self.ring.sectors * 60,
                "exported_seq": self.ring.exported,
                "faults": 0,
            },
        }

    def _do_clock_get(self, given: dict[str, Any]) -> Any:
        now = self.now()
        return {"mono": now, "utc": utc(self.state, now), "quality": self.state.quality, "boot": self.state.boot}

    def _do_clock_set(self, given: dict[str, Any]) -> Any:
        if given["boot"] != self.state.boot:
            return {"err": "wrong-boot"}
        mono, moment = tuple(given["mono"]), tuple(given["utc"])
        (event,) = self.happen("clock-set", mono=mono, utc=moment, bound_ms=given["bound_ms"], source="host")
        return {"ok": True, "old": event.detail["old"], "utc": event.detail["utc"]}

    def _do_dose_reason(self, given: dict[str, Any]) -> Any:
        decided = self.happen("dose-reason", **given)
        return _refusal(decided) if isinstance(decided, Refusal) else {"ok": True}

    def _do_log_info(self, given: dict[str, Any]) -> Any:
        ring = self.ring
        first = ring.header(ring.oldest)[1]
        return {
            "epochs": [ring.oldest, ring.epoch],
            "first": first,
            "last": ring.seq,
            "capacity": ring.sectors * 60,
            "exported": ring.exported,
            "faults": 0,
            "written": ring.used,
        }

    def _do_log(self, given: dict[str, Any]) -> Any:
        epoch, ring = given["epoch"], self.ring
        if not ring.oldest <= epoch <= ring.epoch:
            return {"err": "bad-field", "field": "epoch", "value": epoch, "low": ring.oldest, "high": ring.epoch}
        index = (epoch - 1) % ring.sectors
        whole = min(given.get("sectors", 1), ring.epoch - epoch, ring.sectors - index)
        if given.get("sectors", 1) > 1 and whole > 0:
            first = index + given["copy"] * ring.sectors
            return b"".join(bytes(cell) for cell in self.flash.cells[first : first + whole])
        cell = self.flash.cells[index + given["copy"] * ring.sectors]
        last = max(
            number
            for number in range(layout.SLOTS)
            if any(
                self.flash.read(index + copy * ring.sectors, number * layout.SLOT, layout.SLOT) != layout.BLANK_SLOT
                for copy in (0, 1)
            )
        )
        return bytes(cell[given["slot"] * layout.SLOT : (last + 1) * layout.SLOT])

    def _do_exported(self, given: dict[str, Any]) -> Any:
        self.ring.exported = given["seq"]
        self.happen("exported", upto=given["seq"])
        return {"ok": True}

    def _do_self_test(self, given: dict[str, Any]) -> Any:
        return {"ok": True, "faults": []}

    def _do_alert_test(self, given: dict[str, Any]) -> Any:
        self.played.append(given["play"])
        return {"ok": True, "ms": 1}


def _refusal(refusal: Refusal) -> dict[str, Any]:
    keys = ("field", "value", "low", "high")
    return {"err": refusal.code, **{key: getattr(refusal, key) for key in keys if getattr(refusal, key) is not None}}
