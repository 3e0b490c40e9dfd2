"""Whom a plan reaches: coverage by township, type, sex, age group and disability, conditional on urgency (promise 30). Pure.

A group's expected points are its demand per tier times what the plan serves of that tier everywhere (indirect standardisation,
as in epidemiology); the ratio is what it got over that. A ratio under 0.8 raises a flag: the four-fifths rule of the US Uniform
Guidelines on Employee Selection Procedures (29 CFR 1607.4(D), 1978), used as a sign to look, not as proof of a wrong.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from matching.problem import Need, Problem
from matching.rules import Rules, Served

FLAG_UNDER = 0.8
FEWEST_NEEDS = 10
"""Smaller groups are shown but not flagged: one need more or less would decide"""


@dataclass(frozen=True, slots=True)
class HouseholdGroups:
    """The groups of one household, as codes: sex of the head, age group of the head, disability."""

    sex: str
    age: str
    disability: str


def age_group(age: int | None) -> str:
    """``under_18``, ``18_59``, ``60_79``, ``80_over``, or ``unknown``. 60 is the age of the elder in law, 80 of high age."""
    if age is None:
        return "unknown"
    if age < 18:
        return "under_18"
    if age < 60:
        return "18_59"
    return "60_79" if age < 80 else "80_over"


_UNKNOWN = HouseholdGroups("unknown", "unknown", "unknown")


def coverage(problem: Problem, served: Served, groups: Mapping[str, HouseholdGroups]) -> dict[str, Any]:
    """``{"dimensions": {name: [row, …]}, "tiers": {…}, "flags": n}``; `groups` maps household ids of the problem.

    A row: group, needs, needs_reached, households, households_reached, points, possible, expected, ratio (None where nothing
    was expected), flag.
    """
    rules = Rules(problem)
    units: dict[str, int] = defaultdict(int)
    for (need_id, _), quantity in served.items():
        units[need_id] += quantity
    possible, reached = [0, 0, 0], [0, 0, 0]
    for need in problem.needs:
        possible[need.tier - 1] += need.unit_points * need.quantity
        reached[need.tier - 1] += need.unit_points * units[need.id]
    rates = [got / most if most else 0.0 for got, most in zip(reached, possible, strict=True)]
    dimensions: dict[str, Callable[[Need], str]] = {
        "township": rules.township,
        "type": lambda need: need.type,
        "sex": lambda need: groups.get(need.household, _UNKNOWN).sex,
        "age": lambda need: groups.get(need.household, _UNKNOWN).age,
        "disability": lambda need: groups.get(need.household, _UNKNOWN).disability,
    }
    tables = {name: _rows(problem, units, rates, group_of) for name, group_of in dimensions.items()}
    return {
        "dimensions": tables,
        "tiers": {
            str(tier + 1): {"points": reached[tier], "possible": possible[tier], "rate": round(rates[tier], 4)}
            for tier in range(3)
        },
        "flags": sum(row["flag"] for rows in tables.values() for row in rows),
    }


def _rows(
    problem: Problem, units: Mapping[str, int], rates: list[float], group_of: Callable[[Need], str]
) -> list[dict[str, Any]]:
    needs: dict[str, int] = defaultdict(int)
    needs_reached: dict[str, int] = defaultdict(int)
    points: dict[str, int] = defaultdict(int)
    possible: dict[str, int] = defaultdict(int)
    expected: dict[str, float] = defaultdict(float)
    households: dict[str, set[str]] = defaultdict(set)
    households_reached: dict[str, set[str]] = defaultdict(set)
    for need in problem.needs:
        group = group_of(need)
        whole, got = need.unit_points * need.quantity, units.get(need.id, 0)
        needs[group] += 1
        needs_reached[group] += got > 0
        households[group].add(need.household)
        if got:
            households_reached[group].add(need.household)
        points[group] += need.unit_points * got
        possible[group] += whole
        expected[group] += whole * rates[need.tier - 1]
    rows = []
    for group in sorted(needs):
        ratio = points[group] / expected[group] if expected[group] else None
        rows.append(
            {
                "group": group,
                "needs": needs[group],
                "needs_reached": needs_reached[group],
                "households": len(households[group]),
                "households_reached": len(households_reached[group]),
                "points": points[group],
                "possible": possible[group],
                "expected": round(expected[group]),
                "ratio": None if ratio is None else round(ratio, 4),
                "flag": ratio is not None and ratio < FLAG_UNDER and needs[group] >= FEWEST_NEEDS,
            }
        )
    return rows
