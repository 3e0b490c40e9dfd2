"""What an estimate says of a change: the answer as data, apart from the arithmetic that finds it (`matching.whatif`), so that pages can
show answers without loading the solver."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from kernel.errors import InvalidInput


class TooLittleMoney(InvalidInput):
    """Pinned deliveries cost more than the changed money."""

    code = "too_little_money"


@dataclass(frozen=True)
class TierAnswer:
    """Points of one tier: in the plan, of a plan at hand under the change, likely, and at most (no plan has more)."""

    tier: int
    before: int
    at_least: int
    likely: int
    at_most: int
    at_most_before: int


@dataclass(frozen=True)
class Answer:
    """The estimate. Points; fen; `shortfall` is what townships lack to their floors, never under `shortfall_least`.

    The counts are those of the plan at hand, which a full solve can only better, tier by tier. `townships_below`: (code, points).
    """

    tiers: tuple[TierAnswer, ...]
    shortfall_before: int
    shortfall: int
    shortfall_least: int
    cost_before_fen: int
    cost_fen: int
    needs_gaining: int
    needs_losing: int
    households_gaining: int
    households_losing: int
    townships_below: tuple[tuple[str, int], ...]
    priced: bool


def answer_document(answer: Answer) -> dict[str, Any]:
    """The answer as JSON values."""
    return asdict(answer)


def answer_from(document: Mapping[str, Any]) -> Answer:
    """What `answer_document` wrote."""
    return Answer(
        **{
            **document,
            "tiers": tuple(TierAnswer(**row) for row in document["tiers"]),
            "townships_below": tuple((code, points) for code, points in document["townships_below"]),
        }
    )
