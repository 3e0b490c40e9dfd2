"""Whose portrait a policy set would change, before it is in force: both reckoned for every household of its region, nothing kept."""

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from households.models import Household
from households.policy.document import RISK_TIERS
from households.policy.operations import read_entry
from households.portrait.columns import InForce, count_households, in_force, read_piece
from households.portrait.facts import CATEGORIES, TYPES
from kernel.accounts.rules import covers
from kernel.errors import Conflict

SHOWN = 50
"""Households named on a page of a preview; the counts are of all"""
WAITED_FOR = 100_000
"""Households up to which somebody may wait for a preview: some fifteen seconds"""
Told = tuple[str, str | None, str]
"""Category, main type, risk tier"""
_NO_SET = -2
"""Stands where no set holds before"""
WHAT = ("category", "main_type", "risk_tier")
_WORDS: tuple[tuple[str, ...], ...] = (CATEGORIES, TYPES, RISK_TIERS)


class TooManyHouseholds(Conflict):
    """The region is too large to wait for its preview; the command line has no such bound."""


@dataclass(frozen=True)
class Change:
    """A household whose category, main type or risk tier would change: before (None: no set holds) and after."""

    household: Household
    before: Told | None
    after: Told


@dataclass(frozen=True)
class Preview:
    """`count` households looked at; `changed` of them, a page of them named in `changes`; `moves` (what, from, to) → households, the largest
    first. `next_after`: the number to ask the next page with."""

    day: date
    count: int
    changed: int
    changes: tuple[Change, ...]
    moves: dict[tuple[str, str | None, str | None], int]
    next_after: int | None


def preview(
    session: Session,
    *,
    document: Any,
    scope: tuple[str, ...],
    day: date,
    after: int = 0,
    limit: int = SHOWN,
    most: int | None = None,
) -> Preview:
    """What the document would change for the active households of its region within `scope`, by the facts of `day` against the sets that
    hold then; villages with a nearer set of their own keep it. `changes` are those with numbers beyond `after`.

    Raises InvalidFields, TooManyHouseholds (there are more than `most`)."""
    policy = read_entry(session, document)
    codes = (policy.region,) if covers(scope, policy.region) else tuple(c for c in scope if c.startswith(policy.region))
    if most is not None and (total := count_households(session, region_codes=codes, day=day)) > most:
        raise TooManyHouseholds(
            "%(count)s households are too many to reckon while you wait; use zhongfu policy preview", count=total
        )
    holds = in_force(session, region_code=policy.region, day=day)
    would = InForce({**holds.by_region, policy.region: ("", policy)})
    count, changed, number = 0, 0, 0
    moves: Counter[tuple[str, str | None, str | None]] = Counter()
    shown: list[tuple[int, tuple[int, ...], tuple[int, ...]]] = []
    while (piece := read_piece(session, region_codes=codes, after=number, day=day)) is not None:
        number = int(piece.numbers[-1])
        new = next((found for found in would.portraits(piece, day) if found[0] == policy.region), None)
        if new is None:
            continue
        _, chosen, portraits = new
        told = np.stack((portraits.category, portraits.main, portraits.risk), axis=1)
        before = np.full((len(piece.ids), 3), _NO_SET, np.int64)
        for _code, places, found in holds.portraits(piece.only(chosen), day):
            before[chosen[places]] = np.stack((found.category, found.main, found.risk), axis=1)
        old = before[chosen]
        differs = (old != told).any(axis=1)
        count, changed = count + len(chosen), changed + int(differs.sum())
        for k, what in enumerate(WHAT):
            pairs, times = np.unique(np.stack((old[:, k], told[:, k]), axis=1), axis=0, return_counts=True)
            for (one, other), many in zip(pairs.tolist(), times.tolist(), strict=True):
                if one != other:
                    moves[what, _word(k, one), _word(k, other)] += many
        for place in np.flatnonzero(differs & (piece.numbers[chosen] > after))[: limit + 1 - len(shown)].tolist():
            shown.append((int(piece.numbers[chosen[place]]), tuple(old[place].tolist()), tuple(told[place].tolist())))
    return Preview(
        day, count, changed, _changes(session, shown[:limit]), dict(moves.most_common()),
        shown[limit - 1][0] if limit and len(shown) > limit else None,
    )  # fmt: skip


def _word(what: int, place: int) -> str | None:
    return _WORDS[what][place] if place >= 0 else None


def _told(values: tuple[int, ...]) -> Told:
    return CATEGORIES[values[0]], _word(1, values[1]), RISK_TIERS[values[2]]


def _changes(session: Session, shown: list[tuple[int, tuple[int, ...], tuple[int, ...]]]) -> tuple[Change, ...]:
    numbers = [number for number, _, _ in shown]
    # one array and not a list of parameters, of which a statement takes 65,535
    named = Household.number == sa.any_(sa.literal(numbers, ARRAY(sa.BigInteger)))
    rows = {row.number: row for row in session.scalars(sa.select(Household).where(named))}
    return tuple(
        Change(rows[number], None if before[0] == _NO_SET else _told(before), _told(after)) for number, before, after in shown
    )  # fmt: skip
