"""Two rounds beside each other: levels, coverage by township and type, money by fund, and whom one serves and the other does not."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.funds.models import Fund
from households.models import Household
from households.needs.models import Need
from kernel.errors import InvalidInput
from kernel.regions.models import Region
from matching.rounds.models import Allocation, AllocationCharge, MatchRound, UnmetNeed
from matching.rounds.queries import LevelView, level_views
from matching.rounds.steps import round_in_scope

LISTED = 100
"""So many needs of each side are named; the counts are of all"""


@dataclass(frozen=True)
class NeedBeside:
    """A need that one round gives `quantity` units and the other nothing."""

    need_id: uuid.UUID
    number: int
    household_number: int
    region_name: str
    category_code: str
    tier: int
    quantity: int


@dataclass(frozen=True)
class GroupBeside:
    """A township or type: points given and possible in each round (None: it has no needs there)."""

    group: str
    points: tuple[int | None, int | None]
    possible: tuple[int | None, int | None]


@dataclass(frozen=True)
class FundBeside:
    """What each round takes of a fund, in fen."""

    fund_id: uuid.UUID
    name: str
    fen: tuple[int, int]


@dataclass(frozen=True)
class SideBySide:
    """`levels`: (name, of a, of b). `served`: needs served by both, by a alone, by b alone. Needs are those of lines not dropped.
    `same_pool`: what was frozen is equal to the letter, rules and money included; `pool_only`: needs that the pool of one alone held."""

    rounds: tuple[MatchRound, MatchRound]
    same_pool: bool
    pool_only: tuple[int, int]
    levels: tuple[tuple[str, LevelView, LevelView], ...]
    groups: Mapping[str, tuple[GroupBeside, ...]]
    funds: tuple[FundBeside, ...]
    served: tuple[int, int, int]
    households: tuple[int, int]
    cost_fen: tuple[int, int]
    only: tuple[tuple[NeedBeside, ...], tuple[NeedBeside, ...]]


def side_by_side(session: Session, *, a: uuid.UUID, b: uuid.UUID, scope: tuple[str, ...]) -> SideBySide:
    """Both rounds must have a plan. Raises NotFound (also outside `scope`), InvalidInput."""
    if a == b:
        raise InvalidInput("Choose two different rounds", field="b")
    one, other = round_in_scope(session, a, scope), round_in_scope(session, b, scope)
    for field, match_round in (("a", one), ("b", other)):
        if match_round.levels is None:
            raise InvalidInput("Round %(number)s has no plan yet", field=field, number=match_round.number)
    first, second = ({view.name: view for view in level_views(r.levels or [])} for r in (one, other))
    both = session.scalar(sa.select(sa.func.count()).select_from(_needs(a).intersect(_needs(b)).subquery())) or 0
    alone = [_alone(session, x, y) for x, y in ((a, b), (b, a))]
    sums = [_sums(session, r) for r in (a, b)]
    return SideBySide(
        rounds=(one, other),
        same_pool=one.pool_sha256 is not None and one.pool_sha256 == other.pool_sha256,
        pool_only=(_more_in_pool(session, a, b), _more_in_pool(session, b, a)),
        levels=tuple((name, first[name], second[name]) for name in first if name in second),
        groups={name: _groups(one.coverage, other.coverage, name) for name in ("township", "type")},
        funds=_funds(session, a, b),
        served=(int(both), alone[0][0], alone[1][0]),
        households=(sums[0][0], sums[1][0]),
        cost_fen=(sums[0][1], sums[1][1]),
        only=(alone[0][1], alone[1][1]),
    )


def _needs(round_id: uuid.UUID) -> sa.Select[Any]:
    return sa.select(Allocation.need_id).where(Allocation.round_id == round_id)


def _pool(round_id: uuid.UUID) -> sa.CompoundSelect[Any]:
    """What a plan serves or explains is what was to choose from."""
    return _needs(round_id).union(sa.select(UnmetNeed.need_id).where(UnmetNeed.round_id == round_id))


def _more_in_pool(session: Session, mine: uuid.UUID, theirs: uuid.UUID) -> int:
    return (
        session.scalar(sa.select(sa.func.count()).select_from(sa.except_(_pool(mine), _pool(theirs)).subquery())) or 0
    )


def _sums(session: Session, round_id: uuid.UUID) -> tuple[int, int]:
    """(households reached, fen)"""
    row = session.execute(
        sa.select(
            sa.func.count(sa.distinct(Allocation.household_id)), sa.func.coalesce(sa.func.sum(Allocation.cost_fen), 0)
        ).where(Allocation.round_id == round_id)
    ).one()
    return int(row[0]), int(row[1])


def _alone(session: Session, mine: uuid.UUID, theirs: uuid.UUID) -> tuple[int, tuple[NeedBeside, ...]]:
    """How many needs `mine` serves and `theirs` does not, and the first of them, most urgent first."""
    given = (
        sa.select(Allocation.need_id, sa.func.sum(Allocation.quantity).label("quantity"))
        .where(Allocation.round_id == mine, Allocation.need_id.not_in(_needs(theirs)))
        .group_by(Allocation.need_id)
        .subquery()
    )
    count = session.scalar(sa.select(sa.func.count()).select_from(given)) or 0
    rows = session.execute(
        sa.select(Need.id, Need.number, Household.number, Region.full_name, Need.category_code, Need.tier, given.c.quantity)
        .join(given, given.c.need_id == Need.id)
        .join(Household, Household.id == Need.household_id)
        .join(Region, Region.code == Need.region_code)
        .order_by(Need.tier, Need.number)
        .limit(LISTED)
    )  # fmt: skip
    return int(count), tuple(NeedBeside(*row[:6], int(row[6])) for row in rows)


def _groups(one: Mapping[str, Any] | None, other: Mapping[str, Any] | None, name: str) -> tuple[GroupBeside, ...]:
    sides = [
        {row["group"]: row for row in ((coverage or {}).get("dimensions") or {}).get(name, ())}
        for coverage in (one, other)
    ]
    found = []
    for group in sorted({*sides[0], *sides[1]}):
        rows = [side.get(group) for side in sides]
        points, possible = (
            tuple(None if row is None else row[what] for row in rows) for what in ("points", "possible")
        )
        found.append(GroupBeside(group, points, possible))  # type: ignore[arg-type]
    return tuple(found)


def _funds(session: Session, a: uuid.UUID, b: uuid.UUID) -> tuple[FundBeside, ...]:
    def taken(round_id: uuid.UUID) -> sa.ColumnElement[int]:
        return sa.func.coalesce(sa.func.sum(AllocationCharge.fen).filter(Allocation.round_id == round_id), 0)

    rows = session.execute(
        sa.select(Fund.id, Fund.name, taken(a), taken(b))
        .join(AllocationCharge, AllocationCharge.fund_id == Fund.id)
        .join(Allocation, Allocation.id == AllocationCharge.allocation_id)
        .where(Allocation.round_id.in_((a, b)))
        .group_by(Fund.id, Fund.name, Fund.number)
        .order_by(Fund.number)
    )
    return tuple(FundBeside(row[0], row[1], (int(row[2]), int(row[3]))) for row in rows)
