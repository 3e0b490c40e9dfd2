"""A proposed plan kept warm, so that "what if there were more or less money" is answered at once: a plan that holds, and a bound.

Prices of the rows (dual values of the tiers' linear relaxations) bound the problem for *any* amounts of funds and limits: the price of
a row times its new amount is still a true bound (weak duality). Prices taken at several amounts of money give several such bounds, and
the least of them counts: a broken line above the true curve. From below, the proposed plan is mended: it gives up what earns least per
fen until the money suffices, then takes up what fits. Between the two lies whatever a full solve would find.

Nothing here reads the clock; the same question always has the same answer.
"""

import io
from dataclasses import dataclass, replace
from math import floor

import numpy as np

from matching.solver.instance import Instance
from matching.solver.levels import exact_sum, floors, kept_points, shortfall, tier_points, township_points
from matching.solver.money import payable, within_money
from matching.solver.prices import sum_of_best
from matching.solver.relaxation import MONEY, POINTS, build_relaxation, solve_lp
from matching.solver.state import class_spending, fund_flows, used_rows

SHARES = ((1.0, 1.0), (0.75, 0.75), (1.3, 1.3), (1.0, 4.0), (4.0, 1.0), (4.0, 0.6), (4.0, 0.2))
"""Where prices are taken, (funds, limits) as shares of the round's, below 1 of what the plan spends: around what is, where only funds or only
limits bind, and where a budget is far below the spending"""
LOSS = (0.0, 2e-4, 1e-3)
"""What integrality is expected to take from the tiers before; only a guess to price with, never part of a bound"""
NO_PRICES = np.zeros((0, 0))


@dataclass(frozen=True)
class Estimate:
    """What changed amounts would do, by tier: `least` is what a plan at hand reaches, `most` what none can pass, `likely` between them.

    `shortfall` (points below the floors) of the plan at hand, and `shortfall_least`, under which no plan gets while it keeps the
    tiers. `units` (N,) what each need gets in the plan at hand, against `units_before`.
    """

    before: tuple[int, int, int]
    least: tuple[int, int, int]
    likely: tuple[int, int, int]
    most: tuple[int, int, int]
    most_before: tuple[int, int, int]
    shortfall_before: int
    shortfall: int
    shortfall_least: int
    cost_before: int
    cost: int
    units_before: np.ndarray
    units: np.ndarray
    steps: np.ndarray


class WarmPlan:
    """One instance with the steps of its plan. Not changed by questions, so that several threads may ask at once.

    `instance` has a limit row `budget` that counts every cost; `prices` (k, 1 + rows): tier and row prices, as `take_prices` made them.
    """

    def __init__(self, instance: Instance, steps: np.ndarray, prices: np.ndarray = NO_PRICES):
        self.free = replace(instance, high=high_without_money(instance))
        self.instance, self.steps = instance, steps
        self.relaxation = build_relaxation(self.free)
        self.before = tier_points(instance, steps)
        self.units_before = delivered(instance, steps)
        self.with_prices(prices)

    def with_prices(self, prices: np.ndarray) -> "WarmPlan":
        """The same plan, with prices to bound by."""
        rows = self.relaxation.matrix.shape[0]
        if prices.ndim != 2 or (len(prices) and prices.shape[1] != rows + 1):
            raise ValueError(f"prices of {prices.shape} do not fit {rows} rows")
        self.prices, self._most_before = prices, None
        self._priced = [_Priced(int(row[0]), row[1:], self.free, self.relaxation) for row in prices]
        return self

    def ask(self, *, fund_amount=None, limit_max=None, floor_percent=None, tolerance_permille=None) -> Estimate:
        """What the tiers could reach with these amounts (fen; arrays (F,), (L,) in the order of the instance; None: as they are).

        Raises CannotPayPins.
        """
        changed = self.changed(fund_amount, limit_max, floor_percent, tolerance_permille)
        if self._most_before is None:
            self._most_before = self.most(self.instance, self.before)
        steps = self.steps
        if fund_amount is not None or limit_max is not None:
            steps = within_money(changed, self.steps)
            if tier_points(changed, steps) < self.before and payable(changed, self.steps):
                steps = self.steps
        least = tier_points(changed, steps)
        most = tuple(max(a, b) for a, b in zip(self.most(changed, least), least, strict=True))
        likely = self._likely(changed, least, most)
        floor_before, floor_now = floors(self.instance, self.before), floors(changed, least)
        return Estimate(
            before=self.before, least=least, likely=likely, most=most, most_before=self._most_before,
            shortfall_before=shortfall(self.instance, self.steps, floor_before),
            shortfall=shortfall(changed, steps, floor_now),
            shortfall_least=self.least_shortfall(changed, floor_now, kept_points(changed, least)),
            cost_before=exact_sum(self.instance.cost, self.steps), cost=exact_sum(changed.cost, steps),
            units_before=self.units_before, units=delivered(changed, steps), steps=steps,
        )  # fmt: skip

    def changed(self, fund_amount=None, limit_max=None, floor_percent=None, tolerance_permille=None) -> Instance:
        """The instance with other amounts of money, or another floor or tolerance."""
        i = self.instance
        changed = replace(
            i,
            fund_amount=i.fund_amount if fund_amount is None else np.asarray(fund_amount, np.int64),
            limit_max=i.limit_max if limit_max is None else np.asarray(limit_max, np.int64),
            floor_percent=i.floor_percent if floor_percent is None else floor_percent,
            tolerance_permille=i.tolerance_permille if tolerance_permille is None else tolerance_permille,
        )
        return replace(changed, high=high_with_money(changed, self.free.high))

    def _likely(self, changed, least, most):
        """Each tier's bound, given the likely values before it, less what is missing to the bound today: the same search would find it.

        A tier may be likely to get less than the plan at hand gives it, where the tiers before are likely to get more.
        """
        found = []
        for tier in range(3):
            top = most[tier] if found == list(least[:tier]) else self._most_of(changed, tier, found)
            low = least[tier] if found == list(least[:tier]) else 0
            found.append(min(most[tier], max(low, top - (self._most_before[tier] - self.before[tier]))))
        return tuple(found)

    def most(self, changed: Instance, earlier) -> tuple[int, int, int]:
        """Whole points that no plan passes, by tier, while the tiers before keep at least `earlier`."""
        return tuple(self._most_of(changed, tier, earlier) for tier in range(3))

    def _most_of(self, changed, tier, earlier):
        r, (lower, upper, high) = self.relaxation, self._sides(changed)
        for before in range(tier):
            lower[r.first[f"tier{before + 1}"]] = earlier[before] / POINTS
        best = int(sum_of_best(changed, tier))
        for priced in self._priced:
            if priced.tier == tier:
                best = min(best, floor(priced.bound(lower, upper, r.low, high) * POINTS + 1e-3))
        return best

    def least_shortfall(self, changed: Instance, floor_now, kept) -> int:
        """Points below the floors that remain whatever is done: what a township could get at most is known, and its floor is."""
        i = changed
        most = np.zeros(len(i.fill), np.int64)
        np.add.at(most, i.need, i.high * i.step)
        top = used_rows(i.township, np.minimum(most, i.quantity) * i.unit_points, len(floor_now))
        return int(np.maximum(0, floor_now - top).sum())

    def take_prices(self, shares=SHARES, *, seconds=None, on_share=None) -> np.ndarray:
        """Prices of the three tiers with the round's money times each of `shares` (funds, limits), as rows (tier, price of every row).

        A share below 1 is of what the plan spends on the tier and those before: where money is plenty, less of it binds nothing until it comes
        near the spending. A relaxation that the LP solver does not finish within `seconds` is left out. `on_share(done, of)` is told of progress.
        """
        rows = []
        for place, (of_funds, of_limits) in enumerate(shares):
            if min(of_funds, of_limits) < 1:
                for tier in range(3):
                    rows += self._chain(self._spending(tier, of_funds, of_limits), tier, seconds)[tier:]
            else:
                i = self.instance
                money = self.changed(np.floor(i.fund_amount * of_funds), np.floor(i.limit_max * of_limits))
                rows += self._chain(money, 2, seconds)
            if on_share is not None:
                on_share(place + 1, len(shares))
        return np.array(rows) if rows else NO_PRICES

    def _spending(self, tier, of_funds, of_limits):
        """The instance with these shares of what the plan spends on the tiers up to `tier`."""
        i = self.instance
        steps = np.where((i.tier[i.need] <= tier) | (i.low > 0), self.steps, 0)
        spent = np.array([exact_sum(i.cost[m], steps[m]) for m in i.limit_members], np.int64)
        paid = fund_flows(i, [class_spending(i, steps)])
        funds = i.fund_amount if paid is None or of_funds >= 1 else paid[0]
        limits = i.limit_max if of_limits >= 1 else np.minimum(i.limit_max, spent)
        return self.changed(np.floor(funds * of_funds), np.floor(limits * of_limits))

    def _chain(self, money, last, seconds):
        """[(tier, prices)] of the tiers up to `last`, one after another, each keeping nearly what those before it reach with `money`."""
        i, r, rows = self.instance, self.relaxation, []
        lower, upper, high = self._sides(money)
        for tier in range(last + 1):
            objective = tier_objective(money, r, tier)
            within = np.concatenate(
                (np.flatnonzero((i.tier[i.need] <= tier) & (high[: i.size] > 0) | (i.low > 0)), np.arange(i.size, len(high)))
            )  # fmt: skip
            _, x, prices = solve_lp(
                lower, upper, r.matrix[:, within], r.low[within], high[within], objective[within], seconds=seconds
            )
            if x is None:
                break
            rows.append(np.concatenate(([tier], prices)))
            reached = float(objective[within] @ x)
            lower[r.first[f"tier{tier + 1}"]] = reached * (1 - LOSS[min(2, tier + 1)])
        return rows

    def _sides(self, changed):
        """(lower, upper, high) of the relaxation with the money of `changed`."""
        r = self.relaxation
        lower, upper, high = r.lower.copy(), r.upper.copy(), r.high.copy()
        size = changed.size
        high[:size] = changed.high
        upper[r.first["funds"] : r.first["funds"] + len(changed.fund_amount)] = changed.fund_amount / MONEY
        if "limits" in r.first:
            upper[r.first["limits"] : r.first["limits"] + len(changed.limit_max)] = changed.limit_max / MONEY
        of_fund = [fund for funds in changed.classes for fund in funds]
        high[size:] = changed.fund_amount[of_fund] / MONEY
        return lower, upper, high


class _Priced:
    """One tier's prices with what does not change from question to question: the reduced cost of every column.

    Lagrangian duality, as in `relaxation.price_bound`: prices that would reward breaking a row are dropped, each column takes its better
    end, and a margin of 1e-11 of the magnitudes covers the rounding of floats. Only right sides and column ends differ between questions.
    """

    def __init__(self, tier, prices, instance, relaxation):
        r = relaxation
        lower = r.lower.copy()
        for before in range(tier):
            lower[r.first[f"tier{before + 1}"]] = 0.0
        prices = np.where((prices > 0) & np.isinf(r.upper), 0.0, prices)
        self.tier, self.prices = tier, np.where((prices < 0) & np.isinf(lower), 0.0, prices)
        objective = tier_objective(instance, r, tier)
        self.reduced = objective - r.matrix.T @ self.prices
        self.gains, self.objective = self.reduced > 0, np.abs(objective)

    def bound(self, lower, upper, low, high):
        """No x within rows and columns has more, in thousands of points."""
        side = np.where(self.prices > 0, upper, np.where(self.prices < 0, lower, 0.0))
        ends = np.where(self.gains, high, low)
        rows, columns = self.prices * side, self.reduced * ends
        margin = 1e-11 * (np.abs(rows).sum() + np.abs(columns).sum() + (self.objective * ends).sum())
        return float(rows.sum() + columns.sum() + margin)


def tier_objective(instance, relaxation, tier):
    """Points of the tier per column, as the relaxation counts them."""
    objective = np.zeros(relaxation.matrix.shape[1])
    objective[: instance.size] = np.where(instance.tier[instance.need] == tier, instance.points / POINTS, 0.0)
    return objective


def delivered(instance, steps):
    """Units each need gets (N,)."""
    return used_rows(instance.need, steps * instance.step, len(instance.fill))


def high_without_money(instance):
    """The most steps a column could take if money were no object."""
    i = instance
    high = i.steps_wanted[i.need].copy()
    for coefficient, room in ((i.load, i.capacity[i.offering]), (i.worth, i.household_cap[i.household[i.need]])):
        some = coefficient > 0
        high[some] = np.minimum(high[some], room[some] // coefficient[some])
    high[i.max_needs[i.offering] == 0] = 0
    high[i.pinned] = i.high[i.pinned]
    return high


def high_with_money(instance, high):
    """`high` where no column may cost more than its funds together, or than a limit that counts it."""
    i, high = instance, high.copy()
    purse = np.array([sum(int(i.fund_amount[f]) for f in funds) for funds in i.classes] or [0], np.int64)
    paid = np.flatnonzero(i.payers >= 0)
    high[paid] = np.minimum(high[paid], purse[i.payers[paid]] // i.cost[paid])
    for rows, most in zip(i.limit_members, i.limit_max, strict=True):
        high[rows] = np.minimum(high[rows], max(0, int(most)) // i.cost[rows])
    high[i.pinned] = i.high[i.pinned]
    return high


def prices_to_bytes(prices):
    """Prices as they are kept: a compressed numpy file."""
    kept = io.BytesIO()
    np.savez_compressed(kept, prices=prices.astype(np.float32).astype(np.float64))
    return kept.getvalue()


def prices_from_bytes(body):
    """What `prices_to_bytes` kept."""
    with np.load(io.BytesIO(body), allow_pickle=False) as kept:
        return kept["prices"]


def townships_below(instance, steps, tier_values):
    """[(township row, points below its floor)] of the townships that are below, most first."""
    lacking = np.maximum(0, floors(instance, tier_values) - township_points(instance, steps))
    return [(int(g), int(lacking[g])) for g in np.argsort(-lacking, kind="stable") if lacking[g]]
