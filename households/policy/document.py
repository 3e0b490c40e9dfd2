"""`zhongfu-policy/1`: a policy set as a document, read with every fault named by its place.

A *condition* is a fact with a least or a most; an *amount* is a whole number, or one of the set's figures, or ‰ of it. A *rule* gives points to a
type where all its conditions hold, and more points for every so many units above. Categories and risk tiers are lists of conditions of which
the first that holds decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validate, validates_schema

from households.policy.monitoring import Monitoring, MonitoringSchema
from households.policy.visiting import Visits, VisitsSchema
from households.portrait.facts import CATEGORIES, FACTS, IS, SCORES, TYPES, Figures

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
    says nothing of reviews or visits (None), none are scheduled under it."""

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


class FaultyPolicy(ValueError):
    """A document that is no policy set; `faults`: (place, what is wrong and how to mend it)."""

    def __init__(self, faults: Sequence[tuple[str, str]]):
        super().__init__("; ".join(f"{place}: {words}" for place, words in faults))
        self.faults = tuple(faults)


class _AmountField(fields.Field):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Amount:
        if type(value) is int and value >= 0:
            return Amount(value)
        if isinstance(value, dict) and set(value) <= {"figure", "permille"} and isinstance(value.get("figure"), str):
            permille = value.get("permille", 1_000)
            if type(permille) is int and 0 < permille <= 100_000:
                return Amount(0, value["figure"], permille)
        raise ValidationError('a whole number of zero or more, or {"figure": name, "permille": 1 to 100000}')


class _Strict(Schema):
    class Meta:
        unknown = RAISE


def _fact(facts: Mapping[str, str]) -> fields.String:
    return fields.String(required=True, validate=validate.OneOf(sorted(facts), error="there is no fact {input} here"))


class _ConditionSchema(_Strict):
    fact = _fact(FACTS)
    at_least = _AmountField()
    at_most = _AmountField()

    @validates_schema
    def _has_an_end(self, data: dict[str, Any], **_: Any) -> None:
        if "at_least" not in data and "at_most" not in data:
            raise ValidationError("give at_least or at_most, or both")

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Condition:
        return Condition(**data)


_CONDITIONS = fields.List(fields.Nested(_ConditionSchema), required=True, validate=validate.Length(min=1))


class _NameSchema(_Strict):
    zh = fields.String(required=True, validate=validate.Length(1, 60))
    en = fields.String(required=True, validate=validate.Length(1, 120))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Name:
        return Name(**data)


class _PerSchema(_Strict):
    fact = _fact(FACTS)
    every = _AmountField(required=True)
    points = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_SCORE))
    most = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_SCORE))
    beyond = _AmountField(load_default=Amount())

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Per:
        return Per(**data)


class _RuleSchema(_Strict):
    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_-]{1,60}$"))
    name = fields.Nested(_NameSchema, required=True)
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    points = fields.Integer(required=True, strict=True, validate=validate.Range(0, MOST_SCORE))
    all = _CONDITIONS
    per = fields.Nested(_PerSchema)

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Rule:
        return Rule(**(data | {"all": tuple(data["all"])}))


class _ChoiceSchema(_Strict):
    name = fields.String(required=True)
    any = fields.List(_CONDITIONS, required=True, validate=validate.Length(min=1))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Choice:
        return Choice(data["name"], tuple(tuple(way) for way in data["any"]))


class _MeasureSchema(_Strict):
    code = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_-]{1,60}$"))
    name = fields.Nested(_NameSchema, required=True)
    types = fields.List(fields.String(validate=validate.OneOf(TYPES)), required=True, validate=validate.Length(min=1))
    category = fields.String(required=True)
    quantity = fields.Integer(required=True, strict=True, validate=validate.Range(1, 1_000_000_000))
    tier = fields.Integer(required=True, strict=True, validate=validate.Range(1, 3))
    weight = fields.Integer(required=True, strict=True, validate=validate.Range(1, 1_000))
    days = fields.Integer(required=True, strict=True, validate=validate.Range(1, 3_650))
    all = _CONDITIONS
    per_fact = fields.String(validate=validate.OneOf(sorted(FACTS)))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Measure:
        return Measure(**(data | {"all": tuple(data["all"]), "types": tuple(data["types"])}))


class _ReviewGroupSchema(_Strict):
    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z][a-z0-9_-]{1,60}$"))
    name = fields.Nested(_NameSchema, required=True)
    months = fields.Integer(required=True, strict=True, validate=validate.Range(1, 60))
    any = fields.List(_CONDITIONS, required=True, validate=validate.Length(min=1))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> ReviewGroup:
        return ReviewGroup(**(data | {"any": tuple(tuple(way) for way in data["any"])}))


class _ReviewsSchema(_Strict):
    groups = fields.List(fields.Nested(_ReviewGroupSchema), required=True)
    otherwise_months = fields.Integer(required=True, strict=True, validate=validate.Range(1, 60))
    soon_days = fields.Integer(required=True, strict=True, validate=validate.Range(0, 365))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> Reviews:
        return Reviews(**(data | {"groups": tuple(data["groups"])}))


class _PolicySchema(_Strict):
    format = fields.String(required=True, validate=validate.Equal(FORMAT))
    id = fields.String(required=True, validate=validate.Regexp(r"^[a-z0-9][a-z0-9-]{1,60}$"))
    region = fields.String(required=True, validate=validate.Regexp(r"^\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?$"))
    valid_from = fields.Date(required=True)
    valid_to = fields.Date(load_default=None, allow_none=True)
    source = fields.String(required=True, validate=validate.Length(min=1))
    figures = fields.Dict(
        keys=fields.String(), values=fields.Integer(strict=True, validate=validate.Range(0, 10**12)), required=True
    )
    categories = fields.List(fields.Nested(_ChoiceSchema), required=True)
    rules = fields.List(fields.Nested(_RuleSchema), required=True, validate=validate.Length(min=1))
    secondary_from = fields.Integer(required=True, strict=True, validate=validate.Range(1, MOST_SCORE))
    risk = fields.List(fields.Nested(_ChoiceSchema), required=True)
    measures = fields.List(fields.Nested(_MeasureSchema), required=True)
    monitoring = fields.Nested(MonitoringSchema, load_default=None)
    reviews = fields.Nested(_ReviewsSchema)
    visits = fields.Nested(VisitsSchema)


def read_policy(document: Any) -> Policy:
    """The policy set of a parsed JSON document. Raises FaultyPolicy with every fault."""
    if not isinstance(document, dict):
        raise FaultyPolicy([("", "a policy set is an object")])
    try:
        data = _PolicySchema(unknown=RAISE).load(document)
    except ValidationError as error:
        raise FaultyPolicy(list(_places(error.normalized_messages()))) from None
    faults = [*_figure_faults(data), *_order_faults(data), *_early_facts(data)]
    if faults:
        raise FaultyPolicy(faults)
    figures = data["figures"]
    most = 12 * figures["minimum_wage_month"]
    figures |= {EDGE: min(figures["subsistence_line"] * figures["edge_factor"] // 1_000, most)}
    tuples = {name: tuple(data[name]) for name in ("categories", "rules", "risk", "measures")}
    return Policy(**{name: data[name] for name in data if name != "format"} | tuples)


def _places(messages: Any, place: str = "") -> Any:
    """(place, words) of every message, as in rules[3].all[0].fact."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if key == "_schema":
                yield from _places(inner, place)
            elif isinstance(key, int):
                yield from _places(inner, f"{place}[{key}]")
            else:
                yield from _places(inner, f"{place}.{key}" if place else str(key))
    else:
        for words in messages if isinstance(messages, list) else [messages]:
            yield place, str(words)


def _amounts(data: Mapping[str, Any]) -> Any:
    for place, condition in _conditions(data):
        for end in ("at_least", "at_most"):
            if getattr(condition, end) is not None:
                yield f"{place}.{end}", getattr(condition, end)
    for k, rule in enumerate(data["rules"]):
        if rule.per is not None:
            yield f"rules[{k}].per.every", rule.per.every
            yield f"rules[{k}].per.beyond", rule.per.beyond
    yield from (
        (f"{place}.{end}", amount)
        for place, one in _review_conditions(data)
        for end in ("at_least", "at_most")
        if (amount := getattr(one, end)) is not None
    )


def _conditions(data: Mapping[str, Any], *tables: str) -> Any:
    for table in tables or ("categories", "rules", "risk", "measures"):
        for k, one in enumerate(data[table]):
            if isinstance(one, Choice):
                for w, way in enumerate(one.any):
                    yield from ((f"{table}[{k}].any[{w}][{n}]", condition) for n, condition in enumerate(way))
            else:
                yield from ((f"{table}[{k}].all[{n}]", condition) for n, condition in enumerate(one.all))


def _review_conditions(data: Mapping[str, Any]) -> Any:
    for k, group in enumerate(data["reviews"].groups if data.get("reviews") else ()):
        for w, way in enumerate(group.any):
            yield from ((f"reviews.groups[{k}].any[{w}][{n}]", condition) for n, condition in enumerate(way))


def _figure_faults(data: Mapping[str, Any]) -> Any:
    figures = data["figures"]
    for name in NEEDED:
        if name not in figures:
            yield "figures", f"{name} is missing"
    if EDGE in figures:
        yield f"figures.{EDGE}", "follows from the line, the edge factor and the minimum wage; leave it out"
    for place, amount in _amounts(data):
        if amount.figure is not None and amount.figure not in {*figures, EDGE}:
            yield place, f"there is no figure {amount.figure!r}; add it to figures"
    for k, rule in enumerate(data["rules"]):
        if rule.per is not None and rule.per.every == Amount(0):
            yield f"rules[{k}].per.every", "is zero; give one or more"


def _order_faults(data: Mapping[str, Any]) -> Any:
    if data["valid_to"] is not None and data["valid_to"] < data["valid_from"]:
        yield "valid_to", "lies before valid_from"
    for table, key in (("rules", "id"), ("measures", "code")):
        seen: dict[str, int] = {}
        for k, one in enumerate(data[table]):
            first = seen.setdefault(getattr(one, key), k)
            if first != k:
                yield f"{table}[{k}].{key}", f"stands in {table}[{first}] too; each once"
    groups = [group.id for group in data["reviews"].groups] if data.get("reviews") else []
    for k, one in enumerate(groups):
        if one in groups[:k]:
            yield f"reviews.groups[{k}].id", f"stands in reviews.groups[{groups.index(one)}] too; each once"
    for table, names in (("categories", CATEGORIES[:-1]), ("risk", RISK_TIERS[:-1])):
        if [one.name for one in data[table]] != list(names):
            yield table, f"one entry each for {', '.join(names)}, in this order"


def _early_facts(data: Mapping[str, Any]) -> Any:
    """Categories know no categories and scores yet, rules of points no scores."""
    for table, late in (("categories", {*IS, *SCORES}), ("rules", set(SCORES))):
        for place, condition in _conditions(data, table):
            if condition.fact in late:
                yield f"{place}.fact", f"{condition.fact} is not known yet where {table} are decided"
    for place, condition in _review_conditions(data):
        if condition.fact in SCORES:
            yield f"{place}.fact", f"{condition.fact} is not known where reviews are dated"
    for k, rule in enumerate(data["rules"]):
        if rule.per is not None and rule.per.fact in SCORES:
            yield f"rules[{k}].per.fact", f"{rule.per.fact} is not known yet where rules are decided"
