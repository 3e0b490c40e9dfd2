"""The search for large problems on random small ones: its plans are valid, never below the start, and no bound is passed. Seeds 0 to 39
here; thousands in tests/soak/large_search.py."""

import pytest

from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver import stages
from matching.solver.construct import first_plan
from matching.solver.instance import build_instance
from matching.solver.pins import start_from_pins
from matching.solver.state import broken
from matching.solver.work import Work
from tests.independent.generator import small_problem
from tests.unit.matching.large_search import faults
from tests.unit.matching.problems import small


@pytest.mark.parametrize("block", range(4))
def test_plans_are_valid_and_no_bound_is_passed_on_random_problems(block):
    searched = 0
    for seed in range(block, 40, 4):
        found = faults(small_problem(seed, needs=16, offerings=10))
        searched += found is not None
        assert not found, f"seed {seed}"
    assert searched > 0


@pytest.mark.parametrize("seed", [40, 44])
def test_a_group_of_hours_in_which_nothing_can_be_earned_is_left_alone(seed):
    assert faults(small_problem(seed, needs=16, offerings=10)) == []


def test_single_needs_that_cost_money_wait_until_the_goods_have_spent_theirs():
    """Goods of tier 2 take all the money; a tier 3 need of one offering would cost it again, another costs nothing."""
    row = {"region": "330324100", "type": "care", "weight": 5}
    document = small(
        needs=[
            {"id": "N1", "household": "H1", "category": "rice", "quantity": 9, "tier": 2, **row},
            {"id": "N2", "household": "H2", "category": "fee", "quantity": 1, "tier": 3, "fill": "single", **row},
            {"id": "N3", "household": "H3", "category": "hours", "quantity": 2, "tier": 3, "fill": "single", **row},
        ],
        offerings=[
            {"id": "O1", "donor": "D1", "category": "rice", "capacity": 9, "unit_cost_fen": 10},
            {"id": "O2", "donor": "D2", "category": "fee", "capacity": 1, "unit_cost_fen": 90},
            {"id": "O3", "donor": "D3", "category": "hours", "capacity": 2},
        ],
        limits=[{"id": "budget", "max_fen": 90}],
        households={},
    )
    problem = parse_problem(document)
    instance = build_instance(problem, build_pairs(problem))
    pinned = start_from_pins(instance)
    steps, _, _ = stages.solve_levels(instance, Work(2.0), 2, pinned.copy(), first_plan(instance, pinned))
    assert broken(instance, steps) == []
    assert (steps * instance.step).tolist() == [9, 0, 2]
