"""The conversation: reads what came, answers what was asked, writes nothing else.

On this MicroPython a write blocks while the host does not read (0.5 s for each 64 bytes, for ever when the cable was pulled), so a line is
written only when the host has taken everything before it.
"""

import json
import select
import sys

from machine import mem16
from micropython import const

from device.link.frames import CREDIT, WHOLE, Answer, Receiver
from device.link.requests.log import Raw
from device.link.requests.table import IN_SAFE_MODE, READING, TABLE
from dosecore.refusals import Refusal

BYTES_A_PASS = const(96)  # 4 ms; most requests are shorter
LINES_A_PASS = const(6)  # less than 1 ms each
# Work in units of about 100 bytes of garbage, for the collection in `app`.
LINE_UNITS = const(1)
REQUEST_UNITS = const(8)
BYTES_A_UNIT = const(20)  # of a JSON answer: its text and what it was made of
_REMEMBERED = const(8)
# Buffer control of endpoint 2 IN, the serial data to the host (RP2040 data sheet 4.1.2.5): FULL until the host has taken the packet.
_EP2_IN = const(0x50100090)
_FULL = const(1 << 15)


def refusal_answer(refusal):
    answer = {"err": refusal.code}
    if refusal.field is not None:
        answer["field"] = refusal.field
        answer["value"] = refusal.value
        answer["low"] = refusal.low
        answer["high"] = refusal.high
    return answer


class Session:
    """One host at a time. `pump` when standard input is readable."""

    def __init__(self, device):
        self._device = device
        self.stream = sys.stdin.buffer
        self._out = sys.stdout.buffer
        self._readinto = self.stream.readinto
        poll = select.poll()
        poll.register(self.stream, select.POLLIN)
        self._ready = poll.ipoll
        self._receiver = Receiver()
        self._answer = Answer()
        self._done = []  # (id, answer) of the last requests that acted

    def pump(self):
        """Handles at most 96 bytes, and at most one request or a few lines, so that no deadline waits long. Returns units of work done."""
        take = self._receiver.take
        readinto = self._readinto
        ready = self._ready
        what = take(readinto, ready, BYTES_A_PASS)
        if what == WHOLE:
            return self._request()
        lines = 0
        while what == CREDIT and self._answer.waiting:
            self._write_line()
            lines += 1
            if lines == LINES_A_PASS:
                break
            what = 0
            # A quick host's next credit is here within the millisecond: cheaper than a turn of the loop.
            for _ in ready(1):
                what = take(readinto, ready, 1)
        return lines * LINE_UNITS

    def _request(self):
        request = self._receiver.request()
        if request is None:
            return LINE_UNITS
        ident = request["id"]
        for known, body in self._done:
            if known == ident:
                self._begin(ident, body, False)
                return REQUEST_UNITS
        function = TABLE.get(request["do"])
        acts = function is not None and request["do"] not in READING
        if function is None:
            answer = Refusal("unknown-request", "do", request["do"])
        elif acts and self._device.safe and request["do"] not in IN_SAFE_MODE:
            answer = Refusal("safe-mode")
        else:
            device = self._device
            now = device.clock.now()
            device.catch_up(now)
            answer = function(device, request, now)
            if acts:
                device.changed = device.acted = True
        if isinstance(answer, Raw):
            self._begin(ident, answer.data, True)
            return REQUEST_UNITS
        if isinstance(answer, Refusal):
            answer = refusal_answer(answer)
        body = json.dumps(answer).encode()
        if acts:
            if len(self._done) == _REMEMBERED:
                self._done.pop(0)
            self._done.append((ident, body))
        self._begin(ident, body, False)
        return REQUEST_UNITS + len(body) // BYTES_A_UNIT

    def _begin(self, ident, body, raw):
        self._answer.begin(ident, body, raw)
        self._write_line()

    def _write_line(self):
        """Writes one line, unless the host still has not taken the last: then it must ask again."""
        if mem16[_EP2_IN] & _FULL:
            self._answer.cancel()
            return
        answer = self._answer
        write = self._out.write
        for piece in answer.line():
            if write(piece) != len(piece):
                answer.cancel()
                return
        answer.make_line()
