"""Shadow prices: what a little more of something would do for each tier, from the prices of the tiers' linear relaxations.

The price of a row is the slope of a relaxation's optimum: more than this a small addition cannot bring to the relaxed problem, and the
first small one brings just this where the optimum is not degenerate. Whole plans gain in leaps around it: often nothing, sometimes a
whole need. So a price tells where to look first, not what will come; `matching.confirmation` tells what comes.

The tiers come in their order. What is added goes to tier 1 as far as that gains; tier 2 gains its own price for it and pays what tier 1's
gain takes away (the price of tier 1's own row, which is not positive), and so on: with π_t the prices of tier t's relaxation,
gain_t = π_t(row) + Σ_{s<t} π_t(tier s)·gain_s. A later tier may therefore lose.
"""

import numpy as np

from matching.pairs import build_pairs
from matching.solver.instance import NO_LIMIT, SINGLE, build_instance
from matching.solver.prices import TierPrices
from matching.solver.relaxation import MONEY, POINTS

STEP_FEN = 100_000  # funds and limits are told per 1,000 yuan
SHOWN = 20
_NOTHING = 0.5  # points; less is the rounding of floats


def shadow_prices(problem, pairs, instance, prices, steps):
    """What one more unit, or 1,000 yuan more, would gain: {"funds", "limits", "places", "offerings", "step_fen", "tiers"}.

    `prices` TierPrices whose LPs are done (a tier that was not solved has gain None), `steps` (P,) the plan's. Every row has `gain`: [points
    of tier 1, 2, 3], rounded (a whole need is 1000·weight points). `funds` and `limits`: id, and the gain per `step_fen`. `places`: the
    SHOWN best of category and township, for one unit given free of cost to that township, with the number of `needs` there that could use
    it and the `units` they still lack: beyond those the price is surely no longer true. `offerings`: the SHOWN best ids, for one more unit of
    capacity at their cost. No gain exceeds what the tier's needs lack. Rows that gain nothing are left out; the order is that of the tiers, most first.
    """
    families = [_families(instance, prices, tier) for tier in range(3)]
    open_points = _open_points(instance, steps)
    order = {
        "funds": (instance.fund_ids, STEP_FEN / MONEY, len(instance.fund_ids)),
        "limits": (instance.limit_ids, STEP_FEN / MONEY, len(instance.limit_ids)),
        "offerings": (instance.offering_ids, 1.0, SHOWN),
    }
    told = {"step_fen": STEP_FEN, "tiers": [one is not None for one in families]}
    for name, (ids, times, most) in order.items():
        gains = _in_order(families, [None if one is None else one[name] * times for one in families], open_points)
        told[name] = [{"id": ids[row], "gain": gains[row]} for row in _best(gains, most)]
    told["places"] = _places(problem, pairs, instance, families, steps, open_points)
    return told


def prices_of_plan(problem, served, *, seconds=60.0):
    """`shadow_prices` of a problem on its own: the relaxations are solved here, each waited for at most `seconds`."""
    pairs = build_pairs(problem)
    instance = build_instance(problem, pairs)
    steps = np.zeros(instance.size, np.int64)
    for column in range(instance.size):
        key = instance.need_ids[instance.need[column]], instance.offering_ids[instance.offering[column]]
        steps[column] = served.get(key, 0) // instance.step[column]
    prices = TierPrices(instance)
    try:
        for tier in range(3):
            prices.ready(tier, seconds)
        return shadow_prices(problem, pairs, instance, prices, steps)
    finally:
        prices.close()


def _families(instance, prices, tier):
    """Price of every row by family, in points per unit of the row (fund and limit rows: per MONEY fen); None where not solved."""
    i, r, duals = instance, prices.relaxation, prices.prices[tier]
    if duals is None:
        return None
    reduced = prices.objective(tier) - r.matrix.T @ duals
    duals = duals * POINTS
    gain = np.maximum(0.0, reduced) * POINTS

    def rows(name, count):
        return duals[r.first[name] : r.first[name] + count] if name in r.first else np.zeros(count)

    # a column's upper end, and a charge's, follow the rows they came from: what they are worth belongs to those
    columns = np.flatnonzero((gain[: i.size] > 0) & (i.load > 0) & (i.tier[i.need] <= tier))
    wider = np.minimum(i.steps_wanted[i.need[columns]], (i.capacity[i.offering[columns]] + 1) // i.load[columns])
    wider = np.where(i.low[columns] == i.high[columns], 0, np.maximum(0, wider - i.high[columns]))
    capacity = np.maximum(0.0, rows("capacity", len(i.capacity)))
    np.add.at(capacity, i.offering[columns], gain[columns] * wider)
    of_fund = np.array([fund for funds in i.classes for fund in funds], np.int64)
    funds = np.maximum(0.0, rows("funds", len(i.fund_amount)))
    np.add.at(funds, of_fund, gain[i.size :])
    limits = np.maximum(0.0, rows("limits", len(i.limit_ids)))
    columns = columns[i.cost[columns] > 0]
    bought = gain[columns] * MONEY / i.cost[columns]
    if len(i.classes) and len(columns):
        purse = np.array([sum(int(i.fund_amount[fund]) for fund in some) for some in i.classes], np.int64)
        short = purse[i.payers[columns]] // i.cost[columns] == i.high[columns]
        for payers, worth in zip(i.payers[columns[short]].tolist(), bought[short].tolist(), strict=True):
            funds[list(i.classes[payers])] += worth
    for row, (members, most) in enumerate(zip(i.limit_members, i.limit_max, strict=True)):
        short = np.isin(columns, members) & (most // i.cost[columns] == i.high[columns])
        limits[row] += bought[short].sum()
    capped = np.flatnonzero(i.household_cap < NO_LIMIT)
    household = np.zeros(len(i.household_cap))
    household[capped] = rows("household_cap", len(capped))
    return {
        "needs": rows("needs", len(i.fill)),
        "offerings": capacity,
        "funds": funds,
        "limits": limits,
        "households": np.maximum(0.0, household),
        "earlier": [float(np.minimum(0.0, duals[r.first[f"tier{s + 1}"]])) / POINTS for s in range(tier)],
    }


def _in_order(families, by_tier, most):
    """[[gain of tier 1, 2, 3] per row] after what the earlier tiers take, none above what the tier lacks; None for a tier without prices."""
    gains = []
    for family, own, lacking in zip(families, by_tier, most, strict=True):
        if family is None:
            gains.append(None)
            continue
        for earlier, price in zip(gains, family["earlier"], strict=False):
            if earlier is not None:
                own = own + price * earlier
        gains.append(np.minimum(own, lacking))
    size = max((len(one) for one in gains if one is not None), default=0)
    return [[None if one is None else int(round(float(one[row]))) for one in gains] for row in range(size)]


def _open_points(instance, steps):
    """Points that each tier's needs still lack: no addition brings a tier more."""
    i = instance
    lacking = i.unit_points * i.quantity
    np.subtract.at(lacking, i.need, i.points * steps)
    return [int(lacking[i.tier == tier].sum()) for tier in range(3)]


def _best(gains, most):
    """Rows that gain something in some tier, in the order of the tiers, at most `most`."""
    some = [row for row, gain in enumerate(gains) if any(one is not None and one > _NOTHING for one in gain)]
    return sorted(some, key=lambda row: ([-(one or 0) for one in gains[row]], row))[:most]


def _places(problem, pairs, instance, families, steps, open_points):
    """What one unit given free of cost would gain, by category and township: the best any need there makes of it."""
    i = instance
    needs = sorted(problem.needs, key=lambda need: need.id)
    got = np.zeros(len(needs), np.int64)
    np.add.at(got, i.need, steps)
    missing = np.where(i.fill == SINGLE, (i.steps_wanted - got) * i.quantity, i.steps_wanted - got)
    per_step = np.where(i.fill == SINGLE, i.quantity, 1).astype(float)
    worth = np.array([need.unit_worth_fen for need in needs], float)
    value = []
    for tier, family in enumerate(families):
        if family is None:
            value.append(None)
            continue
        points = np.zeros(len(needs))
        for at in range(tier + 1):
            share = 1.0 if at == tier else -family["earlier"][at]
            points += np.where(i.tier == at, i.unit_points * share, 0.0)
        points -= family["needs"] / per_step + worth * family["households"][i.household] / MONEY
        value.append(np.where(i.tier <= tier, np.maximum(0.0, points), 0.0))
    groups = {}
    for row, need in enumerate(needs):
        for category in dict.fromkeys((need.category, *need.accepts)):
            groups.setdefault((category, int(i.township[row])), []).append(row)
    keys = sorted(groups)
    best = [None if v is None else np.array([v[groups[key]].max() for key in keys]) for v in value]
    gains = _in_order(families, best, open_points)
    told = []
    for at in _best(gains, SHOWN):
        rows = np.array(groups[keys[at]])
        useful = rows[(missing[rows] > 0) & (sum(v[rows] for v in value if v is not None) > _NOTHING)]
        if len(useful):
            category, township = keys[at]
            told.append({
                "category": category, "township": pairs.townships[township], "gain": gains[at],
                "needs": len(useful), "units": int(missing[useful].sum()),
            })  # fmt: skip
    return told
