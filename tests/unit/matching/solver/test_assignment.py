"""Single-source assignment: what the kernel returns is valid and never worse, its bounds hold, and its work repeats."""

import itertools
from pathlib import Path

import numpy as np
import pytest

from matching.gap import problem_from_gap
from matching.generator import generate
from matching.pairs import build_pairs
from matching.problem import parse_problem
from matching.solver import assignment_levels
from matching.solver.assignment import Assignment, improve, nearest
from matching.solver.assignment_prices import Knapsacks, lagrangian_bound, linear_prices
from matching.solver.assignment_whole import NEAR, search_whole
from matching.solver.construct import fill
from matching.solver.hours import place_hours
from matching.solver.instance import NO_LIMIT, SINGLE, build_instance
from matching.solver.large import LargeSearch
from matching.solver.levels import tier_points
from matching.solver.pins import start_from_pins
from matching.solver.state import broken
from matching.solver.work import Work
from tests.unit.matching.solver.assignments import best

FILES = Path(__file__).parents[3] / "data" / "gap"
LONG = 3_600.0
LARGE = 100_000


def _drawn(seed, needs=6, offerings=3, everyone=False):
    draw = np.random.default_rng(seed)
    pairs = [(n, o) for n in range(needs) for o in range(offerings) if draw.random() < 0.8]
    need, offering = (np.array([p[k] for p in pairs]) for k in (0, 1))
    return Assignment(
        need, offering, draw.integers(1, 9, len(need)), draw.integers(1, 50, len(need)), draw.integers(6, 14, offerings),
        np.where(draw.random(offerings) < 0.5, 2, NO_LIMIT), draw.integers(0, 3, needs), draw.integers(0, 6, len(need)),
        np.where(draw.random(3) < 0.5, 8, NO_LIMIT), everyone,
    )  # fmt: skip


def _best(problem):
    """The greatest profit, by trying every plan."""
    choices = [[-1, *range(problem.by_need[n], problem.by_need[n + 1])] for n in range(problem.count)]
    plans = (np.array(plan) for plan in itertools.product(*choices))
    return max(problem.total(plan) for plan in plans if problem.valid(plan))


def _nothing(problem):
    return np.full(problem.count, -1)


@pytest.mark.parametrize("seed", range(6))
def test_a_small_assignment_with_caps_and_places_reaches_the_best_of_all_plans(seed):
    problem = _drawn(seed)
    found = improve(problem, _nothing(problem), Work(LONG), "search", LONG, most=12)
    assert problem.valid(found)
    assert problem.total(found) == _best(problem)


@pytest.mark.parametrize("seed", range(6))
def test_no_plan_passes_the_knapsack_bound_and_a_column_loses_at_most_what_is_said(seed):
    problem = _drawn(seed)
    _, prices, _ = linear_prices(problem, all_served=False)
    knapsacks = Knapsacks(problem)
    knapsacks.prepare()
    work = Work(LONG)
    bound, prices = lagrangian_bound(problem, knapsacks, prices, 0, work, "bound", LONG, all_served=False, most=40)
    best = _best(problem)
    assert bound >= best
    lost = knapsacks.lost(prices)
    for column in range(problem.size):
        others = problem.need != problem.need[column]
        rest = np.flatnonzero(others | (np.arange(problem.size) == column))
        forced = Assignment(
            problem.need[rest], problem.offering[rest], problem.load[rest],
            problem.profit[rest] + 10_000 * (rest == column), problem.capacity, problem.max_needs,
            problem.group, problem.worth[rest], problem.group_cap,
        )  # fmt: skip
        with_it = _best(forced) - 10_000
        assert with_it <= bound + 1 - lost[column]


def test_the_whole_programme_keeps_a_better_plan_and_a_true_bound():
    problem = _drawn(3)
    best = _best(problem)
    found, bound = search_whole(
        problem, _nothing(problem), np.zeros(problem.size), int(problem.profit.sum()), Work(LONG), "whole", LONG, LONG
    )
    assert (problem.total(found), bound) == (best, best)


def test_where_most_columns_are_out_of_question_the_nearest_are_searched_and_the_bound_stays_true():
    narrowed = 0
    for seed in range(20):
        problem = _drawn(seed, needs=16, offerings=12)
        _, prices, _ = linear_prices(problem, all_served=False)
        knapsacks = Knapsacks(problem)
        knapsacks.prepare()
        work = Work(LONG)
        bound, prices = lagrangian_bound(problem, knapsacks, prices, 0, work, "bound", LONG, all_served=False, most=40)
        lost, start = knapsacks.lost(prices), improve(problem, _nothing(problem), work, "start", LONG, most=16)
        may = int((lost <= bound - problem.total(start)).sum())
        narrowed += NEAR * problem.count < may < problem.size / 2
        found, proven = search_whole(problem, start, lost, bound, work, "whole", 0.0, LONG)
        assert problem.valid(found)
        assert problem.total(start) <= problem.total(found) <= best(problem) <= proven <= bound
    assert narrowed


def _instance(name):
    problem = parse_problem(problem_from_gap((FILES / name).read_text(), name))
    return build_instance(problem, build_pairs(problem))


def test_a_public_file_has_the_shape_and_a_small_one_is_left_to_the_exact_levels():
    assert assignment_levels.fits(_instance("c05100"))
    assert not assignment_levels.fits(_instance("c0515_1"))


def test_a_search_repeats_after_a_replay():  # promise 24
    instance = _instance("e05100")
    problem = Assignment(
        instance.need, instance.offering, instance.load, 2_000 - instance.cost, instance.capacity, instance.max_needs,
        np.zeros(100, np.int64), np.zeros(500, np.int64), np.array([NO_LIMIT]), everyone=True,
    )  # fmt: skip
    _, _, lost = linear_prices(problem, all_served=True)
    near = nearest(problem, lost, 2.0)
    first = Work(LONG)
    found = improve(problem, _nothing(problem), first, "search", LONG, prices=lost, near=near, width=2, most=4)
    again = improve(
        problem, _nothing(problem), Work(0.0, first.record), "search", LONG, prices=lost, near=near, width=2
    )
    assert (found == again).all()
    assert problem.valid(found)


def test_everybody_is_served_and_the_levels_before_cost_are_proven():
    instance = _instance("c0515_1")
    steps, results = assignment_levels.assign(instance, Work(LONG), fill(instance, start_from_pins(instance)))
    assert broken(instance, steps) == []
    assert [r.proven for r in results[:5]] == [True] * 5
    cost = results[5]
    assert 0 <= cost.bound <= 261 <= cost.value


def test_hours_gain_points_of_a_tier_and_earlier_tiers_lose_none():
    problem = parse_problem(generate("village", 1))
    instance = build_instance(problem, build_pairs(problem))
    steps = np.zeros(instance.size, np.int64)
    for tier in range(2):
        before = tier_points(instance, steps)
        search = LargeSearch(instance, Work(LONG), 1, steps)
        single = search.by_category(LARGE, tier + 1, instance.fill == SINGLE)
        place_hours(search, "hours", tier, [needs for needs in single if search.is_free(needs)], 1.0)
        search.close()
        steps = search.steps
        assert broken(instance, steps) == []
        assert tier_points(instance, steps)[:tier] >= before[:tier]
        assert tier_points(instance, steps)[tier] > before[tier]
