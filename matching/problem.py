"""The problem of a match round, format `zhongfu-problem/1`: who needs what, who offers what, and under which rules.

Amounts are whole fen, distances whole metres, quantities whole units of the category; null in the file means absent.
Rows keep the order of the file; nothing that is decided may depend on that order.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

from matching.faults import FaultyProblem, Places, find_faults
from matching.reading import read_document


@dataclass(frozen=True, slots=True)
class Region:
    code: str
    parent: str
    lat: float | None = None
    lon: float | None = None


@dataclass(frozen=True, slots=True)
class Need:
    id: str
    household: str
    region: str
    category: str
    quantity: int
    tier: int
    weight: int
    type: str
    fill: str = "any"
    accepts: tuple[str, ...] = ()
    unit_worth_fen: int = 0
    requires: tuple[str, ...] = ()
    start: date | None = None
    """First day (`from`), inclusive."""
    end: date | None = None
    """Last day (`by`), inclusive."""
    lat: float | None = None
    lon: float | None = None
    project: str | None = None

    @property
    def unit_points(self) -> int:
        """Points of one delivered unit: 1000 · weight div quantity."""
        return 1000 * self.weight // self.quantity


@dataclass(frozen=True, slots=True)
class Offering:
    id: str
    donor: str
    category: str
    capacity: int
    areas: tuple[str, ...] | None = None
    radius_m: int | None = None
    region: str | None = None
    lat: float | None = None
    lon: float | None = None
    unit_cost_fen: int = 0
    government_bought: bool = False
    provides: tuple[str, ...] = ()
    start: date | None = None
    """First day (`from`), inclusive."""
    end: date | None = None
    """Last day (`until`), inclusive."""
    max_needs: int | None = None
    types: tuple[str, ...] | None = None
    projects: tuple[str, ...] | None = None
    funds: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Fund:
    id: str
    amount_fen: int
    categories: tuple[str, ...] | None = None
    regions: tuple[str, ...] | None = None
    types: tuple[str, ...] | None = None
    projects: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    id: str
    max_fen: int
    regions: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None
    government_bought: bool | None = None


@dataclass(frozen=True, slots=True)
class Pin:
    need: str
    offering: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Forbid:
    need: str
    offering: str


@dataclass(frozen=True, slots=True)
class PairRow:
    need: str
    offering: str
    load: int | None = None
    unit_cost_fen: int | None = None
    distance_m: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    floor_percent: int = 90
    tolerance_permille: int = 1
    household_cap_fen: int | None = None


@dataclass(frozen=True)
class Problem:
    """A sound problem: every reference resolves, every number is in range. `document` is the JSON it was read from."""

    name: str
    seed: int
    regions: tuple[Region, ...]
    needs: tuple[Need, ...]
    offerings: tuple[Offering, ...]
    funds: tuple[Fund, ...]
    limits: tuple[Limit, ...]
    household_caps: Mapping[str, int | None]
    """Own caps in fen (None: no cap); households not listed have `policy.household_cap_fen`."""
    pins: tuple[Pin, ...]
    forbids: tuple[Forbid, ...]
    pairs: tuple[PairRow, ...]
    policy: Policy
    document: dict[str, Any] = field(repr=False, compare=False)
    region_index: Mapping[str, int] = field(init=False, repr=False, compare=False)
    need_index: Mapping[str, int] = field(init=False, repr=False, compare=False)
    offering_index: Mapping[str, int] = field(init=False, repr=False, compare=False)
    fund_index: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "region_index", {row.code: i for i, row in enumerate(self.regions)})
        put(self, "need_index", {row.id: i for i, row in enumerate(self.needs)})
        put(self, "offering_index", {row.id: i for i, row in enumerate(self.offerings)})
        put(self, "fund_index", {row.id: i for i, row in enumerate(self.funds)})

    def cap_fen(self, household: str) -> int | None:
        """The most a household may receive in this round, in fen of `unit_worth_fen`; None: no cap."""
        return self.household_caps.get(household, self.policy.household_cap_fen)


def read_problem(path: str | Path) -> Problem:
    """Reads a JSON file, a `.json.gz` file, or a folder with `problem.json` and optional JSON-lines tables.

    Raises FaultyProblem with every fault.
    """
    document, places = read_document(Path(path))
    return _build(document, places)


def parse_problem(document: dict[str, Any], source: str = "problem.json") -> Problem:
    """The problem that a parsed document states; `source` names the file in faults. Raises FaultyProblem."""
    return _build(document, Places(source))


def problem_sha256(problem: Problem) -> str:
    """SHA-256 of the canonical JSON: rows sorted by (id or code, need, offering), keys sorted, no spaces, UTF-8."""
    return _canonical_sha256(problem.document)


def pool_sha256(problem: Problem) -> str:
    """The same hash without `seed`: it is published at the freeze, before the seed is known."""
    return _canonical_sha256({name: part for name, part in problem.document.items() if name != "seed"})


def _canonical_sha256(document: Mapping[str, Any]) -> str:
    def key(row: Mapping[str, Any]) -> tuple[str, str, str]:
        return (str(row.get("id", row.get("code", ""))), str(row.get("need", "")), str(row.get("offering", "")))

    ordered = {name: sorted(part, key=key) if isinstance(part, list) else part for name, part in document.items()}
    text = json.dumps(ordered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@lru_cache(maxsize=10_000)
def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _texts(value: list[str] | None) -> tuple[str, ...] | None:
    return None if value is None else tuple(value)


def _build(document: dict[str, Any], places: Places) -> Problem:
    faults = find_faults(document, places)
    if faults:
        raise FaultyProblem(faults)

    def rows(table: str) -> list[dict[str, Any]]:
        return document.get(table) or []

    policy = document.get("policy") or {}
    own_caps = document.get("households") or {}
    return Problem(
        name=document.get("name") or "",
        seed=document.get("seed") or 0,
        regions=tuple(Region(r["code"], r["parent"], r.get("lat"), r.get("lon")) for r in rows("regions")),
        needs=tuple(map(_need, rows("needs"))),
        offerings=tuple(map(_offering, rows("offerings"))),
        funds=tuple(
            Fund(r["id"], r["amount_fen"], *(_texts(r.get(n)) for n in ("categories", "regions", "types", "projects")))
            for r in rows("funds")
        ),
        limits=tuple(
            Limit(
                r["id"], r["max_fen"], _texts(r.get("regions")), _texts(r.get("categories")), r.get("government_bought")
            )
            for r in rows("limits")
        ),
        household_caps={code: own.get("cap_fen") for code, own in own_caps.items() if own is not None},
        pins=tuple(Pin(r["need"], r["offering"], r["quantity"]) for r in rows("pins")),
        forbids=tuple(Forbid(r["need"], r["offering"]) for r in rows("forbids")),
        pairs=tuple(
            PairRow(r["need"], r["offering"], r.get("load"), r.get("unit_cost_fen"), r.get("distance_m") or 0)
            for r in rows("pairs")
        ),
        policy=Policy(**{name: value for name, value in policy.items() if value is not None}),
        document=document,
    )


def _need(row: dict[str, Any]) -> Need:
    get = row.get
    return Need(
        row["id"], row["household"], row["region"], row["category"], row["quantity"], row["tier"], row["weight"],
        row["type"], get("fill") or "any", tuple(get("accepts") or ()), get("unit_worth_fen") or 0,
        tuple(get("requires") or ()), _day(get("from")), _day(get("by")), get("lat"), get("lon"), get("project"),
    )  # fmt: skip


def _offering(row: dict[str, Any]) -> Offering:
    get = row.get
    return Offering(
        row["id"], row["donor"], row["category"], row["capacity"], _texts(get("areas")), get("radius_m"), get("region"),
        get("lat"), get("lon"), get("unit_cost_fen") or 0, bool(get("government_bought")), tuple(get("provides") or ()),
        _day(get("from")), _day(get("until")), get("max_needs"), _texts(get("types")), _texts(get("projects")),
        _texts(get("funds")),
    )  # fmt: skip
