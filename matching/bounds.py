"""Bounds of the tiers from the multipliers of a certificate, in whole numbers and without the solver.

Weak Lagrangian duality. For tier t, take any multipliers ≥ 0: α per unit of an offering's capacity, μ per need an offering serves, η per
fen of a household's cap, φ per fen of a fund, ρ per fen of a limit, λ_s per point of an earlier tier s. A plan x that keeps every row and
has at least v_s points in each earlier tier satisfies

    points_t(x) ≤ Σ α·capacity + Σ μ·max_needs + Σ η·cap + Σ φ·amount + Σ ρ·max_fen − Σ λ_s·v_s + Σ over needs of the need's best,

where a need's best is the most that its own pairs can earn at these prices: a unit of pair p earns its points (for tier t; λ_s times
its points for tier s) minus α·load, η·worth, (cheapest φ of the funds that may pay + Σ ρ)·cost, and the pair's share of μ. No pair looks
beyond its need any more, so one pass over the pairs finds every best: units in order of what they earn, as many as the need asks for and
each pair can carry; `single` takes one pair or nothing, `whole` everything or nothing; pinned pairs take exactly what is pinned.

Wrong or badly rounded multipliers make a bound weaker, never false. Everything is exact: multipliers are whole parts of a point
(`parts_per_point`), sums are 64-bit integers where an estimate shows that nothing can overflow, and Python integers elsewhere; only at the
end are the parts divided, rounding down, into whole points. The units in which needs are served (`any` whole units, `single` all) make
the per-need bests at least as tight as the linear relaxation whose prices they use.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from matching.certificate import ROWS, Certificate, Multipliers, read_certificate
from matching.pairs import Pairs, build_pairs
from matching.problem import Problem
from matching.solution import Level, Plan

TIERS = ("tier1", "tier2", "tier3")
_NO_LIMIT = 2**62
_SAFE = float(2**61)  # an estimate in floats below this proves that the 64-bit sum (below 2^63) cannot overflow


@dataclass(frozen=True, slots=True)
class TierClaim:
    """One tier of a plan: its value as fixed, the solver's bound (None: none) and the bound its certificate proves (None: none)."""

    name: str
    value: int
    bound: int | float | None
    proven: bool
    certified_bound: int | None

    @property
    def certified_gap(self) -> float | None:
        """(certified bound − value) / value; None where there is no such bound, or no value to measure it by."""
        if self.certified_bound is None:
            return None
        if self.certified_bound == self.value:
            return 0.0
        return (self.certified_bound - self.value) / self.value if self.value else None

    @property
    def contradicted(self) -> bool:
        """The certificate proves that no plan has the values that this plan states for this tier and those before it."""
        return self.certified_bound is not None and self.certified_bound < self.value


def tier_claims(problem: Problem, plan: Plan, source: str = "plan.json") -> list[TierClaim]:
    """The three tiers of `plan`, each beside the bound recomputed from its certificate; without a certificate none is certified.

    County (6,000 × 2,500, 300k pairs): below a second with the pairs. Raises FaultyCertificate with every fault.
    """
    stated: dict[str, Level] = {level.name: level for level in plan.levels}
    levels = [stated[name] for name in TIERS]
    certified: tuple[int | None, ...] = (None, None, None)
    if plan.certificate is not None:
        certificate = read_certificate(problem, plan.certificate, source)
        certified = certified_bounds(problem, build_pairs(problem), certificate, [level.value for level in levels])
    return [
        TierClaim(level.name, level.value, level.bound, level.proven, bound)
        for level, bound in zip(levels, certified, strict=True)
    ]


def certified_bounds(
    problem: Problem, pairs: Pairs, certificate: Certificate, values: Sequence[int]
) -> tuple[int | None, int | None, int | None]:
    """Whole points of tiers 1, 2, 3 that no plan can pass while it keeps at least `values` (three) in the tiers before.

    None where the certificate has no multipliers for the tier. `pairs` are those of `build_pairs(problem)`.
    """
    ground = Ground(problem, pairs)
    one, two, three = (
        ground.bound(tier, certificate.tiers[tier], values, certificate.parts_per_point)
        if tier in certificate.tiers
        else None
        for tier in (1, 2, 3)
    )
    return one, two, three


class Ground:
    """What every bound of a problem shares: its pairs in *steps* (`single`: one step is the whole need; else one unit).

    Shapes: P pairs, N needs. `most` (N,) steps a need asks for; `high` (P,) the most steps of a pair when all others are nothing;
    `pin` (P,) the steps a pin asks of it, -1 without pin.
    """

    def __init__(self, problem: Problem, pairs: Pairs):
        self.problem, self.pairs = problem, pairs
        needs = problem.needs
        self.need = np.asarray(pairs.need, np.int64)
        self.offering = np.asarray(pairs.offering, np.int64)
        quantity = np.array([n.quantity for n in needs], np.int64)
        single = np.array([n.fill == "single" for n in needs], bool)
        self.whole = np.array([n.fill == "whole" for n in needs], bool)
        self.tier = np.array([n.tier for n in needs], np.int64)
        self.most = np.where(single, 1, quantity)
        step = np.where(single, quantity, 1)[self.need]
        self.points = np.asarray(pairs.unit_points, np.int64)[self.need] * step
        self.load = np.asarray(pairs.load, np.int64)
        self.cost = np.asarray(pairs.unit_cost_fen, np.int64) * step
        self.worth = np.array([n.unit_worth_fen for n in needs], np.int64)[self.need] * step
        self.payer_class = np.asarray(pairs.payer_class, np.int64)
        self.high = self._high()
        self.pin = self._pins(single)

    def _high(self) -> np.ndarray:
        problem, high = self.problem, self.most[self.need]

        def within(coefficient: np.ndarray, room: np.ndarray) -> None:
            some = coefficient > 0
            high[some] = np.minimum(high[some], room[some] // coefficient[some])

        def rooms(limits: list[int | None]) -> np.ndarray:
            return np.array([_NO_LIMIT if one is None else min(one, _NO_LIMIT) for one in limits], np.int64)

        within(self.load, rooms([o.capacity for o in problem.offerings])[self.offering])
        within(self.worth, rooms([problem.cap_fen(n.household) for n in problem.needs])[self.need])
        purses = [sum(problem.funds[f].amount_fen for f in funds) for funds in self.pairs.payer_sets]
        within(self.cost, rooms([*purses])[self.payer_class])
        for limit, members in zip(problem.limits, self.pairs.limit_members, strict=True):
            paid = members[self.cost[members] > 0]
            high[paid] = np.minimum(high[paid], limit.max_fen // self.cost[paid])
        high[np.array([o.max_needs == 0 for o in problem.offerings], bool)[self.offering]] = 0
        return high

    def _pins(self, single: np.ndarray) -> np.ndarray:
        """A pin that no plan can keep is left out: where no plan is, every bound holds."""
        pin = np.full(len(self.need), -1, np.int64)
        if not self.problem.pins:
            return pin
        problem, size = self.problem, max(1, len(self.problem.offerings))
        asked = [problem.need_index[p.need] * size + problem.offering_index[p.offering] for p in problem.pins]
        keys = self.need * size + self.offering
        place = {int(keys[p]): p for p in np.flatnonzero(np.isin(keys, np.array(asked, np.int64)))}
        for one, key in zip(problem.pins, asked, strict=True):
            n, steps = problem.need_index[one.need], one.quantity
            if single[n]:
                steps = {0: 0, problem.needs[n].quantity: 1}.get(steps, -1)
            if key in place and steps <= self.most[n]:
                pin[place[key]] = steps
        return pin

    def bound(self, tier: int, multipliers: Multipliers, values: Sequence[int], parts: int) -> int:
        """Whole points of `tier` that no plan can pass while earlier tiers keep `values`; `parts` per point. Never below 0."""
        prices = _Prices(self, multipliers)
        weight = [0, 0, 0, 0]
        weight[tier] = parts
        for name, price in multipliers.earlier.items():
            weight[int(name.removeprefix("tier"))] = price
        of_need = np.array(weight, object)[self.tier] if len(self.tier) else np.zeros(0, object)
        pinned_needs = np.zeros(len(self.tier), bool)
        pinned_needs[self.need[self.pin >= 0]] = True
        matter = np.flatnonzero(((of_need > 0).astype(bool) | pinned_needs)[self.need])
        total = prices.rows() - sum(
            price * int(values[int(name.removeprefix("tier")) - 1]) for name, price in multipliers.earlier.items()
        )
        total += self._bests(matter, of_need, prices)
        return max(0, total // parts)

    def _bests(self, columns: np.ndarray, of_need: np.ndarray, prices: "_Prices") -> int:
        """Σ over needs of the most their pairs `columns` can earn, in parts of a point."""
        need, high, pin = self.need[columns], self.high[columns], self.pin[columns]
        pinned = np.zeros(len(self.most), np.int64)
        np.add.at(pinned, need, np.maximum(pin, 0))
        exact = self._may_overflow(columns, of_need, prices, self.most + pinned)
        kind: Any = object if exact else np.int64
        earn = self.points[columns] * of_need.astype(kind)[need] - prices.of_steps(columns, kind)
        served = prices.served(columns, kind)
        total = _sum(earn * np.maximum(pin, 0) - np.where(pin > 0, served, 0))
        free = np.flatnonzero((pin < 0) & (high > 0))
        need, high, earn = need[free], high[free], earn[free] - served[free] // high[free]
        some = np.flatnonzero((earn > 0).astype(bool) | self.whole[need])
        need, high, earn = need[some], high[some], earn[some]
        order = _dearest_first(need, earn)
        need, high, earn = need[order], high[order], earn[order]
        start = np.flatnonzero(np.diff(need, prepend=-1))
        if not len(start):
            return total
        group = np.cumsum(np.diff(need, prepend=-1) != 0) - 1
        before = np.cumsum(high) - high
        before -= before[start][group]
        room = np.maximum(0, self.most - pinned)
        take = np.clip(room[need] - before, 0, high)
        best = np.add.reduceat(earn * take, start)
        # all or nothing: nothing where the pairs cannot carry all of it, or where all of it would cost more than it earns
        owner = need[start]
        optional = self.whole[owner] & (pinned[owner] == 0)
        enough = np.add.reduceat(high, start) >= room[owner]
        best[optional & ((best < 0).astype(bool) | ~enough)] = 0
        return total + _sum(best)

    def _may_overflow(self, columns: np.ndarray, of_need: np.ndarray, prices: "_Prices", steps: np.ndarray) -> bool:
        """Whether 64 bits might not do, by the largest sum of magnitudes any need could reach; floats err by far less than the margin."""
        if max(prices.largest, *of_need.tolist(), 0) >= _SAFE:
            return True
        if not len(columns):
            return False
        need = self.need[columns]
        largest = self.points[columns] * of_need.astype(float)[need]
        largest = largest + prices.of_steps(columns, float) + prices.served(columns, float)
        return float((largest * np.maximum(1, steps[need])).max()) >= _SAFE


class _Prices:
    """Multipliers by row of the problem, and what a step of each pair pays at them."""

    def __init__(self, ground: Ground, multipliers: Multipliers):
        problem = ground.problem
        self.ground, self.multipliers = ground, multipliers

        def listed(prices: Mapping[str, int], ids: Iterable[str]) -> np.ndarray:
            return np.array([prices.get(one, 0) for one in ids], object)

        self.capacity = listed(multipliers.capacity, (o.id for o in problem.offerings))
        self.max_needs = listed(multipliers.max_needs, (o.id for o in problem.offerings))
        self.household = listed(multipliers.households, (n.household for n in problem.needs))
        self.largest = max(max(getattr(multipliers, name).values(), default=0) for name in ROWS)
        fund = [multipliers.funds.get(f.id, 0) for f in problem.funds]
        self.money = np.array([min((fund[f] for f in funds), default=0) for funds in ground.pairs.payer_sets], object)

    def rows(self) -> int:
        """Σ multiplier · what the row holds, in parts of a point."""
        problem, m = self.ground.problem, self.multipliers
        total = 0
        for o in problem.offerings:
            total += m.capacity.get(o.id, 0) * o.capacity + m.max_needs.get(o.id, 0) * (o.max_needs or 0)
        total += sum(price * (problem.cap_fen(one) or 0) for one, price in m.households.items())
        total += sum(m.funds.get(fund.id, 0) * fund.amount_fen for fund in problem.funds)
        return total + sum(m.limits.get(limit.id, 0) * limit.max_fen for limit in problem.limits)

    def of_steps(self, columns: np.ndarray, kind: Any) -> np.ndarray:
        """(columns,) what one step pays for capacity, household cap, funds and limits."""
        g = self.ground
        per_fen = self.money.astype(kind)[g.payer_class[columns]]
        for limit, members in zip(g.problem.limits, g.pairs.limit_members, strict=True):
            price = self.multipliers.limits.get(limit.id, 0)
            if price:
                counted = np.zeros(len(g.need), bool)
                counted[members] = True
                per_fen = per_fen + np.where(counted[columns], np.array([price], object).astype(kind), 0)
        return (
            self.capacity.astype(kind)[g.offering[columns]] * g.load[columns]
            + self.household.astype(kind)[g.need[columns]] * g.worth[columns]
            + per_fen * g.cost[columns]
        )

    def served(self, columns: np.ndarray, kind: Any) -> np.ndarray:
        """(columns,) what serving the need at all pays for one of the offering's `max_needs`."""
        return self.max_needs.astype(kind)[self.ground.offering[columns]]


def _dearest_first(need: np.ndarray, earn: np.ndarray) -> np.ndarray:
    """The order by need, and within a need by what a step earns, most first."""
    if earn.dtype != object:
        return np.lexsort((-earn, need))
    keys = list(zip(need.tolist(), (-earn).tolist(), strict=True))
    return np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)


def _sum(values: np.ndarray) -> int:
    """The exact sum in Python integers: upper and lower 32 bits of 64-bit numbers are added apart."""
    if values.dtype == object:
        return sum(values.tolist())
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())
