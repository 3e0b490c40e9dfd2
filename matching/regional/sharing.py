"""Who gets how much of what counties share: even shares to begin with, whole shares from what the counties of a prefecture cleared."""

from collections.abc import Mapping
from typing import Any

from matching.regional.allotment import money_out, places_out, share_out, urgent_units
from matching.regional.groups import Group
from matching.regional.partition import Partition

Args = dict[str, Any]
Cleared = Mapping[int, Mapping[str, Args]]
"""Tier (0-based) → group → {"prices", "use", "points", "fen"} as `matching.solver.clearing` found them"""
URGENT = 1
"""The last tier (0-based) whose use is rounded up before anything is shared: what it lacks is paid for many times in the bound of the next"""


def even_shares(cut: Partition, part: str) -> Args:
    """Shares of every shared row by the number of needs: its pins, and an even part of what pins leave."""

    def share(row: Args, amount: float) -> float:
        return amount * cut.needs[part] / sum(cut.needs[other] for other in row["parts"])

    def offering(o: str, row: Args) -> float:
        pins = cut.pinned.get(o, {})
        own = float(pins[part][0]) if part in pins else 0.0
        return own + share(row, row["capacity"] - sum(units for units, _ in pins.values()))

    return {
        "offerings": {o: offering(o, row) for o, row in cut.offerings.items() if part in row["parts"]},
        "funds": {f: share(row, row["amount_fen"]) for f, row in cut.funds.items() if part in row["parts"]},
        "limits": {k: share(row, row["max_fen"]) for k, row in cut.limits.items() if part in row["parts"]},
    }


def mean_prices(prices: list[Args], tier: int) -> Args:
    """The mean of several counties' prices of money and earlier tiers; a row that only some have is averaged over these. Offerings are not priced
    by it: what they are worth is cleared."""
    if not prices:
        return {"offerings": {}, "funds": {}, "limits": {}, "tiers": [10.0] * tier}

    def mean(name: str) -> dict[str, float]:
        keys = sorted({key for one in prices for key in one[name]})
        found = {}
        for key in keys:
            own = [one[name][key] for one in prices if key in one[name]]
            found[key] = sum(own) / len(own)
        return {key: value for key, value in found.items() if value > 0}

    return {"offerings": {}, "funds": mean("funds"), "limits": mean("limits")} | {
        "tiers": [sum(one["tiers"][s] for one in prices) / len(prices) for s in range(tier)]
    }


def agreed_prices(scouted: list[Args], answers: list[tuple[str, Args]], cleared: Cleared, cut: Partition) -> list[Args]:
    """Per tier the prices to ask at next: money and earlier tiers as scouted, offerings as cleared (in several groups: their mean, by needs); what
    no group cleared, as the mean of what counties found within their shares.
    """
    found = []
    for tier in range(3):
        worth: dict[str, list[tuple[float, int]]] = {}
        for part, responses in answers:
            for o, price in (responses.get(str(tier)) or {"offerings": {}})["offerings"].items():
                worth.setdefault(o, []).append((price, cut.needs[part]))
        known: dict[str, list[tuple[float, int]]] = {}
        for one in cleared.get(tier, {}).values():
            for o, price in one["prices"].items():
                known.setdefault(o, []).append((price, one["needs"]))
        mean = {o: sum(p * n for p, n in some) / sum(n for _, n in some) for o, some in (worth | known).items()}
        found.append({**scouted[tier], "offerings": {o: price for o, price in mean.items() if price > 0}})
    return found


def whole_shares(
    cut: Partition, groups: Mapping[str, Group], cleared: Cleared, answers: list[tuple[str, Args]]
) -> dict[str, Args]:
    """Part → {"offerings": id → [units, needs or None], "funds": id → fen, "limits": id → fen}, never more together than there is."""
    shares: dict[str, Args] = {part: {"offerings": {}, "funds": {}, "limits": {}} for part in cut.parts}
    for o, row in cut.offerings.items():
        own = _units(cut, o, row, groups, cleared)
        places = None
        if row["max_needs"] is not None:
            places = places_out(own, row["max_needs"], {part: pin[1] for part, pin in cut.pinned.get(o, {}).items()})
        for part in row["parts"]:
            served = None if places is None else places.get(part, 0)
            shares[part]["offerings"][o] = [own.get(part, 0) if served != 0 else 0, served]
    for table, rows, amount in (("funds", cut.funds, "amount_fen"), ("limits", cut.limits, "max_fen")):
        for code, row in rows.items():
            use = _money_used(cut, row, table, code, cleared.get(max(cleared, default=0), {}), answers)
            for part, fen in money_out(use, row[amount]).items():
                shares[part][table][code] = fen
    return shares


def _units(cut: Partition, o: str, row: Args, groups: Mapping[str, Group], cleared: Cleared) -> dict[str, int]:
    """Whole units of an offering per county: in a group as it was cleared, the urgent tiers' use first; elsewhere, and where nobody would use any,
    by the number of needs.
    """
    found: dict[str, int] = {}
    alone, left = set(row["parts"]), row["capacity"]
    for code, group in groups.items():
        members = alone.intersection(group.parts)
        if not members:
            continue
        capacity = group.capacity[o]
        kept = _pins(cut, o, members)
        for tier in range(URGENT + 1):
            kept = urgent_units(_use(cleared, tier, code, o), capacity, kept)
        use = _use(cleared, max(cleared, default=0), code, o)
        found |= share_out(use if any(use.values()) else _by_needs(cut, members, kept), capacity, kept)
        alone -= members
        left -= capacity
    kept = _pins(cut, o, alone)
    return found | share_out(_by_needs(cut, alone, kept), left, kept)


def _pins(cut: Partition, o: str, parts: set[str]) -> dict[str, int]:
    return {part: pin[0] for part, pin in cut.pinned.get(o, {}).items() if part in parts}


def _by_needs(cut: Partition, parts: set[str], kept: Mapping[str, int]) -> dict[str, float]:
    """As much as each has of the needs, beyond what it keeps anyway."""
    return {part: float(cut.needs[part] + kept.get(part, 0)) for part in sorted(parts)}


def _use(cleared: Cleared, tier: int, code: str, o: str) -> Mapping[str, float]:
    found: Mapping[str, float] = cleared.get(tier, {}).get(code, {"use": {}})["use"].get(o, {})
    return found


def _money_used(
    cut: Partition, row: Args, table: str, code: str, cleared: Mapping[str, Args], answers: list[tuple[str, Args]]
) -> dict[str, float]:
    """Fen that each county would use: as cleared, else as it answered; by needs where nobody would, or it is free and who pays means nothing."""
    use = {part: 0.0 for part in row["parts"]}
    for part, responses in answers:
        if part in use and responses:
            use[part] = responses[max(responses)][table].get(code, 0.0)
    if table == "limits":
        for one in cleared.values():
            for part, fen in one["fen"].get(code, {}).items():
                use[part] = fen
    return use if any(use.values()) else _by_needs(cut, set(use), {})
