"""How a request acts at once, without a confirmation at the bed."""

from dosecore.decide import decide
from dosecore.refusals import Refusal


def act(device, name, args, now):
    """Decides and commits. None when it is durable, else the Refusal."""
    keeper = device.keeper
    events = decide(keeper.state, name, args, now)
    if isinstance(events, Refusal):
        return events
    device.change(now)
    return None if keeper.commit(events, now) else Refusal("journal-fault")
