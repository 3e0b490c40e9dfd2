"""What a round is compared with: first come, first served, and greedy by urgency and weight.

Both respect every constraint, pins first. They return plans that the validator accepts: every level is stated with
its recomputed value and the bound that needs no search (all points of a tier; nothing for what is minimised).
"""

from collections.abc import Sequence

import numpy as np

from kernel.errors import Conflict
from matching.charging import FundFlow, charge
from matching.pairs import Pairs
from matching.problem import Problem, problem_sha256
from matching.rules import COVERAGE_WEIGHTS, LEVELS, Rules
from matching.solution import Level, Plan, Unmet


class PinsDoNotFit(Conflict):
    """The pins alone already break a constraint."""


def first_come(problem: Problem, pairs: Pairs, order: Sequence[str] | None = None) -> dict[tuple[str, str], int]:
    """Needs in the order given (ids, e.g. by posting time; default: by id), nearest compatible offering first."""
    ids = sorted(problem.need_index) if order is None else order
    return _serve(problem, pairs, [problem.need_index[one] for one in ids])


def greedy(problem: Problem, pairs: Pairs) -> dict[tuple[str, str], int]:
    """The most urgent tier first, in it the largest points per unit, then by id; nearest offering first."""
    needs = problem.needs
    order = sorted(range(len(needs)), key=lambda i: (needs[i].tier, -needs[i].unit_points, needs[i].id))
    return _serve(problem, pairs, order)


class _State:
    """What is left of every scarce row while needs are served one by one."""

    def __init__(self, problem: Problem, pairs: Pairs):
        self.problem = problem
        self.capacity = [o.capacity for o in problem.offerings]
        self.slots = [len(problem.needs) if o.max_needs is None else o.max_needs for o in problem.offerings]
        self.limits = [limit.max_fen for limit in problem.limits]
        self.caps = {n.household: problem.cap_fen(n.household) for n in problem.needs}
        self.flow = FundFlow(problem, pairs.payer_sets)
        self.units = np.zeros(len(pairs), np.int64)
        self.columns = [c.tolist() for c in (pairs.offering, pairs.load, pairs.unit_cost_fen, pairs.payer_class)]
        counted = np.zeros((len(pairs), len(problem.limits)), bool)
        for row, members in enumerate(pairs.limit_members):
            counted[members, row] = True
        self.counted = [np.flatnonzero(row).tolist() for row in counted] if problem.limits else None

    def most(self, need: int, pair: int, wanted: int) -> int:
        """Units ≤ `wanted` that capacity, slots, household cap and limits allow on this pair."""
        offering, load, cost, _ = (column[pair] for column in self.columns)
        row = self.problem.needs[need]
        if self.slots[offering] < 1:
            return 0
        if row.fill == "single":
            most = wanted if load <= self.capacity[offering] else 0
        else:
            most = min(wanted, self.capacity[offering])
        cap = self.caps[row.household]
        if cap is not None and row.unit_worth_fen:
            most = min(most, cap // row.unit_worth_fen)
        if cost and self.counted is not None:
            for limit in self.counted[pair]:
                most = min(most, self.limits[limit] // cost)
        return most

    def pay(self, pair: int, units: int, least: int) -> int:
        """Charges up to `units`, at least `least` or nothing; returns the units paid."""
        cost, payers = self.columns[2][pair], self.columns[3][pair]
        if not cost or self.flow.add(payers, cost * units):
            return units
        units = min(units, self.flow.room(payers) // cost)
        return units if units >= least and units and self.flow.add(payers, cost * units) else 0

    def book(self, need: int, pair: int, units: int, sign: int = 1) -> None:
        offering, load, cost, _ = (column[pair] for column in self.columns)
        row = self.problem.needs[need]
        self.capacity[offering] -= sign * (load if row.fill == "single" else units)
        self.slots[offering] -= sign
        if self.caps[row.household] is not None:
            self.caps[row.household] -= sign * units * row.unit_worth_fen
        if cost and self.counted is not None:
            for limit in self.counted[pair]:
                self.limits[limit] -= sign * cost * units
        self.units[pair] += sign * units


def _serve(problem: Problem, pairs: Pairs, order: Sequence[int]) -> dict[tuple[str, str], int]:
    state = _State(problem, pairs)
    start = np.searchsorted(pairs.need[np.argsort(pairs.need, kind="stable")], np.arange(len(problem.needs) + 1))
    by_need = np.lexsort((pairs.unit_cost_fen, pairs.distance_m, pairs.need)).tolist()
    place = (
        {(n, o): p for p, (n, o) in enumerate(zip(pairs.need.tolist(), pairs.offering.tolist(), strict=True))}
        if problem.pins
        else {}
    )
    pinned: dict[int, dict[int, int]] = {}
    for pin in problem.pins:
        need, offering = problem.need_index[pin.need], problem.offering_index[pin.offering]
        pair = place.get((need, offering))
        if pair is None and pin.quantity:
            raise PinsDoNotFit(
                "need %(need)s and offering %(offering)s are pinned but not compatible",
                need=pin.need,
                offering=pin.offering,
            )
        if pair is not None:
            pinned.setdefault(need, {})[pair] = pin.quantity
    for need, held in pinned.items():
        for pair, units in held.items():
            row = problem.needs[need]
            if units and row.fill == "single" and (units != row.quantity or sum(held.values()) > units):
                raise PinsDoNotFit("need %(need)s takes all from one offering, its pins do not", need=row.id)
            if units and (state.most(need, pair, units) < units or state.pay(pair, units, units) < units):
                offering = problem.offerings[pairs.offering[pair]].id
                raise PinsDoNotFit("the pin of %(units)s of %(offering)s does not fit", units=units, offering=offering)
            if units:
                state.book(need, pair, units)
    # needs whose pins demand a completion (`whole`) come first, so that nobody takes it from them
    for need in [
        *(n for n in pinned if any(pinned[n].values())),
        *(n for n in order if not any(pinned.get(n, {}).values())),
    ]:
        _serve_one(problem, state, need, by_need[start[need] : start[need + 1]], pinned.get(need, {}))
    rows = zip(np.flatnonzero(state.units).tolist(), state.units[state.units > 0].tolist(), strict=True)
    return {(problem.needs[pairs.need[p]].id, problem.offerings[pairs.offering[p]].id): x for p, x in rows}


def _serve_one(problem: Problem, state: _State, need: int, candidates: list[int], held: dict[int, int]) -> None:
    row = problem.needs[need]
    left = row.quantity - sum(held.values())
    if left < 0:
        raise PinsDoNotFit("need %(need)s is pinned to more than it asks for", need=row.id)
    taken: list[tuple[int, int]] = []
    flow = None
    for pair in candidates:
        if not left:
            break
        if pair in held:
            continue
        most = state.most(need, pair, left)
        if row.fill == "whole" and flow is None:
            flow = state.flow.snapshot()
        if most and (row.fill != "single" or most == left):
            units = state.pay(pair, most, left if row.fill == "single" else 1)
            if units:
                state.book(need, pair, units)
                taken.append((pair, units))
                left -= units
    if left and row.fill == "whole":
        if held and any(held.values()):
            raise PinsDoNotFit("need %(need)s is pinned in part and cannot be filled whole", need=row.id)
        for pair, units in taken:
            state.book(need, pair, units, sign=-1)
        if flow is not None:
            state.flow.restore(flow)


def plan_of(
    problem: Problem, pairs: Pairs, served: dict[tuple[str, str], int], units: np.ndarray, unmet: Sequence[Unmet]
) -> Plan:
    """A plan with honest trivial bounds around a baseline; `units` is `served` per pair."""
    values = Rules(problem).levels(served)
    most = [0, 0, 0]
    for need in problem.needs:
        most[need.tier - 1] += need.unit_points * need.quantity
    bounds = {
        "tier1": most[0],
        "tier2": most[1],
        "tier3": most[2],
        "coverage": sum(weight * points for weight, points in zip(COVERAGE_WEIGHTS, most, strict=True)),
    }
    levels = tuple(
        Level(
            name,
            values[name],
            bounds.get(name, 0),
            bounds.get(name, 0) == values[name],
            achieved=values[name] if name.startswith("tier") else None,
        )
        for name in LEVELS
    )
    return Plan(
        problem_sha256=problem_sha256(problem),
        status="optimal" if all(level.proven for level in levels) else "feasible",
        levels=levels,
        allocations=charge(problem, pairs, units),
        unmet=tuple(unmet),
        solver={"versions": {}, "seconds": 0, "pairs": len(pairs), "work": {}},
    )
