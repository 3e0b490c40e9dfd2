"""The eight lexicographic levels of the contract and the exact value of each for a given set of steps."""

from dataclasses import dataclass
from math import floor

import numpy as np

from matching.rules import COVERAGE_WEIGHTS


@dataclass
class LevelResult:
    """One level: `value` as fixed at its level, `bound` no feasible plan is better (None: not known), both whole numbers."""

    name: str
    value: int
    bound: int | None
    seconds: float = 0.0
    bound_deliveries: int | None = None

    @property
    def proven(self):
        return self.bound == self.value


def exact_sum(coefficients, steps):
    """Σ coefficients·steps in Python integers, safe for sums beyond 2^63."""
    some = np.flatnonzero(steps)
    return sum(c * x for c, x in zip(coefficients[some].tolist(), steps[some].tolist(), strict=True))


def tier_points(instance, steps):
    """Points of tier 1, 2, 3."""
    earned = np.zeros(3, np.int64)
    np.add.at(earned, instance.tier[instance.need], instance.points * steps)
    return tuple(int(v) for v in earned)


def township_points(instance, steps):
    """P_g (T,) points in each township."""
    earned = np.zeros(len(instance.township_points), np.int64)
    np.add.at(earned, instance.township[instance.need], instance.points * steps)
    return earned


def floors(instance, tier_values):
    """floor_g (T,) = floor_percent·D_g·(V1+V2+V3) div (100·Σ D_g)."""
    total = int(instance.township_points.sum())
    if not total:
        return np.zeros(len(instance.township_points), np.int64)
    return np.array(
        [instance.floor_percent * d * sum(tier_values) // (100 * total) for d in instance.township_points.tolist()],
        np.int64,
    )


def kept_points(instance, tier_values):
    """The least points of each tier that levels 4 to 8 must keep, V_t·(1000 − tolerance)/1000 rounded up."""
    return tuple(-(-v * (1000 - instance.tolerance_permille) // 1000) for v in tier_values)


def note_before_fairness(work, instance, steps):
    """Records what each township has as levels 1 to 3 leave it (sorted by code): what the floors give can then be told."""
    work.note("before fairness", points=township_points(instance, steps).tolist())


def coverage_of(tiers):
    return sum(w * v for w, v in zip(COVERAGE_WEIGHTS, tiers, strict=True))


def most_coverage(tiers):
    """Coverage in whole weighted points that no plan can pass, whatever it keeps of any tier.

    `tiers`: for each tier (most, prices) such that v_t + Σ prices[s]·v_s ≤ most holds for the points v of every plan (weak duality: what a
    tier's prices say, those of the earlier tiers' rows among them). Each is counted as often as makes the left sides together at least the
    coverage: the last once, one before it as often as its weight still asks for.
    """
    total, missing = 0.0, [float(weight) for weight in COVERAGE_WEIGHTS]
    for tier in (2, 1, 0):
        most, prices = tiers[tier]
        often = max(0.0, missing[tier])
        total += often * most
        for earlier, price in enumerate(prices):
            missing[earlier] -= often * max(0.0, price)
    return floor(total * (1 + 1e-12) + 1)


def shortfall(instance, steps, floor):
    """F = Σ_g max(0, floor_g − P_g)."""
    return int(np.maximum(0, floor - township_points(instance, steps)).sum())


def values(instance, steps, tier_values=None):
    """All eight values; the floors follow `tier_values` (default: what the steps themselves deliver)."""
    tiers = tier_points(instance, steps)
    return {
        "tier1": tiers[0], "tier2": tiers[1], "tier3": tiers[2],
        "fairness": shortfall(instance, steps, floors(instance, tier_values or tiers)),
        "coverage": coverage_of(tiers),
        "cost": exact_sum(instance.cost, steps),
        "distance": exact_sum(instance.distance, steps),
        "lottery": exact_sum(instance.lottery, steps),
    }  # fmt: skip
