"""Every way in which a command can fail: one code, one sentence, one piece of advice, one exit code (H-01). `docs/errors.md` is made from here
(`python -m dosebell.error_words`).

Codes of the device come from `dosecore.refusal_codes`; a test holds that each of them has its line.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from dosebell.error_words import range_words, shown
from dosecore.refusals import Refusal

OK, USAGE, NO_DEVICE, REFUSED, FAULT, DAMAGED = 0, 2, 3, 4, 5, 6

EXIT_CODES = (
    (OK, "done"),
    (USAGE, "usage: the command or its input is wrong"),
    (NO_DEVICE, "no device that can be talked to"),
    (REFUSED, "the device refused, or the change was not confirmed"),
    (FAULT, "the device reports a fault"),
    (DAMAGED, "data is damaged"),
)


class Line(NamedTuple):
    """What a code means. Words in braces are filled from the error's context."""

    exit_code: int
    sentence: str
    advice: str


TABLE: dict[str, Line] = {
    # Of a press. They reach the host in the log, as reasons of `start-refused`, and some as refusals of a change.
    "infusing": Line(
        REFUSED, "An infusion is running.", "Wait until it has ended, or stop it at the bed: hold HOLD for 2 s, twice."
    ),
    "no-slot-open": Line(REFUSED, "No dose can be started now.", "Look at `dosebell status` for the next due time."),
    "clock-unknown": Line(
        REFUSED,
        "The device's clock was never set since its power came on.",
        "Run `dosebell clock sync`, then try again.",
    ),
    "too-early": Line(
        REFUSED, "It is too early for this.", "Look at `dosebell status` for the earliest time and try again then."
    ),
    "gap": Line(
        REFUSED,
        "The last dose started less than the minimum gap ago.",
        "Wait for the `not before` time that `dosebell status` shows.",
    ),
    # Of a change from the host.
    "bad-field": Line(USAGE, "{field} is {value}: it must be {range}.", "Correct {field} and try again."),
    "unknown-field": Line(
        USAGE,
        "{field} (value {value}) is not a field that Dosebell knows.",
        "Remove or rename it; `dosebell regimen show hd-il2` lists the fields.",
    ),
    "missing-field": Line(
        USAGE, "The field {field} is missing.", "Add it; `dosebell regimen show hd-il2` shows a complete regimen."
    ),
    "unconfigured": Line(REFUSED, "The device has no regimen yet.", "Run `dosebell configure REGIMEN` first."),
    "course-running": Line(
        REFUSED, "A course is running.", "Stop it first with `dosebell course stop`, or leave it as it is."
    ),
    "no-course": Line(REFUSED, "No course is running.", "Start one with `dosebell course start`."),
    "not-resting": Line(
        REFUSED,
        "The course is not between two cycles.",
        "A next cycle can start once a cycle is completed: see `dosebell status`.",
    ),
    "not-in-future": Line(
        REFUSED, "The time given has passed already.", "Give a time in the future, for instance `+30m`."
    ),
    "nothing-to-move": Line(REFUSED, "No slot is left that could be moved.", "Look at `dosebell status`."),
    "no-such-slot": Line(
        REFUSED, "The course has no such cycle or slot.", "Check the two numbers against `dosebell status`."
    ),
    "not-due-yet": Line(
        REFUSED, "This slot has not fallen due yet.", "Only slots that have fallen due can be recorded."
    ),
    "slot-infusing": Line(REFUSED, "This slot's infusion is still running.", "Record it when the infusion has ended."),
    "start-needed": Line(USAGE, "A given or partial dose needs its start.", "Add `--started TIME`."),
    "never-on-hold": Line(
        REFUSED, "This slot was never on hold.", "Check cycle and slot with `dosebell log show --kind dose-on-hold`."
    ),
    "busy": Line(
        REFUSED,
        "The device waits for another confirmation.",
        "Confirm that at the bed, or let it lapse (60 s), then try again.",
    ),
    "expired": Line(
        REFUSED,
        "Nobody confirmed the change at the bed in time; nothing was changed.",
        "Run the command again and hold PAUSE for 2 s at the bed while it waits.",
    ),
    # Of the link.
    "unknown-request": Line(
        REFUSED,
        "The device does not know this request.",
        "Update the firmware, or use the `dosebell` that came with it.",
    ),
    "bad-request": Line(
        REFUSED,
        "The device could not read the request.",
        "Use the `dosebell` that came with the firmware; report this if it stays.",
    ),
    "wrong-boot": Line(REFUSED, "The device restarted in the meantime.", "Run the command again."),
    "not-stored": Line(
        FAULT,
        "The device could not store the change; nothing was changed.",
        "Try again; if it stays, replace the board.",
    ),
    "journal-fault": Line(
        FAULT, "The device's journal is faulty.", "Pull the log with `dosebell log pull` and replace the board."
    ),
    "safe-mode": Line(
        FAULT,
        "The device is in safe mode after a fault.",
        "Pull the log with `dosebell log pull`, then restart the board.",
    ),
    "calling": Line(
        REFUSED, "Something stands or is offered at the bed.", "Answer it first; `dosebell status` lists what stands."
    ),
    "cut-short": Line(
        REFUSED,
        "The test was ended at the bed, by a button or by a call.",
        "Look at `dosebell status`, then run the command again.",
    ),
    # Finding and opening a device.
    "no-device": Line(
        NO_DEVICE,
        "No Dosebell is attached.",
        "Plug it in, or name it with --port; `dosebell ports` lists what is there.",
    ),
    "two-devices": Line(
        NO_DEVICE, "More than one Dosebell is attached: {ports}.", "Name one with --port (path or serial number)."
    ),
    "no-such-port": Line(
        NO_DEVICE, "There is no port {port}.", "Run `dosebell ports` and check the name given with --port."
    ),
    "no-permission": Line(
        NO_DEVICE,
        "You may not open {port}.",
        "Ask for access to serial ports (on Linux: join the group `dialout`, then log in again).",
    ),
    "port-busy": Line(
        NO_DEVICE,
        "{port} is in use by another program.",
        "Close that program (another `dosebell`, a terminal) and try again.",
    ),
    "not-a-port": Line(
        NO_DEVICE, "{port} cannot be used as a serial port ({detail}).", "Run `dosebell ports` for the ports that can."
    ),
    "not-a-dosebell": Line(
        NO_DEVICE,
        "What answers on {port} is not a Dosebell.",
        "Check the cable and --port; `dosebell ports` shows which board is which.",
    ),
    "no-answer": Line(
        NO_DEVICE,
        "The device on {port} does not answer.",
        "Unplug it and plug it in again; if it stays silent, switch it off and on.",
    ),
    "unplugged": Line(NO_DEVICE, "The connection to {port} was lost.", "Check the cable, then run the command again."),
    "protocol-too-old": Line(
        NO_DEVICE,
        "The firmware on {port} is too old: it speaks protocol {theirs}, this command {ours}.",
        "Update the firmware, or use the `dosebell` that came with it.",
    ),
    "protocol-too-new": Line(
        NO_DEVICE,
        "The firmware on {port} is too new: it speaks protocol {theirs}, this command {ours}.",
        "Update this command to the version that came with the firmware.",
    ),
    # Answers and faults.
    "outcome-unknown": Line(
        REFUSED,
        "The device restarted before the change was confirmed; it has forgotten it.",
        "Look at `dosebell status`, then run the command again.",
    ),
    "self-test-failed": Line(
        FAULT,
        "The self-test failed: {detail}.",
        "Do not rely on this device; see the biomed manual for the part named.",
    ),
    "log-forked": Line(
        DAMAGED,
        "The device's log is not the one that was pulled before: what came after event {detail} was taken away or replaced.",
        "What it holds now is archived as a journal of its own (`log show --journal`); have biomed look at the board.",
    ),
    "data-damaged": Line(
        DAMAGED,
        "Part of the log cannot be read: {detail}.",
        "The rest is archived and the gap is recorded; have biomed check the board.",
    ),
    "bad-answer": Line(
        DAMAGED,
        "The device sent an answer that makes no sense ({detail}).",
        "Run the command again with -v; report this if it stays.",
    ),
    # Input.
    "usage": Line(USAGE, "{detail}", "Run `{command} --help`."),
    "unknown-regimen": Line(
        USAGE, "There is no regimen called {value}.", "Run `dosebell regimen list`, or give the path of a TOML file."
    ),
    "bad-toml": Line(
        USAGE,
        "{path} is not valid TOML: {detail}.",
        "Correct that line; `dosebell regimen show hd-il2 --toml` prints a valid file.",
    ),
    "unreadable-file": Line(USAGE, "{path} cannot be read: {detail}.", "Check the path and its permissions."),
    "unwritable-file": Line(
        USAGE, "{path} cannot be written: {detail}.", "Check the folder and its permissions, or name another file."
    ),
    "name-taken": Line(
        USAGE, "{path} calls itself {value}, which is a built-in regimen.", "Give the site's regimen a name of its own."
    ),
    "bad-time": Line(
        USAGE,
        "{field} is {value}: that is not a time.",
        "Use `now`, `+2h`, `14:30`, or RFC 3339 as in `2026-11-22T14:30:00Z`.",
    ),
    "ambiguous-time": Line(
        USAGE,
        "{field} is {value}: the clocks change then, so that it names no single instant.",
        "Write it with its offset, as in `2026-10-25T02:30:00+02:00`.",
    ),
    "no-terminal": Line(
        USAGE,
        "The panel needs a terminal: {detail}.",
        "Run it in a terminal window of at least 80 x 24 characters, or leave --panel out and type lines.",
    ),
    "bad-change": Line(USAGE, "--set {value} is not FIELD=VALUE.", "Write for instance `--set late_min=30`."),
    "host-clock-wrong": Line(
        USAGE, "This computer's clock says {value}, which cannot be right.", "Set this computer's clock first."
    ),
    "clock-unsure": Line(
        NO_DEVICE,
        "The link is too slow to set the clock: the best of {count} exchanges is only sure to {value} ms.",
        "Plug the device straight into this computer and try again.",
    ),
    "archive-empty": Line(
        USAGE, "The archive {path} holds no log yet.", "Run `dosebell log pull` with the device attached."
    ),
    "archive-choice": Line(USAGE, "The archive holds several logs: {ports}.", "Name one with --device."),
    "archive-no-device": Line(USAGE, "The archive holds no log of the device {value}.", "It holds: {ports}."),
    "no-such-course": Line(
        USAGE,
        "The log has no course {value}.",
        "It has: {ports}. `dosebell log show --kind course-started` lists them.",
    ),
    "archive-too-new": Line(
        USAGE,
        "The archive {path} was written by a newer dosebell.",
        "Update this command, or name another file with --archive.",
    ),
    "log-altered": Line(
        DAMAGED,
        "{path} is not as it was pulled: event {seq} {detail}.",
        "Keep it as it is for biomed; what the device still holds can be pulled into a new archive (`log pull --archive NEW`) and exported from there.",
    ),
    "not-a-log": Line(
        DAMAGED,
        "{path} holds no log that could be proven.",
        "Name an archive, or a file that `dosebell log export --format jsonl` wrote.",
    ),
    "archive-readonly": Line(
        USAGE,
        "The archive {path} cannot be written: {detail}.",
        "Check the permissions of the file and of its folder, or name another file with --archive.",
    ),
    "archive-full": Line(
        USAGE,
        "There is no room left to write the archive {path} ({detail}).",
        "Free some space and pull again: it goes on where it was cut off, and the device keeps what it was not told to be pulled.",
    ),
    "archive-busy": Line(
        USAGE,
        "The archive {path} is being written by another program.",
        "Wait until that has ended, then run the command again.",
    ),
    "archive-damaged": Line(
        DAMAGED, "{path} is not a usable archive: {detail}.", "Keep a copy of it, and name another file with --archive."
    ),
    "extra-missing": Line(
        USAGE,
        "This command needs a part that is not installed: {detail}.",
        "Install it with `pip install 'dosebell[sim]'`.",
    ),
}

_DEFAULTS = {
    "port": "the port",
    "field": "A field",
    "value": "missing",
    "detail": "no details",
    "path": "the file",
    "command": "dosebell",
}


class DosebellError(Exception):
    """A command cannot go on. `code` is one of TABLE; `context` fills the sentence (port, field, value, low, high, ...)."""

    def __init__(self, code: str, *, by_device: bool = False, note: str = "", **context: Any) -> None:
        super().__init__(code)
        self.code = code
        self.by_device = by_device
        self.note = note
        self.context = context

    @property
    def line(self) -> Line:
        return TABLE.get(self.code) or Line(
            REFUSED,
            f"The device refused with the code {self.code}.",
            "Update this command: it does not know that code.",
        )

    @property
    def exit_code(self) -> int:
        """A refusal by the device is 4 also where the host itself would have called it a wrong input."""
        return REFUSED if self.by_device and self.line.exit_code != FAULT else self.line.exit_code

    def _filled(self, text: str) -> str:
        words = {**_DEFAULTS, **{key: shown(value) for key, value in self.context.items()}}
        words["range"] = range_words(self.context.get("field"), self.context.get("low"), self.context.get("high"))
        for key, value in words.items():
            text = text.replace("{" + key + "}", str(value))
        return text

    @property
    def sentence(self) -> str:
        """One sentence; a field that it does not speak of by itself is named at its end."""
        text = self._filled(self.line.sentence)
        field = self.context.get("field")
        if field is None or "{field}" in self.line.sentence or "value" not in self.context:
            return text
        bounds = range_words(field, self.context.get("low"), self.context.get("high"))
        return f"{text[:-1]} ({field} {shown(self.context['value'])}{'; ' + bounds if bounds != 'something else' else ''})."

    @property
    def advice(self) -> str:
        return " ".join(part for part in (self._filled(self.line.advice), self.note) if part)

    def as_json(self) -> dict[str, Any]:
        """For `--json`: the code, what people read, and the bare context."""
        return {
            "error": self.code,
            "sentence": self.sentence,
            "advice": self.advice,
            "exit": self.exit_code,
            **self.context,
        }

    def __str__(self) -> str:
        return f"{self.code}: {self.sentence} {self.advice}"


def from_refusal(refusal: Refusal, *, by_device: bool = False) -> DosebellError:
    """The error for a Refusal of dosecore."""
    context = {
        key: getattr(refusal, key) for key in ("field", "value", "low", "high") if getattr(refusal, key) is not None
    }
    return DosebellError(refusal.code, by_device=by_device, **context)
