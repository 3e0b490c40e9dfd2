"""General solvers on the whole problem, as a good engineer would set them: tier after tier, each from the best plan before.

Both get the same integer model (`bench.whole`), in bulk, with presolve, two workers and, for a start, the plan of greedy by tier and weight:
less would be unfair, since that plan costs two seconds. A tier may take its part of the time that is left; what it does not use goes to
the next. Every answer is checked in whole numbers before it counts.
"""

import sys
import time
from datetime import timedelta
from typing import Protocol

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers import highs_pb2
from ortools.sat.python import cp_model

from bench.whole import FREE, WholeModel, build_whole_model
from matching.solver.instance import Instance
from matching.solver.levels import tier_points
from matching.solver.state import broken

POINTS = 1_000.0  # HiGHS works in floating point: points and fen are scaled to a few digits before the dot
FEN = 100.0
WORKERS = 2


class Search(Protocol):
    """A solver with the whole model handed over once; called tier by tier."""

    def __init__(self, model: WholeModel) -> None: ...

    def improve(self, tier: int, kept: list[int], start: np.ndarray, seconds: float) -> np.ndarray | None:
        """Steps with the most points of `tier` (0-based) while the tiers before keep `kept`; None: nothing was found."""


def tier_by_tier(instance: Instance, solver: type[Search], start: np.ndarray, seconds: float) -> np.ndarray:
    """Steps (P,) after the three tiers; `seconds` from now, the model's making included."""
    until = time.monotonic() + seconds
    search = solver(build_whole_model(instance))
    best = start
    for tier in range(3):
        share = (until - time.monotonic()) / (3 - tier)
        _say(f"tier {tier + 1}: from {tier_points(instance, best)}, {share:.1f} s")
        found = search.improve(tier, list(tier_points(instance, best)[:tier]), best, share)
        if found is not None:
            wrong = broken(instance, found)
            if wrong:
                _say(f"tier {tier + 1}: the answer breaks {wrong} and does not count")
            elif tier_points(instance, found)[: tier + 1] > tier_points(instance, best)[: tier + 1]:
                best = found
        _say(f"tier {tier + 1}: {tier_points(instance, best)}")
    return best


def _say(text: str) -> None:
    sys.stdout.write(f"== {text}\n")
    sys.stdout.flush()


class Highs:
    """HiGHS through MathOpt; its log goes to the process's output."""

    def __init__(self, model: WholeModel) -> None:
        self.model = model
        money = np.concatenate(model.is_money)
        self.scale = np.where(money, 1 / FEN, 1.0)
        self.proto = model_pb2.ModelProto()
        variables, rows = self.proto.variables, self.proto.linear_constraints
        variables.ids.extend(range(model.width))
        variables.lower_bounds.extend((np.concatenate(model.low) * self.scale).tolist())
        variables.upper_bounds.extend((np.concatenate(model.high) * self.scale).tolist())
        # whole steps make whole costs, and then some charges in whole fen fit as well
        variables.integers.extend((~money).tolist())
        matrix = model.matrix().tocoo()
        heaviest = np.zeros(model.rows)
        np.maximum.at(heaviest, matrix.row, np.abs(matrix.data))
        by_row = np.where(heaviest >= FEN, 1 / FEN, 1.0)
        lower = np.concatenate(model.lower).astype(float)
        rows.ids.extend(range(model.rows))
        rows.lower_bounds.extend(np.where(lower <= -FREE, -np.inf, lower * by_row).tolist())
        rows.upper_bounds.extend((np.concatenate(model.upper) * by_row).tolist())
        self._add(matrix.row, matrix.col, matrix.data / self.scale[matrix.col] * by_row[matrix.row])
        self.proto.objective.maximize = True

    def _add(self, row: np.ndarray, column: np.ndarray, value: np.ndarray) -> None:
        order = np.lexsort((column, row))
        entries = self.proto.linear_constraint_matrix
        entries.row_ids.extend(row[order].tolist())
        entries.column_ids.extend(column[order].tolist())
        entries.coefficients.extend(value[order].tolist())

    def improve(self, tier: int, kept: list[int], start: np.ndarray, seconds: float) -> np.ndarray | None:
        """As Search has it."""
        began, size = time.monotonic(), self.model.instance.size
        if kept:
            points = self.model.tier_points(tier - 1)
            of_tier, row = np.flatnonzero(points), self.model.rows + tier - 1
            self.proto.linear_constraints.ids.append(row)
            self.proto.linear_constraints.lower_bounds.append((kept[-1] - 0.5) / POINTS)
            self.proto.linear_constraints.upper_bounds.append(np.inf)
            self._add(np.full(len(of_tier), row), of_tier, points[of_tier] / POINTS)
        objective = self.model.tier_points(tier) / POINTS
        some = np.flatnonzero(objective)
        del self.proto.objective.linear_coefficients.ids[:]
        del self.proto.objective.linear_coefficients.values[:]
        self.proto.objective.linear_coefficients.ids.extend(some.tolist())
        self.proto.objective.linear_coefficients.values.extend(objective[some].tolist())
        built = mathopt.Model.from_model_proto(self.proto)
        values = (self.model.start_from(start) * self.scale).tolist()
        hint = mathopt.SolutionHint(variable_values={built.get_variable(k): x for k, x in enumerate(values)})
        result = mathopt.solve(
            built,
            mathopt.SolverType.HIGHS,
            params=mathopt.SolveParameters(
                time_limit=timedelta(seconds=max(1.0, seconds - (time.monotonic() - began))),
                relative_gap_tolerance=1e-6,
                enable_output=True,
                highs=highs_pb2.HighsOptionsProto(
                    string_options={"parallel": "on", "presolve": "on"}, int_options={"threads": WORKERS}
                ),
            ),
            model_params=mathopt.ModelSolveParameters(solution_hints=[hint]),
        )
        _say(f"HiGHS: {result.termination.reason.name}, {result.termination.objective_bounds}")
        if not result.has_primal_feasible_solution():
            return None
        answer = result.variable_values()
        return np.rint([answer[built.get_variable(k)] for k in range(size)]).astype(np.int64)


class CpSat:
    """CP-SAT; its log goes to the process's output."""

    def __init__(self, model: WholeModel) -> None:
        self.model, self.built = model, cp_model.CpModel()
        variables, constraints = self.built.proto.variables, self.built.proto.constraints
        for ends in np.column_stack((np.concatenate(model.low), np.concatenate(model.high))).tolist():
            variables.add().domain.extend(ends)
        matrix = model.matrix()
        ends = np.column_stack((np.concatenate(model.lower), np.concatenate(model.upper))).tolist()
        for row, (begin, end) in enumerate(zip(matrix.indptr.tolist(), matrix.indptr[1:].tolist(), strict=False)):
            linear = constraints.add().linear
            linear.vars.extend(matrix.indices[begin:end].tolist())
            linear.coeffs.extend(matrix.data[begin:end].tolist())
            linear.domain.extend(ends[row])

    def improve(self, tier: int, kept: list[int], start: np.ndarray, seconds: float) -> np.ndarray | None:
        """As Search has it."""
        began, proto = time.monotonic(), self.built.proto
        if kept:
            points = self.model.tier_points(tier - 1)
            linear = proto.constraints.add().linear
            linear.vars.extend(np.flatnonzero(points).tolist())
            linear.coeffs.extend(points[points > 0].tolist())
            linear.domain.extend((kept[-1], 2**60))
        objective = self.model.tier_points(tier)
        proto.clear_objective()
        proto.objective.vars.extend(np.flatnonzero(objective).tolist())
        proto.objective.coeffs.extend((-objective[objective > 0]).tolist())
        proto.objective.scaling_factor = -1.0
        proto.clear_solution_hint()
        proto.solution_hint.vars.extend(range(self.model.width))
        proto.solution_hint.values.extend(self.model.start_from(start).tolist())
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = WORKERS
        solver.parameters.log_search_progress = True
        solver.parameters.max_time_in_seconds = max(1.0, seconds - (time.monotonic() - began))
        status = solver.solve(self.built)
        _say(f"CP-SAT: {solver.status_name(status)}, bound {solver.best_objective_bound:,.0f}")
        if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            return None
        return np.array(list(solver.response_proto.solution)[: self.model.instance.size], np.int64)
