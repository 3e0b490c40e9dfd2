"""Public generalised-assignment files, converted: the proven cost is the published optimum."""

from pathlib import Path

import pytest

from matching.gap import problem_from_gap
from matching.problem import parse_problem
from matching.solver.engine import solve
from matching.validation import violations

FILES = Path(__file__).parents[3] / "data" / "gap"


@pytest.mark.parametrize(("name", "optimum"), [("c0515_1", 261), ("c05100", 1931)])
def test_the_published_optimum_is_reached_and_proven(name, optimum):
    problem = parse_problem(problem_from_gap((FILES / name).read_text(), name))
    plan = solve(problem, time_limit=240)  # proven after ten seconds of a processor
    levels = {level.name: level for level in plan.levels}
    assert (levels["cost"].value, levels["cost"].proven) == (optimum, True)
    assert violations(problem, plan) == []
