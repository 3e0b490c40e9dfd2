"""Volunteer hours from nearer offerings, each need served as now: group after group by patterns, which also bound the distance from below."""

from math import floor

import numpy as np

from matching.solver.assignment import Assignment
from matching.solver.instance import NO_LIMIT
from matching.solver.levels import exact_sum
from matching.solver.pattern_search import Turns, search_group
from matching.solver.rooms import split_rooms
from matching.solver.state import broken
from matching.solver.transfers import least_of_singles, single_columns

MOST = 2**61
UNSERVED = 8  # times the farthest offering of the group: what leaving a need without help costs, more than any detour


def nearer_hours(search, until):
    """Takes nearer offerings for single needs that cost nothing; metres by which their bound passes the linear relaxation's, ≥ 0."""
    i, steps = search.instance, search.steps
    columns = single_columns(i, steps)
    costly = np.bincount(i.need, i.cost > 0, len(i.fill)) > 0
    free = columns[~costly[i.need[columns]]]
    groups = [free[i.block[i.need[free]] == block] for block in np.unique(i.block[i.need[free]])]
    rooms = split_rooms(i, steps, groups) if groups else None
    if rooms is None:
        return 0
    turns = Turns(search.work, len(groups), until, search.at_once)
    tasks = [
        search.pool.submit(_nearer, search, f"distance hours {k + 1}", group, room, turns)
        for k, (group, room) in enumerate(zip(groups, rooms, strict=True))
    ]
    joined, least = steps.copy(), 0
    for group, task in zip(groups, tasks, strict=True):
        used, bound = task.result()
        joined[group] = 0
        joined[used] = 1
        least += bound
    paid = columns[costly[i.need[columns]]]
    more = least + least_of_singles(i, steps, i.distance, paid) - least_of_singles(i, steps, i.distance)
    before, after = (tuple(exact_sum(a, x) for a in (i.cost, i.distance)) for x in (steps, joined))
    if after < before and not broken(i, joined):
        search.steps = joined
    return max(0, more)


def _nearer(search, stage, columns, room, turns):
    """(columns in use, metres below which these needs cannot be served whatever the other groups take)."""
    i = search.instance
    needs, need = np.unique(i.need[columns], return_inverse=True)
    offerings, offering = np.unique(i.offering[columns], return_inverse=True)
    far = np.zeros(len(needs), np.int64)
    np.maximum.at(far, need, i.distance[columns])
    worth = UNSERVED * (1 + int(far.max())) + far
    nothing = np.zeros(len(columns), np.int64)  # who delivers changes nothing for a household
    problem = Assignment(
        need, offering, i.load[columns], worth[need] - i.distance[columns], np.minimum(room.capacity[offerings], MOST),
        np.minimum(room.places[offerings], MOST), np.arange(len(needs)), nothing, np.full(len(needs), NO_LIMIT), everyone=True,
    )  # fmt: skip
    chosen = np.full(len(needs), -1)
    own = np.flatnonzero(search.steps[columns] > 0)
    chosen[need[own]] = own
    lean = problem.profit.astype(float)
    chosen, _, bound = search_group(problem, chosen, lean, np.zeros(0, np.int64), search.work, stage, turns)
    # the bound holds for all only where no other group has a part of these offerings
    alone = (problem.capacity >= i.capacity[offerings]) & (
        problem.max_needs >= np.minimum(i.max_needs[offerings], MOST)
    )
    if bound is not None and alone.all():
        return columns[chosen[chosen >= 0]], max(0, int(worth.sum()) - floor(bound + 1e-3))
    return columns[chosen[chosen >= 0]], least_of_singles(i, search.steps, i.distance, columns)
