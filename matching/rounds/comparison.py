"""What first come, first served would have given from the same pool, beside the plan. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from matching.baseline import first_come
from matching.pairs import build_pairs
from matching.problem import Problem
from matching.rules import Rules, Served


def comparison(problem: Problem, served: Served, *, posting_order: Sequence[str]) -> dict[str, Any]:
    """``{"plan": side, "first_come": side, "townships": [row, …]}``; `posting_order` lists the need ids, oldest first.

    A side: levels, and per tier needs, needs_reached, needs_met, points, possible. A township row: code, needs, possible, and per
    side points and needs_reached.
    """
    baseline = first_come(problem, build_pairs(problem), posting_order)
    sides: dict[str, Served] = {"plan": served, "first_come": baseline}
    rules = Rules(problem)
    townships: dict[str, dict[str, Any]] = {}
    for need in problem.needs:
        row = townships.setdefault(
            rules.township(need),
            {"needs": 0, "possible": 0} | {name: {"points": 0, "needs_reached": 0} for name in sides},
        )
        row["needs"] += 1
        row["possible"] += need.unit_points * need.quantity
    result: dict[str, Any] = {}
    for name, given in sides.items():
        units: dict[str, int] = defaultdict(int)
        for (need_id, _), quantity in given.items():
            units[need_id] += quantity
        tiers = {
            str(tier): {"needs": 0, "needs_reached": 0, "needs_met": 0, "points": 0, "possible": 0}
            for tier in (1, 2, 3)
        }
        reached = set()
        for need in problem.needs:
            got, tier = units.get(need.id, 0), tiers[str(need.tier)]
            tier["needs"] += 1
            tier["needs_reached"] += got > 0
            tier["needs_met"] += got >= need.quantity
            tier["points"] += need.unit_points * got
            tier["possible"] += need.unit_points * need.quantity
            town = townships[rules.township(need)][name]
            town["points"] += need.unit_points * got
            town["needs_reached"] += got > 0
            if got:
                reached.add(need.household)
        result[name] = {"levels": rules.levels(given), "tiers": tiers, "households_reached": len(reached)}
    result["townships"] = [{"code": code, **row} for code, row in sorted(townships.items())]
    return result
