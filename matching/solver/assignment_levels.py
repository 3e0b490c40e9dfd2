"""Problems of the shape of a generalised assignment, where everybody can be served and only the cost is in question, on all eight levels.

When every need is served in full, tiers, fairness and coverage stand at what no plan can pass, so they are proven without search; the cost
is searched by the kernel and bounded by its knapsacks. The lottery is searched among plans of the same cost.
"""

import time

import numpy as np

from matching.solver.assignment import Assignment, improve, nearest
from matching.solver.assignment_prices import Knapsacks, lagrangian_bound, linear_prices
from matching.solver.assignment_whole import search_whole
from matching.solver.instance import NO_LIMIT, SINGLE
from matching.solver.levels import LevelResult, coverage_of, exact_sum, floors, shortfall, tier_points

LEAST_COLUMNS = 400  # below this the exact levels prove everything, the lottery too
START, DUAL, WHOLE, SEARCH = 0.16, 0.40, 0.62, 0.93  # share of the time by which a stage should be over
LOTTERY_BITS = 2**62


def fits(instance):
    """Whether the instance has this shape: single needs, each with a column, costs that every payer can bear, no cap, limit, pin or bar."""
    i = instance
    if i.size < LEAST_COLUMNS or (i.fill != SINGLE).any() or len(i.pinned) or len(i.limit_max):
        return False
    if (i.high != 1).any() or (np.diff(i.by_need) == 0).any() or not i.cost.any():
        return False
    worth, dearest = np.zeros(len(i.fill), np.int64), np.zeros(len(i.fill), np.int64)
    np.maximum.at(worth, i.need, i.worth)
    np.maximum.at(dearest, i.need, i.cost)
    most = np.zeros(len(i.household_cap), np.int64)
    np.add.at(most, i.household, worth)
    if (most > i.household_cap).any():
        return False
    everything = sum(dearest.tolist())
    purses = [{f for f in funds if int(i.fund_amount[f]) >= everything} for funds in i.classes]
    return bool(purses) and bool(set.intersection(*purses))


def assign(instance, work, steps):
    """(steps, [LevelResult] of all eight levels) for an instance that `fits`, from a valid start; None where not everybody was placed.

    Uses the time of `work` and records what was done there.
    """
    i, begin = instance, time.monotonic()
    ceiling = i.cost.max() * 2 + 1
    problem = _problem(i, len(i.fill) * int(ceiling) - i.cost)  # one more need served outweighs every cost
    chosen = _columns_of(i, steps)
    first, total = work.elapsed(), work.seconds

    def due(share):
        return first + share * (0.97 * total - first)

    def cost(of):
        return exact_sum(i.cost, _steps_of(i, of))

    def notify(of):
        if (of >= 0).all():
            work.tell(level="cost", value=cost(of), bound=bound[0], stage="assignment")

    bound = [0]
    linear = linear_prices(problem, all_served=True)
    if linear is None:
        return None
    x, prices, lost = linear
    rounded = _rounded(problem, x)
    if problem.valid(rounded):
        chosen = max(chosen, rounded, key=problem.total)
    chosen = improve(
        problem, chosen, work, "assignment start", due(START), prices=lost, near=nearest(problem, lost, 3.0), most=60
    )
    if (chosen < 0).any():
        chosen = improve(problem, chosen, work, "assignment places", due(DUAL), prices=lost)
    if (chosen < 0).any():
        return None
    notify(chosen)
    knapsacks = Knapsacks(problem)
    if not knapsacks.too_large:
        knapsacks.prepare()
        top, prices = lagrangian_bound(
            problem, knapsacks, prices, problem.total(chosen), work, "assignment bound", due(DUAL), all_served=True
        )
        if top is not None:
            bound[0] = max(0, _served_worth(problem, i) - top)
            lost = knapsacks.lost(prices)
    notify(chosen)
    if cost(chosen) > bound[0]:
        chosen, proven = search_whole(
            problem, chosen, lost, _served_worth(problem, i) - bound[0], work, "assignment whole", due(WHOLE)
        )
        bound[0] = max(bound[0], min(cost(chosen), _served_worth(problem, i) - proven))
    notify(chosen)
    if cost(chosen) > bound[0]:
        chosen = improve(
            problem,
            chosen,
            work,
            "assignment search",
            due(SEARCH),
            prices=lost,
            near=nearest(problem, lost, 2.6),
            width=5,
            notify=notify,
        )
    return _results(i, work, problem, chosen, bound[0], lost, begin, due(1.0))


def _problem(i, profit):
    return Assignment(
        i.need, i.offering, i.load, profit, i.capacity, i.max_needs, np.zeros(len(i.fill), np.int64),
        np.zeros(i.size, np.int64), np.full(1, NO_LIMIT), everyone=True,
    )  # fmt: skip


def _served_worth(problem, i):
    """What the plan would be worth if it served everybody and cost nothing."""
    return len(i.fill) * int((problem.profit + i.cost)[0])


def _columns_of(i, steps):
    chosen = np.full(len(i.fill), -1)
    used = np.flatnonzero(steps)
    chosen[i.need[used]] = used
    return chosen


def _steps_of(i, chosen):
    steps = np.zeros(i.size, np.int64)
    steps[chosen[chosen >= 0]] = 1
    return steps


def _rounded(problem, x):
    """What the linear relaxation places whole."""
    chosen = np.full(problem.count, -1)
    whole = np.flatnonzero(x > 1 - 1e-6)
    chosen[problem.need[whole]] = whole
    return chosen


def _results(i, work, problem, chosen, bound, lost, begin, until):
    steps = _steps_of(i, chosen)
    value = exact_sum(i.cost, steps)
    seconds = time.monotonic() - begin
    if (i.distance == i.distance[0]).all() and value * 2**33 * len(i.fill) < LOTTERY_BITS:
        chosen = _luckier(i, work, problem, chosen, lost, until)
    steps = _steps_of(i, chosen)
    tiers = tier_points(i, steps)
    lacking = shortfall(i, steps, floors(i, tiers))
    results = [LevelResult(f"tier{t + 1}", tiers[t], tiers[t]) for t in range(3)]
    results.append(LevelResult("fairness", lacking, lacking))
    results.append(LevelResult("coverage", coverage_of(tiers), coverage_of(tiers)))
    results.append(LevelResult("cost", exact_sum(i.cost, steps), bound, seconds))
    proven = results[-1].proven
    distance = exact_sum(i.distance, steps)
    least = exact_sum(_least(i, i.distance), np.ones(len(i.fill), np.int64))
    results.append(LevelResult("distance", distance, least if proven else None))
    luck = exact_sum(i.lottery, steps)
    later = exact_sum(_least(i, i.lottery), np.ones(len(i.fill), np.int64))
    results.append(
        LevelResult(
            "lottery", luck, later if proven and results[-1].proven else None, time.monotonic() - begin - seconds
        )
    )
    return steps, results


def _least(i, coefficients):
    """(N,) the least coefficient among the columns of each need."""
    return np.minimum.reduceat(coefficients, i.by_need[:-1])


def _luckier(i, work, problem, chosen, lost, until):
    """A plan of the same cost, or less, that the lottery prefers."""
    span = int(i.lottery.max()) * len(i.fill) + 1
    dearest = int(i.cost.max())
    both = _problem(i, (dearest + 1 - i.cost) * span + (int(i.lottery.max()) - i.lottery))
    return improve(
        both,
        chosen,
        work,
        "assignment lottery",
        until,
        prices=lost,
        near=nearest(problem, lost, 2.6),
        width=3,
        most=200,
    )
