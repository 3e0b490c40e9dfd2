"""What the linear relaxation promises too much for single-source needs, taken off its bound.

The relaxation lets an offering take halves of needs. Where a group of offerings serves needs that take one offering each and nothing else,
its part of the bound, at given prices of all other rows (funds, limits, households, earlier tiers), can be replaced by the linear optimum over
*patterns*, sets of whole needs that fit an offering. The replaced bound is valid for any prices: it is Lagrangian duality with these other rows
priced and the group solved from above (Geoffrion 1974).
"""

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from matching.solver.assignment import Assignment
from matching.solver.instance import NO_LIMIT, SINGLE
from matching.solver.patterns import Patterns, Unsolved, too_large

ROUNDS = 120  # programmes per group


def single_groups(instance):
    """[columns (ascending)] of every group of offerings that serve only single needs, and these only among themselves; none with pins."""
    i = instance
    open_ = i.high > 0
    size = len(i.fill) + len(i.capacity)
    links = (np.ones(int(open_.sum())), (i.need[open_], len(i.fill) + i.offering[open_]))
    _, label = csgraph.connected_components(sparse.coo_matrix(links, shape=(size, size)), directed=False)
    of_column = label[i.need]
    other = np.zeros(size, bool)
    other[of_column[open_ & ((i.fill[i.need] != SINGLE) | (i.low > 0))]] = True
    own = np.flatnonzero(open_ & ~other[of_column])
    if not len(own):
        return []
    own = own[np.argsort(of_column[own], kind="stable")]
    return np.split(own, np.flatnonzero(np.diff(of_column[own])) + 1)


class PatternBounds:
    """The groups of an instance and their patterns, kept from one set of prices to the next."""

    def __init__(self, instance, relaxation, *, skip=too_large):
        """`skip`: an Assignment → whether its group is left as the relaxation has it, besides those that are too large."""
        self.instance, self.relaxation = instance, relaxation
        self.groups = []  # (columns, their Patterns)
        for columns in single_groups(instance):
            problem = _alone(instance, columns)
            if not too_large(problem) and not skip(problem):
                self.groups.append((columns, Patterns(problem)))

    def excess(self, objective, prices, stop=lambda: False, outside=()):
        """Points/1000 by which `price_bound` with these row `prices` (R,) exceeds the bound over patterns; ≥ 0.

        `objective` (columns of the relaxation,). Rows of offerings named in `outside` are shared with other problems: they stay priced, and their
        price is no part of this bound. A group that `stop` interrupts, or whose programme is not solved, counts as far as it came.
        """
        i, r = self.instance, self.relaxation
        prices = np.where((prices > 0) & np.isinf(r.upper), 0.0, prices)
        # as `price_bound` does; rows of tiers have no upper end, and a lower one once a tier is reached
        prices = np.where((prices < 0) & np.isinf(r.lower) & ~np.isinf(r.upper), 0.0, prices)
        few = np.flatnonzero(i.max_needs < NO_LIMIT)
        needs, capacity, places = (np.arange(r.first[name], r.first[name] + n) for name, n in (
            ("needs", len(i.fill)), ("capacity", len(i.capacity)), ("max_needs", len(few)),
        ))  # fmt: skip
        own_rows = np.setdiff1d(np.concatenate((needs, capacity, places)), outside)
        of_others = prices.copy()
        of_others[own_rows] = 0.0
        reduced = objective - r.matrix.T @ prices
        worth = objective - r.matrix.T @ of_others
        room_prices = prices.copy()
        room_prices[np.asarray(outside, np.int64)] = 0.0
        place_price = np.zeros(len(i.capacity))
        place_price[few] = np.maximum(0.0, room_prices[places]) * i.max_needs[few]
        least = np.maximum(0.0, prices[needs]) * i.steps_wanted
        room = np.maximum(0.0, room_prices[capacity]) * i.capacity + place_price
        found = 0.0
        for columns, patterns in self.groups:
            rows, offerings = np.unique(i.need[columns]), np.unique(i.offering[columns])
            linear = least[rows].sum() + room[offerings].sum()
            linear += np.maximum(0.0, reduced[columns] * i.high[columns]).sum()
            if linear <= 1e-9 or stop():
                continue
            try:
                bound = patterns.bound(worth[columns], least[rows], ROUNDS, stop)
            except Unsolved:
                continue
            found += max(0.0, float(linear) * (1 - 1e-11) - bound)
        return found


def _alone(instance, columns):
    """The group as an assignment of its own; households are priced, so nothing limits them here."""
    i = instance
    needs, need = np.unique(i.need[columns], return_inverse=True)
    offerings, offering = np.unique(i.offering[columns], return_inverse=True)
    free = np.full(len(needs), NO_LIMIT)
    return Assignment(
        need, offering, i.load[columns], i.points[columns], i.capacity[offerings], i.max_needs[offerings], np.arange(len(needs)),
        np.zeros(len(columns), np.int64), free,
    )  # fmt: skip
