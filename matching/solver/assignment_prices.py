"""Prices and bounds for single-source assignment: the linear relaxation, then the knapsack of every offering exactly (Lagrangian dual).

With a price λ_n for serving need n, no plan is worth more than Σ λ_n + Σ_o K_o(λ), K_o the best set of needs that fits offering o at profit
minus price. Unlike the linear relaxation this knows that a capacity is filled by whole needs (Fisher, Jaikumar and Van Wassenhove, "A
multiplier adjustment method for the generalized assignment problem", 1986). Prices are kept to multiples of 1/1024, so that the sums of the
knapsacks are exact in floats below 2^53 and the bound is true to the last point. All knapsacks are computed side by side, one position of
their needs after another.
"""

from math import floor

import numpy as np
from scipy import sparse

from matching.solver.instance import NO_LIMIT
from matching.solver.relaxation import solve_lp

GRAIN = 1024.0
NEVER = -1e18
LARGEST = 4e7  # cells of a knapsack table, about 14 bytes each


def linear_prices(problem, *, all_served, seconds=None):
    """(x (P,), λ (N,), lost (P,)) of the linear relaxation, or None where it was not solved.

    `lost` is the reduced cost of a column, ≥ 0: what a plan with it is worth less, in the linear view. Caps of groups are kept as rows.
    """
    p, every = problem, np.arange(problem.size)
    served = sparse.csc_matrix((np.ones(p.size), (p.need, every)), shape=(p.count, p.size))
    capacity = sparse.csc_matrix((p.load.astype(float), (p.offering, every)), shape=(len(p.capacity), p.size))
    blocks, upper = [served, capacity], [np.ones(p.count), p.capacity.astype(float)]
    some = np.flatnonzero(p.max_needs < NO_LIMIT)
    if len(some):
        places = sparse.csr_matrix((np.ones(p.size), (p.offering, every)), shape=capacity.shape)
        blocks.append(places[some])
        upper.append(p.max_needs[some].astype(float))
    some = np.flatnonzero(p.group_cap < NO_LIMIT)
    if len(some):
        worth = sparse.csr_matrix((p.worth.astype(float), (p.group[p.need], every)), shape=(len(p.group_cap), p.size))
        blocks.append(worth[some])
        upper.append(p.group_cap[some].astype(float))
    matrix, upper = sparse.vstack(blocks).tocsc(), np.concatenate(upper)
    lower = np.full(len(upper), -np.inf)
    if all_served:
        lower[: p.count] = 1.0
    least = np.zeros(p.count, np.int64)
    if all_served:  # a constant per need, left out to keep the numbers small
        least[p.need[::-1]] = p.profit[::-1]
        np.minimum.at(least, p.need, p.profit)
    above = p.profit - least[p.need]
    scale = max(1.0, float(np.abs(above).max(initial=1)) / 1000)
    high = (p.load <= p.capacity[p.offering]).astype(float)
    status, x, prices = solve_lp(lower, upper, matrix, np.zeros(p.size), high, above / scale, seconds=seconds)
    if status != "OPTIMAL":
        return None
    lost = np.maximum(0.0, (matrix.T @ prices) * scale - above)
    return x, prices[: p.count] * scale + least, lost


class Knapsacks:
    """The knapsacks of all offerings, each over its own columns padded to the longest."""

    def __init__(self, problem):
        p = self.problem = problem
        self.wide = int(np.diff(p.by_offering).max(initial=0))
        fits = np.minimum(p.capacity, _most_load(p))
        self.top = int(fits.max(initial=0)) + 1
        self.size = fits
        offerings = np.repeat(np.arange(len(fits)), np.diff(p.by_offering))
        place = np.arange(p.size) - p.by_offering[offerings]
        self.column = np.full((self.wide, len(fits)), -1)
        self.column[place, offerings] = p.order
        self.row = np.arange(len(fits))

    @property
    def too_large(self):
        return self.wide * len(self.size) * self.top > LARGEST

    def prepare(self):
        """The places a need's load leads back to, once for all prices."""
        p, at = self.problem, np.arange(self.top)[None, :]
        load = np.where(self.column >= 0, p.load[self.column], self.top)
        self.back = np.maximum(at[None] - load[:, :, None], 0) + (self.row * self.top)[None, :, None]
        self.back = self.back.astype(np.int32)
        self.short = at[None] < load[:, :, None]
        self.load = load

    def worth(self, prices):
        """(D, O) profit minus price of each position."""
        p = self.problem
        net = p.profit[self.column] - prices[p.need[self.column]]
        return np.where(self.column >= 0, net, NEVER)

    def solve(self, prices):
        """(value of every knapsack (O,), columns taken)."""
        net = self.worth(prices)
        best = np.zeros((len(self.size), self.top))
        taken = np.zeros((self.wide, *best.shape), bool)
        useful = np.flatnonzero((net > 0).any(axis=1))
        for k in useful.tolist():
            with_it = np.take(best, self.back[k])
            with_it += net[k][:, None]
            with_it[self.short[k]] = NEVER
            np.greater(with_it, best, out=taken[k])
            np.maximum(best, with_it, out=best)
        room, columns = self.size.copy(), []
        for k in useful[::-1].tolist():
            here = np.flatnonzero(taken[k, self.row, room])
            columns.append(self.column[k, here])
            room[here] -= self.load[k, here]
        return best[self.row, self.size], np.concatenate(columns) if columns else np.zeros(0, np.int64)

    def lost(self, prices):
        """(P,) how much less the Lagrangian bound is when a column must be taken: no plan with it is worth more than bound − lost."""
        net, p = self.worth(prices), self.problem
        before = np.zeros((self.wide + 1, len(self.size), self.top))
        for k in range(self.wide):
            with_it = np.take(before[k], self.back[k]) + net[k][:, None]
            with_it[self.short[k]] = NEVER
            np.maximum(before[k], with_it, out=before[k + 1])
        best = before[self.wide][self.row, self.size]
        after = np.zeros((len(self.size), self.top))
        lost = np.zeros(p.size)
        rest = self.size[:, None] - np.arange(self.top)[None, :]
        for k in range(self.wide - 1, -1, -1):
            left = rest - self.load[k][:, None]
            other = np.take(after, np.maximum(left, 0) + (self.row * self.top)[:, None])
            other[left < 0] = NEVER
            forced = (before[k] + other).max(axis=1) + net[k]
            real = self.column[k] >= 0
            lost[self.column[k, real]] = (best - forced)[real]
            with_it = np.take(after, self.back[k]) + net[k][:, None]
            with_it[self.short[k]] = NEVER
            np.maximum(after, with_it, out=after)
        return np.maximum(0.0, lost)


def lagrangian_bound(problem, knapsacks, prices, value, work, stage, until, *, all_served, most=600, sets=None):
    """(bound, prices): whole points no plan can pass, by subgradient steps from `prices`; `value` is the worth of a known plan.

    The columns of every step's best sets are appended to `sets`. Steps follow Polyak's rule towards `value`, halved when the bound stalls. Stops where the bound meets the value.
    """
    prices = np.round(prices * GRAIN) / GRAIN
    if not all_served:
        prices = np.maximum(0.0, prices)
    best, best_prices, pace, stalled, direction = np.inf, prices, 0.6, 0, 0.0
    largest = float(np.abs(prices).sum()) + float(np.abs(problem.profit).max(initial=0)) * problem.count
    margin = 0.0 if largest * GRAIN < 2**52 else 1e-12 * largest * problem.count  # beyond it, sums are rounded
    for _ in work.steps(stage, until, most=most):
        worths, columns = knapsacks.solve(prices)
        if sets is not None:
            sets.append(columns)
        bound = float(prices.sum() + worths.sum())
        served = np.bincount(problem.need[columns], minlength=problem.count)
        slope = 1.0 - served
        if bound < best - 0.002 * max(1.0, best - value):
            stalled = 0
        else:
            stalled += 1
        if bound < best:
            best, best_prices = bound, prices
        if floor(best) <= value or pace < 1e-3:
            break
        if stalled >= 12:
            pace, stalled, prices, direction = 0.6 * pace, 0, best_prices, 0.0
            continue
        direction = 0.6 * direction + slope
        length = float((direction * direction).sum())
        if not length:
            break
        step = pace * max(best - value, 1.0) / length * direction
        prices = np.round((prices - step) * GRAIN) / GRAIN
        if not all_served:
            prices = np.maximum(0.0, prices)
    return (None if np.isinf(best) else floor(best + margin)), best_prices


def _most_load(problem):
    most = np.zeros(len(problem.capacity), np.int64)
    np.add.at(most, problem.offering, problem.load)
    return most
