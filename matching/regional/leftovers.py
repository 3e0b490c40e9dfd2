"""What the counties' plans use of shared rows, what nobody uses, and how the rows look to one county. Pure sums of whole numbers."""

from collections.abc import Sequence
from typing import Any

from matching.regional.partition import Partition

Args = dict[str, Any]


def used_by(use: Args, taken: Sequence[Args]) -> Args:
    """Use of every row by a part's plan with what it took since."""
    offerings = {o: list(pair) for o, pair in use["offerings"].items()}
    funds, limits = dict(use["funds"]), dict(use["limits"])
    for one in taken:
        for o, (units, served) in one["offerings"].items():
            own = offerings.setdefault(o, [0, 0])
            own[0] += units
            own[1] += served
        for k, fen in one["limits"].items():
            limits[k] = limits.get(k, 0) + fen
        for f, fen in one["charges"].items():
            funds[f] = funds.get(f, 0) + fen
    return {"offerings": offerings, "funds": funds, "limits": limits}


def left_over(cut: Partition, used: dict[str, Args]) -> Args:
    """What no part uses, in the shape that `allotment.accept` lowers."""
    left: Args = {
        "offerings": {o: [row["capacity"], row["max_needs"]] for o, row in cut.offerings.items()},
        "limits": {k: row["max_fen"] for k, row in cut.limits.items()},
        "funds": {("", f): row["amount_fen"] for f, row in cut.funds.items()},
    }
    for use in used.values():
        for o, (units, served) in use["offerings"].items():
            if o in left["offerings"]:
                room = left["offerings"][o]
                room[0] -= units
                room[1] = None if room[1] is None else room[1] - served
        for k, fen in use["limits"].items():
            if k in left["limits"]:
                left["limits"][k] -= fen
        for f, fen in use["funds"].items():
            if ("", f) in left["funds"]:
                left["funds"]["", f] -= fen
    return left


def rooms_of(cut: Partition, part: str, used: Args, left: Args) -> Args:
    """Shared rows as this part sees them: what it has and what nobody has."""

    def offering(o: str, row: Args) -> list[int | None]:
        units, served = used["offerings"].get(o, (0, 0))
        room = left["offerings"][o]
        return [units + room[0], None if room[1] is None else served + room[1]]

    return {
        "offerings": {o: offering(o, row) for o, row in cut.offerings.items() if part in row["parts"]},
        "funds": {
            f: used["funds"].get(f, 0) + left["funds"]["", f]
            for f, row in cut.funds.items() if part in row["parts"]
        },
        "limits": {
            k: used["limits"].get(k, 0) + left["limits"][k]
            for k, row in cut.limits.items() if part in row["parts"]
        },
    }  # fmt: skip


def used_by_others(cut: Partition, part: str, rooms: Args) -> Args:
    """Per shared row of the part and per field, what other parts use: the whole less what the part sees."""
    return {
        "offerings": {
            o: {"capacity": row["capacity"] - rooms["offerings"][o][0]}
            | ({} if row["max_needs"] is None else {"max_needs": row["max_needs"] - rooms["offerings"][o][1]})
            for o, row in cut.offerings.items() if part in row["parts"]
        },
        "funds": {f: {"amount_fen": row["amount_fen"] - rooms["funds"][f]} for f, row in cut.funds.items() if part in row["parts"]},
        "limits": {k: {"max_fen": row["max_fen"] - rooms["limits"][k]} for k, row in cut.limits.items() if part in row["parts"]},
    }  # fmt: skip
