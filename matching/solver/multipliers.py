"""What the relaxations' prices say, written as the whole-number certificate that `matching.bounds` checks without any solver.

The prices of the rows become multipliers as they are, rounded to parts of a point. Only money is put together anew: what a fund's fen is
worth stands partly in the fund's row and partly in the bounds of the flows out of it, and the certificate knows the fund alone.
"""

from operator import itemgetter

import numpy as np

from matching.bounds import Ground
from matching.certificate import Certificate, Multipliers
from matching.solver.instance import NO_LIMIT
from matching.solver.prices import TierPrices
from matching.solver.relaxation import MONEY, POINTS

PARTS = (10**3, 10**6, 10**9, 10**12)  # parts per point, coarse to fine
ENOUGH = 100_000  # rounding may cost one part in so many of a bound


def certificate_of(problem, pairs, instance, prices, values):
    """The Certificate of a plan whose tiers are fixed at `values` (three).

    `prices` are the TierPrices of `instance`, solved as far as they are; it may be closed. Each tier takes the prices that bound it best,
    its own or another tier's, or none at all. The parts of a point are the coarsest whose rounding costs nearly nothing.
    """
    known = [tier for tier in range(3) if prices.prices[tier] is not None]
    ground, first = Ground(problem, pairs), prices.relaxation.first
    # what each source of prices bounds is compared in floats, which is quick; the key alone decides, an equal bound the first source
    aims = [
        min(
            ((prices.linear_bound(tier, values[:tier], source), source) for source in ((), *((k,) for k in known))),
            key=itemgetter(0),
        )
        for tier in range(3)
    ]

    def priced(tier, parts):
        _, source = aims[tier]
        found = _multipliers(instance, first, prices.prices[source[0]], tier, parts) if source else Multipliers()
        return ground.bound(tier + 1, found, values, parts), found

    for parts in PARTS:
        rows = [priced(tier, parts) for tier in range(3)]
        if all(got <= aim + aim // ENOUGH for (got, _), (aim, _) in zip(rows, aims, strict=True)):
            break
    return Certificate(parts, {tier + 1: found for tier, (_, found) in enumerate(rows)})


def certificate_by_lp(problem, pairs, instance, values, seconds=10.0):
    """As `certificate_of`, by solving the relaxations here; for problems solved without them. What is not solved after
    `seconds` is left unpriced."""
    if not instance.size:
        return Certificate(1, {tier: Multipliers() for tier in (1, 2, 3)})
    prices = TierPrices(instance)
    try:
        share = seconds / 3
        for tier in range(3):
            prices.ready(tier, share)
    finally:
        prices.close()
    return certificate_of(problem, pairs, instance, prices, values)


def _multipliers(instance, first, prices, tier, parts):
    """The Multipliers for `tier` (0, 1, 2) from the row prices of a relaxation, in whole parts of a point."""
    i = instance
    prices = np.where(np.isfinite(prices), prices, 0.0)
    few, capped = np.flatnonzero(i.max_needs < NO_LIMIT), np.flatnonzero(i.household_cap < NO_LIMIT)

    def of(name, ids, scale):
        start = first.get(name)
        if start is None:
            return {}
        return _rounded(ids, prices[start : start + len(ids)] * scale * parts)

    money = POINTS / MONEY  # points per fen of a row whose price is 1
    funds = prices[first["funds"] : first["funds"] + len(i.fund_amount)].copy()
    for k, members in enumerate(i.classes):
        for fund in members:  # a flow that its own bound holds back hides a part of the price
            funds[fund] = max(funds[fund], prices[first["charges"] + k])
    return Multipliers(
        capacity=of("capacity", i.offering_ids, POINTS),
        max_needs=of("max_needs", [i.offering_ids[o] for o in few], POINTS),
        households=of("household_cap", [i.household_ids[h] for h in capped], money),
        funds=_rounded(i.fund_ids, funds * money * parts),
        limits=of("limits", i.limit_ids, money),
        earlier=_rounded(
            [f"tier{s + 1}" for s in range(tier)],
            np.array([-prices[first[f"tier{s + 1}"]] for s in range(tier)]) * parts,
        ),
    )


def _rounded(ids, prices):
    """id → whole multiplier ≥ 0, without the zeros."""
    whole = np.rint(np.maximum(0.0, prices)).tolist()
    return {one: int(price) for one, price in zip(ids, whole, strict=True) if price > 0}
