"""Single-source assignment by patterns: a pattern is a set of needs that one offering can take together.

Over all patterns the linear programme "each offering one pattern, each need in one of them" is far tighter than the one over pairs, because
a capacity is filled by whole needs. Patterns are made when prices ask for them: the best set of an offering at given prices of its needs is a
knapsack (Savelsbergh, "A branch-and-price algorithm for the generalized assignment problem", Operations Research 45, 1997). For any prices
the knapsacks bound what any assignment can earn. A *dive* takes the pattern the programme is surest of, and solves what is left again.
"""

from dataclasses import dataclass

import numpy as np

from matching.solver.pattern_programme import GrowingProgramme, Unsolved

LARGEST = 2e7  # cells of a table of knapsacks
SURE = 0.999  # share of a pattern from which it is taken without choosing
FIRST_ROUNDS, ROUNDS = 100, 3  # programmes before the first pattern is taken, and after each
RANDOM = 0.3  # how much a dive's choice depends on its draw
FINEST = 64  # parts of a loss with which the search for near patterns begins

__all__ = ["Patterns", "Unsolved", "best_sets", "near_sets", "too_large"]


def best_sets(first, load, worth, size, most):
    """The best set of every knapsack: (value (O,), taken (I,) bool).

    The items of knapsack o are first[o]:first[o + 1] of `load` (I,) and `worth` (I,) > 0; room `size` (O,), at most `most` (O,) ≥ 1 items.
    All knapsacks are filled side by side, one item of each after another, in one flat table with a cell per room and, where the number of items
    is limited by more than the room, per number of them.
    """
    count = np.diff(first)
    top = np.minimum(size, np.add.reduceat(load, first[:-1]))
    least = np.minimum.reduceat(load, first[:-1])
    fit = np.where(least > 0, top // np.maximum(1, least), count)
    layers = np.where(most < np.minimum(count, fit), most, 0)
    order = np.argsort(-count, kind="stable")  # the longest first: later items concern fewer and fewer cells
    top, layers, first, count = top[order], layers[order], first[:-1][order], count[order]
    cells = (top + 1) * (layers + 1)
    base = np.cumsum(cells) - cells
    owner = np.repeat(np.arange(len(top)), cells)
    here = np.arange(cells.sum())
    layer, room = np.divmod(here - base[owner], top[owner] + 1)
    below = np.where(layers > 0, top + 1, 0)
    barred = (layers[owner] > 0) & (layer == 0)
    source = here - below[owner]
    best, taken = np.zeros(len(here)), []
    for k in range(int(count[0])):
        some = int(np.searchsorted(-count, -k))  # knapsacks with an item number k
        end = int(base[some - 1] + cells[some - 1])
        item = first[:some] + k
        own = owner[:end]
        use = load[item][own]
        with_it = (
            best.take(source[:end] - use, mode="clip") + worth[item][own]
        )  # where the room is too small it reads another cell, and is dropped below
        better = (with_it > best[:end]) & (room[:end] >= use) & ~barred[:end]
        best[:end][better] = with_it[better]
        taken.append(better)
    at = base + cells - 1
    value = best[at]
    chosen = np.zeros(len(load), bool)
    for k in range(int(count[0]) - 1, -1, -1):
        some = int(np.searchsorted(-count, -k))
        yes = np.flatnonzero(taken[k][at[:some]])
        item = first[yes] + k
        chosen[item] = True
        at[yes] -= load[item] + below[yes]
    back = np.empty(len(order))
    back[order] = value
    return back, chosen


def too_large(problem):
    """Whether the knapsacks' tables would not fit in reasonable memory."""
    p = problem
    if not p.size:
        return True
    count = np.diff(p.by_offering)
    top = np.minimum(p.capacity, np.bincount(p.offering, p.load, len(p.capacity))).astype(float)
    layers = np.minimum(p.max_needs, count)
    layers = np.where(layers < np.minimum(count, top), layers, 0)
    return float(((top + 1) * (layers + 1)).sum()) * int(count.max()) > LARGEST


@dataclass
class _Open:
    """What is not yet decided: needs (N,), offerings (O,) still open, and room (G,) of the groups."""

    needs: np.ndarray
    offerings: np.ndarray
    room: np.ndarray


class Patterns:
    """The patterns of an `Assignment` (matching.solver.assignment); they are kept, so that a second use begins where the first ended."""

    def __init__(self, problem):
        p = self.problem = problem
        usable = p.load <= p.capacity[p.offering]
        usable &= p.worth <= p.group_cap[p.group[p.need]]
        usable &= p.max_needs[p.offering] > 0
        self.usable = np.flatnonzero(usable)
        order = self.usable[np.argsort(p.offering[self.usable], kind="stable")]
        self.order = order  # usable columns by offering
        asked = np.zeros(len(p.group_cap), np.int64)
        most = np.zeros(p.count, np.int64)
        np.maximum.at(most, p.need, p.worth)
        np.add.at(asked, p.group, most)
        self.tight = np.flatnonzero(asked > p.group_cap)
        self.row_of_group = np.full(len(p.group_cap), -1)
        self.row_of_group[self.tight] = np.arange(len(self.tight))
        self.members, self.offering, self.seen = [], [], set()
        self.flat, self.programme = None, None

    @property
    def size(self):
        return len(self.members)

    def add(self, columns):
        """Adds the pattern of `columns`, all of one offering; whether it is new."""
        key = tuple(sorted(int(c) for c in columns))
        if key in self.seen or not key:
            return False
        self.seen.add(key)
        self.members.append(np.array(key))
        self.offering.append(int(self.problem.offering[key[0]]))
        self.flat = None
        return True

    def add_chosen(self, chosen):
        """Adds the patterns of an assignment `chosen` (N,), as in `assignment.improve`."""
        columns = chosen[chosen >= 0]
        columns = columns[np.argsort(self.problem.offering[columns], kind="stable")]
        cut = np.flatnonzero(np.diff(self.problem.offering[columns])) + 1
        for own in np.split(columns, cut):
            self.add(own)

    def all_open(self):
        p = self.problem
        return _Open(np.ones(p.count, bool), np.ones(len(p.capacity), bool), p.group_cap.copy())

    # -- the programme ------------------------------------------------------------------------------------------------

    def flattened(self):
        """(pattern, column) of every member of every pattern, and the offering of each pattern."""
        if self.flat is None:
            pattern = np.repeat(np.arange(self.size), [len(m) for m in self.members])
            columns = np.concatenate(self.members) if self.members else np.zeros(0, np.int64)
            self.flat = pattern, columns, np.array(self.offering, np.int64)
        return self.flat

    def optimum(self, profit, still):
        """(shares, live patterns, prices of needs, offerings, tight groups) of the linear optimum over the patterns that are still open."""
        p = self.problem
        pattern, columns, offering = self.flattened()
        shut = np.bincount(pattern, ~still.needs[p.need[columns]], self.size) > 0
        live = np.flatnonzero(~shut & still.offerings[offering]) if self.size else np.zeros(0, np.int64)
        if not len(live):
            return np.zeros(0), live, np.zeros(p.count), np.zeros(len(p.capacity)), np.zeros(len(self.tight))
        if self.programme is None or self.programme.profit is not profit:
            self.programme = GrowingProgramme(p, self.tight, self.row_of_group, profit)
        shares, *prices = self.programme.solve(self.members, self.offering, live, still.room[self.tight])
        return shares, live, *prices

    def _ask(self, profit, still, needs, offerings, groups):
        """(bound, new patterns): the best set of every open offering at the prices of needs and groups; better ones than known are added."""
        p = self.problem
        c = self.order
        net = profit[c] - needs[p.need[c]] - self._group_prices(groups)[c]
        keep = (net > 1e-9) & still.needs[p.need[c]] & still.offerings[p.offering[c]]
        c, net = c[keep], net[keep]
        prices = needs[still.needs].sum() + (groups * still.room[self.tight]).sum()
        if not len(c):
            return float(prices), 0
        some, first = np.unique(p.offering[c], return_index=True)
        first = np.append(first, len(c))
        value, taken = best_sets(first, p.load[c], net, p.capacity[some], p.max_needs[some])
        new = 0
        for k in np.flatnonzero(value > offerings[some] + 1e-7 * np.maximum(1.0, offerings[some])).tolist():
            own = slice(first[k], first[k + 1])
            new += self.add(c[own][taken[own]])
        magnitude = np.abs(profit[c]).sum() + prices + value.sum()
        return float(prices + value.sum() + 1e-11 * magnitude), new

    def _group_prices(self, groups):
        """(P,) what each column pays for its group's cap at prices `groups` of the tight ones."""
        p = self.problem
        per_group = np.zeros(len(p.group_cap))
        per_group[self.tight] = groups
        return per_group[p.group[p.need]] * p.worth

    def converge(self, profit, still=None, rounds=FIRST_ROUNDS, stop=lambda: False):
        """(bound, shares, live patterns, prices of needs, of tight groups): asks for patterns until the programme is optimal over all of them.

        `profit` (P,) per column, whole or float; `bound` holds for any assignment of what is `still` open, however early it ends.
        Raises Unsolved.
        """
        still = still or self.all_open()
        bound = np.inf
        while True:
            shares, live, needs, offerings, groups = self.optimum(profit, still)
            limit, new = self._ask(profit, still, needs, offerings, groups)
            bound = min(bound, limit)
            rounds -= 1
            if not new or rounds <= 0 or stop():
                return bound, shares, live, needs, groups

    def bound(self, profit, needs, rounds, stop=lambda: False):
        """What no assignment can earn more than: at prices `needs` (N,) first, then at better and better ones."""
        still = self.all_open()
        nothing = np.zeros(len(self.problem.capacity))
        first, _ = self._ask(profit, still, np.maximum(0.0, needs), nothing, np.zeros(len(self.tight)))
        return min(first, self.converge(profit, still, rounds, stop)[0])

    # -- dives --------------------------------------------------------------------------------------------------------

    def dive(self, profit, draw=None):
        """(chosen (N,), bound): an assignment by taking pattern after pattern, and what no assignment can earn more than.

        `draw` (a numpy Generator) makes the choice among patterns that are in the programme in part random. Raises Unsolved.
        """
        p, still = self.problem, self.all_open()
        chosen, bound = np.full(p.count, -1), None
        while still.needs.any() and still.offerings.any():
            limit, shares, live, *_ = self.converge(profit, still, ROUNDS if bound is not None else FIRST_ROUNDS)
            bound = limit if bound is None else bound
            shares, live = shares[shares > 1e-6], live[: len(shares)][shares > 1e-6]
            if not len(live):
                break
            self._take(profit, shares, live, still, chosen, draw)
        return chosen, bound

    def _take(self, profit, shares, live, still, chosen, draw):
        p = self.problem
        sure = shares > SURE
        take = live[sure].tolist()
        if not sure.all():
            rank = np.where(sure, -1.0, shares + (RANDOM * draw.random(len(shares)) if draw is not None else 0.0))
            worth = [float(profit[self.members[k]].sum()) for k in live.tolist()]
            take.append(int(live[np.lexsort((worth, rank))[-1]]))
        for k in take:
            columns = self.members[k]
            used = np.bincount(p.group[p.need[columns]], p.worth[columns], len(p.group_cap)).astype(np.int64)
            still.offerings[self.offering[k]] = False
            if still.needs[p.need[columns]].all() and (used <= still.room).all():
                chosen[p.need[columns]] = columns
                still.needs[p.need[columns]] = False
                still.room = still.room - used

    # -- patterns near the best -----------------------------------------------------------------------------------------

    def add_near(self, profit, loss, most):
        """Adds the patterns that cost the programme least to take, up to `loss` (in `profit`) each, and about `most` of them.

        No assignment that is worth `loss` less than the bound, or better, uses any other pattern. Raises Unsolved.
        """
        p = self.problem
        _, _, _, needs, groups = self.converge(profit)
        net = profit[self.order] - needs[p.need[self.order]] - self._group_prices(groups)[self.order]
        offering = p.offering[self.order]
        knapsacks = np.split(np.arange(len(offering)), np.flatnonzero(np.diff(offering)) + 1) if len(offering) else []
        share = loss / FINEST
        while True:
            found = []
            for own in knapsacks:
                own = own[np.argsort(-net[own], kind="stable")]
                columns, o = self.order[own], int(offering[own[0]])
                loads, room = p.load[columns].tolist(), int(p.capacity[o])
                found += [
                    columns[list(k)]
                    for k in near_sets(loads, net[own].tolist(), room, int(min(p.max_needs[o], len(own))), share, most)
                ]
            if len(found) > most or share >= loss:
                break
            share = min(loss, 2 * share)
        for columns in found:
            self.add(columns)


def near_sets(load, worth, size, most, loss, limit):
    """Sets (tuples of items) that fit one knapsack and are worth at most `loss` less than its best; at most `limit` of them.

    A set has at most `most` items. Depth first, items of most `worth` first; `worth` may be negative.
    """
    size = min(size, sum(load))
    best = np.zeros((len(load) + 1, size + 1))
    for k in range(len(load) - 1, -1, -1):
        best[k] = best[k + 1]
        if load[k] <= size:
            with_it = best[k + 1, : size + 1 - load[k]] + worth[k]
            best[k, load[k] :] = np.maximum(best[k, load[k] :], with_it)
    rest = best.tolist()
    value = rest[0][size]
    if most < len(load):  # the best set may have no more items than the others
        ends = np.array([0, len(load)])
        value = float(best_sets(ends, np.array(load), np.array(worth), np.array([size]), np.array([most]))[0][0])
    least, found, open_ = value - loss, [], [(0, size, 0.0, ())]
    while open_ and len(found) < limit:
        k, room, value, items = open_.pop()
        if value + rest[k][room] < least:
            continue
        if k == len(load) or len(items) == most:
            if items and value >= least:
                found.append(items)
            continue
        open_.append((k + 1, room, value, items))
        if load[k] <= room:
            open_.append((k + 1, room - load[k], value + worth[k], (*items, k)))
    return found
