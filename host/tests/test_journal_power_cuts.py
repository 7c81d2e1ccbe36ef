"""No power cut loses a confirmed event, invents one, hides a loss or leaves a board that does not come back (J-02). How: power_cuts.py."""

import os

import pytest
from power_cuts import Prover

# (sectors, seed, cuts). `make soak` takes fifty times as many; SOAK_CUTS changes how many.
SMALL = [(4 + seed % 5, seed, 7_300) for seed in range(1, 13)]
SOAK_CUTS = int(os.environ.get("SOAK_CUTS", "5000000"))
SOAK_PIECES = 40


def prove(prover: Prover) -> None:
    """Runs it; the figures are in the test's properties and its output."""
    prover.run()
    print(
        f"{prover.sectors} sectors, seed {prover.seed}: {prover.total} cuts (first {prover.cuts[0]}, second {prover.cuts[1]}, third {prover.cuts[2]}), "
        f"{prover.boots} boots judged, {prover.told_by_check} told by the check; by tear: {prover.tears}"
    )
    assert prover.total >= prover.limit


@pytest.mark.req("J-02", "J-01", "J-05")
@pytest.mark.parametrize(("sectors", "seed", "cuts"), SMALL)
def test_every_operation_of_a_small_journal_is_cut(sectors: int, seed: int, cuts: int) -> None:
    prove(Prover(sectors, seed, cuts))


@pytest.mark.req("J-02", "J-03")
def test_a_small_journal_that_has_gone_round_is_cut() -> None:
    prove(Prover(6, 101, 5_000, full=True))


@pytest.mark.req("J-02", "J-05")
@pytest.mark.parametrize("seed", [201, 202])
def test_a_small_journal_with_cells_that_are_stuck_is_cut(seed: int) -> None:
    prove(Prover(6, seed, 4_000, stuck=3))


@pytest.mark.req("J-02", "J-03")
def test_a_full_journal_of_the_real_size_is_cut() -> None:
    prove(Prover(128, 301, 1_000, full=True))


@pytest.mark.soak
@pytest.mark.req("J-02", "J-01", "J-05")
@pytest.mark.parametrize("seed", range(1001, 1001 + SOAK_PIECES))
def test_soak_small(seed: int) -> None:
    full = seed % 4 == 0
    prove(Prover(4 + seed % 5, seed, SOAK_CUTS // SOAK_PIECES, full=full))


@pytest.mark.soak
@pytest.mark.req("J-02", "J-03")
@pytest.mark.parametrize("seed", range(2001, 2005))
def test_soak_real_size(seed: int) -> None:
    prove(Prover(128, seed, 5_000, full=True))
