"""The host command against the real firmware on the emulated board: both sides of the contract in one place (H-02, H-03, H-04)."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from dosebell.image import build_image
from dosebell.image.files import BOARDS, ROOT
from dosebell.sim import flash_from_uf2
from dosecore.events import KINDS
from hil_tests.bench import EmulatedBench

STATUS_KEYS = {
    "device": ["id", "label", "board", "firmware", "micropython", "protocol", "bench"],
    "clock": ["utc", "quality", "uptime_s", "battery"],
    "course": [
        "state", "armed", "regimen", "cycle", "slot", "phase", "due", "not_before", "variance_ms", "counts", "next_due", "infusion",
    ],
    "journal": ["first_seq", "last_seq", "capacity", "exported_seq", "faults"],
}  # fmt: skip


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[EmulatedBench]:
    """A new device that has been on for a second."""
    image = build_image(BOARDS / "pico.toml", ROOT / "firmware", ROOT / "build" / "dosebell-pico.uf2")
    made = EmulatedBench(flash_from_uf2(image.path.read_bytes()), tmp_path)
    made.wait(1)
    yield made
    made.close()


@pytest.mark.req("H-02", "H-03", "H-04")
def test_configured_started_and_read_out(bench: EmulatedBench) -> None:
    said = bench.cli("--json", "status").ok().json
    assert (said["clock"]["utc"], said["course"]["state"]) == (None, "unconfigured")
    bench.set_clock()
    assert bench.cli("course", "start").exit_code == 4
    bench.cli_confirmed("configure", "hd-il2", "--label", "Bed 12", "--set", "late_min=45").ok()
    bench.cli_confirmed("course", "start", "--armed").ok()
    bench.cli_confirmed("course", "start").ok()
    bench.wait(60)
    started_at = bench.utc_at(bench.press("start"))
    bench.wait(1)

    said = bench.cli("--json", "status").ok().json
    for part, keys in STATUS_KEYS.items():
        assert list(said[part])[: len(keys)] == keys
    assert (said["device"]["label"], said["course"]["state"], said["course"]["phase"]) == (
        "Bed 12",
        "running",
        "infusing",
    )
    assert list(said["course"]["infusion"]) == ["started", "ends", "remaining_s"]
    assert 890 < said["course"]["infusion"]["remaining_s"] < 900

    pulled = bench.cli("--json", "log", "pull").ok().json
    assert (pulled["first_seq"], pulled["gaps"]) == (1, []) and pulled["exported_seq"] == pulled["last_seq"]
    again = bench.cli("--json", "log", "pull").ok().json
    assert again["events"] == again["last_seq"] - pulled["last_seq"] and again["exported_seq"] is None

    lines = bench.cli("--json", "log", "show").ok().stdout.splitlines()
    assert len(lines) == again["last_seq"]
    (configured, armed) = bench.cli("--json", "log", "show", "--kind", "configured").ok().stdout.splitlines()
    assert '"late_min":45' in configured and '"late_min":45' in armed and '"armed":true' in armed
    started = bench.cli("--json", "log", "show", "--kind", "dose-started").ok().json
    assert started["kind"] in KINDS and (started["cycle"], started["slot"]) == (1, 1)
    assert abs(bench.instant_of(started_at) - bench.instant_of(_utc(started["utc"]))) < 0.1
    assert 55_000 < started["detail"]["variance_ms"] < 65_000

    bench.unplug()
    bench.replug()
    bench.wait(1)
    assert bench.cli("log", "pull").ok().stdout.startswith("Nothing new after event")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text)
