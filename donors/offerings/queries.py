"""Reading offerings and the journal of their stock."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.models import Donor
from donors.offerings.models import Offering, StockMovement
from kernel.database import escape_like, within
from kernel.errors import NotFound
from kernel.paging import MOST, Page, page_of


@dataclass(frozen=True)
class OfferingRow:
    """An offering with its donor, as lists show them. `available` in whole units."""

    offering: Offering
    donor: Donor

    @property
    def available(self) -> int:
        return available_of(self.offering)


def available_of(offering: Offering) -> int:
    """Units neither promised nor gone."""
    return offering.quantity - offering.reserved - offering.delivered


def list_offerings(
    session: Session,
    *,
    scope: tuple[str, ...],
    search: str = "",
    category_code: str | None = None,
    status: str | None = None,
    donor_id: uuid.UUID | None = None,
    donor_kind: str | None = None,
    region_code: str | None = None,
    available_on: date | None = None,
    only_available: bool = False,
    donor_ids: Iterable[uuid.UUID] | None = None,
    after: int | None = None,
    limit: int = 50,
) -> Page:
    """OfferingRows within `scope`, newest first; `after` is the number of the last one seen.

    `search` finds by the offering's title or number or by the donor; `only_available` drops what has no unit left;
    `donor_ids` keeps to what these donors give, wherever it lies (an organisation's own offerings).
    """
    query = sa.select(Offering, Donor).join(Donor, Donor.id == Offering.donor_id)
    if donor_ids is not None:
        query = query.where(sa.or_(Offering.donor_id.in_(list(donor_ids)), within(Offering.region_code, scope)))
    else:
        query = query.where(within(Offering.region_code, scope))
    if search.strip():
        query = query.where(_matches(search.strip()))
    if category_code:
        query = query.where(Offering.category_code == category_code)
    if status:
        query = query.where(Offering.status == status)
    if donor_id:
        query = query.where(Offering.donor_id == donor_id)
    if donor_kind:
        query = query.where(Donor.kind == donor_kind)
    if region_code:
        query = query.where(within(Offering.region_code, (region_code,)))
    if available_on is not None:
        query = query.where(
            sa.or_(Offering.starts_on.is_(None), Offering.starts_on <= available_on),
            sa.or_(Offering.ends_on.is_(None), Offering.ends_on >= available_on),
        )
    if only_available:
        query = query.where(Offering.reserved + Offering.delivered < Offering.quantity)
    if after is not None:
        query = query.where(Offering.number < after)
    limit = min(limit, MOST)
    found = session.execute(query.order_by(Offering.number.desc()).limit(limit + 1)).all()
    rows = [OfferingRow(offering, donor) for offering, donor in found]
    return page_of(rows, limit=limit, key=lambda row: row.offering.number)


def get_offering(
    session: Session, offering_id: uuid.UUID, *, scope: tuple[str, ...], own_donor_ids: Iterable[uuid.UUID] = ()
) -> Offering:
    """The offering, where it lies within `scope` or its donor is one of the asker's own. Raises NotFound."""
    offering = session.get(Offering, offering_id)
    if offering is None or not (
        offering.donor_id in set(own_donor_ids) or any(offering.region_code.startswith(code) for code in scope)
    ):
        raise NotFound("There is no such offering, or it lies outside your regions", field="offering_id")
    return offering


def movements_of(session: Session, offering_id: uuid.UUID, *, after: int | None = None, limit: int = 50) -> Page:
    """The journal of one offering's stock, newest first; `after` is the id of the last movement seen."""
    query = sa.select(StockMovement).where(StockMovement.offering_id == offering_id)
    if after is not None:
        query = query.where(StockMovement.id < after)
    limit = min(limit, MOST)
    rows = session.scalars(query.order_by(StockMovement.id.desc()).limit(limit + 1)).all()
    return page_of(rows, limit=limit, key=lambda movement: movement.id)


@dataclass(frozen=True)
class StockDifference:
    """An offering whose figures do not follow from its journal: units kept, and units by the journal."""

    offering_id: uuid.UUID
    number: int
    reserved: int
    delivered: int
    reserved_by_journal: int
    delivered_by_journal: int


def differences_of_stock(session: Session) -> list[StockDifference]:
    """Recomputes what is promised and gone of every offering from the journal; a sound stock gives an empty list (promise 8)."""
    moved = (
        sa.select(
            StockMovement.offering_id,
            sa.func.sum(
                sa.case((StockMovement.kind == "reserve", StockMovement.quantity), else_=-StockMovement.quantity)
            ).label("reserved"),
            sa.func.sum(sa.case((StockMovement.kind == "deliver", StockMovement.quantity), else_=0)).label("delivered"),
        )
        .group_by(StockMovement.offering_id)
        .subquery()
    )
    reserved, delivered = sa.func.coalesce(moved.c.reserved, 0), sa.func.coalesce(moved.c.delivered, 0)
    rows = session.execute(
        sa.select(Offering.id, Offering.number, Offering.reserved, Offering.delivered, reserved, delivered)
        .outerjoin(moved, moved.c.offering_id == Offering.id)
        .where(sa.or_(Offering.reserved != reserved, Offering.delivered != delivered))
        .order_by(Offering.number)
    )
    return [StockDifference(*(row[:2]), *(int(value) for value in row[2:])) for row in rows]


def _matches(wanted: str) -> sa.ColumnElement[bool]:
    pattern, low = escape_like(wanted), escape_like(wanted.lower())
    found = [
        Offering.title.ilike(f"%{pattern}%"),
        Donor.name.ilike(f"%{pattern}%"),
        Donor.pinyin.like(f"{low}%"),
        Donor.initials.like(f"{low}%"),
        Donor.uscc.like(f"{escape_like(wanted.upper())}%"),
    ]
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 18:
        found.append(Offering.number == int(wanted))
    return sa.or_(*found)
