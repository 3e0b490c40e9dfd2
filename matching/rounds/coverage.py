"""Whom a plan reaches: coverage by township, type, sex, age group and disability, conditional on urgency (promise 30). Pure.

Whose sex, age and disability counts: a need is posted for a household, and no single person is on record for it. So it counts for
every group that the household has a member in ("has a woman or girl", "has somebody of 80 or more"); such groups overlap. Beside them
stand groups of the whole household ("only women and girls", "everybody is 60 or more") and the sex of its head, which do tell apart.

Conditional on urgency, in two ways. Within a tier, a group's coverage (points served over points asked) is compared with the whole
round's coverage of the same tier: their quotient is the tier's ratio. Over the tiers, `ratio` is indirectly standardised: what the group got
over what it would have got had each of its tiers been covered as in the whole round (stable where a tier has few needs); and
`standardised` is the directly standardised coverage: the group's coverage of each tier weighted by what the whole round asks in that tier
(over the tiers in which the group asks at all), to be read beside `standard`, the whole round's coverage by the same weights.

A ratio under 0.8 raises a flag: the four-fifths rule of the US Uniform Guidelines on Employee Selection Procedures (29 CFR 1607.4(D), 1978),
used as a sign to look, not as proof of a wrong. A group of fewer than 10 households is shown to those who may see the round's lines, never
flagged, and left out of what is published.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from matching.problem import Need, Problem
from matching.rules import Rules, Served
from matching.snapshot import MemberTraits

FLAG_UNDER = 0.8
FEWEST_HOUSEHOLDS = 10
"""A smaller group is not flagged (one household more or less would decide) and not published"""
DIMENSIONS = ("township", "type", "sex", "head", "age", "disability")
TIERS = (1, 2, 3)


@dataclass(frozen=True, slots=True)
class HouseholdGroups:
    """The groups of one household, as codes; several where its members belong to several."""

    sex: tuple[str, ...]
    head: tuple[str, ...]
    age: tuple[str, ...]
    disability: tuple[str, ...]


_UNKNOWN = HouseholdGroups(("unknown",), ("unknown",), ("unknown",), ("unknown",))


def age_group(age: int) -> str:
    """``under_18``, ``18_59``, ``60_79`` or ``80_over``. 60 is the age of the elder in law, 80 of high age."""
    if age < 18:
        return "under_18"
    if age < 60:
        return "18_59"
    return "60_79" if age < 80 else "80_over"


def groups_of(members: Iterable[MemberTraits]) -> HouseholdGroups:
    """The groups of a household with these members; ``unknown`` where nobody is on record."""
    members = list(members)
    if not members:
        return _UNKNOWN
    sexes = sorted({one.sex for one in members})
    ages = sorted({age_group(one.age) for one in members})
    grades = [one.disability_grade for one in members if one.disability_grade is not None]
    disability = ["disabled"] if grades else ["not_disabled"]
    if any(grade <= 2 for grade in grades):
        disability.append("severely_disabled")
    return HouseholdGroups(
        sex=(*sexes, f"only_{sexes[0]}") if len(sexes) == 1 else tuple(sexes),
        head=tuple(one.sex for one in members if one.head) or ("unknown",),
        age=(*ages, "only_60_over") if all(one.age >= 60 for one in members) else tuple(ages),
        disability=tuple(disability),
    )


@dataclass(slots=True)
class _Tally:
    """Sums over the needs of one group, in one tier."""

    needs: int = 0
    needs_reached: int = 0
    needs_met: int = 0
    points: int = 0
    possible: int = 0
    households: set[str] = field(default_factory=set)
    households_reached: set[str] = field(default_factory=set)

    def add(self, need: Need, got: int) -> None:
        self.needs += 1
        self.needs_reached += got > 0
        self.needs_met += got >= need.quantity
        self.points += need.unit_points * got
        self.possible += need.unit_points * need.quantity
        self.households.add(need.household)
        if got:
            self.households_reached.add(need.household)

    @property
    def rate(self) -> float | None:
        return self.points / self.possible if self.possible else None

    def figures(self) -> dict[str, int]:
        return {
            "needs": self.needs,
            "needs_reached": self.needs_reached,
            "needs_met": self.needs_met,
            "households": len(self.households),
            "households_reached": len(self.households_reached),
            "points": self.points,
            "possible": self.possible,
        }


def coverage(problem: Problem, served: Served, groups: Mapping[str, HouseholdGroups]) -> dict[str, Any]:
    """``{"dimensions": {name: [row, …]}, "tiers": {…}, "flags": n, "tier_flags": n}``; `groups` maps household ids of the problem.

    A row: group, needs, needs_reached, needs_met, households, households_reached, points, possible, expected, ratio (None where nothing
    was expected), standardised and standard (shares of 1; None without points), small, flag, and per tier the same figures with rate,
    ratio and flag. Points as in the plan format, of the weights that entered the pool. `flags` counts groups flagged over the tiers,
    `tier_flags` the tiers of groups flagged by themselves.
    """
    rules = Rules(problem)
    units: dict[str, int] = defaultdict(int)
    for (need_id, _), quantity in served.items():
        units[need_id] += quantity
    everybody = {tier: _Tally() for tier in TIERS}
    for need in problem.needs:
        everybody[need.tier].add(need, units.get(need.id, 0))
    groups_by_dimension: dict[str, Callable[[Need], tuple[str, ...]]] = {
        "township": lambda need: (rules.township(need),),
        "type": lambda need: (need.type,),
        "sex": lambda need: groups.get(need.household, _UNKNOWN).sex,
        "head": lambda need: groups.get(need.household, _UNKNOWN).head,
        "age": lambda need: groups.get(need.household, _UNKNOWN).age,
        "disability": lambda need: groups.get(need.household, _UNKNOWN).disability,
    }
    tables = {
        name: _rows(problem, units, everybody, groups_of_need) for name, groups_of_need in groups_by_dimension.items()
    }
    rows = [row for found in tables.values() for row in found]
    return {
        "dimensions": tables,
        "tiers": {
            str(tier): tally.figures() | {"rate": round(tally.rate or 0.0, 4)} for tier, tally in everybody.items()
        },
        "flags": sum(row["flag"] for row in rows),
        "tier_flags": sum(cell["flag"] for row in rows for cell in row["tiers"].values()),
    }


def _rows(
    problem: Problem,
    units: Mapping[str, int],
    everybody: Mapping[int, _Tally],
    groups_of_need: Callable[[Need], tuple[str, ...]],
) -> list[dict[str, Any]]:
    found: dict[str, dict[int, _Tally]] = defaultdict(lambda: defaultdict(_Tally))
    for need in problem.needs:
        for group in groups_of_need(need):
            found[group][need.tier].add(need, units.get(need.id, 0))
    return [_row(group, found[group], everybody) for group in sorted(found)]


def _row(group: str, tiers: Mapping[int, _Tally], everybody: Mapping[int, _Tally]) -> dict[str, Any]:
    households = set().union(*(tally.households for tally in tiers.values()))
    reached = set().union(*(tally.households_reached for tally in tiers.values()))
    expected = sum(tally.possible * (everybody[tier].rate or 0.0) for tier, tally in tiers.items())
    points = sum(tally.points for tally in tiers.values())
    ratio = points / expected if expected else None
    asked = {tier: everybody[tier].possible for tier, tally in tiers.items() if tally.possible}
    whole = sum(asked.values())
    small = len(households) < FEWEST_HOUSEHOLDS
    return {
        "group": group,
        **{
            name: sum(getattr(tally, name) for tally in tiers.values())
            for name in ("needs", "needs_reached", "needs_met")
        },
        "households": len(households),
        "households_reached": len(reached),
        "points": points,
        "possible": sum(tally.possible for tally in tiers.values()),
        "expected": round(expected),
        "ratio": _rounded(ratio),
        "standardised": _rounded(
            sum(weight * (tiers[tier].rate or 0.0) for tier, weight in asked.items()) / whole if whole else None
        ),
        "standard": _rounded(
            sum(weight * (everybody[tier].rate or 0.0) for tier, weight in asked.items()) / whole if whole else None
        ),
        "small": small,
        "flag": _is_low(ratio) and not small,
        "tiers": {str(tier): _cell(tiers[tier], everybody[tier]) for tier in sorted(tiers)},
    }


def _cell(tally: _Tally, everybody: _Tally) -> dict[str, Any]:
    ratio = tally.rate / everybody.rate if tally.rate is not None and everybody.rate else None
    return {
        **tally.figures(),
        "rate": _rounded(tally.rate),
        "ratio": _rounded(ratio),
        "flag": _is_low(ratio) and len(tally.households) >= FEWEST_HOUSEHOLDS,
    }


def _is_low(ratio: float | None) -> bool:
    return ratio is not None and ratio < FLAG_UNDER


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


PUBLISHED = ("group", "households", "standardised", "standard", "ratio", "flag")


def for_the_public(found: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """What of a coverage may be published (promise 21): per dimension the groups of 10 households or more, over the tiers together.

    Where a group is left out, the smallest of the rest is left out with it: the total of the round less the groups shown would
    otherwise tell what was hidden. Tiers are not published by group, nor how many households of a group were reached: where all or
    none were, that would tell of each.
    """
    public = {}
    for name, rows in found["dimensions"].items():
        shown = [row for row in rows if row["households"] >= FEWEST_HOUSEHOLDS]
        if shown and len(shown) < len(rows):
            shown.remove(min(shown, key=lambda row: (row["households"], row["group"])))
        public[name] = [{field: row[field] for field in PUBLISHED} for row in shown]
    return public
