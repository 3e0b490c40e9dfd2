"""What makes a problem faulty: every fault of a `zhongfu-problem/1` document, with its place and its mend.

Pure rules over the parsed JSON (dicts and lists); nothing is built here. A field that is unknown is a fault as well,
because a mistyped name that is silently ignored (`radius`, `max_need`) would open a restriction instead of keeping it.
A household named in `households` that no need names is no fault: a round may list the caps of a whole county.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from kernel.errors import InvalidInput
from matching.fields import (
    FORMAT,
    HOUSEHOLD,
    POLICY,
    REFERENCES,
    REQUIRED_TABLES,
    TABLES,
    TOP,
    Check,
    Table,
    encodable,
    show,
    text,
)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file: `row` is `needs[3]` in a JSON file, `line 4` in a JSON-lines file, `top` above the tables."""

    file: str
    row: str
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.row}:{self.field}: {self.reason}"


class FaultyProblem(InvalidInput):
    """The problem cannot be read; `faults` holds every fault found, never only the first."""

    def __init__(self, faults: Iterable[Fault]):
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Places:
    """Where the rows of a document stand: the file, and for JSON-lines tables their own file and line numbers."""

    source: str = "problem.json"
    lines: Mapping[str, tuple[str, list[int]]] = field(default_factory=dict)

    def of(self, table: str, index: int) -> tuple[str, str]:
        if table in self.lines:
            file, numbers = self.lines[table]
            return file, f"line {numbers[index]}"
        return self.source, f"{table}[{index}]"


def _unknown(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    mend = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
    return f"is no field of {FORMAT}; {mend}"


def _field_faults(row: Row, checks: Mapping[str, Check], required: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """(field, reason) of everything wrong inside one row, whatever the other rows say."""
    for name, value in row.items():
        check = checks.get(name)
        if value is None:
            continue
        if check is None:
            yield name, _unknown(name, checks)
        elif (reason := check(value)) is not None:
            yield name, reason
    for name in required:
        if row.get(name) is None:
            yield name, "is required and missing"


def _together_faults(table: str, row: Row) -> Iterator[tuple[str, str]]:
    """(field, reason) where two sound fields of one row contradict each other."""
    if (row.get("lat") is None) != (row.get("lon") is None):
        absent = "lat" if row.get("lat") is None else "lon"
        yield absent, "is missing beside its other coordinate; give both or neither"
    end = "by" if table == "needs" else "until"
    if row.get("from") is not None and row.get(end) is not None and row["from"] > row[end]:
        yield "from", f"starts on {row['from']}, after {end!r} ({row[end]})"
    quantity, weight = row.get("quantity"), row.get("weight")
    if quantity is not None and weight is not None and quantity > 1000 * weight:
        yield (
            "quantity",
            f"must be at most 1000 times the weight ({1000 * weight}), not {quantity}: a unit would be worth no point",
        )


def _reference_faults(table: str, row: Row, ids: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, target in REFERENCES.get(table, ()):
        value = row.get(name)
        if value is None or (table == "regions" and value == ""):
            continue
        for one in value if type(value) is list else (value,):
            if one not in ids[target]:
                yield name, f"{show(one)} is not among the {target}"


def _cycle_faults(regions: Mapping[str, Row]) -> Iterator[tuple[str, str]]:
    """(code, reason) of every region that is its own ancestor."""
    settled: set[str] = set()
    for start in regions:
        trail: dict[str, None] = {}
        at = start
        while at in regions and at not in settled and at not in trail:
            trail[at] = None
            parent = regions[at].get("parent")
            at = parent if type(parent) is str else ""
        if at in trail:
            codes = list(trail)
            ring = codes[codes.index(at) :]
            for place, code in enumerate(ring):
                turn = ring[place:] + ring[:place] + [code]
                yield (
                    code,
                    f'is its own ancestor ({" → ".join(turn[:6])}{" …" if len(turn) > 6 else ""}); the root has parent ""',
                )
        settled.update(trail)


def find_faults(document: object, places: Places) -> list[Fault]:
    """Every fault of a `zhongfu-problem/1` document, table by table in the order of the contract."""
    if type(document) is not dict:
        return [Fault(places.source, "top", "", f"must be a JSON object, not {show(document)}")]
    faults: list[Fault] = []

    def top(name: str, reason: str, row: str = "top") -> None:
        faults.append(Fault(places.source, row, name, reason))

    if document.get("format") != FORMAT:
        top("format", f"must be {FORMAT!r}, not {show(document.get('format'))}")
    known = ("format", *TABLES, *TOP, "households", "policy")
    for name, value in document.items():
        if name not in known and value is not None:
            top(name, _unknown(name, known))
    for name, check in TOP.items():
        if document.get(name) is not None and (reason := check(document[name])) is not None:
            top(name, reason)
    _object_faults(document, "policy", POLICY, top)
    _household_faults(document, top)

    ids: dict[str, dict[str, Row]] = {"regions": {}, "needs": {}, "offerings": {}, "funds": {}}
    sound: dict[str, list[tuple[int, Row]]] = {}
    for table, rules in TABLES.items():
        rows = document.get(table)
        if rows is None:
            if table in REQUIRED_TABLES:
                top(table, "is required and missing")
            rows = []
        elif type(rows) is not list:
            top(table, f"must be a list of rows, not {show(rows)}")
            rows = []
        sound[table] = _row_faults(table, rules, rows, places, ids, faults)
    singles = {code for code, need in ids["needs"].items() if need.get("fill") == "single"}
    for table, rows in sound.items():
        for index, row in rows:
            for name, reason in _reference_faults(table, row, ids):
                faults.append(Fault(*places.of(table, index), name, reason))
            need = row.get("need")
            if table == "pairs" and row.get("load") is not None and need in ids["needs"] and need not in singles:
                reason = f"is given, but the fill of need {need!r} is not single; leave it out"
                faults.append(Fault(*places.of(table, index), "load", reason))
    index_of = {row["code"]: index for index, row in reversed(sound["regions"]) if "code" in row}
    for code, reason in _cycle_faults(ids["regions"]):
        faults.append(Fault(*places.of("regions", index_of[code]), "parent", reason))
    return faults


def _row_faults(
    table: str, rules: Table, rows: list[Any], places: Places, ids: dict[str, dict[str, Row]], faults: list[Fault]
) -> list[tuple[int, Row]]:
    """Adds the faults of each row by itself and of its key; returns the sound fields of each, to be compared with others."""
    sound: list[tuple[int, Row]] = []
    first_of: dict[tuple[Any, ...], int] = {}
    for index, row in enumerate(rows):
        if type(row) is not dict:
            faults.append(Fault(*places.of(table, index), "", f"must be a JSON object, not {show(row)}"))
            continue
        found = list(_field_faults(row, rules.fields, rules.required))
        bad = {name for name, _ in found}
        clean = {name: value for name, value in row.items() if name not in bad} if bad else row
        found += _together_faults(table, clean)
        key = tuple(row.get(name) for name in rules.key)
        if not bad.intersection(rules.key):
            if key in first_of:
                named = ", ".join(map(repr, key))
                where = " ".join(places.of(table, first_of[key]))
                found.append((rules.key[-1], f"{named} is given twice (first at {where})"))
            else:
                first_of[key] = index
                if table in ids:
                    ids[table][str(key[0])] = row
        faults.extend(Fault(*places.of(table, index), name, reason) for name, reason in found)
        sound.append((index, clean))
    return sound


def _object_faults(document: Row, part: str, checks: Mapping[str, Check], top: Callable[..., None]) -> None:
    value = document.get(part)
    if value is None:
        return
    if type(value) is not dict:
        top(part, f"must be a JSON object, not {show(value)}")
        return
    for name, reason in _field_faults(value, checks):
        top(name, reason, part)


def _household_faults(document: Row, top: Callable[..., None]) -> None:
    households = document.get("households")
    if households is None:
        return
    if type(households) is not dict:
        top("households", f"must be a JSON object from household to cap, not {show(households)}")
        return
    for code, own in households.items():
        row = f"households[{code!r}]"
        if not code or encodable(code) is not None:
            top("households", text(code) or "must not be empty", row)
        if own is None:
            continue
        if type(own) is not dict:
            top("cap_fen", f'must stand in an object like {{"cap_fen": 100000}}, not {show(own)}', row)
            continue
        for name, reason in _field_faults(own, HOUSEHOLD):
            top(name, reason, row)
