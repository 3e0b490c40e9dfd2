"""Problems of the shape of a generalised assignment, where everybody can be served and only the cost is in question, on all eight levels.

When every need is served in full, tiers, fairness and coverage stand at what no plan can pass, so they are proven without search; the cost
is searched by the kernel and bounded by its knapsacks. The lottery is searched among plans of the same cost.
"""

import time
from collections import deque
from dataclasses import replace

import numpy as np

from matching.solver import exact
from matching.solver.assignment import Assignment, improve, nearest
from matching.solver.assignment_dives import Dives, divable, search_dives
from matching.solver.assignment_prices import Knapsacks, lagrangian_bound, linear_prices
from matching.solver.assignment_whole import provable, search_whole
from matching.solver.instance import NO_LIMIT, SINGLE
from matching.solver.levels import LevelResult, coverage_of, exact_sum, floors, shortfall, tier_points
from matching.solver.rows import MAGNITUDE, ConstraintModel, TooLarge

EXACT_COLUMNS = 3_000  # up to here distance and lottery go to CP-SAT once the cost is proven
SETS = 40  # of the knapsacks' last answers, with which the programme of patterns begins, and
SCARCE = 0.008  # gap of the start from which dives bring more than the whole programme (measured on the public files)
PLACED = 8_000  # the needs in all of them together at most: beyond, the programme takes longer than new patterns do
LEAST_COLUMNS = 400  # below this the exact levels prove everything, the lottery too
# share of the time by which a stage should be over
START, DUAL, SETTLED, WHOLE, DIVES, MORE, PROOF, SEARCH = 0.12, 0.28, 0.42, 0.46, 0.62, 0.86, 0.86, 0.94


def fits(instance):
    """Whether the instance has this shape: single needs with columns, costs that one fund can bear, no cap, limit or pin."""
    i = instance
    if i.size < LEAST_COLUMNS or (i.fill != SINGLE).any() or len(i.pinned) or len(i.limit_max):
        return False
    if (
        ((i.high != 1) & (i.load <= i.capacity[i.offering])).any()
        or (np.diff(i.by_need) == 0).any()
        or not i.cost.any()
    ):
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
    problem = _problem(
        i, (len(i.fill) + 1) * int(i.cost.max()) + 1 - i.cost
    )  # one more need served outweighs every cost
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
    # the loss of a column is true for the knapsacks' bound only, not for a better one found later
    knapsacks, ceiling, sets = (
        Knapsacks(problem),
        _served_worth(problem, i),
        deque(maxlen=max(1, min(SETS, PLACED // problem.count))),
    )
    if not knapsacks.too_large:
        knapsacks.prepare()
        top, prices = lagrangian_bound(
            problem, knapsacks, prices, problem.total(chosen), work, "assignment bound", due(DUAL),
            all_served=True, sets=sets,
        )  # fmt: skip
        if top is not None:
            bound[0], ceiling = max(0, ceiling - top), top
            lost = knapsacks.lost(prices)
    notify(chosen)

    def whole(stage, until, proof):
        found, proven = search_whole(problem, chosen, lost, ceiling, work, stage, due(until), due(proof))
        bound[0] = max(bound[0], min(cost(found), _served_worth(problem, i) - proven))
        notify(found)
        return found

    def search(stage, until):
        near = nearest(problem, lost, 2.6)
        return improve(problem, chosen, work, stage, due(until), prices=lost, near=near, width=5, notify=notify)

    scarce = divable(problem) and cost(chosen) - bound[0] > SCARCE * cost(chosen)
    if cost(chosen) > bound[0] and (not scarce or provable(problem, chosen, lost, ceiling)):
        chosen = whole("assignment whole", WHOLE, PROOF)
    if cost(chosen) > bound[0] and scarce:
        dives = Dives(problem, prices, lost)
        dives.add(chosen)
        for columns in sets:
            dives.add(columns)
        dives.settle(work, "assignment prices", due(SETTLED))
        bound[0] = max(bound[0], _served_worth(problem, i) - dives.bound(ceiling))
        before = cost(chosen)
        chosen = search_dives(problem, dives, chosen, work, "assignment dives", due(DIVES), notify)
        if cost(chosen) > bound[0] and (cost(chosen) < before or not dives.tried):
            chosen = search_dives(problem, dives, chosen, work, "assignment dives on", due(MORE), notify)
    if cost(chosen) > bound[0]:
        chosen = search("assignment search", PROOF)
    if cost(chosen) > bound[0]:
        if bound[0] and provable(problem, chosen, lost, ceiling):
            chosen = whole("assignment proof", SEARCH, SEARCH)
        else:
            chosen = search("assignment search on", SEARCH)
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
    tiers, cost = tier_points(i, steps), exact_sum(i.cost, steps)
    lacking = shortfall(i, steps, floors(i, tiers))
    results = [LevelResult(f"tier{t + 1}", tiers[t], tiers[t]) for t in range(3)]
    results.append(LevelResult("fairness", lacking, lacking))
    results.append(LevelResult("coverage", coverage_of(tiers), coverage_of(tiers)))
    results.append(LevelResult("cost", cost, bound, time.monotonic() - begin))
    begin, bounds = time.monotonic(), {"distance": None, "lottery": None}
    if bound == cost and i.size <= EXACT_COLUMNS:
        steps, bounds = _exactly(i, work, steps)
    elif (i.distance == i.distance[0]).all():
        steps = _steps_of(i, _luckier(i, work, problem, chosen, lost, until))
    results[5].value = exact_sum(i.cost, steps)
    for name, coefficients in (("distance", i.distance), ("lottery", i.lottery)):
        results.append(LevelResult(name, exact_sum(coefficients, steps), bounds[name]))
    results[-1].seconds = time.monotonic() - begin
    return steps, results


def _exactly(i, work, steps):
    """(steps, bounds) of distance and lottery among the plans of this cost, by CP-SAT over the whole problem."""
    rows = ConstraintModel(i, np.arange(i.size), np.zeros(i.size, np.int64))
    bounds = {"distance": None, "lottery": None}
    try:
        points, constant = rows.points_of_tiers((1, 1, 1))
        rows.model.add(points + constant >= sum(tier_points(i, steps)))
        cost, constant = rows.amount(i.cost)
        rows.model.add(cost + constant <= exact_sum(i.cost, steps))
        for name, coefficients in (("distance", i.distance), ("lottery", i.lottery)):
            amount, constant = rows.amount(coefficients)
            steps, bound = exact.optimise(
                rows, steps, amount, constant, name, work, 0.45 if name == "distance" else 0.9
            )
            bounds[name] = max(0, bound)
            if bounds[name] != exact_sum(coefficients, steps):
                break
            rows.model.add(amount + constant <= bounds[name])
    except TooLarge:
        pass  # the plan stands, only without a bound for what is too large to be summed
    return steps, bounds


def _luckier(i, work, problem, chosen, lost, until):
    """A plan of the same cost, or less, that the lottery prefers; the plan itself where both do not fit into 62 bits."""
    luckiest = int(i.lottery.max())
    span = luckiest * len(i.fill) + 1
    if (int(i.cost.max()) + 1) * span * len(i.fill) > MAGNITUDE:
        return chosen
    both = replace(problem, profit=(int(i.cost.max()) + 1 - i.cost) * span + (luckiest - i.lottery))
    return improve(
        both, chosen, work, "assignment lottery", until, prices=lost, near=nearest(problem, lost, 2.6), width=3, most=40
    )
