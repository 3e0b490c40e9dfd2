"""Single-source assignment where an offering takes many needs: the linear optimum over pairs, rounded, is nearly a plan already.

The programme has about as many split needs as offerings that run full, so that a group of ten needs to an offering is nine tenths decided, and
its bound is nearly reached; patterns (matching.solver.patterns) are as tight but many. What rounding loses is won back in steps that are small
and quick (`assignment.improve`). In groups of two or three needs to an offering it is the other way round.
"""

import numpy as np
from scipy import sparse

from matching.solver.assignment import improve
from matching.solver.relaxation import solve_lp

CROWDED = 5.3  # needs that could be served per offering, from which a group is rounded and not searched by patterns
EFFORT, WIDTH = 0.02, 2  # deterministic seconds of a step, and offerings that the first of them frees
NEAR = 3e-4  # part of the last tier's points by which a plan may miss the bound and be left
UNIT = 1_000.0  # fen of a household's cap that count as one in the programme


def crowded(problem):
    """Whether an offering of the Assignment takes so many needs that rounding is the better start."""
    p = problem
    return bool(p.size) and len(np.unique(p.need)) >= CROWDED * len(np.unique(p.offering))


def search_crowded(problem, chosen, lean, urgent, work, stage, until):
    """(chosen (N,), whether nothing better exists, bound in `lean` or None), as `pattern_search.search_group`."""
    bound = None
    for _ in work.steps(f"{stage} rounded", until, most=1):
        found, bound = rounded(problem, chosen, lean, urgent)
        if problem.total(found) > problem.total(chosen):
            chosen = found
    last = np.ones(problem.count, bool)
    last[urgent] = False

    def left(plan):  # may miss the points of all tiers' bound
        return np.inf if bound is None else bound - float(lean[plan[plan >= 0]].sum())

    def near(plan):
        return left(plan) < NEAR * float(lean[plan[(plan >= 0) & last]].sum())

    chosen = improve(problem, chosen, work, stage, until, width=WIDTH, effort=EFFORT, enough=near)
    return chosen, bool(left(chosen) < 0.5 and (chosen[urgent] >= 0).all()), bound


def rounded(problem, chosen, lean, urgent):
    """(a valid plan (N,), the bound in `lean` (P,)): the whole needs of the linear optimum, needs of earlier tiers, `urgent`, that `chosen` serves
    placed again in the room of others, and what is free given out. (`chosen`, None) where the programme is not solved."""
    p = problem
    x, bound = _linear(p, lean)
    if x is None:
        return chosen, None
    found = np.full(p.count, -1)
    whole = np.flatnonzero(x > 1 - 1e-6)
    found[p.need[whole]] = whole
    plan = _Plan(p, found)
    first = np.zeros(p.count, bool)
    first[urgent] = True
    missing = np.flatnonzero(first & (chosen >= 0) & (found < 0))
    for need in missing[np.argsort(-p.profit[chosen[missing]], kind="stable")].tolist():
        plan.make_room(need, ~first)
    dearest = np.argsort(-lean / np.maximum(1, p.load), kind="stable")
    for column in dearest[plan.chosen[p.need[dearest]] < 0].tolist():
        if plan.fits(column):
            plan.place(column)
    return plan.chosen, bound


def _linear(problem, lean):
    """(x (P,), bound in `lean`) of the programme over pairs; (None, None) where it is not solved."""
    p, offerings = problem, len(problem.capacity)
    asked = np.bincount(p.group[p.need], p.worth, len(p.group_cap))
    tight = np.flatnonzero(asked > p.group_cap)
    few = np.flatnonzero(p.max_needs < np.bincount(p.offering, minlength=offerings))
    row, column, value = [p.need, p.count + p.offering], [np.arange(p.size)] * 2, [np.ones(p.size), p.load]
    upper = [np.ones(p.count), p.capacity, p.group_cap[tight] / UNIT, p.max_needs[few]]
    first = p.count + offerings
    for names, key, use in ((tight, p.group[p.need], p.worth / UNIT), (few, p.offering, np.ones(p.size))):
        place = np.full(max(len(p.group_cap), offerings), -1)
        place[names] = first + np.arange(len(names))
        some = np.flatnonzero((place[key] >= 0) & (use > 0))
        row.append(place[key[some]])
        column.append(some)
        value.append(use[some])
        first += len(names)
    entries = (np.concatenate(value), (np.concatenate(row), np.concatenate(column)))
    matrix = sparse.csc_matrix(entries, shape=(first, p.size))
    most, scale = np.concatenate(upper).astype(float), max(1.0, float(lean.max()))
    _, x, prices = solve_lp(np.full(first, -np.inf), most, matrix, np.zeros(p.size), np.ones(p.size), lean / scale)
    if x is None:
        return None, None
    prices = np.maximum(0.0, prices)
    gain = np.maximum(0.0, lean / scale - matrix.T @ prices)
    bound = prices @ most + gain.sum()
    return x, float((bound + 1e-11 * (prices @ most + lean.sum() / scale)) * scale)


class _Plan:
    """A plan in the making with what is left of every row."""

    def __init__(self, problem, chosen):
        p = self.problem = problem
        self.chosen = chosen
        load, places, worth = p.used(chosen[chosen >= 0])
        self.capacity, self.places, self.cap = p.capacity - load, p.max_needs - places, p.group_cap - worth

    def fits(self, column):
        p, need, offering = self.problem, self.problem.need[column], self.problem.offering[column]
        return bool(
            self.chosen[need] < 0 and p.load[column] <= self.capacity[offering] and self.places[offering] > 0
            and p.worth[column] <= self.cap[p.group[need]]
        )  # fmt: skip

    def place(self, column, sign=1):
        p, need, offering = self.problem, self.problem.need[column], self.problem.offering[column]
        self.chosen[need] = column if sign > 0 else -1
        self.capacity[offering] -= sign * p.load[column]
        self.places[offering] -= sign
        self.cap[p.group[need]] -= sign * p.worth[column]

    def make_room(self, need, others):
        """Places `need` where the fewest points of the needs `others` (N,) have to go for it; leaves all as it is where there is no such place."""
        p, best = self.problem, None
        for column in range(p.by_need[need], p.by_need[need + 1]):
            gone = self._in_the_way(column, others)
            if gone is not None:
                lost = int(p.profit[gone].sum())
                if best is None or lost < best[0]:
                    best = lost, column, gone
        if best is not None:
            for column in best[2]:
                self.place(column, -1)
            self.place(best[1])

    def _in_the_way(self, column, others):
        """The columns of `others` that have to go so that `column` fits, those first that earn least for the room they take; None: not enough."""
        p, offering = self.problem, self.problem.offering[column]
        group = p.group[p.need[column]]
        load, places, cap = (
            p.load[column] - self.capacity[offering],
            1 - self.places[offering],
            p.worth[column] - self.cap[group],
        )
        gone = []
        here = p.order[p.by_offering[offering] : p.by_offering[offering + 1]]
        here = here[(self.chosen[p.need[here]] == here) & others[p.need[here]]]
        for other in here[np.argsort(p.profit[here] / np.maximum(1, p.load[here]), kind="stable")].tolist():
            if load <= 0 and places <= 0:
                break
            gone.append(other)
            load, places = load - p.load[other], places - 1
            cap -= p.worth[other] if p.group[p.need[other]] == group else 0
        return None if load > 0 or places > 0 or cap > 0 else gone
