"""Needs that one offering fills alone and that cost nothing: volunteer hours. Group after group, two side by side, by patterns and neighbourhoods.

A group (a category) is a small assignment problem of its own; groups share household caps, and offerings that accept several categories. Each is
first solved by dives over its patterns (matching.solver.patterns), whose programme also says when nothing better exists; what the dives have
seen is put together at its best by CP-SAT; the rest of the time goes to neighbourhoods (matching.solver.assignment).
"""

import threading

import numpy as np
from ortools.sat.python import cp_model

from matching.solver.assignment import Assignment, improve
from matching.solver.instance import NO_LIMIT
from matching.solver.levels import tier_points
from matching.solver.patterns import Patterns, Unsolved, too_large
from matching.solver.rooms import split_rooms
from matching.solver.state import broken

OUTWEIGHS = (
    2_000  # points of a tier's next one that a point of the tier outweighs in one step; results are compared in these
)
DIVES, LEANS = 8, 200.0  # dives of one group, and the same inside their linear programme
LONG = 8_000  # columns of a group up to which a dive lasts about a second
POOLED = 0.2  # deterministic seconds for the best choice among all patterns seen
DIVING = 0.85  # share of a group's time after which no dive begins
SEED = 20270103


def place_hours(search, stage, tier, groups, until, *, household=None, anew=True):
    """Better places for the needs of `groups` (arrays of need rows, disjoint): more points up to `tier` (0-based), the earlier tiers first.

    `household` (H,) fen: the most the groups together may take of each household's cap (default: what is left of it). `anew`: by patterns
    first, and not only by neighbourhoods. What comes back is checked as a whole; the work is in the record.
    Returns the groups in which something better may exist.
    """
    i, steps = search.instance, search.steps
    groups = [needs for needs in groups if not _all_served(i, steps, needs, tier)]
    columns = [_open_columns(i, needs, tier) for needs in groups]
    rooms = split_rooms(i, steps, columns) if columns else None
    if rooms is None:
        return groups
    if household is not None:
        _hold_back(i, steps, columns, rooms, household)
    turns = _Turns(search.work, len(columns), until)
    tasks = [
        search.pool.submit(_placed, search, f"{stage} {k + 1}", tier, own, room, turns, anew)
        for k, (own, room) in enumerate(zip(columns, rooms, strict=True))
    ]
    joined = steps.copy()
    left = []
    for needs, own, task in zip(groups, columns, tasks, strict=True):
        used, proven = task.result()
        joined[own] = 0
        joined[used] = 1
        left += [] if proven else [needs]
    if tier_points(i, joined)[: tier + 1] > tier_points(i, steps)[: tier + 1] and not broken(i, joined):
        search.steps = joined
    return left


class _Turns:
    """When each group should be done: those that wait share what is left of the time equally."""

    def __init__(self, work, count, until, beside=2):
        self.work, self.waiting, self.until, self.beside = work, count, until, min(beside, count)
        self.lock = threading.Lock()

    def due(self):
        with self.lock:
            now = self.work.elapsed()
            rounds = -(-self.waiting // self.beside)
            self.waiting -= 1
        return now + (self.until - now) / rounds


def _hold_back(instance, steps, columns, rooms, household):
    """Lowers the rooms of capped households to `household` together: each group keeps what it has, and has of the rest what it could ask."""
    i, size = instance, len(household)
    used, wish = [], []
    for own in columns:
        now = np.bincount(i.household[i.need[own]], (steps * i.worth)[own], size)
        most = np.zeros(len(i.fill), np.int64)
        np.maximum.at(most, i.need[own], i.worth[own])
        used.append(now.astype(np.int64))
        wish.append(np.maximum(0.0, np.bincount(i.household, most, size) - now))
    spare = np.maximum(0, household - sum(used))
    share = np.minimum(1.0, spare / np.maximum(1.0, sum(wish)))
    for room, now, more in zip(rooms, used, wish, strict=True):
        held = now + np.floor(share * more + 1e-6).astype(np.int64)
        room.household = np.where(i.household_cap < NO_LIMIT, np.minimum(room.household, held), room.household)


def _all_served(instance, steps, needs, tier):
    """Whether every need up to `tier` that could be served is: then there is nothing to search."""
    columns = _open_columns(instance, needs, tier)
    return not np.setdiff1d(instance.need[columns], instance.need[columns[steps[columns] > 0]]).size


def _open_columns(instance, needs, tier):
    i = instance
    columns = i.columns_of_needs(np.sort(needs[i.tier[needs] <= tier]))
    pinned = np.zeros(len(i.fill), bool)
    pinned[i.need[i.pinned]] = True
    return columns[(i.high[columns] > 0) & ~pinned[i.need[columns]]]


def _placed(search, stage, tier, columns, room, turns, anew):
    """(the columns in use after the search of one group, whether nothing better exists)."""
    i, steps, work = search.instance, search.steps, search.work
    until, begin = turns.due(), work.elapsed()
    needs, need = np.unique(i.need[columns], return_inverse=True)
    offerings, offering = np.unique(i.offering[columns], return_inverse=True)
    households, household = np.unique(i.household[needs], return_inverse=True)
    after = tier - i.tier[i.need[columns]]
    most = 2**61
    problem = Assignment(
        need, offering, i.load[columns], OUTWEIGHS**after * i.points[columns], np.minimum(room.capacity[offerings], most),
        np.minimum(room.places[offerings], most), household, i.worth[columns], np.minimum(room.household[households], most),
    )  # fmt: skip
    chosen = np.full(len(needs), -1)
    own = np.flatnonzero(steps[columns] > 0)
    chosen[need[own]] = own
    proven = False
    if anew and problem.size <= LONG and not too_large(problem):
        patterns = Patterns(problem)
        patterns.add_chosen(chosen)
        lean = LEANS**after * i.points[columns]
        chosen, proven = _dive(
            patterns, chosen, lean, need[after > 0], work, f"{stage} dives", begin + DIVING * (until - begin)
        )
        if not proven:
            chosen = _best_of(patterns, chosen, work, f"{stage} patterns", until)
    if not proven:
        chosen = improve(problem, chosen, work, stage, until)
    return columns[chosen[chosen >= 0]], proven


def _dive(patterns, chosen, lean, urgent, work, stage, until):
    """(chosen, whether nothing is better by the points `lean` (P,), `urgent` needs first)."""
    problem, draw = patterns.problem, np.random.default_rng(SEED)
    for k in work.steps(stage, until, most=DIVES):
        try:
            found, bound = patterns.dive(lean, draw if k else None)
        except Unsolved:
            break
        if problem.valid(found) and problem.total(found) > problem.total(chosen):
            chosen = found
        # all points are whole, so less than half a point is nothing; where an earlier need waits, `lean` may not put it first
        if bound - float(lean[chosen[chosen >= 0]].sum()) < 0.5 and (chosen[urgent] >= 0).all():
            return chosen, True
    return chosen, False


def _best_of(patterns, chosen, work, stage, until):
    """The best assignment made of the patterns seen so far, by CP-SAT on one thread; never worse than `chosen`."""
    problem = patterns.problem
    for _ in work.steps(stage, until, most=1):
        patterns.add_chosen(chosen)
        model, served, taken = cp_model.CpModel(), {}, {}
        now = set(chosen[chosen >= 0].tolist())
        x = [model.new_bool_var("") for _ in patterns.members]
        for k, columns in enumerate(patterns.members):
            taken.setdefault(patterns.offering[k], []).append(x[k])
            for need in problem.need[columns].tolist():
                served.setdefault(need, []).append(x[k])
            model.add_hint(x[k], now.issuperset(columns.tolist()))
        for some in (*served.values(), *taken.values()):
            if len(some) > 1:
                model.add_at_most_one(some)
        for group in patterns.tight.tolist():
            use = [int(problem.worth[c[problem.group[problem.need[c]] == group]].sum()) for c in patterns.members]
            model.add(cp_model.LinearExpr.weighted_sum(x, use) <= int(problem.group_cap[group]))
        worth = [sum(problem.profit[c].tolist()) for c in patterns.members]
        model.maximize(cp_model.LinearExpr.weighted_sum(x, worth))
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = SEED
        solver.parameters.max_deterministic_time = POOLED
        solver.parameters.linearization_level = 2
        status = solver.solve(model)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            found = np.full(problem.count, -1)
            for k, columns in enumerate(patterns.members):
                if solver.boolean_value(x[k]):
                    found[problem.need[columns]] = columns
            if problem.valid(found) and problem.total(found) > problem.total(chosen):
                chosen = found
    return chosen
