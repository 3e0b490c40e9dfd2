"""Who gets how much of what counties share: even shares to begin with, whole shares from what they cleared."""

from collections.abc import Mapping
from typing import Any

from matching.regional.allotment import money_out, places_out, share_out, urgent_units
from matching.regional.partition import Partition

Args = dict[str, Any]
Cleared = Mapping[int, Args]
"""Tier (0-based) → {"prices", "use", "whole", "points", "fen"} as `matching.solver.clearing` found them, goods and hours together"""
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


def joined(found: list[Args]) -> Args:
    """What was cleared in several pieces that have no offering in common, as one."""
    whole: Args = {"prices": {}, "use": {}, "whole": {}, "fen": {}, "points": [0.0, 0.0, 0.0]}
    for one in found:
        for name in ("prices", "use", "whole"):
            whole[name] |= one[name]
        for limit, own in one["fen"].items():
            sums = whole["fen"].setdefault(limit, {})
            for part, fen in own.items():
                sums[part] = sums.get(part, 0.0) + fen
        whole["points"] = [a + b for a, b in zip(whole["points"], one["points"], strict=True)]
    return whole


def agreed_prices(scouted: list[Args], answers: list[tuple[str, Args]], cleared: Cleared, cut: Partition) -> list[Args]:
    """Per tier the prices to ask at next: money and earlier tiers as scouted, offerings as cleared; what was not cleared, as the mean, by needs, of
    what counties found within their shares.
    """
    found = []
    for tier in range(3):
        worth: dict[str, list[tuple[float, int]]] = {}
        for part, responses in answers:
            for o, price in (responses.get(str(tier)) or {"offerings": {}})["offerings"].items():
                worth.setdefault(o, []).append((price, cut.needs[part]))
        mean = {o: sum(p * n for p, n in some) / sum(n for _, n in some) for o, some in worth.items()}
        agreed = mean | cleared.get(tier, {"prices": {}})["prices"]
        found.append({**scouted[tier], "offerings": {o: price for o, price in agreed.items() if price > 0}})
    return found


def whole_shares(cut: Partition, cleared: Cleared, answers: list[tuple[str, Args]]) -> dict[str, Args]:
    """Part → {"offerings": id → [units, needs or None], "funds": id → fen, "limits": id → fen}, never more together than there is."""
    shares: dict[str, Args] = {part: {"offerings": {}, "funds": {}, "limits": {}} for part in cut.parts}
    for o, row in cut.offerings.items():
        own = _units(cut, o, row, cleared)
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


def _units(cut: Partition, o: str, row: Args, cleared: Cleared) -> dict[str, int]:
    """Whole units of an offering per county: as it was cleared, the urgent tiers' use first; where nobody would use any, by the number of needs."""
    capacity = row["capacity"]
    kept: Mapping[str, int] = {part: pin[0] for part, pin in cut.pinned.get(o, {}).items()}
    if _halved(cleared, o):
        return _to_whole_needs(cleared, o, capacity, kept)
    for tier in range(URGENT + 1):
        kept = urgent_units(_use(cleared, tier, o), capacity, kept)
    use = _use(cleared, max(cleared, default=0), o)
    if not any(use.values()):  # as much as each has of the needs, beyond what it keeps anyway
        use = {part: float(cut.needs[part] + kept.get(part, 0)) for part in sorted(row["parts"])}
    return share_out(use, capacity, kept)


def _halved(cleared: Cleared, o: str) -> bool:
    """Whether needs that take all from one offering would have only a part of it."""
    last = max(cleared, default=0)
    return sum(_use(cleared, last, o).values()) > sum(_use(cleared, last, o, "whole").values()) + 1e-3


def _to_whole_needs(cleared: Cleared, o: str, capacity: int, pinned: Mapping[str, int]) -> dict[str, int]:
    """Units of an offering per county: what whole needs take, the urgent tiers first, and all that is left, in parts of which no need could be
    served, together to the county that would use most of it.
    """
    kept = pinned
    for tier in sorted(cleared):
        kept = urgent_units(_use(cleared, tier, o, "whole"), capacity, kept)
    use = _use(cleared, max(cleared), o)
    left = capacity - sum(kept.values())
    if left:
        most = max(sorted(use), key=lambda part: use[part] - kept.get(part, 0))
        kept = {**kept, most: kept.get(most, 0) + left}
    return dict(kept)


def _use(cleared: Cleared, tier: int, o: str, kind: str = "use") -> Mapping[str, float]:
    found: Mapping[str, float] = cleared.get(tier, {}).get(kind, {}).get(o, {})
    return found


def _money_used(
    cut: Partition, row: Args, table: str, code: str, cleared: Args, answers: list[tuple[str, Args]]
) -> dict[str, float]:
    """Fen that each county would use: as cleared, else as it answered; by needs where nobody would, or it is free and who pays means nothing."""
    use = {part: 0.0 for part in row["parts"]}
    for part, responses in answers:
        if part in use and responses:
            use[part] = responses[max(responses)][table].get(code, 0.0)
    if table == "limits" and cleared:
        use |= cleared["fen"].get(code, {})
    return use if any(use.values()) else {part: float(cut.needs[part]) for part in use}
