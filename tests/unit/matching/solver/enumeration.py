"""Small random problems and their eight levels by trying every plan: nothing of the solver is used, only the pairs.

Every way to serve each need is listed, all combinations are judged at once as int64 arrays, and the lexicographic best is read off. Whether
the funds can pay is judged by Hall's condition: for every set of funds, what only these may pay is within what they hold.
"""

from itertools import combinations, product

import numpy as np

TYPES = ("subsistence", "expenditure", "emergency", "development", "care")


def random_problem(seed, *, needs=4, offerings=3, largest=3):
    """A `zhongfu-problem/1` document with every feature of the contract, small enough to enumerate."""
    draw = np.random.default_rng(seed)
    towns = ["330324101", "330324102"]
    regions = [{"code": "330324", "parent": "", "lat": 28.1, "lon": 120.6}]
    regions += [{"code": t, "parent": "330324", "lat": 28.1 + 0.05 * k, "lon": 120.7} for k, t in enumerate(towns)]
    document = {
        "format": "zhongfu-problem/1", "seed": int(draw.integers(1000)), "regions": regions,
        "needs": [_need(draw, k, towns, largest) for k in range(int(draw.integers(1, needs + 1)))],
        "offerings": [_offering(draw, k, towns) for k in range(int(draw.integers(1, offerings + 1)))],
        "funds": [_fund(draw, k, towns) for k in range(int(draw.integers(0, 4)))],
        "policy": {"floor_percent": int(draw.choice([0, 60, 90, 100])), "tolerance_permille": int(draw.choice([0, 1, 30, 100]))},
    }  # fmt: skip
    if draw.random() < 0.5:
        document["policy"]["household_cap_fen"] = int(draw.integers(500, 9000))
    if draw.random() < 0.4:
        document["households"] = {"H0": {"cap_fen": int(draw.integers(0, 6000)) if draw.random() < 0.8 else None}}
    if draw.random() < 0.6:
        document["limits"] = [{"id": "budget", "max_fen": int(draw.integers(0, 9000))}]
        if draw.random() < 0.5:
            document["limits"].append(
                {"id": "bought", "max_fen": int(draw.integers(0, 3000)), "government_bought": True}
            )
    ids = [(n["id"], o["id"]) for n in document["needs"] for o in document["offerings"]]
    if draw.random() < 0.3:
        document["pairs"] = [_pair(draw, n, o, document) for n, o in ids if draw.random() < 0.8]
    chosen = [ids[k] for k in draw.permutation(len(ids))[:3]]
    if draw.random() < 0.35:
        document["pins"] = [
            {"need": n, "offering": o, "quantity": int(draw.integers(0, 3))}
            for n, o in chosen[: int(draw.integers(1, 3))]
        ]
    if draw.random() < 0.3:
        document["forbids"] = [{"need": n, "offering": o} for n, o in chosen[2:]]
    return document


def _need(draw, k, towns, largest):
    row = {
        "id": f"N{k}", "household": f"H{draw.integers(3)}", "region": str(draw.choice(towns)), "category": str(draw.choice(["rice", "hours"])),
        "quantity": int(draw.integers(1, largest + 1)), "tier": int(draw.integers(1, 4)), "weight": int(draw.integers(1, 60)),
        "type": str(draw.choice(TYPES)), "fill": str(draw.choice(["any", "whole", "single"])), "unit_worth_fen": int(draw.integers(0, 4)) * 500,
    }  # fmt: skip
    if draw.random() < 0.3:
        row["accepts"] = ["rice"]
    return row


def _offering(draw, k, towns):
    row = {
        "id": f"O{k}",
        "donor": "D",
        "category": str(draw.choice(["rice", "hours"])),
        "capacity": int(draw.integers(0, 7)),
    }
    if draw.random() < 0.5:
        row |= {"unit_cost_fen": int(draw.integers(1, 20)) * 100, "government_bought": bool(draw.random() < 0.5)}
    if draw.random() < 0.3:
        row["max_needs"] = int(draw.integers(0, 3))
    if draw.random() < 0.3:
        row["areas"] = [str(draw.choice(towns))]
    if draw.random() < 0.5:
        row |= {"lat": 28.1 + float(draw.random()) / 10, "lon": 120.7}
    if draw.random() < 0.2:
        row["types"] = sorted({str(t) for t in draw.choice(TYPES, 3)})
    return row


def _fund(draw, k, towns):
    row = {"id": f"F{k}", "amount_fen": int(draw.integers(0, 6000))}
    if draw.random() < 0.4:
        row["types"] = sorted({str(t) for t in draw.choice(TYPES, 3)})
    if draw.random() < 0.3:
        row["regions"] = [str(draw.choice(towns))]
    return row


def _pair(draw, need, offering, document):
    row = {"need": need, "offering": offering, "distance_m": int(draw.integers(0, 9000))}
    if next(n for n in document["needs"] if n["id"] == need)["fill"] == "single" and draw.random() < 0.7:
        row["load"] = int(draw.integers(0, 6))
    if draw.random() < 0.4:
        row["unit_cost_fen"] = int(draw.integers(0, 15)) * 100
    return row


def best_levels(problem, pairs):
    """The eight values of the lexicographic optimum in order, or None where no plan keeps the pins."""
    units = _all_plans(problem, pairs)
    units = units[_feasible(problem, pairs, units)]
    if not len(units):
        return None
    need = pairs.need.astype(np.int64)
    points = units * pairs.unit_points[need]
    tier = np.array([n.tier for n in problem.needs])[need]
    tiers = np.stack([points[:, tier == t].sum(axis=1) for t in (1, 2, 3)], axis=1)
    keep, fixed = np.ones(len(units), bool), []
    for t in range(3):
        fixed.append(int(tiers[keep, t].max()))
        keep &= tiers[:, t] == fixed[t]
    least = [-(-v * (1000 - problem.policy.tolerance_permille) // 1000) for v in fixed]
    keep = (tiers >= least).all(axis=1)
    full = np.zeros(len(pairs.townships), np.int64)
    np.add.at(full, pairs.township, pairs.unit_points * np.array([n.quantity for n in problem.needs]))
    lacking = np.zeros(len(units), np.int64)
    for g, most in enumerate(full.tolist()):
        floor = problem.policy.floor_percent * most * sum(fixed) // (100 * int(full.sum()))
        lacking += np.maximum(0, floor - points[:, pairs.township[need] == g].sum(axis=1))
    values = list(fixed)
    for amount in (
        lacking, -(tiers @ np.array([10000, 100, 1])), units @ pairs.unit_cost_fen, units @ pairs.distance_m, units @ pairs.lottery,
    ):  # fmt: skip
        values.append(int(amount[keep].min()))
        keep &= amount == values[-1]
    values[4] = -values[4]
    return values


def _all_plans(problem, pairs):
    per_need = []
    for n, need in enumerate(problem.needs):
        columns = np.flatnonzero(pairs.need == n)
        room = range(need.quantity + 1)
        ways = [w for w in product(room, repeat=len(columns)) if sum(w) <= need.quantity]
        if need.fill != "any":
            ways = [w for w in ways if sum(w) in (0, need.quantity)]
        if need.fill == "single":
            ways = [w for w in ways if sum(x > 0 for x in w) <= 1]
        pinned = {problem.offering_index[p.offering]: p.quantity for p in problem.pins if p.need == need.id}
        offered = pairs.offering[columns].tolist()
        ways = [w for w in ways if all(dict(zip(offered, w, strict=True)).get(o, 0) == q for o, q in pinned.items())]
        per_need.append((columns, np.array(ways, np.int64).reshape(len(ways), len(columns))))
    index = np.indices([len(ways) for _, ways in per_need]).reshape(len(per_need), -1)
    units = np.zeros((index.shape[1], len(pairs)), np.int64)
    for (columns, ways), chosen in zip(per_need, index, strict=True):
        units[:, columns] = ways[chosen]
    return units


def _feasible(problem, pairs, units):
    ok = np.ones(len(units), bool)
    single = np.array([n.fill == "single" for n in problem.needs])[pairs.need] if len(pairs) else np.zeros(0, bool)
    load = np.where(single, (units > 0) * pairs.load, units)
    for o, offering in enumerate(problem.offerings):
        at = pairs.offering == o
        ok &= load[:, at].sum(axis=1) <= offering.capacity
        if offering.max_needs is not None:
            ok &= (units[:, at] > 0).sum(axis=1) <= offering.max_needs
    home = np.array([n.household for n in problem.needs])[pairs.need] if len(pairs) else np.zeros(0, str)
    worth = units * (np.array([n.unit_worth_fen for n in problem.needs], np.int64)[pairs.need])
    for household in set(home.tolist()):
        cap = problem.cap_fen(household)
        if cap is not None:
            ok &= worth[:, home == household].sum(axis=1) <= cap
    cost = units * pairs.unit_cost_fen
    for limit, members in zip(problem.limits, pairs.limit_members, strict=True):
        ok &= cost[:, members].sum(axis=1) <= limit.max_fen
    payers = [frozenset(pairs.payers(p).tolist()) for p in range(len(pairs))]
    for size in range(len(problem.funds) + 1):
        for chosen in combinations(range(len(problem.funds)), size):
            only = [p for p in range(len(pairs)) if payers[p] <= set(chosen)]
            ok &= cost[:, only].sum(axis=1) <= sum(problem.funds[f].amount_fen for f in chosen)
    return ok
