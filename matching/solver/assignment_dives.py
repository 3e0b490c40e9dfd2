"""Generalised assignment by dives over pairs inside the programme of patterns (matching.solver.patterns).

The programme of patterns says how much of each pair belongs to the best plan; a dive fixes the pairs it is surest of, a tenth of the needs at
a time, lets it be solved again for what is left, and gives the last needs to CP-SAT. Fixing pairs and not whole patterns keeps the choice
open where an offering takes ten or more needs. New prices are asked between the best known prices and those of the programme, which swing
(Wentges, "Weighted Dantzig-Wolfe decomposition for linear mixed-integer programming", International Transactions in Operational Research 4, 1997).
"""

from dataclasses import dataclass
from itertools import islice
from math import floor

import numpy as np
from ortools.sat.python import cp_model

from matching.solver.assignment import Assignment
from matching.solver.instance import NO_LIMIT
from matching.solver.patterns import Patterns, Unsolved, too_large

NEAR = 4.0  # columns per need that dives choose from
TRUST = 0.7  # how much of the prices asked is of the best known
CLOSE = 0.3  # between the programme and its bound, from which prices are settled
AGAIN = 6  # programmes after each fixing
PART = 0.1  # of the needs fixed at a time
MANY = 2_000  # needs; a problem's share of them is the part that is fixed where that is more
CHANCE = 0.2  # how much the choice of pairs depends on its draw
LAST = 30  # needs that are placed together in the end
EFFORT = 0.5  # deterministic seconds for them
WHOLE = 0.999  # share from which a pair is fixed without choosing
POOL = 20_000  # needs in all patterns kept from dive to dive together
SEED = 20270107


class SettledPatterns(Patterns):
    """Patterns whose prices are asked near the best known ones."""

    def shares_of_columns(self, shares, live):
        """(P,) how much of each column the programme takes with `shares` of its `live` patterns."""
        pattern, columns, _ = self.flattened()
        of_pattern = np.zeros(self.size)
        of_pattern[live] = shares
        return np.bincount(columns, of_pattern[pattern], self.problem.size)

    def rounds(self, lean, centre):
        """Yields (bound, shares, live patterns, best prices (N,)) after each programme, until prices are settled. Raises Unsolved."""
        still, groups = self.all_open(), np.zeros(len(self.tight))
        every = np.full(len(self.problem.capacity), -1.0)  # whatever an offering's best set is worth, it is wanted
        bound, _ = self._ask(lean, still, centre, every, groups)
        while True:
            shares, live, needs, offerings, groups = self.optimum(lean, still)
            pattern, columns, _ = self.flattened()
            value = float(np.bincount(pattern, lean[columns], self.size)[live] @ shares) if len(live) else 0.0
            yield bound, shares, live, centre
            if bound - value < CLOSE:
                return
            for prices, worth in ((TRUST * centre + (1 - TRUST) * needs, every), (needs, offerings)):
                limit, new = self._ask(lean, still, prices, worth, groups)
                if limit < bound:
                    bound, centre = limit, prices
                if new:
                    break
            if not new:
                return


@dataclass
class _Dive:
    """A plan in the making: what is placed, the needs and columns still open, what is left of capacities and places, prices of all needs."""

    chosen: np.ndarray
    columns: np.ndarray
    capacity: np.ndarray
    places: np.ndarray
    prices: np.ndarray

    def rest(self, p):
        """(what is left as an Assignment of its own, its needs' numbers); columns that no longer fit are dropped."""
        c = self.columns
        open_ = (self.chosen[p.need[c]] < 0) & (p.load[c] <= self.capacity[p.offering[c]])
        c = self.columns = c[open_ & (self.places[p.offering[c]] > 0)]
        needs, row = np.unique(p.need[c], return_inverse=True)
        none = np.zeros(len(needs), np.int64)
        part = Assignment(
            row, p.offering[c], p.load[c], p.profit[c], self.capacity, self.places, none, np.zeros(len(c), np.int64),
            np.full(1, NO_LIMIT),
        )  # fmt: skip
        return part, needs

    def fix(self, p, column):
        """Places the need of `column` there, where it still fits."""
        need, offering = p.need[column], p.offering[column]
        if self.chosen[need] >= 0 or p.load[column] > self.capacity[offering] or not self.places[offering]:
            return
        self.chosen[need] = column
        self.capacity[offering] -= p.load[column]
        self.places[offering] -= 1


class Dives:
    """Dives for an Assignment without caps that has to serve everyone; `prices` (N,) and `lost` (P,) as of `Knapsacks`."""

    def __init__(self, problem, prices, lost):
        p = self.problem = problem
        least, most = int(p.profit.min()), int(p.profit.max())
        # serving must be worth more than any difference of cost, but profits that are large beside it would make the programme's numbers rough
        self.offset = least - 3 * (most - least) - 1
        self.lean = (p.profit - self.offset).astype(float)
        self.prices = np.maximum(0.0, prices - self.offset)
        place = min(p.size, int(NEAR * p.count)) - 1
        self.columns = np.flatnonzero(lost <= np.partition(lost, place)[place])
        self.left_out = np.delete(lost, self.columns).min(initial=np.inf)
        self.seen = Patterns(p)
        self.best, self.number, self.running = np.inf, 0, None

    def add(self, columns):
        """Adds the sets of needs that the plan or the knapsacks' best sets `columns` give each offering."""
        columns = columns[np.isin(columns, self.columns)]
        self.seen.add_chosen(columns)  # sorted by offering and cut there; its order by need is not looked at

    def settle(self, work, stage, until):
        """Prices of all needs, one programme a step."""
        dive = self._start()
        part, needs, patterns = self._patterns(dive)
        known = patterns.size
        rounds = patterns.rounds(self.lean[dive.columns], self.prices[needs])
        for _ in work.steps(stage, until):
            try:
                answer = next(rounds, None)
            except Unsolved:
                break
            if answer is None:
                break
            self.best, self.prices[needs] = answer[0], answer[3]
        self._keep(dive, patterns, known)

    @property
    def tried(self):
        """Whether a dive was taken to its end."""
        return self.number > 1 or (self.number == 1 and self.running is None)

    def bound(self, ceiling):
        """Profit that no plan serving everyone can pass, where `ceiling` is such a bound for which `lost` is true."""
        outside = floor(ceiling + 1 - self.left_out) if np.isfinite(self.left_out) else -(2**62)
        if np.isinf(self.best):
            return ceiling
        return min(ceiling, max(outside, floor(self.best) + self.problem.count * self.offset))

    def step(self):
        """A plan as of `plans`, or None while the dive goes on; the first dive is drawn by nothing. Raises Unsolved."""
        if self.running is None:
            self.running = self.plans(np.random.default_rng((SEED, self.number)) if self.number else None)
            self.number += 1
        found = next(self.running)
        if found is not None:
            self.running = None
        return found

    def plans(self, draw):
        """Yields a plan (N,), not always one that serves everyone, or None while it is in the making. Raises Unsolved."""
        dive, some = self._start(), max(PART, self.problem.count / MANY)
        while (dive.chosen < 0).any():
            part, needs, patterns = self._patterns(dive)
            if not len(needs):
                break
            if len(needs) <= LAST:
                placed = _placed(part, self.lean[dive.columns].astype(np.int64))
                dive.chosen[needs[placed >= 0]] = dive.columns[placed[placed >= 0]]
                break
            known, lean = patterns.size, self.lean[dive.columns]
            for _, shares, live, prices in islice(patterns.rounds(lean, dive.prices[needs]), AGAIN):
                share, dive.prices[needs] = patterns.shares_of_columns(shares, live), prices
                yield None
            columns = dive.columns
            self._keep(dive, patterns, known)
            if not self._fix(dive, columns, share, max(1, int(some * len(needs))), draw):
                break
            yield None
        self.seen.add_chosen(dive.chosen)
        yield dive.chosen

    def _start(self):
        p = self.problem
        places = np.minimum(p.max_needs, p.count)
        return _Dive(np.full(p.count, -1), self.columns, p.capacity.copy(), places, self.prices.copy())

    def _patterns(self, dive):
        """(what is left, its needs, its patterns): known ones without what is placed already, where they still fit."""
        p = self.problem
        part, needs = dive.rest(p)
        patterns = SettledPatterns(part)
        place = np.full(p.size, -1)
        place[dive.columns] = np.arange(len(dive.columns))
        if not self.seen.size or not len(needs):
            return part, needs, patterns
        pattern, columns, offering = self.seen.flattened()
        fixed = dive.chosen[p.need[columns]] == columns
        shut = np.bincount(pattern, ~fixed & (place[columns] < 0), self.seen.size) > 0
        load = np.bincount(pattern, p.load[columns] * ~fixed, self.seen.size)
        count = np.bincount(pattern, ~fixed, self.seen.size)
        fits = ~shut & (load <= dive.capacity[offering]) & (count > 0) & (count <= dive.places[offering])
        own = np.split(place[columns], np.flatnonzero(np.diff(pattern)) + 1)
        for k in np.flatnonzero(fits).tolist():
            patterns.add(own[k][own[k] >= 0])
        return part, needs, patterns

    def _keep(self, dive, patterns, known):
        """Adds the patterns from number `known` on, together with what is placed already, for later dives."""
        p = self.problem
        placed = dive.chosen[dive.chosen >= 0]
        for k in range(known, patterns.size):
            beside = placed[p.offering[placed] == patterns.offering[k]]
            self.seen.add(np.concatenate((dive.columns[patterns.members[k]], beside)))
        most = POOL * len(p.capacity) // p.count  # as many patterns as that makes
        if self.seen.size > most:
            old, self.seen = self.seen, Patterns(p)
            for columns in old.members[-most * 3 // 4 :]:
                self.seen.add(columns)

    def _fix(self, dive, columns, share, some, draw):
        """Fixes the pairs that are whole, and `some` more of those with the greatest share; whether there was any."""
        rank = np.argsort(-(share + CHANCE * draw.random(len(share)) if draw is not None else share), kind="stable")
        rank = rank[share[rank] > 1e-6]
        for k in rank[share[rank] > WHOLE].tolist():
            dive.fix(self.problem, columns[k])
        for k in rank[share[rank] <= WHOLE][:some].tolist():
            dive.fix(self.problem, columns[k])
        return len(rank) > 0


def search_dives(problem, dives, chosen, work, stage, until, notify):
    """The best plan of dives until second `until`, at least as good as `chosen`.

    A step is one programme, or the last placing; a dive left unfinished goes on in the next stage with the same `dives`.
    """
    for _ in work.steps(stage, until):
        try:
            found = dives.step()
        except Unsolved:
            break
        if found is None or (found < 0).any() or not problem.valid(found):
            continue
        if problem.total(found) > problem.total(chosen):
            chosen = found
            notify(chosen)
    return chosen


def divable(problem):
    """Whether dives apply: no caps of groups, and tables of knapsacks that are not too large."""
    return bool((problem.group_cap >= NO_LIMIT).all()) and not too_large(problem)


def _placed(part, lean):
    """(N,) the column of each need, -1 for none, so that `lean` is greatest as far as CP-SAT finds it."""
    model = cp_model.CpModel()
    x = [model.new_bool_var("") for _ in range(part.size)]
    for need in range(part.count):
        model.add_at_most_one(x[part.by_need[need] : part.by_need[need + 1]])
    for offering in np.unique(part.offering).tolist():
        columns = part.order[part.by_offering[offering] : part.by_offering[offering + 1]]
        some = [x[k] for k in columns.tolist()]
        model.add(cp_model.LinearExpr.weighted_sum(some, part.load[columns].tolist()) <= int(part.capacity[offering]))
        model.add(cp_model.LinearExpr.sum(some) <= int(part.max_needs[offering]))
    model.maximize(cp_model.LinearExpr.weighted_sum(x, lean.tolist()))
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = SEED
    solver.parameters.max_deterministic_time = EFFORT
    solver.parameters.linearization_level = 2
    solver.parameters.symmetry_level = 0
    solver.parameters.cp_model_probing_level = 0
    placed = np.full(part.count, -1)
    if solver.solve(model) in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        columns = np.array([k for k, var in enumerate(x) if solver.boolean_value(var)], np.int64)
        placed[part.need[columns]] = columns
    return placed
