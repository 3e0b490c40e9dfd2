"""The linear relaxation in bulk, and bounds that hold in whole numbers whatever the LP solver's tolerances were.

Any dual prices give a valid bound: price every row, let every column take its better end. The bound here is computed from the prices in
this module, over all columns of the problem and not only those the LP held, and a margin for the rounding of floats is added before it
is rounded to a whole number. A solver that stopped early or lied therefore makes a bound weaker, never wrong.
"""

from dataclasses import dataclass

import numpy as np
from ortools.linear_solver.python import model_builder_helper as helper
from scipy import sparse

from matching.solver.instance import NO_LIMIT

MONEY = 10_000.0  # fen per money unit inside the LP: 100 yuan, so that coefficients stay near 1
POINTS = 1_000.0  # points per unit of objective inside the LP


@dataclass
class Relaxation:
    """max objective·x over low ≤ x ≤ high and lower ≤ A·x ≤ upper; the first P columns are the instance's, the others charges."""

    matrix: sparse.csc_matrix
    lower: np.ndarray
    upper: np.ndarray
    low: np.ndarray
    high: np.ndarray
    first: dict[str, int]  # first row of each family of rows


def build_relaxation(instance):
    """All rows of the contract over all columns, scaled; integrality, `whole` and `single` relaxed, `max_needs` tightened by `high`."""
    i, size = instance, instance.size
    charges = [(k, fund) for k, funds in enumerate(i.classes) for fund in funds]
    width = size + len(charges)
    rows, columns, data, lower, upper, first = [], [], [], [], [], {}
    count = 0

    def family(name, row, column, value, high, low=None):
        nonlocal count
        first[name] = count
        rows.append(np.asarray(row, np.int64) + count)
        columns.append(np.asarray(column, np.int64))
        data.append(np.asarray(value, float))
        upper.append(np.asarray(high, float))
        lower.append(np.full(len(high), -np.inf) if low is None else np.asarray(low, float))
        count += len(high)

    every = np.arange(size)
    family("needs", i.need, every, np.ones(size), i.steps_wanted)
    family("capacity", i.offering, every, i.load, i.capacity)
    few = np.flatnonzero(i.max_needs < NO_LIMIT)
    place = np.full(len(i.capacity), -1)
    place[few] = np.arange(len(few))
    some = np.flatnonzero((place[i.offering] >= 0) & (i.high > 0))
    family("max_needs", place[i.offering[some]], some, 1.0 / i.high[some], i.max_needs[few])
    capped = np.flatnonzero(i.household_cap < NO_LIMIT)
    place = np.full(len(i.household_cap), -1)
    place[capped] = np.arange(len(capped))
    some = np.flatnonzero((place[i.household[i.need]] >= 0) & (i.worth > 0))
    family(
        "household_cap", place[i.household[i.need[some]]], some, i.worth[some] / MONEY, i.household_cap[capped] / MONEY
    )
    paid = np.flatnonzero(i.payers >= 0)
    of_class = np.array([k for k, _ in charges], np.int64)
    of_fund = np.array([fund for _, fund in charges], np.int64)
    flow = size + np.arange(len(charges))
    family(
        "charges", np.concatenate((i.payers[paid], of_class)), np.concatenate((paid, flow)),
        np.concatenate((i.cost[paid] / MONEY, -np.ones(len(charges)))), np.zeros(len(i.classes)),
    )  # fmt: skip
    family("funds", of_fund, flow, np.ones(len(charges)), i.fund_amount / MONEY)
    if i.limit_members:
        row = np.concatenate([np.full(len(m), k) for k, m in enumerate(i.limit_members)])
        column = np.concatenate(i.limit_members)
        family("limits", row, column, i.cost[column] / MONEY, i.limit_max / MONEY)
    for tier in range(3):
        some = np.flatnonzero(i.tier[i.need] == tier)
        family(f"tier{tier + 1}", np.zeros(len(some)), some, i.points[some] / POINTS, [np.inf])
    matrix = sparse.csc_matrix(
        (np.concatenate(data), (np.concatenate(rows), np.concatenate(columns))), shape=(count, width)
    )
    return Relaxation(
        matrix, np.concatenate(lower), np.concatenate(upper),
        np.concatenate((i.low, np.zeros(len(charges)))).astype(float),
        np.concatenate((i.high, i.fund_amount[of_fund] / MONEY if len(charges) else np.zeros(0))).astype(float), first,
    )  # fmt: skip


def solve_lp(lower, upper, matrix, low, high, objective, started=None, seconds=None):
    """(status, x, row prices) of max objective·x by GLOP. `status` is OPTIMAL or another name of SolveStatus, then the rest is None.

    `started` is handed the running solver, so that another thread may interrupt it; `seconds` limits the time.
    """
    model = helper.ModelBuilderHelper()
    model.fill_model_from_sparse_data(low, high, objective, lower, upper, sparse.csr_matrix(matrix))
    model.set_maximize(True)
    solver = helper.ModelSolverHelper("glop")
    if seconds is not None:
        solver.set_time_limit_in_seconds(seconds)
    if started is not None:
        started(solver)
    solver.solve(model)
    status = solver.status().name
    if not solver.has_response() or status != "OPTIMAL":
        return status, None, None
    return status, np.array(solver.variable_values()), np.array(solver.dual_values())


def price_bound(lower, upper, matrix, low, high, objective, prices):
    """(bound, reduced costs): no x within the rows and bounds has a greater objective, for any `prices`.

    Lagrangian duality: Σ_i max over the row of price·activity + Σ_j max over the column of reduced cost·x. Prices with the wrong sign for
    a one-sided row are dropped. A margin of 1e-11 of the sum of magnitudes covers the rounding of floats.
    """
    prices = np.where((prices > 0) & np.isinf(upper), 0.0, prices)
    prices = np.where((prices < 0) & np.isinf(lower), 0.0, prices)
    side = np.where(prices > 0, upper, np.where(prices < 0, lower, 0.0))
    reduced = objective - matrix.T @ prices
    ends = np.where(reduced > 0, high, low)
    rows, columns = prices * side, reduced * ends
    # the reduced cost itself carries the rounding of its terms
    margin = 1e-11 * (np.abs(rows).sum() + np.abs(columns).sum() + (np.abs(objective) * ends).sum())
    return float(rows.sum() + columns.sum() + margin), reduced
