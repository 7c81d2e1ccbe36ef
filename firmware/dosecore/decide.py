"""The table of commands: which function judges which. The one door through which a press, a host's change or a finding of the shell becomes events.

`decide(state, name, args, now)` changes nothing. `now` is monotonic; what the clock has brought up to then must have been applied before.
"""

from dosecore import findings, presses

_COMMANDS = {
    "start": presses.start,
    "prepare": presses.prepare,
    "hold": presses.hold,
    "interrupt": presses.interrupt,
    "stop-infusion": presses.stop_infusion,
    "take-reason": presses.take_reason,
    "undo": presses.undo,
    "pause": presses.pause,
    "acknowledge": presses.acknowledge,
    "boot": findings.boot,
    "clock-set": findings.clock_set,
    "clock-lost": findings.clock_lost,
    "condition": findings.condition,
    "fault": findings.plain("fault"),
    "self-test": findings.plain("self-test"),
    "journal-gap": findings.plain("journal-gap"),
    "exported": findings.plain("exported"),
    "checkpoint": findings.checkpoint,
}


def decide(state, name, args, now):
    """Events (a list, possibly empty: nothing to do) or a Refusal. AttributeError for a name that is no command: a bug, not input."""
    command = _COMMANDS.get(name)
    if command is None:
        # The host's changes are functions of `changes` of the same name. It is imported with the first: a boot has to be ready to alert first.
        from dosecore import changes

        command = getattr(changes, name.replace("-", "_"))
    return command(state, args, now)
