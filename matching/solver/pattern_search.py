"""One group of single needs searched in turn by dives over its patterns, by the best choice among the patterns seen, and by neighbourhoods."""

import threading
from contextlib import suppress
from itertools import count

import numpy as np
from ortools.sat.python import cp_model

from matching.solver.assignment import improve
from matching.solver.packing import crowded, search_crowded
from matching.solver.patterns import Patterns, Unsolved, too_large

DIVES = 8  # of one group
LONG = 8_000  # columns of a group up to which a dive lasts about a second
POOLED = 0.2  # deterministic seconds for the best choice among all patterns seen
NEAREST = 3_000  # patterns near the best that are added in further rounds
MORE = 3  # times as much in each further round
MOST_POOLED = 1_000.0  # deterministic seconds that no round exceeds
IDLE = 3  # rounds in a row without a new pattern or a better choice after which only neighbourhoods are searched
LATER = 0.3  # share of the rest of its time that dives may take in a further round
DIVING = 0.85  # share of a group's time after which no dive begins
SLOW = 4.0  # seconds that a deterministic second may last
SEED = 20270103


class Turns:
    """When each of `count` groups should be done by second `until`: those that wait share what is left of the time equally."""

    def __init__(self, work, count, until, beside):
        self.work, self.waiting, self.until, self.beside = work, count, until, min(beside, count)
        self.lock = threading.Lock()

    def due(self):
        """The second by which the group that asks should be done."""
        with self.lock:
            now = self.work.elapsed()
            rounds = -(-self.waiting // self.beside)
            self.waiting -= 1
        return now + (self.until - now) / rounds


def search_group(problem, chosen, lean, urgent, work, stage, turns, *, anew=True):
    """(chosen (N,), whether nothing better exists, bound in `lean` or None) for an Assignment and a valid start.

    `lean` (P,) is what columns earn inside the linear programme: the profit, or what stands for it in smaller numbers, whole. Only where all needs
    `urgent` are served a bound in `lean` proves the profit. `anew`: by patterns first, where the group is not too large for them.
    """
    until, bound = turns.due(), None
    if anew and crowded(problem) and not problem.everyone:
        return search_crowded(problem, chosen, lean, urgent, work, stage, until)
    patterns = Patterns(problem) if anew and problem.size <= LONG and not too_large(problem) else None
    effort, idle = POOLED, 0
    for round_ in count():
        begin, name = work.elapsed(), f"{stage} dives {round_ + 1}"
        if patterns is None or idle == IDLE:
            break
        if not _wanted(work, name, round_ == 0 or (begin < until and not work.stop.is_set())):
            break
        patterns.add_chosen(chosen)
        known = patterns.size, problem.total(chosen)
        due = begin + (LATER if round_ else DIVING) * (until - begin)
        chosen, proven, least = _dive(patterns, chosen, lean, urgent, work, name, due, SEED + round_)
        bound = min((b for b in (bound, least) if b is not None), default=None)
        if proven:
            return chosen, True, bound
        due = until - SLOW * effort if round_ else until
        if round_ and bound is not None:
            with suppress(Unsolved):
                patterns.add_near(lean, max(0.0, bound - float(lean[chosen[chosen >= 0]].sum())), NEAREST)
        chosen = _best_of(patterns, chosen, work, f"{stage} patterns {round_ + 1}", due, effort)
        # neighbourhoods for as long as the patterns took, then patterns again
        took, name = work.elapsed() - begin, f"{stage} between {round_ + 1}"
        if not _wanted(work, name, work.elapsed() + 2 * took < until):
            break
        chosen = improve(problem, chosen, work, name, work.elapsed() + took)
        effort = min(MORE * effort, MOST_POOLED)
        idle = idle + 1 if known == (patterns.size, problem.total(chosen)) else 0
    return improve(problem, chosen, work, stage, until), False, bound


def _wanted(work, stage, yes):
    """Whether `stage` begins; a replay repeats the run's."""
    return work.recorded(stage) is not None if work.replaying else yes


def _dive(patterns, chosen, lean, urgent, work, stage, until, seed):
    """(chosen, whether nothing is better by the points `lean` (P,), `urgent` needs first, bound in these points)."""
    problem, draw, least = patterns.problem, np.random.default_rng(seed), None
    for k in work.steps(stage, until, most=DIVES):
        try:
            found, bound = patterns.dive(lean, draw if k or seed != SEED else None)
        except Unsolved:
            break
        least = bound if least is None else min(least, bound)
        if _better(problem, found, chosen):
            chosen = found
        # all points are whole, so less than half a point is nothing; where an earlier need waits, `lean` may not put it first
        if least - float(lean[chosen[chosen >= 0]].sum()) < 0.5 and (chosen[urgent] >= 0).all():
            return chosen, True, least
    return chosen, False, least


def _better(problem, found, chosen):
    """Whether `found` is valid, worth more, and, where everyone is to keep the help, leaves out nobody that `chosen` serves."""
    if problem.everyone and (found[chosen >= 0] < 0).any():
        return False
    return problem.valid(found) and problem.total(found) > problem.total(chosen)


def _best_of(patterns, chosen, work, stage, until, effort):
    """The best assignment made of the patterns seen so far, by CP-SAT in `effort` deterministic seconds; never worse than `chosen`."""
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
        for need, some in served.items():
            if problem.everyone and chosen[need] >= 0:
                model.add_exactly_one(some)
            elif len(some) > 1:
                model.add_at_most_one(some)
        for some in taken.values():
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
        solver.parameters.max_deterministic_time = effort
        solver.parameters.linearization_level = 2
        status = solver.solve(model)
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            found = np.full(problem.count, -1)
            for k, columns in enumerate(patterns.members):
                if solver.boolean_value(x[k]):
                    found[problem.need[columns]] = columns
            if _better(problem, found, chosen):
                chosen = found
    return chosen
