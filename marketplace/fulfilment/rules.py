"""Rules of deliveries. Pure."""

import uuid
from collections.abc import Sequence


def delivered_fen(charges: Sequence[tuple[uuid.UUID, int]], *, arrived: int, quantity: int) -> dict[uuid.UUID, int]:
    """What each fund spends when `arrived` of `quantity` units came: fund → fen, funds with nothing left out.

    The cost is a whole number of fen per unit, so the share is exact; it is taken from the funds in the order given.
    """
    left = sum(fen for _, fen in charges) * arrived // quantity
    spent: dict[uuid.UUID, int] = {}
    for fund_id, fen in charges:
        part = min(fen, left)
        if part:
            spent[fund_id] = part
        left -= part
    return spent
