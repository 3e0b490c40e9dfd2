"""A policy set as a form: a field for every number that decides, named by its place in the document; what was typed goes back to that place.

The order of rules, their conditions and the measures themselves are changed in the document, which is downloaded and uploaded again.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from households.policy.document import Policy
from households.portrait.facts import DAYS, FACTS, FEN, FLAG, PERMILLE, POINTS
from kernel.errors import DomainError, InvalidFields
from kernel.money import fen_from_yuan, yuan_text
from marketplace.i18n import is_chinese
from marketplace.web.faults import sentence
from marketplace.web.policy_words import FIGURES, figure_unit, figure_word, figures_in_order
from marketplace.web.portrait_words import fact_word
from marketplace.web.words import word

WHOLE, TEXT, DAY = "whole", "text", "day"
Path = tuple[str | int, ...]
LONGEST = 500
MOST_DIGITS = 15
"""Beyond every end that a set may have: 1e99999 is no figure to be written out"""


@dataclass
class PlaceField:
    """One value of the document: its place, what it is, how it is written, what was typed and what is wrong with it."""

    path: Path
    label: str
    unit: str
    typed: str
    hint: str = ""
    error: str = ""

    @property
    def name(self) -> str:
        """The place as faults name it: ``rules[3].all[0].at_most``."""
        return place_of(self.path)

    @property
    def id(self) -> str:
        """A name that may stand in an address."""
        return "p-" + "-".join(map(str, self.path))


@dataclass
class FieldGroup:
    """Fields that belong together under a title."""

    title: str
    fields: list[PlaceField]

    @property
    def is_wrong(self) -> bool:
        """Whether one of them has a fault."""
        return any(one.error for one in self.fields)


@dataclass
class Section:
    """Groups under one heading; `errors` belong to no field."""

    title: str
    groups: list[FieldGroup]


@dataclass
class PolicyForm:
    """The sections, and the faults that belong to no field (place, words)."""

    sections: list[Section]
    errors: list[tuple[str, str]] = field(default_factory=list)

    @property
    def fields(self) -> Iterator[PlaceField]:
        """All fields in their order."""
        for section in self.sections:
            for group in section.groups:
                yield from group.fields


def place_of(path: Path) -> str:
    """``("rules", 3, "points")`` → ``rules[3].points``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def form_of(document: dict[str, Any], policy: Policy) -> PolicyForm:
    """The form of a document, which `policy` is read from."""
    make = _Maker(document, policy)
    general = [
        make.text(("id",), _("Id"), TEXT, _("A name of its own for this version: small letters, digits and hyphens")),
        make.text(("valid_from",), _("First day"), DAY, _("The set that holds now ends the day before")),
        make.text(("valid_to",), _("Last day"), DAY, _("Leave it empty where no end is known")),
        make.text(
            ("source",), _("Issued by"), TEXT, _("Issuer, title and date of the document these figures come from")
        ),
    ]
    figures = [make.figure(name) for name in figures_in_order(document["figures"])]
    return PolicyForm(
        [
            Section(_("Validity"), [FieldGroup("", general)]),
            Section(_("Lines and figures"), [FieldGroup("", figures)]),
            Section(_("Status categories"), list(make.choices("categories", "status_category"))),
            Section(_("Rules of the five types"), [*make.rules(), FieldGroup(_("Further types"), [make.secondary()])]),
            Section(_("Risk tiers"), list(make.choices("risk", "risk_tier"))),
            Section(_("Measures"), list(make.measures())),
        ]
    )


def filled(form: PolicyForm, document: dict[str, Any], typed: Mapping[str, str]) -> dict[str, Any]:
    """The document with what was typed; a field that cannot be read keeps its text and its fault, and the old value stands."""
    made = copy.deepcopy(document)
    for one in form.fields:
        if one.name not in typed:
            continue
        one.typed = typed[one.name].strip()[:LONGEST]
        try:
            value = _read(one.unit, one.typed)
        except (ValueError, ArithmeticError):  # what decimals overflow by is no ValueError
            one.error = _mend(one.unit)
            continue
        holder: Any = made
        for step in one.path[:-1]:
            holder = holder[step]
        if one.path[-1] == "permille" and value == 1_000 and "permille" not in holder:
            continue
        holder[one.path[-1]] = value
    return made


def put_policy_faults(form: PolicyForm, error: DomainError) -> None:
    """Each fault at the field of its place, else on top with its place."""
    by_name = {one.name: one for one in form.fields}
    for fault in error.faults if isinstance(error, InvalidFields) else [error]:
        place = fault.field or ""
        at = by_name.get(place) or by_name.get(f"{place}.permille")
        if at is not None:
            at.error = at.error or sentence(fault)
        else:
            form.errors.append((place, sentence(fault)))


def _read(unit: str, typed: str) -> Any:
    if unit in (TEXT, DAY):
        return typed or None if unit == DAY else typed
    text = typed.replace(",", "").replace("，", "")
    if unit == FEN:
        return fen_from_yuan(text)
    if unit == PERMILLE:
        share = Decimal(text.removesuffix("%").strip()) * 10
        if share != share.to_integral_value() or share.adjusted() > MOST_DIGITS:
            raise ValueError
        return int(share)
    return int(text)


def _mend(unit: str) -> str:
    if unit == FEN:
        return _("This is not an amount in yuan; write it like 1234.50")
    if unit == PERMILLE:
        return _("Write a percentage with at most one decimal, like 60 or 37.5")
    return _("This must be a whole number")


def _written(unit: str, value: Any) -> str:
    if value is None:
        return ""
    if unit == FEN:
        return yuan_text(value).replace(",", "").removesuffix(".00")
    if unit == PERMILLE:
        return f"{Decimal(value) / 10:f}"
    return str(value)


class _Maker:
    """Makes the fields of one document."""

    def __init__(self, document: dict[str, Any], policy: Policy) -> None:
        self.document, self.policy = document, policy

    def at(self, path: Path) -> Any:
        value: Any = self.document
        for step in path:
            value = value.get(step) if isinstance(value, dict) else value[step]
        return value

    def text(self, path: Path, label: str, unit: str, hint: str = "") -> PlaceField:
        return PlaceField(path, label, unit, _written(unit, self.at(path)), hint)

    def whole(self, path: Path, label: str, hint: str = "") -> PlaceField:
        return self.text(path, label, WHOLE, hint)

    def figure(self, name: str) -> PlaceField:
        hint = _("Never above twelve minimum wages") if name == "edge_factor" else ""
        return self.text(
            ("figures", name), figure_word(name), figure_unit(self.policy, name), hint if name in FIGURES else ""
        )

    def secondary(self) -> PlaceField:
        return self.whole(("secondary_from",), _("Points from which a type is a further one"))

    def amount(self, path: Path, fact: str, label: str) -> PlaceField:
        """A number in the fact's unit, or the share of a figure."""
        value = self.at(path)
        if isinstance(value, dict):
            share = value.get("permille", 1_000)
            told = _("%(label)s, part of: %(figure)s", label=label, figure=figure_word(value["figure"]))
            return PlaceField((*path, "permille"), told, PERMILLE, _written(PERMILLE, share))
        unit = FACTS[fact]
        return PlaceField(path, label, unit if unit in (FEN, PERMILLE, DAYS, POINTS) else WHOLE, _written(unit, value))

    def conditions(self, path: Path) -> Iterator[PlaceField]:
        for n, condition in enumerate(self.at(path)):
            fact = condition["fact"]
            if FACTS[fact] == FLAG:
                continue
            if "at_least" in condition:
                yield self.amount((*path, n, "at_least"), fact, _("%(fact)s: at least", fact=fact_word(fact)))
            if "at_most" in condition:
                yield self.amount((*path, n, "at_most"), fact, _("%(fact)s: at most", fact=fact_word(fact)))

    def choices(self, table: str, kind: str) -> Iterator[FieldGroup]:
        for k, choice in enumerate(self.at((table,))):
            for w in range(len(choice["any"])):
                title = word(kind, choice["name"])
                if len(choice["any"]) > 1:
                    title = _("%(name)s, way %(number)s", name=title, number=w + 1)
                fields = list(self.conditions((table, k, "any", w)))
                if fields:
                    yield FieldGroup(title, fields)

    def rules(self) -> Iterator[FieldGroup]:
        for k, rule in enumerate(self.at(("rules",))):
            path: Path = ("rules", k)
            fields = [self.whole((*path, "points"), _("Points")), *self.conditions((*path, "all"))]
            if "per" in rule:
                fact = rule["per"]["fact"]
                fields += [
                    self.whole((*path, "per", "points"), _("Further points for each step")),
                    self.amount((*path, "per", "every"), fact, _("Step of: %(fact)s", fact=fact_word(fact))),
                    self.whole((*path, "per", "most"), _("Further points at most")),
                ]
                if "beyond" in rule["per"]:
                    beyond = _("Steps begin beyond: %(fact)s", fact=fact_word(fact))
                    fields.append(self.amount((*path, "per", "beyond"), fact, beyond))
            yield FieldGroup(f"{word('type', rule['type'])} · {_name(rule)}", fields)

    def measures(self) -> Iterator[FieldGroup]:
        for k, measure in enumerate(self.at(("measures",))):
            path: Path = ("measures", k)
            yield FieldGroup(
                _name(measure),
                [
                    self.whole((*path, "quantity"), _("Quantity, in units of the category")),
                    self.whole((*path, "tier"), _("Tier"), _("1 most urgent to 3 general")),
                    self.whole((*path, "weight"), _("Weight"), _("From 1 to 1000: how it weighs within its tier")),
                    self.whole((*path, "days"), _("Days in which it should be served")),
                    *self.conditions((*path, "all")),
                ],
            )


def _name(one: dict[str, Any]) -> str:
    return str(one["name"]["zh" if is_chinese() else "en"])
