"""What donors, volunteers and households see on their day pages: their own things only, found by the ids they act for."""

import math
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from donors.models import Donor
from donors.offerings.models import Offering
from households.models import Household
from households.needs.models import Need
from kernel.catalogue.models import Category
from kernel.regions.models import Region
from matching.rounds.models import Allocation, MatchRound
from projects.models import Project
from projects.volunteering.models import Shift, SignUp

EARTH_M = 6_371_008.8
SHIFTS_LOOKED_AT = 300


@dataclass(frozen=True)
class OwnOffering:
    """An offering of mine and what became of it; `households` counts those it was promised or delivered to, never names."""

    id: uuid.UUID
    number: int
    title: str
    category: Category
    status: str
    quantity: int
    reserved: int
    delivered: int
    ends_on: date | None
    households: int


def offerings_of(session: Session, donor_ids: Sequence[uuid.UUID], *, limit: int = 20) -> list[OwnOffering]:
    """The newest offerings of these donors."""
    households = (
        sa.select(sa.func.count(Allocation.household_id.distinct()))
        .where(Allocation.offering_id == Offering.id, Allocation.status.in_(("reserved", "delivered")))
        .correlate(Offering)
        .scalar_subquery()
    )
    rows = session.execute(
        sa.select(
            Offering.id,
            Offering.number,
            Offering.title,
            Category,
            Offering.status,
            Offering.quantity,
            Offering.reserved,
            Offering.delivered,
            Offering.ends_on,
            households,
        )
        .join(Category, Category.code == Offering.category_code)
        .where(Offering.donor_id.in_(donor_ids))
        .order_by(Offering.number.desc())
        .limit(limit)
    )
    return [OwnOffering(*row) for row in rows]


@dataclass(frozen=True)
class OwnTask:
    """Something a volunteer (or donor) promised through a round: what, how much, in which place. No names of households."""

    id: uuid.UUID
    category: Category
    quantity: int
    place: str
    distance_m: int
    status: str
    promised_at: datetime | None


def tasks_of(session: Session, donor_ids: Sequence[uuid.UUID], *, limit: int = 10) -> list[OwnTask]:
    """What committed rounds gave these donors to do, what is still to be delivered first."""
    rows = session.execute(
        sa.select(
            Allocation.id,
            Category,
            Allocation.quantity,
            Region.name,
            Allocation.distance_m,
            Allocation.status,
            MatchRound.committed_at,
        )
        .join(Offering, Offering.id == Allocation.offering_id)
        .join(Category, Category.code == Offering.category_code)
        .join(Region, Region.code == Allocation.region_code)
        .join(MatchRound, MatchRound.id == Allocation.round_id)
        .where(Offering.donor_id.in_(donor_ids), Allocation.status.in_(("reserved", "delivered")))
        .order_by(sa.case((Allocation.status == "reserved", 0), else_=1), MatchRound.committed_at.desc(), Allocation.id)
        .limit(limit)
    )
    return [OwnTask(*row) for row in rows]


@dataclass(frozen=True)
class ShiftLine:
    """A shift with free places; `distance_m` is None where either point is unknown."""

    id: uuid.UUID
    title: str
    project_name: str
    place: str
    starts_at: datetime
    ends_at: datetime
    free: int
    distance_m: int | None


def shifts_near(session: Session, donor_ids: Sequence[uuid.UUID], *, now: datetime, limit: int = 6) -> list[ShiftLine]:
    """Open shifts of listed projects to come that still have places and that these volunteers have not taken, nearest first.

    A shift or volunteer without a point stands where its region does; the distance is the great circle, in metres.
    """
    home = session.execute(
        sa.select(sa.func.coalesce(Donor.lat, Region.lat), sa.func.coalesce(Donor.lon, Region.lon))
        .join(Region, Region.code == Donor.region_code)
        .where(Donor.id.in_(donor_ids))
        .limit(1)
    ).first()
    mine = sa.select(SignUp.shift_id).where(SignUp.volunteer_id.in_(donor_ids), SignUp.status == "signed_up")
    rows = session.execute(
        sa.select(
            Shift.id,
            Shift.title,
            Project.name,
            Shift.place,
            Shift.starts_at,
            Shift.ends_at,
            Shift.capacity - Shift.taken,
            sa.func.coalesce(Shift.lat, Region.lat),
            sa.func.coalesce(Shift.lon, Region.lon),
        )
        .join(Project, Project.id == Shift.project_id)
        .join(Region, Region.code == Shift.region_code)
        .where(
            Shift.status == "open",
            Shift.starts_at > now,
            Shift.taken < Shift.capacity,
            Project.status == "listed",
            Shift.id.not_in(mine),
        )
        .order_by(Shift.starts_at)
        .limit(SHIFTS_LOOKED_AT)
    )
    lines = [ShiftLine(*row[:7], _metres(home, (row[7], row[8]))) for row in rows]
    lines.sort(key=lambda line: (line.distance_m is None, line.distance_m or 0, line.starts_at))
    return lines[:limit]


def _metres(one: Sequence[float | None] | sa.Row | None, two: tuple[float | None, float | None]) -> int | None:
    """Great-circle distance in whole metres; None where a point is missing."""
    if one is None or one[0] is None or one[1] is None or two[0] is None or two[1] is None:
        return None
    lat1, lat2 = math.radians(one[0]), math.radians(two[0])
    h = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin(math.radians(two[1] - one[1]) / 2) ** 2
    )
    return round(2 * EARTH_M * math.asin(math.sqrt(h)))


@dataclass(frozen=True)
class OwnShift:
    """A shift I signed up for."""

    id: uuid.UUID
    title: str
    place: str
    starts_at: datetime
    ends_at: datetime


def own_shifts(session: Session, donor_ids: Sequence[uuid.UUID], *, now: datetime, limit: int = 6) -> list[OwnShift]:
    """My shifts to come, the next first."""
    rows = session.execute(
        sa.select(Shift.id, Shift.title, Shift.place, Shift.starts_at, Shift.ends_at)
        .join(SignUp, SignUp.shift_id == Shift.id)
        .where(
            SignUp.volunteer_id.in_(donor_ids),
            SignUp.status == "signed_up",
            Shift.ends_at > now,
            Shift.status == "open",
        )
        .order_by(Shift.starts_at)
        .limit(limit)
    )
    return [OwnShift(*row) for row in rows]


@dataclass(frozen=True)
class Hours:
    """Hours of shifts signed up for: over, and still to come; and hours promised to households by rounds."""

    over: float
    to_come: float
    promised: int
    delivered: int


def hours_of(session: Session, donor_ids: Sequence[uuid.UUID], *, now: datetime) -> Hours:
    """Sums of shift lengths in hours, and of the units of kind ``hours`` that rounds gave to these volunteers."""
    length = sa.func.extract("epoch", Shift.ends_at - Shift.starts_at) / 3600
    over, to_come = session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(length).filter(Shift.ends_at <= now), 0),
            sa.func.coalesce(sa.func.sum(length).filter(Shift.ends_at > now), 0),
        )
        .join(SignUp, SignUp.shift_id == Shift.id)
        .where(SignUp.volunteer_id.in_(donor_ids), SignUp.status == "signed_up", Shift.status == "open")
    ).one()
    promised, delivered = session.execute(
        sa.select(
            sa.func.coalesce(sa.func.sum(Offering.reserved), 0), sa.func.coalesce(sa.func.sum(Offering.delivered), 0)
        )
        .join(Category, Category.code == Offering.category_code)
        .where(Offering.donor_id.in_(donor_ids), Category.kind == "hours")
    ).one()
    return Hours(float(over), float(to_come), int(promised), int(delivered))


@dataclass(frozen=True)
class OwnNeed:
    """A need of my household: asked for, promised, arrived."""

    id: uuid.UUID
    number: int
    category: Category
    quantity: int
    reserved: int
    delivered: int
    tier: int
    status: str
    rounds_waited: int
    posted_at: datetime


def needs_of(session: Session, household_ids: Sequence[uuid.UUID], *, limit: int = 30) -> list[OwnNeed]:
    """The needs of these households, open ones first, newest first."""
    rows = session.execute(
        sa.select(
            Need.id,
            Need.number,
            Category,
            Need.quantity,
            Need.reserved,
            Need.delivered,
            Need.tier,
            Need.status,
            Need.rounds_waited,
            Need.posted_at,
        )
        .join(Category, Category.code == Need.category_code)
        .where(Need.household_id.in_(household_ids))
        .order_by(sa.case((Need.status == "open", 0), else_=1), Need.number.desc())
        .limit(limit)
    )
    return [OwnNeed(*row) for row in rows]


@dataclass(frozen=True)
class Received:
    """Help promised to or arrived at a household. The helper is named only where it consented to that."""

    id: uuid.UUID
    category: Category
    quantity: int
    status: str
    helper: str | None
    promised_at: datetime | None
    confirmed_at: datetime | None


def help_for(session: Session, household_ids: Sequence[uuid.UUID], *, limit: int = 30) -> list[Received]:
    """What was promised (first) and what arrived, newest first."""
    rows = session.execute(
        sa.select(
            Allocation.id,
            Category,
            Allocation.quantity,
            Allocation.status,
            sa.case((Donor.consent_public, Donor.name)),
            MatchRound.committed_at,
            Allocation.confirmed_at,
        )
        .join(Offering, Offering.id == Allocation.offering_id)
        .join(Category, Category.code == Offering.category_code)
        .join(Donor, Donor.id == Offering.donor_id)
        .join(MatchRound, MatchRound.id == Allocation.round_id)
        .where(Allocation.household_id.in_(household_ids), Allocation.status.in_(("reserved", "delivered")))
        .order_by(sa.case((Allocation.status == "reserved", 0), else_=1), MatchRound.committed_at.desc(), Allocation.id)
        .limit(limit)
    )
    return [Received(*row) for row in rows]


@dataclass(frozen=True)
class OwnHousehold:
    """My household's number and whether its needs may enter rounds."""

    id: uuid.UUID
    number: int
    region_name: str
    consented_at: datetime | None
    opted_out: bool


def households_of(session: Session, household_ids: Sequence[uuid.UUID]) -> list[OwnHousehold]:
    """The households of the reader's account."""
    rows = session.execute(
        sa.select(Household.id, Household.number, Region.full_name, Household.consented_at, Household.opted_out)
        .join(Region, Region.code == Household.region_code)
        .where(Household.id.in_(household_ids))
        .order_by(Household.number)
    )
    return [OwnHousehold(*row) for row in rows]
