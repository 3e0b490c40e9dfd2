"""The judge of a joint plan: every county by `matching.validation`, and every row that counties share in whole numbers.

A county's part is checked against its own problem, which has all its needs and the whole amounts of shared rows; nothing but the sums
over counties, the joint levels and the hash is then left, and `joint_violations` checks these. Together that is the whole contract, because
the parts hold every need exactly once and every rule on a single allocation, need or household lies within one part.
"""

from collections import Counter
from typing import Any

from matching.problem import Problem, problem_sha256
from matching.regional.partition import Partition
from matching.rules import LEVELS, Rules
from matching.solution import Allocation, Level, Plan, Unmet
from matching.validation import Violation


def part_plan(problem: Problem, allocations: tuple[Allocation, ...], unmet: list[Unmet]) -> Plan:
    """A county's share of the joint plan as a plan of the county's own problem, without bounds."""
    served = {(a.need, a.offering): a.quantity for a in allocations}
    got = Rules(problem).levels(served)
    levels = tuple(
        Level(name, got[name], None, False, 0.0, got[name] if name.startswith("tier") else None) for name in LEVELS
    )
    return Plan(problem_sha256(problem), "feasible", levels, allocations, tuple(unmet))


def part_figures(problem: Problem, plan: Plan) -> dict[str, Any]:
    """What the joint check needs of one county, by the plain rules: use of every offering, fund and limit, points, amounts."""
    rules = Rules(problem)
    load, needs, charged, spent, town = Counter[str](), Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for a in plan.allocations:
        need, offering = rules.need(a.need), rules.offering(a.offering)
        load[a.offering] += rules.load(need, offering, a.quantity)
        needs[a.offering] += 1
        for charge in a.charges:
            charged[charge.fund] += charge.fen
        cost = rules.unit_cost_fen(need, offering) * a.quantity
        for limit in problem.limits if cost else ():
            if rules.limit_counts(limit, need, offering):
                spent[limit.id] += cost
        town[rules.township(need)] += need.unit_points * a.quantity
    got = {level.name: level.value for level in plan.levels}
    return {
        "needs": len(problem.needs),
        "allocations": len(plan.allocations),
        "unmet": len(plan.unmet),
        "offerings": {o: [load[o], needs[o]] for o in load},
        "funds": dict(charged),
        "limits": dict(spent),
        "amounts": {name: got[name] for name in LEVELS if name != "fairness"},
        "township_points": dict(town),
        "township_most": rules.full_points,
    }


def joint_levels(partition: Partition, figures: list[dict[str, Any]]) -> dict[str, int]:
    """The eight values of the joint plan."""
    got = {name: sum(f["amounts"][name] for f in figures) for name in LEVELS if name != "fairness"}
    most, points = Counter[str](), Counter[str]()
    for figure in figures:
        most.update(figure["township_most"])
        points.update(figure["township_points"])
    reached, total = sum(got[f"tier{t}"] for t in (1, 2, 3)), sum(most.values()) or 1
    percent = partition.policy["floor_percent"]
    short = (max(0, percent * d * reached // (100 * total) - points[code]) for code, d in most.items())
    got["fairness"] = sum(short)
    return {name: got[name] for name in LEVELS}


def joint_violations(partition: Partition, figures: dict[str, dict[str, Any]]) -> list[Violation]:
    """What the counties together break; empty: the joint plan is valid."""
    found: list[Violation] = []
    missing = [part for part in partition.parts if part not in figures]
    if missing:
        found.append(Violation("parts", "parts", f"not closed: {', '.join(missing)}"))
    for part, figure in figures.items():
        if figure["needs"] != partition.needs[part]:
            found.append(Violation(part, "parts", f"judged {figure['needs']} needs of {partition.needs[part]}"))
    load, needs, charged, spent = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for figure in figures.values():
        for code, (units, served) in figure["offerings"].items():
            if code in partition.offerings:
                load[code] += units
                needs[code] += served
        charged.update({code: fen for code, fen in figure["funds"].items() if code in partition.funds})
        spent.update({code: fen for code, fen in figure["limits"].items() if code in partition.limits})
    for code, row in partition.offerings.items():
        if load[code] > row["capacity"]:
            found.append(Violation(f"offering {code!r}", "capacity", f"load {load[code]} over capacity {row['capacity']}"))  # fmt: skip
        if row["max_needs"] is not None and needs[code] > row["max_needs"]:
            found.append(Violation(f"offering {code!r}", "max_needs", f"serves {needs[code]} needs over max_needs {row['max_needs']}"))  # fmt: skip
    for code, row in partition.funds.items():
        if charged[code] > row["amount_fen"]:
            found.append(Violation(f"fund {code!r}", "fund", f"charged {charged[code]} fen over its amount of {row['amount_fen']} fen"))  # fmt: skip
    for code, row in partition.limits.items():
        if spent[code] > row["max_fen"]:
            found.append(Violation(f"limit {code!r}", "limit", f"counts {spent[code]} fen over its {row['max_fen']} fen"))  # fmt: skip
    return found
