"""The price of fairness: what the floors of the townships cost in points of the tiers, and what they gave; and the exceptions. Pure.

Levels 1 to 3 of the objective fix the values V1, V2, V3 without looking at townships. Levels 4 and 5 (fairness, then coverage) may lower a tier
to ``⌈V·(1000 − tolerance)/1000⌉`` to lift townships to their floors. What the final plan delivers of a tier, less V, is therefore what the floors
cost: no second solve is needed. It can be negative: where V was not proven best, the later levels may find more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matching.problem import Problem
from matching.properties import count_reasons
from matching.rules import Rules
from matching.solution import Plan

MOST_NEEDS_LOOKED_AT = 20_000
"""A larger pool is looked at by ``zhongfu verify --fairness``, not while its plan is stored (6,000 needs take about 5 s)"""
MOST_SENTENCES = 20
BEFORE = "before fairness"
"""The stage under which the solver notes the points of each township as levels 1 to 3 left them, by code"""


@dataclass(frozen=True, slots=True)
class TierPrice:
    """Points of one tier: `fixed` at its level, `delivered` by the plan, `least` the tolerance allows."""

    tier: int
    fixed: int
    delivered: int
    least: int

    @property
    def given_up(self) -> int:
        """Points that went to the floors; negative where more was found afterwards."""
        return self.fixed - self.delivered


def least_kept(value: int, tolerance_permille: int) -> int:
    """The least points of a tier that the levels after it may leave: V·(1000 − tolerance)/1000, rounded up."""
    return -(-value * (1000 - tolerance_permille) // 1000)


def tier_prices(problem: Problem, plan: Plan) -> list[TierPrice]:
    """One per tier. A plan that states no deliveries (`achieved`) is counted from its allocations."""
    counted = Rules(problem).levels(plan.served())
    prices = []
    for tier in (1, 2, 3):
        level = next(level for level in plan.levels if level.name == f"tier{tier}")
        delivered = counted[f"tier{tier}"] if level.achieved is None else level.achieved
        prices.append(
            TierPrice(tier, level.value, delivered, least_kept(level.value, problem.policy.tolerance_permille))
        )
    return prices


def price_of_fairness(problem: Problem, plan: Plan) -> dict[str, Any]:
    """What the floors cost and gave, as a round keeps it.

    ``{"floor_percent", "tolerance_permille", "tiers": [{tier, fixed, delivered, given_up, least}], "fixed", "delivered", "given_up",
    "shortfall_before", "shortfall", "townships": [{code, floor, before, points, shortfall_before, shortfall}]}``, all in points. What
    stood before the floors is None where the plan does not say it.
    """
    rules, prices = Rules(problem), tier_prices(problem, plan)
    floors = rules.floors([one.fixed for one in prices])
    points = dict.fromkeys(floors, 0)
    for (need_id, _), quantity in plan.served().items():
        need = rules.need(need_id)
        points[rules.township(need)] += need.unit_points * quantity
    before = points_before(plan, sorted(floors))
    townships = [
        {
            "code": code,
            "floor": floor,
            "before": None if before is None else before[code],
            "points": points[code],
            "shortfall_before": None if before is None else max(0, floor - before[code]),
            "shortfall": max(0, floor - points[code]),
        }
        for code, floor in sorted(floors.items())
    ]
    return {
        "floor_percent": problem.policy.floor_percent,
        "tolerance_permille": problem.policy.tolerance_permille,
        "tiers": [
            {
                "tier": one.tier,
                "fixed": one.fixed,
                "delivered": one.delivered,
                "given_up": one.given_up,
                "least": one.least,
            }
            for one in prices
        ],
        "fixed": sum(one.fixed for one in prices),
        "delivered": sum(one.delivered for one in prices),
        "given_up": sum(one.given_up for one in prices),
        "shortfall_before": None if before is None else sum(row["shortfall_before"] for row in townships),
        "shortfall": sum(row["shortfall"] for row in townships),
        "townships": townships,
    }


def points_before(plan: Plan, codes: Sequence[str]) -> Mapping[str, int] | None:
    """Township → its points as levels 1 to 3 left them, from the solver's record of its work; None where it has none."""
    for entry in plan.solver.get("work", ()):
        if isinstance(entry, Mapping) and entry.get("stage") == BEFORE:
            points = entry.get("points")
            if isinstance(points, Sequence) and len(points) == len(codes):
                return dict(zip(codes, points, strict=True))
    return None


def exceptions(problem: Problem, plan: Plan) -> dict[str, Any] | None:
    """Idle units beside unmet needs, and needs served before one that outranks them, counted by what justifies them (promise 27).

    ``{"idle": {reason: n}, "envy": {reason: n}, "unjustified": n, "sentences": [the first of them]}``, reasons as in
    `matching.properties`; None where the pool has more than MOST_NEEDS_LOOKED_AT needs.
    """
    if len(problem.needs) > MOST_NEEDS_LOOKED_AT:
        return None
    found = count_reasons(problem, plan)
    return {
        "idle": found.idle,
        "envy": found.envy,
        "unjustified": len(found.unjustified),
        "sentences": list(found.unjustified[:MOST_SENTENCES]),
    }
