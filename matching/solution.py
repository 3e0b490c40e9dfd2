"""The plan of a match round, format `zhongfu-plan/1`: who gets what from whom, who pays, and what stays unmet and why.

Quantities are whole units, money whole fen, level values whole numbers in the unit of their level (points, fen,
metres × units). Charges of an allocation add up to its whole cost.
"""

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernel.errors import InvalidInput
from matching.faults import Fault, FaultyProblem
from matching.fields import show
from matching.reading import read_document

FORMAT = "zhongfu-plan/1"
REASONS = (
    "no_offering", "out_of_area", "skill", "period", "earmark", "forbidden", "too_large", "capacity", "fund", "limit",
    "household_cap", "max_needs", "outranked", "lottery",
)  # fmt: skip


class UnreadablePlan(InvalidInput):
    """The file is no `zhongfu-plan/1` at all: not JSON, not an object, or of another format."""

    def __init__(self, faults: list[Fault]):
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


class FaultyPlan(UnreadablePlan):
    """The file is a plan, but fields are missing or of the wrong type; `faults` names every one."""


@dataclass(frozen=True, slots=True)
class Charge:
    fund: str
    fen: int


@dataclass(frozen=True, slots=True)
class Allocation:
    need: str
    offering: str
    quantity: int
    charges: tuple[Charge, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """One level of the objective. For tiers `value` is as fixed at the level and `achieved` what the plan delivers."""

    name: str
    value: int
    bound: int | float | None
    proven: bool
    seconds: float = 0.0
    achieved: int | None = None
    bound_deliveries: int | float | None = None
    """A bound that holds for the amounts delivered to each need (levels 5–8 after an unproven one)"""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A need that lacks `missing` units; `detail` names the binding row and the smallest change verified to help."""

    need: str
    missing: int
    reason: str
    detail: Any = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    problem_sha256: str
    status: str
    levels: tuple[Level, ...]
    allocations: tuple[Allocation, ...]
    unmet: tuple[Unmet, ...]
    solver: Mapping[str, Any] = field(default_factory=dict)
    """`versions`, `seconds`, `pairs`, `work`"""
    certificate: Mapping[str, Any] | None = None
    """Multipliers that prove bounds of the tiers, as written in the plan; read by `matching.certificate`"""

    def served(self) -> dict[tuple[str, str], int]:
        """(need id, offering id) → delivered units."""
        return {(a.need, a.offering): a.quantity for a in self.allocations}


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values; rows in canonical order (by need, offering, fund)."""
    document = {
        "format": FORMAT,
        "problem_sha256": plan.problem_sha256,
        "status": plan.status,
        "levels": [_level_row(level) for level in plan.levels],
        "allocations": [
            {
                "need": a.need,
                "offering": a.offering,
                "quantity": a.quantity,
                "charges": [{"fund": c.fund, "fen": c.fen} for c in sorted(a.charges, key=lambda c: (c.fund, c.fen))],
            }
            for a in sorted(plan.allocations, key=lambda a: (a.need, a.offering))
        ],
        "unmet": [
            {"need": u.need, "missing": u.missing, "reason": u.reason, "detail": u.detail}
            for u in sorted(plan.unmet, key=lambda u: u.need)
        ],
        "solver": dict(plan.solver),
    }
    if plan.certificate is not None:
        document["certificate"] = dict(plan.certificate)
    return document


def _level_row(level: Level) -> dict[str, Any]:
    row = {
        "name": level.name,
        "value": level.value,
        "bound": level.bound,
        "proven": level.proven,
        "seconds": round(level.seconds, 3),
    }
    if level.achieved is not None:
        row["achieved"] = level.achieved
    if level.bound_deliveries is not None:
        row["bound_deliveries"] = level.bound_deliveries
    return row


def plan_text(plan: Plan) -> str:
    """The plan as JSON text, one row per line, so that two plans can be compared line by line."""

    def compact(value: Any) -> str:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)

    parts = []
    for name, value in plan_document(plan).items():
        if isinstance(value, list) and value:
            rows = ",\n".join(f"  {compact(row)}" for row in value)
            parts.append(f" {compact(name)}: [\n{rows}\n ]")
        else:
            parts.append(f" {compact(name)}: {compact(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def write_plan(plan: Plan, path: str | Path) -> None:
    """Writes the plan beside `path` first and then moves it there, so that no half-written plan is ever found."""
    target = Path(path)
    draft = target.with_name(target.name + ".part")
    draft.write_text(plan_text(plan), encoding="utf-8")
    draft.replace(target)


def result_sha256(plan: Plan) -> str:
    """SHA-256 of what the plan decides and claims, without how long and by which program it was found, and without the certificate:
    it proves itself, and a better one changes no decision."""
    document = plan_document(plan)
    del document["solver"]
    document.pop("certificate", None)
    for level in document["levels"]:
        del level["seconds"]
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def read_plan(path: str | Path) -> Plan:
    """Raises UnreadablePlan where the file is no plan, and FaultyPlan with every fault where fields are wrong."""
    source = Path(path)
    if source.is_dir():
        raise UnreadablePlan([Fault(source.name, "top", "", "is a folder; a plan is one JSON file")])
    try:
        document, _ = read_document(source)
    except FaultyProblem as error:
        raise UnreadablePlan(list(error.faults)) from error
    return parse_plan(document, source.name)


def parse_plan(document: Any, source: str = "plan.json") -> Plan:
    """The plan that a parsed document states. Raises as `read_plan`."""
    if not isinstance(document, dict):
        raise UnreadablePlan([Fault(source, "top", "", f"must be a JSON object, not {show(document)}")])
    if document.get("format", FORMAT) != FORMAT:
        raise UnreadablePlan([Fault(source, "top", "format", f"must be {FORMAT!r}, not {show(document['format'])}")])
    reader = _Reader(source)
    plan = Plan(
        problem_sha256=reader.take(document, "top", "problem_sha256", _is_text, "text"),
        status=reader.take(document, "top", "status", _is_text, "text"),
        levels=tuple(reader.level(row, where) for row, where in reader.rows(document, "levels")),
        allocations=tuple(reader.allocation(row, where) for row, where in reader.rows(document, "allocations")),
        unmet=tuple(reader.unmet(row, where) for row, where in reader.rows(document, "unmet")),
        solver=reader.take(document, "top", "solver", lambda v: isinstance(v, dict), "a JSON object", default={}),
        certificate=reader.take(
            document, "top", "certificate", lambda v: isinstance(v, dict), "a JSON object", default=None
        ),
    )
    if reader.faults:
        raise FaultyPlan(reader.faults)
    return plan


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_whole(value: object) -> bool:
    return type(value) is int


def _is_number(value: object) -> bool:
    return type(value) is int or (type(value) is float and math.isfinite(value))


_REQUIRED: Any = object()


class _Reader:
    """Takes fields out of rows and remembers what was wrong with them."""

    def __init__(self, source: str):
        self.source = source
        self.faults: list[Fault] = []

    def take(
        self,
        row: Mapping[str, Any],
        where: str,
        name: str,
        fits: Callable[[Any], bool],
        kind: str,
        default: Any = _REQUIRED,
    ) -> Any:
        value = row.get(name)
        if value is None:
            if default is _REQUIRED:
                self.faults.append(Fault(self.source, where, name, "is required and missing"))
            return None if default is _REQUIRED else default
        if not fits(value):
            self.faults.append(Fault(self.source, where, name, f"must be {kind}, not {show(value)}"))
        return value

    def rows(self, row: Mapping[str, Any], name: str, where: str = "") -> Iterator[tuple[Mapping[str, Any], str]]:
        table = self.take(row, where or "top", name, lambda v: isinstance(v, list), "a list of rows", default=[])
        for index, one in enumerate(table if isinstance(table, list) else ()):
            place = f"{where}.{name}[{index}]" if where else f"{name}[{index}]"
            if isinstance(one, dict):
                yield one, place
            else:
                self.faults.append(Fault(self.source, place, "", f"must be a JSON object, not {show(one)}"))

    def level(self, row: Mapping[str, Any], where: str) -> Level:
        number = "a finite number or null"
        return Level(
            name=self.take(row, where, "name", _is_text, "text"),
            value=self.take(row, where, "value", _is_whole, "a whole number"),
            bound=self.take(row, where, "bound", _is_number, number, default=None),
            proven=self.take(row, where, "proven", lambda v: isinstance(v, bool), "true or false", default=False),
            seconds=self.take(row, where, "seconds", _is_number, "a number of seconds", default=0.0),
            achieved=self.take(row, where, "achieved", _is_whole, "a whole number", default=None),
            bound_deliveries=self.take(row, where, "bound_deliveries", _is_number, number, default=None),
        )

    def allocation(self, row: Mapping[str, Any], where: str) -> Allocation:
        return Allocation(
            need=self.take(row, where, "need", _is_text, "text"),
            offering=self.take(row, where, "offering", _is_text, "text"),
            quantity=self.take(row, where, "quantity", _is_whole, "a whole number"),
            charges=tuple(
                Charge(
                    self.take(charge, place, "fund", _is_text, "text"),
                    self.take(charge, place, "fen", _is_whole, "whole fen"),
                )
                for charge, place in self.rows(row, "charges", where)
            ),
        )

    def unmet(self, row: Mapping[str, Any], where: str) -> Unmet:
        return Unmet(
            need=self.take(row, where, "need", _is_text, "text"),
            missing=self.take(row, where, "missing", _is_whole, "a whole number"),
            reason=self.take(row, where, "reason", _is_text, "text"),
            detail=row.get("detail", {}),
        )
