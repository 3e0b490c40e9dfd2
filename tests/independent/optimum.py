"""The lexicographic optimum of a small problem by a model of its own: one integer, one switch and one charge per fund for every pair.

Written from the contract and built otherwise than the product's model on purpose (no steps, no payer classes, no tightened bounds, no start
plan, a fresh model for the levels after the tiers), so that an error in one is not an error in both.
"""

from dataclasses import dataclass
from itertools import combinations

from ortools.sat.python import cp_model

from tests.independent.contract import TIERS, Contract

NAMES = ("tier1", "tier2", "tier3", "fairness", "coverage", "cost", "distance", "lottery")
FIRST = 8.0  # seconds of the first search of a level


@dataclass(frozen=True)
class Best:
    """The eight values in the order of NAMES, and one plan that has them."""

    values: tuple[int, ...]
    served: dict[tuple[str, str], int]


class Undecided(RuntimeError):
    """The search did not finish within its seconds; nothing is claimed."""


def best(document, *, seconds=120.0):
    """The optimum, or None where the pins cannot be kept. Raises Undecided after `seconds` on one level."""
    contract = Contract(document)
    model = _Model(contract, seconds)
    fixed = []
    for tier in TIERS:
        value = model.optimise(model.points(tier), highest=True)
        if value is None:
            return None
        model.rows.add(model.points(tier) == value)
        fixed.append(value)
    later = _Model(contract, seconds, like=model)
    for tier, least in zip(TIERS, contract.least_kept(fixed), strict=True):
        later.rows.add(later.points(tier) >= least)
    values = []
    for expression, highest in (
        (later.shortfall(contract.floors(fixed)), False),
        (10000 * later.points(1) + 100 * later.points(2) + later.points(3), True),
        (later.total(lambda edge: edge.fen), False),
        (later.total(lambda edge: edge.metres), False),
        (later.total(lambda edge: edge.draw), False),
    ):
        values.append(later.optimise(expression, highest=highest))
        later.rows.add(expression == values[-1])
    return Best((*fixed, *values), {pair: units for pair, units in later.found.items() if units})


def pins_can_be_kept(document, *, seconds=120.0):
    """Whether any plan keeps every pin of the document. Raises Undecided."""
    model = _Model(Contract(document), seconds)
    return model.optimise(cp_model.LinearExpr.sum([]), highest=True) is not None


class _Model:
    def __init__(self, contract, seconds, like=None):
        self.contract, self.seconds = contract, seconds
        self.rows = cp_model.CpModel()
        self.found = {} if like is None else like.found
        self.units, self.used, self.charges = {}, {}, {}
        for edge in contract.edges:
            self._pair(edge)
        self._needs()
        self._offerings()
        self._households()
        self._money()
        for pair, quantity in contract.pins.items():
            self.rows.add(self.units.get(pair, 0) == quantity) if pair in self.units else self.rows.add(
                cp_model.LinearExpr.sum([]) == quantity
            )

    def _pair(self, edge):
        pair, wanted = (edge.need, edge.offering), self.contract.needs[edge.need]["quantity"]
        units, used = self.rows.new_int_var(0, wanted, ""), self.rows.new_bool_var("")
        self.rows.add(units >= used)
        self.rows.add(units <= wanted * used)
        self.units[pair], self.used[pair] = units, used
        for fund in edge.payers:
            most = min(self.contract.funds[fund]["amount_fen"], edge.fen * wanted)
            self.charges[pair, fund] = self.rows.new_int_var(0, most, "")
        if edge.fen:
            self.rows.add(sum(self.charges[pair, fund] for fund in edge.payers) == edge.fen * units)

    def _needs(self):
        for name, need in self.contract.needs.items():
            mine = [pair for pair in self.units if pair[0] == name]
            total, fill = sum(self.units[pair] for pair in mine), self.contract.fill(name)
            if not mine:
                continue
            if fill == "any":
                self.rows.add(total <= need["quantity"])
                continue
            all_of_it = self.rows.new_bool_var("")
            self.rows.add(total == need["quantity"] * all_of_it)
            if fill == "single":
                self.rows.add(sum(self.used[pair] for pair in mine) <= 1)

    def _offerings(self):
        for name, offering in self.contract.offerings.items():
            mine = [edge for edge in self.contract.edges if edge.offering == name]
            load = []
            for edge in mine:
                pair = edge.need, edge.offering
                load.append(self.units[pair] if edge.whole_load is None else edge.whole_load * self.used[pair])
            if mine:
                self.rows.add(sum(load) <= offering["capacity"])
            if mine and offering.get("max_needs") is not None:
                self.rows.add(sum(self.used[edge.need, edge.offering] for edge in mine) <= offering["max_needs"])

    def _households(self):
        for household in {need["household"] for need in self.contract.needs.values()}:
            cap = self.contract.cap(household)
            mine = [pair for pair in self.units if self.contract.needs[pair[0]]["household"] == household]
            if cap is not None and mine:
                self.rows.add(sum(self.contract.worth(pair[0]) * self.units[pair] for pair in mine) <= cap)

    def _money(self):
        for name, fund in self.contract.funds.items():
            mine = [charge for (_, payer), charge in self.charges.items() if payer == name]
            if mine:
                self.rows.add(sum(mine) <= fund["amount_fen"])
        for count in range(1, len(self.contract.funds) + 1):  # follows from the charges; it only helps the search
            for some in combinations(self.contract.funds, count):
                only_they = [edge for edge in self.contract.edges if edge.fen and set(edge.payers) <= set(some)]
                spent = cp_model.LinearExpr.sum([e.fen * self.units[e.need, e.offering] for e in only_they])
                self.rows.add(spent <= sum(self.contract.funds[fund]["amount_fen"] for fund in some))
        for limit in self.contract.limits.values():
            counted = [edge for edge in self.contract.edges if self.contract.is_counted(limit, edge)]
            if counted:
                self.rows.add(sum(e.fen * self.units[e.need, e.offering] for e in counted) <= limit["max_fen"])

    def points(self, tier):
        return cp_model.LinearExpr.sum(
            [
                self.contract.points_per_unit(need) * units
                for (need, _), units in self.units.items()
                if self.contract.needs[need]["tier"] == tier
            ]
        )

    def total(self, amount):
        return cp_model.LinearExpr.sum([amount(e) * self.units[e.need, e.offering] for e in self.contract.edges])

    def shortfall(self, floors):
        lacking = []
        for town, floor in floors.items():
            here = [
                self.contract.points_per_unit(need) * units
                for (need, _), units in self.units.items()
                if self.contract.township(self.contract.needs[need]) == town
            ]
            lack = self.rows.new_int_var(0, floor, "")
            self.rows.add(lack >= floor - cp_model.LinearExpr.sum(here))
            lacking.append(lack)
        return cp_model.LinearExpr.sum(lacking)

    def optimise(self, expression, *, highest):
        """The proven best value of the expression, or None where nothing is feasible."""
        self.rows.maximize(expression) if highest else self.rows.minimize(expression)
        self.rows.clear_hints()
        for pair, units in self.found.items():
            self.rows.add_hint(self.units[pair], units)
        for workers in (1, 8):  # the few that resist one strategy give in to several at a time
            solver = cp_model.CpSolver()
            solver.parameters.num_workers = workers
            solver.parameters.linearization_level = 2
            solver.parameters.max_time_in_seconds = min(FIRST, self.seconds) if workers == 1 else self.seconds
            status = solver.solve(self.rows)
            if status in (cp_model.INFEASIBLE, cp_model.OPTIMAL):
                break
        if status == cp_model.INFEASIBLE:
            return None
        if status != cp_model.OPTIMAL:
            raise Undecided(f"{solver.status_name(status)} after {self.seconds:g} s")
        self.found = {pair: solver.value(units) for pair, units in self.units.items()}
        return solver.value(expression)
