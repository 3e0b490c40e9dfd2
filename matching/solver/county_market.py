"""The market between counties: from what each would do at the last prices to the next prices for money, limits and earlier tiers.

The relaxed plans that counties have answered with are mixed, county by county, so that together they keep the joint rows (Dantzig and
Wolfe, 1960). The mixture's prices are the next to ask at, within a factor of the last ones so that few answers do not make them jump; the
mixture itself says how much of each joint row a county should have.
"""

import numpy as np
from scipy import sparse

from matching.solver.relaxation import MONEY, POINTS, solve_lp

WIDE, NARROW = (
    1.25,
    1.12,
)  # a price changes at most by this factor, after a round that lowered the bound and after one that did not


def mix(answers, *, tier, amounts, last, clearing, least, stretch=WIDE):
    """(weights, prices): how much of each answer a tier's joint relaxation uses, and what joint rows are worth in it; None if unsolved.

    `answers`: (part, points of the three tiers, use of joint rows), rows keyed ("offer", id), ("fund", id) or ("limit", id); `amounts` units or
    fen of each row; `last` the last prices per row, in points per unit or fen, and under ("tier", s) per point of an earlier tier;
    `clearing`: what bids say an offering's unit is worth, which widens the range of its price; `least`: points that earlier tiers keep.
    """
    names = sorted(amounts)
    parts = sorted({a[0] for a in answers})
    keys = [*names, *(("tier", s) for s in range(tier))]
    size = np.array([MONEY if k[0] in ("fund", "limit") else POINTS if k[0] == "tier" else 1.0 for k in keys])
    at = {key: k for k, key in enumerate(keys)}
    body = np.zeros((len(keys), len(answers)))
    for column, (_, points, used) in enumerate(answers):
        for key, amount in used.items():
            if key in at:
                body[at[key], column] = amount
        for s in range(tier):
            body[at["tier", s], column] = -points[s]
    right = np.array([*(float(amounts[n]) for n in names), *(-float(v) for v in least[:tier])])
    own = np.array([[float(a[0] == part) for a in answers] for part in parts])
    worth = np.array([a[1][tier] for a in answers]) / POINTS
    now = np.array([last.get(k, 0.0) for k in keys])
    cleared = np.array([clearing.get(k[1], 0.0) if k[0] == "offer" else p for k, p in zip(keys, now, strict=True)])
    # where money was free so far, it may become a little dear, measured by the dearest of its kind
    money = np.array([k[0] in ("fund", "limit") for k in keys])
    dear = 0.1 * max([*now[money], 1e-9])
    cheap = np.minimum(now, cleared) / stretch
    most = np.maximum(now, cleared) * stretch
    most[money & (now == 0)] = dear
    # prices of the scaled rows: points of the programme per scaled unit
    cheap, most = cheap * size / POINTS, most * size / POINTS
    body, right = body / size[:, None], right / size
    joint = len(keys)
    # joint rows as use − spare + excess = amount: spare earns the lowest price, excess costs the highest
    eye = sparse.identity(joint, format="csc")
    matrix = sparse.bmat([[sparse.csc_matrix(body), eye, -eye], [sparse.csc_matrix(own), None, None]], format="csc")
    side = np.concatenate((right, np.ones(len(parts))))
    objective = np.concatenate((worth, cheap, -most))
    high = np.concatenate((np.ones(len(answers)), np.full(2 * joint, 1e9)))
    _, x, y = solve_lp(side, side, matrix, np.zeros(len(high)), high, objective)
    if x is None:
        return None
    prices = np.clip(y[:joint], cheap, most) * POINTS / size
    return x[: len(answers)], dict(zip(keys, prices.tolist(), strict=True))
