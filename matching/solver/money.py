"""A plan that spends more than there is, cut to the money: what earns least per fen is given up, the least urgent tier first."""

import numpy as np

from matching.solver.construct import fill
from matching.solver.instance import WHOLE
from matching.solver.levels import exact_sum
from matching.solver.state import Incumbent, class_spending, fund_flows


class CannotPayPins(ValueError):
    """With so little money the pinned deliveries themselves cannot be paid."""


def payable(instance, steps):
    """Whether the money of `instance` pays for `steps`, within every limit."""
    i = instance
    for rows, most in zip(i.limit_members, i.limit_max.tolist(), strict=True):
        used = rows[steps[rows] > 0]
        if exact_sum(i.cost[used], steps[used]) > most:
            return False
    return not i.classes or fund_flows(i, [class_spending(i, steps)]) is not None


def within_money(instance, steps):
    """A plan within the money of `instance`, as near to `steps` as giving up what earns least per fen allows, filled up again.

    Raises CannotPayPins.
    """
    return fill(instance, cut_to_money(instance, steps))


def cut_to_money(instance, steps):
    """`steps` less what the money does not reach for: the least urgent tier first, in it what earns fewest points per fen."""
    i = instance
    if payable(i, steps):
        return steps.copy()
    groups = _groups_that_cost(i, steps)
    bare = steps.copy()
    for columns, _ in groups:
        bare[columns] = 0
    if not payable(i, bare):
        raise CannotPayPins("with so little money the pinned deliveries cannot be paid")
    low, high = 0, len(groups)
    while high - low > 1:  # the longest beginning of the order that the money pays for
        half = (low + high) // 2
        kept = bare.copy()
        for columns, counts in groups[:half]:
            kept[columns] = counts
        low, high = (half, high) if payable(i, kept) else (low, half)
    kept = bare.copy()
    for columns, counts in groups[:low]:
        kept[columns] = counts
    state = Incumbent(i, kept)
    for columns, counts in groups[low:]:
        whole = i.fill[i.need[columns[0]]] == WHOLE
        added = []
        for column, count in zip(columns, counts, strict=True):
            most = min(int(count), state.most(column))
            if most < count and whole:
                break
            if most:
                state.add(column, most)
                added.append((column, most))
        if whole and len(added) < len(columns):
            for column, count in reversed(added):
                state.take_back(column, count)
    return state.steps


def _groups_that_cost(instance, steps):
    """[(columns, their steps)] that may be given up, the dearest to keep first; a need that takes all or nothing is one group."""
    i = instance
    paid = (steps > 0) & (i.cost > 0)
    whole = np.zeros(len(i.fill), bool)  # given up together, the free part with the paid one
    whole[i.need[paid & (i.fill[i.need] == WHOLE)]] = True
    used = np.flatnonzero((paid | ((steps > 0) & whole[i.need])) & (i.low == 0))
    held = np.unique(i.need[np.flatnonzero((i.low > 0) & (i.fill[i.need] == WHOLE))])
    used = used[~np.isin(i.need[used], held)]
    key = np.where(i.fill[i.need[used]] == WHOLE, i.size + i.need[used], used)
    names, row = np.unique(key, return_inverse=True)
    points = np.bincount(row, (i.points * steps)[used].astype(float), len(names))
    cost = np.bincount(row, (i.cost * steps)[used].astype(float), len(names))
    tier = np.zeros(len(names), np.int64)
    tier[row] = i.tier[i.need[used]]
    order = np.lexsort((names, -points / np.maximum(1.0, cost), tier))
    place = np.empty(len(names), np.int64)
    place[order] = np.arange(len(names))
    members = [[] for _ in names]
    for column, group in zip(used.tolist(), place[row].tolist(), strict=True):
        members[group].append(column)
    return [(columns, steps[columns]) for columns in members]
