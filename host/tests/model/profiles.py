"""Hypothesis profiles: `ci` draws the same examples at every run; `soak` (DOSEBELL_SOAK=1) draws many, new ones each time."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.register_profile(
    "soak", max_examples=3000, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
SOAK = bool(os.environ.get("DOSEBELL_SOAK"))
settings.load_profile("soak" if SOAK else "ci")


def examples(few):
    """How many examples: `few` in CI, fifty times that in a soak."""
    return few * 50 if SOAK else few
