"""A policy set in readable words: lines and figures, who counts as what, which rules give points, which measures follow."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask_babel import LazyString, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from households.policy.document import Amount, Choice, Condition, Policy, Rule
from households.portrait.facts import DAYS, FACTS, FEN, FLAG, PERMILLE, TYPES
from kernel.catalogue.models import Category
from marketplace.web.formatting import amount as quantity_text
from marketplace.web.portrait_words import amount as amount_text
from marketplace.web.portrait_words import fact_word, named
from marketplace.web.words import word

FIGURES: dict[str, LazyString] = {
    "subsistence_line": _l("Subsistence line, a head and year"),
    "edge_factor": _l("Edge line in parts of the subsistence line"),
    "minimum_wage_month": _l("Minimum wage, a month"),
    "employment_cost": _l("Cost of being in work, part of the minimum wage"),
    "edge_line": _l("Edge line, a head and year"),
    "savings_limit": _l("Limit of savings, a head"),
    "average_income": _l("Average income, a head and year"),
    "relative_income": _l("Line of relative low income, a head and year"),
    "review_months_steady": _l("A plan is reviewed every, in steady circumstances"),
    "review_months_unsteady": _l("A plan is reviewed every, in changing circumstances"),
}
MONTHS = "months"
FIGURE_UNITS = {
    "edge_factor": PERMILLE,
    "employment_cost": PERMILLE,
    "review_months_steady": MONTHS,
    "review_months_unsteady": MONTHS,
}


@dataclass(frozen=True)
class RuleLine:
    """A rule: its name, its points, the conditions, and what more it gives (empty: nothing)."""

    name: str
    points: int
    conditions: tuple[str, ...]
    more: str


@dataclass(frozen=True)
class CatalogueLine:
    """A measure: name, types, what it asks for, tier, weight, days, conditions."""

    name: str
    types: str
    asks: str
    tier: int
    weight: int
    days: int
    conditions: tuple[str, ...]


def figure_word(name: str) -> str:
    """What a figure is called; one that only this set has is named by its code."""
    return str(FIGURES.get(name, name))


def figures_in_order(names: Iterable[str]) -> list[str]:
    """The figures that every set knows first, then a set's own: a stored document keeps no order of names."""
    known = list(FIGURES)
    return sorted(names, key=lambda name: (known.index(name) if name in known else len(known), name))


def figure_unit(policy: Policy, name: str) -> str:
    """The unit of a figure: that of the facts it is compared with, money where none is."""
    if name in FIGURE_UNITS:
        return FIGURE_UNITS[name]
    choices = [condition for choice in (*policy.categories, *policy.risk) for way in choice.any for condition in way]
    all_conditions = [*choices, *(condition for one in (*policy.rules, *policy.measures) for condition in one.all)]
    for condition in all_conditions:
        for end in (condition.at_least, condition.at_most):
            if end is not None and end.figure == name:
                return FACTS[condition.fact]
    return FEN


def in_unit(unit: str, value: int) -> str:
    """A value with its unit."""
    if unit == MONTHS:
        return ngettext("%(num)s month", "%(num)s months", value)
    return amount_text(next(fact for fact, own in FACTS.items() if own == unit), value)


def figure_lines(policy: Policy) -> list[tuple[str, str]]:
    """The figures, the edge line that follows from them included."""
    return [
        (figure_word(name), in_unit(figure_unit(policy, name), policy.figures[name]))
        for name in figures_in_order(policy.figures)
    ]


def condition_text(policy: Policy, condition: Condition) -> str:
    """One condition in words."""
    name = fact_word(condition.fact)
    if FACTS[condition.fact] == FLAG:
        return name if condition.at_least is not None else _("not: %(name)s", name=name)

    def told(amount: Amount) -> str:
        value = amount_text(condition.fact, policy.amount(amount))
        if amount.figure is None:
            return value
        if amount.permille == 1_000:
            return _("%(value)s (%(figure)s)", value=value, figure=figure_word(amount.figure))
        share = in_unit(PERMILLE, amount.permille)
        return _("%(value)s (%(share)s of: %(figure)s)", value=value, share=share, figure=figure_word(amount.figure))

    least, most = condition.at_least, condition.at_most
    if least is not None and most is not None:
        return _("%(name)s from %(least)s to %(most)s", name=name, least=told(least), most=told(most))
    if least is not None:
        return _("%(name)s at least %(least)s", name=name, least=told(least))
    assert most is not None
    if most == Amount(0) and FACTS[condition.fact] not in (FEN, DAYS):
        return _("%(name)s: none", name=name)
    return _("%(name)s at most %(most)s", name=name, most=told(most))


def conditions_text(policy: Policy, conditions: Iterable[Condition]) -> tuple[str, ...]:
    """Each condition in words; all have to hold."""
    return tuple(condition_text(policy, condition) for condition in conditions)


def choice_lines(policy: Policy, choices: Iterable[Choice], kind: str) -> list[tuple[str, list[tuple[str, ...]]]]:
    """(category or tier, its ways: each the conditions that hold together), in the order in which they are tried."""
    return [
        (word(kind, choice.name), [conditions_text(policy, way) for way in choice.any]) for choice in choices
    ]  # fmt: skip


def rule_lines(policy: Policy) -> list[tuple[str, list[RuleLine]]]:
    """(type, its rules), the types in their order."""
    return [(kind, [_rule(policy, rule) for rule in policy.rules if rule.type == kind]) for kind in TYPES]


def _rule(policy: Policy, rule: Rule) -> RuleLine:
    more = ""
    if rule.per is not None:
        more = _(
            "%(points)s more for every %(every)s of “%(name)s” beyond %(beyond)s, at most %(most)s more",
            points=rule.per.points, every=amount_text(rule.per.fact, policy.amount(rule.per.every)), name=fact_word(rule.per.fact),
            beyond=amount_text(rule.per.fact, policy.amount(rule.per.beyond)), most=rule.per.most,
        )  # fmt: skip
    return RuleLine(named(rule.name), rule.points, conditions_text(policy, rule.all), more)


def catalogue_lines(policy: Policy, categories: dict[str, Category]) -> list[CatalogueLine]:
    """The measures."""
    lines = []
    for measure in policy.measures:
        category = categories.get(measure.category)
        asks = quantity_text(measure.quantity, category) if category else str(measure.quantity)
        if measure.per_fact:
            asks = _("%(quantity)s for each of: %(fact)s", quantity=asks, fact=fact_word(measure.per_fact))
        lines.append(
            CatalogueLine(
                named(measure.name), _(", ").join(word("type", kind) for kind in measure.types), asks, measure.tier,
                measure.weight, measure.days, conditions_text(policy, measure.all),
            )
        )  # fmt: skip
    return lines


def policy_values(policy: Policy, categories: dict[str, Category]) -> dict[str, Any]:
    """What `policies/words.html` shows."""
    return {
        "policy": policy,
        "figures": figure_lines(policy),
        "categories_in_words": choice_lines(policy, policy.categories, "status_category"),
        "rules_in_words": rule_lines(policy),
        "risk_in_words": choice_lines(policy, policy.risk, "risk_tier"),
        "measures_in_words": catalogue_lines(policy, categories),
    }


def move_word(what: str, code: str | None) -> str:
    """A category, type or tier of a preview."""
    kind = {"category": "status_category", "main_type": "type", "risk_tier": "risk_tier"}[what]
    return word(kind, code) if code else _("None")
