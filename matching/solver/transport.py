"""The best flow of whole units from offerings to needs, and what one unit more of an offering would bring.

Ahuja, Magnanti, Orlin: Network Flows, 1993, chapters 9 to 11. All numbers are whole.
"""

import numpy as np
from ortools.graph.python import min_cost_flow


def best_flow(need, offering, most, profit, want, capacity):
    """(C,) units per column of greatest Σ profit·units: at most `most` (C,) of a column, `want` (N,) of a need, `capacity` (O,) of an offering.

    `need`, `offering` (C,) are rows of these. Columns without profit stay empty. Raises RuntimeError.
    """
    found = np.zeros(len(need), np.int64)
    some = np.flatnonzero((profit > 0) & (most > 0))
    if not len(some):
        return found
    needs, row = np.unique(need[some], return_inverse=True)
    offerings, place = np.unique(offering[some], return_inverse=True)
    network = min_cost_flow.SimpleMinCostFlow()
    source, sink, first, second = 0, 1, 2, 2 + len(offerings)
    network.add_arcs_with_capacity_and_unit_cost(
        np.full(len(offerings), source), first + np.arange(len(offerings)),
        np.maximum(0, capacity[offerings]), np.zeros(len(offerings), np.int64),
    )  # fmt: skip
    arcs = network.add_arcs_with_capacity_and_unit_cost(first + place, second + row, most[some], -profit[some])
    network.add_arcs_with_capacity_and_unit_cost(
        second + np.arange(len(needs)), np.full(len(needs), sink),
        np.maximum(0, want[needs]), np.zeros(len(needs), np.int64),
    )  # fmt: skip
    total = int(np.maximum(0, want[needs]).sum())
    network.add_arc_with_capacity_and_unit_cost(source, sink, total, 0)
    network.set_node_supply(source, total)
    network.set_node_supply(sink, -total)
    status = network.solve()
    if status != network.OPTIMAL:
        raise RuntimeError(f"minimum-cost flow: {status}")
    found[some] = network.flows(arcs)
    return found


def worth_of_a_unit(units, need, offering, most, profit, want, capacity):
    """(O,) profit of one unit more of each offering beside the best flow `units` (C,), other arguments as of `best_flow`.

    It goes to a need that lacks it, or to one that lets another offering go, and so on: the longest such way, found step by step (Bellman and
    Ford), which ends because a best flow has no way round that gains.
    """
    lacks = np.bincount(need, units, len(want)) < want
    more = np.flatnonzero((units < most) & (profit > 0))
    more = more[np.argsort(offering[more], kind="stable")]
    less = np.flatnonzero(units > 0)
    less = less[np.argsort(need[less], kind="stable")]
    given, taken = offering[more], need[less]
    price = np.zeros(len(capacity))
    if not len(more):
        return price
    first, then = (np.flatnonzero(np.diff(key, prepend=-1)) for key in (given, taken))
    while True:
        gain = np.where(lacks, 0.0, -np.inf)  # of a unit more for a need
        if len(less):
            freed = np.maximum.reduceat(price[offering[less]] - profit[less], then)
            gain[taken[then]] = np.maximum(gain[taken[then]], freed)
        better = price.copy()
        best = np.maximum.reduceat(profit[more] + gain[need[more]], first)
        better[given[first]] = np.maximum(better[given[first]], best)
        if (better <= price).all():
            return price
        price = better
