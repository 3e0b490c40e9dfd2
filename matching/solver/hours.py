"""Needs that one offering fills alone and that cost nothing: volunteer hours. Group after group, two side by side, by patterns and neighbourhoods.

A group (a category) is a small assignment problem of its own; groups share household caps, and offerings that accept several categories. Each is
first solved by dives over its patterns (matching.solver.patterns), whose programme also says when nothing better exists; what the dives have
seen is put together at its best by CP-SAT; the rest of the time goes to neighbourhoods (matching.solver.assignment).
"""

import numpy as np

from matching.solver.assignment import Assignment
from matching.solver.instance import NO_LIMIT
from matching.solver.levels import tier_points
from matching.solver.pattern_search import Turns, search_group
from matching.solver.rooms import split_rooms
from matching.solver.state import broken

OUTWEIGHS = (
    2_000  # points of a tier's next one that a point of the tier outweighs in one step; results are compared in these
)
LEANS = 200.0  # the same inside the linear programme of patterns


def place_hours(search, stage, tier, groups, until, *, household=None, anew=True):
    """Better places for the needs of `groups` (arrays of need rows, disjoint): more points up to `tier` (0-based), the earlier tiers first.

    `household` (H,) fen: the most the groups together may take of each household's cap (default: what is left of it). `anew`: by patterns
    first, and not only by neighbourhoods. What comes back is checked as a whole; the work is in the record.
    Returns the groups in which something better may exist.
    """
    i, steps = search.instance, search.steps
    groups = [needs for needs in groups if not _all_served(i, steps, needs, tier)]
    columns = [open_columns(i, needs, tier) for needs in groups]
    rooms = split_rooms(i, steps, columns) if columns else None
    if rooms is None:
        return groups
    if household is not None:
        _hold_back(i, steps, columns, rooms, household)
    turns = Turns(search.work, len(columns), until, search.at_once)
    tasks = [
        search.pool.submit(_placed, search, f"{stage} {k + 1}", tier, own, room, turns, anew)
        for k, (own, room) in enumerate(zip(columns, rooms, strict=True))
    ]
    joined = steps.copy()
    left = []
    for needs, own, task in zip(groups, columns, tasks, strict=True):
        used, proven = task.result()
        joined[own] = 0
        joined[used] = 1
        left += [] if proven else [needs]
    if tier_points(i, joined)[: tier + 1] > tier_points(i, steps)[: tier + 1] and not broken(i, joined):
        search.steps = joined
    return left


def _hold_back(instance, steps, columns, rooms, household):
    """Lowers the rooms of capped households to `household` together: each group keeps what it has, and has of the rest what it could ask."""
    i, size = instance, len(household)
    used, wish = [], []
    for own in columns:
        now = np.bincount(i.household[i.need[own]], (steps * i.worth)[own], size)
        most = np.zeros(len(i.fill), np.int64)
        np.maximum.at(most, i.need[own], i.worth[own])
        used.append(now.astype(np.int64))
        wish.append(np.maximum(0.0, np.bincount(i.household, most, size) - now))
    spare = np.maximum(0, household - sum(used))
    share = np.minimum(1.0, spare / np.maximum(1.0, sum(wish)))
    for room, now, more in zip(rooms, used, wish, strict=True):
        held = now + np.floor(share * more + 1e-6).astype(np.int64)
        room.household = np.where(i.household_cap < NO_LIMIT, np.minimum(room.household, held), room.household)


def _all_served(instance, steps, needs, tier):
    """Whether every need up to `tier` that could be served is: then there is nothing to search."""
    columns = open_columns(instance, needs, tier)
    return not np.setdiff1d(instance.need[columns], instance.need[columns[steps[columns] > 0]]).size


def open_columns(instance, needs, tier):
    """Columns of the `needs` up to `tier` (0-based) that are not pinned."""
    i = instance
    columns = i.columns_of_needs(np.sort(needs[i.tier[needs] <= tier]))
    pinned = np.zeros(len(i.fill), bool)
    pinned[i.need[i.pinned]] = True
    return columns[(i.high[columns] > 0) & ~pinned[i.need[columns]]]


def _placed(search, stage, tier, columns, room, turns, anew):
    """(the columns in use after the search of one group, whether nothing better exists)."""
    problem, chosen, lean, urgent = group_problem(search.instance, search.steps, tier, columns, room)
    chosen, proven, _ = search_group(problem, chosen, lean, urgent, search.work, stage, turns, anew=anew)
    return columns[chosen[chosen >= 0]], proven


def group_problem(instance, steps, tier, columns, room):
    """(Assignment, chosen (N,) as in `steps`, profit (P,) for the linear programme, needs of earlier tiers) of the single needs of `columns`."""
    i = instance
    needs, need = np.unique(i.need[columns], return_inverse=True)
    offerings, offering = np.unique(i.offering[columns], return_inverse=True)
    households, household = np.unique(i.household[needs], return_inverse=True)
    after = tier - i.tier[i.need[columns]]
    most = 2**61
    problem = Assignment(
        need, offering, i.load[columns], OUTWEIGHS**after * i.points[columns], np.minimum(room.capacity[offerings], most),
        np.minimum(room.places[offerings], most), household, i.worth[columns], np.minimum(room.household[households], most),
    )  # fmt: skip
    chosen = np.full(len(needs), -1)
    own = np.flatnonzero(steps[columns] > 0)
    chosen[need[own]] = own
    lean = LEANS**after * i.points[columns]
    return problem, chosen, lean, need[after > 0]
