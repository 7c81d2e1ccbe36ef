"""Asking a device: requests, retries, credit, and changes that are confirmed at the bed (docs/protocol.md)."""

from __future__ import annotations

import binascii
import json
import time
from collections.abc import Callable
from typing import Any

from dosebell import PROTOCOL, PROTOCOL_OLDEST, wire
from dosebell.errors import DosebellError
from dosebell.transport import Port

TRIES = 3
TIMEOUT_S = 3.0  # for all tries of one request together
LINES_MAX = 256  # of one answer: eight sectors of the log take 189
POLL_S = 0.25  # between two looks at a pending change
_LAPSES = "Nothing takes effect unless PAUSE is held for 2 s at the bed; the offer lapses within 60 s. Then look at `dosebell status`."

Trace = Callable[[str], None]
Waiting = Callable[[float], None]  # told how many seconds are left to confirm


class Client:
    """One conversation with one device. Opened by `connect`, which has proved that it is a Dosebell of our protocol."""

    def __init__(self, port: Port, timeout_s: float = TIMEOUT_S, trace: Trace | None = None) -> None:
        self.port = port
        self.timeout_s = timeout_s
        self.identity: dict[str, Any] = {}
        self._frames = 0  # whole lines heard that only a Dosebell says, whatever they answer
        self._noise = 0  # bytes heard in other lines
        self._trace = trace

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.port.close()

    def hello(self) -> dict[str, Any]:
        """Who is there. Errors: not-a-dosebell, no-answer, protocol-too-old, protocol-too-new, unplugged."""
        answer = self.ask("hello")
        if answer.get("product") != "dosebell":
            raise DosebellError("not-a-dosebell", port=self.port.name)
        theirs = answer.get("protocol")
        if not isinstance(theirs, int) or not PROTOCOL_OLDEST <= theirs <= PROTOCOL:
            newer = isinstance(theirs, int) and theirs > PROTOCOL
            raise DosebellError(
                "protocol-too-new" if newer else "protocol-too-old",
                port=self.port.name,
                theirs=theirs or "none",
                ours=PROTOCOL,
            )
        self.identity = answer
        return answer

    def same_device(self) -> None:
        """Nothing, if the device is still the one of the first `hello`. A port of this computer dies with its cable; one in the network does not, and what
        is plugged in at its far end can be exchanged. Errors: device-swapped, and those of `hello`.
        """
        began_with = self.identity
        if self.hello().get("id") != began_with.get("id"):
            found = named(self.identity)
            self.identity = began_with
            raise DosebellError("device-swapped", port=self.port.name, wanted=named(began_with), found=found)

    def ask(self, do: str, *, id: str | None = None, **arguments: Any) -> dict[str, Any]:
        """The answer to a request as an object. A refusal is raised as the DosebellError of its code; also: no-answer, bad-answer, unplugged."""
        text = self._text(do, id or wire.new_id(), arguments)
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise DosebellError("bad-answer", detail=f"to {do}")
        if "err" in answer:
            raise _refused(answer)
        return answer

    def ask_raw(self, do: str, **arguments: Any) -> bytes:
        """The bytes that a request of raw data is answered with. Errors as of `ask`."""
        text = self._text(do, wire.new_id(), arguments)
        if text.startswith("{"):
            answer = json.loads(text)
            raise _refused(answer) if "err" in answer else DosebellError("bad-answer", detail=f"to {do}")
        try:
            return binascii.a2b_base64(text, strict_mode=True)
        except binascii.Error as err:
            raise DosebellError("bad-answer", detail=f"to {do}: {err}") from None

    def change(
        self, do: str, waiting: Waiting | None = None, *, id: str | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """Offer a change, wait until it is confirmed at the bed, and return the answer to the offer. `waiting` is called about 4 times a second.
        A change that needed no confirmation is done. `id`: of the request, for who has to name it afterwards.

        Errors: the refusal's code, expired, outcome-unknown, device-swapped, and those of `ask`.
        """
        id = id or wire.new_id()
        try:
            offer = self.ask(do, id=id, **arguments)
            if offer.get("ok") is True:
                return offer
            offered_s = float(offer.get("expires_s", 60))
            start = time.monotonic()
            while True:
                left = offered_s - (time.monotonic() - start)
                outcome = self.ask("outcome", of=id)
                state = outcome.get("state")
                if state == "confirmed":
                    return offer
                if state == "refused":
                    raise _refused({"err": "not-stored", **outcome})
                # The device decides when the offer lapses; ours is the longer patience, for one whose clock runs slower.
                if state == "expired" or left < -offered_s:
                    raise DosebellError("expired", by_device=True)
                if state != "offered":
                    self.same_device()
                    raise DosebellError("outcome-unknown", by_device=True)
                if waiting is not None:
                    waiting(max(0.0, left))
                time.sleep(POLL_S)
        except DosebellError as err:
            if err.code in ("no-answer", "unplugged"):
                err.note = _LAPSES
            raise

    def _text(self, do: str, id: str, arguments: dict[str, Any]) -> str:
        """The joined chunks of the answer, after at most TRIES tries with the same id."""
        line = wire.request(id, do, arguments)
        self._say("> " + line.decode().rstrip())
        for _ in range(TRIES):
            text = self._try(b"\n" + line, id)
            if text is not None:
                self._say("< " + (text if len(text) < 400 else f"{text[:60]}... ({len(text)} characters)"))
                return text
        # A device that has said a whole frame and then fails has gone silent; a stranger that chatters is another thing.
        if self._noise + self.port.unended() and not self._frames:
            raise DosebellError("not-a-dosebell", port=self.port.name)
        raise DosebellError("no-answer", port=self.port.name)

    def _try(self, request: bytes, id: str) -> str | None:
        """One try: the whole answer, or None when a line of it is damaged or late."""
        limit = self.timeout_s / TRIES
        begun = time.monotonic()
        if not self.port.write(request):
            time.sleep(max(0.0, limit - (time.monotonic() - begun)))
            return None
        chunks: list[str] = []
        deadline = begun + limit
        while time.monotonic() < deadline:
            raw = self.port.read_line(deadline)
            if raw is None:
                return None
            line = wire.answer_line(raw[max(0, raw.find(id.encode())) :])  # noise may stand before it on its line
            if line is None:
                self._noise += len(raw)
                if id.encode() in raw:
                    return None  # our answer, damaged: ask again at once
                continue
            self._frames += 1
            if line.id != id:
                continue  # the answer to something that was given up
            if line.number != len(chunks) % 256:
                continue  # the line of an earlier try, come late
            chunks.append(line.chunk)
            if line.last:
                return "".join(chunks)
            if len(chunks) == LINES_MAX:
                raise DosebellError("bad-answer", detail="it has no end")
            if not self.port.write(wire.CREDIT):
                return None
            deadline = time.monotonic() + limit
        return None

    def _say(self, text: str) -> None:
        if self._trace is not None:
            self._trace(text)


def _refused(answer: dict[str, Any]) -> DosebellError:
    context = {key: answer[key] for key in ("field", "value", "low", "high") if answer.get(key) is not None}
    return DosebellError(str(answer["err"]), by_device=True, **context)


def named(identity: dict[str, Any]) -> str:
    """A device as people know it: its id, and its label if it has one."""
    return f"{identity['id']} ({identity['label']})" if identity.get("label") else str(identity.get("id"))


def _is(identity: dict[str, Any], wanted: str | None) -> bool:
    """Whether it is the device meant: by its id, or by its label to the letter."""
    return wanted is None or wanted.lower() == str(identity.get("id")).lower() or wanted == identity.get("label")


def connect(
    name: str | None, timeout_s: float = TIMEOUT_S, trace: Trace | None = None, device: str | None = None
) -> Client:
    """The one device meant: on the port `name` (path, URL, USB serial number), else the only Dosebell attached; in any case the one
    whose id or label is `device`, if that is given.

    Errors: no-device, two-devices, other-device, no-such-device, not-a-dosebell, and those of opening and `hello`.
    """
    from dosebell import transport

    if name:
        return _meant(_connect_to(transport.resolve(name), timeout_s, trace), device)
    boards = [port for port in transport.found() if port.board]
    if not boards:
        raise DosebellError("no-device")
    if len(boards) == 1:
        return _meant(_connect_to(boards[0].path, timeout_s, trace), device)
    clients: list[Client] = []
    share = min(timeout_s, 3.5 / len(boards))  # all of them within 5 s
    for board in boards:
        try:
            clients.append(_connect_to(board.path, share, trace))
        except DosebellError as err:
            if trace is not None:
                trace(f"# {board.path}: {err.code}")
    meant = [client for client in clients if _is(client.identity, device)]
    for client in clients:
        if len(meant) != 1 or client is not meant[0]:
            client.port.close()
    if len(meant) == 1:
        meant[0].timeout_s = timeout_s
        return meant[0]
    if meant:
        raise DosebellError("two-devices", ports=[f"{client.port.name} ({named(client.identity)})" for client in meant])
    if clients:
        raise DosebellError("no-such-device", wanted=device)
    raise DosebellError("not-a-dosebell", port=", ".join(board.path for board in boards))


def _meant(client: Client, device: str | None) -> Client:
    """The client, if it is the device meant."""
    if not _is(client.identity, device):
        client.port.close()
        raise DosebellError("other-device", port=client.port.name, wanted=device, found=named(client.identity))
    return client


def _connect_to(path: str, timeout_s: float, trace: Trace | None) -> Client:
    client = Client(Port(path), timeout_s, trace)
    try:
        client.hello()
    except BaseException:
        client.port.close()
        raise
    return client
