"""The tiers of a whole problem as one integer model, built in bulk, for solvers that are no part of this project.

The model is the contract's, with what helps any solver and costs nothing: columns bounded by every row they meet alone, rows that cannot bind
left out, columns with the same possible payers sharing one charge per fund. It goes to HiGHS and to CP-SAT as the same sparse matrix.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from matching.solver.instance import NO_LIMIT, WHOLE, Instance
from matching.solver.state import class_flows, class_spending, used_rows

Values = Callable[[np.ndarray], np.ndarray]  # the steps of all columns → the values of some further variables

FREE = 2**50  # an upper or lower end that is none


@dataclass
class WholeModel:
    """lower ≤ A·v ≤ upper, 0 ≤ v ≤ high, all v whole; the first `columns` variables are the steps of the instance's columns."""

    instance: Instance
    high: list[np.ndarray] = field(default_factory=list)
    low: list[np.ndarray] = field(default_factory=list)
    lower: list[np.ndarray] = field(default_factory=list)
    upper: list[np.ndarray] = field(default_factory=list)
    entries: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = field(default_factory=list)
    is_money: list[np.ndarray] = field(default_factory=list)
    values: list[Values] = field(default_factory=list)
    rows: int = 0
    width: int = 0

    def add_variables(self, low: np.ndarray, high: np.ndarray, values: Values, *, money: bool = False) -> np.ndarray:
        """Further variables, counted in fen where they are `money`; their numbers. `values` gives them for known steps."""
        first, self.width = self.width, self.width + len(high)
        self.low.append(low.astype(np.int64))
        self.high.append(high.astype(np.int64))
        self.is_money.append(np.full(len(high), money))
        self.values.append(values)
        return np.arange(first, self.width)

    def add_rows(self, row: np.ndarray, variable: np.ndarray, value: np.ndarray, lower: np.ndarray, upper: np.ndarray):  # type: ignore[no-untyped-def]
        """Rows 0..len(upper); entry k puts value[k] at (row[k], variable[k])."""
        self.entries.append((row.astype(np.int64) + self.rows, variable.astype(np.int64), value.astype(np.int64)))
        self.lower.append(lower.astype(np.int64))
        self.upper.append(upper.astype(np.int64))
        self.rows += len(upper)

    def at_most(self, group: np.ndarray, variable: np.ndarray, value: np.ndarray, room: np.ndarray) -> None:
        """Σ value·v ≤ room per group; groups that can never reach their room get no row."""
        high = np.concatenate(self.high)[variable].astype(float)
        most = np.bincount(group, value * high, len(room))
        binding = np.flatnonzero((most > room) & (room < NO_LIMIT))
        place = np.full(len(room), -1, np.int64)
        place[binding] = np.arange(len(binding))
        kept = (place[group] >= 0) & (value != 0)
        self.add_rows(
            place[group[kept]],
            variable[kept],
            value[kept],
            np.full(len(binding), -FREE),
            room[binding].astype(np.int64),
        )

    def matrix(self) -> sparse.csr_matrix:
        """A, in whole numbers."""
        row, column, value = (np.concatenate(parts) for parts in zip(*self.entries, strict=True))
        return sparse.csr_matrix((value, (row, column)), shape=(self.rows, self.width), dtype=np.int64)

    def start_from(self, steps: np.ndarray) -> np.ndarray:
        """Values of all variables for these steps."""
        return np.concatenate([values(steps) for values in self.values])

    def tier_points(self, tier: int) -> np.ndarray:
        """Points of this tier per step of each column (P,)."""
        i = self.instance
        return np.where(i.tier[i.need] == tier, i.points, 0)


def build_whole_model(instance: Instance) -> WholeModel:
    """All rows of the contract that the tiers know."""
    i, model = instance, WholeModel(instance)
    steps = model.add_variables(i.low, i.high, lambda known: known)
    # each need as its fill says
    model.at_most(
        i.need[i.fill[i.need] != WHOLE],
        steps[i.fill[i.need] != WHOLE],
        np.ones(int((i.fill[i.need] != WHOLE).sum()), np.int64),
        np.where(i.fill == WHOLE, NO_LIMIT, i.steps_wanted),
    )
    whole = np.flatnonzero(i.fill == WHOLE)
    if len(whole):
        served = model.add_variables(
            np.zeros(len(whole)),
            np.ones(len(whole)),
            lambda known: (used_rows(i.need, known, len(i.fill))[whole] > 0).astype(np.int64),
        )
        place = np.full(len(i.fill), -1, np.int64)
        place[whole] = np.arange(len(whole))
        inside = place[i.need] >= 0
        model.add_rows(
            np.concatenate((place[i.need[inside]], np.arange(len(whole)))),
            np.concatenate((steps[inside], served)),
            np.concatenate((np.ones(int(inside.sum()), np.int64), -i.steps_wanted[whole])),
            np.zeros(len(whole)),
            np.zeros(len(whole)),
        )
    model.at_most(i.offering, steps, i.load, i.capacity)
    _max_needs(model, steps)
    model.at_most(i.household[i.need], steps, i.worth, i.household_cap)
    _funds(model, steps)
    for members, most in zip(i.limit_members, i.limit_max, strict=True):
        model.at_most(np.zeros(len(members), np.int64), steps[members], i.cost[members], np.array([most]))
    return model


def _max_needs(model: WholeModel, steps: np.ndarray) -> None:
    """Where an offering may serve fewer needs than it has columns, each column of several steps gets a mark of being used."""
    i = model.instance
    live = i.high > 0
    few = np.bincount(i.offering[live], minlength=len(i.max_needs)) > i.max_needs
    inside = live & few[i.offering]
    several = np.flatnonzero(inside & (i.high > 1))
    used = steps.copy()
    if len(several):
        used[several] = model.add_variables(
            np.zeros(len(several)), np.ones(len(several)), lambda known: (known[several] > 0).astype(np.int64)
        )
        row = np.arange(len(several))
        model.add_rows(
            np.concatenate((row, row)),
            np.concatenate((steps[several], used[several])),
            np.concatenate((np.ones(len(several), np.int64), -i.high[several])),
            np.full(len(several), -FREE),
            np.zeros(len(several)),
        )
    model.at_most(i.offering[inside], used[inside], np.ones(int(inside.sum()), np.int64), i.max_needs)


def _funds(model: WholeModel, steps: np.ndarray) -> None:
    """Columns of one class share their charges: cost of the class = Σ charges to its funds; each fund within its amount."""
    i = model.instance
    if not i.classes:
        return
    fund = np.concatenate([np.array(funds, np.int64) for funds in i.classes])
    owner = np.repeat(np.arange(len(i.classes)), [len(funds) for funds in i.classes])

    def charged(known: np.ndarray) -> np.ndarray:
        flows = class_flows(i, [class_spending(i, known)])
        assert flows is not None, "the start spends more than the funds have"
        return np.array([flows.get((0, k, f), 0) for k, f in zip(owner.tolist(), fund.tolist(), strict=True)], np.int64)

    charges = model.add_variables(np.zeros(len(fund)), i.fund_amount[fund], charged, money=True)
    paid = np.flatnonzero((i.payers >= 0) & (i.high > 0))
    model.add_rows(
        np.concatenate((i.payers[paid], owner)),
        np.concatenate((steps[paid], charges)),
        np.concatenate((i.cost[paid], -np.ones(len(fund), np.int64))),
        np.zeros(len(i.classes)),
        np.zeros(len(i.classes)),
    )
    model.at_most(fund, charges, np.ones(len(fund), np.int64), i.fund_amount)
