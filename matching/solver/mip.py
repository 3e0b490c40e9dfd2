"""One mixed-integer programme handed to HiGHS (inside OR-Tools) in bulk, on one thread and limited by nodes; every status is checked."""

import time
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from ortools.math_opt import model_pb2
from ortools.math_opt.python import mathopt
from ortools.math_opt.solvers import highs_pb2
from scipy import sparse

_QUIET = {"parallel": "off"}
_SEED = {"random_seed": 20270101}
_STOPPED = mathopt.Limit.TIME


@dataclass
class Answer:
    """`x` None where no solution was found; `bound` None where none is known; `on_time` False when the clock cut the search off."""

    x: np.ndarray | None
    bound: float | None
    on_time: bool
    nodes: int
    status: str


@dataclass
class Rows:
    """Row by row collected constraints lower ≤ A·x ≤ upper over columns low ≤ x ≤ high (integer where marked), maximise objective."""

    low: list
    high: list
    integer: list
    objective: list

    def __post_init__(self):
        self.row, self.column, self.value, self.lower, self.upper = [], [], [], [], []
        self.count = 0

    @property
    def width(self):
        return sum(map(len, self.low))

    def add_columns(self, low, high, integer, objective):
        """Appends columns and returns their numbers."""
        first = self.width
        size = len(low)
        self.low.append(np.asarray(low, float))
        self.high.append(np.asarray(high, float))
        self.integer.append(np.full(size, integer) if np.isscalar(integer) else integer)
        self.objective.append(np.asarray(objective, float))
        return first + np.arange(size)

    def add_family(self, row, column, value, lower, upper):
        """Appends len(upper) rows; entry k puts value[k] in family row row[k], column column[k]."""
        self.row.append(np.asarray(row, np.int64) + self.count)
        self.column.append(np.asarray(column, np.int64))
        self.value.append(np.asarray(value, float))
        self.lower.append(np.asarray(lower, float))
        self.upper.append(np.asarray(upper, float))
        self.count += len(upper)

    def matrix(self):
        entries = (np.concatenate(self.value), (np.concatenate(self.row), np.concatenate(self.column)))
        return sparse.csr_matrix(entries, shape=(self.count, self.width))

    def solve(self, *, nodes, gap, seconds):
        """Searches at most `nodes` nodes, to the relative `gap`; `seconds` is only a safety stop (see Answer.on_time)."""
        low, high, objective = map(np.concatenate, (self.low, self.high, self.objective))
        lower, upper = np.concatenate(self.lower), np.concatenate(self.upper)
        model = model_pb2.ModelProto()
        variables, rows = model.variables, model.linear_constraints
        variables.ids.extend(range(len(low)))
        variables.lower_bounds.extend(low.tolist())
        variables.upper_bounds.extend(high.tolist())
        variables.integers.extend(np.concatenate(self.integer).astype(bool).tolist())
        model.objective.maximize = True
        some = np.flatnonzero(objective)
        model.objective.linear_coefficients.ids.extend(some.tolist())
        model.objective.linear_coefficients.values.extend(objective[some].tolist())
        rows.ids.extend(range(self.count))
        rows.lower_bounds.extend(lower.tolist())
        rows.upper_bounds.extend(upper.tolist())
        entries = self.matrix()
        entries.sum_duplicates()
        entries = entries.tocoo()
        model.linear_constraint_matrix.row_ids.extend(entries.row.tolist())
        model.linear_constraint_matrix.column_ids.extend(entries.col.tolist())
        model.linear_constraint_matrix.coefficients.extend(entries.data.tolist())
        parameters = mathopt.SolveParameters(
            time_limit=timedelta(seconds=max(0.05, seconds)), node_limit=nodes, relative_gap_tolerance=gap, enable_output=False,
            highs=highs_pb2.HighsOptionsProto(string_options=_QUIET, int_options=_SEED),
        )  # fmt: skip
        begin = time.monotonic()
        try:
            result = mathopt.solve(mathopt.Model.from_model_proto(model), mathopt.SolverType.HIGHS, params=parameters)
        except Exception as error:  # the binding raises types of its own for what HiGHS refuses
            return Answer(None, None, True, 0, f"refused: {error}")
        reason, limit = result.termination.reason, result.termination.limit
        x = None
        if (
            reason in (mathopt.TerminationReason.OPTIMAL, mathopt.TerminationReason.FEASIBLE)
            and result.has_primal_feasible_solution()
        ):
            values = result.variable_values()
            x = np.array([values[v] for v in sorted(values, key=lambda v: v.id)])
        bound = result.termination.objective_bounds.dual_bound
        # HiGHS does not always say that it was the clock; what took nearly all the time counts as cut off, and is recorded
        on_time = limit != _STOPPED and time.monotonic() - begin < 0.9 * seconds
        return Answer(x, bound if np.isfinite(bound) else None, on_time, result.solve_stats.node_count, reason.name)
