"""Single-source assignment with capacities: each need takes one offering or none; profit is maximised.

The kernel for what a county finds hardest, volunteer hours, and for the public generalised-assignment files. It works on arrays only and
knows nothing of tiers or money: the caller says what a pair is worth. Interface, for the caller:

    problem = Assignment(need, offering, load, profit, capacity, max_needs, group, worth, group_cap)
    chosen = improve(problem, chosen, work, "tier3 hours", until=60.0, prices=None, seed=1, most=None)

`chosen` (N,) is the column of each need, -1 for none; the start must be valid, and what comes back is valid and never worth less. The
number of steps is recorded in `work` under the stage's name and repeated by a replay; each step is limited by CP-SAT's deterministic time, never by the clock.

A step frees some offerings: all needs there, and the needs without one that could go there, are placed anew among these offerings by CP-SAT
on one thread, which has to do better or at least as well. Offerings that want each other's needs are freed together; the number freed
follows what can be solved to the end.
"""

from dataclasses import dataclass

import numpy as np
from ortools.sat.python import cp_model

from matching.solver.instance import NO_LIMIT, ranges

EFFORT = 0.25  # deterministic seconds of one step
SPREAD = (
    0.5,
    0.75,
    1.0,
    1.0,
    1.5,
    2.5,
)  # of `near`, drawn for each step: few columns of many offerings, or many of few
SEED = 20270101


@dataclass
class Assignment:
    """Shapes: P columns sorted by need, N needs, O offerings, G groups. All numbers whole; NO_LIMIT where a row has no limit."""

    need: np.ndarray  # (P,) row of the need, ascending
    offering: np.ndarray  # (P,)
    load: np.ndarray  # (P,) capacity the need takes here
    profit: np.ndarray  # (P,) maximised
    capacity: np.ndarray  # (O,)
    max_needs: np.ndarray  # (O,)
    group: np.ndarray  # (N,) the household of a need
    worth: np.ndarray  # (P,) what the column takes of its group's cap
    group_cap: np.ndarray  # (G,) what is left of the cap for these needs
    everyone: bool = False  # a plan that serves everybody may not become one that does not

    def __post_init__(self):
        self.count = len(self.group)
        self.by_need = np.searchsorted(self.need, np.arange(self.count + 1))
        self.order = np.argsort(self.offering, kind="stable")
        self.by_offering = np.searchsorted(self.offering[self.order], np.arange(len(self.capacity) + 1))

    @property
    def size(self):
        return len(self.need)

    def total(self, chosen):
        """The profit of `chosen` as a Python integer."""
        return sum(self.profit[chosen[chosen >= 0]].tolist())

    def valid(self, chosen):
        """Whether `chosen` (N,) breaks no row."""
        columns = chosen[chosen >= 0]
        if (self.need[columns] != np.flatnonzero(chosen >= 0)).any():
            return False
        load, places, worth = self.used(columns)
        return bool(
            (load <= self.capacity).all() and (places <= self.max_needs).all() and (worth <= self.group_cap).all()
        )

    def used(self, columns):
        """(load, number of needs) per offering and worth per group of the chosen `columns`."""
        load = np.zeros(len(self.capacity), np.int64)
        np.add.at(load, self.offering[columns], self.load[columns])
        worth = np.zeros(len(self.group_cap), np.int64)
        np.add.at(worth, self.group[self.need[columns]], self.worth[columns])
        return load, np.bincount(self.offering[columns], minlength=len(self.capacity)), worth


def nearest(problem, lost, columns):
    """The loss up to which there are so many `columns` per need on average, for `near` of `improve`."""
    place = min(problem.size, int(columns * problem.count)) - 1
    return float(np.partition(lost, place)[place])


def improve(
    problem, chosen, work, stage, until, *, prices=None, seed=SEED, most=None, width=4, near=None, notify=None, effort=EFFORT,
    enough=lambda chosen: False,
):  # fmt: skip
    """`chosen` made better by neighbourhood search until second `until` of the run, at most `most` steps.

    `prices` (P,) is what a column is worth less than the best of its need, ≥ 0 (default: by profit alone); columns that lose more than
    `near` (default: all are kept) are left out of a step. `notify(chosen)` is called after each gain, then `enough(chosen)` says whether to
    stop. `effort` deterministic seconds of a step, `width` offerings it frees at first.
    """
    if enough(chosen):
        most = 0
    search = _Neighbourhoods(problem, chosen, prices, seed, near, width, effort)
    cut_off = set((work.recorded(stage) or {}).get("cut_off", ())) if work.replaying else set()
    for k in work.steps(stage, until, most=most):
        seconds = 3_600.0 if work.replaying else max(0.05, until - work.elapsed())
        gained = search.step(0.0 if k in cut_off else seconds)
        if search.cut_off:  # what the clock cut off is dropped, so that a replay can leave it out
            work.recorded_now(stage).setdefault("cut_off", []).append(k)
        if gained and notify is not None:
            notify(search.chosen)
        if gained and enough(search.chosen):
            break
    return search.chosen


class _Neighbourhoods:
    def __init__(self, problem, chosen, prices, seed, near, width, effort):
        p = self.problem = problem
        self.chosen = chosen.copy()
        self.draw = np.random.default_rng(seed)
        best = np.maximum.reduceat(p.profit, p.by_need[:-1][np.diff(p.by_need) > 0]) if p.size else np.zeros(0)
        lost = np.zeros(p.size)
        if p.size:
            lost = (np.repeat(best, np.diff(p.by_need)[np.diff(p.by_need) > 0]) - p.profit).astype(float)
        self.lost = lost if prices is None else np.maximum(0.0, prices)
        self.near = np.inf if near is None else near
        self.scale = max(1e-9, float(np.median(self.lost[self.lost > 0])) if (self.lost > 0).any() else 1.0)
        self.width, self.effort = float(width), effort
        self.queue = []
        self.cut_off = False

    def step(self, seconds=3_600.0):
        """Frees some offerings and places their needs anew; whether the profit rose. After `seconds` it gives up and sets `cut_off`."""
        self.cut_off = False
        freed = self._offerings()
        columns = self._columns(freed)
        if not len(columns):
            return False
        found, proven = self._place(freed, columns, seconds)
        self.width = float(np.clip(self.width * (1.02 if proven else 0.93), 2, max(2, len(self.problem.capacity))))
        if found is None:
            return False
        before = self.problem.total(self.chosen)
        self.chosen = found
        return self.problem.total(found) > before

    def _offerings(self):
        """The next offering in turn and others that its needs, or the needs of which it, would go to at little loss."""
        p, size = self.problem, int(self.width + self.draw.random())
        if not self.queue:
            self.queue = self.draw.permutation(np.flatnonzero(np.diff(p.by_offering) > 0)).tolist()
        first = self.queue.pop()
        weight = np.zeros(len(p.capacity))
        at = p.offering[self.chosen]
        own = np.flatnonzero((self.chosen >= 0) & (at == first))
        out = ranges(p.by_need, own)
        np.add.at(weight, p.offering[out], np.exp(-self.lost[out] / self.scale))
        into = p.order[p.by_offering[first] : p.by_offering[first + 1]]
        from_ = self.chosen[p.need[into]]
        np.add.at(weight, p.offering[from_[from_ >= 0]], np.exp(-self.lost[into[from_ >= 0]] / self.scale))
        weight[first] = 0
        others = np.flatnonzero(weight > 1e-12)
        if not len(others):
            return np.array([first])
        rank = np.log(weight[others]) + self.draw.gumbel(size=len(others))
        return np.append(first, others[np.argsort(-rank)[: size - 1]])

    def _columns(self, freed):
        p = self.problem
        columns = p.order[ranges(p.by_offering, freed)]
        inside = np.zeros(len(p.capacity), bool)
        inside[freed] = True
        now = self.chosen[p.need[columns]]
        open_ = (now < 0) | inside[p.offering[now]]
        near = self.near * self.draw.choice(SPREAD)
        keep = open_ & ((self.lost[columns] <= near) | (now == columns) | (p.everyone & (now < 0)))
        return np.sort(columns[keep])

    def _place(self, freed, columns, seconds):
        """(chosen or None, whether the step was searched to the end)."""
        p = self.problem
        needs = np.unique(p.need[columns])
        outside = self.chosen.copy()
        outside[needs] = -1
        _, _, worth = p.used(outside[outside >= 0])
        now = self.chosen[p.need[columns]] == columns
        model = cp_model.CpModel()
        x = [model.new_bool_var("") for _ in range(len(columns))]
        whole = p.everyone and bool((self.chosen[needs] >= 0).all())
        _each(model.add_exactly_one if whole else model.add_at_most_one, x, p.need[columns])
        for offering, places in _grouped(p.offering[columns]):
            capacity, most = int(p.capacity[offering]), int(p.max_needs[offering])
            some = [x[k] for k in places]
            loads = p.load[columns[places]].tolist()
            if sum(loads) > capacity:
                model.add(cp_model.LinearExpr.weighted_sum(some, loads) <= capacity)
            if len(some) > most:
                model.add(cp_model.LinearExpr.sum(some) <= most)
        capped = np.flatnonzero((p.group_cap[p.group[p.need[columns]]] < NO_LIMIT) & (p.worth[columns] > 0))
        for group, places in _grouped(p.group[p.need[columns[capped]]]):
            rows = capped[places]
            room = int(p.group_cap[group] - worth[group])
            model.add(cp_model.LinearExpr.weighted_sum([x[k] for k in rows], p.worth[columns[rows]].tolist()) <= room)
        profit = p.profit[columns]
        if whole:  # what every plan of these needs is worth at least says nothing and only makes the numbers large
            profit = (
                profit
                - np.minimum.reduceat(profit, np.searchsorted(p.need[columns], needs))[
                    np.searchsorted(needs, p.need[columns])
                ]
            )
        objective = cp_model.LinearExpr.weighted_sum(x, profit.tolist())
        model.add(objective >= sum(profit[now].tolist()))
        model.maximize(objective)
        for k, value in enumerate(now.tolist()):
            model.add_hint(x[k], value)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = int(self.draw.integers(1, 2**30))
        solver.parameters.max_deterministic_time = self.effort
        solver.parameters.linearization_level = 2
        solver.parameters.symmetry_level = 0
        solver.parameters.cp_model_probing_level = 0
        solver.parameters.max_time_in_seconds = seconds
        status = solver.solve(model) if seconds else cp_model.UNKNOWN
        searched = solver.response_proto.deterministic_time if seconds else 0.0
        self.cut_off = not seconds or (
            status in (cp_model.UNKNOWN, cp_model.FEASIBLE) and searched < self.effort and solver.wall_time >= seconds
        )
        if self.cut_off or status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None, False
        taken = columns[[k for k, var in enumerate(x) if solver.boolean_value(var)]]
        outside[p.need[taken]] = taken
        if not p.valid(outside) or p.total(outside) < p.total(self.chosen):
            return None, status == cp_model.OPTIMAL
        return outside, status == cp_model.OPTIMAL


def _grouped(keys):
    """(key, places) for each distinct key."""
    order = np.argsort(keys, kind="stable")
    cut = np.flatnonzero(np.diff(keys[order])) + 1
    return [(int(keys[places[0]]), places) for places in np.split(order, cut) if len(places)]


def _each(add, variables, keys):
    for _, places in _grouped(keys):
        add([variables[k] for k in places])
