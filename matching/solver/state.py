"""An incumbent: the steps of every column, what they use of every row, and the check that no row is broken."""

import numpy as np
from ortools.graph.python import min_cost_flow

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
    if i.classes and fund_flows(i, [class_spending(i, steps)]) is None:
        found.append("fund")
    return found


def class_spending(instance, steps):
    """Fen spent per payer class (K,)."""
    paid = np.flatnonzero((steps > 0) & (instance.payers >= 0))
    return used_rows(instance.payers[paid], instance.cost[paid] * steps[paid], len(instance.classes))


def class_flows(instance, spendings, amounts=None):
    """How the funds pay several parts of the spending (K,) at once, narrowly earmarked funds first: {(part, class, fund): fen}.

    None where the funds (`amounts`, default their full amounts) cannot pay everything. Whole fen, a cheapest maximum flow class → fund;
    classes and funds are numbered by ids, so the same spending is always paid in the same way.
    """
    amounts = instance.fund_amount if amounts is None else amounts
    asked = [(part, int(k)) for part, spending in enumerate(spendings) for k in np.flatnonzero(spending)]
    if not asked:
        return {}
    flow, first = min_cost_flow.SimpleMinCostFlow(), 2 + len(amounts)
    arcs, due = [], 0
    for place, (part, k) in enumerate(asked):
        fen = int(spendings[part][k])
        due += fen
        flow.add_arc_with_capacity_and_unit_cost(0, first + place, fen, 0)
        for fund in instance.classes[k]:
            arc = flow.add_arc_with_capacity_and_unit_cost(first + place, 2 + fund, fen, int(instance.breadth[fund]))
            arcs.append((part, k, fund, arc))
    for fund, amount in enumerate(np.asarray(amounts).tolist()):
        flow.add_arc_with_capacity_and_unit_cost(2 + fund, 1, max(0, amount), 0)
    flow.set_node_supply(0, due)
    flow.set_node_supply(1, -due)
    if flow.solve_max_flow_with_min_cost() != flow.OPTIMAL or flow.maximum_flow() != due:
        return None
    return {(part, k, fund): flow.flow(arc) for part, k, fund, arc in arcs if flow.flow(arc)}


def fund_flows(instance, spendings):
    """Fen per (part, fund) of `class_flows`, or None."""
    flows = class_flows(instance, spendings)
    if flows is None:
        return None
    paid = np.zeros((len(spendings), len(instance.fund_amount)), np.int64)
    for (part, _, fund), fen in flows.items():
        paid[part, fund] += fen
    return paid


class Incumbent:
    """Steps with the rooms left in each row, for quick additions (fen, capacity units, needs); the rooms are plain lists."""

    def __init__(self, instance, steps):
        i = self.instance = instance
        self.steps = steps.copy()
        self.need_room = (i.steps_wanted - used_rows(i.need, steps, len(i.fill))).tolist()
        self.room = (i.capacity - used_rows(i.offering, steps * i.load, len(i.capacity))).tolist()
        served = used_rows(i.offering, (steps > 0).astype(np.int64), len(i.capacity))
        self.places = (i.max_needs - served).tolist()
        taken = used_rows(i.household[i.need], steps * i.worth, len(i.household_cap))
        self.cap_room = (i.household_cap - taken).tolist()
        self.home = i.household.tolist()
        self.limit_room = [
            int(m) - exact_sum(i.cost[r], steps[r]) for r, m in zip(i.limit_members, i.limit_max, strict=True)
        ]
        paid = fund_flows(i, [class_spending(i, steps)])
        self.fund_room = i.fund_amount.tolist() if paid is None else (i.fund_amount - paid[0]).tolist()
        self.charged = {}
        self._limits = _limits_by_column(i)
        self._payers = [sorted(funds, key=lambda f: (i.breadth[f], f)) for funds in i.classes]

    def usable(self):
        """The columns that can take at least one step with everything else as it is, by need."""
        i, left = self.instance, np.array(self.need_room, np.int64)[self.instance.need]
        yes = (i.high > self.steps) & (left > 0)
        yes &= np.array(self.room, np.int64)[i.offering] >= i.load
        yes &= (np.array(self.places, np.int64)[i.offering] > 0) | (self.steps > 0)
        yes &= np.array(self.cap_room, np.int64)[i.household[i.need]] >= i.worth
        if i.classes:
            purse = np.array([sum(self.fund_room[f] for f in funds) for funds in i.classes], np.int64)
            yes &= (i.cost == 0) | (purse[np.maximum(0, i.payers)] >= i.cost)
        for members, room in zip(i.limit_members, self.limit_room, strict=True):
            yes[members[i.cost[members] > room]] = False
        return np.flatnonzero(yes)

    def most(self, column):
        """The most further steps this column can take with everything else as it is (a lower estimate for split payment)."""
        i = self.instance.plain
        n, o, load = i.need[column], i.offering[column], i.load[column]
        room, left = self.room[o], self.need_room[n]
        if room < load or left <= 0:
            return 0
        now = int(self.steps[column])
        if now == 0 and self.places[o] <= 0:
            return 0
        most = min(left, i.high[column] - now)
        if load:
            most = min(most, room // load)
        worth, cost = i.worth[column], i.cost[column]
        if worth:
            most = min(most, self.cap_room[self.home[n]] // worth)
        if cost and most > 0:
            purse = sum([self.fund_room[f] for f in self._payers[i.payers[column]]])
            most = min(most, purse // cost)
            for limit in self._limits(column):
                most = min(most, self.limit_room[limit] // cost)
        return max(0, most)

    def add(self, column, count):
        """Adds `count` ≤ most(column) steps, charged to the narrowest funds first."""
        due = self._move(column, count)
        if due:
            for limit in self._limits(column):
                self.limit_room[limit] -= due
            for fund in self._payers[self.instance.plain.payers[column]]:
                paid = min(due, self.fund_room[fund])
                self.fund_room[fund] -= paid
                self.charged.setdefault(column, []).append((fund, paid))
                due -= paid
                if not due:
                    break

    def take_back(self, column, count):
        """Undoes an `add` of `count` steps to a column that had none before."""
        due = -self._move(column, -count)
        if due:
            for limit in self._limits(column):
                self.limit_room[limit] += due
            for fund, paid in self.charged.pop(column):
                self.fund_room[fund] += paid

    def _move(self, column, count):
        """Adds `count` steps, or takes them away, in all rows but those of money; their fen."""
        i = self.instance.plain
        n, o = i.need[column], i.offering[column]
        before = int(self.steps[column])
        self.steps[column] = before + count
        self.places[o] -= int(before + count > 0) - int(before > 0)
        self.need_room[n] -= count
        self.room[o] -= count * i.load[column]
        self.cap_room[self.home[n]] -= count * i.worth[column]
        return i.cost[column] * count


def _limits_by_column(instance):
    if not instance.limit_members:
        return lambda column: ()
    bits = np.zeros(instance.size, np.int64)
    for k, rows in enumerate(instance.limit_members[:62]):
        bits[rows] |= 1 << k
    names = {}
    for mask in np.unique(bits).tolist():
        names[mask] = tuple(k for k in range(min(62, len(instance.limit_members))) if mask >> k & 1)
    bits = bits.tolist()
    more = [(k, set(rows.tolist())) for k, rows in enumerate(instance.limit_members) if k >= 62]
    if not more:
        return lambda column: names[bits[column]]
    return lambda column: names[bits[column]] + tuple(k for k, rows in more if column in rows)
