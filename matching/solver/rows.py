"""The constraints of a matching problem as CP-SAT rows, one method per business rule.

The model covers the `free` columns; all other columns stay at the steps given in `base`, and every row keeps what they have
already used. With every column free and an empty base it is the whole problem, with a few columns free it is a neighbourhood.
"""

import numpy as np
from ortools.sat.python import cp_model

from matching.solver.instance import ANY, NO_LIMIT, SINGLE
from matching.solver.state import used_rows

MAGNITUDE = 2**62


class TooLarge(OverflowError):
    """A row or objective whose sum could pass 2^62: CP-SAT would refuse or wrap it."""


class ConstraintModel:
    def __init__(self, instance, free, base, *, low=None):
        """`free` rows of columns the solver may change, `base` (P,) steps of all columns (those of `free` are ignored).

        `low` (P,) replaces the pinned lower bounds; columns pinned to nothing stay at 0.
        """
        self.instance = instance
        self.free = np.asarray(free, np.int64)
        self.outside = np.array(base, np.int64)
        self.outside[self.free] = 0
        self.model = cp_model.CpModel()
        i = instance
        self.low, self.high = (i.low if low is None else low)[self.free], i.high[self.free]
        self.steps = [self.model.new_int_var(int(a), int(b), "") for a, b in zip(self.low, self.high, strict=True)]
        self.shortfall = {}
        self.each_need_is_filled_as_it_asks()
        self.no_offering_gives_more_than_it_has()
        self.no_offering_serves_more_needs_than_it_can()
        self.no_household_gets_more_than_its_cap()
        self.every_cost_is_paid_by_funds_that_may_pay()
        self.every_limit_holds()

    # -- rows -------------------------------------------------------------------------------------------------------

    def each_need_is_filled_as_it_asks(self):
        """Any part counts, or all or nothing from several offerings, or all from one offering: as the need's `fill` says."""
        i = self.instance
        used = np.bincount(i.need, self.outside, len(i.fill)).astype(np.int64)
        for need, at in self._groups(i.need[self.free]):
            fill, wanted, already = i.fill[need], int(i.steps_wanted[need]), int(used[need])
            columns = [self.steps[k] for k in at]
            if fill == SINGLE:
                self.model.add_at_most_one(columns) if not already else self.model.add(sum(columns) <= wanted - already)
            elif fill == ANY:
                if self.high[at].sum() > wanted - already:
                    self.model.add(sum(columns) <= wanted - already)
            elif already:
                self.model.add(sum(columns) == wanted - already)
            else:
                served = self.model.new_bool_var("")
                self.model.add(sum(columns) == wanted * served)

    def no_offering_gives_more_than_it_has(self):
        """The load of all deliveries of an offering stays within its capacity."""
        i = self.instance
        used = used_rows(i.offering, self.outside * i.load, len(i.capacity))
        for offering, at in self._groups(i.offering[self.free]):
            self._at_most(at, i.load[self.free[at]], int(i.capacity[offering] - used[offering]))

    def no_offering_serves_more_needs_than_it_can(self):
        """An offering with `max_needs` delivers to at most that many needs."""
        i = self.instance
        used = np.bincount(i.offering, self.outside > 0, len(i.capacity)).astype(np.int64)
        for offering, at in self._groups(i.offering[self.free]):
            room = int(i.max_needs[offering] - used[offering])
            if i.max_needs[offering] >= NO_LIMIT or np.count_nonzero(self.high[at]) <= room:
                continue
            serves = []
            for k in at:
                if self.high[k] == 1:
                    serves.append(self.steps[k])
                elif self.high[k] > 1:
                    serves.append(self.model.new_bool_var(""))
                    self.model.add(self.steps[k] <= int(self.high[k]) * serves[-1])
            self.model.add(sum(serves) <= room)

    def no_household_gets_more_than_its_cap(self):
        """What a household receives, at its worth in fen, stays within the household's cap."""
        i = self.instance
        used = used_rows(i.household[i.need], self.outside * i.worth, len(i.household_cap))
        for household, at in self._groups(i.household[i.need[self.free]]):
            if i.household_cap[household] < NO_LIMIT:
                self._at_most(at, i.worth[self.free[at]], int(i.household_cap[household] - used[household]))

    def every_cost_is_paid_by_funds_that_may_pay(self):
        """Each fen of cost is charged to a fund whose earmarks allow it, and no fund is charged more than its amount."""
        i = self.instance
        self.charges = {}
        classes = i.payers[self.free]
        if not (classes >= 0).any():
            return
        spent = used_rows(np.maximum(i.payers, 0), np.where(i.payers >= 0, self.outside * i.cost, 0), len(i.classes))
        by_fund = [[] for _ in i.fund_amount]
        inside = {int(c): at for c, at in self._groups(classes) if c >= 0}
        for c in sorted(set(inside) | set(np.flatnonzero(spent).tolist())):
            at = inside.get(c, np.zeros(0, np.int64))
            paying = []
            for fund in i.classes[c]:
                charge = self.model.new_int_var(0, int(i.fund_amount[fund]), "")
                paying.append(charge)
                by_fund[fund].append(charge)
                self.charges[c, fund] = charge
            self.model.add(self._sum(at, i.cost[self.free[at]]) + int(spent[c]) == sum(paying))
        for fund, charges in enumerate(by_fund):
            if len(charges) > 1:
                self.model.add(sum(charges) <= int(i.fund_amount[fund]))

    def every_limit_holds(self):
        """The cost of all allocations that a limit counts stays within its fen."""
        i = self.instance
        position = np.full(i.size, -1, np.int64)
        position[self.free] = np.arange(len(self.free))
        for members, most in zip(i.limit_members, i.limit_max, strict=True):
            at = position[members]
            at = at[at >= 0]
            if len(at):
                used = int((self.outside[members] * i.cost[members]).sum())
                self._at_most(at, i.cost[self.free[at]], int(most) - used)

    # -- levels -----------------------------------------------------------------------------------------------------

    def points_of_tiers(self, weights):
        """Σ weights[tier]·points over free columns, as (expression, constant of the columns that stay)."""
        i = self.instance
        weight = np.array(weights, np.int64)[i.tier[i.need]]
        return self.amount(i.points * weight)

    def amount(self, coefficients):
        """Σ coefficients·steps as (expression over free columns, exact constant of the others)."""
        fixed = np.flatnonzero(self.outside)
        constant = sum(int(c) * int(x) for c, x in zip(coefficients[fixed], self.outside[fixed], strict=True))
        return self._sum(np.arange(len(self.free)), coefficients[self.free]), constant

    def shortfall_below(self, floors):
        """Σ_g max(0, floor_g − P_g) as (expression, constant) over the townships; floors (T,) in points."""
        i = self.instance
        town = i.township[i.need]
        fixed = used_rows(town, self.outside * i.points, len(floors))
        inside, constant, parts = dict(self._groups(town[self.free])), 0, []
        for g, floor in enumerate(floors.tolist()):
            gap = floor - int(fixed[g])
            if gap <= 0:
                continue
            if g not in inside:
                constant += gap
                continue
            short = self.model.new_int_var(0, gap, "")
            self.model.add(short + self._sum(inside[g], i.points[self.free[inside[g]]]) >= gap)
            self.shortfall[g] = short
            parts.append(short)
        return (sum(parts) if parts else cp_model.LinearExpr.sum([])), constant

    # -- small parts --------------------------------------------------------------------------------------------------

    def _groups(self, key):
        """(value, positions) of each distinct value of `key`, in rising order."""
        if not len(key):
            return
        order = np.argsort(key, kind="stable")
        cuts = np.flatnonzero(np.diff(key[order])) + 1
        for at in np.split(order, cuts):
            yield int(key[at[0]]), at

    def _sum(self, at, coefficients):
        if float(np.abs(coefficients.astype(float)) @ self.high[at].astype(float)) >= MAGNITUDE:
            raise TooLarge("a sum passes 2^62")
        at = at[coefficients != 0]
        return cp_model.LinearExpr.weighted_sum([self.steps[k] for k in at], coefficients[coefficients != 0].tolist())

    def _at_most(self, at, coefficients, room):
        if float(coefficients.astype(float) @ self.high[at].astype(float)) > room:
            self.model.add(self._sum(at, coefficients) <= room)

    def hint(self, steps):
        self.model.clear_hints()
        for variable, value in zip(self.steps, steps[self.free].tolist(), strict=True):
            self.model.add_hint(variable, value)

    def read(self, solver):
        """All columns' steps in the solver's best solution."""
        steps = self.outside.copy()
        steps[self.free] = [solver.value(v) for v in self.steps]
        return steps
