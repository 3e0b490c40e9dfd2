"""The certificate of a plan: prices from which anybody recomputes, without the solver, what no plan can pass.

A plan's `certificate` holds, per tier, multipliers for capacities, `max_needs`, household caps, funds, limits and earlier tiers: whole
numbers ≥ 0 in parts of a point, keyed by the ids of the problem. What they prove is in `matching.bounds`. Here they are written and read;
a reader refuses what the problem does not have and what is no whole number, and names each place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kernel.errors import InvalidInput
from matching.faults import Fault
from matching.fields import show
from matching.problem import Problem

FORMAT = "zhongfu-certificate/1"
ROWS = ("capacity", "max_needs", "households", "funds", "limits", "earlier")
LARGEST_MULTIPLIER = 10**18
LARGEST_PARTS = 10**15


class FaultyCertificate(InvalidInput):
    """The certificate names what is not there, or its multipliers are no whole numbers ≥ 0; `faults` names every one."""

    def __init__(self, faults: Sequence[Fault]):
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


@dataclass(frozen=True, slots=True)
class Multipliers:
    """Prices for one tier's bound, in parts of a point per unit of the row; what is not listed is 0."""

    capacity: Mapping[str, int] = field(default_factory=dict)
    """Offering id → per unit of capacity"""
    max_needs: Mapping[str, int] = field(default_factory=dict)
    """Offering id → per need served"""
    households: Mapping[str, int] = field(default_factory=dict)
    """Household id → per fen of its cap"""
    funds: Mapping[str, int] = field(default_factory=dict)
    """Fund id → per fen"""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Limit id → per fen"""
    earlier: Mapping[str, int] = field(default_factory=dict)
    """`tier1`, `tier2` → per point"""


@dataclass(frozen=True, slots=True)
class Certificate:
    parts_per_point: int
    tiers: Mapping[int, Multipliers]
    """Tier (1, 2, 3) → its multipliers; a tier without any has no certified bound"""


def certificate_document(certificate: Certificate) -> dict[str, Any]:
    """The certificate as JSON values: ids sorted, zero multipliers and empty parts left out."""
    rows = []
    for tier, multipliers in sorted(certificate.tiers.items()):
        row: dict[str, Any] = {"tier": tier}
        for name in ROWS:
            prices = {one: price for one, price in sorted(getattr(multipliers, name).items()) if price}
            if prices:
                row[name] = prices
        rows.append(row)
    return {"format": FORMAT, "parts_per_point": certificate.parts_per_point, "tiers": rows}


def read_certificate(problem: Problem, document: Any, source: str = "plan.json") -> Certificate:
    """The certificate that a plan's `certificate` states for `problem`. Raises FaultyCertificate with every fault."""
    reader = _Reader(problem, source)
    certificate = reader.certificate(document)
    if reader.faults:
        raise FaultyCertificate(reader.faults)
    return certificate


class _Reader:
    def __init__(self, problem: Problem, source: str):
        self.source, self.faults = source, list[Fault]()
        households = {need.household for need in problem.needs} | set(problem.household_caps)
        # which ids carry the row, and why the others that exist do not
        self.bounded: dict[str, set[str]] = {
            "capacity": set(problem.offering_index),
            "max_needs": {o.id for o in problem.offerings if o.max_needs is not None},
            "households": {one for one in households if problem.cap_fen(one) is not None},
            "funds": set(problem.fund_index),
            "limits": {limit.id for limit in problem.limits},
        }
        self.known = {**self.bounded, "max_needs": set(problem.offering_index), "households": households}

    def fault(self, row: str, name: str, reason: str) -> None:
        self.faults.append(Fault(self.source, row, name, reason))

    def certificate(self, document: Any) -> Certificate:
        if not isinstance(document, dict):
            self.fault("certificate", "", f"must be a JSON object, not {show(document)}")
            return Certificate(1, {})
        self._only(document, "certificate", ("format", "parts_per_point", "tiers"))
        if document.get("format") != FORMAT:
            self.fault("certificate", "format", f"must be {FORMAT!r}, not {show(document.get('format'))}")
        parts = document.get("parts_per_point")
        if type(parts) is not int or not 1 <= parts <= LARGEST_PARTS:
            self.fault(
                "certificate", "parts_per_point", f"must be a whole number from 1 to {LARGEST_PARTS}, not {show(parts)}"
            )
            parts = 1
        rows, tiers = document.get("tiers"), dict[int, Multipliers]()
        if not isinstance(rows, list):
            self.fault("certificate", "tiers", f"must be a list of rows, not {show(rows)}")
            rows = []
        for index, row in enumerate(rows):
            place = f"certificate.tiers[{index}]"
            if not isinstance(row, dict):
                self.fault(place, "", f"must be a JSON object, not {show(row)}")
                continue
            self._only(row, place, ("tier", *ROWS))
            tier = row.get("tier")
            if type(tier) is not int or tier not in (1, 2, 3):
                self.fault(place, "tier", f"must be 1, 2 or 3, not {show(tier)}")
                continue
            if tier in tiers:
                self.fault(place, "tier", f"{tier} is stated twice")
            tiers[tier] = Multipliers(**{name: self._prices(row.get(name), place, name, tier) for name in ROWS})
        return Certificate(parts, tiers)

    def _only(self, row: Mapping[str, Any], place: str, known: Sequence[str]) -> None:
        for name in row:
            if name not in known:
                self.fault(place, show(name), f"is no field of {FORMAT}; known are {', '.join(known)}")

    def _prices(self, prices: Any, place: str, name: str, tier: int) -> Mapping[str, int]:
        if prices is None:
            return {}
        if not isinstance(prices, dict):
            self.fault(place, name, f"must be a JSON object of id and multiplier, not {show(prices)}")
            return {}
        for one, price in prices.items():
            where = f"{name}[{show(one)}]"
            reason = self._unknown(name, one, tier)
            if reason is not None:
                self.fault(place, where, reason)
            if type(price) is not int or not 0 <= price <= LARGEST_MULTIPLIER:
                self.fault(place, where, f"must be a whole number from 0 to {LARGEST_MULTIPLIER}, not {show(price)}")
        return prices

    def _unknown(self, name: str, one: str, tier: int) -> str | None:
        if name == "earlier":
            before = [f"tier{t}" for t in range(1, tier)]
            if one in before:
                return None
            return f"is no tier before tier {tier}" + (f"; those are {', '.join(before)}" if before else "")
        if one in self.bounded[name]:
            return None
        kind = {"capacity": "offerings", "max_needs": "offerings"}.get(name, name)
        if one not in self.known[name]:
            return f"is not among the {kind}"
        return "has no max_needs, so nothing to price" if name == "max_needs" else "has no cap, so nothing to price"
