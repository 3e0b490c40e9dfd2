"""Waiting counts: what a need gains by the rounds that left it unserved, and how long that can take (promise 28). Pure.

The rule. A need of weight w that waited n rounds enters the next pool with weight ``min(1000, w + min(most, step·n))``; its tier never
changes. A committed round whose frozen pool held the need counts in the share it left open: whole where it gave nothing, one half where
it gave half. Drafts, cancelled, expired, rejected and voided rounds do not count, and neither does a round whose pool did not hold it.

The bound. Take a need of weight w and any need of the same tier, for as many units, that is new with weight f < min(1000, w + most). After
``k = (f − w) div step + 1`` rounds that gave it nothing (f ≥ w; at once where f < w) it has more weight, so it earns more points per unit
and comes first wherever both could use the same unit. From then on nobody new with weight up to f comes before it, and whoever does come
later gains no faster, so does not overtake it while its own gain is below `most`. So with m units of needs still before it after those k rounds, and c units of
supply a round that fits it, it is served in round ``k + ⌈m / c⌉ + 1`` at the latest, as long as that is within ``most div step`` rounds.

Waiting is counted in thousandths of a round, so that every sum is a whole number.
"""

import hashlib
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

WHOLE_ROUND = 1000
"""Thousandths: a round that gave nothing"""
WEIGHT_MOST = 1000


@dataclass(frozen=True, slots=True)
class WaitingRule:
    """`step`: points of weight for each round waited; `most`: points of weight that waiting can add at all. 0 and 0: waiting adds nothing."""

    step: int = 20
    most: int = 400

    def gain(self, waited: int) -> int:
        """What `waited` thousandths of a round add; whole points, rounded down."""
        return min(self.most, self.step * max(0, waited) // WHOLE_ROUND)

    def weight(self, weight: int, waited: int) -> int:
        """The weight of a need of `weight` that waited `waited` thousandths of a round; from `weight` to 1000."""
        return min(WEIGHT_MOST, weight + self.gain(waited))


STANDARD = WaitingRule()
"""What a round has where nothing else is said"""


def waited_in_round(asked: int, given: int) -> int:
    """Thousandths by which one round counts that held `asked` open units of a need and gave `given` of them; rounded down."""
    return WHOLE_ROUND * (asked - min(asked, max(0, given))) // asked


def rounds_to_outrank(rule: WaitingRule, weight: int, rival: int) -> int | None:
    """After how many rounds that gave it nothing a need of `weight` outweighs a new one of weight `rival`; None: never.

    None where the rival's weight is beyond what waiting can add, or is the greatest there is: equal weights are told apart by
    cost, distance and the public draw.
    """
    if rival < weight:
        return 0
    if rule.step <= 0 or rival >= min(WEIGHT_MOST, weight + rule.most):
        return None
    return (rival - weight) // rule.step + 1


def open_weight(weight: int, *, open_units: int, quantity: int) -> int:
    """The weight with which the open part of a need enters: its weight in the share of its units still open.

    Without the share, the last units of a need that was largely served would outrank needs that got nothing. Rounded up, so
    that it is at least 1 and the bound quantity ≤ 1000·weight of the problem format holds.
    """
    return -(-weight * open_units // quantity)


@dataclass(frozen=True, slots=True)
class Wait:
    """How one need entered a pool with another weight than its own: `weight` its own, `waited` thousandths of a round,
    `counted` the weight that waiting made of it, `entered` the weight in the problem (of the `open_units` of `quantity`)."""

    need_id: uuid.UUID
    region_code: str
    tier: int
    weight: int
    waited: int
    counted: int
    quantity: int
    open_units: int
    entered: int


def waiting_text(rule: WaitingRule, waits: Iterable[Wait]) -> str:
    """The canonical text of what waiting did to a pool: the rule and one row per need whose weight it changed, sorted by id.

    A need of the pool that is not listed entered with its own weight.
    """
    rows = [
        {
            "need": str(one.need_id),
            "weight": one.weight,
            "waited_permille": one.waited,
            "counted": one.counted,
            "quantity": one.quantity,
            "open": one.open_units,
            "entered": one.entered,
        }
        for one in sorted(waits, key=lambda one: str(one.need_id))
    ]
    document = {"format": "zhongfu-waiting/1", "step": rule.step, "most": rule.most, "needs": rows}
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def waiting_sha256(rule: WaitingRule, waits: Iterable[Wait]) -> str:
    """SHA-256 of `waiting_text`."""
    return hashlib.sha256(waiting_text(rule, waits).encode()).hexdigest()
