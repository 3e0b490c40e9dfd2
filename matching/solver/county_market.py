"""The market between counties: from what each would do at the last prices to the next prices for money, limits and earlier tiers.

The relaxed plans that counties have answered with are mixed, county by county, so that together they keep the joint rows (Dantzig and
Wolfe, 1960). The mixture's prices are the next to ask at, within a factor of the last ones so that few answers do not make them jump; the
mixture itself says how much of each joint row a county should have.
"""

import numpy as np
from scipy import sparse

from matching.solver.relaxation import MONEY, POINTS, solve_lp

STRETCH = 1.3  # a price changes at most by this factor in one round


def mix(answers, *, tier, offer_prices, amounts, last, least):
    """(weights, prices, value): how much of each answer a tier's joint relaxation uses, and what joint rows are worth in it.

    `answers`: (part, points of the three tiers, offerings used, rows used) with rows keyed ("fund", id) or ("limit", id); `amounts` the fen of
    each row; `last` the last prices per row in points per fen and, under ("tier", s), per point of an earlier tier, or None in a first
    round; `least`: points that each earlier tier keeps. `value` in points of the tier.
    """
    names = sorted(amounts)
    parts = sorted({a[0] for a in answers})
    columns = len(answers)
    usage = np.array([[a[3].get(name, 0.0) / MONEY for a in answers] for name in names]).reshape(len(names), columns)
    earned = np.array([[a[1][s] / POINTS for a in answers] for s in range(tier)]).reshape(tier, columns)
    own = np.array([[float(a[0] == part) for a in answers] for part in parts])
    worth = np.array(
        [a[1][tier] - sum(offer_prices.get(o, 0.0) * x for o, x in a[2].items()) for a in answers]
    ) / POINTS  # fmt: skip
    keys = [*names, *(("tier", s) for s in range(tier))]
    scale = np.array([MONEY / POINTS] * len(names) + [1.0] * tier)
    now = np.array([(last or {}).get(k, 0.0) for k in keys]) * scale
    # where a row was free so far, it may become a little dear, measured by the dearest of its kind
    dear = max([*now[: len(names)], 1e-3])
    cheap = np.where(now > 0, now / STRETCH, 0.0)
    most = np.where(now > 0, now * STRETCH, 0.1 * dear)
    joint = len(keys)
    # joint rows as use − spare + excess = amount: spare earns the lowest price, excess costs the highest
    body = np.vstack((usage, -earned))
    right = np.concatenate(([amounts[n] / MONEY for n in names], [-v / POINTS for v in least[:tier]]))
    eye = np.eye(joint)
    matrix = np.block([[body, eye, -eye], [own, np.zeros((len(parts), 2 * joint))]])
    side = np.concatenate((right, np.ones(len(parts))))
    objective = np.concatenate((worth, cheap, -most))
    high = np.concatenate((np.ones(columns), np.full(2 * joint, 1e9)))
    _, x, y = solve_lp(
        side, side, sparse.csc_matrix(matrix), np.zeros(len(high)), high, objective
    )  # fmt: skip
    if x is None:
        return None
    prices = np.clip(y[:joint], cheap, most)
    found = {k: float(p / c) for k, p, c in zip(keys, prices.tolist(), scale.tolist(), strict=True)}
    return x[:columns], found, float(objective @ x) * POINTS
