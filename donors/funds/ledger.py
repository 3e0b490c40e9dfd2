"""Double entry, pure: what each booking moves between a fund's four accounts, and who paid for what.

Each fund has ``source`` (minus all that was ever received), ``available``, ``reserved`` and ``spent``. A booking is a set of
entries in whole fen that sum to zero fund by fund, so the four balances of a fund always sum to zero (promise 2).
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass


class Unbalanced(ValueError):
    """Entries that do not sum to zero, move nothing, or are no whole fen: a fault of the caller, never of a user."""


@dataclass(frozen=True)
class Entry:
    """`amount_fen` into (positive) or out of (negative) the account `kind` of the fund `fund`."""

    fund: Hashable
    kind: str
    amount_fen: int


@dataclass(frozen=True)
class Booking:
    """Entries booked together under a reference that is never used twice."""

    kind: str
    reference: str
    memo: str
    entries: tuple[Entry, ...]


def donation(fund: Hashable, amount_fen: int, *, reference: str, memo: str) -> Booking:
    """Money comes in: source → available."""
    return _booking("donation", reference, memo, _moved({fund: amount_fen}, "source", "available"))


def reserve(amounts: Mapping[Hashable, int], *, reference: str, memo: str) -> Booking:
    """Money is promised: available → reserved, for one or more funds."""
    return _booking("reserve", f"reserve:{reference}", memo, _moved(amounts, "available", "reserved"))


def post(amounts: Mapping[Hashable, int], *, reference: str, memo: str) -> Booking:
    """A delivery is confirmed: reserved → spent."""
    return _booking("post", f"post:{reference}", memo, _moved(amounts, "reserved", "spent"))


def release(amounts: Mapping[Hashable, int], *, reference: str, memo: str) -> Booking:
    """A promise is void: reserved → available."""
    return _booking("release", f"release:{reference}", memo, _moved(amounts, "reserved", "available"))


def require_balanced(entries: Sequence[Entry]) -> None:
    """Raises Unbalanced unless there are entries, each is a whole amount other than zero, and each fund's sum to zero."""
    if not entries:
        raise Unbalanced("a booking has entries")
    sums: dict[Hashable, int] = defaultdict(int)
    for entry in entries:
        if isinstance(entry.amount_fen, bool) or not isinstance(entry.amount_fen, int) or entry.amount_fen == 0:
            raise Unbalanced(f"{entry.amount_fen!r} is not a whole amount of fen other than zero")
        sums[entry.fund] += entry.amount_fen
    for fund, total in sums.items():
        if total:
            raise Unbalanced(f"the entries of fund {fund} sum to {total} fen, not to zero")


def balances(entries: Iterable[Entry]) -> dict[tuple[Hashable, str], int]:
    """The balance in fen of each (fund, account kind) that the entries touch."""
    totals: dict[tuple[Hashable, str], int] = defaultdict(int)
    for entry in entries:
        totals[entry.fund, entry.kind] += entry.amount_fen
    return dict(totals)


@dataclass(frozen=True)
class Flow:
    """`amount_fen` of the donation `source` that went into `use`."""

    source: Hashable
    use: Hashable
    amount_fen: int


def flows(received: Sequence[tuple[Hashable, int]], spent: Sequence[tuple[Hashable, int]]) -> list[Flow]:
    """Which donation paid for what: the money that came first is spent first, so that a traced yuan stays traced.

    Both lists are (key, fen) in the order of booking. What was spent beyond all donations has no flow.
    """
    found: list[Flow] = []
    left = [[key, fen] for key, fen in received]
    at = 0
    for use, amount in spent:
        while amount and at < len(left):
            source, available = left[at]
            part = min(amount, available)
            if part:
                found.append(Flow(source, use, part))
            amount -= part
            left[at][1] = available - part
            if not left[at][1]:
                at += 1
    return found


def _moved(amounts: Mapping[Hashable, int], source: str, target: str) -> tuple[Entry, ...]:
    entries: list[Entry] = []
    for fund, amount in amounts.items():
        if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
            raise Unbalanced(f"{amount!r} is not a positive amount of whole fen")
        entries += [Entry(fund, source, -amount), Entry(fund, target, amount)]
    return tuple(entries)


def _booking(kind: str, reference: str, memo: str, entries: tuple[Entry, ...]) -> Booking:
    require_balanced(entries)
    return Booking(kind, reference, memo, entries)
