"""State: what the fold of the journal knows. Data and the plainest questions about it; what changes it is in `apply`, what the clock brings in `timeline`."""

from dosecore.events import OUTCOMES

# A byte a slot: the outcome (index in OUTCOMES) in the low three bits, and what a review of holds needs to know.
OUTCOME_BITS = 7
WAS_ON_HOLD = 8
AWAITED_DRUG = 16

UNDO_S = 60  # how long a START or HOLD can be taken back
UNDO_MOST = 8  # presses in one minute that can be; more are not a nurse

LATCHED = ("missed-doses", "doses-not-observed", "review-holds")
TECHNICAL = ("clock-lost", "journal-fault", "self-test-failed", "stuck-button", "maintenance")
ANY_BUTTON = ("infusion-ended", "next-cycle", "supportive-care")


class Slot:
    """A slot that something has happened to and that is not closed. Waiting slots have no object.

    phase: due, late, overdue, infusing, interrupted, on-hold, or ended (its infusion is over, its closing follows at the same instant).
    since: when that phase began. start: UTC or None. infused_ms: infused before the current run, which began at run_from.
    proved_ms: what a cold boot could prove to be infused.
    """

    def __init__(self, number, due):
        self.number = number
        self.due = due
        self.phase = "due"
        self.since = (0, 0)
        self.start = None
        self.run_from = None
        self.infused_ms = 0
        self.proved_ms = 0
        self.partial = False
        self.reason = "unspecified"
        self.reason_taken = False

    def copy(self):
        """A second Slot with the same contents: what an undo goes back to."""
        twin = Slot(self.number, self.due)
        for name in SLOT_FIELDS:
            setattr(twin, name, getattr(self, name))
        return twin


SLOT_FIELDS = ("phase", "since", "start", "run_from", "infused_ms", "proved_ms", "partial", "reason", "reason_taken")


class Alarm:
    """A condition that is not a slot's phase. logged: its alert-raised is in the journal.

    ended: the instant at which its cause went; its alert-cleared is then due.
    """

    def __init__(self, condition, since, cycle=0, slot=0, count=1):
        self.condition = condition
        self.since = since
        self.cycle = cycle
        self.slot = slot
        self.count = count
        self.logged = False
        self.acknowledged = False
        self.ended = None


class Undo:
    """A press that changed a phase, and what it changed: `before` is the Slot as it was (None: waiting)."""

    def __init__(self, press, mono, number, before, flags, bases, infusion_end):
        self.press = press
        self.mono = mono
        self.number = number
        self.before = before
        self.flags = flags
        self.bases = bases
        self.bases_after = bases
        self.infusion_end = infusion_end


class Tally:
    """A cycle's slots: `outcomes[k]` (0 = not closed, with the flags above) and `starts` (k -> UTC), voided starts taken out."""

    def __init__(self, doses):
        self.outcomes = bytearray(doses + 1)
        self.starts = {}

    def counts(self):
        """Number of slots by outcome, given to unknown, in the order of OUTCOMES."""
        found = [0] * len(OUTCOMES)
        for byte in self.outcomes:
            found[byte & OUTCOME_BITS] += 1
        return found[1:6]

    def holds(self):
        """Closed slots that count in a review of holds."""
        held = OUTCOMES.index("held")
        return sum(1 for byte in self.outcomes if byte & OUTCOME_BITS == held and not byte & AWAITED_DRUG)


class State:
    """Everything that a boot must know again. Monotonic instants belong to this boot, or, while `stale`, to an earlier one whose offset was `old_offset`."""

    def __init__(self):
        # the clock
        self.boot = 0
        self.offset = None
        self.quality = "unknown"
        self.lost = False
        self.stale = False
        self.old_offset = None
        self.last_mono = (0, 0)
        self.newest_utc = None  # the newest of any event since a host set the clock: no clock chip may be behind it
        self.watch_from = (0, 0)
        self.told_to_look_away = False
        # the configuration
        self.regimen = None
        self.label = ""
        self.armed = False
        # the course
        self.course = "unconfigured"
        self.course_before_stop = ""
        self.stopped_at = None
        self.start_before = None
        self.tallies = []
        self.last_start = None
        self.unresolved = []
        # the cycle
        self.cycle = 0
        self.first_due = None
        self.bases = ()  # (slot, due), ascending: from that slot on dues count from there
        self.current = 1
        self.open = {}
        self.closed_at = (0, 0)
        self.infusion_end = None
        self.care_at = None
        # timers of an earlier boot, in UTC, while the clock is lost
        self.away_stopped = None
        self.away_infusion_end = None
        self.away_care = None
        self.away_closed = None
        self.next_called = False
        self.checked_slot = 0
        # the alerts
        self.alarms = []
        self.pause_at = None
        self.sound_from = (0, 0)
        self.undos = []
        # the journal, as far as the course must know it
        self.exported = 0

    def tally(self):
        """The current cycle's Tally."""
        return self.tallies[self.cycle - 1]

    def outcome(self, number):
        """The current cycle's outcome of a slot as an index of OUTCOMES; 0 while it is not closed."""
        return self.tallies[self.cycle - 1].outcomes[number] & OUTCOME_BITS

    def alarm(self, condition):
        """The standing Alarm of that condition, or None."""
        for alarm in self.alarms:
            if alarm.condition == condition:
                return alarm
        return None

    def has_course(self):
        """A course is under way: running, or resting between two cycles."""
        return self.course == "running" or self.course == "resting"
