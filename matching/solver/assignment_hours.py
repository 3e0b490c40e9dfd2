"""Volunteer hours of a large problem, all categories at once, handed to the assignment kernel: single needs whose columns cost nothing.

What other needs take of an offering, of its places and of a household's cap is subtracted beforehand and stays.
"""

import numpy as np

from matching.solver.assignment import Assignment, improve, lexicographic_profit, nearest
from matching.solver.assignment_prices import linear_prices
from matching.solver.instance import NO_LIMIT, SINGLE
from matching.solver.levels import tier_points
from matching.solver.state import broken, used_rows

NEAR = 4.0  # columns per need that a step looks at, on average
LP_STEP = 4.0  # what a point of the next more urgent tier counts more in the guiding relaxation


def hours_of(instance, steps, tier):
    """(Assignment, columns (P',) of the instance, chosen) for all free single needs of the tiers up to `tier` (0-based).

    Its profit makes a point of an earlier tier outweigh all points of `tier`. None where there is no such need.
    """
    i = instance
    costly = np.zeros(len(i.fill), bool)
    costly[i.need[(i.cost > 0) | (i.low > 0)]] = True
    mine = (i.fill == SINGLE) & ~costly & (i.tier <= tier)
    columns = np.flatnonzero(mine[i.need] & (i.high > 0))
    if not len(columns):
        return None
    outside = steps.copy()
    outside[columns] = 0
    needs, need = np.unique(i.need[columns], return_inverse=True)
    room = i.capacity - used_rows(i.offering, outside * i.load, len(i.capacity))
    places = i.max_needs - used_rows(i.offering, (outside > 0).astype(np.int64), len(i.capacity))
    cap = i.household_cap - used_rows(i.household[i.need], outside * i.worth, len(i.household_cap))
    offerings, offering = np.unique(i.offering[columns], return_inverse=True)
    problem = Assignment(
        need, offering, i.load[columns], lexicographic_profit(i.points[columns], i.tier[i.need[columns]], tier),
        room[offerings], np.where(i.max_needs < NO_LIMIT, places, NO_LIMIT)[offerings], i.household[needs], i.worth[columns],
        np.where(i.household_cap < NO_LIMIT, cap, NO_LIMIT),
    )  # fmt: skip
    chosen = np.full(len(needs), -1)
    taken = np.flatnonzero(steps[columns])
    chosen[need[taken]] = taken
    return problem, columns, chosen


def raise_hours(instance, steps, work, stage, until, tier, *, most=None, notify=None):
    """`steps` with more points of `tier` (0-based) from volunteer hours, until second `until` of the run; earlier tiers lose nothing.

    Needs of later tiers are not touched, so call it before they are placed, or drop what they take of these offerings first. Returns
    `steps` itself where nothing was gained. `notify(steps)` after each gain.
    """
    i, part = instance, hours_of(instance, steps, tier)
    if part is None:
        return steps
    problem, columns, chosen = part
    guide = i.points[columns] * LP_STEP ** (tier - i.tier[i.need[columns]]).astype(float)
    solved = linear_prices(_worth(problem, guide), all_served=False)
    lost = None if solved is None else solved[2]
    near = None if lost is None else nearest(problem, lost, NEAR)

    def joined(of):
        result = steps.copy()
        result[columns] = 0
        result[columns[of[of >= 0]]] = 1
        return result

    found = joined(
        improve(
            problem, chosen, work, stage, until, prices=lost, near=near, width=10, most=most,
            notify=None if notify is None else lambda of: notify(joined(of)),
        )
    )  # fmt: skip
    better = tier_points(i, found)[: tier + 1] > tier_points(i, steps)[: tier + 1]
    kept = all(a >= b for a, b in zip(tier_points(i, found)[:tier], tier_points(i, steps)[:tier], strict=True))
    return found if better and kept and not broken(i, found) else steps


def _worth(problem, profit):
    return Assignment(
        problem.need, problem.offering, problem.load, np.round(profit).astype(np.int64), problem.capacity, problem.max_needs,
        problem.group, problem.worth, problem.group_cap,
    )  # fmt: skip
