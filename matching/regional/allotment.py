"""Whole shares of what counties share, from what each would use. Pure rules over numbers."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import Any


def share_out(use: Mapping[str, float], capacity: int, pinned: Mapping[str, int] | None = None) -> dict[str, int]:
    """Whole units per county, `capacity` in total: pins first, then in proportion to what each would use beyond them (to the pins where none would),
    what is left by rounding to the greatest remainders. `pinned` must not exceed the capacity; nothing where nobody would use any.
    """
    if pinned:
        wanted = {county: max(0.0, amount - pinned.get(county, 0)) for county, amount in use.items()}
        left = capacity - sum(pinned.values())
        rest = share_out(wanted if any(wanted.values()) else {c: float(x) for c, x in pinned.items()}, left)
        return {county: rest.get(county, 0) + pinned.get(county, 0) for county in sorted({*rest, *pinned})}
    total = sum(use.values())
    if total <= 0:
        return {}
    exact = {county: amount * capacity / total for county, amount in use.items()}
    shares = {county: int(amount + 1e-6) for county, amount in exact.items()}
    left = capacity - sum(shares.values())
    for county in sorted(exact, key=lambda county: (shares[county] - exact[county], county))[: max(0, left)]:
        shares[county] += 1
    return {county: units for county, units in shares.items() if units > 0}


def urgent_units(use: Mapping[str, float], capacity: int, pinned: Mapping[str, int]) -> dict[str, int]:
    """Whole units per county that come before all sharing: pins (or what a tier before has), then what an urgent tier would `use`, rounded up as
    long as the capacity lasts, the greatest use first. What it loses by rounding would cost many points of later tiers in the bound.
    """
    found = dict(pinned)
    left = capacity - sum(found.values())
    for county, amount in sorted(use.items(), key=lambda one: (-one[1], one[0])):
        more = min(left, max(0, ceil(amount - 1e-6) - found.get(county, 0)))
        if more > 0:
            found[county] = found.get(county, 0) + more
            left -= more
    return found


def places_out(shares: Mapping[str, int], places: int, pinned: Mapping[str, int] | None = None) -> dict[str, int]:
    """How many needs each county may serve of an offering's `max_needs`: pins first, then in proportion to the units, at least one, the
    largest first.
    """
    if pinned:
        rest = places_out(shares, places - sum(pinned.values()))
        return {county: rest.get(county, 0) + pinned.get(county, 0) for county in sorted({*rest, *pinned})}
    total = sum(shares.values())
    order = sorted(shares, key=lambda county: (-shares[county], county))
    found = {county: 1 for county in order[:places]}
    left = places - len(found)
    for county in found:
        more = min(left, max(0, round(places * shares[county] / total) - 1))
        found[county] += more
        left -= more
    if left and found:
        found[order[0]] += left
    return found


def money_out(use: Mapping[str, float], amount: int) -> dict[str, int]:
    """Whole fen per county, `amount` in total at most: in proportion to what each would use; evenly where nobody would."""
    total = sum(use.values())
    if total <= 0:
        return {county: amount // len(use) for county in use}
    floor = 0.02 / len(
        use
    )  # a county that would use none still gets a little: its integer plan differs from the relaxed one
    weight = {county: fen / total + floor for county, fen in use.items()}
    whole = sum(weight.values())
    return {county: int(amount * (w / whole)) for county, w in weight.items()}


def accept(
    additions: Mapping[str, Sequence[Mapping[str, Any]]], left: dict[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """County → the additions it may make with their charges, most urgent first over all counties; `left` is lowered by them.

    `left`: {"offerings": id → [units, needs or None], "limits": id → fen, "funds": (county or "", id) → fen}; a fund under "" is shared.
    Every addition is taken whole or not at all.
    """
    queue = sorted(
        ((entry["tier"], -entry["points"], entry["need"], county) for county, own in additions.items() for entry in own)
    )
    by_need = {entry["need"]: entry for own in additions.values() for entry in own}
    taken: dict[str, list[dict[str, Any]]] = {county: [] for county in additions}
    for _, _, need, county in queue:
        entry = by_need[need]
        if not _fits(entry, left):
            continue
        charges = _pay(entry["bills"], county, left["funds"])
        if charges is None:
            continue
        for code, (units, served) in entry["offerings"].items():
            if code in left["offerings"]:
                room = left["offerings"][code]
                room[0] -= units
                room[1] = None if room[1] is None else room[1] - served
        for code, fen in entry["limits"].items():
            if code in left["limits"]:
                left["limits"][code] -= fen
        taken[county].append({"need": need, "columns": entry["columns"], "charges": charges, "offerings": entry["offerings"], "limits": entry["limits"]})  # fmt: skip
    return taken


def _fits(entry: Mapping[str, Any], left: Mapping[str, Any]) -> bool:
    for code, (units, served) in entry["offerings"].items():
        room = left["offerings"].get(code)
        if room is not None and (units > room[0] or (room[1] is not None and served > room[1])):
            return False
    return all(fen <= left["limits"].get(code, fen) for code, fen in entry["limits"].items())


def _pay(bills: Sequence[Sequence[Any]], county: str, funds: dict[tuple[str, str], int]) -> dict[str, int] | None:
    """Fund → fen, the county's own money first; None where it does not suffice. Only a full payment is taken."""
    paid: dict[tuple[str, str], int] = {}
    for fen, payers in bills:
        due = fen
        keys = [key for fund in payers for key in ((county, fund), ("", fund)) if key in funds]
        for key in sorted(keys, key=lambda key: (key[0] == "", key)):
            part = min(due, funds[key] - paid.get(key, 0))
            if part > 0:
                paid[key] = paid.get(key, 0) + part
                due -= part
        if due:
            return None
    for key, fen in paid.items():
        funds[key] -= fen
    return {key[1]: fen for key, fen in paid.items()}
