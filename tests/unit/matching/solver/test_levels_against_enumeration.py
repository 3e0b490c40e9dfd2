"""On problems small enough to try every plan, every level of the solver is the best there is."""

import os

import pytest

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver.engine import ContradictingPins, solve
from matching.validation import violations
from tests.unit.matching.solver.enumeration import best_levels, random_problem

FIRST = int(os.environ.get("ZHONGFU_ENUMERATION_FIRST", "0"))
COUNT = int(os.environ.get("ZHONGFU_ENUMERATION_COUNT", "80"))


@pytest.mark.parametrize("block", range(8))
def test_every_level_equals_the_best_of_all_plans(block):
    compared = 0
    for seed in range(FIRST + block, FIRST + COUNT, 8):
        problem = parse_problem(random_problem(seed))
        best = best_levels(problem, build_pairs(problem))
        if best is None:
            with pytest.raises(ContradictingPins):
                solve(problem, time_limit=20, threads=1)
            continue
        plan = solve(problem, time_limit=20, threads=1)
        assert [level.value for level in plan.levels] == best, f"seed {seed}"
        assert plan.status == "optimal", f"seed {seed}"
        assert violations(problem, plan) == [], f"seed {seed}"
        compared += 1
    assert compared > 0
