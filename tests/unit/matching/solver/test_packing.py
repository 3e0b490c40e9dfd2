"""Groups whose offerings take many needs: rounded plans are valid and keep who was served, and no plan passes the bound."""

from itertools import count

import numpy as np
import pytest
from scipy import optimize

from matching.solver.assignment import Assignment
from matching.solver.instance import NO_LIMIT
from matching.solver.packing import crowded, rounded, search_crowded
from matching.solver.pattern_search import Turns, search_group
from matching.solver.work import Work

LOOKS = 400  # at the clock: some sixty steps, however slow the machine
NOBODY = np.zeros(0, np.int64)


def counted_work(replay=None):
    """Work whose clock goes on by one at each look, so that a test takes as many steps on every machine."""
    return Work(100 * LOOKS, replay, clock=count().__next__)


def hours(needs, rooms, *, profit, load, places=None):
    """Every need may go to every offering; `rooms` hours of each."""
    offerings = len(rooms)
    need, offering = np.repeat(np.arange(needs), offerings), np.tile(np.arange(offerings), needs)
    most = np.full(offerings, NO_LIMIT) if places is None else np.array(places)
    return Assignment(
        need, offering, np.array(load)[need], np.array(profit)[need], np.array(rooms), most, np.zeros(needs, np.int64),
        np.zeros(len(need), np.int64), np.full(1, NO_LIMIT),
    )  # fmt: skip


def drawn(seed, needs=28, offerings=4):
    """A group in which hours, places and households' caps bind."""
    draw = np.random.default_rng(seed)
    pairs = [(n, o) for n in range(needs) for o in range(offerings) if draw.random() < 0.8]
    need, offering = (np.array([p[k] for p in pairs]) for k in (0, 1))
    load, profit = draw.integers(2, 9, needs), draw.integers(20, 90, needs)
    return Assignment(
        need, offering, load[need], profit[need], draw.integers(15, 40, offerings),
        np.where(draw.random(offerings) < 0.3, draw.integers(2, 7, offerings), NO_LIMIT), draw.integers(0, 12, needs),
        np.ones(len(need), np.int64), np.where(draw.random(12) < 0.5, 2, NO_LIMIT),
    )  # fmt: skip


def best(problem):
    """The greatest profit, by a mixed-integer programme over the pairs."""
    p = problem
    rows = [(p.need, np.ones(p.size), np.ones(p.count)), (p.offering, p.load, p.capacity),
            (p.offering, np.ones(p.size), p.max_needs), (p.group[p.need], p.worth, p.group_cap)]  # fmt: skip
    limits = []
    for key, use, most in rows:
        matrix = np.zeros((len(most), p.size))
        matrix[key, np.arange(p.size)] = use
        limits.append(optimize.LinearConstraint(matrix, -np.inf, np.minimum(most, 10**6)))
    found = optimize.milp(-p.profit, constraints=limits, integrality=np.ones(p.size), bounds=optimize.Bounds(0, 1))
    assert found.status == 0
    return round(-found.fun)


def test_what_rounding_leaves_out_gets_room_from_needs_of_the_last_tier():
    # seven hours, and a need of four that was served: the programme would rather split it than leave out the three of two hours
    problem = hours(4, [7], profit=[100, 90, 90, 90], load=[4, 2, 2, 2])
    chosen = np.array([0, -1, -1, -1])
    plan, bound = rounded(problem, chosen, problem.profit.astype(float), np.array([0]))
    assert plan[0] == 0
    assert problem.valid(plan)
    assert problem.total(plan) == 190
    assert bound == pytest.approx(270 + 25)


def test_where_nothing_may_go_the_need_stays_out():
    problem = hours(2, [4], profit=[100, 300], load=[4, 4])
    plan, _ = rounded(problem, np.array([-1, 1]), problem.profit.astype(float), np.array([0, 1]))
    assert plan.tolist() == [-1, 1]


@pytest.mark.parametrize("seed", range(20))
def test_the_search_comes_next_to_the_best_and_below_its_bound(seed):
    problem = drawn(seed)
    assert crowded(problem)
    most, work = best(problem), counted_work()
    start = np.full(problem.count, -1)
    plan, proven, bound = search_crowded(
        problem, start, problem.profit.astype(float), NOBODY, work, "hours", work.elapsed() + LOOKS
    )
    assert problem.valid(plan)
    assert 0.99 * most <= problem.total(plan) <= most <= bound + 1e-6
    assert not proven or problem.total(plan) == most


def test_a_plan_near_its_bound_is_left_at_once():
    problem = hours(8, [16], profit=[10] * 8, load=[2] * 8)
    work = counted_work()
    plan, proven, _ = search_crowded(
        problem, np.full(8, -1), problem.profit.astype(float), NOBODY, work, "hours", work.elapsed() + LOOKS
    )
    assert (plan >= 0).all()
    assert proven
    assert [entry["steps"] for entry in work.record] == [1, 0]


def test_a_replay_makes_the_same_plan():
    problem = drawn(3)
    live = counted_work()
    once, *_ = search_group(
        problem,
        np.full(problem.count, -1),
        problem.profit.astype(float),
        NOBODY,
        live,
        "hours",
        Turns(live, 1, LOOKS, 1),
    )
    again = counted_work(live.record)
    twice, *_ = search_group(
        problem,
        np.full(problem.count, -1),
        problem.profit.astype(float),
        NOBODY,
        again,
        "hours",
        Turns(again, 1, 0.0, 1),
    )
    assert once.tolist() == twice.tolist()
    assert live.record == again.record
    assert {entry["stage"] for entry in live.record} == {"hours rounded", "hours"}
