"""One county of a larger problem: what it would do at given prices for what counties share, and a plan within given shares.

`CountyPart.respond` solves the county's linear relaxation of one tier with the shared rows (offerings, funds, limits, the points of earlier
tiers) priced instead of enforced, or within given shares of the offerings. At prices its value bounds what any plan of the county can
earn at them, so that the sum over counties and the worth of the shared rows bounds the joint problem (weak duality, for any prices). `plan_part` is the ordinary search of the tiers (`stages.solve_tiers`).
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from matching.solver.charges import charged_allocations
from matching.solver.construct import fill
from matching.solver.instance import SINGLE, build_instance, narrowed
from matching.solver.large import draws
from matching.solver.levels import tier_points
from matching.solver.packing import crowded
from matching.solver.pattern_bounds import PatternBounds
from matching.solver.pins import start_from_pins
from matching.solver.relaxation import MONEY, POINTS, build_relaxation, price_bound, solve_lp
from matching.solver.sifting import solve_sifted
from matching.solver.stages import solve_tiers
from matching.solver.state import broken, class_spending, fund_flows, used_rows
from matching.solver.work import Work

# columns of a need that are named as near the best: of all, per tier, and of shared offerings
NEAREST, NEAREST_SHARED = (8, 8, 5), 3
# seconds of processor for the bound by patterns of one tier; what is not reached counts as the relaxation says
TIGHTEN = 6.0
CLOSE = 1e-4  # part of a tier's own points by which a relaxation begun with few columns may miss its best
FAINT = 1e-4  # weight of the next tier's prices where a tier's own leave open which unit is used


@dataclass
class Prices:
    """Worth of one unit of what counties share, in points of the tier: per unit of capacity, per fen, per point of each earlier tier."""

    offerings: dict[str, float]
    funds: dict[str, float]
    limits: dict[str, float]
    tiers: tuple[float, ...]


@dataclass
class Response:
    """`value` (points of the tier and of earlier tiers at their price, less what is paid for shared rows) is at most `bound`.

    The rest is of the relaxed plan: points per tier, what a unit of a shared offering is worth, fen of shared funds that have a price and of
    shared limits.
    """

    value: float
    bound: float
    points: tuple[float, float, float]
    offerings: dict[str, float]
    funds: dict[str, float]
    limits: dict[str, float]


class CountyPart:
    def __init__(self, problem, pairs, offerings, funds, limits):
        """`offerings`, `funds`, `limits`: ids of shared rows; those that stand in this part are priced."""
        i = self.instance = build_instance(problem, pairs)
        r = self.relaxation = build_relaxation(i)
        self.offerings = [o for o in i.offering_ids if o in offerings]
        self.funds = [f for f in i.fund_ids if f in funds]
        self.limits = [k for k in i.limit_ids if k in limits]
        place = {o: k for k, o in enumerate(i.offering_ids)}
        fund, limit = {f: k for k, f in enumerate(i.fund_ids)}, {k: n for n, k in enumerate(i.limit_ids)}
        self.row_of_offering = r.first["capacity"] + np.array([place[o] for o in self.offerings], np.int64)
        self.row_of_fund = r.first["funds"] + np.array([fund[f] for f in self.funds], np.int64)
        self.row_of_limit = r.first.get("limits", 0) + np.array([limit[k] for k in self.limits], np.int64)
        self.row_of_tier = np.array([r.first[f"tier{t + 1}"] for t in range(3)])
        self.shared_offering = np.zeros(len(i.capacity), bool)
        self.shared_offering[[place[o] for o in self.offerings]] = True
        few = np.flatnonzero(i.max_needs < 2**61)
        dropped = r.first["max_needs"] + np.flatnonzero(self.shared_offering[few])
        shared = np.concatenate((self.row_of_offering, self.row_of_fund, self.row_of_limit, dropped))
        self.shared_rows = shared.astype(np.int64)
        self.patterns = None  # of single needs, made when first asked for
        self.answered = {}  # tier → (columns, their steps, reduced costs, prices of all rows) of the last response

    def objective(self, tier):
        i, width = self.instance, self.relaxation.matrix.shape[1]
        objective = np.zeros(width)
        objective[: i.size] = np.where(i.tier[i.need] == tier, i.points / POINTS, 0.0)
        return objective

    def columns(self, tier):
        """Columns of the tiers up to `tier` and pins: what serves later tiers can be left out without loss."""
        i, width = self.instance, self.relaxation.matrix.shape[1]
        own = np.flatnonzero((i.tier[i.need] <= tier) & (i.high > 0) | (i.low > 0))
        return np.concatenate((own, np.arange(i.size, width)))

    def scout(self, shares, losses):
        """Prices of each tier by the whole lexicographic relaxation within `shares` ({"offerings", "funds", "limits"}: id → amount).

        `losses`: the part of each tier's value that later tiers may assume lost. Units as in Prices; the tiers' prices are positive.
        """
        r, reached, found = self.relaxation, [], []
        upper = r.upper.copy()
        upper[self.row_of_offering] = [shares["offerings"][o] for o in self.offerings]
        upper[self.row_of_fund] = [shares["funds"][f] / MONEY for f in self.funds]
        upper[self.row_of_limit] = [shares["limits"][k] / MONEY for k in self.limits]
        for tier in range(3):
            lower = r.lower.copy()
            lower[self.row_of_tier[:tier]] = [v * (1 - losses[t]) for t, v in enumerate(reached)]
            within, objective = self.columns(tier), self.objective(tier)
            _, x, y = solve_lp(
                lower, upper, r.matrix[:, within], r.low[within], r.high[within], objective[within]
            )  # fmt: skip
            if x is None:
                return None
            reached.append(float(objective[within] @ x))
            found.append(self._prices(y, tier))
        return found

    def _prices(self, y, tier):
        worth = np.maximum(0.0, y)
        return Prices(
            dict(zip(self.offerings, (worth[self.row_of_offering] * POINTS).tolist(), strict=True)),
            dict(zip(self.funds, (worth[self.row_of_fund] * POINTS / MONEY).tolist(), strict=True)),
            dict(zip(self.limits, (worth[self.row_of_limit] * POINTS / MONEY).tolist(), strict=True)),
            tuple(np.maximum(0.0, -y[self.row_of_tier[:tier]]).tolist()),
        )

    def respond(self, tier, prices, *, shares=None, tighten=True, start=None):
        """The Response at these prices, or None where the relaxation was not solved.

        `start`: places of columns that were near the best before (`near`); then the relaxation is begun with these.
        `shares`: offering → units, kept instead of paid for. `tighten`: the bound by patterns too, which takes longer.
        """
        r = self.relaxation
        y = np.zeros(r.matrix.shape[0])
        y[self.row_of_fund] = [prices.funds.get(f, 0.0) * MONEY / POINTS for f in self.funds]
        y[self.row_of_limit] = [prices.limits.get(k, 0.0) * MONEY / POINTS for k in self.limits]
        y[self.row_of_tier[:tier]] = [-p for p in prices.tiers[:tier]]
        upper = r.upper
        local = np.ones(len(y), bool)
        local[self.shared_rows] = False
        local[self.row_of_tier] = False
        if shares is None:
            y[self.row_of_offering] = [prices.offerings.get(o, 0.0) / POINTS for o in self.offerings]
        else:
            upper = upper.copy()
            upper[self.row_of_offering] = [shares[o] for o in self.offerings]
            local[self.row_of_offering] = True
        within = self.columns(tier)
        matrix = r.matrix[:, within]
        objective = self.objective(tier)[within] - matrix.T @ y
        own = np.flatnonzero(local)
        rows = matrix[own]
        low, high = r.low[within], r.high[within]
        if start is None:
            _, x, duals = solve_lp(r.lower[own], upper[own], rows, low, high, objective)
        else:
            _, x, duals = self._sifted(tier, within, start, r.lower[own], upper[own], rows, low, high, objective)
        if x is None:
            return None
        bound, reduced = price_bound(r.lower[own], upper[own], rows, low, high, objective, duals)
        all_prices = y.copy()
        all_prices[own] = duals
        self.answered[tier] = (within, x, reduced, all_prices)
        if tighten:
            if self.patterns is None:
                # where an offering takes many needs, the relaxation promises next to nothing too much
                self.patterns = PatternBounds(self.instance, r, skip=crowded)
            until = time.process_time() + TIGHTEN
            bound -= self.patterns.excess(
                self.objective(tier),
                all_prices,
                lambda: time.process_time() > until,
                np.setdiff1d(self.shared_rows, own),
            )
        used = matrix @ x
        priced = [f for f in self.funds if prices.funds.get(f, 0.0) > 0]  # who pays is arbitrary where money is free
        fen = dict(zip(self.funds, (used[self.row_of_fund] * MONEY).tolist(), strict=True))
        return Response(
            value=float(objective @ x) * POINTS,
            bound=bound * POINTS,
            points=tuple((used[self.row_of_tier] * POINTS).tolist()),
            offerings=dict(zip(self.offerings, (np.maximum(0.0, all_prices[self.row_of_offering]) * POINTS).tolist(), strict=True)),
            funds={f: fen[f] for f in priced},
            limits=dict(zip(self.limits, (used[self.row_of_limit] * MONEY).tolist(), strict=True)),
        )  # fmt: skip

    def weigh(self, tier, prices, shares, steps, *, start=None):
        """The Prices of money and of earlier tiers' points beside the plan `steps`: it keeps its points of earlier tiers and its `shares` of money
        ({"funds", "limits"}: id → fen), offerings are paid for at `prices`, whose own stay. None where it was not solved. `start` as in `respond`.

        At these the county's bound is as low as prices of money and tiers can make it: they are the multipliers of its Lagrangian dual.
        """
        r = self.relaxation
        y = np.zeros(r.matrix.shape[0])
        y[self.row_of_offering] = [prices.offerings.get(o, 0.0) / POINTS for o in self.offerings]
        lower, upper = r.lower.copy(), r.upper.copy()
        kept = np.array(points_of(self.instance, steps), float)
        lower[self.row_of_tier[:tier]] = kept[:tier] * (1 - 1e-9) / POINTS
        upper[self.row_of_fund] = [shares["funds"][f] / MONEY for f in self.funds]
        upper[self.row_of_limit] = [shares["limits"][k] / MONEY for k in self.limits]
        local = np.ones(len(y), bool)
        local[self.shared_rows] = False
        local[np.concatenate((self.row_of_fund, self.row_of_limit))] = True
        local[self.row_of_tier[tier:]] = False
        within, own = self.columns(tier), np.flatnonzero(local)
        matrix = r.matrix[:, within]
        programme = (
            lower[own],
            upper[own],
            matrix[own],
            r.low[within],
            r.high[within],
            self.objective(tier)[within] - matrix.T @ y,
        )
        _, x, duals = solve_lp(*programme) if start is None else self._sifted(tier, within, start, *programme)
        if x is None:
            return None
        y[own] = duals
        return replace(self._prices(y, tier), offerings=prices.offerings)

    def _sifted(self, tier, within, start, lower, upper, rows, low, high, objective):
        i = self.instance
        began = (within >= i.size) | (low > 0) | np.isin(within, start)
        key = i.need[np.minimum(within, i.size - 1)]
        close = CLOSE * float((i.points * i.high)[start][i.tier[i.need[start]] == tier].sum()) / POINTS
        return solve_sifted(lower, upper, rows, low, high, objective, start=began, key=key, close=close)

    def near(self, tier, also=()):
        """The columns near the best of the last response of `tier`, as `matching.solver.clearing` reads them, and `column` (C,), their places.

        `also`: places named before, that stay in. Where the prices of this tier leave open which unit is used, those of the next decide, as
        far as it was asked.
        """
        i, r = self.instance, self.relaxation
        within, x, reduced, prices = self.answered[tier]
        size = int((within < i.size).sum())
        columns, x, reduced = within[:size], x[:size], reduced[:size]
        need, draw = i.need[columns], draws(columns, tier)

        def small(arrays, kind):  # half the space of what the programme computes with
            return {name: x.astype(kind) for name, x in arrays.items()}

        def among(some, most):
            order = some[np.lexsort((draw[some], -np.round(reduced[some], 6), need[some]))]
            rank = np.arange(len(order)) - np.searchsorted(need[order], need[order])
            return order[rank < most]

        chosen = (x > 1e-9) | np.isin(columns, also)
        chosen[among(np.arange(size), NEAREST[tier])] = True
        chosen[among(np.flatnonzero(self.shared_offering[i.offering[columns]]), NEAREST_SHARED)] = True
        columns, need = columns[chosen], need[chosen]
        first, count = r.first, len(i.capacity)
        capacity = prices[first["capacity"] : first["capacity"] + count]
        worth = reduced[chosen] + prices[first["needs"] + need] + i.load[columns] * capacity[i.offering[columns]]
        if tier + 1 in self.answered:
            later = self.answered[tier + 1][3].copy()
            later[first["needs"] : first["needs"] + len(i.fill)] = 0.0
            later[self.row_of_tier] = 0.0
            worth = worth - FAINT * (r.matrix[:, columns].T @ later)
        fen = r.matrix[self.row_of_limit][:, columns].tocoo()
        whole = {
            "column": columns, "need": need, "offering": i.offering[columns], "tier": i.tier[need],
            "points": i.points[columns], "limit": fen.row, "at": fen.col,
        }  # fmt: skip
        real = {"worth": worth, "load": i.load[columns], "high": r.high[columns], "fen": fen.data * MONEY}
        return small(whole, np.int32) | small(real, np.float32) | {
            "want": r.upper[first["needs"] : first["needs"] + len(i.fill)], "capacity": i.capacity, "limits": np.array(self.limits, str),
            "shared": np.array([o if own else "" for o, own in zip(i.offering_ids, self.shared_offering, strict=True)], str),
        }  # fmt: skip


def plan_part(problem, pairs, *, seconds, near=None):
    """(instance, steps, work): a valid plan of an ordinary problem, tier after tier, in about `seconds` of processor on one thread, in
    less where there are few columns.

    `near`: places of columns that were near the best at joint prices; of needs that can be split only these are searched.
    """
    whole = build_instance(problem, pairs)
    columns = np.arange(whole.size) if near is None else _worth_searching(whole, near)
    i = whole if near is None else narrowed(whole, columns)
    work = Work(min(seconds, 0.5 + whole.size / 5_000), clock=time.process_time)
    pinned = start_from_pins(i)
    greedy = fill(i, pinned)
    found = solve_tiers(i, work, pinned, pinned if broken(i, greedy) else greedy)
    steps = np.zeros(whole.size, np.int64)
    steps[columns] = found
    if broken(whole, steps):
        raise AssertionError("the county's own check refuses its plan")
    return whole, steps, work.record


def _worth_searching(instance, near):
    """Columns `near` the best, the pinned ones and all of single needs: these have few, and prices tell hardly any difference between them."""
    i = instance
    yes = (i.fill[i.need] == SINGLE) | (i.low > 0)
    yes[i.pinned] = True
    yes[near] = True
    return np.flatnonzero(yes)


def use_of(instance, steps, fund_amount=None):
    """What `steps` use: {"offerings": id → [load, needs], "funds": id → fen, "limits": id → fen}; None where the funds cannot pay."""
    i = instance if fund_amount is None else replace(instance, fund_amount=fund_amount)
    paid = fund_flows(i, [class_spending(i, steps)])
    if paid is None:
        return None
    load = used_rows(i.offering, steps * i.load, len(i.capacity))
    needs = used_rows(i.offering, (steps > 0).astype(np.int64), len(i.capacity))
    some = np.flatnonzero(needs)
    return {
        "offerings": {i.offering_ids[o]: [int(load[o]), int(needs[o])] for o in some.tolist()},
        "funds": dict(zip(i.fund_ids, paid[0].tolist(), strict=True)),
        "limits": {
            name: int((i.cost[m] * steps[m]).sum()) for name, m in zip(i.limit_ids, i.limit_members, strict=True)
        },
    }


def additions(instance, steps):
    """What could be given on top of `steps` within the instance's rows, need by need, most urgent first.

    Each entry can be taken or left by itself: {need, tier, points, columns [[column, steps]], offerings id → [load, needs],
    limits id → fen, bills [[fen, payer fund ids]]}.
    """
    i = instance
    more = fill(i, steps) - steps
    found = {}
    for column in np.flatnonzero(more).tolist():
        count, need = int(more[column]), int(i.need[column])
        entry = found.setdefault(need, {
            "need": i.need_ids[need], "tier": int(i.tier[need]), "points": 0, "columns": [], "offerings": {}, "limits": {}, "bills": [],
        })  # fmt: skip
        entry["points"] += int(i.points[column]) * count
        entry["columns"].append([column, count])
        own = entry["offerings"].setdefault(i.offering_ids[i.offering[column]], [0, 0])
        own[0] += int(i.load[column]) * count
        own[1] += int(steps[column] == 0)
        if i.cost[column]:
            fen = int(i.cost[column]) * count
            entry["bills"].append([fen, [i.fund_ids[f] for f in i.classes[i.payers[column]]]])
            for name, members in zip(i.limit_ids, i.limit_members, strict=True):
                if members[min(np.searchsorted(members, column), len(members) - 1)] == column:
                    entry["limits"][name] = entry["limits"].get(name, 0) + fen
    return sorted(found.values(), key=lambda e: (e["tier"], -e["points"], e["need"]))


def charged(instance, steps, ledger):
    """The allocations of `steps`, paid with exactly the fen that `ledger` (fund id → fen) says."""
    amounts = np.array([ledger.get(f, 0) for f in instance.fund_ids], np.int64)
    return charged_allocations(replace(instance, fund_amount=amounts), steps)


def points_of(instance, steps):
    """Points of the three tiers."""
    return list(tier_points(instance, steps))
