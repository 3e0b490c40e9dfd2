"""What if: a proposed plan under other amounts of money, another floor, or with a pair pinned or forbidden.

Two kinds of answers. *Estimates* are given at once from a plan that is kept warm: what a plan at hand reaches, what no plan can pass, and
what is likely between them. *Solves* take a worker's time: the whole problem anew, or, for pins and forbids, the fewest changes to the
plan that honour them. No answer changes the plan or the problem it was asked of. Money is whole fen.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kernel.errors import InvalidInput
from matching.alternatives import Change, budget_of, changed_problem, checked_change, is_budget, unused_limit_id
from matching.estimates import Answer, TierAnswer, TooLittleMoney
from matching.explanation import explain_unmet
from matching.pairs import build_pairs
from matching.problem import Limit, Problem, problem_sha256
from matching.rules import LEVELS, Served
from matching.solution import Level, Plan
from matching.solver.charges import charged_allocations
from matching.solver.fewest import Settled, fewest_changes
from matching.solver.instance import build_instance
from matching.solver.levels import values
from matching.solver.money import CannotPayPins
from matching.solver.state import broken
from matching.solver.warm import Estimate, WarmPlan, townships_below


@dataclass(frozen=True)
class Difference:
    """What one need gets before and after, in units, and from which offerings (id → units)."""

    need: str
    household: str
    tier: int
    before: int
    after: int
    offerings_before: Mapping[str, int]
    offerings_after: Mapping[str, int]


def differences(problem: Problem, before: Served, after: Served) -> list[Difference]:
    """The needs whose help changes: losers first, the most urgent first among them."""
    sides = []
    for served in (before, after):
        by_need: dict[str, dict[str, int]] = defaultdict(dict)
        for (need, offering), quantity in served.items():
            if quantity:
                by_need[need][offering] = quantity
        sides.append(by_need)
    found = []
    for need in problem.needs:
        was, now = (dict(sorted(side.get(need.id, {}).items())) for side in sides)
        if was != now:
            found.append(Difference(need.id, need.household, need.tier, sum(was.values()), sum(now.values()), was, now))
    return sorted(found, key=lambda d: ((d.after > d.before) - (d.after < d.before), d.tier, d.need))


@dataclass(frozen=True)
class Counts:
    """How many needs and households gain, lose, or get the same from elsewhere; `pairs` whose quantity differs."""

    needs_gaining: int
    needs_losing: int
    needs_moved: int
    households_gaining: int
    households_losing: int
    pairs: int


def counted(found: list[Difference]) -> Counts:
    """The differences in numbers."""
    gains = [d for d in found if d.after > d.before]
    losses = [d for d in found if d.after < d.before]
    pairs = sum(
        d.offerings_before.get(o, 0) != d.offerings_after.get(o, 0)
        for d in found
        for o in {*d.offerings_before, *d.offerings_after}
    )
    return Counts(
        len(gains), len(losses), len(found) - len(gains) - len(losses),
        len({d.household for d in gains}), len({d.household for d in losses}), pairs,
    )  # fmt: skip


class Prepared:
    """A problem and its plan, read, paired and kept warm. Several threads may ask at once; nothing in it changes but its prices."""

    def __init__(self, problem: Problem, plan: Plan):
        budget = budget_of(problem)
        self.problem, self.budget_fen = problem, budget
        self.funds_fen = {fund.id: fund.amount_fen for fund in problem.funds}
        if budget is None:
            rows = (*problem.limits, Limit(unused_limit_id(problem), sum(self.funds_fen.values())))
            problem = replace(problem, limits=rows)
        pairs = build_pairs(problem)
        instance = build_instance(problem, pairs)
        self.budgets = np.array(
            [
                is_budget(problem.limits[k])
                for k in sorted(range(len(problem.limits)), key=lambda k: problem.limits[k].id)
            ]
        )
        self.townships = pairs.townships
        self.warm = WarmPlan(instance, steps_of(instance, plan.served()))

    def with_prices(self, prices: np.ndarray) -> "Prepared":
        """The same, with prices to bound by."""
        self.warm.with_prices(prices)
        return self

    @property
    def has_prices(self) -> bool:
        """Whether bounds come from prices, or only from what is asked and offered."""
        return len(self.warm.prices) > 0


def estimate(prepared: Prepared, change: Change) -> Answer:
    """What a change of money, floor or tolerance would do. Raises InvalidFields, InvalidInput (pairs), TooLittleMoney."""
    checked_change(prepared.problem, change)
    if change.of_pairs:
        raise InvalidInput("A pinned or forbidden pair is answered by a solve, not by an estimate", field="pins")
    warm = prepared.warm
    i = warm.instance
    funds = [(change.funds or {}).get(code, fen) for code, fen in zip(i.fund_ids, i.fund_amount.tolist(), strict=True)]
    limits = i.limit_max.copy()
    if change.budget_fen is not None:
        limits[prepared.budgets] = change.budget_fen
    elif prepared.budget_fen is None:
        limits[prepared.budgets] = sum(funds)
    try:
        money = change.budget_fen is not None or bool(change.funds)
        found = warm.ask(
            fund_amount=funds if money else None,
            limit_max=limits if money else None,
            floor_percent=change.floor_percent,
            tolerance_permille=change.tolerance_permille,
        )
    except CannotPayPins:
        raise TooLittleMoney("With so little money the pinned deliveries cannot be paid", field="budget_fen") from None
    return _answer(prepared, found, warm.changed(floor_percent=change.floor_percent))


def _answer(prepared: Prepared, found: Estimate, changed: Any) -> Answer:
    warm = prepared.warm
    more, less = found.units > found.units_before, found.units < found.units_before
    home = warm.instance.household
    return Answer(
        tiers=tuple(
            TierAnswer(t + 1, found.before[t], found.least[t], found.likely[t], found.most[t], found.most_before[t])
            for t in range(3)
        ),
        shortfall_before=found.shortfall_before,
        shortfall=found.shortfall,
        shortfall_least=found.shortfall_least,
        cost_before_fen=found.cost_before,
        cost_fen=found.cost,
        needs_gaining=int(more.sum()),
        needs_losing=int(less.sum()),
        households_gaining=len(np.unique(home[more])),
        households_losing=len(np.unique(home[less])),
        townships_below=tuple(
            (prepared.townships[g], points) for g, points in townships_below(changed, found.steps, found.least)
        ),
        priced=prepared.has_prices,
    )


def steps_of(instance: Any, served: Served) -> np.ndarray:
    """The steps (P,) of a plan; a pair that the instance does not have (it is forbidden now) is left out."""
    need = {code: row for row, code in enumerate(instance.need_ids)}
    offering = {code: row for row, code in enumerate(instance.offering_ids)}
    width = max(1, len(offering))
    key = instance.need * width + instance.offering
    steps = np.zeros(instance.size, np.int64)
    wanted = {need[n] * width + offering[o]: quantity for (n, o), quantity in served.items()}
    if not len(key) or not wanted:
        return steps
    keys = np.array(sorted(wanted), np.int64)
    at = np.minimum(np.searchsorted(key, keys), len(key) - 1)
    found = key[at] == keys
    quantities = np.array([wanted[k] for k in keys.tolist()], np.int64)
    steps[at[found]] = quantities[found] // instance.step[at[found]]
    return steps


@dataclass(frozen=True)
class FewestChanges:
    """A plan that honours new pins and forbids, as near to the plan before as was found.

    `changed` pairs differ besides the forbidden ones; `proven`: none that loses no more changes fewer. `lost` points per tier beyond
    the loss that was allowed.
    """

    problem: Problem
    plan: Plan
    differences: tuple[Difference, ...]
    changed: int
    proven: bool
    lost: tuple[int, int, int]


def fewest(problem: Problem, plan: Plan, change: Change, *, loss_permille: int | None = None) -> FewestChanges:
    """The fewest changes to `plan` under which `change` holds; tiers may lose `loss_permille` (None: the policy's tolerance).

    Raises InvalidFields, ContradictingPins. A budget or fund in `change` must already pay for the plan before.
    """
    checked_change(problem, change)
    changed = changed_problem(problem, change)
    pairs = build_pairs(changed)
    instance = build_instance(changed, pairs)
    served = plan.served()
    base = steps_of(instance, served)
    loss = changed.policy.tolerance_permille if loss_permille is None else loss_permille
    earned = dict(zip(("tier1", "tier2", "tier3"), _tiers(plan), strict=True))
    least = tuple(-(-points * (1000 - loss) // 1000) for points in earned.values())
    row = {code: place for place, code in enumerate(instance.need_ids)}
    seeds = {row[pair.need] for pair in (*change.pins, *change.forbids)}
    settled = fewest_changes(instance, base, least, seeds)
    wrong = broken(instance, settled.steps)
    if wrong:
        raise AssertionError(f"the solver's own check refuses the changed plan: {', '.join(wrong)}")
    made = _plan(changed, pairs, instance, settled, plan)
    found = differences(problem, served, made.served())
    lost = tuple(max(0, k - v) for k, v in zip(least, _tiers(made), strict=True))
    return FewestChanges(changed, made, tuple(found), counted(found).pairs, settled.proven, lost)  # type: ignore[arg-type]


def _tiers(plan: Plan) -> tuple[int, ...]:
    """What the plan delivers of each tier, in points."""
    said = {level.name: level for level in plan.levels}
    return tuple(
        said[name].value if said[name].achieved is None else said[name].achieved for name in ("tier1", "tier2", "tier3")
    )  # type: ignore[misc]


def _plan(problem: Problem, pairs: Any, instance: Any, settled: Settled, before: Plan) -> Plan:
    """The plan document of the settled steps. A tier's bound of before still holds while the tiers before it lose nothing."""
    value = values(instance, settled.steps)
    said, levels, kept = {level.name: level for level in before.levels}, [], True
    for place, name in enumerate(LEVELS):
        bound = said[name].bound if place < 3 and kept else 0 if name == "fairness" else None
        if bound is not None and place < 3:
            kept = value[name] >= said[name].value
            bound = max(bound, value[name])
        proven = bound is not None and bound == value[name]
        levels.append(Level(name, value[name], bound, proven, achieved=value[name] if place < 3 else None))
    allocations = charged_allocations(instance, settled.steps)
    served = {(a.need, a.offering): a.quantity for a in allocations}
    return Plan(
        problem_sha256=problem_sha256(problem),
        status="optimal" if all(level.proven for level in levels) else "feasible",
        levels=tuple(levels),
        allocations=allocations,
        unmet=tuple(explain_unmet(problem, pairs, served)),
        solver={"versions": dict(before.solver.get("versions", {})), "pairs": len(pairs), "work": [], "searched": settled.searched},
    )  # fmt: skip
