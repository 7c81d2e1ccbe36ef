"""Random regimens that R-01 allows, with the edge values favoured."""

from hypothesis import strategies as st

# The ranges of R-01, written down again from the specification on purpose.
PLAIN = {
    "interval_min": (60, 1440),
    "max_doses": (1, 63),
    "max_days": (0, 14),
    "cycles": (1, 4),
    "cycle_days": (1, 60),
    "hold_remind_min": (0, 480),
    "hold_review_count": (0, 20),
    "pre_dose_check_min": (0, 240),
    "supportive_care_review_min": (0, 2880),
}


def edgy(low, high):
    """An integer of low..high, often at or next to an edge."""
    return st.one_of(
        st.sampled_from(sorted({low, high, min(low + 1, high), max(high - 1, low)})), st.integers(low, high)
    )


@st.composite
def regimens(draw, max_doses=63, bench=None):
    """A valid regimen as plain data."""
    data = {key: draw(edgy(*bounds)) for key, bounds in PLAIN.items()}
    interval = data["interval_min"]
    data["max_doses"] = draw(edgy(1, max_doses))
    infusion = data["infusion_min"] = draw(edgy(1, min(240, interval - 1)))
    data["early_min"] = draw(edgy(0, interval - infusion))
    late = data["late_min"] = draw(edgy(1, interval - 2))
    overdue = data["overdue_min"] = draw(edgy(late + 1, interval - 1))
    data["missed_min"] = draw(edgy(overdue + 1, interval))
    data["min_gap_min"] = draw(edgy(0, interval))
    data["anchor"] = draw(st.sampled_from(["grid", "start"]))
    data["bench"] = draw(st.booleans()) if bench is None else bench
    data["name"] = draw(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=16))
    return data
