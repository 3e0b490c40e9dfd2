"""The portrait in words: every fact with its unit, every reason as a sentence of value and threshold."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from households.indicators import KINDS
from households.policy.document import Name, Policy
from households.policy.queries import policy_of
from households.portrait.facts import AREA, DAYS, FACTS, FEN, FLAG, NEVER, PERMILLE, TYPES
from households.portrait.portrait import Fired, Portrait, Reason, is_unknown
from households.portrait.queries import PortraitOfRecord
from kernel.catalogue.models import Category
from marketplace.i18n import is_chinese
from marketplace.web.formatting import fen
from marketplace.web.words import word

DERIVED: dict[str, LazyString] = {
    "members": _l("Members"),
    "gross_year": _l("All income in a year"),
    "rigid_year": _l("Medical and education cost in a year"),
    "employment_cost_year": _l("Cost of being in work in a year"),
    "income_per_head": _l("Accounted income a head"),
    "gross_per_head": _l("Income a head before deductions"),
    "rigid_share": _l("Medical, education and disability cost in the income"),
    "savings_per_head": _l("Savings a head"),
    "area_per_head": _l("Housing area a head"),
    "days_since_fire": _l("Since a fire"),
    "days_since_accident": _l("Since an accident"),
    "days_since_disaster": _l("Since a disaster"),
    "days_since_job_loss": _l("Since a job was lost"),
    "days_since_death_of_earner": _l("Since an earner died"),
}
ACCOUNTED = ("gross_year", "rigid_year", "employment_cost_year", "income_per_head", "rigid_share", "savings_per_head")
"""The steps of the accounting that the page shows"""


@dataclass(frozen=True)
class ScoreLine:
    """A type with its points and the rules that gave them: (rule's name, points, reasons)."""

    type: str
    points: int
    rules: tuple[tuple[str, int, tuple[str, ...]], ...]


@dataclass(frozen=True)
class MeasureLine:
    """A suggested measure: name, category, quantity, reasons."""

    name: str
    category: Category | None
    quantity: int
    reasons: tuple[str, ...]


def portrait_values(made: PortraitOfRecord | None, categories: dict[str, Category]) -> dict[str, Any]:
    """What `households/portrait.html` shows; None where no policy holds."""
    if made is None:
        return {"portrait": None}
    found, policy = made.portrait, policy_of(made.policy_set)
    return {
        "portrait": made,
        "found": found,
        "not_on_file": indicator_words(found.missing),
        "further": _(", ").join(word("type", kind) for kind in found.secondary),
        "accounted": accounted(found),
        "scores": score_lines(found, policy),
        "suggested": measure_lines(found, policy, categories),
        "reason_text": reason_text,
    }


def named(name: Name) -> str:
    """The name in the reader's language."""
    return name.zh if is_chinese() else name.en


def fact_word(fact: str) -> str:
    """What the fact is called."""
    if fact in KINDS:
        return _(KINDS[fact].name)
    if fact in DERIVED:
        return str(DERIVED[fact])
    kind, code = fact.split("_", 1)
    return word("status_category", code) if kind == "is" else _("Points of %(type)s", type=word("type", code))


def indicator_words(names: Iterable[str]) -> str:
    """Indicators by their names, one after the other; those that the rules no longer know by their code."""
    return _(", ").join(fact_word(name) if name in FACTS else name for name in names)


def amount(fact: str, value: int) -> str:
    """A value of the fact with its unit."""
    unit = FACTS[fact]
    if unit == FEN:
        return fen(value)
    if unit == PERMILLE:
        return f"{Decimal(value) / 10:f} %"
    if unit == DAYS:
        return _("never") if value >= NEVER else _("%(count)s days", count=value)
    return f"{value} m²" if unit == AREA else f"{value} {_('mu')}" if unit == "mu" else str(value)


def reason_text(reason: Reason) -> str:
    """One condition that held: the fact, its value, and what was asked."""
    name = fact_word(reason.fact)
    if FACTS[reason.fact] == FLAG:
        return name
    value = _("not on file (counted as 0)") if reason.is_unknown else amount(reason.fact, reason.value)
    told = {"name": name, "value": value}
    if reason.at_least is not None and reason.at_most is not None:
        return _("%(name)s %(value)s, from %(least)s to %(most)s", **told, least=amount(reason.fact, reason.at_least), most=amount(reason.fact, reason.at_most))  # fmt: skip
    if reason.at_least is not None:
        return _("%(name)s %(value)s, at least %(least)s", **told, least=amount(reason.fact, reason.at_least))
    return _("%(name)s %(value)s, at most %(most)s", **told, most=amount(reason.fact, reason.at_most or 0))


def accounted(portrait: Portrait) -> list[tuple[str, str]]:
    """The steps from all income to the income a head."""
    return [
        (
            fact_word(fact),
            _("not on file (counted as 0)")
            if is_unknown(fact, portrait.unrecorded)
            else amount(fact, portrait.facts[fact]),
        )
        for fact in ACCOUNTED
    ]


def fact_lines(facts: dict[str, Any], day: date) -> list[tuple[str, str]]:
    """The facts a kept portrait was made from; indicators that the rules no longer know by their code."""
    lines = [(fact_word("members"), str(facts["members"]))]
    for name, value in facts["indicators"].items():
        lines.append((fact_word(name), amount(name, value)) if name in FACTS else (name, str(value)))
    for kind, text in facts["events"].items():
        days = (day - date.fromisoformat(text)).days
        lines.append((fact_word(f"days_since_{kind}"), amount(f"days_since_{kind}", days)))
    return lines


def score_lines(portrait: Portrait, policy: Policy) -> list[ScoreLine]:
    """The five types, the strongest first, each with what gave its points."""
    rules = {rule.id: rule for rule in policy.rules}

    def told(fired: Iterable[Fired], kind: str) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
        own = sorted((one for one in fired if one.type == kind), key=lambda one: -one.points)
        return tuple((named(rules[o.rule].name), o.points, tuple(map(reason_text, o.reasons))) for o in own)

    lines = [ScoreLine(kind, portrait.scores[kind], told(portrait.fired, kind)) for kind in TYPES]
    return sorted(lines, key=lambda line: (-line.points, TYPES.index(line.type)))


def measure_lines(portrait: Portrait, policy: Policy, categories: dict[str, Category]) -> list[MeasureLine]:
    """What is suggested, with the quantity in the category's unit."""
    measures = {measure.code: measure for measure in policy.measures}
    return [
        MeasureLine(
            named(measures[one.code].name), categories.get(measures[one.code].category), one.quantity,
            tuple(map(reason_text, one.reasons)),
        )
        for one in portrait.suggested
    ]  # fmt: skip
