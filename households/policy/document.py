"""What a policy set says, as values. It is written as a `zhongfu-policy/1` document, which `households.policy.reading` reads.

A *condition* is a fact with a least or a most; an *amount* is a whole number, or one of the set's figures, or ‰ of it. A *rule* gives points to a
type where all its conditions hold, and more points for every so many units above. Categories and risk tiers are lists of conditions of which
the first that holds decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from households.policy.monitoring import Monitoring
from households.policy.visiting import Visits
from households.portrait.facts import Figures

FORMAT = "zhongfu-policy/1"
RISK_TIERS = ("high", "key", "general")
NEEDED = ("subsistence_line", "minimum_wage_month", "edge_factor", "employment_cost")
"""Figures that every set has: fen a head and year, fen a month, ‰ of the line, ‰ of the minimum wage"""
EDGE = "edge_line"
"""The figure that follows: the line times the edge factor, never above twelve minimum wages (DOMAIN: status categories)"""
MOST_SCORE = 100


@dataclass(frozen=True)
class Amount:
    """`figure` times `permille` div 1,000, or the number itself where there is no figure."""

    number: int = 0
    figure: str | None = None
    permille: int = 1_000


def amount_of(amount: Amount, figures: Mapping[str, int]) -> int | None:
    """The whole number that an amount stands for among these figures; None where it names one that is not there."""
    if amount.figure is None:
        return amount.number
    return figures[amount.figure] * amount.permille // 1_000 if amount.figure in figures else None


@dataclass(frozen=True)
class Condition:
    """The fact is at least or at most the amount, both ends included."""

    fact: str
    at_least: Amount | None = None
    at_most: Amount | None = None


@dataclass(frozen=True)
class Per:
    """`points` more for every whole `every` units that the fact has beyond `beyond`, up to `most` points."""

    fact: str
    every: Amount
    points: int
    most: int
    beyond: Amount


@dataclass(frozen=True)
class Name:
    """In both languages of the pages."""

    zh: str
    en: str


@dataclass(frozen=True)
class Rule:
    """Points for a type where all conditions hold."""

    id: str
    name: Name
    type: str
    points: int
    all: tuple[Condition, ...]
    per: Per | None = None


@dataclass(frozen=True)
class Choice:
    """`name` holds where all conditions of one of the ways hold."""

    name: str
    any: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True)
class Measure:
    """A help measure 帮扶措施 that is suggested where all conditions hold, and the need it becomes when it is chosen: quantity in the category's unit
    (`per_fact`: times this fact), tier 1–3, weight 1–1000, days in which it should be served."""

    code: str
    name: Name
    types: tuple[str, ...]
    category: str
    quantity: int
    tier: int
    weight: int
    days: int
    all: tuple[Condition, ...]
    per_fact: str | None = None


@dataclass(frozen=True)
class ReviewGroup:
    """Households whose facts are looked at anew every `months`: those for which all conditions of one of the ways hold."""

    id: str
    name: Name
    months: int
    any: tuple[tuple[Condition, ...], ...]


@dataclass(frozen=True)
class Reviews:
    """The first group that holds sets the months between two reviews 定期核查, else `otherwise_months`; `soon_days` before its day one is announced."""

    groups: tuple[ReviewGroup, ...]
    otherwise_months: int
    soon_days: int


@dataclass(frozen=True)
class Policy:
    """A policy set. `figures` by name, the edge line among them; `secondary_from` points that make a type a secondary one. Where a set
    says nothing of monitoring, reviews or visits (None), nothing is compared or scheduled under it."""

    id: str
    region: str
    valid_from: date
    valid_to: date | None
    source: str
    figures: Mapping[str, int]
    categories: tuple[Choice, ...]
    rules: tuple[Rule, ...]
    secondary_from: int
    risk: tuple[Choice, ...]
    measures: tuple[Measure, ...]
    monitoring: Monitoring | None = None
    reviews: Reviews | None = None
    visits: Visits | None = None

    @property
    def accounting(self) -> Figures:
        """What the accounting of income needs."""
        return Figures(self.figures["minimum_wage_month"], self.figures["employment_cost"])

    def amount(self, amount: Amount) -> int:
        """The whole number that an amount stands for."""
        return amount.number if amount.figure is None else self.figures[amount.figure] * amount.permille // 1_000


class Words(str):
    """What is wrong and how to mend it, in English; `message` and `values` say it in another language."""

    message: str
    values: Mapping[str, Any]

    def __new__(cls, message: str, **values: Any) -> "Words":
        """The sentence filled in."""
        made = super().__new__(cls, message % values if values else message)
        made.message, made.values = message, values
        return made


class FaultyPolicy(ValueError):
    """A document that is no policy set; `faults`: (place, what is wrong and how to mend it)."""

    def __init__(self, faults: Sequence[tuple[str, Words]]):
        super().__init__("; ".join(f"{place}: {words}" for place, words in faults))
        self.faults = tuple(faults)
