"""Reading deliveries: what waits for confirmation in one's regions, and what became of it."""

import uuid
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.models import Donor
from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from households.queries import matches_head
from kernel.accounts.rules import covers
from kernel.database import within
from kernel.errors import InvalidInput, NotFound
from kernel.paging import MOST, Page, page_of
from kernel.regions.models import Region
from matching.rounds.models import Allocation, MatchRound

STATUSES = ("reserved", "delivered", "declined", "voided")


@dataclass(frozen=True)
class DeliveryRow:
    """One delivery with the names a list shows. `head_name` is personal: show it where household.read holds, masked elsewhere."""

    allocation: Allocation
    round_number: int
    committed_at: datetime | None
    need_id: uuid.UUID
    need_number: int
    category_code: str
    tier: int
    household_id: uuid.UUID
    household_number: int
    head_name: str
    region_name: str
    offering_number: int
    offering_title: str
    donor_name: str


def list_deliveries(
    session: Session,
    *,
    scope: tuple[str, ...],
    text: str = "",
    status: str | None = "reserved",
    region_code: str | None = None,
    round_id: uuid.UUID | None = None,
    donor_ids: tuple[uuid.UUID, ...] | None = None,
    household_ids: tuple[uuid.UUID, ...] | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """DeliveryRows by region, then by id; `after` is ``region.id``. Default: those that wait for confirmation.

    `text` is a part of the head's name, pinyin or initials, or the number of the household or need. Raises InvalidInput.
    """
    limit = min(limit, MOST)
    statuses = STATUSES if not status else (status,)
    query = (
        _rows()
        .where(within(Allocation.region_code, scope), Allocation.status.in_(set(statuses) & set(STATUSES)))
        .order_by(Allocation.region_code, Allocation.id)
    )
    if text.strip():
        query = query.where(matches_head(text, Household.number, Need.number))
    if region_code:
        query = query.where(within(Allocation.region_code, (region_code,)))
    if round_id is not None:
        query = query.where(Allocation.round_id == round_id)
    if donor_ids is not None:
        query = query.where(Offering.donor_id.in_(donor_ids))
    if household_ids is not None:
        query = query.where(Allocation.household_id.in_(household_ids))
    if after is not None:
        query = query.where(sa.tuple_(Allocation.region_code, Allocation.id) > sa.tuple_(*_key(after)))
    rows = [DeliveryRow(*row) for row in session.execute(query.limit(limit + 1))]
    return page_of(rows, limit=limit, key=lambda row: f"{row.allocation.region_code}.{row.allocation.id}")


def get_delivery(session: Session, allocation_id: uuid.UUID, *, scope: tuple[str, ...]) -> DeliveryRow:
    """One delivery. Raises NotFound, also outside `scope` and for an allocation that was never committed."""
    row = session.execute(_rows().where(Allocation.id == allocation_id, Allocation.status.in_(STATUSES))).first()
    if row is None or not covers(scope, row[0].region_code):
        raise NotFound("There is no such delivery, or it lies outside your regions")
    return DeliveryRow(*row)


def count_awaiting(session: Session, *, scope: tuple[str, ...]) -> int:
    """How many deliveries wait for confirmation."""
    return (
        session.scalar(
            sa.select(sa.func.count()).where(Allocation.status == "reserved", within(Allocation.region_code, scope))
        )
        or 0
    )


def _rows() -> sa.Select:
    return (
        sa.select(
            Allocation, MatchRound.number, MatchRound.committed_at, Need.id, Need.number, Need.category_code, Need.tier,
            Household.id, Household.number, Household.head_name, Region.full_name, Offering.number, Offering.title, Donor.name,
        )
        .join(MatchRound, MatchRound.id == Allocation.round_id)
        .join(Need, Need.id == Allocation.need_id)
        .join(Household, Household.id == Allocation.household_id)
        .join(Region, Region.code == Allocation.region_code)
        .join(Offering, Offering.id == Allocation.offering_id)
        .join(Donor, Donor.id == Offering.donor_id)
    )  # fmt: skip


def _key(after: str) -> tuple[str, uuid.UUID]:
    region, _, key = after.partition(".")
    try:
        return region, uuid.UUID(key)
    except ValueError:
        raise InvalidInput(
            "%(after)s is no place in this list; start again from the first page", field="after", after=after[:40]
        ) from None
