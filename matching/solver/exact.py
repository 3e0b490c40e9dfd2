"""Small problems: CP-SAT, level after level, in whole numbers and on one search thread, so that the result is the same on any machine."""

import time

import numpy as np
from ortools.sat.python import cp_model

from matching.rules import COVERAGE_WEIGHTS, MAXIMISED
from matching.solver.levels import LevelResult, floors, kept_points, note_before_fairness, values
from matching.solver.rows import ConstraintModel, TooLarge

BRIEF = 5.0  # seconds in which each way of proving a level is tried first


class _Watch(cp_model.CpSolverSolutionCallback):
    """Counts improving solutions and, in a replay, stops at the recorded one."""

    def __init__(self, tell, stop_at):
        super().__init__()
        self.tell, self.stop_at, self.solutions = tell, stop_at, 0

    def on_solution_callback(self):
        self.solutions += 1
        self.tell(round(self.objective_value), self.best_objective_bound)
        if self.stop_at is not None and self.solutions >= self.stop_at:
            self.stop_search()


def solve_levels(instance, work, steps, *, share=0.45):
    """The lexicographic optimum from a feasible start.

    Returns (steps (P,), [LevelResult] of all eight levels). A level that runs out of its share of the time keeps its best value and a
    true bound; the levels after it are then optimised for that value, with `bound` None from level 5 on.
    """
    everything = np.arange(instance.size)
    rows = ConstraintModel(instance, everything, np.zeros(instance.size, np.int64))
    results = []

    def level(name, build, keep):
        nonlocal steps
        begin = time.monotonic()
        try:
            objective, constant = build()
        except TooLarge:
            value = values(instance, steps, _tier_values(results))[name]
            results.append(LevelResult(name, value, None, time.monotonic() - begin))
            return
        steps, bound = optimise(rows, steps, objective, constant, name, work, share)
        value = values(instance, steps, _tier_values(results))[name]
        if name not in MAXIMISED:
            bound = max(bound, 0)
        results.append(LevelResult(name, value, bound, time.monotonic() - begin))
        if keep:
            rows.model.add(objective + constant >= value) if name in MAXIMISED else rows.model.add(
                objective + constant <= value
            )

    for tier in range(3):
        weights = [int(t == tier) for t in range(3)]
        level(f"tier{tier + 1}", lambda weights=weights: rows.points_of_tiers(weights), keep=False)
        objective, constant = rows.points_of_tiers(weights)
        results[-1].row = rows.model.add(objective + constant >= results[-1].value)
    tier_values = _tier_values(results)
    for result, least in zip(results, kept_points(instance, tier_values), strict=True):
        row = result.row.proto.linear
        shift = result.value - least
        row.domain[0] -= shift
    note_before_fairness(work, instance, steps)
    floor = floors(instance, tier_values)
    level("fairness", lambda: rows.shortfall_below(floor), keep=True)
    level("coverage", lambda: rows.points_of_tiers(COVERAGE_WEIGHTS), keep=True)
    level("cost", lambda: rows.amount(instance.cost), keep=True)
    level("distance", lambda: rows.amount(instance.distance), keep=True)
    level("lottery", lambda: rows.amount(instance.lottery), keep=False)
    _forget_empty_bounds(results)
    return steps, results


def _tier_values(results):
    return tuple(r.value for r in results[:3]) if len(results) >= 3 else None


def _forget_empty_bounds(results):
    """After an unproven level the bounds of levels 5 to 8 say nothing about the problem, only about the incumbent's choices."""
    open_level = False
    for position, result in enumerate(results):
        if open_level and position >= 4:
            result.bound = None
        open_level = open_level or not result.proven


def optimise(rows, steps, objective, constant, name, work, share):
    """(steps, bound) of one level over `rows` from the feasible `steps`, within `share` of the time that is left.

    Most levels are proven in a moment by a search led by the linear relaxation; of the few that resist it, most give in to one that raises
    the bound from the objective's core. So each is tried briefly before either is given long.
    """
    model, maximise = rows.model, name in MAXIMISED
    model.maximize(objective) if maximise else model.minimize(objective)
    allowed = max(0.05, work.remaining() * (share if name != "lottery" else 0.9))
    brief = min(BRIEF, allowed / 4)
    long = allowed / 2 - brief
    bound = None
    for stage, core, seconds in (
        ("", False, brief),
        (" core", True, brief),
        (" again", False, long),
        (" core again", True, long),
    ):
        if bound is not None and work.replaying and work.recorded(f"exact {name}{stage}") is None:
            break
        steps, found, proven = _search(rows, steps, objective, constant, name, work, seconds, stage, core=core)
        bound = found if bound is None else min(bound, found) if maximise else max(bound, found)
        if proven or work.stop.is_set():
            break
    return steps, bound


def _search(rows, steps, objective, constant, name, work, seconds, stage, *, core):
    """(steps, bound, whether it is proven) of one search from the feasible `steps`."""
    rows.hint(steps)
    stage = f"exact {name}{stage}"
    old = work.recorded(stage)
    solver = cp_model.CpSolver()
    parameters = solver.parameters
    parameters.num_workers = 1
    parameters.random_seed = 20270101
    parameters.optimize_with_core = core
    # whole needs beside exact tier values: the relaxation sees at once what the search may never
    parameters.linearization_level = 2
    if work.replaying:
        if old is None or old["stopped"]:
            parameters.max_deterministic_time = old["deterministic"] if old else 0.0
    else:
        parameters.max_time_in_seconds = seconds
    work.on_stop = solver.stop_search
    watch = _Watch(
        lambda value, bound: work.tell(
            level=name, value=value + constant, bound=_whole(bound, name) + constant, stage="exact"
        ),
        old["solutions"] if old and old["stopped"] else None,
    )
    status = solver.solve(rows.model, watch)
    work.on_stop = None
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        steps = rows.read(solver)
    elif status != cp_model.UNKNOWN:
        raise RuntimeError(f"level {name}: CP-SAT says {solver.status_name(status)} although a plan is known")
    proven = status == cp_model.OPTIMAL
    work.note(
        stage, solutions=watch.solutions, stopped=not proven, deterministic=solver.response_proto.deterministic_time
    )
    return steps, (solver.value(objective) if proven else _bound(solver, name)) + constant, proven


def _bound(solver, name):
    """The whole-number bound CP-SAT itself reasons with (its float form may be off beyond 2^53)."""
    inner = solver.response_proto.inner_objective_lower_bound
    return -inner if name in MAXIMISED else inner


def _whole(bound, name):
    return int(np.floor(bound + 1e-6)) if name in MAXIMISED else int(np.ceil(bound - 1e-6))
