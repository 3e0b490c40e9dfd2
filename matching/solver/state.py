"""An incumbent: the steps of every column, what they use of every row, and the check that no row is broken."""

import numpy as np
from ortools.graph.python import max_flow

from matching.solver.instance import SINGLE, WHOLE
from matching.solver.levels import exact_sum


def used_rows(rows, amounts, count):
    """Exact int64 sums of `amounts` per row (np.bincount would go through floats)."""
    total = np.zeros(count, np.int64)
    some = np.flatnonzero(amounts)
    np.add.at(total, rows[some], amounts[some])
    return total


def broken(instance, steps):
    """Names of the rules that `steps` (P,) breaks, worst first; empty for a valid plan. Whole numbers only."""
    i, found = instance, []
    if (steps < i.low).any() or (steps > i.high).any():
        found.append("bounds")
    served = used_rows(i.need, steps, len(i.fill))
    if (served > i.steps_wanted).any():
        found.append("quantity")
    if ((i.fill == WHOLE) & (served != 0) & (served != i.steps_wanted)).any():
        found.append("whole")
    if (used_rows(i.need, (steps > 0).astype(np.int64), len(i.fill))[i.fill == SINGLE] > 1).any():
        found.append("single")
    if (used_rows(i.offering, steps * i.load, len(i.capacity)) > i.capacity).any():
        found.append("capacity")
    if (used_rows(i.offering, (steps > 0).astype(np.int64), len(i.capacity)) > i.max_needs).any():
        found.append("max_needs")
    if (used_rows(i.household[i.need], steps * i.worth, len(i.household_cap)) > i.household_cap).any():
        found.append("household_cap")
    for rows, most in zip(i.limit_members, i.limit_max.tolist(), strict=True):
        if exact_sum(i.cost[rows], steps[rows]) > most:
            found.append("limit")
            break
    if i.classes and fund_flow(i, class_spending(i, steps)) is None:
        found.append("fund")
    return found


def class_spending(instance, steps):
    """Fen spent per payer class (K,)."""
    paid = np.flatnonzero((steps > 0) & (instance.payers >= 0))
    return used_rows(instance.payers[paid], instance.cost[paid] * steps[paid], len(instance.classes))


def fund_flow(instance, spending):
    """{(class, fund): fen} that pays `spending` (K,) exactly within every fund, or None where the funds cannot.

    A maximum flow class → fund with whole fen; the result depends only on the spending, so it is canonical.
    """
    asked = [int(k) for k in np.flatnonzero(spending)]
    if not asked:
        return {}
    flow, funds = max_flow.SimpleMaxFlow(), len(instance.fund_amount)
    source, sink, first = 0, 1, 2 + funds
    arcs = []
    for place, k in enumerate(asked):
        flow.add_arc_with_capacity(source, first + place, int(spending[k]))
        for fund in instance.classes[k]:
            arcs.append((k, fund, flow.add_arc_with_capacity(first + place, 2 + fund, int(spending[k]))))
    for fund, amount in enumerate(instance.fund_amount.tolist()):
        flow.add_arc_with_capacity(2 + fund, sink, amount)
    if flow.solve(source, sink) != flow.OPTIMAL or flow.optimal_flow() != sum(int(spending[k]) for k in asked):
        return None
    return {(k, fund): flow.flow(arc) for k, fund, arc in arcs if flow.flow(arc)}


class Incumbent:
    """Steps with the rooms left in each row, for quick additions (fen, capacity units, needs)."""

    def __init__(self, instance, steps):
        i = self.instance = instance
        self.steps = steps.copy()
        self.need_room = i.steps_wanted - used_rows(i.need, steps, len(i.fill))
        self.room = i.capacity - used_rows(i.offering, steps * i.load, len(i.capacity))
        self.places = i.max_needs - used_rows(i.offering, (steps > 0).astype(np.int64), len(i.capacity))
        self.cap_room = i.household_cap - used_rows(i.household[i.need], steps * i.worth, len(i.household_cap))
        self.limit_room = [int(m) - exact_sum(i.cost[r], steps[r]) for r, m in zip(i.limit_members, i.limit_max, strict=True)]
        flow = fund_flow(i, class_spending(i, steps)) or {}
        self.fund_room = i.fund_amount.tolist()
        for (_, fund), fen in flow.items():
            self.fund_room[fund] -= fen
        self._limits = _limits_by_column(i)

    def most(self, column):
        """The most further steps this column can take with everything else as it is (a lower estimate for split payment)."""
        i = self.instance
        n, o = i.need[column], i.offering[column]
        most = min(int(self.need_room[n]), int(i.high[column] - self.steps[column]))
        if most <= 0 or (self.steps[column] == 0 and self.places[o] <= 0):
            return 0
        if i.load[column]:
            most = min(most, int(self.room[o] // i.load[column]))
        if i.worth[column]:
            most = min(most, int(self.cap_room[i.household[n]] // i.worth[column]))
        cost = int(i.cost[column])
        if cost and most > 0:
            purse = sum(self.fund_room[f] for f in i.classes[i.payers[column]])
            most = min(most, purse // cost)
            for limit in self._limits(column):
                most = min(most, self.limit_room[limit] // cost)
        return max(0, most)

    def add(self, column, count):
        """Adds `count` ≤ most(column) steps, charged to the narrowest funds first."""
        i = self.instance
        n, o = i.need[column], i.offering[column]
        if self.steps[column] == 0:
            self.places[o] -= 1
        self.steps[column] += count
        self.need_room[n] -= count
        self.room[o] -= count * i.load[column]
        self.cap_room[i.household[n]] -= count * i.worth[column]
        due = int(i.cost[column]) * count
        if due:
            for limit in self._limits(column):
                self.limit_room[limit] -= due
            for fund in sorted(i.classes[i.payers[column]], key=lambda f: (i.breadth[f], f)):
                paid = min(due, self.fund_room[fund])
                self.fund_room[fund] -= paid
                due -= paid
                if not due:
                    break


def _limits_by_column(instance):
    if not instance.limit_members:
        return lambda column: ()
    bits = np.zeros(instance.size, np.int64)
    for k, rows in enumerate(instance.limit_members[:62]):
        bits[rows] |= 1 << k
    names = {}
    for mask in np.unique(bits).tolist():
        names[mask] = tuple(k for k in range(min(62, len(instance.limit_members))) if mask >> k & 1)
    more = [(k, set(rows.tolist())) for k, rows in enumerate(instance.limit_members) if k >= 62]
    if not more:
        return lambda column: names[int(bits[column])]
    return lambda column: names[int(bits[column])] + tuple(k for k, rows in more if column in rows)

