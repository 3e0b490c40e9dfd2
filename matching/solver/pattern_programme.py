"""The linear programme over patterns while patterns are added and closed: the solver keeps its basis, so that each step costs a few pivots.

Column generation solves nearly the same programme a hundred times; begun anew each time, that took two thirds of a dive's time.
"""

import numpy as np
from ortools.linear_solver import pywraplp

SCALE = 1e5  # the greatest profit inside the programme


class Unsolved(Exception):
    """The linear programme of the patterns was not solved."""


class GrowingProgramme:
    """max Σ profit·share; every need and offering at most once, groups `tight` within their room; a share of 0 to 1 per pattern.

    `problem` is an Assignment, `profit` (P,) per column; patterns are arrays of columns of one offering, added in order.
    """

    def __init__(self, problem, tight, row_of_group, profit):
        self.problem, self.tight, self.row_of_group, self.profit = problem, tight, row_of_group, profit
        self.unit = max(1.0, float(problem.group_cap[tight].max(initial=1)))
        self.scale = None
        self._begin()

    def _begin(self):
        p = self.problem
        self.solver = pywraplp.Solver.CreateSolver("GLOP")
        self.solver.SetSolverSpecificParametersAsString("use_preprocessing: false")  # which would begin anew each time
        self.how = pywraplp.MPSolverParameters()
        self.how.SetIntegerParam(self.how.INCREMENTALITY, self.how.INCREMENTALITY_ON)
        self.how.SetIntegerParam(self.how.LP_ALGORITHM, self.how.PRIMAL)
        least = -self.solver.infinity()
        self.rows = [self.solver.Constraint(least, 1.0) for _ in range(p.count + len(p.capacity))]
        self.room = p.group_cap[self.tight].copy()
        self.caps = [self.solver.Constraint(least, room / self.unit) for room in self.room.tolist()]
        self.objective = self.solver.Objective()
        self.objective.SetMaximization()
        self.shares, self.open = [], np.zeros(0, bool)

    def solve(self, members, offering, live, room):
        """(shares (L,), prices of needs, of offerings, of tight groups) over the patterns `live` (L,) of all `members`; `room` (G,) of the groups.
        Raises Unsolved."""
        p = self.problem
        if self.scale is None:
            self.scale = SCALE / max(1e-9, max((float(self.profit[own].sum()) for own in members), default=1.0))
        for again in (True, False):
            self._add(members, offering)
            self._close(live, room)
            if self.solver.Solve(self.how) == self.solver.OPTIMAL:
                break
            if not again:
                raise Unsolved
            self._begin()  # a basis that went wrong is not kept
        shares = np.array([self.shares[k].solution_value() for k in live.tolist()])
        prices = np.array([row.dual_value() for row in self.rows + self.caps])
        prices = np.maximum(0.0, prices) / self.scale
        o = p.count + len(p.capacity)
        return shares, prices[: p.count], prices[p.count : o], prices[o:] / self.unit

    def _add(self, members, offering):
        p = self.problem
        for k in range(len(self.shares), len(members)):
            own = members[k]
            share = self.solver.NumVar(
                0.0, self.solver.infinity(), ""
            )  # its offering's row keeps it below 1, at a price
            self.shares.append(share)
            self.objective.SetCoefficient(share, float(self.profit[own].sum()) * self.scale)
            for need in p.need[own].tolist():
                self.rows[need].SetCoefficient(share, 1.0)
            self.rows[p.count + offering[k]].SetCoefficient(share, 1.0)
            group = self.row_of_group[p.group[p.need[own]]]
            for row in np.unique(group[group >= 0]).tolist():
                self.caps[row].SetCoefficient(share, float(p.worth[own][group == row].sum()) / self.unit)
        self.open = np.concatenate((self.open, np.ones(len(self.shares) - len(self.open), bool)))

    def _close(self, live, room):
        """Opens the patterns `live` and closes the others; sets the groups' room."""
        now = np.zeros(len(self.shares), bool)
        now[live] = True
        for k in np.flatnonzero(now != self.open).tolist():
            self.shares[k].SetUb(self.solver.infinity() if now[k] else 0.0)
        self.open = now
        for k in np.flatnonzero(room != self.room).tolist():
            self.caps[k].SetUb(float(room[k]) / self.unit)
        self.room = room.copy()
