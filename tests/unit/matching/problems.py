"""Small problems to bend: one that holds every kind of row, and random ones for hypothesis."""

import copy
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from matching.fields import TYPES

DATA = Path(__file__).parents[2] / "data"
SAMPLES = sorted((DATA / "problems").glob("sample-*.json"))

_SMALL = {
    "format": "zhongfu-problem/1",
    "regions": [
        {"code": "330324", "parent": "", "lat": 28.15, "lon": 120.69},
        {"code": "330324100", "parent": "330324"},
        {"code": "330324100200", "parent": "330324100"},
    ],
    "needs": [
        {"id": "N1", "household": "H1", "region": "330324100200", "category": "rice", "quantity": 4, "tier": 1, "weight": 10,
         "type": "care", "unit_worth_fen": 100},
        {"id": "N2", "household": "H2", "region": "330324100", "category": "rice", "quantity": 3, "tier": 2, "weight": 5,
         "type": "care", "fill": "whole"},
        {"id": "N3", "household": "H3", "region": "330324", "category": "hours", "quantity": 2, "tier": 3, "weight": 8,
         "type": "care", "fill": "single"},
    ],
    "offerings": [
        {"id": "O1", "donor": "D1", "category": "rice", "capacity": 5, "unit_cost_fen": 10},
        {"id": "O2", "donor": "D2", "category": "rice", "capacity": 5},
        {"id": "O3", "donor": "D3", "category": "hours", "capacity": 2, "max_needs": 1},
    ],
    "funds": [{"id": "F1", "amount_fen": 100}],
    "limits": [{"id": "budget", "max_fen": 90}],
    "households": {"H1": {"cap_fen": 400}},
    "pins": [],
    "forbids": [],
    "policy": {"floor_percent": 0, "tolerance_permille": 0},
}  # fmt: skip


def small(**parts: Any) -> dict[str, Any]:
    """A sound problem with three needs (any, whole, single) and three offerings; `parts` replace its top-level parts."""
    return {**copy.deepcopy(_SMALL), **parts}


def with_row(table: str, index: int, **fields: Any) -> dict[str, Any]:
    """The small problem with fields of one row set; a field set to the class `object` is taken out."""
    document = small()
    row = document[table][index]
    for name, value in fields.items():
        name = name.removesuffix("_")
        if value is object:
            del row[name]
        else:
            row[name] = value
    return document


def with_rows(table: str, *rows: Any) -> dict[str, Any]:
    """The small problem with rows added to a table."""
    document = small()
    document[table] = [*document.get(table, []), *rows]
    return document


_CODES = ("330324", "330324100", "330324101", "330324100200", "330324100201", "330324101200")
_DAYS = tuple(f"2027-01-{day:02d}" for day in (1, 5, 9, 13, 20))


def _some(values: tuple[str, ...]) -> st.SearchStrategy[list[str] | None]:
    return st.none() | st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


@st.composite
def _place(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return {}
    return {"lat": draw(st.floats(28.0, 28.4)), "lon": draw(st.floats(120.3, 120.9))}


@st.composite
def _days(draw: st.DrawFn, start: str, end: str) -> dict[str, Any]:
    days = sorted(draw(st.lists(st.sampled_from(_DAYS), min_size=2, max_size=2)))
    return {name: day for name, day in zip((start, end), days, strict=True) if draw(st.booleans())}


@st.composite
def problems(draw: st.DrawFn) -> dict[str, Any]:
    """Random sound problems that use every rule: areas, radii, skills, periods, earmarks, forbids, payers, limits."""
    categories, skills, projects = ("rice", "oil", "hours"), tuple(f"skill{i}" for i in range(70)), ("P1", "P2")
    regions = [
        {
            "code": code,
            "parent": next((c for c in reversed(_CODES) if c != code and code.startswith(c)), ""),
            **draw(_place()),
        }
        for code in _CODES
    ]
    needs = [
        {
            "id": f"N{i}", "household": f"H{i % 3}", "region": draw(st.sampled_from(_CODES)),
            "category": draw(st.sampled_from(categories)), "quantity": draw(st.integers(1, 5)),
            "tier": draw(st.integers(1, 3)), "weight": draw(st.integers(1, 50)), "type": draw(st.sampled_from(TYPES)),
            "fill": draw(st.sampled_from(("any", "whole", "single"))), "accepts": draw(_some(categories)),
            "requires": draw(st.none() | st.lists(st.sampled_from(skills), max_size=1)), "unit_worth_fen": draw(st.integers(0, 50)),
            "project": draw(st.none() | st.sampled_from(projects)), **draw(_days("from", "by")), **draw(_place()),
        }
        for i in range(draw(st.integers(0, 6)))
    ]  # fmt: skip
    funds = [
        {"id": f"F{i}", "amount_fen": draw(st.integers(0, 60)), "categories": draw(_some(categories)), "regions": draw(_some(_CODES)),
         "types": draw(_some(TYPES)), "projects": draw(_some(projects))}
        for i in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    fund_ids = tuple(fund["id"] for fund in funds)
    offerings = [
        {
            "id": f"O{i}", "donor": "D", "category": draw(st.sampled_from(categories)), "capacity": draw(st.integers(0, 6)),
            "areas": draw(_some(_CODES)), "radius_m": draw(st.none() | st.integers(0, 40_000)),
            "region": draw(st.none() | st.sampled_from(_CODES)), "unit_cost_fen": draw(st.sampled_from((None, 0, 3, 7))),
            "government_bought": draw(st.none() | st.booleans()),
            "provides": draw(st.none() | st.lists(st.sampled_from(skills), max_size=40)),
            "max_needs": draw(st.none() | st.integers(0, 2)), "types": draw(_some(TYPES)), "projects": draw(_some(projects)),
            "funds": draw(_some(fund_ids)) if fund_ids else None, **draw(_days("from", "until")), **draw(_place()),
        }
        for i in range(draw(st.integers(0, 6)))
    ]  # fmt: skip
    combinations = [(n["id"], o["id"]) for n in needs for o in offerings]
    chosen = draw(st.lists(st.sampled_from(combinations), max_size=3, unique=True)) if combinations else []
    return {
        "format": "zhongfu-problem/1",
        "seed": draw(st.integers(0, 2**64)),
        "regions": draw(st.permutations(regions)),
        "needs": draw(st.permutations(needs)),
        "offerings": draw(st.permutations(offerings)),
        "funds": draw(st.permutations(funds)),
        "limits": [
            {"id": "L", "max_fen": draw(st.integers(0, 40)), "regions": draw(_some(_CODES)), "categories": draw(_some(categories)),
             "government_bought": draw(st.none() | st.booleans())}
        ],
        "forbids": [{"need": n, "offering": o} for n, o in chosen],
        "policy": {"floor_percent": draw(st.integers(0, 100)), "household_cap_fen": draw(st.none() | st.integers(0, 100))},
    }  # fmt: skip
