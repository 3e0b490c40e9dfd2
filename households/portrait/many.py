"""Portraits of many households at once: the same rules over whole columns of numbers, for a province's yearly or a new policy's re-profiling.

Everything is whole numbers in 64 bits, so that the results are those of `portrait_of`, household by household.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from households.policy.document import MOST_SCORE, Choice, Condition, Policy
from households.portrait.facts import CATEGORIES, EVENTS, INCOME, INDICATORS, MOST_SHARE, NEVER, TYPES

Column = np.ndarray
"""One whole number per household, int64"""


@dataclass(frozen=True)
class Portraits:
    """Per household (H,): `category` into CATEGORIES, `scores` (H, 5) by TYPES, `main` into TYPES (-1: none), `secondary` (H, 5) bool, `risk` into RISK_TIERS,
    `suggested` measure code → quantity (0: not suggested)."""

    category: Column
    scores: np.ndarray
    main: Column
    secondary: np.ndarray
    risk: Column
    suggested: Mapping[str, Column]


def portraits_of(
    members: Column, indicators: Mapping[str, Column], events: Mapping[str, Column], policy: Policy
) -> Portraits:
    """Portraits of H households: `members` (H,), `indicators` and `events` (H,) by name; a name left out is 0, an event left out never was."""
    facts = _facts(members, indicators, events, policy)
    count = len(members)
    category = _first(policy, policy.categories, facts, count)
    facts |= {f"is_{name}": (category == k).astype(np.int64) for k, name in enumerate(CATEGORIES)}
    scores = np.zeros((count, len(TYPES)), np.int64)
    for rule in policy.rules:
        yes = _hold(policy, rule.all, facts, count)
        points = np.full(count, rule.points)
        if rule.per is not None:
            beyond = np.maximum(0, facts[rule.per.fact] - policy.amount(rule.per.beyond))
            points += np.minimum(rule.per.most, rule.per.points * (beyond // policy.amount(rule.per.every)))
        scores[:, TYPES.index(rule.type)] += np.where(yes, points, 0)
    scores = np.minimum(MOST_SCORE, scores)
    facts |= {f"score_{kind}": scores[:, k] for k, kind in enumerate(TYPES)}
    first = scores.argmax(axis=1)  # the first of equals, as TYPES has them
    some = scores.max(axis=1) > 0
    main = np.where(some, first, -1)
    secondary = scores >= policy.secondary_from
    secondary[np.arange(count), first] = False
    concerned = secondary.copy()
    concerned[np.arange(count), first] = some
    suggested = {}
    for measure in policy.measures:
        yes = _hold(policy, measure.all, facts, count) & concerned[
            :, [TYPES.index(kind) for kind in measure.types]
        ].any(axis=1)
        each = 1 if measure.per_fact is None else facts[measure.per_fact]
        suggested[measure.code] = np.where(yes, measure.quantity * each, 0)
    return Portraits(category, scores, main, secondary, _first(policy, policy.risk, facts, count), suggested)


def _facts(
    members: Column, indicators: Mapping[str, Column], events: Mapping[str, Column], policy: Policy
) -> dict[str, Column]:
    count, accounting = len(members), policy.accounting
    facts = {name: np.asarray(indicators.get(name, np.zeros(count, np.int64)), np.int64) for name in INDICATORS}
    gross = sum(facts[name] for name in INCOME)
    rigid = facts["medical_year"] + facts["education_year"]
    spent = rigid + facts["disability_care_year"]
    employed = np.minimum(facts["employed"], members)
    cost = np.minimum(
        facts["wages_year"], 12 * employed * accounting.minimum_wage_month * accounting.employment_cost // 1_000
    )
    share = np.minimum(MOST_SHARE, 1_000 * spent // np.maximum(1, gross))
    share = np.where(gross == 0, np.where(spent > 0, MOST_SHARE, 0), share)
    facts |= {
        "members": members, "gross_year": gross, "rigid_year": rigid, "employment_cost_year": cost,
        "income_per_head": -(-np.maximum(0, gross - rigid - cost) // members), "gross_per_head": -(-gross // members),
        "rigid_share": share, "savings_per_head": -(-facts["savings"] // members),
        "area_per_head": facts["housing_area"] // members,
    }  # fmt: skip
    never = np.full(count, NEVER)
    return facts | {f"days_since_{event}": np.asarray(events.get(event, never), np.int64) for event in EVENTS}


def _hold(policy: Policy, conditions: tuple[Condition, ...], facts: Mapping[str, Column], count: int) -> np.ndarray:
    yes = np.ones(count, bool)
    for condition in conditions:
        if condition.at_least is not None:
            yes &= facts[condition.fact] >= policy.amount(condition.at_least)
        if condition.at_most is not None:
            yes &= facts[condition.fact] <= policy.amount(condition.at_most)
    return yes


def _first(policy: Policy, choices: tuple[Choice, ...], facts: Mapping[str, Column], count: int) -> Column:
    """The place of the first choice that holds, len(choices) where none does."""
    found = np.full(count, len(choices))
    for k in range(len(choices) - 1, -1, -1):
        for way in choices[k].any:
            found[_hold(policy, way, facts, count)] = k
    return found
