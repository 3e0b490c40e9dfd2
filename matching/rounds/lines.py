"""Reading the lines of a round: who gets what from whom, who stays without and why. Within the reader's regions.

Household heads are never named here: a line shows the household's number, the need's number and the region.
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
from donors.rules import masked_name
from households.models import Household
from households.needs.models import Need
from kernel.database import within
from kernel.paging import MOST, Page, page_of
from kernel.regions.models import Region
from matching.rounds.models import Allocation, AllocationCharge, ExcludedNeed, MatchRound, UnmetNeed
from matching.rounds.queries import bad_place, number_of
from matching.rounds.steps import round_in_scope


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
class NeedInRound:
    """What a round meant for one need: units given, or the reason why not."""

    round_id: uuid.UUID
    round_number: int
    round_status: str
    at: datetime | None
    quantity: int
    reason: str | None
    detail: dict[str, Any]


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
    """AllocationRows by region, then by id, volunteers by their surname; `after` is ``region.id``. Raises NotFound, InvalidInput for a key that is none."""
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
    found = session.execute(query.add_columns(Donor.kind).limit(limit + 1))
    rows = [AllocationRow(*row, masked_name(kind, name)) for *row, name, kind in found]
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


def _pair(after: str) -> tuple[int, int]:
    first, _, second = after.partition(".")
    return number_of(first), number_of(second)


def _region_key(after: str) -> tuple[str, uuid.UUID]:
    region, _, key = after.partition(".")
    try:
        return region, uuid.UUID(key)
    except ValueError:
        raise bad_place(after) from None
