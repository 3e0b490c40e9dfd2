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
    """`steps` with as much added as fits, need by need in `order`, each from the columns of least `key` (default: cost, then distance)."""
    i, state = instance, Incumbent(instance, steps)
    rank = np.lexsort((i.distance, i.cost)) if key is None else np.lexsort((i.distance, i.cost, key))
    place = np.empty(i.size, np.int64)
    place[rank] = np.arange(i.size)
    usable = state.usable()  # rooms only shrink, so that nothing else will be
    first = np.searchsorted(i.need[usable], np.arange(len(i.fill) + 1))
    order = urgency(i) if order is None else order
    for need in order[first[order] < first[order + 1]]:
        left = int(state.need_room[need])
        if left <= 0 or (i.fill[need] == WHOLE and left != i.steps_wanted[need]):
            continue
        columns = usable[first[need] : first[need + 1]]
        offerings = i.offering[columns]
        open_ = (i.high[columns] > state.steps[columns]) & (state.room[offerings] >= i.load[columns])
        open_ &= (state.places[offerings] > 0) | (state.steps[columns] > 0)
        columns = columns[open_]
        if not len(columns):
            continue
        if i.fill[need] == WHOLE and np.minimum(state.room[i.offering[columns]], i.high[columns]).sum() < left:
            continue
        serve(state, columns[np.argsort(place[columns])].tolist())
    return state.steps


def first_plan(instance, pinned):
    """The better of two quick starts by the tiers: what fits beside the pins, most urgent first or dearest units first."""
    by_unit = np.lexsort((-instance.unit_points, instance.tier))
    starts = [fill(instance, pinned), fill(instance, pinned, order=by_unit, key=instance.distance)]
    valid = [steps for steps in starts if not broken(instance, steps)]
    return max(valid, key=lambda steps: tier_points(instance, steps), default=pinned)


def serve(state, columns):
    """Gives one need what its `columns`, taken in this order, have room for; all or nothing where it asks so."""
    i, need = state.instance, state.instance.need[columns[0]]
    left, added = int(state.need_room[need]), []
    for column in columns:
        most = state.most(column)
        if most <= 0:
            continue
        state.add(column, most)
        added.append((column, most))
        left -= most
        if left == 0 or i.fill[need] == SINGLE:
            break
    if i.fill[need] == WHOLE and left:
        for column, count in reversed(added):
            state.take_back(column, count)
