"""What is left of every shared row for a part of the needs, while all others keep what they have.

A part is a set of needs whose columns a search may change. Several parts searched side by side each get a share of what nobody uses, so
that whatever each of them finds, all of it together keeps every row: results can be joined in any order and on any number of threads.
"""

from dataclasses import dataclass

import numpy as np

from matching.solver.instance import NO_LIMIT
from matching.solver.levels import exact_sum
from matching.solver.state import class_spending, fund_flows, used_rows


@dataclass
class Rooms:
    """Per row, the most the part may use: capacity (O,), needs served (O,), household worth (H,), fen per limit (L,) and fund (F,)."""

    capacity: np.ndarray
    places: np.ndarray
    household: np.ndarray
    limits: np.ndarray
    funds: np.ndarray


def usage(instance, steps):
    """What `steps` use of each row (funds aside)."""
    i = instance
    return Rooms(
        used_rows(i.offering, steps * i.load, len(i.capacity)),
        used_rows(i.offering, (steps > 0).astype(np.int64), len(i.capacity)),
        used_rows(i.household[i.need], steps * i.worth, len(i.household_cap)),
        np.array([exact_sum(i.cost[m], steps[m]) for m in i.limit_members], np.int64),
        np.zeros(len(i.fund_amount), np.int64),
    )


def reach(instance, columns):
    """The most that `columns` could ask of each row: where a part asks nothing, the others get everything."""
    i, full = instance, np.zeros(instance.size, np.int64)
    full[columns] = i.high[columns]
    most = usage(i, full)
    spending = class_spending(i, full)
    for k in np.flatnonzero(spending).tolist():
        most.funds[list(i.classes[k])] += 1 + int(spending[k]) // len(i.classes[k])
    return most


def split_rooms(instance, steps, parts):
    """Rooms for each of `parts` (arrays of columns, disjoint), or None where the funds cannot be traced.

    A part always keeps what it uses now. What is unused is shared in proportion to what each could ask; what rounding leaves goes to
    the part that could ask most.
    """
    i = instance
    now = []
    rest = steps.copy()
    for columns in parts:
        own = np.zeros_like(steps)
        own[columns] = steps[columns]
        rest[columns] = 0
        now.append(own)
    used = [usage(i, own) for own in now]
    outside = usage(i, rest)
    flows = fund_flows(i, [class_spending(i, one) for one in (rest, *now)])
    if flows is None:
        return None
    outside.funds = flows[0]
    for one, paid in zip(used, flows[1:], strict=True):
        one.funds = paid
    wishes = [reach(i, columns) for columns in parts]
    total = Rooms(i.capacity, i.max_needs, i.household_cap, i.limit_max, i.fund_amount)
    rooms = [Rooms(*(np.zeros(0, np.int64),) * 5) for _ in parts]
    for name in ("capacity", "places", "household", "limits", "funds"):
        slack = getattr(total, name) - getattr(outside, name) - sum(getattr(one, name) for one in used)
        wish = np.array([getattr(one, name) for one in wishes], float)
        part = wish / np.maximum(1e-9, wish.sum(axis=0))
        share = np.floor(np.where(slack < NO_LIMIT // 2, slack, 0) * part).astype(np.int64)
        share = np.minimum(share, np.maximum(0, slack))
        first = np.argmax(wish, axis=0)
        share[first, np.arange(len(slack))] += slack - share.sum(axis=0)
        for place, (room, one) in enumerate(zip(rooms, used, strict=True)):
            setattr(room, name, getattr(one, name) + np.where(getattr(total, name) >= NO_LIMIT, NO_LIMIT, share[place]))
    return rooms
