"""Reads a `zhongfu-policy/1` document: whole, or refused with every fault named by its place (``rules[3].all[0].at_most``) and its mend."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from households.policy.document import (
    EDGE,
    FORMAT,
    MOST_SCORE,
    NEEDED,
    RISK_TIERS,
    Amount,
    Choice,
    Condition,
    FaultyPolicy,
    Measure,
    Per,
    Policy,
    ReviewGroup,
    Reviews,
    Rule,
    Words,
    amount_of,
)
from households.policy.reader import CODE, CODE_MEND, MISSING, MOST_ENTRIES, Reader, join, made, shown
from households.policy.reading_parts import read_monitoring, read_visits
from households.portrait.facts import CATEGORIES, FACTS, IS, SCORES, TYPES

_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,60}")
_REGION = re.compile(r"\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?")
_MOST_FIGURE = 10**12
MOST_QUANTITY = 1_000_000
"""Times the largest fact it stays within 64 bits"""


def read_policy(document: Any) -> Policy:
    """The policy set of a parsed JSON document. Raises FaultyPolicy with every fault."""
    reader = _PolicyReader()
    read = reader.policy(document)
    if read is None or reader.faults:
        raise FaultyPolicy(reader.faults)
    faults = [*_figure_faults(read), *_order_faults(read), *_early_facts(read)]
    if faults:
        raise FaultyPolicy(faults)
    return Policy(**read | {"figures": _with_edge(read["figures"])})


def _with_edge(figures: dict[str, int]) -> dict[str, int]:
    """The figures and the one that follows from them."""
    most = 12 * figures["minimum_wage_month"]
    return figures | {EDGE: min(figures["subsistence_line"] * figures["edge_factor"] // 1_000, most)}


class _PolicyReader(Reader):
    def policy(self, document: Any) -> dict[str, Any] | None:
        read = self.object(
            "",
            document,
            format=self.format,
            id=self.matching(_ID, "Use 2 to 61 small letters, digits and hyphens"),
            region=self.matching(_REGION, "A region code has 2, 4, 6, 9 or 12 digits"),
            valid_from=self.day,
            valid_to=self.day_or_none,
            source=self.text(500),
            figures=self.figures,
            categories=self.list_of(self.choice),
            rules=self.list_of(self.rule, least=1),
            secondary_from=self.whole(1, MOST_SCORE),
            risk=self.list_of(self.choice),
            measures=self.list_of(self.measure),
            monitoring=lambda place, value: read_monitoring(self, place, value),
            reviews=self.reviews,
            visits=lambda place, value: read_visits(self, place, value),
            optional=("valid_to", "monitoring", "reviews", "visits"),
        )
        if read is not None:
            read.pop("format", None)
            read.setdefault("valid_to", None)
        return read

    def fact(self, place: str, value: Any) -> str:
        if not isinstance(value, str) or value not in FACTS:
            self.fault(place, "There is no fact %(name)s; see the list of facts", name=shown(value))
            return "members"
        return value

    def format(self, place: str, value: Any) -> None:
        if value != FORMAT:
            self.fault(place, "This must be %(format)s", format=FORMAT)

    def figures(self, place: str, value: Any) -> dict[str, int]:
        if not isinstance(value, dict):
            self.fault(place, "This must be an object: names with their values, in braces")
            return {}
        if len(value) > MOST_ENTRIES:
            self.fault(place, "At most %(most)s entries may stand here", most=MOST_ENTRIES)
            return {}
        read = self.whole(0, _MOST_FIGURE)
        for name in value:
            if not CODE.fullmatch(name):
                self.fault(join(place, name), "Use 2 to 61 small letters, digits and underscores")
        return {name: read(join(place, name), number) for name, number in value.items()}

    def amount(self, place: str, value: Any) -> Amount:
        if type(value) is int and 0 <= value <= _MOST_FIGURE:
            return Amount(value)
        if isinstance(value, dict) and set(value) <= {"figure", "permille"} and isinstance(value.get("figure"), str):
            permille = value.get("permille", 1_000)
            if type(permille) is int and 0 < permille <= 100_000:
                return Amount(0, value["figure"], permille)
        self.fault(place, "Give a whole number of zero or more, or a figure with its ‰: from 1 to 100000")
        return Amount()

    def condition(self, place: str, value: Any) -> Condition:
        read = self.object(
            place, value, fact=self.fact, at_least=self.amount, at_most=self.amount, optional=("at_least", "at_most")
        )
        if read is not None and "at_least" not in read and "at_most" not in read:
            self.fault(place, "Give at_least or at_most, or both")
        return Condition(**{"fact": "members", **(read or {})})

    def conditions(self, place: str, value: Any) -> tuple[Condition, ...]:
        return self.list_of(self.condition, least=1)(place, value)

    def per(self, place: str, value: Any) -> Per | None:
        points = self.whole(1, MOST_SCORE)
        read = self.object(
            place, value, fact=self.fact, every=self.amount, points=points, most=points, beyond=self.amount, optional=("beyond",)
        )  # fmt: skip
        return made(Per, {"beyond": Amount()} | (read or {}))

    def rule(self, place: str, value: Any) -> Rule | None:
        read = self.object(
            place, value, id=self.matching(CODE, CODE_MEND), name=self.name, type=self.one_of(TYPES),
            points=self.whole(0, MOST_SCORE), all=self.conditions, per=self.per, optional=("per",),
        )  # fmt: skip
        return made(Rule, read)

    def choice(self, place: str, value: Any) -> Choice | None:
        read = self.object(place, value, name=self.text(60), any=self.list_of(self.conditions, least=1))
        return made(Choice, read)

    def measure(self, place: str, value: Any) -> Measure | None:
        read = self.object(
            place, value, code=self.matching(CODE, CODE_MEND), name=self.name,
            types=self.list_of(self.one_of(TYPES), least=1), category=self.matching(CODE, CODE_MEND),
            quantity=self.whole(1, MOST_QUANTITY), tier=self.whole(1, 3), weight=self.whole(1, 1_000),
            days=self.whole(1, 3_650), all=self.conditions, per_fact=self.fact, optional=("per_fact",),
        )  # fmt: skip
        return made(Measure, read)

    def review_group(self, place: str, value: Any) -> ReviewGroup | None:
        read = self.object(
            place, value, id=self.matching(CODE, CODE_MEND), name=self.name, months=self.whole(1, 60),
            any=self.list_of(self.conditions, least=1),
        )  # fmt: skip
        return made(ReviewGroup, read)

    def reviews(self, place: str, value: Any) -> Reviews | None:
        read = self.object(
            place, value, groups=self.list_of(self.review_group), otherwise_months=self.whole(1, 60), soon_days=self.whole(0, 365)
        )  # fmt: skip
        return made(Reviews, read)


Faults = Iterator[tuple[str, Words]]


def _amounts(read: Mapping[str, Any]) -> Iterator[tuple[str, Amount]]:
    for place, condition in _conditions(read):
        for end in ("at_least", "at_most"):
            amount = getattr(condition, end)
            if amount is not None:
                yield f"{place}.{end}", amount
    for k, rule in enumerate(read["rules"]):
        if rule.per is not None:
            yield f"rules[{k}].per.every", rule.per.every
            yield f"rules[{k}].per.beyond", rule.per.beyond
    for place, condition in _review_conditions(read):
        for end in ("at_least", "at_most"):
            amount = getattr(condition, end)
            if amount is not None:
                yield f"{place}.{end}", amount


def _conditions(read: Mapping[str, Any], *tables: str) -> Iterator[tuple[str, Condition]]:
    for table in tables or ("categories", "rules", "risk", "measures"):
        for k, one in enumerate(read[table]):
            if isinstance(one, Choice):
                for w, way in enumerate(one.any):
                    yield from ((f"{table}[{k}].any[{w}][{n}]", condition) for n, condition in enumerate(way))
            else:
                yield from ((f"{table}[{k}].all[{n}]", condition) for n, condition in enumerate(one.all))


def _review_conditions(read: Mapping[str, Any]) -> Iterator[tuple[str, Condition]]:
    for k, group in enumerate(read["reviews"].groups if read.get("reviews") else ()):
        for w, way in enumerate(group.any):
            yield from ((f"reviews.groups[{k}].any[{w}][{n}]", condition) for n, condition in enumerate(way))


def _figure_faults(read: Mapping[str, Any]) -> Faults:
    figures = read["figures"]
    for name in NEEDED:
        if name not in figures:
            yield f"figures.{name}", Words(MISSING)
    if EDGE in figures:
        yield f"figures.{EDGE}", Words("This follows from the line, the edge factor and the minimum wage; leave it out")
    for place, amount in _amounts(read):
        if amount.figure is not None and amount.figure not in {*figures, EDGE}:
            yield place, Words("There is no figure %(name)s; add it to figures", name=shown(amount.figure))
    known = _with_edge(figures) if all(name in figures for name in NEEDED) else figures
    for k, rule in enumerate(read["rules"]):
        # a step of no units divides by zero for every household, be it written so or as a share of a figure that comes to nothing
        if rule.per is not None and amount_of(rule.per.every, known) == 0:
            yield f"rules[{k}].per.every", Words("This is zero; give one or more")


def _order_faults(read: Mapping[str, Any]) -> Faults:
    if read["valid_to"] is not None and read["valid_to"] < read["valid_from"]:
        yield "valid_to", Words("The last day lies before the first")
    groups = read["reviews"].groups if read.get("reviews") else ()
    for table, key, rows in (
        ("rules", "id", read["rules"]),
        ("measures", "code", read["measures"]),
        ("reviews.groups", "id", groups),
    ):
        seen: dict[str, int] = {}
        for k, one in enumerate(rows):
            first = seen.setdefault(getattr(one, key), k)
            if first != k:
                yield f"{table}[{k}].{key}", Words("This stands in %(place)s too; each once", place=f"{table}[{first}]")
    for table, names in (("categories", CATEGORIES[:-1]), ("risk", RISK_TIERS[:-1])):
        if [one.name for one in read[table]] != list(names):
            yield table, Words("One entry each for %(names)s, in this order", names=", ".join(names))


def _early_facts(read: Mapping[str, Any]) -> Faults:
    """Categories know no categories and scores yet, rules of points no scores."""
    early = "%(name)s is not known yet where this is decided"
    for table, late in (("categories", {*IS, *SCORES}), ("rules", set(SCORES))):
        for place, condition in _conditions(read, table):
            if condition.fact in late:
                yield f"{place}.fact", Words(early, name=condition.fact)
    for place, condition in _review_conditions(read):
        if condition.fact in SCORES:
            yield f"{place}.fact", Words(early, name=condition.fact)
    for k, rule in enumerate(read["rules"]):
        if rule.per is not None and rule.per.fact in SCORES:
            yield f"rules[{k}].per.fact", Words(early, name=rule.per.fact)
