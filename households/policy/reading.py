"""Reads a `zhongfu-policy/1` document: whole, or refused with every fault named by its place (``rules[3].all[0].at_most``) and its mend."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING as DATACLASS_MISSING
from dataclasses import fields
from datetime import date
from typing import Any, TypeVar

from marshmallow import Schema, ValidationError

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
    Name,
    Per,
    Policy,
    ReviewGroup,
    Reviews,
    Rule,
    Words,
)
from households.policy.monitoring import MonitoringSchema
from households.policy.visiting import VisitsSchema
from households.portrait.facts import CATEGORIES, FACTS, IS, SCORES, TYPES

Made = TypeVar("Made")
_CODE = re.compile(r"[a-z][a-z0-9_-]{1,60}")
_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,60}")
_DAY = re.compile(r"20\d\d-\d\d-\d\d")
_UNSTORED = re.compile("[\x00\ud800-\udfff]")
_REGION = re.compile(r"\d{2}(\d{2}(\d{2}(\d{3}(\d{3})?)?)?)?")
_MOST_FIGURE = 10**12
MOST_QUANTITY = 1_000_000
"""Times the largest fact it stays within 64 bits"""
MOST_ENTRIES = 500
MISSING = "This is missing; add it"


def read_policy(document: Any) -> Policy:
    """The policy set of a parsed JSON document. Raises FaultyPolicy with every fault."""
    reader = _Reader()
    read = reader.policy(document)
    if read is None or reader.faults:
        raise FaultyPolicy(reader.faults)
    faults = [*_figure_faults(read), *_order_faults(read), *_early_facts(read)]
    if faults:
        raise FaultyPolicy(faults)
    figures = read["figures"]
    most = 12 * figures["minimum_wage_month"]
    edge = min(figures["subsistence_line"] * figures["edge_factor"] // 1_000, most)
    return Policy(**read | {"figures": figures | {EDGE: edge}})


class _Reader:
    """Reads value after value; what cannot be read is None and leaves a fault, so that all are found in one reading."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, Words]] = []

    def fault(self, place: str, message: str, **values: Any) -> None:
        self.faults.append((place, Words(message, **values)))

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
            monitoring=self.part(MonitoringSchema()),
            reviews=self.reviews,
            visits=self.part(VisitsSchema()),
            optional=("valid_to", "monitoring", "reviews", "visits"),
        )
        if read is not None:
            read.pop("format", None)
            read.setdefault("valid_to", None)
        return read

    def object(
        self, place: str, value: Any, *, optional: tuple[str, ...] = (), **readers: Callable[[str, Any], Any]
    ) -> dict[str, Any] | None:
        """The entries of an object, each read by its reader."""
        if not isinstance(value, dict):
            self.fault(place, "This must be an object: names with their values, in braces")
            return None
        for name in list(value)[:MOST_ENTRIES]:
            if name not in readers:
                self.fault(_join(place, str(name)), "There is no such entry here; take it out, or mend its name")
        read = {}
        for name, reader in readers.items():
            if name in value:
                read[name] = reader(_join(place, name), value[name])
            elif name not in optional:
                self.fault(_join(place, name), MISSING)
        return read

    def list_of(self, reader: Callable[[str, Any], Any], *, least: int = 0) -> Callable[[str, Any], tuple[Any, ...]]:
        def read(place: str, value: Any) -> tuple[Any, ...]:
            if not isinstance(value, list):
                self.fault(place, "This must be a list, in brackets")
                return ()
            if len(value) > MOST_ENTRIES:
                self.fault(place, "At most %(most)s entries may stand here", most=MOST_ENTRIES)
                return ()
            if len(value) < least:
                self.fault(place, "At least %(least)s entry is needed here", least=least)
            return tuple(reader(f"{place}[{k}]", one) for k, one in enumerate(value))

        return read

    def whole(self, least: int, most: int) -> Callable[[str, Any], int]:
        def read(place: str, value: Any) -> int:
            if type(value) is not int or not least <= value <= most:
                self.fault(place, "This must be a whole number from %(least)s to %(most)s", least=least, most=most)
                return least
            return value

        return read

    def text(self, most: int) -> Callable[[str, Any], str]:
        def read(place: str, value: Any) -> str:
            if not isinstance(value, str) or not value.strip() or len(value) > most or _UNSTORED.search(value):
                self.fault(place, "Write 1 to %(most)s characters here", most=most)
                return ""
            return value

        return read

    def matching(self, pattern: re.Pattern[str], mend: str) -> Callable[[str, Any], str]:
        def read(place: str, value: Any) -> str:
            if not isinstance(value, str) or not pattern.fullmatch(value):
                self.fault(place, mend)
                return ""
            return value

        return read

    def one_of(self, known: tuple[str, ...]) -> Callable[[str, Any], str]:
        def read(place: str, value: Any) -> str:
            if value not in known:
                self.fault(place, "This must be one of %(known)s", known=", ".join(known))
                return known[0]
            return str(value)

        return read

    def fact(self, place: str, value: Any) -> str:
        if not isinstance(value, str) or value not in FACTS:
            self.fault(place, "There is no fact %(name)s; see the list of facts", name=_shown(value))
            return "members"
        return value

    def format(self, place: str, value: Any) -> None:
        if value != FORMAT:
            self.fault(place, "This must be %(format)s", format=FORMAT)

    def day(self, place: str, value: Any) -> date | None:
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.fault(place, "Write the day as 2027-03-05")
        return None

    def day_or_none(self, place: str, value: Any) -> date | None:
        return None if value is None else self.day(place, value)

    def figures(self, place: str, value: Any) -> dict[str, int]:
        if not isinstance(value, dict):
            self.fault(place, "This must be an object: names with their values, in braces")
            return {}
        if len(value) > MOST_ENTRIES:
            self.fault(place, "At most %(most)s entries may stand here", most=MOST_ENTRIES)
            return {}
        read = self.whole(0, _MOST_FIGURE)
        for name in value:
            if not _CODE.fullmatch(name):
                self.fault(_join(place, name), "Use 2 to 61 small letters, digits and underscores")
        return {name: read(_join(place, name), number) for name, number in value.items()}

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

    def name(self, place: str, value: Any) -> Name:
        read = self.object(place, value, zh=self.text(60), en=self.text(120)) or {}
        return Name(read.get("zh", ""), read.get("en", ""))

    def per(self, place: str, value: Any) -> Per | None:
        points = self.whole(1, MOST_SCORE)
        read = self.object(
            place, value, fact=self.fact, every=self.amount, points=points, most=points, beyond=self.amount, optional=("beyond",)
        )  # fmt: skip
        return _made(Per, {"beyond": Amount()} | (read or {}))

    def rule(self, place: str, value: Any) -> Rule | None:
        read = self.object(
            place, value, id=self.matching(_CODE, _CODE_MEND), name=self.name, type=self.one_of(TYPES),
            points=self.whole(0, MOST_SCORE), all=self.conditions, per=self.per, optional=("per",),
        )  # fmt: skip
        return _made(Rule, read)

    def choice(self, place: str, value: Any) -> Choice | None:
        read = self.object(place, value, name=self.text(60), any=self.list_of(self.conditions, least=1))
        return _made(Choice, read)

    def measure(self, place: str, value: Any) -> Measure | None:
        read = self.object(
            place, value, code=self.matching(_CODE, _CODE_MEND), name=self.name,
            types=self.list_of(self.one_of(TYPES), least=1), category=self.matching(_CODE, _CODE_MEND),
            quantity=self.whole(1, MOST_QUANTITY), tier=self.whole(1, 3), weight=self.whole(1, 1_000),
            days=self.whole(1, 3_650), all=self.conditions, per_fact=self.fact, optional=("per_fact",),
        )  # fmt: skip
        return _made(Measure, read)

    def review_group(self, place: str, value: Any) -> ReviewGroup | None:
        read = self.object(
            place, value, id=self.matching(_CODE, _CODE_MEND), name=self.name, months=self.whole(1, 60),
            any=self.list_of(self.conditions, least=1),
        )  # fmt: skip
        return _made(ReviewGroup, read)

    def reviews(self, place: str, value: Any) -> Reviews | None:
        read = self.object(
            place, value, groups=self.list_of(self.review_group), otherwise_months=self.whole(1, 60), soon_days=self.whole(0, 365)
        )  # fmt: skip
        return _made(Reviews, read)

    def part(self, schema: Schema) -> Callable[[str, Any], Any]:
        """A part that is described by a marshmallow schema of its own; None stands for a part that is not there."""

        def read(place: str, value: Any) -> Any:
            if value is None:
                return None
            try:
                return schema.load(value)
            except ValidationError as error:
                for where, words in _messages(error.normalized_messages(), place):
                    self.fault(where, words)
                return None

        return read


def _messages(messages: Any, place: str) -> Iterator[tuple[str, str]]:
    """(place, words) of every message of a schema, as in ``monitoring.rules[3].at_least``."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            if isinstance(key, int):
                yield from _messages(inner, f"{place}[{key}]")
            else:
                yield from _messages(inner, place if key == "_schema" else _join(place, str(key)))
    else:
        yield from ((place, str(words)) for words in messages)


_CODE_MEND = "Use 2 to 61 small letters, digits, hyphens and underscores, a letter first"


def _made(kind: type[Made], read: dict[str, Any] | None) -> Made | None:
    """The value, or None where an entry is missing: its fault is noted already."""
    needed = {one.name for one in fields(kind) if one.default is DATACLASS_MISSING}  # type: ignore[arg-type]
    return kind(**read) if read is not None and needed <= set(read) else None


def _join(place: str, name: str) -> str:
    shown = _shown(name)
    return f"{place}.{shown}" if place else shown


def _shown(text: object) -> str:
    """A part of the document inside a fault: short, and writable whatever was typed."""
    return str(text)[:60].replace("\x00", "").encode("utf-8", "backslashreplace").decode()


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
            yield place, Words("There is no figure %(name)s; add it to figures", name=_shown(amount.figure))
    for k, rule in enumerate(read["rules"]):
        if rule.per is not None and rule.per.every == Amount(0):
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
