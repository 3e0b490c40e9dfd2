"""The same deliveries from cheaper, then nearer offerings: what can be split by one minimum-cost flow.

With every need's amount fixed, who delivers is a transportation problem (Hitchcock 1941) beside a few rows: places, limits and funds. The
flow leaves these out, so its worth is a true bound for the amounts delivered; where the flow breaks one of them it is not taken.
"""

from math import floor

import numpy as np
from ortools.graph.python import min_cost_flow
from scipy import sparse

from matching.solver.flows import next_prices
from matching.solver.instance import SINGLE
from matching.solver.levels import exact_sum
from matching.solver.relaxation import price_bound, solve_lp
from matching.solver.state import broken, used_rows

NEAR = 2_000  # a level within one part in so many of its bound is left as it is
FLOWS, PUSHES = 4, 6  # flows that look for prices, and at most so many more until one keeps every row
PUSH = 0.015  # by what part a broken row's price rises from one of these to the next, twice as much each time
CLOSE = 1_000  # a flow that breaks a row by no more than one part in so many is mended
MOVES = 60  # units moved at most to mend a flow
REACH = 8.0  # factor by which a price may move at once
GRAIN = 4_096  # parts of a fen or metre that prices are rounded to
LARGEST = 2**62


class Transfers:
    """The columns through which needs that can be split receive what they receive in `steps`; all else stays."""

    def __init__(self, instance, steps):
        i, self.steps = instance, steps
        self.instance = i
        self.columns = np.flatnonzero((i.fill[i.need] != SINGLE) & (i.low == 0) & (i.high > 0))
        got = used_rows(i.need[self.columns], steps[self.columns], len(i.fill))
        self.columns = self.columns[got[i.need[self.columns]] > 0]
        self.needs = np.flatnonzero(got)
        self.demand = got[self.needs]
        kept = steps.copy()
        kept[self.columns] = 0
        self.kept = kept
        self.capacity = i.capacity - used_rows(i.offering, kept * i.load, len(i.capacity))

    def cheapest(self, amounts):
        """(steps (P,), Σ amounts·steps over these columns) of the flow that delivers the same for the least `amounts` (P,)."""
        i, columns = self.instance, self.columns
        if not len(columns):
            return self.steps, 0
        offerings, offering = np.unique(i.offering[columns], return_inverse=True)
        need = np.searchsorted(self.needs, i.need[columns])
        network = min_cost_flow.SimpleMinCostFlow()
        first, second = 1, 1 + len(offerings)
        network.add_arcs_with_capacity_and_unit_cost(
            np.zeros(len(offerings), np.int64), first + np.arange(len(offerings)), self.capacity[offerings],
            np.zeros(len(offerings), np.int64),
        )  # fmt: skip
        arcs = network.add_arcs_with_capacity_and_unit_cost(
            first + offering, second + need, i.high[columns], amounts[columns]
        )
        network.set_node_supply(0, int(self.demand.sum()))
        network.set_nodes_supplies(second + np.arange(len(self.needs)), -self.demand)
        status = network.solve()
        if status != network.OPTIMAL:
            raise RuntimeError(f"minimum-cost flow: {status} although the amounts are delivered now")
        found = self.kept.copy()
        found[columns] = network.flows(arcs)
        return found, exact_sum(amounts[columns], found[columns])


def lower_by_flow(search, name, until):
    """Takes the best flow found for `name` (cost or distance) that keeps every row; returns the bound for these deliveries.

    Limits, and for distance the cost reached, are priced by cutting planes; every flow gives a bound whatever its prices (weak duality).
    At the end the prices of the rows that are still broken rise until the flow keeps them. None where not even one flow was made in time.
    """
    i, amounts = search.instance, getattr(search.instance, name)
    transfers = Transfers(i, search.steps)
    columns, (uses, rooms) = transfers.columns, _rows(transfers, search.steps, name)
    spare = [0] * len(rooms)
    if name == "distance" and rooms:  # what single needs could still save, others might spend
        singles = single_columns(i, transfers.kept)
        spare[0] = exact_sum(i.cost[singles], transfers.kept[singles]) - least_of_singles(i, transfers.kept, i.cost)
    prices, least, worths, used = np.zeros(len(rooms)), 0, [], []
    first = float(amounts[columns].mean()) / max(1.0, float(i.cost[columns].mean())) if len(columns) else 1.0
    best, centre, push = None, prices, PUSH
    for made in search.work.steps(f"{name} flows", until, most=FLOWS + PUSHES):
        whole = np.round(prices * GRAIN).astype(np.int64)
        priced = amounts * GRAIN
        priced[columns] += whole @ uses
        if len(columns) and int(priced[columns].max()) * (len(transfers.needs) + len(i.capacity) + 2) >= LARGEST:
            break
        found, worth = transfers.cheapest(priced)
        bound = (
            worth - sum(int(w) * (room + more) for w, room, more in zip(whole, rooms, spare, strict=True))
        ) // GRAIN
        least = max(least, bound)
        taken = np.array([exact_sum(use, found[columns]) for use in uses], float)
        worths.append(-float(exact_sum(amounts[columns], found[columns])))
        used.append(taken)
        if best is None or bound > best:
            best, centre = bound, prices
        reached = exact_sum(amounts[columns], search.steps[columns])
        if (reached - least) * NEAR <= reached:
            break
        near = all(now <= room + max(1, abs(room) // CLOSE) for now, room in zip(taken, rooms, strict=True))
        mended = _mended(transfers, found, uses, rooms, amounts) if near else None
        if mended is not None and _amounts(i, mended, name) < _amounts(i, search.steps, name) and not broken(i, mended):
            search.steps = mended
        if mended is not None and (not prices.any() or made >= FLOWS):
            break
        if made < FLOWS - 1 and len(rooms):
            guess = next_prices(np.array(worths), np.array(used), np.array(rooms, float), centre, REACH, 4 * first)
            prices = centre if guess is None else guess[0]
        else:
            push *= 2  # the least rise often changes nothing
            prices = np.where(taken > rooms, np.maximum(prices, first / 50) * (1 + push), prices * (1 + 0.7 * push))
    if not worths and len(columns):
        return None
    return least + least_of_singles(i, transfers.kept, amounts) + _pinned(i, transfers.kept, amounts)


def _mended(transfers, found, uses, rooms, amounts):
    """`found` with units moved to other offerings with room until every row is kept, at the least growth of `amounts`; None: not reached."""
    i, columns = transfers.instance, transfers.columns
    steps, need, offering = found[columns], np.searchsorted(transfers.needs, i.need[columns]), i.offering[columns]
    room = transfers.capacity - used_rows(offering, steps, len(i.capacity))
    cost = amounts[columns]
    for _ in range(MOVES):
        over = [exact_sum(use, steps) - most for use, most in zip(uses, rooms, strict=True)]
        if max(over, default=0) <= 0:
            joined = found.copy()
            joined[columns] = steps
            return joined
        row = int(np.argmax(over))
        order = np.lexsort((uses[row], steps > 0, need))
        last = order[np.searchsorted(need[order], np.arange(len(transfers.needs)), side="right") - 1]
        from_ = last[need]
        less = uses[row][from_] - uses[row]
        open_ = (less > 0) & (steps[from_] > 0) & (room[offering] > 0) & (steps < i.high[columns])
        for k, use in enumerate(uses):
            if k != row:
                open_ &= (use - use[from_] <= max(0, -over[k])) if over[k] <= 0 else (use <= use[from_])
        at = np.flatnonzero(open_)
        if not len(at):
            return None
        worse = np.maximum(0, cost[at] - cost[from_[at]]) + 1
        to = int(at[np.argmin(worse / np.minimum(less[at], over[row]))])
        steps[to] += 1
        steps[from_[to]] -= 1
        room[offering[to]] -= 1
        room[offering[from_[to]]] += 1
    return None


def _rows(transfers, steps, name):
    """(uses (R, n), rooms): the limits the moved columns could break, and for distance the cost they have now."""
    i, columns = transfers.instance, transfers.columns
    uses, rooms = [], []
    if name == "distance":
        uses.append(i.cost[columns])
        rooms.append(exact_sum(i.cost[columns], steps[columns]))
    for members, most in zip(i.limit_members, i.limit_max.tolist(), strict=True):
        inside = np.zeros(i.size, bool)
        inside[members] = True
        use = np.where(inside[columns], i.cost[columns], 0)
        # a limit on everything says no more than the cost reached, or than the objective itself
        if use.any() and not (use == i.cost[columns]).all():
            uses.append(use)
            rooms.append(most - exact_sum(i.cost[members], transfers.kept[members]))
    return np.array(uses, np.int64).reshape(len(rooms), len(columns)), rooms


def _amounts(instance, steps, name):
    names = ("cost",) if name == "cost" else ("cost", "distance")
    return tuple(exact_sum(getattr(instance, one), steps) for one in names)


def _pinned(instance, steps, amounts):
    pinned = instance.pinned
    return exact_sum(amounts[pinned], steps[pinned])


def single_columns(instance, steps):
    """(n,) columns of the single needs that are served and not pinned."""
    i = instance
    served = used_rows(i.need, steps, len(i.fill)) > 0
    pinned = np.zeros(len(i.fill), bool)
    pinned[i.need[i.pinned]] = True
    return np.flatnonzero((i.fill[i.need] == SINGLE) & served[i.need] & ~pinned[i.need] & (i.high > 0))


def least_of_singles(instance, steps, amounts, columns=None):
    """Whole amount below which the single needs served in `steps` (of `columns`: these alone) cannot be served: by the linear relaxation."""
    i, columns = instance, single_columns(instance, steps) if columns is None else columns
    if not len(columns):
        return 0
    needs, need = np.unique(i.need[columns], return_inverse=True)
    offerings, offering = np.unique(i.offering[columns], return_inverse=True)
    every, cost = np.arange(len(columns)), amounts[columns].astype(float)
    nearest = np.full(len(needs), np.inf)
    np.minimum.at(nearest, need, cost)
    plain = int(nearest.sum())
    if not cost.any():
        return 0
    matrix = sparse.vstack((
        sparse.csr_matrix((np.ones(len(columns)), (need, every)), shape=(len(needs), len(columns))),
        sparse.csr_matrix((i.load[columns].astype(float), (offering, every)), shape=(len(offerings), len(columns))),
    )).tocsc()  # fmt: skip
    lower = np.concatenate((np.ones(len(needs)), np.full(len(offerings), -np.inf)))
    upper = np.concatenate((np.ones(len(needs)), i.capacity[offerings].astype(float)))
    scale = max(1.0, float(cost.max()) / 1_000)
    low, high = np.zeros(len(columns)), np.ones(len(columns))
    status, _, prices = solve_lp(lower, upper, matrix, low, high, -cost / scale, seconds=3_600.0)
    if status != "OPTIMAL":
        return plain
    worth, _ = price_bound(lower, upper, matrix, low, high, -cost / scale, prices)
    return max(plain, -floor(worth * scale + 1e-3))
