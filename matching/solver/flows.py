"""Help that can be split flows from offerings to needs: under given prices the best plan of all three tiers is one minimum-cost flow.

What stands between a matching problem and a network flow are a few rows: limits, funds, household caps. Each gets a price per fen; for
fixed prices the flow is exact and in whole units (Ahuja, Magnanti, Orlin: Network Flows, 1993, ch. 16.4), and the prices are found by
cutting planes on the Lagrangian dual (Kelley 1960) inside a box around the best prices so far. Needs filled from a single offering are
not part of the flow; needs filled whole are, and what comes out in part is mended afterwards.
"""

from dataclasses import dataclass, replace

import numpy as np
from ortools.graph.python import max_flow
from scipy import sparse

from matching.solver.construct import fill
from matching.solver.instance import NO_LIMIT, SINGLE, WHOLE
from matching.solver.large import draws
from matching.solver.levels import tier_points
from matching.solver.relaxation import POINTS, solve_lp
from matching.solver.state import class_spending, used_rows
from matching.solver.transport import best_flow

EXCHANGE = 300  # far above what a point of one tier can buy in the next
FINE = 4  # parts of a point that prices are rounded to inside the flow
FIRST_PRICE = 64.0  # points per fen: the most a row is priced at when it is first seen to bind
MOST_ROUNDS = (4, 1)  # flows over a choice of the columns, then over all of them
CHEAP, DRAWN = 8, 12  # columns a need has in the choice: its cheapest, and others drawn
SLIP = (
    1e-4  # what a plan by flows may lose of tier 2 and still be taken for what it brings to tier 3; searched back later
)
CLOSE = 3e-4  # relative to the points of the last tier: closer than this the prices are good enough
ASKED = (3, 1)  # times that programme is solved, each time over more columns; in a brief search
JOINED = 10  # flows whose columns are joined in one linear programme
LATEST = 60.0  # seconds after which that programme is given up
TRIED = (2, 1)  # flows that are made into plans, the most promising first; in a brief search


@dataclass
class Row:
    """Σ use·steps ≤ room over the columns of the flow, in fen."""

    name: tuple
    use: np.ndarray
    room: int


def next_prices(worth, uses, rooms, centre, reach, first):
    """(prices (R,), the model's value) that minimise the dual as far as `K` flows show it, or None.

    `worth` (K,), `uses` (K, R) of the flows seen, `rooms` (R,). The model is the greatest of the flows' worth − Σ price·(use − room), below
    the dual everywhere (Kelley 1960); each price stays within the factor `reach` of `centre` (R,), one that was 0 below `first`.
    """
    scale = 1e6
    matrix = sparse.csr_matrix(np.hstack((np.ones((len(worth), 1)), uses / scale)))
    wide = reach > 2
    high = np.maximum(reach * centre, first if wide else first / 100)
    low = np.zeros(len(centre)) if wide else np.where(centre > first / 64, centre / reach, 0.0)
    # maximise −θ − Σ price·room, subject to θ + Σ price·use ≥ worth for every flow
    status, x, _ = solve_lp(
        worth / scale, np.full(len(worth), np.inf), matrix, np.concatenate(([-1e13], low)),
        np.concatenate(([1e15], high)), np.concatenate(([-1.0], -rooms / scale)),
    )  # fmt: skip
    if status != "OPTIMAL":
        return None
    return x[1:], scale * (x[0] + x[1:] @ (rooms / scale))


class Flow:
    def __init__(self, instance, steps, tier, *, keep=True, brief=False):
        """All columns of the tiers up to `tier` (0-based) that may flow beside `steps` (P,): what single needs and pins hold stays; `keep`: single
        needs without a place keep room in their household's cap; `brief`: fewer plans are made, which loses about a thousandth of the last tier."""
        i = self.instance = instance
        self.asked, self.tried = ASKED[brief], TRIED[brief]
        self.kept = np.where((i.fill[i.need] == SINGLE) | (i.low > 0), steps, 0)
        flows = (i.fill[i.need] != SINGLE) & (i.high > 0) & (i.low == 0) & (i.tier[i.need] <= tier)
        self.columns = np.flatnonzero(flows)
        self.last = tier
        self.weights = EXCHANGE ** np.arange(tier, -1, -1, dtype=np.int64)
        self.need_room = i.steps_wanted - used_rows(i.need, self.kept, len(i.fill))
        self.capacity = i.capacity - used_rows(i.offering, self.kept * i.load, len(i.capacity))
        self.spent = class_spending(i, self.kept)
        self.cost = i.cost[self.columns]
        self.before = steps[self.columns]
        self.cap_room = i.household_cap - used_rows(i.household[i.need], self.kept * i.worth, len(i.household_cap))
        self.paid = np.bincount(i.need, i.cost > 0, len(i.fill)) > 0  # (N,) needs that cost money
        hours, dear = self._kept_free(tier, steps) if keep else (np.zeros(len(i.household_cap), np.int64),) * 2
        free = hours + dear
        self.cap_room -= free
        self.beside = replace(i, household_cap=np.where(i.household_cap < NO_LIMIT, i.household_cap - hours, NO_LIMIT))
        kept = np.where(i.fill[i.need] == SINGLE, self.kept * i.worth, 0)
        self.left = used_rows(i.household[i.need], kept, len(i.household_cap)) + free
        self.home = i.household[i.need[self.columns]]
        self.points = i.points[self.columns]
        self.tier = i.tier[i.need[self.columns]]
        self.worth = self.weights[self.tier] * self.points
        self.rows = [self._limit(k) for k in range(len(i.limit_max))]
        self.choice = self._choice()

    def _kept_free(self, tier, steps):
        """Fen per household, (hours, paid), that single needs of `tier` without a place could still take of its cap: they have fewer places to
        go than goods of the same tier, which get what they leave, but what earlier tiers hold stays theirs. Those that cost money compete
        with goods for it too and keep at most half."""
        i = self.instance
        held = np.bincount(i.need, self.kept, len(i.fill)) > 0
        some = np.flatnonzero((i.fill[i.need] == SINGLE) & (i.tier[i.need] == tier) & ~held[i.need] & (i.high > 0))
        most = np.zeros(len(i.fill), np.int64)
        np.maximum.at(most, i.need[some], i.worth[some])
        paid = np.bincount(i.need, i.cost > 0, len(i.fill)) > 0
        asked, dear = (
            used_rows(i.household, np.where(paid == which, most, 0), len(i.household_cap)) for which in (False, True)
        )
        rest = np.maximum(0, i.household_cap - used_rows(i.household[i.need], steps * i.worth, len(i.household_cap)))
        asked = np.minimum(asked, rest)
        return asked, np.minimum(dear, (rest - asked) // 2)

    def _choice(self):
        """Some columns of each need, among which prices are found quickly."""
        i = self.instance
        need = i.need[self.columns]
        order = np.lexsort((i.distance[self.columns], self.cost, need))
        cheap = np.empty(len(order), np.int64)
        cheap[order] = np.arange(len(order)) - np.searchsorted(need[order], need[order])
        rank = np.where(cheap < CHEAP, -1.0, draws(self.columns, self.last))
        order = np.lexsort((rank, need))
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order)) - np.searchsorted(need[order], need[order])
        return place < CHEAP + DRAWN

    def _limit(self, k):
        i = self.instance
        inside = np.zeros(i.size, bool)
        inside[i.limit_members[k]] = True
        used = int((self.kept * i.cost)[inside].sum())
        return Row(("limit", k), np.where(inside[self.columns], self.cost, 0), int(i.limit_max[k]) - used)

    # -- one flow -----------------------------------------------------------------------------------------------------

    def best(self, prices, within=None):
        """The flow (columns,) of most Σ weight·points − Σ price·use; `prices` one per row of `self.rows`, in points of the last tier per fen;
        only columns marked in `within`."""
        i = self.instance
        profit = (self.worth * FINE).astype(float)
        for row, price in zip(self.rows, prices, strict=True):
            if price > 0:
                profit -= price * FINE * row.use
        profit = np.floor(profit).astype(np.int64)
        most = i.high[self.columns] if within is None else np.where(within, i.high[self.columns], 0)
        return best_flow(i.need[self.columns], i.offering[self.columns], most, profit, self.need_room, self.capacity)

    # -- prices -------------------------------------------------------------------------------------------------------

    def search(self, relaxation, rounds=MOST_ROUNDS, stop=lambda: False):
        """(steps (P,), rounds done per phase): the best of the plans made from the flows at better and better prices.

        First over a choice of the columns, then over all; at most `rounds` flows in each phase, and `stop` is asked after each flow of
        the first. The plans keep every row of the contract.
        """
        seen, done = [], []
        prices = np.zeros(len(self.rows))
        for within, most in zip((self.choice, None), rounds, strict=True):
            prices, count = self._phase(seen, prices, within, most, stop if within is not None else lambda: False)
            done.append(count)
        plans = [self.plan(flow, prices) for flow in self._promising(seen, prices)]
        joined = self._joined(relaxation, [flow for _, flow in seen[-JOINED:]])
        if joined is not None:
            plans.append(self.plan(joined, prices))
            plans += self._as_before(joined, prices, plans[-1])
        return self._best_plan(plans), done

    def _as_before(self, flow, prices, plan):
        """[the plan of `flow` in which needs of earlier tiers that would lose by `plan` are served as before, at the cost of the last tier]."""
        i = self.instance
        had = np.zeros(i.size, np.int64)
        had[self.columns] = self.before
        lost = used_rows(i.need, plan, len(i.fill)) < used_rows(i.need, had, len(i.fill))
        own = (lost & (i.tier < self.last))[i.need[self.columns]]
        return [self.plan(np.where(own, self.before, flow), prices)] if own.any() else []

    def worth_of(self, points):
        """Points of the tiers in one sum, as the flow weighs them."""
        return sum(int(w) * v for w, v in zip(self.weights, points, strict=False))

    def _best_plan(self, plans):
        """Of the plans that lose next to nothing of the earlier tiers against the best of them, the one worth most."""
        reached = [tier_points(self.instance, steps) for steps in plans]
        best = max(reached)[: self.last]
        close = [
            k
            for k, points in enumerate(reached)
            if all(p >= b * (1 - SLIP) for p, b in zip(points, best, strict=False))
        ]
        return plans[max(close, key=lambda k: self.worth_of(reached[k]))]

    def _phase(self, seen, prices, within, most, stop):
        """(the best prices, flows made): adds to `seen` until the prices are close to the best or `most` flows are made."""
        least, centre = None, prices
        made = 0
        while made < most:
            made += 1
            flow = self.best(prices, within)
            new = self._broken_rows(flow)
            self.rows += new
            prices = np.concatenate((prices, np.zeros(len(new))))
            worth = float((self.worth * flow).sum())
            seen.append((worth, flow))
            dual = worth + sum(p * (r.room - int(r.use @ flow)) for p, r in zip(prices, self.rows, strict=True))
            if least is None or dual < least or new:
                least, centre = dual, prices
            reach = (8.0 if made < 5 else 1.5) if within is not None else 1.2
            uses = np.array([[int(r.use @ flow) for r in self.rows] for _, flow in seen], float)
            rooms = np.array([r.room for r in self.rows], float)
            guess = next_prices(np.array([worth for worth, _ in seen]), uses, rooms, centre, reach, FIRST_PRICE)
            if guess is None or stop():
                break
            prices, promised = guess
            last = float((self.points * flow)[self.tier == self.last].sum())
            if not (prices > 0).any() or least - promised <= CLOSE * max(1.0, last):
                break
        return np.concatenate((centre, np.zeros(len(self.rows) - len(centre)))), made

    def _joined(self, relaxation, flows):
        """The linear optimum rounded down, over the columns that any of `flows` uses and those its own prices ask for; None: not found."""
        i, r = self.instance, relaxation
        inside = np.any([flow > 0 for flow in flows], axis=0)
        fixed = np.zeros(r.matrix.shape[1])
        fixed[: i.size] = self.kept
        taken = r.matrix @ fixed
        free = r.lower.copy()
        for tier in range(3):
            free[r.first[f"tier{tier + 1}"]] = -np.inf
        objective = np.zeros(r.matrix.shape[1])
        objective[self.columns] = self.worth / POINTS
        charges, flow = np.arange(i.size, r.matrix.shape[1]), None
        for _ in range(self.asked):
            within = np.concatenate((self.columns[inside], charges))
            status, x, prices = solve_lp(
                free - taken, r.upper - taken, r.matrix[:, within], np.zeros(len(within)), r.high[within],
                objective[within], seconds=LATEST,
            )  # fmt: skip
            if status != "OPTIMAL":
                return flow
            flow = np.zeros(len(self.columns), np.int64)
            flow[inside] = np.floor(x[: len(within) - len(charges)] + 1e-6)
            gain = (objective - r.matrix.T @ prices)[self.columns]
            asked = gain * np.minimum(i.high[self.columns], self.need_room[i.need[self.columns]])
            if asked[~inside].max(initial=0.0) <= 1e-7 * (x @ objective[within]):
                break
            best = np.zeros(len(i.fill))
            np.maximum.at(best, i.need[self.columns], np.where(inside, 0.0, gain))
            inside = inside | ((gain > 0) & (gain >= 0.5 * best[i.need[self.columns]]) & ~inside)
        return flow

    def _promising(self, seen, prices):
        """The flows whose points less what they overdraw at `prices` are greatest."""

        def left(entry):
            worth, flow = entry
            over = [max(0, int(r.use @ flow) - r.room) for r in self.rows]
            return worth - 2 * float(np.dot(prices, over))

        return [flow for _, flow in sorted(seen, key=left, reverse=True)[: self.tried]]

    def _broken_rows(self, flow):
        """Rows for household caps that the flow passes, and for the sets of payer classes that their funds together cannot pay."""
        i = self.instance
        known = {r.name for r in self.rows}
        found = []
        got = used_rows(self.home, i.worth[self.columns] * flow, len(i.household_cap))
        for h in np.flatnonzero((i.household_cap < NO_LIMIT) & (got > self.cap_room)).tolist():
            if ("household", h) not in known:
                use = np.where(self.home == h, i.worth[self.columns], 0)
                found.append(Row(("household", h), use, max(0, int(self.cap_room[h]))))
        classes = self._unpaid(self.spent + used_rows(
            np.maximum(i.payers[self.columns], 0), np.where(i.payers[self.columns] >= 0, self.cost * flow, 0), len(i.classes)
        )) if i.classes else ()  # fmt: skip
        if classes and ("funds", classes) not in known:
            funds = {f for k in classes for f in i.classes[k]}
            room = int(sum(int(i.fund_amount[f]) for f in funds) - self.spent[list(classes)].sum())
            use = np.where(np.isin(i.payers[self.columns], classes), self.cost, 0)
            found.append(Row(("funds", classes), use, max(0, room)))
        return found

    def _unpaid(self, spending):
        """The payer classes whose funds together cannot pay their spending (a minimum cut), () where all is paid."""
        i = self.instance
        asked = np.flatnonzero(spending).tolist()
        network = max_flow.SimpleMaxFlow()
        first = 2 + len(i.fund_amount)
        for place, k in enumerate(asked):
            network.add_arc_with_capacity(0, first + place, int(spending[k]))
            for fund in i.classes[k]:
                network.add_arc_with_capacity(first + place, 2 + fund, int(spending[k]))
        for fund, amount in enumerate(i.fund_amount.tolist()):
            network.add_arc_with_capacity(2 + fund, 1, max(0, amount))
        if not asked or network.solve(0, 1) != network.OPTIMAL or network.optimal_flow() == spending.sum():
            return ()
        side = set(network.get_source_side_min_cut())
        return tuple(k for place, k in enumerate(asked) if first + place in side)

    # -- a plan -------------------------------------------------------------------------------------------------------

    def plan(self, flow, prices):
        """Steps (P,) from a flow: what breaks a row is taken back where it earns least, what is left free is given out again."""
        i = self.instance
        flow = self._within_capacity(flow)
        while True:
            self.rows += self._broken_rows(flow)
            prices = np.concatenate((prices, np.zeros(len(self.rows) - len(prices))))
            over = [(int(r.use @ flow) - r.room, r) for r in self.rows]
            over = [(much, r) for much, r in over if much > 0]
            if not over:
                break
            for much, row in over:
                some = np.flatnonzero((row.use > 0) & (flow > 0))
                for k in some[np.lexsort((some, self.worth[some] / row.use[some]))].tolist():
                    if much <= 0:
                        break
                    back = min(int(flow[k]), -(-much // int(row.use[k])))
                    flow[k] -= back
                    much -= back * int(row.use[k])
        steps = self.kept.copy()
        steps[self.columns] = flow
        self._drop_halves(steps)
        self._keep_places(steps)
        self._drop_halves(steps)
        money = np.zeros(len(self.columns))
        for row, price in zip(self.rows, prices, strict=True):
            money += price * row.use
        key = np.zeros(i.size)
        key[self.columns] = money
        gain = np.full(len(i.fill), -np.inf)
        np.maximum.at(gain, i.need[self.columns], self.points - money)
        order = np.lexsort((-gain, i.tier))
        order = order[(i.tier[order] <= self.last) & ((i.fill[order] != SINGLE) | self.paid[order])]
        return fill(self.beside, steps, order=order, key=key)

    def _within_capacity(self, flow):
        """`flow` less what an offering does not have, taken back where it earns least for what it takes."""
        i, flow = self.instance, flow.copy()
        offering, load = i.offering[self.columns], i.load[self.columns]
        over = used_rows(offering, flow * load, len(i.capacity)) - self.capacity
        for o in np.flatnonzero(over > 0).tolist():
            some = np.flatnonzero((offering == o) & (flow > 0) & (load > 0))
            for k in some[np.lexsort((some, self.worth[some] / load[some]))].tolist():
                if over[o] <= 0:
                    break
                back = min(int(flow[k]), -(-int(over[o]) // int(load[k])))
                flow[k] -= back
                over[o] -= back * load[k]
        return flow

    def _drop_halves(self, steps):
        i = self.instance
        got = used_rows(i.need, steps, len(i.fill))
        halves = np.flatnonzero((i.fill == WHOLE) & (got > 0) & (got < i.steps_wanted))
        steps[np.isin(i.need, halves) & (i.low == 0)] = 0

    def _keep_places(self, steps):
        """Offerings that would serve more needs than they may let go of those that earn least."""
        i = self.instance
        count = used_rows(i.offering, (steps > 0).astype(np.int64), len(i.capacity))
        for offering in np.flatnonzero(count > i.max_needs).tolist():
            own = i.columns_of_offering(offering)
            own = own[(steps[own] > 0) & (i.low[own] == 0)]
            earned = self.weights[i.tier[i.need[own]]] * i.points[own] * steps[own]
            steps[own[np.argsort(earned, kind="stable")[: int(count[offering] - i.max_needs[offering])]]] = 0
