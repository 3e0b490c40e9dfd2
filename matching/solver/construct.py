"""The start: needs in order of urgency take what is left, the most urgent and heaviest first; never breaks a row."""

import numpy as np

from matching.solver.instance import SINGLE, WHOLE
from matching.solver.levels import tier_points
from matching.solver.state import Incumbent, broken


def urgency(instance):
    """Needs by tier, then weight of one unit's worth of capacity, then id."""
    i = instance
    total = i.unit_points * i.quantity
    return np.lexsort((np.arange(len(i.fill)), -total, i.tier))


def fill(instance, steps, *, order=None, key=None):
    """`steps` with as much added as fits, need by need in `order`, each from the columns of least `key` (default: cost, then distance).

    Rows only fill up on the way, so a column that has no room at the start is never looked at: few of a proposed plan's columns have any.
    """
    i, state = instance, Incumbent(instance, steps)
    order = urgency(i) if order is None else order
    rank = np.full(len(i.fill), -1)
    rank[order] = np.arange(len(order))
    columns = state.usable()
    begun = (i.fill == WHOLE) & (np.array(state.need_room, np.int64) != i.steps_wanted)
    columns = columns[(rank[i.need[columns]] >= 0) & ~begun[i.need[columns]]]
    keys = (i.distance[columns], i.cost[columns]) + (() if key is None else (key[columns],))
    columns = columns[np.lexsort((*keys, rank[i.need[columns]]))]
    for own in np.split(columns, np.flatnonzero(np.diff(i.need[columns])) + 1):
        if len(own):
            serve(state, own.tolist())
    return state.steps


def first_plan(instance, pinned):
    """The better of two quick starts by the tiers: what fits beside the pins, most urgent first or dearest units first."""
    by_unit = np.lexsort((-instance.unit_points, instance.tier))
    starts = [fill(instance, pinned), fill(instance, pinned, order=by_unit, key=instance.distance)]
    valid = [steps for steps in starts if not broken(instance, steps)]
    return max(valid, key=lambda steps: tier_points(instance, steps), default=pinned)


def serve(state, columns):
    """Gives one need what its `columns`, taken in this order, have room for; all or nothing where it asks so."""
    i, plain = state.instance, state.instance.plain
    need = plain.need[columns[0]]
    left, fill, added = state.need_room[need], i.fill[need], []
    if state.cap_room[state.home[need]] < plain.worth[columns[0]]:  # the same for all columns of a need
        return
    room, offering, load = state.room, plain.offering, plain.load
    columns = [c for c in columns if room[offering[c]] >= load[c]]
    if fill == WHOLE and sum([min(room[offering[c]], plain.high[c]) for c in columns]) < left:
        return
    for column in columns:
        most = state.most(column)
        if most <= 0:
            continue
        state.add(column, most)
        added.append((column, most))
        left -= most
        if left == 0 or fill == SINGLE:
            break
    if fill == WHOLE and left:
        for column, count in reversed(added):
            state.take_back(column, count)
