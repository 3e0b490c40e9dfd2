"""What the staff's day pages show of demand: open needs by tier and place, households that no round sees.

Every function takes `scope`, the region codes in whose subtrees the reader holds the right, and returns frozen rows. Each is one
statement over an index on the region code, so that a county with 6,000 needs is answered within 50 ms.
"""

import uuid
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from households.models import Household
from households.needs.models import Need
from kernel.database import within
from kernel.regions.models import Region


@dataclass(frozen=True)
class TierLine:
    """Open needs of one tier, of how many households, how many past their day, and since when the longest waits."""

    tier: int
    needs: int
    households: int
    overdue: int
    oldest: datetime | None


def open_needs_by_tier(session: Session, *, scope: tuple[str, ...], today: date) -> list[TierLine]:
    """The three tiers, most urgent first; a tier without open needs is there with zeros."""
    rows = session.execute(
        sa.select(
            Need.tier,
            sa.func.count(),
            sa.func.count(Need.household_id.distinct()),
            sa.func.count().filter(Need.due_on < today),
            sa.func.min(Need.posted_at),
        )
        .where(within(Need.region_code, scope), Need.status == "open")
        .group_by(Need.tier)
    )
    found = {row[0]: TierLine(*row) for row in rows}
    return [found.get(tier, TierLine(tier, 0, 0, 0, None)) for tier in (1, 2, 3)]


@dataclass(frozen=True)
class AreaLine:
    """One township (or village): open needs, and the share of all that was asked for there that is promised or delivered."""

    code: str
    name: str
    lat: float | None
    lon: float | None
    open_needs: int
    share: float | None


def needs_by_area(session: Session, *, scope: tuple[str, ...]) -> list[AreaLine]:
    """Townships of a county's scope, villages of a township's, those with most open needs first.

    `share` is the mean over open and met needs of (reserved + delivered) / quantity, each need counting once.
    """
    depth = 12 if scope and min(map(len, scope)) >= 9 else 9
    area = sa.func.left(Need.region_code, depth)
    counted = (
        sa.select(
            area.label("code"),
            sa.func.count().filter(Need.status == "open").label("open_needs"),
            sa.func.avg(sa.cast(Need.reserved + Need.delivered, sa.Float) / Need.quantity).label("share"),
        )
        .where(within(Need.region_code, scope), Need.status.in_(("open", "met")))
        .group_by(area)
        .subquery()
    )
    rows = session.execute(
        sa.select(Region.code, Region.name, Region.lat, Region.lon, counted.c.open_needs, counted.c.share)
        .join(counted, counted.c.code == Region.code)
        .order_by(counted.c.open_needs.desc(), Region.code)
    )
    return [AreaLine(*row) for row in rows]


@dataclass(frozen=True)
class HouseholdLine:
    """A household in a list of the staff."""

    id: uuid.UUID
    number: int
    head_name: str
    region_name: str
    open_needs: int


def households_without_consent(
    session: Session, *, scope: tuple[str, ...], limit: int = 6
) -> tuple[int, list[HouseholdLine]]:
    """How many active households with open needs have not consented, so that no round sees them; and those with most needs."""
    conditions = (
        within(Household.region_code, scope),
        Household.status == "active",
        Household.consented_at.is_(None),
        Need.status == "open",
    )
    lines = (
        sa.select(Household.id, Household.number, Household.head_name, Region.name, sa.func.count().label("open_needs"))
        .join(Need, Need.household_id == Household.id)
        .join(Region, Region.code == Household.region_code)
        .where(*conditions)
        .group_by(Household.id, Region.name)
        .order_by(sa.desc("open_needs"), Household.number)
    )
    total = session.scalar(sa.select(sa.func.count()).select_from(lines.subquery())) or 0
    return total, [HouseholdLine(*row) for row in session.execute(lines.limit(limit))]
