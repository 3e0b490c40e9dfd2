"""The fields of `zhongfu-problem/1`: which there are, which are required, and what a single value must be.

A check takes one value and returns None, or the reason why it is refused, with the mend where there is one.
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

FORMAT = "zhongfu-problem/1"
TYPES = ("subsistence", "expenditure", "emergency", "development", "care")
FILLS = ("any", "whole", "single")
LARGEST = 10**15  # sums of a round stay inside 64-bit integers
LARGEST_PER_UNIT = 10**10  # × the largest quantity (1,000,000), a thousand times over, stays inside them too

Check = Callable[[Any], str | None]


def show(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def text(value: object) -> str | None:
    if type(value) is not str:
        return f"must be text, not {show(value)}"
    if not value:
        return "must not be empty"
    return encodable(value)


def encodable(value: str) -> str | None:
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return "holds half of a surrogate pair, which is no Unicode text; write the whole character"
    return None


def _parent(value: object) -> str | None:
    return None if value == "" and type(value) is str else text(value)


def _free_text(value: object) -> str | None:
    return encodable(value) if type(value) is str else f"must be text, not {show(value)}"


def _int(least: int, most: int | None, hint: str = "") -> Check:
    def check(value: object) -> str | None:
        if type(value) is not int:
            return f"must be a whole number, not {show(value)}"
        if value < least:
            return f"must be at least {least}, not {show(value)}"
        if most is not None and value > most:
            return f"must be at most {most}, not {show(value)}{hint}"
        return None

    return check


def _degrees(most: int) -> Check:
    def check(value: object) -> str | None:
        if type(value) not in (int, float):
            return f"must be a number of degrees, not {show(value)}"
        if not math.isfinite(value):  # type: ignore[arg-type]
            return f"must be a finite number of degrees, not {show(value)}"
        if not -most <= value <= most:  # type: ignore[operator]
            return f"must lie between -{most} and {most} degrees (WGS-84), not {show(value)}"
        return None

    return check


def _flag(value: object) -> str | None:
    return None if type(value) is bool else f"must be true or false, not {show(value)}"


@lru_cache(maxsize=10_000)
def _day_fault(value: str) -> str | None:
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        try:
            date.fromisoformat(value)
            return None
        except ValueError as error:
            return f"{value!r} is no day of the calendar ({error})"
    return f"must be a date written YYYY-MM-DD, not {show(value)}"


def _day(value: object) -> str | None:
    return _day_fault(value) if type(value) is str else f"must be a date written YYYY-MM-DD, not {show(value)}"


def _one_of(words: tuple[str, ...]) -> Check:
    def check(value: object) -> str | None:
        return None if value in words else f"must be one of {', '.join(words)}, not {show(value)}"

    return check


def _list_of(item: Check, *, empty: bool) -> Check:
    def check(value: object) -> str | None:
        if type(value) is not list:
            return f"must be a list, not {show(value)}"
        if not value and not empty:
            return "must not be an empty list, which would allow nothing; leave the field out for no restriction"
        for position, one in enumerate(value):
            if (reason := item(one)) is not None:
                return f"item {position} {reason}"
        return None

    return check


_COUNT = _int(0, LARGEST, "; leave the field out where there is no limit")
_AMOUNT = _int(0, LARGEST)
_PER_UNIT = _int(0, LARGEST_PER_UNIT)
_TEXTS = _list_of(text, empty=True)
_EARMARK = _list_of(text, empty=False)
_TYPE = _one_of(TYPES)
_TYPES = _list_of(_TYPE, empty=False)
_POINT = {"lat": _degrees(90), "lon": _degrees(180)}


@dataclass(frozen=True, slots=True)
class Table:
    """The known fields of one table's rows, and those that are required."""

    fields: Mapping[str, Check]
    required: tuple[str, ...]
    key: tuple[str, ...]


TABLES = {
    "regions": Table({"code": text, "parent": _parent, **_POINT}, ("code", "parent"), ("code",)),
    "needs": Table(
        {
            "id": text, "household": text, "region": text, "category": text, "quantity": _int(1, 10**6),
            "tier": _int(1, 3), "weight": _int(1, 1000), "type": _TYPE, "fill": _one_of(FILLS), "accepts": _TEXTS,
            "unit_worth_fen": _PER_UNIT, "requires": _TEXTS, "from": _day, "by": _day, **_POINT, "project": text,
        },
        ("id", "household", "region", "category", "quantity", "tier", "weight", "type"),
        ("id",),
    ),
    "offerings": Table(
        {
            "id": text, "donor": text, "category": text, "capacity": _AMOUNT, "areas": _EARMARK, "radius_m": _COUNT,
            "region": text, **_POINT, "unit_cost_fen": _PER_UNIT, "government_bought": _flag, "provides": _TEXTS,
            "from": _day, "until": _day, "max_needs": _COUNT, "types": _TYPES, "projects": _EARMARK, "funds": _EARMARK,
        },
        ("id", "donor", "category", "capacity"),
        ("id",),
    ),
    "funds": Table(
        {"id": text, "amount_fen": _AMOUNT, "categories": _EARMARK, "regions": _EARMARK, "types": _TYPES, "projects": _EARMARK},
        ("id", "amount_fen"),
        ("id",),
    ),
    "limits": Table(
        {"id": text, "max_fen": _AMOUNT, "regions": _EARMARK, "categories": _EARMARK, "government_bought": _flag},
        ("id", "max_fen"),
        ("id",),
    ),
    "pins": Table({"need": text, "offering": text, "quantity": _AMOUNT}, ("need", "offering", "quantity"), ("need", "offering")),
    "forbids": Table({"need": text, "offering": text}, ("need", "offering"), ("need", "offering")),
    "pairs": Table(
        {"need": text, "offering": text, "load": _AMOUNT, "unit_cost_fen": _PER_UNIT, "distance_m": _PER_UNIT},
        ("need", "offering"),
        ("need", "offering"),
    ),
}  # fmt: skip
REQUIRED_TABLES = ("regions", "needs", "offerings")
TOP = {"name": _free_text, "seed": _int(0, None)}
POLICY = {"floor_percent": _int(0, 100), "tolerance_permille": _int(0, 1000), "household_cap_fen": _AMOUNT}
HOUSEHOLD = {"cap_fen": _AMOUNT}

# table → the fields that name rows of another table (a list or one text)
REFERENCES = {
    "regions": (("parent", "regions"),),
    "needs": (("region", "regions"),),
    "offerings": (("region", "regions"), ("areas", "regions"), ("funds", "funds")),
    "funds": (("regions", "regions"),),
    "limits": (("regions", "regions"),),
    **{table: (("need", "needs"), ("offering", "offerings")) for table in ("pins", "forbids", "pairs")},
}
