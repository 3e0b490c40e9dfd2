"""Solving again for a claim: the same solver on a changed problem, answering only with what it proves."""

import time

from matching.confirmation import solved
from matching.solver.engine import EXACT_COLUMNS, ContradictingPins, solve

MOST_PAIRS = EXACT_COLUMNS  # beyond this a problem is not solved exactly, so nothing is claimed by solving again


def proving_solver(*, seconds=20.0, seconds_in_all=120.0):
    """A function from a problem to its proven optimum (`confirmation.Solved`), None where `seconds` per solve do not suffice,
    where `seconds_in_all` are spent, or where no plan keeps the pins."""
    end = time.monotonic() + seconds_in_all

    def solve_again(problem):
        left = end - time.monotonic()
        if left <= 0:
            return None
        try:
            return solved(solve(problem, time_limit=min(seconds, left), threads=1))
        except ContradictingPins:
            return None

    return solve_again
