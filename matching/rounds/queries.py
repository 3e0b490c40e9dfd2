"""Reading rounds: lists, the page of one round, its allocations, its unmet and excluded needs. All within the reader's regions.

Household heads are never named here: a list shows the household's number, the need's number and the region.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from donors.funds.models import Fund
from donors.models import Donor
from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from kernel.accounts.models import User
from kernel.database import escape_like, within
from kernel.errors import InvalidInput
from kernel.paging import MOST, Page, page_of
from kernel.regions.models import Region
from matching.pool import Held
from matching.rounds.lifecycle import ENDED
from matching.rounds.models import Allocation, AllocationCharge, ExcludedNeed, MatchRound, RoundEvent, UnmetNeed
from matching.rounds.rules import Sentence, policy_in_words
from matching.rounds.steps import round_in_scope
from projects.models import Project


@dataclass(frozen=True)
class RoundRow:
    """A round beside the names a list shows."""

    round: MatchRound
    region_name: str
    creator_name: str


@dataclass(frozen=True)
class Relative:
    """Another round that has to do with this one: its number and status, and whether it was frozen later."""

    id: uuid.UUID
    number: int
    status: str
    frozen_at: datetime | None


@dataclass(frozen=True)
class LevelView:
    """One level of the objective as people read it. `gap` is what may still be missing, as a share of the bound (None: no bound)."""

    name: str
    value: int
    bound: float | None
    proven: bool
    seconds: float
    gap: float | None
    achieved: int | None


@dataclass(frozen=True)
class RoundView:
    """What the page of one round shows above its tables."""

    round: MatchRound
    region_name: str
    creator_name: str
    reviewer_name: str | None
    committer_name: str | None
    project_name: str | None
    fund_names: tuple[str, ...]
    policy: tuple[Sentence, ...]
    levels: tuple[LevelView, ...]
    refreezes: Relative | None
    successors: tuple[Relative, ...]
    same_pool: tuple[Relative, ...]
    counts: "RoundCounts"

    @property
    def running(self) -> bool:
        """Whether the page has progress to poll."""
        return self.round.status in ("queued", "solving")

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to this round."""
        return self.round.status in ENDED


@dataclass(frozen=True)
class RoundCounts:
    """How many rows the tables of a round have. `cost_fen` in fen."""

    allocations: int
    households: int
    cost_fen: int
    by_status: dict[str, int]
    unmet: dict[str, int]
    excluded: dict[str, int]


@dataclass(frozen=True)
class AllocationRow:
    """One line of the plan with the names a table shows."""

    allocation: Allocation
    need_number: int
    category_code: str
    tier: int
    type: str
    fill: str
    household_number: int
    region_name: str
    offering_number: int
    offering_title: str
    donor_id: uuid.UUID
    donor_name: str


@dataclass(frozen=True)
class UnmetRow:
    """One need that lacks something, or that was not in the pool (`missing` None): its reason and what would help."""

    need_id: uuid.UUID
    need_number: int
    household_number: int
    region_code: str
    region_name: str
    category_code: str
    tier: int
    missing: int | None
    quantity: int
    reason: str
    detail: dict[str, Any]


@dataclass(frozen=True)
class EventRow:
    """One line of a round's story."""

    event: RoundEvent
    actor_name: str | None


@dataclass(frozen=True)
class NeedInRound:
    """What a round meant for one need: units given, or the reason why not."""

    round_id: uuid.UUID
    round_number: int
    round_status: str
    at: datetime | None
    quantity: int
    reason: str | None
    detail: dict[str, Any]


def list_rounds(
    session: Session,
    *,
    scope: tuple[str, ...],
    text: str = "",
    status: str | None = None,
    region_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """RoundRows, newest first; `after` is a round's number. `text` is a part of the name, or the number."""
    limit = min(limit, MOST)
    query = (
        sa.select(MatchRound, Region.full_name, User.display_name)
        .join(Region, Region.code == MatchRound.region_code)
        .join(User, User.id == MatchRound.creator_id)
        .where(within(MatchRound.region_code, scope))
        .order_by(MatchRound.number.desc())
    )
    wanted = text.strip()
    if wanted:
        found: sa.ColumnElement[bool] = MatchRound.name.ilike(f"%{escape_like(wanted)}%")
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 16:
            found = sa.or_(found, MatchRound.number == int(wanted))
        query = query.where(found)
    if status:
        query = query.where(MatchRound.status == status)
    if region_code:
        query = query.where(within(MatchRound.region_code, (region_code,)))
    if after is not None:
        query = query.where(MatchRound.number < _number(after))
    rows = [RoundRow(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: row.round.number)


def get_round(session: Session, round_id: uuid.UUID, *, scope: tuple[str, ...]) -> MatchRound:
    """The round as it stands now. Raises NotFound, also outside `scope`."""
    return round_in_scope(session, round_id, scope)


def view_round(session: Session, round_id: uuid.UUID, *, scope: tuple[str, ...]) -> RoundView:
    """Everything the page of a round shows above its tables. Raises NotFound."""
    one = round_in_scope(session, round_id, scope)
    people = dict(
        session.execute(
            sa.select(User.id, User.display_name).where(
                User.id.in_({one.creator_id, one.reviewer_id, one.committer_id} - {None})
            )
        ).all()
    )
    funds: Sequence[str] = ()
    if one.fund_ids:
        funds = session.scalars(sa.select(Fund.name).where(Fund.id.in_(one.fund_ids)).order_by(Fund.name)).all()
    project = None if one.project_id is None else session.get(Project, one.project_id)
    same_pool: tuple[Relative, ...] = ()
    if one.pool_sha256 is not None:
        same_pool = _relatives(session, MatchRound.pool_sha256 == one.pool_sha256, MatchRound.id != one.id)
    return RoundView(
        round=one,
        region_name=session.scalars(sa.select(Region.full_name).where(Region.code == one.region_code)).one(),
        creator_name=people[one.creator_id],
        reviewer_name=people.get(one.reviewer_id),
        committer_name=people.get(one.committer_id),
        project_name=None if project is None else project.name,
        fund_names=tuple(funds),
        policy=tuple(
            policy_in_words(
                floor_percent=one.floor_percent,
                tolerance_permille=one.tolerance_permille,
                household_cap_fen=one.household_cap_fen,
                limits=len(one.limits),
                seed_source=one.seed_source,
            )
        ),
        levels=level_views(one.levels or []),
        refreezes=next(iter(_relatives(session, MatchRound.id == one.refreezes_id)), None),
        successors=_relatives(session, MatchRound.refreezes_id == one.id),
        same_pool=same_pool,
        counts=counts_of(session, one.id),
    )


def level_views(levels: Sequence[dict[str, Any]]) -> tuple[LevelView, ...]:
    """The stored levels with their gaps: |bound − value| over the larger of the two."""
    views = []
    for level in levels:
        value, bound = level["value"], level.get("bound")
        gap = None
        if bound is not None:
            gap = 0.0 if bound == value else abs(bound - value) / max(abs(bound), abs(value), 1)
        views.append(
            LevelView(
                level["name"],
                value,
                bound,
                bool(level["proven"]),
                level.get("seconds", 0.0),
                gap,
                level.get("achieved"),
            )
        )
    return tuple(views)


def counts_of(session: Session, round_id: uuid.UUID) -> RoundCounts:
    """The sizes of a round's tables, by status and by reason."""
    by_status = session.execute(
        sa.select(Allocation.status, sa.func.count(), sa.func.coalesce(sa.func.sum(Allocation.cost_fen), 0))
        .where(Allocation.round_id == round_id)
        .group_by(Allocation.status)
    ).all()
    households = session.scalar(
        sa.select(sa.func.count(sa.distinct(Allocation.household_id))).where(Allocation.round_id == round_id)
    )

    def by_reason(table: type[UnmetNeed] | type[ExcludedNeed]) -> dict[str, int]:
        rows = session.execute(
            sa.select(table.reason, sa.func.count()).where(table.round_id == round_id).group_by(table.reason)
        )
        return dict(sorted(((reason, count) for reason, count in rows), key=lambda row: (-row[1], row[0])))

    return RoundCounts(
        allocations=sum(row[1] for row in by_status),
        households=households or 0,
        cost_fen=int(sum(row[2] for row in by_status)),
        by_status={row[0]: row[1] for row in by_status},
        unmet=by_reason(UnmetNeed),
        excluded=by_reason(ExcludedNeed),
    )


def list_allocations(
    session: Session,
    round_id: uuid.UUID,
    *,
    scope: tuple[str, ...],
    region_code: str | None = None,
    category_code: str | None = None,
    tier: int | None = None,
    status: str | None = None,
    need_id: uuid.UUID | None = None,
    offering_id: uuid.UUID | None = None,
    donor_id: uuid.UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """AllocationRows by region, then by id; `after` is ``region.id``. Raises NotFound, InvalidInput for a key that is none."""
    round_in_scope(session, round_id, scope)
    limit = min(limit, MOST)
    query = allocation_rows().where(Allocation.round_id == round_id).order_by(Allocation.region_code, Allocation.id)
    for column, value in (
        (Need.category_code, category_code),
        (Need.tier, tier),
        (Allocation.status, status),
        (Allocation.need_id, need_id),
        (Allocation.offering_id, offering_id),
        (Offering.donor_id, donor_id),
    ):
        if value is not None and value != "":
            query = query.where(column == value)
    if region_code:
        query = query.where(within(Allocation.region_code, (region_code,)))
    if after is not None:
        query = query.where(sa.tuple_(Allocation.region_code, Allocation.id) > sa.tuple_(*_region_key(after)))
    rows = [AllocationRow(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.allocation.region_code}.{row.allocation.id}")


def allocation_rows() -> sa.Select:
    """The query behind AllocationRow, without filters and order."""
    return (
        sa.select(
            Allocation, Need.number, Need.category_code, Need.tier, Need.type, Need.fill, Household.number,
            Region.full_name, Offering.number, Offering.title, Donor.id, Donor.name,
        )
        .join(Need, Need.id == Allocation.need_id)
        .join(Household, Household.id == Allocation.household_id)
        .join(Region, Region.code == Allocation.region_code)
        .join(Offering, Offering.id == Allocation.offering_id)
        .join(Donor, Donor.id == Offering.donor_id)
    )  # fmt: skip


def charges_of(
    session: Session, allocation_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[tuple[uuid.UUID, str, int]]]:
    """Allocation → (fund id, fund name, fen), by fund name."""
    charges: dict[uuid.UUID, list[tuple[uuid.UUID, str, int]]] = {}
    rows = session.execute(
        sa.select(AllocationCharge.allocation_id, Fund.id, Fund.name, AllocationCharge.fen)
        .join(Fund, Fund.id == AllocationCharge.fund_id)
        .where(AllocationCharge.allocation_id.in_(allocation_ids))
        .order_by(Fund.name, Fund.id)
    )
    for allocation_id, *charge in rows:
        charges.setdefault(allocation_id, []).append(tuple(charge))
    return charges


def charges_by_fund(session: Session, round_id: uuid.UUID) -> list[tuple[uuid.UUID, str, int]]:
    """What the round takes from each fund: (fund id, name, fen), most first."""
    total = sa.func.sum(AllocationCharge.fen)
    rows = session.execute(
        sa.select(Fund.id, Fund.name, total)
        .join(AllocationCharge, AllocationCharge.fund_id == Fund.id)
        .join(Allocation, Allocation.id == AllocationCharge.allocation_id)
        .where(Allocation.round_id == round_id)
        .group_by(Fund.id, Fund.name)
        .order_by(total.desc(), Fund.name)
    )
    return [(key, name, int(fen)) for key, name, fen in rows]


def list_unmet(
    session: Session,
    round_id: uuid.UUID,
    *,
    scope: tuple[str, ...],
    reason: str | None = None,
    tier: int | None = None,
    region_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """UnmetRows of needs in the pool that lack something, most urgent first; `after` is ``tier.need number``. Raises NotFound."""
    return _list_reasons(session, round_id, UnmetNeed, scope, reason, tier, region_code, after, limit)


def list_excluded(
    session: Session,
    round_id: uuid.UUID,
    *,
    scope: tuple[str, ...],
    reason: str | None = None,
    tier: int | None = None,
    region_code: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """UnmetRows of open needs that were not in the pool, with the reason (`pool.NEED_EXCLUSIONS`). Raises NotFound."""
    return _list_reasons(session, round_id, ExcludedNeed, scope, reason, tier, region_code, after, limit)


def _list_reasons(
    session: Session,
    round_id: uuid.UUID,
    table: type[UnmetNeed] | type[ExcludedNeed],
    scope: tuple[str, ...],
    reason: str | None,
    tier: int | None,
    region_code: str | None,
    after: str | None,
    limit: int,
) -> Page:
    round_in_scope(session, round_id, scope)
    limit = min(limit, MOST)
    unmet = table is UnmetNeed
    query = (
        sa.select(
            Need.id, Need.number, Household.number, table.region_code, Region.full_name, Need.category_code, table.tier,
            UnmetNeed.missing if unmet else sa.null(), Need.quantity, table.reason,
            UnmetNeed.detail if unmet else sa.null(),
        )
        .join(Need, Need.id == table.need_id)
        .join(Household, Household.id == Need.household_id)
        .join(Region, Region.code == table.region_code)
        .where(table.round_id == round_id)
        .order_by(table.tier, Need.number)
    )  # fmt: skip
    if reason:
        query = query.where(table.reason == reason)
    if tier:
        query = query.where(table.tier == tier)
    if region_code:
        query = query.where(within(table.region_code, (region_code,)))
    if after is not None:
        query = query.where(sa.tuple_(table.tier, Need.number) > sa.tuple_(*_pair(after)))
    rows = [UnmetRow(*row[:-1], detail=row[-1] or {}) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.tier}.{row.need_number}")


def events_of(session: Session, round_id: uuid.UUID, *, scope: tuple[str, ...]) -> list[EventRow]:
    """The round's story, oldest first. Raises NotFound."""
    round_in_scope(session, round_id, scope)
    query = (
        sa.select(RoundEvent, User.display_name)
        .outerjoin(User, User.id == RoundEvent.actor_id)
        .where(RoundEvent.round_id == round_id)
        .order_by(RoundEvent.id)
    )
    return [EventRow(*row) for row in session.execute(query)]


def rounds_of_need(session: Session, need_id: uuid.UUID) -> list[NeedInRound]:
    """What each round since the freeze meant for one need, newest first. The caller has checked that the need may be seen."""
    given = sa.select(
        Allocation.round_id,
        sa.func.sum(Allocation.quantity).label("quantity"),
    ).where(Allocation.need_id == need_id).group_by(Allocation.round_id).subquery()  # fmt: skip
    unmet, excluded = aliased(UnmetNeed), aliased(ExcludedNeed)
    query = (
        sa.select(
            MatchRound.id, MatchRound.number, MatchRound.status,
            sa.func.coalesce(MatchRound.proposed_at, MatchRound.frozen_at),
            sa.func.coalesce(given.c.quantity, 0), sa.func.coalesce(unmet.reason, excluded.reason), unmet.detail,
        )
        .outerjoin(given, given.c.round_id == MatchRound.id)
        .outerjoin(unmet, sa.and_(unmet.round_id == MatchRound.id, unmet.need_id == need_id))
        .outerjoin(excluded, sa.and_(excluded.round_id == MatchRound.id, excluded.need_id == need_id))
        .where(sa.or_(given.c.quantity > 0, unmet.need_id == need_id, excluded.need_id == need_id))
        .order_by(MatchRound.number.desc())
    )  # fmt: skip
    return [NeedInRound(*row[:-1], detail=row[-1] or {}) for row in session.execute(query)]


def held_by_rounds(session: Session) -> Held:
    """What earlier rounds promised and nobody gave back: needs per offering (promised or delivered), households per donor (promised)."""
    needs = session.execute(
        sa.select(Allocation.offering_id, sa.func.count(sa.distinct(Allocation.need_id)))
        .where(Allocation.status.in_(("reserved", "delivered")))
        .group_by(Allocation.offering_id)
    )
    households = session.execute(
        sa.select(Offering.donor_id, sa.func.count(sa.distinct(Allocation.household_id)))
        .join(Offering, Offering.id == Allocation.offering_id)
        .where(Allocation.status == "reserved")
        .group_by(Offering.donor_id)
    )
    pairs = session.execute(
        sa.select(Allocation.need_id, Allocation.offering_id).where(Allocation.status == "reserved")
    )
    return Held(
        {row[0]: row[1] for row in needs},
        {row[0]: row[1] for row in households},
        frozenset((row[0], row[1]) for row in pairs),
    )


def _relatives(session: Session, *conditions: sa.ColumnElement[bool]) -> tuple[Relative, ...]:
    query = (
        sa.select(MatchRound.id, MatchRound.number, MatchRound.status, MatchRound.frozen_at)
        .where(*conditions)
        .order_by(MatchRound.number)
    )
    return tuple(Relative(*row) for row in session.execute(query))


def _bad_key(after: str) -> InvalidInput:
    return InvalidInput(
        "%(after)s is no place in this list; start again from the first page", field="after", after=after[:40]
    )


def _number(after: str) -> int:
    if not (after.isascii() and after.isdigit() and len(after) < 19):
        raise _bad_key(after)
    return int(after)


def _pair(after: str) -> tuple[int, int]:
    first, _, second = after.partition(".")
    return _number(first), _number(second)


def _region_key(after: str) -> tuple[str, uuid.UUID]:
    region, _, key = after.partition(".")
    try:
        return region, uuid.UUID(key)
    except ValueError:
        raise _bad_key(after) from None
