"""Which conditions stand, which of them is heard, and at which instants bursts fall (section 5 of the specification, decisions 25 to 27)."""

from tests.model.schedule import TECHNICAL

# The order of the table of section 5.
TABLE = (
    "pre-dose-check", "due", "late", "overdue", "missed-doses", "doses-not-observed", "on-hold", "infusion-ended",
    "next-cycle", "supportive-care", "interrupted", "review-holds", "clock-lost", "journal-fault", "self-test-failed",
    "stuck-button", "maintenance", "journal-nearly-full",
)  # fmt: skip
MEDIUM = ("late", "overdue", "missed-doses", "doses-not-observed", "interrupted", "review-holds") + TECHNICAL
BURST_MS = {"low": 500, "medium": 850}  # pulses of 150 ms, 200 ms apart
SPACE_MS = 200
SOUND_WHILE_INFUSING = ("interrupted",) + TECHNICAL
PAUSE_MS = 120_000


class Standing:
    """A condition that stands: since when, of which slot, how urgent, and from when its bursts count (None: light only)."""

    def __init__(self, condition, since, cycle=0, slot=0, count=1, acknowledged=False):
        self.condition = condition
        self.since = since
        self.cycle = cycle
        self.slot = slot
        self.count = count
        self.priority = "medium" if condition in MEDIUM and not acknowledged else "low"
        if condition == "pre-dose-check":
            self.priority = "light"
        self.call_from = None

    def key(self):
        return (self.condition, self.priority, self.since, self.cycle, self.slot, self.count)


def standing(course, t):
    """Every condition that stands at `t`, each with its `call_from`."""
    found = []
    running = course.state == "running"
    for dose in course.cycle.slots() if running else []:
        phase = dose.phase
        if phase in ("due", "late", "overdue"):
            found.append(Standing(phase, dose.since_t, dose.cycle, dose.slot))
        elif phase == "on-hold":
            found.append(Standing(phase, dose.held_t, dose.cycle, dose.slot))
        elif phase == "interrupted":
            found.append(Standing(phase, dose.broken_t, dose.cycle, dose.slot))
    for alert in course.alerts.values():
        found.append(Standing(alert.condition, alert.since, alert.cycle, alert.slot, alert.count, alert.acknowledged))
    infusing = course.infusing() and running
    for one in found:
        one.call_from = call_from(course, one, t, infusing)
    return found


def call_from(course, one, t, infusing):
    """The instant from which this condition's bursts are counted; None while it only lights."""
    if one.condition == "pre-dose-check":
        return None
    if one.condition in SOUND_WHILE_INFUSING:
        return one.since
    if infusing:
        return None
    start = one.since
    if one.condition == "due" and course.error is not None:
        dose = course.cycle.doses[one.slot]
        start = max(start, course.earliest(dose) - course.error)
        if start > t:
            return None
    if one.condition == "on-hold":
        return one.since + course.rules.hold_remind if course.rules.hold_remind else None
    return start if course.quiet_end is None else max(start, course.quiet_end)


def on_grid(course, one, t):
    """Does a burst of this condition's cadence fall at `t`?"""
    after = t - one.call_from
    if after < 0:
        return False
    if one.condition == "on-hold":
        return after % course.rules.hold_remind == 0
    first, fast, slow = grid_steps(course, one)
    if after <= first:
        return after % fast == 0
    return (after - first) % slow == 0


def grid_steps(course, one):
    """(ms of the first, dense part; its step; the step after it), A-02."""
    five = 5 * (course.rules.minute if course.rules else 60_000)
    fast, slow = (10_000, 60_000) if one.priority == "medium" else (30_000, five)
    return five // fast * fast, fast, slow


def next_on_grid(course, one, t):
    """The first instant at or after `t` at which this condition's cadence has a burst."""
    t = max(t, one.call_from)
    after = t - one.call_from
    if one.condition == "on-hold":
        step = course.rules.hold_remind
        return one.call_from + -(-after // step) * step
    first, fast, slow = grid_steps(course, one)
    if after <= first:
        return one.call_from + -(-after // fast) * fast
    return one.call_from + first + -(-(after - first) // slow) * slow


def heard(conditions, t, pause):
    """The one that is heard at `t`: the highest, then the newest, then the first in the table; None if all are silent."""
    audible = [c for c in conditions if c.call_from is not None and c.call_from <= t and not is_paused(c, t, pause)]
    rank = {"medium": 1, "low": 0}
    return max(audible, key=lambda c: (rank[c.priority], c.since, -TABLE.index(c.condition)), default=None)


def is_paused(one, t, pause):
    """PAUSE silences for 120 s the conditions that were present when it went down (A-03)."""
    return pause is not None and pause <= t < pause + PAUSE_MS and one.since <= pause


def audio(one, t, pause):
    """The `audio` of section 9: off (light only), paused, or on."""
    if one.call_from is None:
        return "off"
    return "paused" if is_paused(one, t, pause) else "on"


def bursts_between(course, begin, end, pause):
    """The bursts at begin <= t < end while nothing else changes: [(t, priority)]."""
    found = []
    if not course.rules:
        conditions = [c for c in standing(course, begin) if c.condition in TECHNICAL]
        if not conditions:
            return found
    t = begin
    while True:
        conditions = standing(course, t)
        candidates = [next_on_grid(course, c, t) for c in conditions if c.call_from is not None]
        # A due slot that the gap still forbids begins to call by the clock alone.
        if course.error is not None:
            for c in conditions:
                if c.condition == "due" and c.call_from is None and not course.infusing():
                    candidates.append(course.earliest(course.cycle.doses[c.slot]) - course.error)
        t = min((c for c in candidates if c >= t), default=end)
        if t >= end:
            return found
        conditions = standing(course, t)
        one = heard(conditions, t, pause)
        if one is not None and on_grid(course, one, t):
            found.append((t, one.priority))
        t += 1


def sounded(bursts):
    """What of the bursts [(t, priority)] is heard, and when: one that has begun is finished, a more urgent one follows it, others are left out (A-02)."""
    found = []
    for t, priority in bursts:
        before = found[-1] if found else None
        if before is None or t >= before[0] + BURST_MS[before[1]]:
            found.append((t, priority))
        elif (before[1], priority) == ("low", "medium"):
            found.append((before[0] + BURST_MS["low"] + SPACE_MS, priority))
    return found
