"""Prices and bounds of the tiers from their linear relaxations, solved in the background while the search begins.

Tier t's relaxation maximises its points over the columns of tiers 1..t while the earlier tiers keep what they have. Its prices say what a
fen of a scarce fund or of a household's cap is worth, and with any later values of the earlier tiers they still give a true bound.
"""

from concurrent.futures import ThreadPoolExecutor
from math import floor

import numpy as np

from matching.solver.levels import most_coverage
from matching.solver.pattern_bounds import PatternBounds
from matching.solver.relaxation import POINTS, build_relaxation, price_bound, solve_lp

LOSS = (
    0.0,
    2e-4,
    1e-3,
)  # what integrality is expected to take from a tier; only a guess to price with, never part of a bound


class TierPrices:
    def __init__(self, instance):
        self.instance = instance
        self.relaxation = build_relaxation(instance)
        self.prices = [None, None, None]
        self.excess = [
            None,
            None,
            None,
        ]  # points/1000 that patterns of single needs take off the bound of each tier's prices
        self.patterns = None
        self.pool = ThreadPoolExecutor(1)
        self.running, self.closed = None, False
        self.reached = []
        self.tasks = []
        self.begin(1)

    def begin(self, tier, earlier=None):
        """Sets the relaxations up to `tier` (0-based) going, one after another; the last one takes longest and may wait for a free core.

        `earlier`: points that the tiers before keep, where they are known by now; else they are guessed from their relaxations.
        """
        while len(self.tasks) <= tier and not self.closed:
            known = earlier if len(self.tasks) == tier else None
            self.tasks.append(self.pool.submit(self._solve, len(self.tasks), self.reached, known))

    def close(self):
        """Interrupts what still runs and waits for it: nothing goes on behind the caller's back."""
        self.closed = True
        self.pool.shutdown(wait=False, cancel_futures=True)
        if self.running is not None:
            self.running.interrupt_solve()
        self.pool.shutdown(wait=True)

    def _started(self, solver):
        self.running = solver
        if self.closed:
            solver.interrupt_solve()

    def objective(self, tier):
        i, r = self.instance, self.relaxation
        objective = np.zeros(r.matrix.shape[1])
        objective[: i.size] = np.where(i.tier[i.need] == tier, i.points / POINTS, 0.0)
        return objective

    def _lower(self, least):
        lower = self.relaxation.lower.copy()
        for tier, points in enumerate(least):
            lower[self.relaxation.first[f"tier{tier + 1}"]] = points / POINTS
        return lower

    def _solve(self, tier, reached, known):
        i, r = self.instance, self.relaxation
        objective = self.objective(tier)
        within = np.concatenate(
            (
                np.flatnonzero((i.tier[i.need] <= tier) & (i.high > 0) | (i.low > 0)),
                np.arange(i.size, r.matrix.shape[1]),
            )
        )
        lower = self._lower(known if known is not None else [v * (1 - LOSS[tier]) for v in reached])
        matrix = r.matrix[:, within]
        status, x, prices = solve_lp(
            lower, r.upper, matrix, r.low[within], r.high[within], objective[within], self._started
        )
        self.running = None
        if x is None:
            reached.append(0.0)
            return f"tier{tier + 1} LP: {status}"
        reached.append(float(objective[within] @ x) * POINTS)
        self.prices[tier] = prices
        if self.patterns is None:
            self.patterns = PatternBounds(i, r)
        self.excess[tier] = self.patterns.excess(objective, prices, lambda: self.closed)
        return status

    def ready(self, tier, seconds):
        """Waits at most `seconds` for the prices of `tier`; whether they are there."""
        self.begin(tier)
        if len(self.tasks) <= tier:
            return False
        try:
            self.tasks[tier].result(timeout=max(0.0, seconds))
        except TimeoutError:
            return False
        return self.prices[tier] is not None

    def bound(self, tier, earlier, known=(0, 1, 2), tightened=(0, 1, 2)):
        """Whole points that no plan can pass in `tier` while the earlier tiers keep `earlier`; from the prices of the tiers `known`,
        those of `tightened` with the patterns of single needs where they are there."""
        excess = [(self.excess[t] or 0.0) if t in tightened else 0.0 for t in range(3)]
        i, r = self.instance, self.relaxation
        objective = self.objective(tier)
        lower = self._lower(earlier)
        best = int(sum_of_best(i, tier))
        for source, prices in enumerate(self.prices):
            if prices is not None and source in known:
                worth, _ = price_bound(lower, r.upper, r.matrix, r.low, r.high, objective, prices)
                if source == tier:  # the patterns were priced with this tier's own objective
                    worth -= excess[source]
                best = min(best, floor(worth * POINTS + 1e-3))
        return best

    def linear_bound(self, tier, earlier, known=(0, 1, 2)):
        """As `bound`, by the linear relaxation alone: what the multipliers prove without knapsacks."""
        return self.bound(tier, earlier, known, ())

    def coverage_bound(self, known=(0, 1, 2), tightened=(0, 1, 2)):
        """Whole weighted points of coverage that no plan can pass, from the same prices as `bound`."""
        r, tiers = self.relaxation, []
        for tier, prices in enumerate(self.prices):
            if prices is None or tier not in known:
                tiers.append((float(sum_of_best(self.instance, tier)), ()))
                continue
            worth, _ = price_bound(
                self._lower((0,) * tier), r.upper, r.matrix, r.low, r.high, self.objective(tier), prices
            )
            worth -= (self.excess[tier] or 0.0) if tier in tightened else 0.0
            tiers.append((worth * POINTS, [-prices[r.first[f"tier{earlier + 1}"]] for earlier in range(tier)]))
        return most_coverage(tiers)


class Unpriced:
    """In place of TierPrices where nobody asks for a better bound than the sum of what each need could have."""

    def __init__(self, instance):
        self.relaxation = build_relaxation(instance)
        self.prices = [np.zeros(0)] * 3
        self.most = [int(sum_of_best(instance, tier)) for tier in range(3)]

    def begin(self, tier, earlier=None):
        """Nothing is to be solved."""

    def bound(self, tier, earlier, known=(), tightened=()):
        """Whole points that no plan can pass in `tier`, whatever the tiers before."""
        return self.most[tier]


def sum_of_best(instance, tier):
    """Points of the tier were every need with a column served in full: the bound that needs no prices."""
    i = instance
    most = np.zeros(len(i.fill), np.int64)
    np.add.at(most, i.need, i.high)
    most = np.minimum(most, i.steps_wanted)
    per_step = np.where(i.fill == 2, i.unit_points * i.quantity, i.unit_points)
    return (most * per_step)[i.tier == tier].sum()
