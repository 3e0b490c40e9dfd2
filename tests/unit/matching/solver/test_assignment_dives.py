"""Dives over pairs: plans of scarce generalised assignments are valid and near the bound, no plan passes the bound, and the work repeats."""

import itertools
from functools import partial

import numpy as np
import pytest

from matching.solver.assignment import Assignment
from matching.solver.assignment_dives import Dives, divable, search_dives
from matching.solver.assignment_prices import Knapsacks, lagrangian_bound, linear_prices
from matching.solver.instance import NO_LIMIT
from matching.solver.work import Work

LONG = 3_600.0


def _drawn(seed, needs, offerings, most=NO_LIMIT):
    """An assignment of the public type d: what takes little costs much, and capacities are short."""
    draw = np.random.default_rng(seed)
    size = needs * offerings
    load = draw.integers(1, 101, size)
    cost = 111 - load + draw.integers(-10, 11, size)
    offering = np.tile(np.arange(offerings), needs)
    capacity = (0.8 * np.bincount(offering, load) / offerings).astype(np.int64)
    none = np.zeros(size, np.int64)
    return Assignment(
        np.repeat(np.arange(needs), offerings), offering, load, 1_000 * (needs + 1) - cost, capacity,
        np.full(offerings, most), np.zeros(needs, np.int64), none, np.full(1, NO_LIMIT), everyone=True,
    )  # fmt: skip


def _prepared(problem, work):
    """(dives with the knapsacks' prices and sets, the bound of these)."""
    _, prices, _ = linear_prices(problem, all_served=True)
    knapsacks, sets = Knapsacks(problem), []
    knapsacks.prepare()
    ceiling, prices = lagrangian_bound(
        problem, knapsacks, prices, 0, work, "bound", LONG, all_served=True, most=60, sets=sets
    )
    dives = Dives(problem, prices, knapsacks.lost(prices))
    for columns in sets:
        dives.add(columns)
    return dives, ceiling


def _searched(problem, steps, replay=None):
    work = Work(LONG, replay)
    dives, ceiling = _prepared(problem, work)
    begin = work.steps
    work.steps = partial(begin, most=steps)  # a run that ends after so many steps, whatever the machine
    dives.settle(work, "prices", LONG)
    nothing = np.full(problem.count, -1)
    found = search_dives(problem, dives, nothing, work, "dives", LONG, lambda plan: None)
    return found, dives.bound(ceiling), ceiling, work.record


def _best(problem):
    """The greatest profit of plans that serve everyone, by trying every one."""
    choices = [range(problem.by_need[n], problem.by_need[n + 1]) for n in range(problem.count)]
    plans = (np.array(plan) for plan in itertools.product(*choices))
    return max((problem.total(plan) for plan in plans if problem.valid(plan)), default=0)


@pytest.mark.parametrize("seed", range(4))
def test_a_small_scarce_assignment_reaches_the_best_of_all_plans_and_no_plan_passes_the_bound(seed):
    problem = _drawn(seed, needs=7, offerings=3)
    found, bound, ceiling, _ = _searched(problem, 16)
    best = _best(problem)
    assert best <= bound <= ceiling
    assert problem.valid(found)
    assert best == 0 or problem.total(found) == best


def test_everyone_is_served_within_a_hundredth_of_the_bound_where_capacities_are_short():
    problem = _drawn(1, needs=40, offerings=8)
    found, bound, _, _ = _searched(problem, 24)
    cost, least = (1_000 * (problem.count + 1) * problem.count - worth for worth in (problem.total(found), bound))
    assert problem.valid(found)
    assert (found >= 0).all()
    assert least <= cost <= 1.01 * least


def test_an_offering_takes_no_more_needs_than_it_has_places_for():
    problem = _drawn(2, needs=34, offerings=7, most=6)
    found, _, _, _ = _searched(problem, 16)
    assert problem.valid(found)
    assert np.bincount(problem.offering[found[found >= 0]]).max() <= 6


def test_dives_repeat_after_a_replay():  # promise 24
    problem = _drawn(3, needs=32, offerings=6)
    found, bound, _, record = _searched(problem, 16)
    again, same, _, _ = _searched(problem, None, replay=record)
    assert (found == again).all()
    assert bound == same


def test_caps_of_households_are_no_matter_for_dives():
    problem = _drawn(4, needs=10, offerings=3)
    problem.group_cap = np.array([5])
    assert not divable(problem)
