"""A regimen's durations, a slot and what was done to it, a cycle and its dues: the data of the model (sections 1, 2 and 4 of the specification)."""

from dataclasses import dataclass, field

MARKS = ("dose-due", "dose-late", "dose-overdue")
LATCHED = ("missed-doses", "doses-not-observed", "review-holds")
ANSWERED_BY_ANY_BUTTON = ("infusion-ended", "next-cycle", "supportive-care")
TECHNICAL = ("clock-lost", "journal-fault", "self-test-failed", "stuck-button", "maintenance")
OUTCOMES = ("given", "partial", "held", "missed", "unknown")

# S-11: what comes first at one instant.
INFUSION_END, CLOSING, CYCLE_END, DUE, LATE, OVERDUE, ALERT = range(7)


class Rules:
    """A regimen's durations in ms. In a bench regimen a minute is a second and a day 1,440 of them (R-01)."""

    def __init__(self, regimen):
        self.minute = 1000 if regimen["bench"] else 60_000
        self.day = 1440 * self.minute
        self.grid = regimen["anchor"] == "grid"
        for name in ("max_doses", "cycles", "hold_review_count"):
            setattr(self, name, regimen[name])
        for name in ("interval", "infusion", "early", "late", "overdue", "missed", "min_gap", "hold_remind"):
            setattr(self, name, regimen[name + "_min"] * self.minute)
        self.pre_dose_check = regimen["pre_dose_check_min"] * self.minute
        self.supportive_care = regimen["supportive_care_review_min"] * self.minute
        self.span = regimen["max_days"] * self.day
        self.cycle_span = regimen["cycle_days"] * self.day


@dataclass
class Note:
    """One expected event: kind, instant on the tester's clock, UTC (None: unknown), place, and the details that matter."""

    kind: str
    t: int
    utc: int | None
    cycle: int = 0
    slot: int = 0
    detail: dict = field(default_factory=dict)


@dataclass
class Dose:
    cycle: int
    slot: int
    touch: str = ""  # "", infusing, interrupted, on-hold, closed: what was done; the clock's phases are in `said`
    said: tuple = ()  # the marks that were logged
    handled: bool = False  # was it ever started or held
    outcome: str = ""
    start_t: int | None = None
    start_utc: int | None = None
    end_t: int | None = None  # when the last infusion of it ended
    run_t: int = 0  # the running infusion's (re)start
    infused: int = 0  # ms infused before `run_t`
    broken_t: int = 0
    held_t: int = 0
    since_t: int = 0  # of the phase it is in
    reason: str = "unspecified"
    reason_taken: bool = False
    proved: int = 0  # ms that a cold boot can prove to be infused

    @property
    def phase(self):
        if self.touch:
            return self.touch
        return {"": "waiting", "dose-due": "due", "dose-late": "late", "dose-overdue": "overdue"}[
            max(self.said, key=MARKS.index, default="")
        ]


@dataclass
class Alert:
    condition: str
    since: int
    count: int = 0
    acknowledged: bool = False
    cycle: int = 0
    slot: int = 0


class Cycle:
    def __init__(self, rules, number, slot, due_utc):
        self.rules = rules
        self.number = number
        self.first_slot = slot
        self.bases = [(slot, due_utc)]  # from which slot on which due holds; later entries win
        self.doses = {k: Dose(number, k) for k in range(1, rules.max_doses + 1)}
        self.done_t = None

    def due(self, k):
        base, due = self.bases[0]
        for slot, moved in self.bases[1:]:
            if slot <= k:
                base, due = slot, moved
        return due + (k - base) * self.rules.interval

    def has(self, k):
        limit = self.rules.span
        return k <= self.rules.max_doses and (not limit or self.due(k) < self.due(1) + limit)

    def slots(self):
        """The doses of this device in this cycle, in order."""
        chosen = []
        for k in range(self.first_slot, self.rules.max_doses + 1):
            if not self.has(k):
                break
            chosen.append(self.doses[k])
        return chosen

    def end(self, k):
        return self.due(k + 1) if self.has(k + 1) else self.due(k) + self.rules.interval

    def counts(self):
        tally = dict.fromkeys(OUTCOMES, 0)
        for dose in self.doses.values():
            if dose.outcome in tally:
                tally[dose.outcome] += 1
        return tally
