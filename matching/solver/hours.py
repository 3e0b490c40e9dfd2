"""Needs that one offering fills alone and that cost nothing: volunteer hours. Two halves of the categories are searched side by side."""

import numpy as np

from matching.solver.assignment import Assignment, improve
from matching.solver.levels import tier_points
from matching.solver.rooms import split_rooms
from matching.solver.state import broken

OUTWEIGHS = 2_000  # points of a tier's next one that a point of the tier outweighs in one step; the joined result is compared tier by tier
ROUNDS = 2  # times the rooms are shared anew between the halves


def place_hours(search, stage, tier, groups, until):
    """Better places for the needs of `groups` (arrays of need rows, disjoint): more points up to `tier` (0-based), the earlier tiers first.

    What comes back is checked as a whole; the number of steps is in the record.
    """
    halves = [half for half in (groups[0::2], groups[1::2]) if half]
    for round_ in range(ROUNDS):
        begin = search.work.elapsed()
        due = begin + (until - begin) / (ROUNDS - round_)
        _round(search, f"{stage} {round_ + 1}", tier, [np.concatenate(half) for half in halves], due)


def _round(search, stage, tier, halves, until):
    i, steps = search.instance, search.steps
    columns = [_open_columns(i, needs, tier) for needs in halves]
    columns = [c for c in columns if len(c)]
    rooms = split_rooms(i, steps, columns) if columns else None
    if rooms is None:
        return
    tasks = []
    for k, (own, room) in enumerate(zip(columns, rooms, strict=True)):
        tasks.append(search.pool.submit(_improved, search, f"{stage}.{k + 1}", tier, own, room, until))
    joined = steps.copy()
    for own, task in zip(columns, tasks, strict=True):
        joined[own] = 0
        joined[task.result()] = 1
    if tier_points(i, joined)[: tier + 1] > tier_points(i, steps)[: tier + 1] and not broken(i, joined):
        search.steps = joined


def _open_columns(instance, needs, tier):
    i = instance
    columns = i.columns_of_needs(np.sort(needs[i.tier[needs] <= tier]))
    pinned = np.zeros(len(i.fill), bool)
    pinned[i.need[i.pinned]] = True
    return columns[(i.high[columns] > 0) & ~pinned[i.need[columns]]]


def _improved(search, stage, tier, columns, room, until):
    """The columns in use after the search."""
    i, steps = search.instance, search.steps
    needs, need = np.unique(i.need[columns], return_inverse=True)
    weight = OUTWEIGHS ** (tier - i.tier[i.need[columns]])
    most = 2**61
    problem = Assignment(
        need, i.offering[columns], i.load[columns], weight * i.points[columns], np.minimum(room.capacity, most),
        np.minimum(room.places, most), i.household[needs], i.worth[columns], np.minimum(room.household, most),
    )  # fmt: skip
    chosen = np.full(len(needs), -1)
    own = np.flatnonzero(steps[columns] > 0)
    chosen[need[own]] = own
    chosen = improve(problem, chosen, search.work, stage, until)
    return columns[chosen[chosen >= 0]]
