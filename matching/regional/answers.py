"""What counties answered at given prices, read for the next step: the rows it uses, mixtures of several answers, mean prices."""

from collections.abc import Iterator
from typing import Any

Args = dict[str, Any]


def without_bids(answer: tuple[str, Args]) -> tuple[str, Args]:
    """Bids are read once; what is kept of every round must stay small."""
    part, responses = answer
    return part, {tier: {name: x for name, x in one.items() if name != "bids"} for tier, one in responses.items()}


def rows_of_mixture(mixture: tuple[list[Any], Any] | None) -> Iterator[tuple[tuple[str, str], str, float]]:
    """(row, part, units or fen) that a mixture of answers uses, answer by answer."""
    if mixture is None:
        return
    for weight, (part, _, used) in zip(mixture[1], mixture[0], strict=True):
        if weight > 1e-9:
            yield from ((key, part, weight * amount) for key, amount in used.items())


TABLES = {"offer": "offerings", "fund": "funds", "limit": "limits"}


def rows_used(answer: Args) -> dict[tuple[str, str], float]:
    """Units or fen of every shared row (kind, id) that a county's answer uses."""
    return {(kind, code): x for kind, table in TABLES.items() for code, x in answer[table].items()}


def mean_prices(prices: list[Args], tier: int) -> Args:
    """The mean of several counties' prices; a row that only some have is averaged over these."""
    if not prices:
        return {"offerings": {}, "funds": {}, "limits": {}, "tiers": [10.0] * tier}

    def mean(name: str) -> dict[str, float]:
        keys = sorted({key for one in prices for key in one[name]})
        found = {}
        for key in keys:
            own = [one[name][key] for one in prices if key in one[name]]
            found[key] = sum(own) / len(own)
        return {key: value for key, value in found.items() if value > 0}

    return {name: mean(name) for name in ("offerings", "funds", "limits")} | {
        "tiers": [sum(one["tiers"][s] for one in prices) / len(prices) for s in range(tier)]
    }
